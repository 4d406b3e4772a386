"""Collects exported files: each as a file of its own, or all in one archive with a manifest."""

import hashlib
import json
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from stability_mcp.media.export_folder import ExportFiles

MANIFEST = "manifest.json"
_EPOCH = (1980, 1, 1, 0, 0, 0)
"""The first time that a ZIP can hold: archives of equal files are equal."""
_MODE = 0o100644
_UNIX = 3
_BLOCK = 1 << 20
_PACKED = frozenset({".json", ".webmanifest", ".glb", ".mtl", ".obj", ".wav", ".tiff"})
"""Endings of files that compression makes smaller; pictures and MP3 are compressed already."""


@dataclass(frozen=True, kw_only=True)
class Measured:
    """A collected file."""

    name: str
    """With its folder, as in an archive."""
    bytes: int
    sha256: str


@dataclass
class Collector:
    """Takes the files of an export; every method blocks.

    Args:
        files: Where they are written.
        archive: A temporary file for the archive; None: no archive.
    """

    files: ExportFiles
    archive: Path | None = None
    entries: list[dict[str, Any]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._zip = None if self.archive is None else zipfile.ZipFile(self.archive, "w")

    def add(
        self, name: str, content: bytes | Path, facts: Mapping[str, Any], *, group: str = ""
    ) -> Measured:
        """Add a file.

        Args:
            name: Its name.
            content: Its bytes, or the file to copy.
            facts: What the manifest says about it, apart from name, bytes and hash.
            group: The folder of a set.

        Raises:
            StorageError: it can't be written.
        """
        size, digest = _digest(content)
        full = f"{group}/{name}" if group else name
        if self._zip is None:
            self.files.add(name, content, group=group)
        else:
            with self.files.errors():
                self._write(self._zip, full, content)
        entry = {"name": full, "bytes": size, "sha256": digest, **facts}
        self.entries.append({key: value for key, value in entry.items() if value is not None})
        return Measured(name=full, bytes=size, sha256=digest)

    def close_archive(self, name: str) -> None:
        """Complete the archive with its manifest, and add it as a file of this name."""
        if self._zip is None or self.archive is None:
            return
        manifest = {"generator": "stability-mcp", "files": self.entries}
        text = json.dumps(manifest, ensure_ascii=False, indent=2) + "\n"
        with self.files.errors():
            self._write(self._zip, MANIFEST, text.encode())
            self._zip.close()
        self.files.add(name, self.archive)

    @staticmethod
    def _write(archive: zipfile.ZipFile, name: str, content: bytes | Path) -> None:
        entry = zipfile.ZipInfo(name, _EPOCH)
        entry.create_system = _UNIX
        entry.external_attr = _MODE << 16
        packed = Path(name).suffix in _PACKED
        entry.compress_type = zipfile.ZIP_DEFLATED if packed else zipfile.ZIP_STORED
        with archive.open(entry, "w") as out:
            if isinstance(content, bytes):
                out.write(content)
                return
            with content.open("rb") as file:
                while block := file.read(_BLOCK):
                    out.write(block)


def _digest(content: bytes | Path) -> tuple[int, str]:
    if isinstance(content, bytes):
        return len(content), hashlib.sha256(content).hexdigest()
    with content.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
        return file.tell(), digest
