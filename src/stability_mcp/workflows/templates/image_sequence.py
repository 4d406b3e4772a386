"""Template `image_sequence`: frames in one style, and an animated file of them."""

from collections.abc import Mapping, Sequence
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field

from stability_mcp.api.fields import AspectRatio, Size, StylePreset
from stability_mcp.api.tool_arguments import as_list
from stability_mcp.imaging.export.animated import MAX_FPS, MIN_FPS
from stability_mcp.local_tools.export_arguments import MAX_MEDIA
from stability_mcp.local_tools.local_tool import MediaShape
from stability_mcp.workflows.picture_parts import mistake
from stability_mcp.workflows.placeholders import literal
from stability_mcp.workflows.plan import Plan, Step
from stability_mcp.workflows.quality import Quality, choose
from stability_mcp.workflows.template import TemplateArguments, TemplateMedia, template
from stability_mcp.workflows.template_parts import (
    ChosenSeed,
    Folder,
    Media,
    Text,
    delivery,
    nearest_shape,
    ref,
    risen,
    seed_of,
    text_inputs,
)

MIN_FRAMES, MAX_FRAMES = 2, MAX_MEDIA
DEFAULT_FRAMES = 8
"""*Chosen*: two seconds at the default speed."""
MIN_SIDE, MAX_SIDE = 64, 1_024
"""Longer side of the animation in pixels; 50 frames of 1024x1024 are 52.4 of the 53 megapixels that
an animation may have."""
DEFAULT_RATIO = "1:1"
_NUMBER, _COUNT = "{frame}", "{frames}"

Anchor = Literal["style", "image", "none"]


class ImageSequence(TemplateArguments):
    """Make frames from a list of prompts, or from one prompt, and an animated GIF or WebP of them.

    Later frames follow the first one's style, or start from its picture. They are single pictures,
    not a film: movement between them isn't smooth.
    """

    prompts: (
        Annotated[list[Text], BeforeValidator(as_list), Field(min_length=1, max_length=MAX_FRAMES)]
        | None
    ) = None
    """One for each frame, in order; with `first`, for the frames after it."""
    prompt: Text | None = None
    """Instead: one for all; {frame} in it is the number, {frames} how many there are."""
    frames: Annotated[int, Field(ge=MIN_FRAMES, le=MAX_FRAMES)] | None = None
    """With prompt. Default: 8."""
    first: Media | None = None
    """A picture as the first frame; absent: made from the first prompt."""
    anchor: Anchor = "style"
    """style: later frames take the first one's style; image: they start from it; none."""
    closeness: Annotated[float, Field(ge=0, le=1)] = 0.5
    """How close they keep to it."""
    seeds: Literal["fixed", "rising"] | None = None
    """Default: fixed if the prompts differ, so that less changes from frame to frame."""
    seed: ChosenSeed | None = None
    """The first one; absent: from the prompts."""
    style_preset: StylePreset | None = None
    aspect_ratio: AspectRatio | None = None
    """Default: that of first, else 1:1."""
    negative_prompt: Text | None = None
    """What not to show: "text, people"."""
    quality: Quality = "standard"
    fps: Annotated[float, Field(ge=MIN_FPS, le=MAX_FPS)] = 4
    """Frames per second."""
    format: Literal["gif", "webp"] = "gif"
    """webp: smaller, with all colours."""
    longest: Annotated[int, Field(ge=MIN_SIDE, le=MAX_SIDE)] = 768
    """Longer side of the animation in pixels; the frames keep their size."""
    to: Folder = "sequence"
    """Folder for frames and animation."""


@template(
    title="Sequence and animation",
    example={
        "prompts": [
            "a seed in dark soil, watercolour",
            "a sprout above dark soil, watercolour",
            "a young plant with four leaves, watercolour",
            "a sunflower in bloom, watercolour",
        ],
        "fps": 2,
    },
)
async def image_sequence(arguments: ImageSequence, media: TemplateMedia) -> Plan:
    """Return a plan: the first frame, the others, and the animation."""
    prompts = _prompts(arguments)
    seeds = _seeds(arguments, prompts)
    shape = await _first_shape(arguments, media)
    ratio = arguments.aspect_ratio or (None if shape is None else nearest_shape(shape))
    given = int(arguments.first is not None)
    count = len(prompts) + given
    shared = {
        "style_preset": arguments.style_preset,
        "negative_prompt": ref("negative_prompt", arguments.negative_prompt),
    }
    elements = [
        {"prompt": literal(prompt), "seed": seed, "label": _label(number, count)}
        for number, (prompt, seed) in enumerate(zip(prompts, seeds, strict=True), 1 + given)
    ]
    steps: list[Step] = []
    anchor = "$first" if arguments.first is None else literal(arguments.first)
    if arguments.first is None:
        choice = choose("text_to_image", arguments.quality)
        steps.append(choice.step("first", **elements.pop(0), aspect_ratio=ratio, **shared))
    later = _later(arguments, anchor, ratio, shared)
    steps.append(later.model_copy(update={"foreach": elements}))
    steps.append(_animation(arguments, anchor, _frame_size(shape, ratio)))
    return Plan(
        title=f"{count} frames and an animated {arguments.format.upper()}",
        inputs=text_inputs(negative_prompt=(arguments.negative_prompt, "What not to show.")),
        steps=steps,
        outputs={step.id: f"${step.id}" for step in steps},
        deliver=delivery(arguments.to),
        notes=_notes(arguments, later, seeds),
    )


