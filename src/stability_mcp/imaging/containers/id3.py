"""Parses ID3v2 tags, the metadata before the frames of an MP3 (id3.org: 2.3.0, 2.4.0).

Only the first tag of a file counts, as for players. A tag of a kind that can't be extended safely
is left alone: version 2.2, an extended header (it may have a checksum), a footer, and version 2.3
with unsynchronisation, whose frame sizes don't match the bytes in the file.
"""

import re
from typing import BinaryIO, NamedTuple

from stability_mcp.errors import FileUnusableError
from stability_mcp.imaging.containers.piece import AUDIO_EDITOR, Piece, damaged, read_at

HEADER_BYTES = 10
MAX_TAG_BYTES = (1 << 28) - 1
"""Largest size that a header can state, without the header itself."""
MAX_FRAMES = 10_000
"""Frames that are read; a real tag has a few dozen."""
MAX_TEXT_BYTES = 1 << 20
"""Longest frame that is read as text."""

_VERSION_3, _VERSION_4 = 3, 4
_UNSYNCHRONISED = 0x80
_FRAME_ID = re.compile(rb"[A-Z][A-Z0-9]{3}")
_ENCODINGS = ("latin-1", "utf-16", "utf-16-be", "utf-8")
"""By the first byte of a text frame (2.4.0, section 4)."""


class Tag(NamedTuple):
    """The ID3v2 tag at the start of a file."""

    version: int
    flags: int
    size: int
    """Bytes after its header."""

    @property
    def end(self) -> int:
        """Return where it ends."""
        return HEADER_BYTES + self.size

    @property
    def can_grow(self) -> bool:
        """Return whether a frame can be added without changing the others."""
        plain = 0 if self.version == _VERSION_3 else _UNSYNCHRONISED
        return self.version in {_VERSION_3, _VERSION_4} and not self.flags & ~plain


def read_tag(file: BinaryIO, size: int) -> Tag | None:
    """Return the tag that a file starts with, or None.

    Raises:
        FileUnusableError: It is longer than the file, or its size is invalid.
    """
    header = read_at(file, 0, HEADER_BYTES)
    if header[:3] != b"ID3":
        return None
    length = _synchsafe(header[6:]) if len(header) == HEADER_BYTES else None
    if length is None or HEADER_BYTES + length > size:
        raise _damaged("its tag has an invalid size")
    return Tag(header[3], header[5], length)


def frames(file: BinaryIO, tag: Tag) -> list[Piece]:
    """Return the frames of a tag that can grow, up to the first bytes that aren't one."""
    found: list[Piece] = []
    at = HEADER_BYTES
    while at + HEADER_BYTES < tag.end and len(found) < MAX_FRAMES:
        header = read_at(file, at, HEADER_BYTES)
        # iTunes wrote plain sizes into tags of version 2.4.
        length = _synchsafe(header[4:8]) if tag.version == _VERSION_4 else None
        body = at + HEADER_BYTES
        end = body + (int.from_bytes(header[4:8], "big") if length is None else length)
        if not _FRAME_ID.fullmatch(header[:4]) or end > tag.end:
            break
        found.append(Piece(header[:4], at, end, body))
        at = end
    return found


def user_text(file: BinaryIO, piece: Piece) -> tuple[str, str] | None:
    """Return description and value of a TXXX frame; None for another or an invalid one."""
    length = piece.end - piece.body
    if piece.kind != b"TXXX" or not 1 < length <= MAX_TEXT_BYTES:
        return None
    body = read_at(file, piece.body, length)
    if body[0] >= len(_ENCODINGS):
        return None
    try:
        text = body[1:].decode(_ENCODINGS[body[0]])
    except UnicodeDecodeError:
        return None
    description, separator, value = text.partition("\0")
    # With UTF-16, the value has a byte order mark of its own.
    return (description, value.lstrip("\ufeff").rstrip("\0")) if separator else None


def user_text_frame(version: int, description: str, value: str) -> bytes:
    """Return a TXXX frame; both texts must be ASCII.

    ASCII is the same in every encoding, and unsynchronisation doesn't change it.
    """
    body = b"\0" + description.encode("ascii") + b"\0" + value.encode("ascii")
    length = _as_synchsafe(len(body)) if version == _VERSION_4 else len(body).to_bytes(4, "big")
    return b"TXXX" + length + b"\0\0" + body


def header(tag: Tag) -> bytes:
    """Return the header of a tag."""
    return b"ID3" + bytes((tag.version, 0, tag.flags)) + _as_synchsafe(tag.size)


def _synchsafe(data: bytes) -> int | None:
    """Return a number of 7 bits per byte; None: it isn't one."""
    if max(data) > 0x7F:  # noqa: PLR2004 -- 7 bits
        return None
    return data[0] << 21 | data[1] << 14 | data[2] << 7 | data[3]


def _as_synchsafe(number: int) -> bytes:
    return bytes(number >> shift & 0x7F for shift in (21, 14, 7, 0))


def _damaged(how: str) -> FileUnusableError:
    return damaged("MP3", how, editor=AUDIO_EDITOR)
