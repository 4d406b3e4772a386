"""Makes a mask from shapes, for the operations that change only part of a picture."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from pydantic import BeforeValidator, Field

from stability_mcp.api.described import Described
from stability_mcp.api.fields import Size
from stability_mcp.api.notation import EMPTY_IS_GIVEN
from stability_mcp.api.operations import OPERATIONS
from stability_mcp.api.tool_arguments import Reference
from stability_mcp.errors import ArgumentsError
from stability_mcp.imaging.colours import BLACK, parse_colour
from stability_mcp.imaging.mask_shapes import HALF, Kind, Mode, Shape, draw_mask
from stability_mcp.imaging.memory import estimate, run
from stability_mcp.imaging.picture import open_picture
from stability_mcp.imaging.preview import MAX_PREVIEW_SIDE, Preview, encode_preview
from stability_mcp.imaging.strip import atomic_write
from stability_mcp.imaging.transform.geometry import MAX_SLIP
from stability_mcp.local_tools.acceptance import acceptance, is_offered
from stability_mcp.local_tools.box_notation import as_shapes
from stability_mcp.local_tools.local_tool import (
    LocalResult,
    MakingArguments,
    MediaShape,
    StepFacts,
    local_tool,
)
from stability_mcp.local_tools.mask_painting import for_painting
from stability_mcp.local_tools.workbench import Made, Source, Workbench
from stability_mcp.media.items import MediaItem
from stability_mcp.text import listed, quoted

if TYPE_CHECKING:
    from PIL import Image

MAX_SHAPES = 1_000
"""More than a person paints; drawing that many strokes on 9.4 MP takes half a second."""
MAX_POINTS = 2_000
"""Points of one shape: a stroke drawn by hand for a minute."""
MIN_CORNERS = 3
MAX_TOLERANCE = 255
DEFAULT_TOLERANCE = 32
_MASK_BYTES = 6
"""Bytes per pixel for masks, in addition to decoding the picture."""
_OVERLAYS = ((255, 0, 80), (0, 230, 118))
"""Red, or green on what is red: a face, a sunset."""
_OVERLAY_ALPHA = 0.55

_NEEDS: Mapping[Kind, tuple[str, ...]] = {
    "rectangle": ("box",),
    "ellipse": ("box",),
    "polygon": ("points",),
    "stroke": ("points", "size"),
    "fill": ("points",),
    "colour": ("colour",),
    "mask": ("mask",),
    "grow": ("size",),
    "shrink": ("size",),
    "feather": ("size",),
}
"""The fields that each kind of shape needs; the others need none."""


class MaskShape(Described):
    """One entry of the list."""

    shape: Kind
    box: Annotated[list[float], Field(min_length=4, max_length=4)] | None = None
    """Left, top, right, bottom; for subject: where to look."""
    points: Annotated[list[list[float]], Field(min_length=1, max_length=MAX_POINTS)] | None = None
    """[x, y] of a polygon or stroke; start of a fill."""
    size: Annotated[float, Field(gt=0)] | None = None
    """Stroke width, or distance to grow, shrink, feather."""
    colour: str | None = None
    tolerance: Annotated[int, Field(ge=0, le=MAX_TOLERANCE)] = DEFAULT_TOLERANCE
    """Of colour and fill."""
    mask: Reference | None = None
    """As image."""
    erase: bool = False
    intersect: bool = False
    """Keep what both mark."""


class ImageMask(MakingArguments):
    """Make a mask for `edit_erase`, `edit_inpaint` or other masked edits from shapes, in order.

    White is changed. Pixels, or fractions if all are up to 1. All but the subject: everything,
    then subject with erase. To continue a mask, pass it as image. Without shapes, the user paints.
    """

    image: Reference
    shapes: Annotated[
        Annotated[list[MaskShape], Field(min_length=1, max_length=MAX_SHAPES)] | None,
        BeforeValidator(lambda value: as_shapes(value, tuple(MaskShape.model_fields))),
        Field(
            json_schema_extra={EMPTY_IS_GIVEN: True}
        ),  # without shapes, the user is asked to paint
    ] = None
    """Each marks, erases or changes the mask."""


@dataclass(frozen=True, kw_only=True)
class _Marked:
    """What was measured on a finished mask."""

    pixels: int
    share: float
    box: tuple[int, int, int, int] | None
    overlay: Preview | None


def _predict(arguments: ImageMask, files: Mapping[str, MediaShape]) -> MediaShape:
    if arguments.shapes is None:
        raise ArgumentsError(
            "A step with image_mask needs shapes: the user can't paint while a workflow runs.",
            hint="Pass shapes, or have the user paint first and pass that mask.",
        )
    return files.get("image", MediaShape(kind="image"))


@local_tool(
    title="Make a mask",
    hints={"picture": "use image", "mask": 'use a shape "mask" in shapes'},
    step=StepFacts(
        files={"image": "image", "mask": "image"},
        predict=_predict,
    ),
)
async def image_mask(workbench: Workbench, arguments: ImageMask) -> LocalResult:
    """Draw the mask, store it with its shapes, and show it over the picture."""
    given = await workbench.picture(arguments.image)
    source, earlier = await _continued(workbench, given)
    if arguments.shapes is None:
        return await for_painting(
            workbench, given, source, earlier=earlier, preview=arguments.preview
        )
    masks = await _other_masks(workbench, arguments.shapes)
    every = [*earlier, *(_stored(each, masks) for each in arguments.shapes)]
    if len(every) > MAX_SHAPES:
        raise ArgumentsError(
            f"The mask would have {len(every)} shapes; the maximum is {MAX_SHAPES}.",
            hint='Start a new mask with a shape "mask" that names this one.',
        )
    size = Size(*source.facts.size)
    models = [MaskShape.model_validate(each) for each in every]
    masks = await _other_masks(workbench, models)
    others = {
        reference: await run(partial(_read_mask, each, size), facts=each.facts)
        for reference, each in masks.items()
    }
    shapes = [_shape(number, each, size, others) for number, each in enumerate(models)]
    show = arguments.preview is None and workbench.settings.preview != "none"
    made = Made(
        tool="image_mask",
        arguments={"image": source.item.id, "shapes": every},
        parents={"image": source.item, **_mask_parents(models, masks)},
        label=arguments.label,
        suffix="-mask",
    )
    item, found = await workbench.store(
        partial(_write, source, shapes, size, show=show),
        made,
        memory=estimate(source.facts) + _MASK_BYTES * size.width * size.height,
    )
    return LocalResult(
        lines=[given.note, *_lines(found, source, item.name, workbench.settings.toolsets)],
        items=[item],
        facts={"pixels": found.pixels, "share": round(found.share, 5), "box": found.box},
        preview=found.overlay,
    )


async def _continued(
    workbench: Workbench, given: Source
) -> tuple[Source, Sequence[Mapping[str, Any]]]:
    """Return the picture to mask, and the shapes of the mask that is continued."""
    if given.item.operation != "image_mask":
        return given, ()
    arguments = given.item.arguments
    source = await workbench.picture(str(arguments["image"]))
    return source, list(arguments["shapes"])


async def _other_masks(workbench: Workbench, models: Sequence[MaskShape]) -> Mapping[str, Source]:
    """Return the masks that shapes name, by reference."""
    named = {each.mask for each in models if each.mask is not None}
    return {each: await workbench.picture(each, argument="mask") for each in sorted(named)}


def _mask_parents(
    models: Sequence[MaskShape], masks: Mapping[str, Source]
) -> Mapping[str, MediaItem]:
    """Return the masks that shapes name, by role."""
    return {
        f"shapes[{number}].mask": masks[each.mask].item
        for number, each in enumerate(models)
        if each.mask is not None
    }


def _stored(model: MaskShape, masks: Mapping[str, Source]) -> dict[str, Any]:
    """Return a shape as it is kept with the mask, with media by id: labels may move on."""
    given = model.model_dump(exclude_defaults=True)
    return given | ({"mask": masks[model.mask].item.id} if model.mask is not None else {})


def _read_mask(source: Source, size: Size) -> "Image.Image":
    from PIL import Image

    mask = open_picture(source.path, source.facts).convert("RGB").convert("L")
    return mask if mask.size == size else mask.resize(size, Image.Resampling.BILINEAR)


def _shape(number: int, model: MaskShape, size: Size, others: Mapping[str, "Image.Image"]) -> Shape:
    """Return a shape in pixels.

    Raises:
        ArgumentsError: a field is missing, or the shape is outside the picture.
    """
    where = f"shapes[{number}] ({model.shape})"
    missing = [name for name in _NEEDS.get(model.shape, ()) if getattr(model, name) is None]
    if missing:
        raise ArgumentsError(f"{where} needs {listed(missing)}.", hint="Add it and call again.")
    if model.shape == "polygon" and len(model.points or []) < MIN_CORNERS:
        raise ArgumentsError(
            f"{where}: a polygon has at least {MIN_CORNERS} points.",
            hint="Add points, or use a stroke.",
        )
    if model.erase and model.intersect:
        raise ArgumentsError(
            f"{where} has both erase and intersect.", hint="Pass only one of them."
        )
    mode: Mode = "erase" if model.erase else "intersect" if model.intersect else "add"
    _check_unit(
        where, [*(model.box or []), *(each for pair in model.points or [] for each in pair)]
    )
    box = _in_pixels(model.box or [], size)
    pairs = model.points or []
    if any(len(pair) != 2 for pair in pairs):  # noqa: PLR2004 -- x and y
        raise ArgumentsError(f"{where}: each of points must be [x, y].", hint="Correct it.")
    flat = _in_pixels([value for pair in pairs for value in pair], size)
    points = list(zip(flat[::2], flat[1::2], strict=True))
    _check_inside(where, box, points, size)
    return Shape(
        kind=model.shape,
        mode=mode,
        box=(box[0], box[1], box[2], box[3]) if box else (0, 0, 0, 0),
        points=points,
        size=_length(model.size or 0, size),
        colour=parse_colour(model.colour, seen=True) if model.colour else BLACK,
        tolerance=model.tolerance,
        other=others.get(model.mask or ""),
    )


def _in_pixels(values: Sequence[float], size: Size) -> list[float]:
    """Return coordinates, x and y in turn, in pixels; all up to 1 are fractions."""
    if not values or max(values) > 1:
        return list(values)
    return [value * size[index % 2] for index, value in enumerate(values)]


def _check_unit(where: str, values: Sequence[float]) -> None:
    """Raise an error for fractions of which one is too large: as pixels they would be a speck."""
    if values and 1 < max(values) <= MAX_SLIP and any(value % 1 for value in values):
        raise ArgumentsError(
            f"{where}: {max(values):g} isn't a fraction, which is up to 1.",
            hint="Correct it, or pass whole pixels.",
        )


def _length(value: float, size: Size) -> float:
    """Return a length in pixels; below 1 it is a fraction of the longer side."""
    return value * max(size) if value < 1 else value


def _check_inside(
    where: str, box: Sequence[float], points: Sequence[tuple[float, float]], size: Size
) -> None:
    text = f"the picture is {size.width}x{size.height}"
    if box:
        left, top, right, bottom = box
        if right <= left or bottom <= top:
            raise ArgumentsError(
                f"{where}: the box has no area; it must be left, top, right, bottom ({text}).",
                hint="Correct the box.",
            )
        if right <= 0 or bottom <= 0 or left >= size.width or top >= size.height:
            raise ArgumentsError(f"{where}: the box is outside; {text}.", hint="Correct the box.")
    outside = [x < 0 or y < 0 or x >= size.width or y >= size.height for x, y in points]
    if (points and all(outside)) or ("(fill)" in where and outside[0]):
        raise ArgumentsError(f"{where}: the points are outside; {text}.", hint="Correct points.")


def _write(
    source: Source, shapes: Sequence[Shape], size: Size, target: Path, *, show: bool
) -> _Marked:
    pictures: list[Image.Image] = []

    def picture() -> "Image.Image":
        if not pictures:
            pictures.append(open_picture(source.path, source.facts))
        return pictures[0]

    mask = draw_mask(shapes, size, picture)
    counts = mask.histogram()
    pixels = sum(counts[HALF:])
    if not pixels:
        raise ArgumentsError(
            "The mask marks nothing, so it was not stored.",
            hint=_empty_hint(shapes, picture()),
        )
    with atomic_write(target) as out:
        mask.save(out, "PNG", compress_level=4)
    overlay = _overlay(picture(), mask) if show else None
    box = mask.point([0] * HALF + [255] * HALF).getbbox()
    return _Marked(pixels=pixels, share=pixels / sum(counts), box=box, overlay=overlay)


def _empty_hint(shapes: Sequence[Shape], picture: "Image.Image") -> str:
    """Return why a mask may be empty, and what to do."""
    if shapes[-1].kind == "shrink":
        return "Use a smaller size to shrink."
    if any(each.kind == "transparent" for each in shapes) and picture.mode != "RGBA":
        return "The picture has no transparent pixels."
    if len(shapes) > 1:
        return "Check the shapes: the last ones may have erased the others."
    if shapes[0].kind == "colour":
        return "Raise tolerance, or use a fill from a point of that colour."
    return "Check the shape."


def _overlay(picture: "Image.Image", mask: "Image.Image") -> Preview:
    """Return the picture with the marked area in a strong colour."""
    from PIL import Image

    small = picture.convert("RGB")
    small.thumbnail((MAX_PREVIEW_SIDE, MAX_PREVIEW_SIDE), reducing_gap=2)
    share = mask.resize(small.size, Image.Resampling.BOX).point(
        [round(level * _OVERLAY_ALPHA) for level in range(256)]
    )
    small.paste(_overlay_colour(small, share), mask=share)
    return encode_preview(small, max_bytes=65_536, format="webp")


def _overlay_colour(picture: "Image.Image", marked: "Image.Image") -> tuple[int, int, int]:
    """Return the colour of an overlay that differs more from what is marked."""
    from PIL import ImageStat

    mean = ImageStat.Stat(picture, marked.point([0] + [255] * 255)).mean
    return max(
        _OVERLAYS, key=lambda each: sum((a - b) ** 2 for a, b in zip(each, mean, strict=True))
    )


def _percent(share: float) -> str:
    return "below 0.1%" if share < 0.001 else f"{share:.1%}"  # noqa: PLR2004 -- shown as 0.0 %


def _lines(found: _Marked, source: Source, name: str, toolsets: Sequence[str]) -> list[str]:
    left, top, right, bottom = found.box or (0, 0, 0, 0)
    refused = {
        name: why for why, names in acceptance(source.facts).refused.items() for name in names
    }
    masked = [
        operation
        for operation, row in OPERATIONS.items()
        if any(mark.mask_for for mark in row.file_fields().values())
        and is_offered(operation, toolsets)
    ]
    uses = [each for each in masked if each not in refused]
    use = (
        f"use: mask={quoted(name)} with image={quoted(source.item.name)} in {listed(uses)}"
        if uses
        else f"use: none, as no masked edit takes this picture. {refused[masked[0]]}"
    )
    pixels = f"{found.pixels:,} pixel{'s' * (found.pixels != 1)}"
    lines = [
        f"marked: {_percent(found.share)} of the picture, {pixels}",
        f"box: x {left} to {right}, y {top} to {bottom}",
        use,
    ]
    if found.share > 0.995:  # noqa: PLR2004 -- practically everything
        lines.append("note: nearly everything is marked; add invert if the rest was meant")
    return lines