def _prompts(arguments: ImageSequence) -> list[str]:
    """Return the prompt of each frame that is made."""
    given = arguments.prompts or []
    if bool(given) == (arguments.prompt is not None):
        raise mistake(
            "prompts",
            "Pass either prompts or prompt.",
            "Use prompts for one text a frame, prompt and frames for one text for all.",
        )
    first = 1 if arguments.first is None else 2
    if arguments.prompt is not None:
        count = arguments.frames or DEFAULT_FRAMES
        return _numbered([arguments.prompt] * (count + 1 - first), first, count)
    count = len(given) + first - 1
    if not MIN_FRAMES <= count <= MAX_FRAMES or arguments.frames not in {None, count}:
        wanted = arguments.frames or f"from {MIN_FRAMES} to {MAX_FRAMES}"
        raise mistake(
            "prompts",
            f"They make {count} frame{'s' * (count != 1)} instead of {wanted}.",
            "Pass a text for each frame, or prompt and frames for one text for all.",
        )
    return _numbered(given, first, count)


def _numbered(prompts: Sequence[str], first: int, count: int) -> list[str]:
    """Return the prompts with the number of the frame, and how many there are, in place."""
    return [
        each.replace(_NUMBER, str(number)).replace(_COUNT, str(count))
        for number, each in enumerate(prompts, first)
    ]


def _seeds(arguments: ImageSequence, prompts: Sequence[str]) -> list[int]:
    """Return the seed of each frame."""
    differ = len(set(prompts)) == len(prompts)
    seeds = arguments.seeds or ("fixed" if differ else "rising")
    if seeds == "fixed" and not differ:
        raise mistake(
            "seeds",
            "Frames with the same prompt and seed would be the same picture.",
            "Use rising seeds, or write {frame} into the prompt where the number belongs.",
        )
    first = arguments.seed or seed_of(*prompts)
    return [risen(first, number if seeds == "rising" else 0) for number in range(len(prompts))]


async def _first_shape(arguments: ImageSequence, media: TemplateMedia) -> MediaShape | None:
    """Return the facts of `first`; None: the first frame is made."""
    if arguments.first is None:
        return None
    shape = await media.shape(arguments.first)
    if shape.kind != "image":
        raise mistake("first", f"It is {shape.kind}, not a picture.", "Name a picture.")
    return shape


def _frame_size(shape: MediaShape | None, ratio: str | None) -> Size | None:
    """Return a size of the shape of the first frame; None: a given one whose size isn't known."""
    if shape is not None:
        return shape.size
    width, _, height = (ratio or DEFAULT_RATIO).partition(":")
    return Size(int(width) * MAX_SIDE, int(height) * MAX_SIDE)


def _later(
    arguments: ImageSequence, anchor: str, ratio: str | None, shared: Mapping[str, Any]
) -> Step:
    """Return the step of the frames after the first one, without its elements."""
    each = {"prompt": "$item.prompt", "seed": "$item.seed", "label": "$item.label", **shared}
    match arguments.anchor:
        case "style":
            return choose("image_in_style", arguments.quality).step(
                "frames",
                image=anchor,
                fidelity=arguments.closeness,
                aspect_ratio=ratio,
                **each,
            )
        case "image":
            return choose("image_to_image", arguments.quality).step(
                "frames", image=anchor, strength=round(1 - arguments.closeness, 3), **each
            )
        case "none":
            return choose("text_to_image", arguments.quality).step(
                "frames", aspect_ratio=ratio, **each
            )


def _animation(arguments: ImageSequence, first: str, size: Size | None) -> Step:
    """Return the step that writes the animation, in which every frame has the same shape.

    Args:
        arguments: The template's arguments.
        first: The first frame.
        size: Of the first frame, or any of its shape; None: isn't known.
    """
    longest = arguments.longest
    shape: dict[str, Any] = {"width": longest, "height": longest}  # without fit: at most
    if size is not None:
        scale = min(1.0, longest / max(size))
        width, height = (max(round(side * scale), 1) for side in size)
        shape = {"width": width, "height": height, "fit": "cover"}
    to = f"{arguments.to.rstrip('/')}/animation.{arguments.format}"
    given = {"media": [first, "$frames"], "to": to, "fps": arguments.fps, **shape}
    return Step(id="animation", tool="media_export", arguments=given)


def _label(number: int, count: int) -> str:
    """Return the name of a frame; names sort like the frames."""
    return f"frame {number:0{len(str(count))}d}"


def _notes(arguments: ImageSequence, later: Step, seeds: Sequence[int]) -> list[str]:
    how = {
        "style": f"take the style of the first, fidelity {arguments.closeness:g}",
        "image": f"start from the first, strength {1 - arguments.closeness:g}",
        "none": "are independent of the first",
    }[arguments.anchor]
    rising = f"seeds from {seeds[0]} up" if seeds[0] != seeds[-1] else f"seed {seeds[0]} for all"
    length = (len(seeds) + (arguments.first is not None)) / arguments.fps
    return [
        f"Later frames ({later.tool}) {how}; {rising}.",
        f"The animation takes {length:.3g} s and repeats; a frame that fails is left out of it.",
    ]
