"""How long a sound is, by its header, and never longer than its bytes allow.

A header may lie: one said 24,348 s in 44 bytes.
"""

import struct
from typing import BinaryIO

from stability_mcp.imaging.containers import riff
from stability_mcp.imaging.containers.piece import cut_short, damaged, read_at
from stability_mcp.imaging.facts import Facts
from stability_mcp.imaging.sniff import extension

_STREAMED = {0, 0xFFFFFFFF}
"""RIFF lengths that recorders leave when they could not go back and fill them in."""
_MIN_BITS_PER_SECOND = 1_000
"""Bits a second below which no codec speaks; MP3 begins at 8,000."""
_MIN_MP3_BITS_PER_SECOND = 8_000


def wav_facts(file: BinaryIO, size: int) -> Facts:
    """Return the facts of a WAV file from its `fmt ` and `data` chunks.

    Raises:
        FileUnusableError: The file is shorter than its header says, or has no sound in it.
    """
    claimed = int.from_bytes(read_at(file, 4, 4), "little")
    streamed = claimed in _STREAMED
    whole = size if streamed else min(riff.end(file), size)
    # The padding of an odd last chunk is often left out.
    if not streamed and claimed + 8 > size:
        raise cut_short("WAV", f"{claimed + 8 - size:,} of {claimed + 8:,} bytes are missing")
    chunks = {chunk.kind: chunk for chunk in reversed(riff.pieces(file, whole))}
    form, data = chunks.get(b"fmt "), chunks.get(b"data")
    if form is None or data is None or form.end - form.body < 16:  # noqa: PLR2004 -- its fixed part
        raise damaged("WAV", "it says nothing of its sound")
    _, channels, rate, per_second = struct.unpack("<HHII", read_at(file, form.body, 12))
    if not (channels and rate and per_second):
        raise damaged("WAV", "its header has a zero where none can be")
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


def packed_facts(file: BinaryIO, size: int, media_type: str) -> Facts:
    """Return the facts of an MP3, FLAC, Ogg or M4A file.

    Args:
        file: The file, open for reading.
        size: Its length in bytes.
        media_type: What its first bytes say; the parser is chosen by this and not by a name.

    Raises:
        FileUnusableError: No sound can be found in it.
    """
    from tinytag import TinyTag, TinyTagException

    ending = extension(media_type)
    try:
        tag = TinyTag.get(f"sound.{ending}", file_obj=file, tags=False, check_magic_bytes=False)
    except TinyTagException:
        raise damaged(ending.upper(), "its header cannot be read") from None
    seconds, rate = tag.duration, tag.samplerate
    if not (seconds and rate and 0 < seconds < float("inf")):
        raise damaged(ending.upper(), "no sound was found in it")
    minimum = _MIN_MP3_BITS_PER_SECOND if media_type == "audio/mpeg" else _MIN_BITS_PER_SECOND
    return Facts(
        media_type=media_type,
        bytes=size,
        seconds=round(min(seconds, size * 8 / minimum), 3),
        rate=rate,
        channels=tag.channels,
    )
