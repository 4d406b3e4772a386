"""Template `product_shots`: photos of products on one background, ready for a shop."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field

from stability_mcp.api.fields import Size
from stability_mcp.api.tool_arguments import as_list
from stability_mcp.errors import ArgumentsError
from stability_mcp.imaging.transform.paint import parse_paint
from stability_mcp.imaging.transform.size_limits import TransformError
from stability_mcp.local_tools.export_arguments import MAX_MEDIA
from stability_mcp.text import bytes_text, listed, quoted
from stability_mcp.workflows.picture_parts import (
    PictureName,
    Words,
    check_fits,
    mistake,
    picture_input,
    transform,
)
from stability_mcp.workflows.plan import MAX_ELEMENTS, Plan, PlanInput, Step
from stability_mcp.workflows.quality import choose
from stability_mcp.workflows.template import TemplateArguments, TemplateMedia, template
from stability_mcp.workflows.template_parts import labelled

MARGIN = 0.08
"""Space around a product by its shorter side. *Chosen*: shops ask for a product that fills 85 % of
the picture."""
LONGEST = 3_072
"""Longest side of a photo that is made square: the API takes 9.4 megapixels, 3072x3072."""
_SHRINK = {"op": "resize", "longest": LONGEST}
_CLEAR = "transparent"
_CUT = choose("cut_out", "standard")
_SCENE = choose("replace_background", "standard")


class ProductShots(TemplateArguments):
    """Turn photos of products into shop pictures: cut out on one colour, or put into a scene.

    They become square, get below a number of bytes and go into a ZIP. A bad photo doesn't stop the
    others.
    """

    photos: Annotated[
        list[PictureName], BeforeValidator(as_list), Field(min_length=1, max_length=MAX_ELEMENTS)
    ]
    """Files, labels, a folder or a wildcard such as photos/*.jpg."""
    background: Annotated[str, Field(min_length=1)] | None = None
    """A colour, or transparent. Default: white."""
    scene: Words | None = None
    """Instead: the new background in English, with matching light (8 credits a photo, not 5)."""
    scene_picture: PictureName | None = None
    """Instead, or as well: a picture of the new background."""
    light: Literal["left", "right", "above", "below"] | None = None
    """Where the light comes from; only in a scene."""
    square: bool = True
    """The space around a product is filled, nothing is cropped."""
    format: Literal["jpeg", "png", "webp"] | None = None
    """Default: jpeg; for a transparent background webp."""
    max_bytes: Annotated[int, Field(ge=10_000, le=50_000_000)] = 500_000
    """Of each file."""
    to: Annotated[str, Field(min_length=1)] = "product-shots.zip"
    """ZIP or folder in the workspace."""


@template(
    title="Product shots",
    example={"photos": ["mug", "lamp", "chair"], "scene": "oak table, bright kitchen, blurred"},
)
async def product_shots(arguments: ProductShots, media: TemplateMedia) -> Plan:
    """Return a plan with a step for each thing that is done to all photos."""
    _check_together(arguments)
    photos, notes = await _photos(arguments, media)
    inputs = _photo_inputs(photos, arguments)
    if arguments.scene is not None:
        inputs["scene"] = PlanInput(default=arguments.scene, description="The new background.")
    if arguments.scene_picture is not None:
        inputs["scene_picture"] = picture_input(arguments.scene_picture)
    is_scene = _is_scene(arguments)
    steps = list(_in_scene(arguments, [*inputs]) if is_scene else _on_colour(arguments))
    shots = steps[-1].id
    steps.append(_export(arguments, shots))
    return Plan(
        title=f"Product shots of {len(photos)} photo{'s' * (len(photos) != 1)}",
        inputs=inputs,
        steps=steps,
        outputs={"shots": f"${shots}", "files": "$files"},
        notes=[*notes, f"Each file has at most {bytes_text(arguments.max_bytes)}"],
    )


def _is_scene(arguments: ProductShots) -> bool:
    return arguments.scene is not None or arguments.scene_picture is not None


def _check_together(arguments: ProductShots) -> None:
    """Raise ArgumentsError for arguments of which one has no effect, or no file could be made."""
    if _is_scene(arguments) and arguments.background is not None:
        raise mistake("background", "A scene replaces it.", "Leave out background or the scene.")
    if arguments.light is not None and not _is_scene(arguments):
        raise mistake(
            "light",
            "It only works in a scene: a plain background is made without the API.",
            'Pass scene, such as "white studio background".',
        )
    try:
        parse_paint(arguments.background or "white")
    except TransformError as error:
        cure = error.hint or f"For a place such as {quoted(arguments.background)} pass scene."
        raise mistake("background", f"{error}.", cure) from error
    if arguments.background == _CLEAR and arguments.format == "jpeg":
        raise mistake("format", "JPEG has no transparency.", "Use webp or png.")


async def _photos(
    arguments: ProductShots, media: TemplateMedia
) -> tuple[dict[str, Size], list[str]]:
    """Return the sizes of the pictures by name, and a note about other files.

    Raises:
        ArgumentsError: there are none, too many, or one that would have to be cropped.
        StudioError: one of them can't be used.
    """
    pictures: dict[str, Size] = {}
    others = []
    for each in await media.files(arguments.photos):
        shape = await media.shape(each)
        if shape.kind != "image" or shape.size is None:
            others.append(each)
            continue
        pictures[each] = shape.size
        if not (_is_scene(arguments) and arguments.square):
            _check_shape(each, shape.size, arguments)
    if not pictures:
        raise mistake("photos", f"There is no picture in {listed(map(quoted, others))}.", _CURE)
    if len(pictures) > MAX_MEDIA:
        raise mistake(
            "photos",
            f"There are {len(pictures)}; one archive takes up to {MAX_MEDIA}.",
            "Use a wildcard, such as photos/a*.jpg, and one run for each part.",
        )
    return pictures, [f"Left out, not pictures: {listed(map(quoted, others))}"] if others else []


def _check_shape(photo: str, size: Size, arguments: ProductShots) -> None:
    """Raise ArgumentsError for a photo that the API would refuse, as it won't be made square."""
    choice, field = (_SCENE, "subject_image") if _is_scene(arguments) else (_CUT, "image")
    try:
        check_fits(choice.operation, field, size, f"photos: {quoted(photo)}")
    except ArgumentsError as error:
        if _is_scene(arguments):
            error.add_hint("Or pass square: true, which pads it.")
        raise


_CURE = "Pass the photos themselves."


def _photo_inputs(sizes: Mapping[str, Size], arguments: ProductShots) -> dict[str, PlanInput]:
    """Return the photos; those that are too large to be made square are apart."""
    apart = _is_scene(arguments) and arguments.square
    large = [name for name, size in sizes.items() if apart and max(size) > LONGEST]
    groups = {"photos": [each for each in sizes if each not in large], "large_photos": large}
    return {
        name: PlanInput(type="image", many=True, default=photos)
        for name, photos in groups.items()
        if photos
    }


def _on_colour(arguments: ProductShots) -> Iterator[Step]:
    """Yield the steps for a plain background: cut out (paid), then all on this machine."""
    colour = arguments.background or "white"
    yield _for_each(_CUT.step("cut", image="$item"), "$photos")
    shape = {"aspect": "1:1"} if arguments.square else {}
    steps: list[dict[str, Any]] = [
        {"op": "trim"},
        {"op": "pad", "margin": MARGIN, "color": colour, **shape},
    ]
    if colour != _CLEAR:
        steps.append({"op": "flatten", "color": colour})
    kind = "cut out" if colour == _CLEAR else f"on {colour}"
    framed = labelled(transform("framed", "$item", *steps), f"{{item.name}} {kind}")
    yield _for_each(framed, "$cut")


def _in_scene(arguments: ProductShots, inputs: Sequence[str]) -> Iterator[Step]:
    """Yield the steps for a scene.

    The photo is made square first: the API replaces the added space as well, so that the scene
    fills the square and nothing has to be cropped.
    """
    source: str | list[Any] = "$photos"
    if arguments.square:
        pad = {"op": "pad", "aspect": "1:1", "color": "blur"}
        squared: dict[str, tuple[str, list[dict[str, Any]]]] = {
            "photos": ("squared", [pad]),
            "large_photos": ("squared_large", [_SHRINK, pad]),
        }
        used = {name: each for name, each in squared.items() if name in inputs}
        for name, (step_id, steps) in used.items():
            yield _for_each(transform(step_id, "$item", *steps), f"${name}")
        results = [f"${step_id}" for step_id, _ in used.values()]
        source = results[0] if len(results) == 1 else results
    step = _SCENE.step(
        "placed",
        subject_image="$item",
        background_prompt=arguments.scene and "$scene",
        background_reference=arguments.scene_picture and "$scene_picture",
        light_source_direction=arguments.light,
        label="{item.name} in a scene",
    )
    yield _for_each(step, source)


def _for_each(step: Step, source: str | list[Any]) -> Step:
    return step.model_copy(update={"foreach": source})


def _export(arguments: ProductShots, shots: str) -> Step:
    is_clear = arguments.background == _CLEAR
    form = arguments.format or ("webp" if is_clear else "jpeg")
    given = {"to": arguments.to, "format": form, "max_bytes": arguments.max_bytes, "shrink": True}
    return Step(id="files", tool="media_export", arguments={"media": f"${shots}", **given})
