"""The file format of a backup: an uncompressed tar file that other programs can read too.

It holds `manifest.json`, then `store.db`, then each blob as `blobs/<first two digits>/<sha256>`.
Media files are compressed already. A tar file is written and read in one pass, of any size.

A backup may come from a stranger, so `read_members` accepts only what `BackupWriter` writes: plain
files with these names, in this order, each once, in headers without extensions. Python's own tar
reader follows extension headers, whose sizes the file chooses; this one reads a header of 512 bytes
at a time. What a member holds is checked against the manifest and against its name.
"""

import hashlib
import json
import re
import tarfile
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import IO, Literal, get_args

from stability_mcp.errors import FileUnusableError
from stability_mcp.store.format import DATABASE, SCHEMA
from stability_mcp.text import quoted

FORMAT = 1
"""Version of this format."""
MANIFEST = "manifest.json"
FIRST = (MANIFEST, DATABASE)
"""The members before the blobs."""
MAX_MANIFEST_BYTES = 65_536
"""The manifest has a few hundred bytes."""
CHUNK = 1 << 20

BLOCK = tarfile.BLOCKSIZE
RECORD = tarfile.RECORDSIZE
"""A tar file ends with two blocks of zeros, padded with zeros to full records."""

_BLOB = re.compile(r"blobs/([0-9a-f]{2})/(\1[0-9a-f]{62})")
_SHA256 = re.compile(r"[0-9a-f]{64}")

Kind = Literal["api", "emulator"]
"""Which of the two stores of a data folder: the one with charged results, or the emulator's."""

Progress = Callable[[int, int], None]
"""Called with the bytes that are done and the total."""


@dataclass(frozen=True, kw_only=True)
class Manifest:
    """What a backup says about itself."""

    format: int = FORMAT
    program: str
    """Version of the program that wrote it."""
    schema: int = SCHEMA
    """Version of the tables."""
    kind: Kind
    made_at: float
    """When the database was copied, in unix seconds."""
    database_sha256: str
    database_bytes: int
    blobs: int
    """Number of blobs."""
    blob_bytes: int
    media: int
    """Number of media items, with deleted ones."""
    jobs: int
    charged: int
    """Millicredits in the ledger, charged or assumed to be."""

    def to_json(self) -> bytes:
        """Return the manifest as it is stored."""
        return json.dumps(asdict(self), indent=1).encode()


@dataclass(frozen=True, kw_only=True)
class Member:
    """A file in a backup; its bytes must be read before the next one."""

    name: str
    size: int
    chunks: Iterator[bytes]

    @property
    def sha256(self) -> str | None:
        """Return the hash in the name of a blob; None for other files."""
        found = _BLOB.fullmatch(self.name)
        return found[2] if found else None


def blob_name(sha256: str) -> str:
    """Return the name of a blob in a backup."""
    return f"blobs/{sha256[:2]}/{sha256}"


class BackupWriter:
    """Writes a backup to a file that is open for writing."""

    def __init__(self, file: IO[bytes]) -> None:
        self._file = file

    def add(self, name: str, size: int, source: Iterator[bytes]) -> str:
        """Add a file; return the SHA-256 of what was written.

        Raises:
            ValueError: the source doesn't have `size` bytes.
        """
        info = tarfile.TarInfo(name)
        info.size, info.mode = size, 0o600
        # GNU's format has sizes above 8 GB in the header itself, without an extension header.
        self._file.write(info.tobuf(tarfile.GNU_FORMAT))
        digest, left = hashlib.sha256(), size
        for chunk in source:
            left -= len(chunk)
            if left < 0:
                break
            digest.update(chunk)
            self._file.write(chunk)
        if left:
            raise ValueError("the file changed while it was read")
        self._file.write(bytes(-size % BLOCK))
        return digest.hexdigest()

    def finish(self) -> None:
        """Write the end of the archive."""
        self._file.write(bytes(2 * BLOCK))
        self._file.write(bytes(-self._file.tell() % RECORD))


def chunks_of(path: Path) -> Iterator[bytes]:
    """Yield the bytes of a file."""
    with path.open("rb") as file:
        while chunk := file.read(CHUNK):
            yield chunk


