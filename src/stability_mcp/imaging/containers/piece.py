"""A file as a sequence of pieces that can be kept, removed or inserted without decoding pixels."""

from collections.abc import Iterable, Iterator
from typing import BinaryIO, NamedTuple

from stability_mcp.errors import FileUnusableError

MAX_PIECES = 100_000
"""A real picture has a few thousand pieces; a file of empty ones is meant to waste time."""
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


def cut_short(what: str, missing: str) -> FileUnusableError:
    """Return the error for a file that ends too early."""
    return FileUnusableError(
        f"This {what} is cut short: {missing}.", hint="Save or download it again."
    )


def missing_rows(what: str, share: float) -> FileUnusableError:
    """Return the error for a picture of which a share of the rows, from 0 to 1, is missing."""
    return cut_short(what, f"{max(share * 100, 1):.0f} % of the picture is missing")


def damaged(what: str, how: str) -> FileUnusableError:
    """Return the error for a file that violates its format."""
    return FileUnusableError(
        f"This {what} is damaged: {how}.", hint="Open and save it again with an image editor."
    )


def check_count(pieces: list[Piece], what: str) -> None:
    """Raise FileUnusableError if there are more pieces than any real file has."""
    if len(pieces) > MAX_PIECES:
        raise damaged(what, f"it has more than {MAX_PIECES:,} parts")


def read_at(file: BinaryIO, start: int, size: int) -> bytes:
    """Return up to `size` bytes from `start`."""
    file.seek(start)
    return file.read(size)


def copy_pieces(source: BinaryIO, pieces: Iterable[Piece | bytes], target: BinaryIO) -> None:
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


def _joined(pieces: Iterable[Piece | bytes]) -> Iterator[Piece | bytes]:
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
