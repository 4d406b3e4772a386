"""Makes the entry that a host needs to start this server, or to reach it over HTTP."""

import os
import shutil
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from stability_mcp.errors import ConfigurationError
from stability_mcp.hosts.known import Host, Http
from stability_mcp.setting_values import KEY, variable

NAME = "stability"
"""Name of the entry."""
TOKEN_VARIABLE = "MCP_BEARER_TOKEN"  # noqa: S105 -- the name of a variable
"""Environment variable with the token; the host reads it, this program doesn't."""
UV_CACHE_FOLDERS = ("archive-v", "environments-v")
"""Beginnings of the folders in uv's cache that hold the environments of `uvx`."""


@dataclass(frozen=True, kw_only=True)
class Connection:
    """How the host reaches the server.

    Attributes:
        command: The command that starts the server, in words.
        env: Settings for the server, by variable.
        url: Address of a running server; "" to start one.
        secret: The API key, or the token for HTTP; "" to refer to it instead.
    """

    command: tuple[str, ...] = ()
    env: Mapping[str, str] = field(default_factory=dict)
    url: str = ""
    secret: str = ""


@dataclass(frozen=True)
class Addition:
    """A value to add to a configuration.

    Attributes:
        path: Names on the way from the top to the object or array that gets it.
        name: Name of the member; None for an element of an array.
        value: The value; an element has a member `id`.
    """

    path: tuple[str, ...]
    name: str | None
    value: Mapping[str, Any]


def additions(host: Host, connection: Connection) -> tuple[Addition, ...]:
    """Return what to add to the host's configuration.

    Raises:
        ConfigurationError: the host's configuration can't express a connection over HTTP.
    """
    secret_input: tuple[Addition, ...] = ()
    if host.inputs and not connection.secret:
        secret_input = (Addition(("inputs",), None, _input(connection)),)
    if not connection.url:
        value = _stdio(host, connection)
    elif host.http is not None:
        value = _http(host, host.http, connection)
    else:
        raise ConfigurationError(
            f"The configuration file of {host.name} has no servers over HTTP.",
            hint="Leave out --url, and it starts the server itself.",
        )
    return (Addition(host.servers, NAME, value), *secret_input)


def removals(host: Host) -> tuple[Addition, ...]:
    """Return what an earlier `install` can have added."""
    inputs = (_input(Connection()), _input(Connection(url="x"))) if host.inputs else ()
    return (
        Addition(host.servers, NAME, {}),
        *(Addition(("inputs",), None, each) for each in inputs),
    )


def whole(parts: tuple[Addition, ...]) -> dict[str, Any]:
    """Return a configuration that has nothing but the additions, in the order of documents."""
    tree: dict[str, Any] = {}
    for each in reversed(parts):
        inner = tree
        for name in each.path[:-1]:
            inner = inner.setdefault(name, {})
        if each.name is None:
            inner.setdefault(each.path[-1], []).append(dict(each.value))
        else:
            inner.setdefault(each.path[-1], {})[each.name] = dict(each.value)
    return tree


def command_in_use() -> tuple[str, ...]:
    """Return the command that starts this program from any folder, in words.

    Hosts with a window don't see the PATH of a terminal, so the program's path is absolute.
    """
    if _is_run_by_uvx():
        return (_uvx(), "stability-mcp")
    python = Path(sys.executable)
    for started in (Path(sys.argv[0]), python.with_name("stability-mcp")):
        for script in (started, started.with_name("stability-mcp.exe")):
            if script.stem == "stability-mcp" and script.is_file():
                return (os.path.abspath(script),)  # noqa: PTH100 -- Path.resolve follows links
    return (str(python), "-m", "stability_mcp")


def _is_run_by_uvx() -> bool:
    """Return whether this environment is one of uvx, which uv may delete at any time."""
    return any(part.startswith(UV_CACHE_FOLDERS) for part in Path(sys.prefix).parts)


def _uvx() -> str:
    candidates = [
        Path(os.environ["UV"]).with_name(f"uvx{end}") for end in ("", ".exe") if "UV" in os.environ
    ]
    found = next((str(path) for path in candidates if path.is_file()), None)
    return found or shutil.which("uvx") or "uvx"


def _stdio(host: Host, connection: Connection) -> dict[str, Any]:
    key = variable(KEY)
    program, *arguments = connection.command
    env = dict(connection.env)
    value: dict[str, Any] = {**host.stdio, "command": program}
    if arguments:
        value["args"] = arguments
    if connection.secret:
        env[key] = connection.secret
    elif host.inputs:
        env[key] = f"${{input:{_input(connection)['id']}}}"
    elif host.forward:
        value[host.forward] = [key]
    elif host.reference and not host.inherits:
        env[key] = host.reference.replace("NAME", key)
    if env:
        value["env"] = env
    return value


def _http(host: Host, http: Http, connection: Connection) -> dict[str, Any]:
    value: dict[str, Any] = {**http.fixed, http.url: connection.url}
    token = connection.secret
    if not token and http.token_variable:
        return {**value, http.token_variable: TOKEN_VARIABLE}
    if not token and host.inputs:
        token = f"${{input:{_input(connection)['id']}}}"
    elif not token:
        token = host.reference.replace("NAME", TOKEN_VARIABLE)
    if not token:
        raise ConfigurationError(
            f"{host.name} can't read the token from the environment.",
            hint="Add --secrets to write it into the configuration file.",
        )
    return {**value, http.headers: {"Authorization": f"Bearer {token}"}}


def _input(connection: Connection) -> dict[str, Any]:
    """Return the question that VS Code asks once before it stores the answer."""
    what = (
        ("stability-token", "Token of stability-mcp")
        if connection.url
        else ("stability-key", "Stability API key")
    )
    return {"type": "promptString", "id": what[0], "description": what[1], "password": True}
