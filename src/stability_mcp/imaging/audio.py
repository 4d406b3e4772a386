"""Reads the length of a sound from its header, limited to what the file size allows.

Headers can be wrong: one 44-byte file claimed 24,348 s.
"""

import struct
from typing import BinaryIO

from stability_mcp.imaging.containers import riff
from stability_mcp.imaging.containers.piece import cut_short, damaged, read_at
from stability_mcp.imaging.facts import Facts
from stability_mcp.imaging.sniff import extension

_STREAMED = {0, 0xFFFFFFFF}
"""RIFF lengths left by recorders that couldn't seek back to fill them in."""
_MIN_BITS_PER_SECOND = 1_000
"""Lowest bit rate of any codec; MP3 starts at 8,000."""
_MIN_MP3_BITS_PER_SECOND = 8_000


def wav_facts(file: BinaryIO, size: int) -> Facts:
    """Return the facts of a WAV file from its `fmt ` and `data` chunks.

    Raises:
        FileUnusableError: The file is shorter than its header claims, or contains no sound.
    """
    claimed = int.from_bytes(read_at(file, 4, 4), "little")
    streamed = claimed in _STREAMED
    whole = size if streamed else min(riff.end(file), size)
    # The padding of an odd last chunk is often missing.
    if not streamed and claimed + 8 > size:
        raise cut_short("WAV", f"{claimed + 8 - size:,} of {claimed + 8:,} bytes are missing")
    chunks = {chunk.kind: chunk for chunk in reversed(riff.pieces(file, whole))}
    form, data = chunks.get(b"fmt "), chunks.get(b"data")
    if form is None or data is None or form.end - form.body < 16:  # noqa: PLR2004 -- its fixed part
        raise damaged("WAV", "its fmt or data chunk is missing")
    _, channels, rate, per_second = struct.unpack("<HHII", read_at(file, form.body, 12))
    if not (channels and rate and per_second):
        raise damaged("WAV", "its header has zero channels, sample rate or byte rate")
    length = int.from_bytes(read_at(file, data.start + 4, 4), "little")
    there = min(length, data.end - data.body)
    return Facts(
        media_type="audio/wav",
        bytes=size,
        end=whole,
        seconds=round(there / per_second, 3),
        rate=rate,
        channels=channels,
    )


def compressed_facts(file: BinaryIO, size: int, media_type: str) -> Facts:
    """Return the facts of an MP3, FLAC, Ogg or M4A file.

    Args:
        file: The file, open for reading.
        size: Its length in bytes.
        media_type: The type by its first bytes; it selects the parser, never the file name.

    Raises:
        FileUnusableError: It contains no sound.
    """
    from tinytag import TinyTag, TinyTagException

    ending = extension(media_type)
    try:
        tag = TinyTag.get(f"sound.{ending}", file_obj=file, tags=False, check_magic_bytes=False)
    except TinyTagException:
        raise damaged(ending.upper(), "its header is unreadable") from None
    seconds, rate = tag.duration, tag.samplerate
    if not (seconds and rate and 0 < seconds < float("inf")):
        raise damaged(ending.upper(), "it contains no sound")
    minimum = _MIN_MP3_BITS_PER_SECOND if media_type == "audio/mpeg" else _MIN_BITS_PER_SECOND
    return Facts(
        media_type=media_type,
        bytes=size,
        seconds=round(min(seconds, size * 8 / minimum), 3),
        rate=rate,
        channels=tag.channels,
    )
