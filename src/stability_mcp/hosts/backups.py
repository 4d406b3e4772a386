"""Keeps a copy of every configuration before it is changed, and how to undo an `install`.

Copies are in the data folder, because a host could read a file next to its configuration. They can
contain the keys of other servers, so only their owner can read them.
"""

import errno
import hashlib
import json
import os
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from itertools import count
from pathlib import Path

from stability_mcp.errors import ConfigurationError
from stability_mcp.hosts.config_file import ConfigFile, reason
from stability_mcp.text import quoted

FOLDER = "host-backups"
PRIVATE_FILE, PRIVATE_FOLDER = 0o600, 0o700


@dataclass(frozen=True)
class Record:
    """What an `install` did.

    Attributes:
        path: The configuration file.
        after: SHA-256 of its content afterwards; as long as it is the same, the copy is restored.
        copy: Name of the copy of the earlier content; "" if there was no file.
        before: SHA-256 of the copy; "" if there was no file.
        folders: Folders that were created, the outermost first.
    """

    path: str
    after: str
    copy: str
    before: str
    folders: tuple[str, ...] = ()


class Backups:
    """The copies and records of all hosts.

    Args:
        data_folder: The folder of the store.
    """

    def __init__(self, data_folder: Path) -> None:
        self.folder = data_folder / FOLDER

    def keep(self, host: str, file: ConfigFile) -> Path | None:
        """Copy the content of a file; return the copy, or None if there is no file.

        Raises:
            ConfigurationError: it can't be written.
        """
        if file.content is None:
            return None
        at = time.strftime("%Y%m%d-%H%M%S")
        names = (f"{host}-{at}{f'-{n}' if n else ''}-{file.path.name}" for n in count())
        return self._write(names, file.content)

    def record(self, host: str, made: Record) -> None:
        """Keep how to undo an `install`.

        Raises:
            ConfigurationError: it can't be written.
        """
        self.forget(host, Path(made.path))
        content = json.dumps(asdict(made), indent=2).encode("utf-8")
        self._write(iter([self._record_name(host, Path(made.path))]), content)

    def find(self, host: str, path: Path) -> Record | None:
        """Return the record of the last `install` into a file, if there is one."""
        try:
            found = json.loads((self.folder / self._record_name(host, path)).read_text("utf-8"))
            return Record(**{**found, "folders": tuple(found["folders"])})
        except (OSError, ValueError, TypeError, KeyError):
            return None

    def content(self, made: Record) -> bytes | None:
        """Return the content before an `install`; None if there was no file.

        Raises:
            OSError: the copy can't be read, or was changed.
        """
        if not made.copy:
            return None
        content = (self.folder / made.copy).read_bytes()
        if digest(content) != made.before:
            raise OSError(errno.EIO, "the copy was changed", made.copy)
        return content

    def forget(self, host: str, path: Path) -> None:
        """Remove the record of a file; copies stay."""
        try:
            (self.folder / self._record_name(host, path)).unlink(missing_ok=True)
        except OSError as error:
            raise self._refusal(error) from None

    def _record_name(self, host: str, path: Path) -> str:
        return f"{host}-{digest(str(path).encode('utf-8', 'surrogatepass'))[:12]}.json"

    def _write(self, names: Iterator[str], content: bytes) -> Path:
        try:
            self.folder.mkdir(parents=True, exist_ok=True, mode=PRIVATE_FOLDER)
            for name in names:
                path = self.folder / name
                try:
                    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, PRIVATE_FILE)
                except FileExistsError:
                    continue
                with os.fdopen(handle, "wb") as stream:
                    stream.write(content)
                    stream.flush()
                    os.fsync(stream.fileno())
                return path
        except OSError as error:
            raise self._refusal(error) from None
        raise self._refusal(FileExistsError())

    def _refusal(self, error: OSError) -> ConfigurationError:
        return ConfigurationError(
            f"Nothing was changed: no backup can be kept in {quoted(self.folder, limit=300)}, "
            f"because {reason(error)}.",
            hint="Set STABILITY_HOME to a folder that can be written.",
        )


def digest(content: bytes) -> str:
    """Return the SHA-256 of some bytes, as hexadecimal digits."""
    return hashlib.sha256(content).hexdigest()
