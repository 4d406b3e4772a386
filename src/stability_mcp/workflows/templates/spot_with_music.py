"""Template `spot_with_music`: a key visual and music of the same length."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated

from pydantic import BeforeValidator, Field

from stability_mcp.api.fields import AspectRatio, StylePreset
from stability_mcp.api.operations import OPERATIONS
from stability_mcp.api.tool_arguments import as_list
from stability_mcp.imaging.transform.animation import MAX_DURATION, MAX_FRAMES
from stability_mcp.workflows.picture_parts import mistake
from stability_mcp.workflows.placeholders import literal
from stability_mcp.workflows.plan import Plan, Step
from stability_mcp.workflows.quality import Choice, Quality, choose
from stability_mcp.workflows.template import TemplateArguments, TemplateMedia, template
from stability_mcp.workflows.template_parts import (
    MAX_SEED,
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

DEFAULT_RATIO = "16:9"
DEFAULT_SECONDS = 15
"""*Chosen*: the length of an online spot and of a story."""
MIN_SECONDS, MAX_SECONDS = 1, 380
"""Lengths of generated music; the longest is only reached by `audio3_text_to_audio`."""
LOUDNESS = "-16"
"""RMS in dBFS: about as loud as other spots in a feed."""
MAX_CANDIDATES = 6
DEFAULT_FADE = 1.5
MAX_FADE = 10
MAX_SIDE = 1_280
"""Longer side of the animated visual in pixels; 24 frames of 16:9 are 22 of the 50 megapixels that
an animation may have."""
EQUAL = 0.05
"""Seconds by which lengths may differ: no one hears or sees it."""
_SMALL_SIDE = 1_024
"""The same for square frames."""


class SpotWithMusic(TemplateArguments):
    """Make a key visual and music of exactly the same length: a spot, a story, a title card.

    One visual is a still picture that stands for the whole length; several are shown one after the
    other in an animated file. Picture and sound are two files: this server makes no video.
    """

    visuals: (
        Annotated[list[Text], BeforeValidator(as_list), Field(min_length=1, max_length=MAX_FRAMES)]
        | None
    ) = None
    """What to show: one prompt for a still, or several in order, in the first one's style."""
    picture: Media | None = None
    """A picture instead of the first visual."""
    music: Text | None = None
    """Genre, instruments, mood, tempo: "warm lo-fi, piano, 80 BPM"; no singing."""
    sound: Media | None = None
    """A sound instead of music; it gives the length, or is cut or looped to `seconds`."""
    seconds: Annotated[float, Field(ge=MIN_SECONDS, le=MAX_SECONDS)] | None = None
    """Length of both. Default: that of sound, else 15."""
    fade_out: Annotated[float, Field(ge=0, le=MAX_FADE)] | None = None
    """Seconds at the end. Default: 1.5 for music, none for a given sound."""
    candidates: Annotated[int, Field(ge=1, le=MAX_CANDIDATES)] = 1
    """Key visuals to choose from, with a stop for the pick."""
    aspect_ratio: AspectRatio | None = None
    """Default: that of picture, else 16:9."""
    style_preset: StylePreset | None = None
    negative_prompt: Text | None = None
    """What not to show: "text, people"."""
    seed: ChosenSeed | None = None
    """Of everything that is made; absent: from the prompts."""
    quality: Quality = "standard"
    """Chooses the models of picture and music."""
    to: Folder = "spot"
    """Folder for visual and sound."""


@dataclass(frozen=True, kw_only=True)
class _Spot:
    """What was decided about a spot."""

    seconds: float
    """Length of picture and sound."""
    sound_seconds: float
    """Length of the given sound; 0: none is given."""
    aspect_ratio: str
    prompts: Sequence[str]
    """Of the visuals that are made."""
    frames: int
    """Pictures, with the one that was given."""
    music: Choice
    seed: int


