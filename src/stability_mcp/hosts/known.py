"""The hosts that `install` knows: where their configuration is, and what an entry looks like.

To add a host, append a row to `HOSTS`; docs/hosts.md lists the rows and a test compares them.
"""

import os
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import Literal

from stability_mcp.errors import ConfigurationError
from stability_mcp.text import did_you_mean, listed, quoted

Format = Literal["json", "toml", "yaml"]
Platform = Literal["linux", "darwin", "win32"]

_DESKTOP = "Claude/claude_desktop_config.json"


@dataclass(frozen=True, kw_only=True)
class Http:
    """The entry of a server that the host reaches over HTTP.

    Attributes:
        url: Name of the member with the address.
        fixed: Further members.
        token_variable: Name of a member that names an environment variable with the token; "" if
            the token is in a header.
        headers: Name of the member with the headers.
    """

    url: str = "url"
    fixed: Mapping[str, str] = field(default_factory=dict)
    token_variable: str = ""
    headers: str = "headers"


@dataclass(frozen=True, kw_only=True)
class Host:
    """A program that starts MCP servers.

    Attributes:
        id: Name on the command line.
        name: Name of the product.
        format: Format of the configuration; "json" allows comments and trailing commas.
        paths: Its file for each platform, the most specific first; `_folders` explains the braces
            and `*` matches a part of a name. Empty: the user names the file.
        marker: A file or folder that shows that the host is installed; default: the folder of the
            configuration.
        servers: Names on the way from the top of the configuration to the table of servers.
        stdio: Further members of an entry that has `command`, `args` and `env`.
        http: The entry for HTTP; None if the configuration can't express it.
        reference: How a value refers to an environment variable; `NAME` stands for its name.
        forward: Name of a member that lists environment variables to pass on; "" if none.
        inherits: Whether the server gets the environment of the terminal without a reference.
        inputs: Whether the host asks the user for values and stores them (VS Code).
        source: The page or file with these facts.
    """

    id: str
    name: str
    format: Format
    paths: Mapping[Platform, tuple[str, ...]] = field(default_factory=dict)
    marker: str = ""
    servers: tuple[str, ...]
    stdio: Mapping[str, str] = field(default_factory=dict)
    http: Http | None = None
    reference: str = ""
    forward: str = ""
    inherits: bool = False
    inputs: bool = False
    source: str


def _everywhere(path: str) -> dict[Platform, tuple[str, ...]]:
    return {"linux": (path,), "darwin": (path,), "win32": (path,)}


