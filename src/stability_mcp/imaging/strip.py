"""Removes private metadata from pictures without decoding them."""

import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from stability_mcp.imaging.containers import jpeg, png, riff
from stability_mcp.imaging.containers.piece import Piece, copy_pieces, read_at
from stability_mcp.imaging.facts import Facts

_BUFFER_BYTES = 1 << 20
"""Bytes written at a time. Many small writes keep other threads waiting: see `wav._BLOCKS_READ`."""


@contextmanager
def atomic_write(target: Path) -> Iterator[BinaryIO]:
    """Open a temporary file and move it to `target` when the block succeeds.

    Raises:
        OSError: The folder isn't writable, or the disk is full; no file is left behind.
    """
    temporary = target.with_name(f".{secrets.token_hex(8)}.part")
    file = temporary.open("xb", buffering=_BUFFER_BYTES)
    try:
        with file:
            yield file
        os.replace(temporary, target)  # noqa: PTH105 -- clearer than Path.replace
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise


def strip(source: Path, facts: Facts, target: Path) -> None:
    """Write the picture without EXIF, XMP, IPTC, comments, unknown parts and trailing bytes.

    The colour profile is kept. The EXIF orientation is lost, so rotate the picture first.

    Args:
        source: A PNG, JPEG or WebP; other formats must be encoded again to lose their metadata.
        facts: Its `probe` facts.
        target: Output path.
    """
    with source.open("rb") as file, atomic_write(target) as out:
        copy_pieces(file, _kept(file, facts), out)


def _kept(file: BinaryIO, facts: Facts) -> Iterator[Piece | bytes]:
    if facts.media_type == "image/png":
        return (p for p in png.pieces(file, facts.bytes) if not png.is_private(p))
    if facts.media_type == "image/jpeg":
        return (p for p in jpeg.pieces(file, facts.bytes) if not jpeg.is_private(file, p))
    return iter(_webp(file, facts))


def _webp(file: BinaryIO, facts: Facts) -> list[Piece | bytes]:
    parts: list[Piece | bytes] = []
    for piece in riff.pieces(file, facts.end or facts.bytes)[1:]:
        if piece.kind == b"VP8X":
            body = bytearray(read_at(file, piece.body, piece.end - piece.body))
            body[0] &= ~(riff.EXIF_FLAG | riff.XMP_FLAG)
            parts.append(riff.chunk(piece.kind, bytes(body)))
        elif piece.kind in riff.PICTURE:
            parts.append(piece)
    return [riff.header(b"WEBP", parts), *parts]
