"""`install` and `uninstall`: plan the change of a host's configuration, then make it."""

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from stability_mcp.errors import ConfigurationError
from stability_mcp.hosts.backups import Backups, Record, digest
from stability_mcp.hosts.config_file import (
    ChangedError,
    ConfigFile,
    check_writable,
    read_file,
    reason,
    refusal,
    replace,
)
from stability_mcp.hosts.documents import OtherEntryError, added, has, removed
from stability_mcp.hosts.entry import NAME, Addition, removals
from stability_mcp.hosts.known import HOSTS, Host, config_file, is_found
from stability_mcp.text import quoted

MAX_ATTEMPTS = 5
"""How often the change is made again because the host wrote the file in the same moment."""


@dataclass(frozen=True)
class Change:
    """A change of a configuration file that isn't written yet.

    Attributes:
        file: The file as it was read.
        new: Its new content; None deletes it.
        undone: The `install` that this change undoes, if it restores the file of that time.
    """

    file: ConfigFile
    new: bytes | None
    undone: Record | None = None

    @property
    def is_empty(self) -> bool:
        """Return whether nothing changes."""
        return self.new == self.file.content

    @property
    def texts(self) -> tuple[str, str]:
        """Return the text before and after."""
        return self.file.text, ConfigFile(self.file.path, self.new).text


Plan = Callable[[], Change]


def target(host: Host, given: Path | None) -> Path:
    """Return the file to change: the given one, or the host's own.

    Raises:
        ConfigurationError: the host has no fixed file.
    """
    path = given.expanduser().absolute() if given else config_file(host)
    if path is None:
        raise ConfigurationError(
            f"{host.name} has no fixed configuration file.",
            hint="Pass --file with the path of its file.",
        )
    return path


def plan_install(host: Host, path: Path, parts: tuple[Addition, ...], *, create: bool) -> Change:
    """Return the change that adds the entry.

    Args:
        host: The host.
        path: Its configuration file.
        parts: What to add.
        create: Whether a missing folder is created.

    Raises:
        ConfigurationError: the file can't be changed, or the host isn't installed.
    """
    file = read_file(path)
    if not create and not file.path.parent.is_dir():
        raise ConfigurationError(
            f"{host.name} was not found: there is no folder {quoted(path.parent, limit=300)}.",
            hint="Add --create to create it.",
        )
    if not create and file.content is None and not is_found(host, path):
        raise ConfigurationError(
            f"{host.name} was not found: there is no file {quoted(path, limit=300)}.",
            hint="Add --create to create it.",
        )
    try:
        new = file.encoded(added(host.format, file.text, parts))
    except OtherEntryError:
        raise refusal(
            path,
            f"it has a different entry {quoted(NAME)}",
            hint=f"Run stability-mcp uninstall {host.id} first to replace it.",
        ) from None
    except ValueError as error:
        raise _unusable(host, path, error) from None
    change = Change(file, new)
    if not change.is_empty:
        check_writable(file)
    return change


def plan_uninstall(host: Host, path: Path, backups: Backups) -> Change:
    """Return the change that removes the entry.

    If the file hasn't changed since `install`, it gets its earlier bytes, or is deleted if there
    was none. Otherwise only the entry is removed.

    Raises:
        ConfigurationError: the file can't be changed.
    """
    file = read_file(path)
    if file.content is None:
        return Change(file, None)
    made = backups.find(host.id, file.path)
    if made is not None and made.after == digest(file.content):
        with suppress(OSError):  # the copy was deleted or changed
            check_writable(file)
            return Change(file, backups.content(made), undone=made)
    try:
        new = file.encoded(removed(host.format, file.text, removals(host)))
    except ValueError as error:
        raise _unusable(host, path, error) from None
    change = Change(file, new)
    if not change.is_empty:
        check_writable(file)
    return change


def apply_install(host: Host, plan: Plan, backups: Backups) -> Path | None:
    """Make the planned change; return the copy of the earlier file, if there was one.

    If the host writes its file in the same moment, the change is planned again from the new
    content, so neither change is lost.

    Raises:
        ConfigurationError: the file can't be changed; nothing was.
    """
    for _ in range(MAX_ATTEMPTS):
        change = plan()
        if change.is_empty or change.new is None:
            return None
        copy = backups.keep(host.id, change.file)
        folders = _missing_folders(change.file.path)
        made = Record(
            path=str(change.file.path),
            after=digest(change.new),
            copy=copy.name if copy else "",
            before=digest(change.file.content or b"") if copy else "",
            folders=tuple(map(str, folders)),
        )
        backups.record(host.id, made)
        try:
            change.file.path.parent.mkdir(parents=True, exist_ok=True)
            replace(change.file, change.new)
        except ChangedError:
            continue
        except (OSError, ConfigurationError) as error:
            _remove_folders(made.folders)
            if isinstance(error, OSError):
                raise refusal(change.file.path, reason(error)) from None
            raise
        return copy
    raise _busy(host)


def apply_uninstall(host: Host, plan: Plan, backups: Backups) -> Path | None:
    """Make the planned change; return the copy of the earlier file.

    Raises:
        ConfigurationError: the file can't be changed; nothing was.
    """
    for _ in range(MAX_ATTEMPTS):
        change = plan()
        if change.is_empty:
            return None
        copy = backups.keep(host.id, change.file)
        try:
            replace(change.file, change.new)
        except ChangedError:
            continue
        _remove_folders(change.undone.folders if change.undone else ())
        with suppress(ConfigurationError):  # a record without its file does nothing
            backups.forget(host.id, change.file.path)
        return copy
    raise _busy(host)


@dataclass(frozen=True)
class Found:
    """A host on this machine; `installed` is None if its file can't be read or parsed."""

    host: Host
    path: Path
    installed: bool | None


def hosts_found() -> list[Found]:
    """Return the known hosts on this machine, and whether they have the entry."""
    found = []
    for host in HOSTS.values():
        path = config_file(host)
        if path is None or not is_found(host, path):
            continue
        installed: bool | None
        try:
            installed = has(host.format, read_file(path).text, removals(host)[0])
        except (ConfigurationError, ValueError):
            installed = None
        found.append(Found(host, path, installed))
    return found


def _missing_folders(path: Path) -> list[Path]:
    """Return the folders above a file that don't exist, the outermost first."""
    return [each for each in reversed(path.parents) if not each.exists()]


def _remove_folders(folders: tuple[str, ...]) -> None:
    """Remove folders that an `install` created, unless they have other files by now."""
    for folder in reversed(folders):
        with suppress(OSError):
            Path(folder).rmdir()


def _unusable(host: Host, path: Path, error: ValueError) -> ConfigurationError:
    return refusal(
        path,
        f"it can't be edited, because {error}",
        hint=f"Correct it, or paste what stability-mcp install {host.id} --print shows.",
    )


def _busy(host: Host) -> ConfigurationError:
    return ConfigurationError(
        f"Nothing was changed: {host.name} keeps writing its configuration.",
        hint=f"Close {host.name} and try again.",
    )
