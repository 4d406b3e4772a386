"""What `media_inspect` says about a sound."""

import logging
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any

from stability_mcp.errors import FileUnusableError
from stability_mcp.imaging.containers.wav import A_LAW, FLOAT, MU_LAW, PCM, wav_samples
from stability_mcp.imaging.facts import Facts
from stability_mcp.imaging.memory import run
from stability_mcp.imaging.preview import Preview, PreviewFormat
from stability_mcp.imaging.sniff import extension
from stability_mcp.imaging.sound.sound_levels import CLIPPED_RUN, SILENCE_DB, SoundLevels
from stability_mcp.imaging.sound.sound_preview import EXTRA, levels_preview, measure_file
from stability_mcp.local_tools.acceptance import Acceptance, acceptance
from stability_mcp.local_tools.local_tool import LocalResult
from stability_mcp.local_tools.workbench import Source, Workbench
from stability_mcp.media.preview import SIDES
from stability_mcp.store.threads import in_file_thread
from stability_mcp.text import listed, plain

LONG_SILENCE = 0.3
"""Seconds of silence at an end that are worth trimming: a shorter pause is part of most sounds."""
MAX_OFFSET = 0.005
"""DC offset from which it is named: -46 dBFS, which clicks at a cut."""
QUIET_DB = -30.0
"""RMS below which a sound is called quiet: speech and music are usually between -25 and -10."""

MAX_PAUSES = 6
"""Silences within a sound that are named; more are only counted."""
MAX_PAUSE_FACTS = 50
"""Silences within a sound in the facts."""
MAX_TAGS = 8
"""Tags that are named; more are only counted."""
MAX_TAG_NAME = 30
"""Characters of the name of a tag."""

_CODECS = {A_LAW: "A-law", MU_LAW: "\u00b5-law"}

log = logging.getLogger(__name__)

OperationLines = Callable[[Acceptance, Sequence[str]], list[str]]
"""Writes which operations accept an item, for the operator's toolsets."""


async def inspect_sound(
    workbench: Workbench,
    source: Source,
    lines: Sequence[str],
    operation_lines: OperationLines,
    *,
    wanted: str | None,
) -> LocalResult:
    """Measure a sound and show its waveform.

    Args:
        workbench: The media of the call.
        source: The sound.
        lines: The first lines of the answer.
        operation_lines: Writes which operations accept it.
        wanted: The argument `preview`.
    """
    taken = acceptance(source.facts)
    description = await in_file_thread(partial(_description, source))
    facts: dict[str, Any] = {"media": source.item.uri, **_header_facts(source.facts)}
    size = workbench.settings.preview
    side = None if wanted == "none" or size == "none" else SIDES[size]
    preview = None
    try:
        look = partial(_look, source, side, workbench.settings.preview_format)
        levels, preview = await run(look, facts=source.facts)
    except FileUnusableError as error:
        measured = [f"not measured: {error.message} {error.hint}"]
        facts["problem"] = error.message
    else:
        measured = [*_level_lines(levels), *_flaw_lines(levels)]
        facts |= _level_facts(levels)
    accepted = operation_lines(taken, workbench.settings.toolsets)
    facts |= {"accepted": taken.unchanged, "changed": taken.changed, "refused": taken.refused}
    return LocalResult(
        lines=[*lines, *description, *measured, *accepted], facts=facts, preview=preview
    )


def _look(
    source: Source, side: int | None, form: PreviewFormat
) -> tuple[SoundLevels, Preview | None]:
    """Measure a sound and draw it, if a width is given; blocks."""
    levels = measure_file(source.path, source.facts)
    if side is None:
        return levels, None
    return levels, levels_preview(levels, longest=side, format=form)


def _description(source: Source) -> list[str]:
    """Return the lines on its encoding and tags; blocks."""
    found = _tags(source)
    return [f"encoding: {_encoding(source)}", f"tags: {listed(found, most=MAX_TAGS) or 'none'}"]


def _tags(source: Source) -> list[str]:
    """Return the names of the tags in a sound, such as `title`."""
    from tinytag import TinyTag

    try:
        with source.path.open("rb") as file:
            name = f"sound.{extension(source.facts.media_type)}"
            tag = TinyTag.get(name, file_obj=file, duration=False, check_magic_bytes=False)
    except Exception:  # the library's parsers meet hostile files; tags are only mentioned
        log.info("the tags of %s can't be read", source.item.id, exc_info=True)
        return []
    # Tags have lists of values, unlike what the library says about the file.
    named = (str(name) for name, values in tag.as_dict().items() if isinstance(values, list))
    return sorted(plain(name)[:MAX_TAG_NAME] for name in named)


