"""The files and entries of each host, compared with what the host documents."""

import json
import os
import sys
from pathlib import Path
from typing import Any

import pytest

from stability_mcp.errors import ConfigurationError
from stability_mcp.hosts.documents import editor_of
from stability_mcp.hosts.entry import Connection, additions, command_in_use, whole
from stability_mcp.hosts.installation import hosts_found
from stability_mcp.hosts.known import HOSTS, Platform, config_file, find_host, is_found

HOME = {
    "claude-desktop": {
        "linux": ".config/Claude/claude_desktop_config.json",
        "darwin": "Library/Application Support/Claude/claude_desktop_config.json",
        "win32": "AppData/Roaming/Claude/claude_desktop_config.json",
    },
    "claude-code": dict.fromkeys(("linux", "darwin", "win32"), ".claude.json"),
    "cursor": dict.fromkeys(("linux", "darwin", "win32"), ".cursor/mcp.json"),
    "vscode": {
        "linux": ".config/Code/User/mcp.json",
        "darwin": "Library/Application Support/Code/User/mcp.json",
        "win32": "AppData/Roaming/Code/User/mcp.json",
    },
    "windsurf": dict.fromkeys(("linux", "darwin", "win32"), ".codeium/windsurf/mcp_config.json"),
    "codex": dict.fromkeys(("linux", "darwin", "win32"), ".codex/config.toml"),
    "gemini-cli": dict.fromkeys(("linux", "darwin", "win32"), ".gemini/settings.json"),
    "zed": {
        "linux": ".config/zed/settings.json",
        "darwin": ".config/zed/settings.json",
        "win32": "AppData/Roaming/Zed/settings.json",
    },
}
"""Paths below the home folder, from the pages in `Host.source`."""

STDIO: dict[str, dict[str, Any]] = {
    "claude-desktop": {"command": "uvx", "args": ["stability-mcp"]},
    "claude-code": {"type": "stdio", "command": "uvx", "args": ["stability-mcp"]},
    "cursor": {
        "command": "uvx",
        "args": ["stability-mcp"],
        "env": {"STABILITY_API_KEY": "${env:STABILITY_API_KEY}"},
    },
    "vscode": {
        "type": "stdio",
        "command": "uvx",
        "args": ["stability-mcp"],
        "env": {"STABILITY_API_KEY": "${input:stability-key}"},
    },
    "windsurf": {
        "command": "uvx",
        "args": ["stability-mcp"],
        "env": {"STABILITY_API_KEY": "${env:STABILITY_API_KEY}"},
    },
    "codex": {"command": "uvx", "args": ["stability-mcp"], "env_vars": ["STABILITY_API_KEY"]},
    "gemini-cli": {
        "command": "uvx",
        "args": ["stability-mcp"],
        "env": {"STABILITY_API_KEY": "$STABILITY_API_KEY"},
    },
    "zed": {"command": "uvx", "args": ["stability-mcp"]},
    "librechat": {
        "type": "stdio",
        "command": "uvx",
        "args": ["stability-mcp"],
        "env": {"STABILITY_API_KEY": "${STABILITY_API_KEY}"},
    },
}

URL = "http://127.0.0.1:8788/mcp"
HTTP: dict[str, dict[str, Any]] = {
    "claude-code": {"type": "http", "url": URL, "headers": "${MCP_BEARER_TOKEN}"},
    "cursor": {"url": URL, "headers": "${env:MCP_BEARER_TOKEN}"},
    "vscode": {"type": "http", "url": URL, "headers": "${input:stability-token}"},
    "windsurf": {"serverUrl": URL, "headers": "${env:MCP_BEARER_TOKEN}"},
    "codex": {"url": URL, "bearer_token_env_var": "MCP_BEARER_TOKEN"},
    "gemini-cli": {"httpUrl": URL, "headers": "$MCP_BEARER_TOKEN"},
    "librechat": {"type": "streamable-http", "url": URL, "headers": "${MCP_BEARER_TOKEN}"},
}
"""Entries for HTTP; of the headers only the token."""


