"""Edits sounds on this machine: trim, join, repeat, loudness, fades, channels, format.

The arguments are flat and carried out in one order, which is the order in which people edit: unlike
the changes of a picture, none of them is useful twice or in another order in one call, and a list
of steps would need more words in the schema and in every call. What does depend on the order
(trimming each of several sounds, or the joined result) is refused and takes a call each.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import fields
from functools import partial
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field

from stability_mcp.api.tool_arguments import as_list
from stability_mcp.errors import ArgumentsError, NotFoundError
from stability_mcp.imaging.convert import is_installed
from stability_mcp.imaging.sound.edit_steps import (
    MAX_REPEATS,
    MAX_SECONDS,
    MAX_SOUNDS,
    Channels,
    Edit,
    OutputFormat,
    SoundEditError,
    channels_text,
    level_text,
)
from stability_mcp.imaging.sound.sound_edit import COMPUTING_BYTES, Edited, edit_sound
from stability_mcp.imaging.sound.sound_file import SoundFile
from stability_mcp.local_tools.local_tool import (
    LocalResult,
    MakingArguments,
    MediaShape,
    StepFacts,
    local_tool,
)
from stability_mcp.local_tools.workbench import Made, Source, Workbench
from stability_mcp.text import format_name, quoted

TOOL = "audio_edit"
MIN_LOUDNESS = -60.0
"""Lowest loudness in dBFS RMS: what is quieter counts as silence."""
_TIME = re.compile(
    r"(?P<sign>-)?(?:(?:(?P<hours>\d{1,3}):)?(?P<minutes>\d{1,4}):)?(?P<seconds>\d{1,6}(?:\.\d{1,9}|,\d{1,2})?)"
    r"\s*(?P<unit>ms|msec|s|sec|secs|seconds?|m|min|mins|minutes?)?",
    re.ASCII,
)
"""A comma with one or two decimals is a decimal comma; with three it may separate thousands."""
_MINUTE = 60
_LEVEL = re.compile(
    r"(?P<level>[-+]?\d{1,9}(?:\.\d{1,9}|,\d{1,2})?)\s*"
    r"(?:(?P<lufs>lufs|lkfs)|(?:db|dbfs)?(?: rms)?)"
)
_COMPUTED = ("trim_silence", "crossfade", "loudness", "fade_in", "fade_out")
"""Arguments for which samples are computed, also those of an MP3."""
_TO_MATCH = "to_match"
"""Role of a sound whose loudness is matched. The first role by name is the file that was edited, so
it has to come after `sounds[0]`, unlike the name of the argument."""
_LOUDEST = frozenset({"peak", "max", "maximum", "loudest", "normalize", "normalise"})
"""Words for as loud as possible."""
_NO_STEPS = (
    "start, end, trim_silence, gap, crossfade, repeat, repeat_to, channels, loudness, fade_in, "
    "fade_out or format"
)


def parse_time(value: object) -> object:
    """Return a time in seconds from `83.5`, `83,5`, `1:23.5`, `15 s` or `2 min`.

    Anything but text is returned unchanged.

    Raises:
        ValueError: the text isn't a time.
    """
    if not isinstance(value, str):
        return value
    match = _TIME.fullmatch(value.strip().casefold())
    if match is None or (match["minutes"] and match["unit"]):
        raise _not_a_time(value)
    seconds = float(match["seconds"].replace(",", "."))
    if match["minutes"] and seconds >= _MINUTE:
        raise _not_a_time(value)
    unit = match["unit"] or "s"
    if unit.startswith("ms"):
        seconds /= 1000
    elif unit.startswith("m"):
        seconds *= _MINUTE
    seconds += _MINUTE * int(match["minutes"] or 0) + _MINUTE**2 * int(match["hours"] or 0)
    return -seconds if match["sign"] else seconds


def _not_a_time(value: str) -> ValueError:
    return ValueError(f"{quoted(value, limit=40)} isn't a time; pass seconds or 1:23.5")


def parse_length(value: object) -> object:
    """Return a length in seconds, as `parse_time` reads it.

    Raises:
        ValueError: it isn't a length, or too long.
    """
    found = parse_time(value)
    if isinstance(found, int | float) and not 0 <= found <= MAX_SECONDS:
        raise ValueError(f"a length from 0 to {MAX_SECONDS:g} s is needed")
    return found


def _as_text(value: object) -> object:
    """Return a number as text; booleans aren't numbers here."""
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    return f"{value:g}" if is_number else value


Position = Annotated[float, BeforeValidator(parse_time, json_schema_input_type=float)]
Length = Annotated[float, BeforeValidator(parse_length, json_schema_input_type=float)]


