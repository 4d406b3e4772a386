"""Template `social_set`: one picture in the formats of several platforms."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Literal

from pydantic import BeforeValidator, Field

from stability_mcp.api.fields import MEGAPIXEL, Size
from stability_mcp.api.operations import OPERATIONS
from stability_mcp.api.tool_arguments import as_list
from stability_mcp.errors import FileUnusableError
from stability_mcp.imaging.export.export_presets import PRESETS, Target, find_preset
from stability_mcp.text import credits_text, listed
from stability_mcp.workflows.picture_parts import look, mistake, picture_input
from stability_mcp.workflows.placeholders import file_name, literal
from stability_mcp.workflows.plan import Plan, PlanInput, Step
from stability_mcp.workflows.predictions import sent_size
from stability_mcp.workflows.quality import choose
from stability_mcp.workflows.template import TemplateArguments, TemplateMedia, template
from stability_mcp.workflows.template_parts import (
    Folder,
    Media,
)

MIN_KEPT = 0.6
"""Share of a picture that a crop keeps at least. *Chosen*: 3:2 to 1:1 keeps 67 % and rarely cuts
off what matters; 16:9 to 1:1 and 1:1 to 9:16 keep 56 % and often do."""
ALIKE = 1.04
"""Ratio of two shapes that share one extended picture: 4 % are cropped."""
MAX_EDGE = 2_000
"""Pixels that edit_outpaint adds to an edge at most."""
MAX_PLATFORMS = 30
DEFAULT_PLATFORMS = (
    "instagram-square",
    "instagram-portrait",
    "instagram-story",
    "x-post",
    "link-preview",
)

Method = Literal["auto", "crop", "extend", "pad"]


class SocialSet(TemplateArguments):
    """Bring one picture into the exact formats of social platforms, ready for upload.

    Shapes that are near are cropped around the subject; where a crop would lose too much, the
    picture is extended with matching surroundings (4 credits for each shape).
    """

    picture: Media
    """Label, URI or path."""
    platforms: Annotated[
        list[str], BeforeValidator(as_list), Field(min_length=1, max_length=MAX_PLATFORMS)
    ] = Field(default_factory=lambda: list(DEFAULT_PLATFORMS))
    """Presets of media_export such as instagram-story, or a platform such as linkedin for all of
    its presets."""
    method: Method = "auto"
    """Where the shape differs: auto crops or extends; pad adds a blurred picture at no cost."""
    surroundings: Annotated[str, Field(min_length=1, max_length=2_000)] | None = None
    """What the extended area shows; absent: more of the same."""
    to: Folder = "social"
    """Folder for the files."""


@dataclass(frozen=True, kw_only=True)
class _Format:
    """A platform's format."""

    preset: str
    size: Size

    @property
    def aspect(self) -> float:
        """Return width by height."""
        return self.size.width / self.size.height


@dataclass(frozen=True, kw_only=True)
class _Shape:
    """Formats of nearly one shape, which share one picture."""

    formats: Sequence[_Format]

    @property
    def largest(self) -> Size:
        """Return the format with the most pixels."""
        return max((each.size for each in self.formats), key=math.prod)

    @property
    def name(self) -> str:
        """Return a name such as `1080x1920`."""
        return f"{self.largest.width}x{self.largest.height}"

    @property
    def presets(self) -> list[str]:
        """Return the presets."""
        return [each.preset for each in self.formats]


