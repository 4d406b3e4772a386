"""Removes private metadata from a picture without touching its pixels."""

import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from stability_mcp.imaging.containers import jpeg, png, riff
from stability_mcp.imaging.containers.piece import Piece, copy_pieces, read_at
from stability_mcp.imaging.facts import Facts


@contextmanager
def replacing(target: Path) -> Iterator[BinaryIO]:
    """Open a new file beside `target` and put it in its place when the block ends well.

    Raises:
        OSError: The folder cannot be written, or the disk is full; nothing is left behind.
    """
    temporary = target.with_name(f".{secrets.token_hex(8)}.part")
    file = temporary.open("xb")
    try:
        with file:
            yield file
        os.replace(temporary, target)  # noqa: PTH105 -- says more plainly what happens to target
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise


def strip(source: Path, facts: Facts, target: Path) -> None:
    """Write the picture without EXIF, XMP, IPTC, comments and what follows its end.

    The colour profile stays, and so does the orientation's effect: none, so turn it first.

    Args:
        source: A PNG, JPEG or WebP; others have to be encoded again to lose their metadata.
        facts: What `probe` says of it.
        target: Where to write.
    """
    with source.open("rb") as file, replacing(target) as out:
        copy_pieces(file, _kept(file, facts), out)


def _kept(file: BinaryIO, facts: Facts) -> Iterator[Piece | bytes]:
    if facts.media_type == "image/png":
        return (p for p in png.pieces(file, facts.bytes) if p.kind not in png.PRIVATE)
    if facts.media_type == "image/jpeg":
        return (p for p in jpeg.pieces(file, facts.bytes) if not _tells_in_jpeg(file, p))
    return iter(_webp(file, facts))


def _tells_in_jpeg(file: BinaryIO, piece: Piece) -> bool:
    # The index of further pictures in the file points behind the end, where nothing will be.
    index = piece.kind == jpeg.APP2 and read_at(file, piece.body, 4) == b"MPF\x00"
    return index or piece.kind in jpeg.PRIVATE


def _webp(file: BinaryIO, facts: Facts) -> list[Piece | bytes]:
    parts: list[Piece | bytes] = []
    for piece in riff.pieces(file, facts.end or facts.bytes)[1:]:
        if piece.kind == b"VP8X":
            body = bytearray(read_at(file, piece.body, piece.end - piece.body))
            body[0] &= ~(riff.EXIF_FLAG | riff.XMP_FLAG)
            parts.append(riff.chunk(piece.kind, bytes(body)))
        elif piece.kind not in riff.PRIVATE:
            parts.append(piece)
    return [riff.header(b"WEBP", parts), *parts]