def file_sha256(path: Path) -> str:
    """Return the SHA-256 of a file."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def unusable(why: str) -> FileUnusableError:
    """Return the error of a file that isn't a complete backup."""
    return FileUnusableError(
        f"Not restored: the file isn't a complete backup ({why}).",
        hint="Use another backup, or copy this one again from where it was stored.",
    )


def read_members(file: IO[bytes], total: int) -> Iterator[Member]:
    """Yield the members of a backup in order: manifest, database, blobs.

    Args:
        file: The backup, open for reading at its start.
        total: Its size in bytes: a member that claims more than the rest is refused.

    Raises:
        FileUnusableError: the file isn't a backup, is truncated, or has members that no backup has.
    """
    seen = set[str]()
    while (header := _exactly(file, BLOCK)).strip(b"\0"):
        member = _member(file, header, total)
        if member.name in seen:
            raise unusable(f"it has {quoted(member.name)} twice")
        is_right = member.name == FIRST[len(seen)] if len(seen) < len(FIRST) else member.sha256
        if not is_right:
            raise unusable(f"{quoted(member.name)} doesn't belong in one")
        seen.add(member.name)
        yield member
        for _ in member.chunks:
            """Skip what the caller didn't read."""
        if _exactly(file, -member.size % BLOCK).strip(b"\0"):
            raise unusable("there are bytes between its files")
    while rest := file.read(RECORD):
        if rest.strip(b"\0"):
            raise unusable("there are bytes after its end")
    if len(seen) < len(FIRST):
        raise unusable("it has no database")


def _member(file: IO[bytes], header: bytes, total: int) -> Member:
    """Read a header of one block."""
    try:
        info = tarfile.TarInfo.frombuf(header, "ascii", "strict")
    except (tarfile.HeaderError, ValueError) as error:
        raise unusable("it isn't a tar file, or is damaged") from error
    if info.type not in {tarfile.REGTYPE, tarfile.AREGTYPE} or info.linkname:
        raise unusable(f"{quoted(info.name)} isn't a plain file")
    if not 0 <= info.size <= total - file.tell():
        raise unusable("it is truncated")
    return Member(name=info.name, size=info.size, chunks=_read(file, info.size))


def _read(file: IO[bytes], size: int) -> Iterator[bytes]:
    while size:
        chunk = _exactly(file, min(size, CHUNK))
        size -= len(chunk)
        yield chunk


def _exactly(file: IO[bytes], size: int) -> bytes:
    data = file.read(size)
    if len(data) != size:
        raise unusable("it is truncated")
    return data


def read_manifest(member: Member) -> Manifest:
    """Read the manifest, the first member of a backup.

    Raises:
        FileUnusableError: it is invalid, or of a format or schema that this program doesn't know.
    """
    if member.size > MAX_MANIFEST_BYTES:
        raise unusable("its manifest is too large")
    try:
        given = json.loads(b"".join(member.chunks))
        manifest = Manifest(**{each.name: given[each.name] for each in fields(Manifest)})
    except (ValueError, TypeError, LookupError, RecursionError) as error:
        raise unusable("its manifest is invalid") from error
    if not _is_sound(manifest):
        raise unusable("its manifest is invalid")
    if manifest.format > FORMAT or manifest.schema > SCHEMA:
        raise FileUnusableError(
            "Not restored: the backup was made by a newer stability-mcp "
            f"({quoted(manifest.program)}).",
            hint="Update stability-mcp, then restore it.",
        )
    return manifest


def _is_sound(manifest: Manifest) -> bool:
    """Return whether each value has its type and no number is negative."""
    values = asdict(manifest)
    texts = [values.pop(name) for name in ("program", "kind", "database_sha256")]
    made_at = values.pop("made_at")
    return (
        all(isinstance(each, str) for each in texts)
        and manifest.kind in get_args(Kind)
        and _SHA256.fullmatch(manifest.database_sha256) is not None
        and type(made_at) in {int, float}
        and 0 <= made_at < MAX_TIME
        and all(type(each) is int and each >= 0 for each in values.values())
    )


MAX_TIME = 2.0**36
"""Unix seconds in the year 4147, which every system can show as a date."""
