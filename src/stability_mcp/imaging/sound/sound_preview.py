"""Measures a sound file whatever its format, and makes the pictures that stand for it.

An MP3 that can't be decoded is estimated from its frames.
"""

from pathlib import Path
from typing import TYPE_CHECKING

from stability_mcp.errors import FileUnusableError
from stability_mcp.imaging.containers.mp3 import scan
from stability_mcp.imaging.containers.piece import AUDIO_EDITOR, damaged
from stability_mcp.imaging.facts import Facts
from stability_mcp.imaging.preview import (
    MAX_BYTES,
    MAX_PREVIEW_SIDE,
    MAX_SIDE,
    Preview,
    PreviewFormat,
    encode_preview,
)
from stability_mcp.imaging.probe import probe
from stability_mcp.imaging.sniff import extension
from stability_mcp.imaging.sound.mp3_levels import estimate_mp3
from stability_mcp.imaging.sound.sound_levels import SoundLevels, measure_sound
from stability_mcp.imaging.sound.sound_reader import SoundReader, open_sound
from stability_mcp.imaging.sound.waveform import draw_waveform, length_text

if TYPE_CHECKING:
    from PIL import Image

MAX_SECONDS = 1_800
"""Longest sound that is measured: decoding it takes 4 s. The API takes at most 380 seconds."""
EXTRA = "install stability-mcp[formats]"
_DRAWN_WIDTH = 400
"""Smallest width at which a waveform is drawn; smaller pictures are scaled down."""


def check_sound(path: Path, facts: Facts) -> SoundReader | None:
    """Return the samples of a sound that can be measured; None: it can only be estimated.

    Raises:
        FileUnusableError: It can't be measured.
    """
    if (facts.seconds or 0) > MAX_SECONDS:
        raise FileUnusableError(
            f"The sound is longer than {MAX_SECONDS // 60} minutes, so it isn't measured.",
            hint="Measure a part of it.",
        )
    reader = open_sound(path, facts)
    if reader is None and facts.media_type != "audio/mpeg":
        name = extension(facts.media_type).upper()
        raise FileUnusableError(
            f"The samples of this {name} can't be decoded here.",
            hint=f"To measure it, {EXTRA}, or convert it to WAV or MP3.",
        )
    return reader


def measure_file(path: Path, facts: Facts) -> SoundLevels:
    """Return the levels of a sound; blocks.

    Raises:
        FileUnusableError: It can't be measured, or is damaged.
    """
    reader = check_sound(path, facts)
    if reader is not None:
        levels = measure_sound(reader)
    else:
        data = path.read_bytes()
        track = scan(data)
        if track is None:
            raise damaged("MP3", "it contains no sound", editor=AUDIO_EDITOR)
        levels = estimate_mp3(data, track)
    if not levels.samples:
        raise damaged("sound", "it contains no samples", editor=AUDIO_EDITOR)
    return levels


def sound_preview(
    path: Path,
    *,
    longest: int = MAX_PREVIEW_SIDE,
    format: PreviewFormat = "webp",  # noqa: A002 -- the word for it
) -> Preview:
    """Return the waveform of a sound as a preview.

    Args:
        path: The sound.
        longest: Width in pixels.
        format: File format.

    Raises:
        FileUnusableError: It can't be measured, or is damaged.
    """
    return levels_preview(measure_file(path, probe(path)), longest=longest, format=format)


def levels_preview(
    levels: SoundLevels,
    *,
    longest: int,
    format: PreviewFormat,  # noqa: A002 -- the word for it
) -> Preview:
    """Return the waveform of a measured sound; see `sound_preview`."""
    image = draw_waveform(levels, width=min(longest, MAX_SIDE))
    return encode_preview(image, max_bytes=MAX_BYTES, format=format)


def sound_thumbnail(path: Path, facts: Facts, side: int) -> "tuple[Image.Image, str]":
    """Return the waveform of a sound with a width, and its length as text.

    Raises:
        FileUnusableError: It can't be measured, or is damaged.
    """
    levels = measure_file(path, facts)
    image = draw_waveform(levels, width=max(side, _DRAWN_WIDTH))
    image.thumbnail((side, side))
    return image, length_text(levels.seconds)