@template(
    title="Formats for social media",
    example={
        "picture": "photo",
        "platforms": ["instagram-square", "instagram-story", "tiktok", "x-header", "link-preview"],
    },
)
async def social_set(arguments: SocialSet, media: TemplateMedia) -> Plan:
    """Return a plan: an extended or padded picture for each shape that needs it, and exports."""
    size = await look(media, arguments.picture, "picture")
    formats = _formats(arguments.platforms)
    cropped = [each for each in formats if _is_cropped(each, size, arguments.method)]
    shapes = _shapes([each for each in formats if each not in cropped])
    pads = arguments.method == "pad" or not _can_extend(size)
    steps: list[Step] = []
    if cropped:
        presets = [each.preset for each in cropped]
        steps.append(_export("files", "$picture", presets, arguments.to))
    for number, shape in enumerate(shapes, 1):
        made = (
            _padded(shape, size, arguments.picture) if pads else _extended(shape, size, arguments)
        )
        made = [_numbered(step, number) for step in made]
        steps += made
        steps.append(_export(f"files-{number}", f"${made[-1].id}", shape.presets, arguments.to))
    inputs = {"picture": picture_input(arguments.picture, "The picture.")}
    if arguments.surroundings is not None and shapes and not pads:
        inputs["surroundings"] = PlanInput(
            default=arguments.surroundings, description="What the extended area shows."
        )
    return Plan(
        title=f"{file_name(arguments.picture)[:100]} in {len(formats)} formats",
        inputs=inputs,
        steps=steps,
        outputs={each.id: f"${each.id}" for each in steps if each.tool == "media_export"},
        notes=_notes(cropped, shapes, pads=pads, method=arguments.method),
    )


# Formats ------------------------------------------------------------------------------------------


def _formats(platforms: Sequence[str]) -> list[_Format]:
    """Return the format of each preset, or of all presets of a platform.

    Raises:
        ArgumentsError: a preset doesn't exist, or has no fixed size.
    """
    found: dict[str, _Format] = {}
    for number, name in enumerate(platforms):
        key = name.strip().casefold()
        every = [each for each in PRESETS if each.startswith(f"{key}-")]
        group = [each for each in every if PRESETS[each].group == "social"]
        for preset, size in (_size(each, number) for each in group or [name]):
            found[preset] = _Format(preset=preset, size=size)
    return list(found.values())


def _size(name: str, number: int) -> tuple[str, Size]:
    preset, found = find_preset(name)
    first: Target = found.targets[0]
    if len(found.targets) > 1 or first.width is None or first.height is None:
        fixed = [each for each, one in PRESETS.items() if one.group == "social"]
        fixed.append("link-preview")
        raise mistake(
            f"platforms[{number}]",
            f"{preset} isn't one picture of a fixed size.",
            f"Use media_export for it. Here: {listed(fixed, most=len(fixed))}.",
        )
    return preset, Size(first.width, first.height)


def _is_cropped(format_: _Format, size: Size, method: Method) -> bool:
    """Return whether a format is cropped from the picture; the shape may be the same."""
    aspect = size.width / size.height
    kept = min(format_.aspect / aspect, aspect / format_.aspect)
    return method == "crop" or kept >= (MIN_KEPT if method == "auto" else 1 / ALIKE)


def _shapes(formats: Sequence[_Format]) -> list[_Shape]:
    """Return the formats in groups of nearly one shape."""
    groups: list[list[_Format]] = []
    for each in sorted(formats, key=lambda one: one.aspect):
        if groups and each.aspect <= groups[-1][0].aspect * ALIKE:
            groups[-1].append(each)
        else:
            groups.append([each])
    return [_Shape(formats=group) for group in groups]


# Steps --------------------------------------------------------------------------------------------


def _export(name: str, picture: str, presets: Sequence[str], to: str) -> Step:
    return Step(
        id=name,
        tool="media_export",
        arguments={
            "media": [picture],
            "preset": list(presets),
            "fit": "cover",
            "to": f"{to.rstrip('/')}/",
        },
    )


def _padded(shape: _Shape, size: Size, picture: str) -> list[Step]:
    """Return the step that puts the picture on a blurred one of the shape."""
    goal = shape.largest
    scale = min(1.0, goal.width / size.width, goal.height / size.height)
    inner = Size(max(1, round(size.width * scale)), max(1, round(size.height * scale)))
    resize = {"op": "resize", "width": inner.width, "height": inner.height, "fit": "crop"}
    pad = {"op": "pad", "aspect": f"{goal.width}:{goal.height}", "color": "blur"}
    steps = [pad] if inner == size else [resize, pad]
    arguments = {"image": "$picture", "steps": steps, "label": _label(picture, shape)}
    return [Step(id="pad", tool="image_transform", arguments=arguments)]


