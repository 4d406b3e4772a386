"""Edits sounds in the way that loses least.

WAVs of one form are copied bit for bit and MP3s at frames, if only trimmed, joined and repeated.
Everything else is computed from the samples; those of an MP3 need the extra `[formats]`.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from stability_mcp.errors import FileUnusableError
from stability_mcp.imaging.convert import is_installed
from stability_mcp.imaging.facts import Facts
from stability_mcp.imaging.probe import probe
from stability_mcp.imaging.sound.edit_steps import (
    CHANNELS,
    MAX_RATE,
    MIN_SECONDS,
    Edit,
    OutputFormat,
    SoundEditError,
    arrange,
    channels_text,
    check_size,
    cut,
    level_text,
    seconds_text,
)
from stability_mcp.imaging.sound.mp3_edit import Mp3Sound, write_mp3
from stability_mcp.imaging.sound.resample import can_resample
from stability_mcp.imaging.sound.sample_stream import (
    SoundForm,
    amplified,
    arranged_reader,
    faded,
    section,
)
from stability_mcp.imaging.sound.sound_file import SoundFile
from stability_mcp.imaging.sound.sound_levels import (
    MAX_CHANNELS,
    SILENCE_DB,
    SoundLevels,
    amplitude,
    measure_sound,
)
from stability_mcp.imaging.sound.sound_output import (
    MAX_MP3_CHANNELS,
    nearest_mp3_rate,
    write_encoded_mp3,
    write_wav,
)
from stability_mcp.imaging.sound.sound_parts import Arrangement, Part
from stability_mcp.imaging.sound.sound_preview import measure_file
from stability_mcp.imaging.sound.sound_reader import SoundReader
from stability_mcp.imaging.sound.wav_copy import copy_wav
from stability_mcp.text import quoted

MAX_PEAK_DB = -1.0
"""Highest peak after `loudness`: decoders of MP3 and players overshoot what is louder (EBU R 128
allows -1 dBTP)."""
COMPUTING_BYTES = 48_000_000
"""Memory of blocks of up to 8 channels in several stages, and of a crossfade of a minute."""
_ENCODER = (
    'Install the extra, pip install "stability-mcp[formats]", and restart the server, or leave '
    "format out to get a WAV."
)
_TRIM_INSTEAD = "pass start and end: media_inspect estimates the silence at both ends"
_LEVEL_INSTEAD = "pass its level as a number: media_inspect estimates it"


@dataclass(frozen=True, kw_only=True)
class Edited:
    """What an edit did."""

    effects: list[str]
    """Each step in one line."""
    facts: Facts
    """Of the result."""
    levels: SoundLevels | None
    """Of the result; an estimate if it can't be decoded."""


def edit_sound(
    sounds: Sequence[SoundFile], edit: Edit, target: Path, *, like: SoundFile | None = None
) -> Edited:
    """Write an edited sound to `target`; blocks.

    Args:
        sounds: The sounds, in order.
        edit: The edit; `start` and `end` are for a single sound.
        target: Output path.
        like: The sound whose loudness the result gets.

    Raises:
        SoundEditError: the edit isn't possible.
        FileUnusableError: a sound is damaged.
        OSError: a file can't be read or written.
    """
    _check_forms(sounds)
    effects: list[str] = []
    sections = [_section(number, sound, edit, effects) for number, sound in enumerate(sounds)]
    once, whole = arrange(edit, sections)
    effects += _arrangement_effects(edit, sections, once, whole)
    if like is not None:
        for sound in sounds:  # the error about the sounds comes before the one about the other
            sound.samples("loudness")
        loudness = measure_sound(like.samples("loudness", instead=_LEVEL_INSTEAD)).rms_db
        effects.append(f"loudness of {quoted(like.name)}: {level_text(loudness)} dBFS RMS")
        edit = replace(edit, loudness=loudness)
    effects += _no_change(sounds, edit)
    reason = _computing_reason(sounds, edit)
    if reason is None and all(sound.is_mp3 for sound in sounds):
        distinct = [sound.frames for sound in sounds]
        write_mp3(distinct, whole, target)
        effects.append(_frames_effect(distinct[0], whole))
    elif reason is None:
        wavs = [sound.raw for sound in sounds if sound.raw]
        first = wavs[0].samples
        check_size(whole.seconds, first.rate, first.block)
        copy_wav(wavs, whole, target)
        effects.append("samples copied bit for bit")
    else:
        readers = [sound.samples(reason) for sound in sounds]
        effects += _compute(sounds, readers, edit, whole, target)
    facts = probe(target)
    return Edited(effects=effects, facts=facts, levels=_levels(target, facts))


def _check_forms(sounds: Sequence[SoundFile]) -> None:
    """Raise SoundEditError for a form that only hostile files have."""
    for sound in sounds:
        rate, channels = sound.facts.rate or 0, sound.facts.channels or 0
        if rate > MAX_RATE or channels > MAX_CHANNELS:
            raise SoundEditError(
                f"{quoted(sound.name)} has {rate:,} Hz and {channels} channels; up to "
                f"{MAX_RATE:,} Hz and {MAX_CHANNELS} channels can be edited",
                hint="Export it with 44,100 Hz and two channels.",
            )


