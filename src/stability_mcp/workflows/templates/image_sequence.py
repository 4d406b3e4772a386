"""Template `image_sequence`: frames in one style, and an animated file of them."""

from collections.abc import Mapping, Sequence
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field

from stability_mcp.api.fields import MAX_SEED, AspectRatio, ImageFormat, Size, StylePreset
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
"""Frames of an animation."""
MAX_PROMPTS = 100
"""Frames without an animation."""
MAX_SEED_STEP = 1_000_000
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
        Annotated[list[Text], BeforeValidator(as_list), Field(min_length=1, max_length=MAX_PROMPTS)]
        | None
    ) = None
    """One for each frame, in order; with `first`, for the frames after it."""
    beginning: Text | None = None
    """Put before each of prompts, with a comma."""
    prompt: Text | None = None
    """Instead of prompts: one for all; {frame} in it is the number, {frames} how many there are."""
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
    seed: Annotated[int, Field(ge=0, le=MAX_SEED)] | None = None
    """The first one; absent or 0: from the prompts."""
    seed_step: Annotated[int, Field(ge=0, le=MAX_SEED_STEP)] | None = None
    """By how much seeds rise from frame to frame, instead of seeds; 0: fixed."""
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
    output_format: ImageFormat | None = None
    """Of the frames. Default: png."""
    to: Folder = "sequence"
    """Folder for frames and animation."""
    only_store: bool = False
    """Only store the frames: no animation, no folder."""

    @property
    def frame_range(self) -> tuple[int, int]:
        """Return how many frames there may be."""
        return (1, MAX_PROMPTS) if self.only_store else (MIN_FRAMES, MAX_FRAMES)


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
        "output_format": arguments.output_format,
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
    if elements:
        steps.append(later.model_copy(update={"foreach": elements}))
    title = f"{count} frame{'s' * (count != 1)}"
    if not arguments.only_store:
        title += f" and an animated {arguments.format.upper()}"
        steps.append(_animation(arguments, anchor, _frame_size(shape, ratio)))
    return Plan(
        title=title,
        inputs=text_inputs(negative_prompt=(arguments.negative_prompt, "What not to show.")),
        steps=steps,
        outputs={step.id: f"${step.id}" for step in steps},
        deliver=delivery(None if arguments.only_store else arguments.to),
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
    if arguments.prompt is not None and arguments.beginning is not None:
        raise mistake("beginning", "It belongs to prompts.", "Write it into prompt.")
    if arguments.prompt is not None:
        count = arguments.frames or DEFAULT_FRAMES
        return _numbered([arguments.prompt] * (count + 1 - first), first, count)
    count = len(given) + first - 1
    least, most = arguments.frame_range
    if not least <= count <= most or arguments.frames not in {None, count}:
        wanted = arguments.frames or f"from {least} to {most}"
        raise mistake(
            "prompts",
            f"They make {count} frame{'s' * (count != 1)} instead of {wanted}.",
            "Pass a text for each frame, or prompt and frames for one text for all.",
        )
    if arguments.beginning is not None:
        given = [f"{arguments.beginning.rstrip().removesuffix(',')}, {each}" for each in given]
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
    rise = _rise(arguments, differ=differ)
    if rise == 0 and not differ:
        raise mistake(
            "seeds",
            "Frames with the same prompt and seed would be the same picture.",
            "Use rising seeds, or write {frame} into the prompt where the number belongs.",
        )
    first = arguments.seed or seed_of(*prompts)
    return [risen(first, number * rise) for number in range(len(prompts))]


def _rise(arguments: ImageSequence, *, differ: bool) -> int:
    """Return by how much seeds rise from frame to frame.

    Args:
        arguments: The template's arguments.
        differ: Whether every frame has a prompt of its own.
    """
    if arguments.seed_step is None:
        return int((arguments.seeds or ("fixed" if differ else "rising")) == "rising")
    if arguments.seeds is not None:
        raise mistake("seed_step", "It says what seeds says, too.", "Pass either of them.")
    return arguments.seed_step


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
    later_note = f"Later frames ({later.tool}) {how}; {rising}."
    if arguments.only_store:
        return [later_note] if len(seeds) > 1 else []
    length = (len(seeds) + (arguments.first is not None)) / arguments.fps
    return [
        later_note,
        f"The animation takes {length:.3g} s and repeats; a frame that fails is left out of it.",
    ]