@pytest.mark.parametrize("name", HOME)
@pytest.mark.parametrize("platform", ["linux", "darwin", "win32"])
def test_files_are_where_the_host_documents_them(
    name: str, platform: Platform, monkeypatch: pytest.MonkeyPatch
) -> None:
    """*Documented* (`Host.source`)."""
    for variable in ("APPDATA", "LOCALAPPDATA", "CODEX_HOME", "CLAUDE_CONFIG_DIR"):
        monkeypatch.delenv(variable, raising=False)

    assert config_file(HOSTS[name], platform) == Path.home() / HOME[name][platform]


def test_every_host_with_a_file_is_compared() -> None:
    """*Chosen*: LibreChat's file is where the user cloned it."""
    assert HOME.keys() == HOSTS.keys() - {"librechat"}
    assert STDIO.keys() == HOSTS.keys()
    assert HTTP.keys() == {each.id for each in HOSTS.values() if each.http} - {"zed"}
    assert config_file(HOSTS["librechat"]) is None


def test_variables_that_move_a_file_are_followed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """*Documented*: Codex and Claude Code name them; the others are the platform's."""
    moved = {
        "CODEX_HOME": ("codex", "linux", "config.toml"),
        "CLAUDE_CONFIG_DIR": ("claude-code", "linux", ".claude.json"),
        "XDG_CONFIG_HOME": ("zed", "linux", "zed/settings.json"),
        "APPDATA": ("vscode", "win32", "Code/User/mcp.json"),
    }
    for variable, (name, platform, below) in moved.items():
        monkeypatch.setenv(variable, str(tmp_path / variable))
        assert config_file(HOSTS[name], platform) == tmp_path / variable / below  # type: ignore[arg-type]


def test_claude_desktop_from_a_package_reads_from_the_packages_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """*Documented* (anthropics/claude-code#26073): also if there is an old file of its own."""
    monkeypatch.setenv("LOCALAPPDATA", str(tmp_path / "Local"))
    monkeypatch.setenv("APPDATA", str(tmp_path / "Roaming"))
    old = tmp_path / "Roaming" / "Claude" / "claude_desktop_config.json"
    old.parent.mkdir(parents=True)
    old.touch()
    package = tmp_path / "Local/Packages/Claude_pzs8sxrjxfjjc"

    assert config_file(HOSTS["claude-desktop"], "win32") == old
    (package / "LocalCache/Roaming/Claude").mkdir(parents=True)
    found = config_file(HOSTS["claude-desktop"], "win32")
    assert found == package / "LocalCache/Roaming/Claude/claude_desktop_config.json"


@pytest.mark.parametrize("name", STDIO)
def test_entries_that_start_the_server_have_the_hosts_form(name: str) -> None:
    """*Documented* (`Host.source`): without the key itself."""
    parts = additions(HOSTS[name], Connection(command=("uvx", "stability-mcp")))

    assert parts[0].value == STDIO[name]


@pytest.mark.parametrize("name", HTTP)
def test_entries_over_http_have_the_hosts_form(name: str) -> None:
    """*Documented* (`Host.source`): without the token itself."""
    expected = dict(HTTP[name])
    if "headers" in expected:
        expected["headers"] = {"Authorization": f"Bearer {expected['headers']}"}

    assert additions(HOSTS[name], Connection(url=URL))[0].value == expected


def test_hosts_that_cannot_refer_to_the_token_need_it_itself() -> None:
    """*Chosen*: the user asks for it to be written."""
    with pytest.raises(ConfigurationError, match="can't read the token") as refused:
        additions(HOSTS["zed"], Connection(url=URL))
    assert "--secrets" in refused.value.hint

    zed, codex = (
        additions(HOSTS[name], Connection(url=URL, secret="t0"))[0].value
        for name in ("zed", "codex")
    )
    assert zed == {"url": URL, "headers": {"Authorization": "Bearer t0"}}
    assert codex == {"url": URL, "http_headers": {"Authorization": "Bearer t0"}}