def _encoding(source: Source) -> str:
    """Return bits or bit rate; blocks."""
    facts = source.facts
    if facts.media_type == "audio/wav":
        with source.path.open("rb") as file:
            samples = wav_samples(file, facts.bytes)
        if samples is None:
            return "compressed"
        kind = {PCM: "-bit PCM", FLOAT: "-bit float"}.get(samples.tag)
        return f"{samples.width * 8}{kind}" if kind else _CODECS.get(samples.tag, "unknown")
    seconds = facts.seconds or 0
    average = f"about {facts.bytes * 8 / seconds / 1000:.0f} kbit/s" if seconds else "compressed"
    return f"{average}, compressed with losses" if facts.media_type != "audio/flac" else average


def _level_lines(levels: SoundLevels) -> list[str]:
    if levels.is_silent:
        return [f"silent: no part is louder than {SILENCE_DB:g} dBFS"]
    if levels.is_estimate:
        level = (
            f"loudness: about {levels.rms_db:.0f} dBFS RMS, estimated from the MP3's frames; "
            f"{EXTRA} to measure it and its peak"
        )
    else:
        level = f"loudness: peak {levels.peak_db:.1f} dBFS, RMS {levels.rms_db:.1f} dBFS"
    ends = f"{levels.silence_at_start:.2f} s at the start, {levels.silence_at_end:.2f} s at the end"
    pauses = [f"{start:.2f} to {end:.2f} s" for start, end in levels.pauses]
    within = f", within: {listed(pauses, most=MAX_PAUSES)}" if pauses else ""
    return [f"{level}{_balance(levels)}", f"silence below {SILENCE_DB:g} dBFS: {ends}{within}"]


def _balance(levels: SoundLevels) -> str:
    """Return how the channels differ, if they do."""
    if len(levels.channels) == 1:
        return ""
    if levels.equal_channels:
        return "; all channels are equal"
    each = [f"{rms:.1f}" for rms in levels.channel_rms_db]
    return f"; by channel: RMS {listed(each)} dBFS"


def _flaw_lines(levels: SoundLevels) -> list[str]:
    """Return what is wrong with a sound, and what to do."""
    found = _flaws(levels)
    return [f"flaws: {'; '.join(found) or 'none of those that are measured'}"]


def _flaws(levels: SoundLevels) -> list[str]:
    if levels.is_silent:
        return ["silent"]
    flaws = []
    if levels.clipped:
        share = levels.clipped / max(levels.samples, 1)
        flaws.append(
            f"clipped: {levels.clipped:,} samples ({share:.2%}) in runs of {CLIPPED_RUN} or more "
            "at full scale, which no edit restores"
        )
    if abs(levels.offset) > MAX_OFFSET:
        flaws.append(f"DC offset: {levels.offset:+.1%} of full scale")
    if levels.rms_db < QUIET_DB:
        flaws.append("quiet: audio_edit can raise its loudness")
    for place, seconds in (("start", levels.silence_at_start), ("end", levels.silence_at_end)):
        if seconds >= LONG_SILENCE:
            flaws.append(f"{seconds:.1f} s of silence at the {place}: audio_edit can trim it")
    return flaws


def _header_facts(facts: Facts) -> Mapping[str, object]:
    return {"seconds": facts.seconds, "rate": facts.rate, "channels": facts.channels}


def _level_facts(levels: SoundLevels) -> Mapping[str, object]:
    exact = not levels.is_estimate
    return {
        "estimated": levels.is_estimate,
        "peak_dbfs": round(levels.peak_db, 2) if exact else None,
        "rms_dbfs": round(levels.rms_db, 2),
        "channel_rms_dbfs": [round(each, 2) for each in levels.channel_rms_db],
        "equal_channels": levels.equal_channels,
        "silent": levels.is_silent,
        "silence_at_start": round(levels.silence_at_start, 3),
        "silence_at_end": round(levels.silence_at_end, 3),
        "pauses": [
            [round(start, 3), round(end, 3)] for start, end in levels.pauses[:MAX_PAUSE_FACTS]
        ],
        "clipped_samples": levels.clipped if exact else None,
        "dc_offset": round(levels.offset, 5) if exact else None,
        "flaws": _flaws(levels),
    }