class AudioEdit(MakingArguments):
    """Trim, join, repeat, level, fade or convert sounds, in this order; exact.

    Times: seconds or 1:23.5. More: `guide` topic sound.
    """

    sounds: Annotated[
        list[Annotated[str, Field(min_length=1)]],
        BeforeValidator(as_list),
        Field(
            min_length=1,
            max_length=MAX_SOUNDS,
            description="Each a label, media:// URI, path or words; several are joined.",
        ),
    ]
    start: Position | None = None
    """Of one sound: where to begin; negative: from its end."""
    end: Position | None = None
    """Where to stop: a position, not a length."""
    trim_silence: bool = False
    """At both ends of each sound."""
    gap: Length | None = None
    """Silence between sounds or repeats."""
    crossfade: Length | None = None
    """Overlap of sounds or repeats."""
    repeat: Annotated[int, Field(ge=1, le=MAX_REPEATS)] | None = None
    """Times it plays."""
    repeat_to: Length | None = None
    """Loop up to this length."""
    channels: Channels | None = None
    """mono mixes both sides."""
    loudness: Annotated[str, BeforeValidator(_as_text, json_schema_input_type=str)] | None = None
    """RMS in dBFS (-16), peak (loudest) or a sound to match; never clips."""
    fade_in: Length | None = None
    """Length."""
    fade_out: Length | None = None
    """Length."""
    format: OutputFormat | None = None
    """Default: as given."""


def _predict(arguments: AudioEdit, files: Mapping[str, MediaShape]) -> MediaShape:
    """Return what an edit makes.

    Raises:
        ArgumentsError: the arguments contradict one another, or need the samples of an MP3, which
            this installation can't decode.
    """
    try:
        _check(arguments)
    except SoundEditError as error:
        raise ArgumentsError(f"{error}.", hint=error.hint) from error
    sounds = [each for name, each in files.items() if name.partition("[")[0] == "sounds"]
    forms = {each.is_mp3 for each in sounds}
    is_mp3 = forms.pop() if len(forms) == 1 else None
    needing = [name for name in _COMPUTED if getattr(arguments, name)]
    needing += ["format: wav"] if arguments.format == "wav" else []
    needing += ["join of different formats"] if {True, False} <= forms else []
    if needing and any(each.is_mp3 for each in sounds) and not is_installed():
        reason = needing[0]
        raise ArgumentsError(
            f"{reason} needs the samples of an MP3, and the extra [formats], which decodes it, "
            "isn't installed.",
            hint='Pass output_format: "wav" to the step that makes the sound, or give a WAV.',
        )
    return MediaShape(
        kind="audio", is_mp3=is_mp3 if arguments.format is None else arguments.format == "mp3"
    )


@local_tool(
    title="Edit a sound",
    hints={
        **dict.fromkeys(("sound", "audio", "media", "file", "files"), "use sounds"),
        **dict.fromkeys(("mono", "stereo"), "use channels"),
        **dict.fromkeys(("normalize", "normalise"), 'use loudness, "peak" or a level'),
        **dict.fromkeys(("bitrate", "quality"), "MP3s are encoded with a variable bit rate, V2"),
        **dict.fromkeys(
            ("speed", "tempo", "pitch"), "audio_edit doesn't change the tempo or the pitch"
        ),
        "steps": "audio_edit has no steps; pass start, end, fade_out and so on directly",
        "duration": "use end to cut, repeat_to to loop",
        "length": "use end to cut, repeat_to to loop",
        "volume": "use loudness",
        "gain": "use loudness: a target in dBFS RMS, or peak",
        "prompt": "audio_edit changes nothing else; audio tools follow words",
        "output_format": "use format",
        "loop": "use repeat or repeat_to",
        "trim": "use start and end, or trim_silence",
        "fade": "use fade_in and fade_out",
    },
    step=StepFacts(
        files={"sounds": "audio", "loudness": "audio"},
        predict=_predict,
        is_value=lambda argument, text: argument == "loudness" and _is_level(text),
    ),
)
async def audio_edit(workbench: Workbench, arguments: AudioEdit) -> LocalResult:
    """Carry out the edit and store the result."""
    sources = [
        await workbench.source(each, argument=_argument(number, arguments), kind="audio")
        for number, each in enumerate(arguments.sounds, 1)
    ]
    loudness, like = await _loudness(workbench, arguments.loudness)
    try:
        _check(arguments)
        made = Made(
            tool=TOOL,
            arguments=_stored(arguments, sources, like),
            parents=_parents(sources, like),
            label=arguments.label,
        )
        given = arguments.model_dump(exclude_none=True, include=_EDIT_FIELDS)
        edit = Edit(loudness=loudness, **given)
        item, edited = await workbench.store(
            partial(_make, sources, edit, like),
            made,
            memory=COMPUTING_BYTES + _MP3_COPIES * _mp3_bytes(sources),
        )
    except SoundEditError as error:
        raise ArgumentsError(f"{TOOL}: {error}.", hint=error.hint) from error
    lines = [
        *(each.note for each in sources),
        *([like.note] if like else []),
        *edited.effects,
        *_level_lines(edited),
        _result_line(edited),
    ]
    return LocalResult(
        lines=lines,
        items=[item],
        facts={"effects": edited.effects, "seconds": item.seconds, **_level_facts(edited)},
        preview=await workbench.preview([item], wanted=arguments.preview),
    )


_MP3_COPIES = 2
"""An MP3 is in memory as a whole, and so is the result."""
_EDIT_FIELDS = {each.name for each in fields(Edit)} - {"loudness"}


