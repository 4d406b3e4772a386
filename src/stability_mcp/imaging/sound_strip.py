"""Removes private metadata from sounds without decoding them; see `strip` for pictures.

Titles, names, places and covers may be in any chunk or tag, so only what is needed to play a sound
is kept: a WAV's format and samples, an MP3's frames.
"""

from pathlib import Path
from typing import BinaryIO

from stability_mcp.imaging.containers import riff
from stability_mcp.imaging.containers.mp3 import HEADER_BYTES, frame, scan
from stability_mcp.imaging.containers.piece import Part, Piece, copy_pieces, read_at
from stability_mcp.imaging.sniff import HEAD_BYTES, media_type
from stability_mcp.imaging.strip import atomic_write

_SOUND = frozenset({b"fmt ", b"fact", b"data"})
"""Chunks of a WAV that are needed to play it; `fact` has the length of compressed sound."""


def has_metadata(source: Path) -> bool:
    """Return whether a WAV or MP3 contains anything but its sound.

    False for another format, and for a file whose structure can't be followed.

    Raises:
        OSError: It cannot be read.
    """
    with source.open("rb") as file:
        return _without_metadata(file) is not None


def strip_sound(source: Path, target: Path) -> bool:
    """Write a WAV or MP3 without metadata to `target`; return False if it has none.

    Raises:
        OSError: A file cannot be read or written.
    """
    with source.open("rb") as file:
        parts = _without_metadata(file)
        if parts is None:
            return False
        with atomic_write(target) as out:
            copy_pieces(file, parts, out)
    return True


def _without_metadata(file: BinaryIO) -> list[Part] | None:
    """Return the parts of the file without metadata; None if it has none."""
    size = file.seek(0, 2)
    kind = media_type(read_at(file, 0, HEAD_BYTES))
    if kind == "audio/wav":
        return _wav(file, size)
    return _mp3(file, size) if kind == "audio/mpeg" else None


def _wav(file: BinaryIO, size: int) -> list[Part] | None:
    chunks = riff.sound_pieces(file, size) or []
    kept: list[Part] = [piece for piece in chunks if piece.kind in _SOUND]
    if len(kept) == len(chunks):
        return None
    return [riff.header(b"WAVE", kept), *kept]


def _mp3(file: BinaryIO, size: int) -> list[Part] | None:
    data = read_at(file, 0, size)
    track = scan(data)
    if track is None:
        return None
    end = track.runs[-1][1]
    # A file that was cut ends in part of a frame, which is sound and not metadata.
    rest = 0 if frame(data[end : end + HEADER_BYTES]) else size - end
    if track.runs == [(0, end)] and not rest:
        return None
    return [Piece(b"", start, end, start) for start, end in track.runs]
