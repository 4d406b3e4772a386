"""Reads the length of compressed sound other than MP3, limited to what the file size allows.

Headers can be wrong: one small file claimed hours.
"""

from typing import BinaryIO

from stability_mcp.imaging.containers.piece import AUDIO_EDITOR, damaged
from stability_mcp.imaging.facts import Facts
from stability_mcp.imaging.sniff import extension

_MIN_BITS_PER_SECOND = 1_000
"""Lowest bit rate of any codec."""


def compressed_facts(file: BinaryIO, size: int, media_type: str) -> Facts:
    """Return the facts of a FLAC, Ogg or M4A file.

    Args:
        file: The file, open for reading.
        size: Its length in bytes.
        media_type: The type by its first bytes; it selects the parser, never the file name.

    Raises:
        FileUnusableError: It contains no sound.
    """
    from tinytag import TinyTag, TinyTagException

    ending = extension(media_type)
    name = ending.upper()
    try:
        tag = TinyTag.get(f"sound.{ending}", file_obj=file, tags=False, check_magic_bytes=False)
    except TinyTagException:
        raise damaged(name, "its header is unreadable", editor=AUDIO_EDITOR) from None
    seconds, rate = tag.duration, tag.samplerate
    if not (seconds and rate and 0 < seconds < float("inf")):
        raise damaged(name, "it contains no sound", editor=AUDIO_EDITOR)
    return Facts(
        media_type=media_type,
        bytes=size,
        seconds=round(min(seconds, size * 8 / _MIN_BITS_PER_SECOND), 3),
        rate=rate,
        channels=tag.channels,
    )
