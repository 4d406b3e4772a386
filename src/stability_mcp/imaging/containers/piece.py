"""A file as a sequence of pieces that can be kept, removed or inserted without decoding pixels."""

from collections.abc import Iterable, Iterator
from typing import BinaryIO, NamedTuple

from stability_mcp.errors import FileUnusableError

MAX_PIECES = 100_000
"""A real picture has a few thousand pieces; a file of empty ones is meant to waste time."""
IMAGE_EDITOR = "an image editor"
AUDIO_EDITOR = "an audio editor"
MODEL_EDITOR = "a 3D program"
_BLOCK = 1 << 20


class Piece(NamedTuple):
    """A section of a file including its framing; the pieces in order make up the file.

    `kind` is the format's own name: a PNG or RIFF chunk type, a JPEG marker.
    """

    kind: bytes
    start: int
    end: int
    body: int
    """Start of its data, after the framing."""


Part = Piece | bytes
"""A section of a file, or new bytes."""


def cut_short(what: str, missing: str, *, editor: str | None = None) -> FileUnusableError:
    """Return the error for a file that ends too early.

    Args:
        what: Its format.
        missing: What is missing, and how much of it.
        editor: The kind of program that can save the rest as a complete file, if one can.
    """
    rest = f" To use the part that is left, open and save it with {editor}." if editor else ""
    return FileUnusableError(
        f"This {what} is cut short: {missing}.", hint=f"Save or download it again.{rest}"
    )


def missing_rows(what: str, share: float) -> FileUnusableError:
    """Return the error for a picture of which a share of the rows, from 0 to 1, is missing."""
    return cut_short(what, f"{max(share * 100, 1):.0f} % of the picture is missing")


def damaged(what: str, how: str, *, editor: str = IMAGE_EDITOR) -> FileUnusableError:
    """Return the error for a file that violates its format.

    Args:
        what: Its format.
        how: What is wrong with it.
        editor: The kind of program that can save it again.
    """
    return FileUnusableError(
        f"This {what} is damaged: {how}.", hint=f"Open and save it again with {editor}."
    )


def check_count(pieces: list[Piece], what: str) -> None:
    """Raise FileUnusableError if there are more pieces than any real file has."""
    if len(pieces) > MAX_PIECES:
        raise damaged(what, f"it has more than {MAX_PIECES:,} parts")


def read_at(file: BinaryIO, start: int, size: int) -> bytes:
    """Return up to `size` bytes from `start`."""
    file.seek(start)
    return file.read(size)


def copy_pieces(source: BinaryIO, pieces: Iterable[Part], target: BinaryIO) -> None:
    """Write pieces of `source` and new bytes in this order."""
    for part in _joined(pieces):
        if isinstance(part, bytes):
            target.write(part)
            continue
        source.seek(part.start)
        left = part.end - part.start
        while left:
            block = source.read(min(_BLOCK, left))
            if not block:
                raise cut_short("file", "it was truncated while it was being copied")
            target.write(block)
            left -= len(block)


def _joined(pieces: Iterable[Part]) -> Iterator[Part]:
    """Merge adjacent pieces: a PNG has hundreds of small consecutive chunks."""
    last: Piece | None = None
    for part in pieces:
        if last and isinstance(part, Piece) and part.start == last.end:
            last = last._replace(end=part.end)
            continue
        if last:
            yield last
        last = part if isinstance(part, Piece) else None
        if isinstance(part, bytes):
            yield part
    if last:
        yield last