def _extended(shape: _Shape, size: Size, arguments: SocialSet) -> list[Step]:
    """Return the steps that extend the picture to the shape.

    It is made smaller first if it has more pixels than the formats need: edges have a maximum.
    """
    inner, edges = extension(size, shape.largest)
    resize = {"op": "resize", "width": inner.width, "height": inner.height, "fit": "crop"}
    extend = choose("extend", "standard").step(
        "extend",
        image="$picture" if inner == size else "$scale",
        prompt="$surroundings" if arguments.surroundings is not None else None,
        label=_label(arguments.picture, shape),
        **edges,
    )
    if inner == size:
        return [extend]
    scale = Step(
        id="scale", tool="image_transform", arguments={"image": "$picture", "steps": [resize]}
    )
    return [scale, extend]


def _label(picture: str, shape: _Shape) -> str:
    return literal(f"{file_name(picture)} {shape.name}")


def _numbered(step: Step, number: int) -> Step:
    """Return a step of a shape with its number, also where it refers to the one before."""
    arguments = {
        name: f"$scale-{number}" if value == "$scale" else value
        for name, value in step.arguments.items()
    }
    return step.model_copy(update={"id": f"{step.id}-{number}", "arguments": arguments})


def _can_extend(size: Size) -> bool:
    """Return whether a picture of this shape can be extended."""
    try:
        sent_size(OPERATIONS[choose("extend", "standard").operation], "image", size)
    except FileUnusableError:
        return False
    return True


def extension(size: Size, target: Size) -> tuple[Size, Mapping[str, int]]:
    """Return the size at which a picture is extended, and the pixels to add on each edge.

    The result has the target's shape and at least its size, if the picture has the pixels, but not
    much more than a megapixel if the target is smaller.

    Args:
        size: The picture.
        target: The format, of another shape.
    """
    aspect = target.width / target.height
    wider = aspect > size.width / size.height
    # The side that the picture fills, the side that grows, and how long that is in the end.
    fixed, growing = (size.height, size.width) if wider else (size.width, size.height)
    ratio = aspect if wider else 1 / aspect
    wanted = max(target.height if wider else target.width, math.sqrt(MEGAPIXEL / ratio))
    most = 2 * MAX_EDGE / (ratio - growing / fixed)
    scale = min(1.0, wanted / fixed, most / fixed)
    inner = Size(max(1, round(size.width * scale)), max(1, round(size.height * scale)))
    side, other = (inner.height, inner.width) if wider else (inner.width, inner.height)
    added = max(1, round(side * ratio) - other)
    half = added // 2
    first, second = ("left", "right") if wider else ("up", "down")
    edges = {first: min(half, MAX_EDGE), second: min(added - half, MAX_EDGE)}
    return inner, {name: each for name, each in edges.items() if each}


def _notes(
    cropped: Sequence[_Format], shapes: Sequence[_Shape], *, pads: bool, method: Method
) -> list[str]:
    notes = []
    if cropped:
        notes.append(f"Cropped around the subject: {listed(each.preset for each in cropped)}.")
    if shapes and pads:
        why = "" if method == "pad" else "; it is too long to be extended"
        names = listed(name for shape in shapes for name in shape.presets)
        notes.append(f"Padded with a blurred picture: {names}{why}.")
    elif shapes:
        price = OPERATIONS[choose("extend", "standard").operation].spec.credits
        each = credits_text(round(float(price) * 1_000)) if isinstance(price, int | float) else ""
        notes += [
            f"Extended to {shape.name} ({each}): {listed(shape.presets)}." for shape in shapes
        ]
    return notes