def _argument(number: int, arguments: AudioEdit) -> str:
    return "sounds" if len(arguments.sounds) == 1 else f"sound {number}"


def _is_level(given: str) -> bool:
    """Return whether a loudness is a level, not a sound to match."""
    return given.strip().casefold() in _LOUDEST or _level(given) is not None


def _level(given: str) -> re.Match[str] | None:
    return _LEVEL.fullmatch(given.strip().casefold().replace("\N{MINUS SIGN}", "-"))


async def _loudness(
    workbench: Workbench, given: str | None
) -> tuple[float | Literal["peak"] | None, Source | None]:
    """Return the loudness to reach, or the sound that has it.

    Raises:
        ArgumentsError: it is out of range, or no sound.
    """
    if given is None:
        return None, None
    if given.strip().casefold() in _LOUDEST:
        return "peak", None
    number = _level(given)
    if number is None:
        try:
            return None, await workbench.source(given, argument="loudness", kind="audio")
        except NotFoundError as error:
            raise ArgumentsError(
                f"loudness takes a level in dBFS such as -16, peak, or a sound to match; no sound "
                f"is called {quoted(given)}.",
                hint=error.hint,
            ) from error
    if number["lufs"]:
        raise ArgumentsError(
            "loudness is a level in dBFS RMS; LUFS isn't measured.",
            hint="Pass a level such as -16, peak, or a sound to match.",
        )
    value = float(number["level"].replace(",", "."))
    if not MIN_LOUDNESS <= value <= 0:
        raise ArgumentsError(
            f"loudness must be from {MIN_LOUDNESS:g} to 0 dBFS; got {value:g}.",
            hint="It is the level to reach, not a change: speech and music are at about -20 to "
            "-12, and peak is as loud as possible.",
        )
    return value, None


def _check(arguments: AudioEdit) -> None:
    """Raise SoundEditError if arguments contradict each other, or there is nothing to do."""
    several = len(arguments.sounds) > 1
    given = arguments.model_dump(exclude_none=True, exclude={"sounds", "label", "preview"})
    if not several and not any(given.values()):
        raise SoundEditError("there is nothing to do", hint=f"Pass {_NO_STEPS}.")
    if several and (arguments.start is not None or arguments.end is not None):
        raise SoundEditError(
            "start and end are for a single sound",
            hint="Cut each sound with a call of its own and join the results; or join first, and "
            "cut the result.",
        )
    if arguments.gap and arguments.crossfade:
        raise SoundEditError("gap and crossfade exclude each other", hint="Pass one of them.")
    if arguments.repeat is not None and arguments.repeat_to is not None:
        raise SoundEditError("repeat and repeat_to exclude each other", hint="Pass one of them.")


def _stored(arguments: AudioEdit, sources: Sequence[Source], like: Source | None) -> dict[str, Any]:
    """Return the arguments as they are kept with the result, with media by id."""
    given = arguments.model_dump(exclude_none=True, exclude_defaults=True)
    kept = {name: value for name, value in given.items() if name not in {"label", "preview"}}
    kept |= {"loudness": like.item.id} if like else {}
    return {**kept, "sounds": [each.item.id for each in sources]}


def _parents(sources: Sequence[Source], like: Source | None) -> dict[str, Any]:
    found = {f"sounds[{number}]": each.item for number, each in enumerate(sources)}
    return found | ({_TO_MATCH: like.item} if like else {})


def _mp3_bytes(sources: Sequence[Source]) -> int:
    distinct = {each.item.id: each.item for each in sources}
    return sum(item.bytes for item in distinct.values() if item.media_type == "audio/mpeg")


def _make(sources: Sequence[Source], edit: Edit, like: Source | None, path: Path) -> Edited:
    """Write the result to a path, and return what was done."""
    known: dict[str, SoundFile] = {}
    for each in (*sources, *([like] if like else [])):
        known.setdefault(each.item.id, SoundFile(each.item.name, each.path, each.facts))
    return edit_sound(
        [known[each.item.id] for each in sources],
        edit,
        path,
        like=known[like.item.id] if like else None,
    )


def _result_line(edited: Edited) -> str:
    found = edited.facts
    return (
        f"result: {format_name(found.media_type)}, {found.seconds or 0:.2f} s, "
        f"{found.rate or 0:,} Hz, {channels_text(found.channels or 0)}, "
        f"{found.bytes:,} bytes"
    )


def _level_lines(edited: Edited) -> list[str]:
    levels = edited.levels
    if levels is None:
        return []
    if levels.is_estimate:  # peaks aren't known without decoding
        return [f"level: RMS about {levels.rms_db:.0f} dBFS, estimated from the MP3's frames"]
    peak, rms = level_text(levels.peak_db), level_text(levels.rms_db)
    return [f"level: peak {peak} dBFS, RMS {rms} dBFS"]


def _level_facts(edited: Edited) -> dict[str, float | bool]:
    levels = edited.levels
    if levels is None:
        return {}
    peak = {} if levels.is_estimate else {"peak_dbfs": round(levels.peak_db, 2)}
    return {**peak, "rms_dbfs": round(levels.rms_db, 2), "estimated": levels.is_estimate}
