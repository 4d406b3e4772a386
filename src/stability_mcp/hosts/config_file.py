"""Reads and replaces a configuration file, which the host may read and write at any time.

A file is replaced in one step or not at all. Its permissions stay, and a symbolic link stays a
link: the file it points to is replaced.
"""

import codecs
import errno
import glob
import os
import stat
import tempfile
import time
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from stability_mcp.errors import ConfigurationError
from stability_mcp.text import quoted

MAX_BYTES = 50_000_000
"""A larger file isn't a configuration; Claude Code's, the largest, has some megabytes."""
TEMPORARY = ".stability-tmp"
"""End of the names of temporary files."""
MAX_WRITE_SECONDS = 600
"""Age at which a temporary file is certainly not being written any more."""
OTHER_ENCODINGS = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE, codecs.BOM_UTF32_BE)
BOM = codecs.BOM_UTF8.decode("utf-8")
_NAMES = {
    errno.EACCES: "access is denied",
    errno.EPERM: "access is denied",
    errno.EROFS: "the disk is read-only",
    errno.ENOSPC: "the disk is full",
    errno.ELOOP: "it is a link to itself",
    errno.ENOTDIR: "a part of the path is a file",
}


class ChangedError(Exception):
    """Another program changed the file after it was read."""


@dataclass(frozen=True)
class ConfigFile:
    """The content of a file at one time.

    Attributes:
        path: The file itself, without symbolic links.
        content: Its bytes; None if it doesn't exist.
    """

    path: Path
    content: bytes | None

    @property
    def text(self) -> str:
        """Return the content as text, without a byte order mark; line ends are kept.

        Raises:
            ConfigurationError: it isn't UTF-8.
        """
        content = self.content or b""
        try:
            if content.startswith(OTHER_ENCODINGS):
                raise ValueError  # noqa: TRY301 -- the same answer
            text = content.decode("utf-8")
        except ValueError:
            raise refusal(self.path, "it isn't encoded as UTF-8") from None
        return text.removeprefix(BOM)

    def encoded(self, text: str) -> bytes:
        """Return a new text as bytes, with the byte order mark if the file has one."""
        bom = (self.content or b"").startswith(codecs.BOM_UTF8)
        try:
            return (BOM * bom + text).encode("utf-8")
        except UnicodeEncodeError:
            raise refusal(self.path, "the command's path can't be written as UTF-8") from None


def refusal(path: Path, why: str, *, hint: str = "") -> ConfigurationError:
    """Return an error that says why a file isn't changed."""
    return ConfigurationError(f"{quoted(path, limit=300)} was not changed: {why}.", hint=hint)


def reason(error: OSError) -> str:
    """Return an error of the system in words."""
    return _NAMES.get(error.errno or 0) or str(error.strerror or error).lower()


def read_file(path: Path) -> ConfigFile:
    """Read a configuration file.

    Raises:
        ConfigurationError: it isn't a regular file, can't be read or written, or is too large.
    """
    target = Path(os.path.realpath(path))
    try:
        found = target.stat()
    except FileNotFoundError:
        if path.is_symlink():
            raise refusal(path, "it is a link to a file that doesn't exist") from None
        return ConfigFile(target, None)
    except OSError as error:
        raise refusal(path, reason(error)) from None
    if stat.S_ISDIR(found.st_mode):
        raise refusal(path, "it is a folder")
    if not stat.S_ISREG(found.st_mode):
        raise refusal(path, "it isn't a regular file")
    if found.st_size > MAX_BYTES:
        raise refusal(path, f"it is larger than {MAX_BYTES // 1_000_000} MB")
    try:
        return ConfigFile(target, target.read_bytes())
    except OSError as error:
        raise refusal(path, reason(error)) from None


def check_writable(file: ConfigFile) -> None:
    """Raise ConfigurationError if the file is marked as read-only or its folder is."""
    # The mark counts even for a user who could ignore it, such as root.
    if file.content is not None and not (
        file.path.stat().st_mode & stat.S_IWUSR and os.access(file.path, os.W_OK)
    ):
        raise refusal(file.path, "it is read-only")
    if file.path.parent.is_dir() and not os.access(file.path.parent, os.W_OK):
        raise refusal(file.path, "its folder is read-only")


def replace(file: ConfigFile, new: bytes | None) -> None:
    """Replace the file, create it, or delete it if `new` is None; complete or not at all.

    Raises:
        ChangedError: its content isn't `file.content` any more; nothing was changed.
        ConfigurationError: the system refused; nothing was changed.
    """
    try:
        if new is None:
            _check_unchanged(file)
            file.path.unlink()
        else:
            _write(file, new)
    except OSError as error:
        raise refusal(file.path, reason(error)) from error


def _write(file: ConfigFile, new: bytes) -> None:
    prefix = f".{file.path.name}."
    _remove_old(file.path.parent, prefix)
    handle, name = tempfile.mkstemp(dir=file.path.parent, prefix=prefix, suffix=TEMPORARY)
    temporary = Path(name)
    try:
        with os.fdopen(handle, "wb") as stream:
            stream.write(new)
            stream.flush()
            if file.content is not None:
                _copy_permissions(file.path, temporary)
            os.fsync(stream.fileno())
        # As late as possible: a write of the host between this and the next line would be lost.
        _check_unchanged(file)
        if file.content is None:
            _create(temporary, file.path)
        else:
            os.replace(temporary, file.path)  # noqa: PTH105 -- tests fail this call
    finally:
        with suppress(OSError):
            temporary.unlink()
    _sync_folder(file.path.parent)


def _remove_old(folder: Path, prefix: str) -> None:
    """Remove temporary files of programs that were killed: they can contain keys."""
    for path in folder.glob(f"{glob.escape(prefix)}*{TEMPORARY}"):
        with suppress(OSError):
            if time.time() - path.stat().st_mtime > MAX_WRITE_SECONDS:
                path.unlink()


def _create(temporary: Path, path: Path) -> None:
    """Give the file its name unless another program has created one of that name."""
    try:
        os.link(temporary, path)
    except FileExistsError:
        raise ChangedError from None
    except OSError:  # a file system without hard links
        os.replace(temporary, path)  # noqa: PTH105 -- as above


def _check_unchanged(file: ConfigFile) -> None:
    try:
        now = file.path.read_bytes()
    except FileNotFoundError:
        now = None
    if now != file.content:
        raise ChangedError


def _copy_permissions(source: Path, target: Path) -> None:
    found = source.stat()
    if hasattr(os, "chown"):
        with suppress(OSError):  # only root may give a file to another user
            os.chown(target, found.st_uid, found.st_gid)
    target.chmod(stat.S_IMODE(found.st_mode))


def _sync_folder(folder: Path) -> None:
    """Make the new name durable, on systems that can open a folder."""
    with suppress(OSError):
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)
