"""`stability-mcp install` and `uninstall`, and what `doctor` shows about hosts."""

import os
import re
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import typer

from stability_mcp.errors import ConfigurationError
from stability_mcp.hosts.backups import Backups
from stability_mcp.hosts.documents import editor_of
from stability_mcp.hosts.edits import shown_change
from stability_mcp.hosts.entry import TOKEN_VARIABLE, Connection, additions, command_in_use
from stability_mcp.hosts.installation import (
    Change,
    Found,
    apply_install,
    apply_uninstall,
    plan_install,
    plan_uninstall,
    target,
)
from stability_mcp.hosts.known import HOSTS, Host, find_host
from stability_mcp.setting_values import COMMAND, KEY, SECRETS, variable
from stability_mcp.settings import Settings
from stability_mcp.text import plain, quoted

_SECRET = re.compile(
    rf"""((?:{"|".join(map(variable, SECRETS))})["']?\s*[:=]\s*["']?|Bearer\s+)(?![$])[^\s"']+""",
    re.IGNORECASE,
)
"""A secret or the token in an entry; a reference to it begins with `$`."""


@dataclass(frozen=True, kw_only=True)
class InstallOptions:
    """The options of `install`.

    Attributes:
        show: Only print what would be added.
        url: Address of a running server; "" to let the host start one.
        secrets: Write the key or the token itself.
        file: The configuration file; None for the host's own.
        create: Create a missing folder.
        yes: Don't ask.
    """

    show: bool = False
    url: str = ""
    secrets: bool = False
    file: Path | None = None
    create: bool = False
    yes: bool = False


def run_install(
    settings: Settings, flags: Mapping[str, object], name: str, options: InstallOptions
) -> bool:
    """Add the server to a host; return whether the host has it now.

    Args:
        settings: The settings in force.
        flags: Those given on the command line, which become settings of the host's server.
        name: The host.
        options: The options.

    Raises:
        ConfigurationError: the file can't be changed; nothing was.
    """
    host = find_host(name)
    connection = _connection(settings, flags, options)
    parts = additions(host, connection)
    if options.show:
        typer.echo(editor_of(host.format).render(parts), nl=False)
        return True
    path = target(host, options.file)
    backups = Backups(settings.base_dir)

    def plan() -> Change:
        return plan_install(host, path, parts, create=options.create)

    change = plan()
    if change.is_empty:
        typer.echo(f"{host.name} has this entry already; {path} is unchanged.")
        return True
    if not _approved(change, yes=options.yes):
        return False
    copy = apply_install(host, plan, backups)
    typer.echo(f"Added to {host.name}. Restart it to load the server.")
    _show_copy(copy)
    if hint := _secret_hint(host, connection):
        typer.echo(hint)
    return True


def run_uninstall(settings: Settings, name: str, *, file: Path | None, yes: bool) -> bool:
    """Remove the server from a host; return whether it is removed.

    Raises:
        ConfigurationError: the file can't be changed; nothing was.
    """
    host = find_host(name)
    path = target(host, file)
    backups = Backups(settings.base_dir)

    def plan() -> Change:
        return plan_uninstall(host, path, backups)

    change = plan()
    if change.is_empty:
        typer.echo(f"{host.name} has no entry of this server; {path} is unchanged.")
        return True
    if not _approved(change, yes=yes):
        return False
    copy = apply_uninstall(host, plan, backups)
    typer.echo(f"Removed from {host.name}. Restart it to stop the server.")
    _show_copy(copy)
    return True


def host_entry(settings: Settings, flags: Mapping[str, object]) -> str:
    """Return the entry to paste into a host's configuration, as JSON, without secrets."""
    shown = {**flags, COMMAND: f"<{variable(COMMAND)}>"} if COMMAND in flags else flags
    connection = _connection(settings, shown, InstallOptions())
    return editor_of("json").render(additions(HOSTS["claude-desktop"], connection))


def host_line(found: Found) -> str:
    """Return whether a host on this machine has the entry, as a line."""
    if found.installed is None:
        state = "the configuration can't be read"
    elif found.installed:
        state = "has this server"
    else:
        state = f"doesn't have this server; add it with stability-mcp install {found.host.id}"
    return plain(f"{found.host.name}: {state} ({found.path})")


def _connection(
    settings: Settings, flags: Mapping[str, object], options: InstallOptions
) -> Connection:
    secret = ""
    if options.secrets:
        secret = _token(settings) if options.url else _key(settings)
    if options.url:
        if not options.url.startswith(("http://", "https://")):
            raise ConfigurationError(
                f"--url is {quoted(options.url)}; it must begin with http:// or https://."
            )
        return Connection(url=options.url, secret=secret)
    env = {variable(field): _typed(settings, field, value) for field, value in flags.items()}
    return Connection(command=command_in_use(), env=env, secret=secret)


def _typed(settings: Settings, field: str, given: object) -> str:
    """Return a flag as the value of a variable; paths are absolute, as hosts start elsewhere."""
    value = getattr(settings, field)
    if isinstance(value, Path):
        return str(value.expanduser().absolute())
    if field == "roots":
        return os.pathsep.join(str(each.expanduser().absolute()) for each in value)
    return str(int(given)) if isinstance(given, bool) else str(given)


def _key(settings: Settings) -> str:
    if settings.api_key is None:
        raise ConfigurationError(
            f"--secrets writes the key, but {variable(KEY)} is not set in this terminal."
        )
    return settings.api_key.get_secret_value()


def _token(settings: Settings) -> str:
    from stability_mcp.http.http_serving import TOKEN_FILE

    try:
        return (settings.home_dir / TOKEN_FILE).read_text(encoding="ascii").strip()
    except (OSError, ValueError):
        raise ConfigurationError(
            f"--secrets writes the token, but there is none in {quoted(settings.home_dir)}.",
            hint="Run stability-mcp serve --http once, which makes it.",
        ) from None


def _approved(change: Change, *, yes: bool) -> bool:
    """Show the change; on a terminal, ask. A script isn't asked."""
    typer.echo(plain(f"{change.file.path}"))
    if change.new is None:
        typer.echo("  the file is deleted: install created it")
    else:
        for line in shown_change(*change.texts):
            typer.echo(plain(_SECRET.sub(r"\1<secret>", f"  {line}")))
    return yes or not sys.stdin.isatty() or typer.confirm("Write this change?")


def _show_copy(copy: Path | None) -> None:
    if copy is not None:
        typer.echo(f"The earlier file is kept as {copy}")


def _secret_hint(host: Host, connection: Connection) -> str:
    """Return where the server gets its key, or the host the token."""
    if connection.secret or (connection.url and host.inputs):
        return ""
    if connection.url:
        return f"Set {TOKEN_VARIABLE} in the environment of {host.name} to the server's token."
    key = variable(KEY)
    if host.inputs:
        return f"{host.name} asks for the key; leave it empty to use the emulator."
    if host.reference or host.forward:
        return f"The server reads the key from {key} in the environment of {host.name}."
    return (
        f"{host.name} passes no key on, so the server uses the emulator. Store the key with "
        "`stability-mcp login`; or, to write this terminal's key into the file, uninstall, then "
        "install with --secrets."
    )