@template(
    title="Spot with music",
    example={
        "visuals": "a mountain lake at dawn, mist, one red canoe",
        "music": "calm ambient, soft piano, 70 BPM",
        "seconds": 20,
    },
)
async def spot_with_music(arguments: SpotWithMusic, media: TemplateMedia) -> Plan:
    """Return a plan: the visual, the music, and both brought to one length."""
    spot = await _decide(arguments, media)
    visual, sound = _visual(arguments, spot), _sound(arguments, spot)
    outputs = {"visual": f"${visual[-1].id}", "sound": "$sound"}
    if len(visual) > 1:
        outputs |= {step.id: f"${step.id}" for step in visual[:-1]}
    is_made = any(step.tool in OPERATIONS for step in visual)
    inputs = text_inputs(
        visual_prompt=(spot.prompts[0] if arguments.picture is None else None, "Key visual."),
        music_prompt=(arguments.music, "The music."),
        negative_prompt=(arguments.negative_prompt if is_made else None, "What not to show."),
    )
    return Plan(
        title=f"spot of {spot.seconds:.4g} s",
        inputs=inputs,
        steps=[*visual, *sound],
        outputs=outputs,
        deliver=delivery(arguments.to),
        notes=_notes(arguments, spot),
    )


async def _decide(arguments: SpotWithMusic, media: TemplateMedia) -> _Spot:
    _check(arguments)
    given = await _length_of_sound(arguments, media)
    seconds = arguments.seconds or given or DEFAULT_SECONDS
    music = choose("text_to_audio", arguments.quality)
    if seconds > _longest(music.operation):
        music = choose("text_to_audio", "professional")
    prompts = arguments.visuals or []
    frames = len(prompts) + (arguments.picture is not None)
    if frames > MAX_FRAMES or (frames > 1 and seconds / frames * 1_000 > MAX_DURATION):
        low = -int(-seconds * 1_000 // MAX_DURATION)
        raise mistake(
            "visuals",
            f"{frames} pictures for {seconds:g} s: an animation has up to {MAX_FRAMES}, each for "
            f"up to {MAX_DURATION // 1_000} s.",
            f"Pass one still, or from {max(low, 2)} to {MAX_FRAMES} pictures.",
        )
    return _Spot(
        seconds=seconds,
        sound_seconds=given,
        aspect_ratio=await _ratio(arguments, media),
        prompts=prompts,
        frames=frames,
        music=music,
        seed=arguments.seed or seed_of(*prompts, arguments.music or ""),
    )


async def _length_of_sound(arguments: SpotWithMusic, media: TemplateMedia) -> float:
    """Return the length of the given sound; 0 if none is given."""
    if arguments.sound is None:
        return 0
    shape = await media.shape(arguments.sound)
    if shape.kind != "audio":
        raise mistake("sound", "It isn't a sound.", "Name a sound, or describe music.")
    if not shape.seconds:
        raise mistake(
            "sound", "Its length isn't known.", "Convert it with audio_edit to WAV first."
        )
    return shape.seconds


async def _ratio(arguments: SpotWithMusic, media: TemplateMedia) -> str:
    """Return the shape of the visuals: as asked for, else that of the given picture."""
    if arguments.picture is not None:
        shape = await media.shape(arguments.picture)
        if shape.kind != "image":
            raise mistake("picture", "It isn't a picture.", "Name a picture.")
        return arguments.aspect_ratio or nearest_shape(shape) or DEFAULT_RATIO
    return arguments.aspect_ratio or DEFAULT_RATIO


def _check(arguments: SpotWithMusic) -> None:
    if (arguments.music is None) == (arguments.sound is None):
        raise mistake(
            "music", "Pass either music or sound.", "music is a description, sound a file."
        )
    if arguments.visuals is None and arguments.picture is None:
        raise mistake(
            "visuals", "Nothing is to be seen.", "Pass a prompt for a visual, or a picture."
        )
    if arguments.candidates > 1 and arguments.picture is not None:
        raise mistake("candidates", "The key visual is given as picture.", "Leave candidates out.")


def _longest(operation: str) -> float:
    """Return the most seconds that an operation makes."""
    limits = OPERATIONS[operation].model_fields["duration"].metadata
    return float(next(each.le for each in limits if hasattr(each, "le")))


# Visual -------------------------------------------------------------------------------------------


def _visual(arguments: SpotWithMusic, spot: _Spot) -> list[Step]:
    """Return the steps of the visual; the last one is what is delivered."""
    shared = {
        "aspect_ratio": spot.aspect_ratio,
        "style_preset": arguments.style_preset,
        "negative_prompt": ref("negative_prompt", arguments.negative_prompt),
    }
    later_prompts = spot.prompts if arguments.picture is not None else spot.prompts[1:]
    prompts = [literal(each) for each in later_prompts]
    steps: list[Step] = []
    key = "$key" if arguments.picture is None else literal(arguments.picture)
    if arguments.picture is None:
        label = "visual 01" if prompts else "key visual"
        made = choose("text_to_image", arguments.quality).step(
            "key", prompt="$visual_prompt", seed=_seed(spot), label=label, **shared
        )
        update = {"count": arguments.candidates, "review": arguments.candidates > 1}
        steps.append(made.model_copy(update=update))
    if prompts:
        later = choose("image_in_style", arguments.quality).step(
            "frames",
            image=key,
            prompt="$item.prompt",
            seed="$item.seed",
            label="$item.label",
            **shared,
        )
        elements = [
            {"prompt": each, "seed": risen(spot.seed, n), "label": f"visual {n:02d}"}
            for n, each in enumerate(prompts, 2)
        ]
        steps.append(later.model_copy(update={"foreach": elements}))
        steps.append(_animation(spot, key))
    elif arguments.picture is not None:
        steps.append(_copy(literal(arguments.picture)))
    return steps


def _seed(spot: _Spot) -> int:
    return min(spot.seed, MAX_SEED - MAX_CANDIDATES)


def _animation(spot: _Spot, key: str) -> Step:
    """Return the step that shows the pictures for equal times, together as long as the music."""
    sides = [int(each) for each in spot.aspect_ratio.split(":")]
    is_wide = max(sides) / min(sides) >= 3 / 2
    return Step(
        id="visual",
        tool="image_transform",
        arguments={
            "image": key,
            "label": "visual",
            "steps": [
                {"op": "resize", "longest": MAX_SIDE if is_wide else _SMALL_SIDE},
                {
                    "op": "frames",
                    "images": ["$frames"],
                    "duration": round(spot.seconds * 1_000 / spot.frames),
                    "format": "webp",
                    "fit": "crop",
                },
            ],
        },
    )


def _copy(picture: str) -> Step:
    """Return the step that puts a given picture among the outputs."""
    return Step(
        id="visual",
        tool="image_transform",
        arguments={
            "image": picture,
            "label": "key visual",
            "steps": [{"op": "convert", "format": "png"}],
        },
    )


# Sound --------------------------------------------------------------------------------------------


def _sound(arguments: SpotWithMusic, spot: _Spot) -> list[Step]:
    """Return the steps of the sound: generated or given, brought to the exact length."""
    if arguments.sound is not None:
        return [
            _cut(literal(arguments.sound), **_fitted(spot), **_faded(arguments.fade_out or 0, spot))
        ]
    # A second more than needed, as the length of generated music isn't exact. WAV, which can be
    # edited without the extra that decodes MP3.
    longer = min(spot.seconds + 1, _longest(spot.music.operation))
    music = spot.music.step(
        "music",
        prompt="$music_prompt",
        duration=longer,
        seed=_seed(spot),
        output_format="wav",
        label="music",
    )
    fade = DEFAULT_FADE if arguments.fade_out is None else arguments.fade_out
    edit = {"end": spot.seconds} if longer > spot.seconds else {}
    return [music, _cut("$music", loudness=LOUDNESS, **edit, **_faded(fade, spot))]


def _cut(sound: str, **edit: object) -> Step:
    return Step(
        id="sound", tool="audio_edit", arguments={"sounds": [sound], "label": "sound", **edit}
    )


def _fitted(spot: _Spot) -> dict[str, float]:
    """Return how a given sound gets the length: cut or repeated, which every MP3 allows."""
    if spot.seconds > spot.sound_seconds + EQUAL:
        return {"repeat_to": spot.seconds}
    return {"end": min(spot.seconds, spot.sound_seconds)}


def _faded(fade: float, spot: _Spot) -> dict[str, float]:
    return {"fade_out": min(fade, spot.seconds / 2)} if fade else {}


def _notes(arguments: SpotWithMusic, spot: _Spot) -> list[str]:
    length = f"{spot.seconds:.4g} s"
    notes = [
        f"Length of picture and sound: {length}; "
        + (
            "a still picture that stands for all of it."
            if spot.frames == 1
            else f"{spot.frames} pictures of {spot.seconds / spot.frames:.3g} s each."
        )
    ]
    if arguments.sound is None:
        is_raised = spot.music is not choose("text_to_audio", arguments.quality)
        why = "the only one for this length: " if is_raised else ""
        notes.append(f"Music: {spot.music.operation}, {why}{spot.music.reason}.")
    return notes