def test_claude_desktop_has_no_servers_over_http_in_its_file() -> None:
    """*Documented*: its file lists local servers; others are added in its window."""
    with pytest.raises(ConfigurationError, match="has no servers over HTTP"):
        additions(HOSTS["claude-desktop"], Connection(url=URL))


@pytest.mark.parametrize("host", HOSTS.values(), ids=list(HOSTS))
def test_a_printed_block_is_a_whole_configuration(host: Any) -> None:  # noqa: ANN401 -- a Host
    """*Chosen*: it can be pasted into an empty file."""
    parts = additions(host, Connection(command=("/a b/ü\\x",), env={"A": '"'}, secret="s"))
    editor = editor_of(host.format)

    assert editor.read(editor.render(parts)) == editor.plain(whole(parts))


def test_names_of_hosts_are_found_or_suggested() -> None:
    """*Chosen*: people type the product's name."""
    assert find_host("Claude Desktop").id == "claude-desktop"
    with pytest.raises(ConfigurationError) as refused:
        find_host("cursr")
    assert str(refused.value.startup_text).startswith(
        '"cursr" isn\'t a known host. Did you mean "cursor"? Known hosts: claude-desktop, '
    )


def test_hosts_on_this_machine_are_found() -> None:
    """*Chosen*: by their folder or file; a broken file is reported as unreadable."""
    assert hosts_found() == []
    cursor, codex, claude = (config_file(HOSTS[n]) for n in ("cursor", "codex", "claude-code"))
    assert cursor
    assert codex
    assert claude
    assert not is_found(HOSTS["claude-code"], claude)
    cursor.parent.mkdir()
    codex.parent.mkdir()
    codex.write_text("[mcp_servers.stability]\ncommand = 'x'\n")
    claude.write_text("{")

    found = {each.host.id: each.installed for each in hosts_found()}

    assert found == {"claude-code": None, "cursor": False, "codex": True}


@pytest.mark.skipif(os.name == "nt", reason="links")
def test_the_command_is_an_absolute_path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """*Chosen*: hosts with a window don't see the terminal's PATH."""
    script = tmp_path / "bin" / "stability-mcp"
    script.parent.mkdir()
    script.touch()
    link = tmp_path / "stability-mcp"
    link.symlink_to(script)

    monkeypatch.setattr(sys, "argv", [str(link), "install"])
    assert command_in_use() == (str(link),)

    monkeypatch.setattr(sys, "argv", ["/x/__main__.py"])
    monkeypatch.setattr(sys, "executable", str(script.with_name("python")))
    assert command_in_use() == (str(script),)

    script.unlink()
    assert command_in_use() == (str(script.with_name("python")), "-m", "stability_mcp")


def test_from_uvx_the_command_is_uvx(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """*Chosen*: uv may delete the environment that runs now."""
    uvx = tmp_path / "uvx"
    uvx.touch()
    monkeypatch.setattr(sys, "prefix", "/home/me/.cache/uv/archive-v0/Zq3")
    monkeypatch.setenv("UV", str(tmp_path / "uv"))

    assert command_in_use() == (str(uvx), "stability-mcp")

    monkeypatch.delenv("UV")
    monkeypatch.setenv("PATH", "")
    assert command_in_use() == ("uvx", "stability-mcp")


def test_a_password_question_is_added_once_to_vs_code() -> None:
    """*Documented* (VS Code): `inputs` are asked once and stored."""
    [server, question] = additions(HOSTS["vscode"], Connection(command=("x",)))

    assert json.dumps(server.value).count("${input:stability-key}") == 1
    assert question.path == ("inputs",)
    assert question.value["id"] == "stability-key"
    assert question.value["password"] is True