def _levels(path: Path, facts: Facts) -> SoundLevels | None:
    try:
        return measure_file(path, facts)
    except FileUnusableError:  # the result is stored without them
        return None


def _section(number: int, sound: SoundFile, edit: Edit, effects: list[str]) -> Part:
    """Return the part of a sound that is kept."""
    whole = sound.seconds
    start, end = cut(edit, whole)
    if (start, end) != (0.0, whole):
        effects.append(
            f"trim: from {seconds_text(start)} to {seconds_text(end)} of {seconds_text(whole)}, "
            f"{seconds_text(end - start)} left"
        )
    if edit.trim_silence:
        reader = section(sound.samples("trim_silence", instead=_TRIM_INSTEAD), start, end)
        levels = measure_sound(reader)
        if levels.is_silent:
            raise SoundEditError(
                f"{quoted(sound.name)} is silent: nothing in it is above {SILENCE_DB:g} dBFS",
                hint="Leave trim_silence out, or pass another sound.",
            )
        before, after = levels.silence_at_start, levels.silence_at_end
        start, end = start + before, end - after
        if end - start < MIN_SECONDS:
            end = start + MIN_SECONDS
        effects.append(_silence_effect(sound.name, before, after, left=end - start))
    return Part(number, start, end)


def _silence_effect(name: str, before: float, after: float, *, left: float) -> str:
    """Return what was trimmed, in hundredths of a second: silence isn't measured more precisely."""
    if before == after == 0:
        return f"trim_silence: no silence at the ends of {quoted(name)}"
    parts = (seconds_text(round(each, 2)) for each in (before, after, left))
    start, end, rest = parts
    return (
        f"trim_silence: {start} removed at the start and {end} at the end of {quoted(name)}, "
        f"{rest} left"
    )


def _arrangement_effects(
    edit: Edit, sections: Sequence[Part], once: Arrangement, whole: Arrangement
) -> list[str]:
    between = f", {seconds_text(edit.gap)} of silence between them" if edit.gap else ""
    between += f", {seconds_text(edit.crossfade)} crossfade" if edit.crossfade else ""
    effects = []
    if len(sections) > 1:
        lengths = " + ".join(f"{round(each.seconds, 3):g}" for each in sections)
        effects.append(f"join: {lengths} s{between} = {seconds_text(once.seconds)}")
    if len(whole.parts) > len(once.parts):
        step = once.seconds + edit.gap - edit.crossfade
        times = 1 + (whole.seconds - once.seconds) / step
        effects.append(
            f"repeat: {times:.3g} times{between}, {seconds_text(once.seconds)} to "
            f"{seconds_text(whole.seconds)}"
        )
    return effects


def _no_change(sounds: Sequence[SoundFile], edit: Edit) -> list[str]:
    """Return a line for each argument that asks for what the sounds are already."""
    effects = []
    if edit.channels and {each.facts.channels for each in sounds} == {CHANNELS[edit.channels]}:
        effects.append(f"channels: already {edit.channels}")
    if edit.format and {each.form_name for each in sounds} == {edit.format.upper()}:
        effects.append(f"format: already {edit.format.upper()}")
    return effects


def _frames_effect(first: Mp3Sound, whole: Arrangement) -> str:
    joins = len(whole.parts) > 1
    at = (
        f", joins at the nearest of its frames of {first.frame_seconds * 1000:.0f} ms"
        if joins
        else ""
    )
    return f"MP3 frames kept without encoding again{at}"


def _computing_reason(sounds: Sequence[SoundFile], edit: Edit) -> str | None:
    """Return the argument for which samples have to be computed; None: they are only moved."""
    wanted = {
        "crossfade": edit.crossfade,
        "loudness": edit.loudness is not None,
        "fade_in": edit.fade_in,
        "fade_out": edit.fade_out,
        f"channels: {edit.channels}": edit.channels is not None
        and any(sound.facts.channels != CHANNELS[edit.channels] for sound in sounds),
        f"format: {edit.format}": edit.format is not None
        and any(sound.is_mp3 != (edit.format == "mp3") for sound in sounds),
        "join of different formats": len({sound.is_mp3 for sound in sounds}) > 1,
    }
    reason = next((name for name, needed in wanted.items() if needed), None)
    if reason is not None:
        return reason
    if all(sound.is_mp3 for sound in sounds):
        forms = {(each.frames.rate, each.frames.channels) for each in sounds}
        return _difference(sounds) if len(forms) > 1 else None
    if any(sound.raw is None for sound in sounds):
        return "this"
    return _difference(sounds) if len({each.raw.form for each in sounds if each.raw}) > 1 else None


