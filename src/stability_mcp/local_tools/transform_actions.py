"""Carries out the steps of image_transform on a picture."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, cast

from stability_mcp.api.fields import Size
from stability_mcp.imaging.export.animated import AnimationFormat
from stability_mcp.imaging.picture import open_picture, open_reduced
from stability_mcp.imaging.transform import geometry, lettering, reshape
from stability_mcp.imaging.transform.animation import (
    Timing,
    check_frames,
)
from stability_mcp.imaging.transform.blending import composite, flatten
from stability_mcp.imaging.transform.geometry import Gravity
from stability_mcp.imaging.transform.paint import BLACK, CLEAR, WHITE, Paint, parse_paint
from stability_mcp.imaging.transform.saving import QUALITY, Format, Output
from stability_mcp.imaging.transform.size_limits import TransformError, size_text
from stability_mcp.imaging.transform.tone import Adjustments, adjust
from stability_mcp.imaging.transform.typefaces import typeface_for
from stability_mcp.local_tools.transform_plan import (
    Others,
    StepError,
    pad_size,
    resize_target,
)
from stability_mcp.local_tools.transform_steps import Step
from stability_mcp.text import quoted

if TYPE_CHECKING:
    from PIL import Image

DEFAULT_TEXT = 0.08
"""Size of text by the height of the picture: a headline."""
DEFAULT_MARGIN = 0.04
"""Space between a text or an overlay and the edge, by the shorter side."""
DEFAULT_TEXT_WIDTH = 0.9
DEFAULT_OUTLINE = 0.06
"""Width of an outline by the size of the text."""
SUBJECT_MARGIN = 0.05
"""Space around a subject by the longer side of its box."""
_MASK_WHITE = 8
"""Level of a mask above which a pixel is changed visibly."""


@dataclass(kw_only=True)
class Work:
    """A picture on its way through the steps."""

    picture: "Image.Image"
    output: Output | None = None
    """How the result is written; None: by its source."""
    frames: "list[Image.Image]" = field(default_factory=list)
    """All pictures of an animation; empty for a still picture."""
    animation: tuple[AnimationFormat, Timing, int] | None = None
    effects: list[str] = field(default_factory=list)
    """What each step did, in one line."""

    @property
    def size(self) -> Size:
        """Return the size of the picture."""
        return Size(*self.picture.size)


def perform(work: Work, steps: Sequence[Step], others: Sequence[Others]) -> None:
    """Carry out the steps one after the other; blocks.

    Raises:
        StepError: a step can't be done.
        FileUnusableError: another picture is damaged or too large to decode.
    """
    for number, (step, more) in enumerate(zip(steps, others, strict=True), 1):
        try:
            effect = _ACTIONS[step.op](work, step, more)
        except TransformError as error:
            raise StepError(number, step, error) from error
        work.effects.append(f"{number} {step.op}: {effect}")


def _crop(work: Work, step: Step, more: Others) -> str:  # noqa: ARG001 -- all actions are alike
    if step.box is not None:
        box, note = geometry.pixel_box(step.box, work.size), ""
    elif step.gravity == "subject":
        found = reshape.subject_box(work.picture)
        if step.aspect is not None:
            middle = (found.left + found.right) / 2, (found.top + found.bottom) / 2
            box = geometry.aspect_box(work.size, geometry.parse_aspect(step.aspect), middle)
        else:
            space = SUBJECT_MARGIN if step.margin is None else step.margin
            margin = geometry.length(space, max(found.size))
            box = reshape.grown_box(found, margin, work.size)
        note = f", subject in {_box_text(found)}"
    else:
        inner = geometry.aspect_size(work.size, geometry.parse_aspect(step.aspect or ""))
        left, top = geometry.offset(work.size, inner, _gravity(step))
        box, note = geometry.Box(left, top, left + inner.width, top + inner.height), ""
    work.picture = reshape.crop(work.picture, box)
    return f"{size_text(box.size)} at {box.left},{box.top}{note}"


def _box_text(box: geometry.Box) -> str:
    return ",".join(str(each) for each in box)


def _resize(work: Work, step: Step, more: Others) -> str:  # noqa: ARG001
    before, target = work.size, resize_target(work.size, step)
    work.picture = reshape.resize(work.picture, target, _gravity(step), _paint(step.color))
    note = ""
    if not geometry.same_shape(before, target.size):
        note = {"crop": ", cropped", "pad": ", padded", "stretch": ", distorted"}[target.fit]
    return f"{size_text(before)} to {size_text(work.size)}{note}"


def _pad(work: Work, step: Step, more: Others) -> str:  # noqa: ARG001
    before, size = work.size, pad_size(work.size, step)
    gravity = _gravity(step)
    if step.color == "blur":
        work.picture = reshape.pad_blurred(work.picture, size, gravity)
    else:
        work.picture = reshape.pad(work.picture, size, gravity, _paint(step.color))
    left, top = geometry.offset(size, before, gravity)
    colour = step.color or ("transparent" if work.picture.mode == "RGBA" else "white")
    return f"{size_text(size)}, picture at {left},{top}, {colour} around it"


def _rotate(work: Work, step: Step, more: Others) -> str:  # noqa: ARG001
    degrees = step.degrees or 0
    work.picture = reshape.rotate(
        work.picture,
        degrees,
        expand=step.expand is not False,
        paint=_paint(step.color) or CLEAR,
    )
    return f"{degrees:g} degrees clockwise, {size_text(work.size)}"


def _straighten(work: Work, step: Step, more: Others) -> str:  # noqa: ARG001
    work.picture = reshape.straighten(work.picture, step.degrees or 0)
    return f"{step.degrees or 0:g} degrees clockwise, cropped to {size_text(work.size)}"


def _flip(work: Work, step: Step, more: Others) -> str:  # noqa: ARG001
    direction = step.direction or "horizontal"
    work.picture = reshape.flip(work.picture, direction)
    return "left and right swapped" if direction == "horizontal" else "top and bottom swapped"


def _trim(work: Work, step: Step, more: Others) -> str:  # noqa: ARG001
    box = reshape.trim_box(work.picture)
    if box.size == work.size:
        return "nothing removed, there is no plain or transparent border"
    margin = geometry.length(step.margin or 0, max(box.size))
    box = reshape.grown_box(box, margin, work.size)
    work.picture = reshape.crop(work.picture, box)
    return f"{size_text(box.size)} at {box.left},{box.top}"


def _adjust(work: Work, step: Step, more: Others) -> str:
    from PIL import Image

    names = [name for name in step.given() if name not in {"op", "mask"}]
    wanted = Adjustments(**{name: getattr(step, name) for name in names})
    mask, note = None, ""
    if "mask" in more:
        source = more["mask"]
        if not geometry.same_shape(work.size, Size(*source.facts.size)):
            raise TransformError(
                f"the mask is {size_text(source.facts.size)}, another shape than the picture of "
                f"{size_text(work.size)}",
                hint="Adjust before cropping or padding, or use a mask of this shape.",
            )
        drawn = flatten(open_picture(source.path, source.facts), BLACK).convert("L")
        mask = drawn.resize(work.size, Image.Resampling.BILINEAR)
        share = sum(mask.histogram()[_MASK_WHITE:]) / (mask.width * mask.height)
        if not share:
            raise TransformError("the mask has no white, so nothing would change")
        note = f", in {share:.0%} of the picture"
    if not wanted:
        return "nothing changed, all values are 0"
    work.picture = adjust(work.picture, wanted, mask)
    values = (f"{name} {_value(getattr(step, name))}" for name in names)
    return f"{', '.join(values)}{note}"


def _value(value: float | bool) -> str:  # noqa: FBT001 -- a value to print
    return str(value).lower() if isinstance(value, bool) else f"{value:g}"


def _text(work: Work, step: Step, more: Others) -> str:  # noqa: ARG001
    words = lettering.cleaned(step.text or "")
    margin = _margin(work, step)
    space = Size(work.size.width - 2 * margin, work.size.height - 2 * margin)
    if min(space) < lettering.MIN_SIZE:
        raise TransformError(f"the picture of {size_text(work.size)} has no room for text")
    wide = geometry.length(step.width or DEFAULT_TEXT_WIDTH, work.size.width)
    within = Size(min(wide, space.width), space.height)
    style = _text_style(work, step, words)
    if step.size is None:
        fitting = lettering.largest_size(words, style, within)
        style = _text_style(work, step, words, fitting or style.size)
    block = lettering.fit_text(words, style, within)
    box = Size(block.size.width, block.size.height + (block.below if step.at is None else 0))
    at = _place(work.size, box, step, margin, "bottom" if step.at is None else "center")
    note = _cut_note(work, "text", block.size, at)
    work.picture = work.picture.copy()
    lettering.draw_text(work.picture, block, at)
    lines = len(block.lines)
    font = style.typeface.name
    return (
        f"{quoted(words, limit=40)} in {font} {style.size} px, {lines} line{'s' * (lines != 1)}, "
        f"{size_text(block.size)} at {at[0]},{at[1]}{note}"
    )


def _cut_note(work: Work, what: str, size: Size, at: tuple[int, int]) -> str:
    """Return a note if something at a point is cut off, or "".

    Raises:
        TransformError: it is outside the picture.
    """
    right, bottom = at[0] + size.width, at[1] + size.height
    if right <= 0 or bottom <= 0 or at[0] >= work.size.width or at[1] >= work.size.height:
        raise TransformError(
            f"the {what} of {size_text(size)} at {at[0]},{at[1]} is outside the picture of "
            f"{size_text(work.size)}"
        )
    cut = min(at) < 0 or right > work.size.width or bottom > work.size.height
    return ", cut off at the edge" if cut else ""


def _text_style(work: Work, step: Step, words: str, size: int | None = None) -> lettering.TextStyle:
    wanted = geometry.length(step.size or DEFAULT_TEXT, work.size.height)
    chosen = max(lettering.MIN_SIZE, min(lettering.MAX_SIZE, size or wanted))
    outline = _paint(step.outline)
    gravity = step.gravity or "center"
    align: lettering.Align = (
        "left" if gravity.endswith("left") else "right" if gravity.endswith("right") else "center"
    )
    return lettering.TextStyle(
        typeface=typeface_for(words, step.font),
        size=chosen,
        paint=_paint(step.color) or WHITE,
        outline=outline,
        outline_width=max(1, round(chosen * DEFAULT_OUTLINE)) if outline else 0,
        shadow=bool(step.shadow),
        align=align,
    )


def _composite(work: Work, step: Step, more: Others) -> str:
    source = more["image"]
    natural, margin = Size(*source.facts.size), _margin(work, step)
    if step.width is not None:
        wide = max(1, geometry.length(step.width, work.size.width))
        goal = geometry.target_size(natural, geometry.Wanted(width=wide)).size
    else:
        scale = min(1.0, work.size.width / natural.width, work.size.height / natural.height)
        goal = geometry.scaled(natural, scale)
        margin = margin if step.margin is not None or step.gravity is not None else 0
    top = open_reduced(source.path, source.facts, max(4 * goal.width * goal.height, 1))
    top = reshape.resize(top, geometry.Target(goal, "stretch"))
    at = _place(work.size, goal, step, margin, "center")
    opacity = 1.0 if step.opacity is None else step.opacity
    blend = step.blend or "normal"
    note = _cut_note(work, "picture", goal, at)
    work.picture = composite(work.picture, top, at, opacity=opacity, blend=blend)
    how = "" if blend == "normal" else f", {blend}"
    how += "" if opacity == 1 else f", opacity {opacity:g}"
    return f"{quoted(source.item.name)} {size_text(goal)} at {at[0]},{at[1]}{how}{note}"


def _flatten(work: Work, step: Step, more: Others) -> str:  # noqa: ARG001
    if work.picture.mode != "RGBA":
        return "nothing changed, the picture is opaque"
    paint = _paint(step.color) or WHITE
    if paint.alpha == 0:
        raise TransformError("color can't be transparent")
    work.picture = flatten(work.picture, paint)
    return f"transparency replaced by {step.color or 'white'}"


def _convert(work: Work, step: Step, more: Others) -> str:  # noqa: ARG001
    form = cast("Format", step.format)
    work.output = Output(form, step.quality or QUALITY)
    return form.upper() + ("" if form == "png" else f", quality {work.output.quality}")


def _frames(work: Work, step: Step, more: Others) -> str:
    check_frames(work.size, 1 + len(more))
    frames = [work.picture]
    for source in more.values():
        wanted = geometry.Wanted(width=work.size.width, height=work.size.height, fit=step.fit)
        target = geometry.target_size(Size(*source.facts.size), wanted)
        picture = open_reduced(source.path, source.facts, 4 * work.size.width * work.size.height)
        frames.append(reshape.resize(picture, target, "center", _paint(step.color)))
    timing = Timing(step.duration or Timing().duration, step.loop or 0)
    form = cast("AnimationFormat", step.format or "webp")
    work.frames, work.animation = frames, (form, timing, step.quality or 85)
    times = f"{timing.loop} times" if timing.loop else "without end"
    return f"{len(frames)} frames of {timing.duration} ms, {form.upper()}, plays {times}"


_ACTIONS: Mapping[str, Callable[[Work, Step, Others], str]] = {
    "crop": _crop,
    "resize": _resize,
    "pad": _pad,
    "rotate": _rotate,
    "straighten": _straighten,
    "flip": _flip,
    "trim": _trim,
    "adjust": _adjust,
    "text": _text,
    "composite": _composite,
    "flatten": _flatten,
    "convert": _convert,
    "frames": _frames,
}


def _gravity(step: Step) -> Gravity:
    return "center" if step.gravity in {None, "subject"} else cast("Gravity", step.gravity)


def _paint(text: str | None) -> Paint | None:
    return None if text is None else parse_paint(text)


def _margin(work: Work, step: Step) -> int:
    value = DEFAULT_MARGIN if step.margin is None else step.margin
    return geometry.length(value, min(work.size))


def _place(outer: Size, inner: Size, step: Step, margin: int, default: Gravity) -> tuple[int, int]:
    """Return where the top left corner goes: by gravity, or with the box's gravity at a point."""
    gravity = default if step.gravity in {None, "subject"} else _gravity(step)
    if step.at is None:
        return geometry.offset(outer, inner, gravity, margin)
    fractions = all(0 <= value <= 1 for value in step.at)
    sides = outer if fractions else Size(1, 1)
    across, down = geometry.SHARES[gravity]
    return (
        round(step.at[0] * sides.width - inner.width * across),
        round(step.at[1] * sides.height - inner.height * down),
    )