HOSTS: Mapping[str, Host] = MappingProxyType(
    {
        host.id: host
        for host in (
            Host(
                id="claude-desktop",
                name="Claude Desktop",
                format="json",
                paths={
                    # Not documented by Anthropic, whose application has no Linux release;
                    # community builds use Electron's default folder.
                    "linux": (f"{{config}}/{_DESKTOP}",),
                    "darwin": (f"{{home}}/Library/Application Support/{_DESKTOP}",),
                    # Since February 2026 the Windows application is an MSIX package, which reads
                    # from its own folder: github.com/anthropics/claude-code/issues/26073
                    "win32": (
                        f"{{localappdata}}/Packages/Claude_*/LocalCache/Roaming/{_DESKTOP}",
                        f"{{appdata}}/{_DESKTOP}",
                    ),
                },
                servers=("mcpServers",),
                source="https://modelcontextprotocol.io/quickstart/user",
            ),
            Host(
                id="claude-code",
                name="Claude Code",
                format="json",
                paths=_everywhere("{claude}/.claude.json"),  # the file of scope `user`
                marker="{claude}/.claude.json",
                servers=("mcpServers",),
                stdio={"type": "stdio"},
                http=Http(fixed={"type": "http"}),
                # Expanded in headers; `env` needs no reference: servers inherit the environment.
                reference="${NAME}",
                inherits=True,
                source="https://code.claude.com/docs/en/mcp",
            ),
            Host(
                id="cursor",
                name="Cursor",
                format="json",
                paths=_everywhere("{home}/.cursor/mcp.json"),
                servers=("mcpServers",),
                http=Http(),
                reference="${env:NAME}",
                source="https://cursor.com/docs/mcp",
            ),
            Host(
                id="vscode",
                name="VS Code",
                format="json",
                paths={
                    "linux": ("{config}/Code/User/mcp.json",),
                    "darwin": ("{home}/Library/Application Support/Code/User/mcp.json",),
                    "win32": ("{appdata}/Code/User/mcp.json",),
                },
                servers=("servers",),
                stdio={"type": "stdio"},
                http=Http(fixed={"type": "http"}),
                inputs=True,
                # The folder of the user's profile: code.visualstudio.com/docs/configure/settings
                source="https://code.visualstudio.com/docs/copilot/reference/mcp-configuration",
            ),
            Host(
                id="windsurf",
                name="Windsurf",
                format="json",
                paths=_everywhere("{home}/.codeium/windsurf/mcp_config.json"),
                servers=("mcpServers",),
                http=Http(url="serverUrl"),
                reference="${env:NAME}",
                source="https://docs.windsurf.com/windsurf/cascade/mcp",
            ),
            Host(
                id="codex",
                name="Codex",
                format="toml",
                paths=_everywhere("{codex}/config.toml"),
                servers=("mcp_servers",),
                http=Http(token_variable="bearer_token_env_var", headers="http_headers"),  # noqa: S106 -- the name of a member
                forward="env_vars",
                source="https://developers.openai.com/codex/mcp",
            ),
            Host(
                id="gemini-cli",
                name="Gemini CLI",
                format="json",
                paths=_everywhere("{home}/.gemini/settings.json"),
                servers=("mcpServers",),
                http=Http(url="httpUrl"),
                reference="$NAME",
                source="https://github.com/google-gemini/gemini-cli/blob/main/docs/tools/mcp-server.md",
            ),
            Host(
                id="zed",
                name="Zed",
                format="json",
                paths={
                    "linux": ("{config}/zed/settings.json",),
                    "darwin": ("{home}/.config/zed/settings.json",),
                    "win32": ("{appdata}/Zed/settings.json",),
                },
                servers=("context_servers",),
                http=Http(),
                # The path: zed.dev/docs/configuring-zed
                source="https://zed.dev/docs/ai/mcp",
            ),
            Host(
                id="librechat",
                name="LibreChat",
                format="yaml",
                # librechat.yaml is in the folder that LibreChat was cloned into.
                servers=("mcpServers",),
                stdio={"type": "stdio"},
                http=Http(fixed={"type": "streamable-http"}),
                reference="${NAME}",
                source="https://www.librechat.ai/docs/configuration/librechat_yaml/object_structure/mcp_servers",
            ),
        )
    }
)


def find_host(name: str) -> Host:
    """Return the host of that name.

    Raises:
        ConfigurationError: there is none.
    """
    host = HOSTS.get(name.casefold().replace(" ", "-"))
    if host is None:
        known = f"Known hosts: {listed(HOSTS, most=len(HOSTS))}."
        hint = " ".join(filter(None, (did_you_mean(name, HOSTS), known)))
        raise ConfigurationError(f"{quoted(name)} isn't a known host.", hint=hint)
    return host


def this_platform() -> Platform:
    """Return the platform of this machine; every other Unix counts as Linux."""
    return "win32" if os.name == "nt" else "darwin" if sys.platform == "darwin" else "linux"


def config_file(host: Host, platform: Platform | None = None) -> Path | None:
    """Return the configuration file of the host on this machine, which may not exist.

    Returns:
        The first of its files whose folder exists, else the last; None if the host has no fixed
        file.
    """
    found = list(_candidates(host, platform or this_platform()))
    return next((path for path in found if _is_there(path.parent)), found[-1] if found else None)


def is_found(host: Host, path: Path) -> bool:
    """Return whether the host seems to be installed: its marker or its folder exists."""
    marker = Path(host.marker.format_map(_folders())) if host.marker else path.parent
    return _is_there(marker) or _is_there(path)


def _is_there(path: Path) -> bool:
    """Return whether a file or folder exists and can be reached."""
    try:
        return path.exists()
    except OSError:
        return False


def _candidates(host: Host, platform: Platform) -> Iterator[Path]:
    for template in host.paths.get(platform, ()):
        before, star, after = template.partition("*")
        path = Path(before.format_map(_folders()))
        if not star:
            yield path
            continue
        pattern = f"{path.name}*"
        for folder in sorted(path.parent.glob(pattern)):
            yield folder / after.lstrip("/")


def _folders() -> dict[str, str]:
    """Return the folders that the templates of paths name, as the hosts find them."""
    home = Path.home()
    given = os.environ.get
    return {
        "home": str(home),
        "config": given("XDG_CONFIG_HOME") or str(home / ".config"),
        "appdata": given("APPDATA") or str(home / "AppData" / "Roaming"),
        "localappdata": given("LOCALAPPDATA") or str(home / "AppData" / "Local"),
        "claude": given("CLAUDE_CONFIG_DIR") or str(home),
        "codex": given("CODEX_HOME") or str(home / ".codex"),
    }