def _difference(sounds: Sequence[SoundFile]) -> str:
    """Return what has to be made equal."""
    if len({each.facts.channels for each in sounds}) > 1:
        return "join of different channels"
    if len({each.facts.rate for each in sounds}) > 1:
        return "join of different sampling rates"
    return "join of different kinds of samples"


def _compute(
    sounds: Sequence[SoundFile],
    readers: Sequence[SoundReader],
    edit: Edit,
    whole: Arrangement,
    target: Path,
) -> list[str]:
    """Write a result whose samples are computed, and return what was done."""
    output: OutputFormat = edit.format or (
        "mp3" if all(sound.is_mp3 for sound in sounds) else "wav"
    )
    if output == "mp3" and not is_installed():
        raise SoundEditError(
            "an MP3 can't be made of samples: the extra [formats], which encodes it, isn't "
            "installed",
            hint=_ENCODER,
        )
    effects: list[str] = []
    form = _form(readers, edit, output, effects)
    source = arranged_reader(readers, whole, form)
    blocks = amplified(source.blocks(), _factor(edit, source, effects))
    if edit.fade_in or edit.fade_out:
        blocks = faded(blocks, source, fade_in=edit.fade_in, fade_out=edit.fade_out)
        effects += _fade_effects(edit, source.seconds)
    if output == "mp3":
        write_encoded_mp3(blocks, form, target=target)
        again = " again" if any(sound.is_mp3 for sound in sounds) else ""
        kilobits = target.stat().st_size * 8 / 1000 / source.seconds
        return [*effects, f"MP3 encoded{again}, {kilobits:.0f} kbit/s (variable, quality V2)"]
    width = max(sound.width for sound in sounds)
    check_size(source.seconds, form.rate, form.channels * width)
    write_wav(blocks, form, frames=source.frames, width=width, target=target)
    return [*effects, f"WAV written with {width * 8} bits per sample"]


def _fade_effects(edit: Edit, seconds: float) -> list[str]:
    effects = [f"fade_in: the first {seconds_text(edit.fade_in)}"] if edit.fade_in else []
    if edit.fade_out:
        start = seconds_text(seconds - edit.fade_out)
        effects.append(f"fade_out: the last {seconds_text(edit.fade_out)}, from {start}")
    return effects


def _form(
    readers: Sequence[SoundReader], edit: Edit, output: OutputFormat, effects: list[str]
) -> SoundForm:
    """Return the form of the result: the highest rate and the most channels of the sounds.

    Raises:
        SoundEditError: a sound can't be brought into it.
    """
    counts = sorted({reader.channels for reader in readers})
    most = counts[-1]
    channels = CHANNELS[edit.channels] if edit.channels else most
    unclear = channels > 1 and any(each not in {1, channels} for each in counts)
    if unclear or (output == "mp3" and channels > MAX_MP3_CHANNELS):
        raise SoundEditError(
            f"a sound with {most} channels can't become "
            f"{'an MP3' if output == 'mp3' else f'one with {channels}'}",
            hint="Pass channels: mono.",
        )
    if counts != [channels]:
        how = "the mean of all channels" if channels == 1 else "the same on both sides"
        given = " and ".join(channels_text(each) for each in counts if each != channels)
        effects.append(f"channels: {given} to {channels_text(channels)}, {how}")
    rates = sorted({reader.rate for reader in readers})
    rate = nearest_mp3_rate(rates[-1]) if output == "mp3" else rates[-1]
    for each in rates:
        if not can_resample(each, rate):
            raise SoundEditError(
                f"{each:,} Hz can't be converted to {rate:,} Hz",
                hint="Export the sound with 44,100 or 48,000 Hz.",
            )
    if rates != [rate]:
        given = " and ".join(f"{each:,}" for each in rates if each != rate)
        effects.append(f"sampling rate: {given} to {rate:,} Hz")
    return SoundForm(rate, channels)


def _factor(edit: Edit, source: SoundReader, effects: list[str]) -> float:
    """Return the factor for the wanted loudness.

    Raises:
        SoundEditError: the sound is silent.
    """
    if edit.loudness is None:
        return 1.0
    levels = measure_sound(source)
    if levels.is_silent:
        raise SoundEditError(
            f"the sound is silent, nothing in it is above {SILENCE_DB:g} dBFS, so it can't be "
            "made louder",
            hint="Leave loudness out, or pass another sound.",
        )
    highest = MAX_PEAK_DB - levels.peak_db
    wanted = highest if edit.loudness == "peak" else edit.loudness - levels.rms_db
    gain = min(wanted, highest)
    after = level_text(levels.rms_db + gain)
    reached = f"RMS {level_text(levels.rms_db)} to {after} dBFS ({gain:+.1f} dB)"
    note = f", peak at {level_text(levels.peak_db + gain)} dBFS"
    if gain < wanted and edit.loudness != "peak":
        note += f": limited by the peak, {edit.loudness:.1f} would clip"
    effects.append(f"loudness: {reached}{note}")
    return amplitude(gain)
