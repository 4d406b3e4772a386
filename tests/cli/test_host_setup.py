"""`stability-mcp install`, `uninstall`, and what `doctor` shows about hosts."""

import json
import os
import sys
from pathlib import Path

import anyio
import pytest
from mcp import Client, StdioServerParameters

from cli.conftest import Cli

BEFORE = b'{\n  "mcpServers": {\n    "github": { "env": { "TOKEN": "ghp-secret" } }\n  }\n}\n'


@pytest.fixture
def cursor() -> Path:
    """Return the configuration of Cursor, which has another server with a secret."""
    path = Path.home() / ".cursor" / "mcp.json"
    path.parent.mkdir()
    path.write_bytes(BEFORE)
    return path


def test_install_shows_the_change_and_makes_it_and_uninstall_undoes_it(
    cli: Cli, cursor: Path, tmp_path: Path
) -> None:
    """Documented (docs/hosts.md): with a copy of the earlier file."""
    code, out, err = cli("install", "cursor")
    server = json.loads(cursor.read_text("utf-8"))["mcpServers"]["stability"]

    assert (code, err) == (0, "")
    assert Path(server["command"]).is_absolute()
    assert out.startswith(f'{cursor}\n  line 3:\n  + ,\n  +     "stability": {{\n')
    assert "ghp-secret" not in out
    assert "Added to Cursor. Restart it to load the server." in out
    [copy] = [
        each for each in (tmp_path / "home/host-backups").iterdir() if "mcp.json" in each.name
    ]
    assert str(copy) in out
    assert copy.read_bytes() == BEFORE

    code, out, err = cli("install", "cursor")
    assert (code, err) == (0, "")
    assert out == f"Cursor has this entry already; {cursor} is unchanged.\n"

    code, out, err = cli("uninstall", "cursor", STABILITY_API_KEY="sk-another-store")
    assert (code, err) == (0, "")
    assert '  -     "stability": {' in out
    assert "ghp-secret" not in out
    assert cursor.read_bytes() == BEFORE

    code, out, _ = cli("uninstall", "cursor")
    assert (code, out) == (0, f"Cursor has no entry of this server; {cursor} is unchanged.\n")


@pytest.mark.anyio
@pytest.mark.processes
async def test_the_entry_starts_the_server(cli: Cli, tmp_path: Path) -> None:
    """Chosen: as Cursor does without the key: the reference to it stays unfilled."""
    _, out, _ = cli("install", "cursor", "--print", "--toolsets", "upscale")
    entry = json.loads(out)["mcpServers"]["stability"]
    server = StdioServerParameters(
        command=entry["command"],
        args=entry.get("args", []),
        env={**os.environ, **entry["env"], "STABILITY_HOME": str(tmp_path / "home")},
    )

    with anyio.fail_after(60):
        async with Client(server) as client:
            tools = {each.name for each in (await client.list_tools()).tools}

    assert "upscale_fast" in tools
    assert "generate_core" not in tools


def test_print_changes_nothing(cli: Cli, cursor: Path, tmp_path: Path) -> None:
    """Documented (docs/hosts.md): the output is a configuration."""
    code, out, _ = cli("install", "cursor", "--print", "--toolsets", "basic")

    env = json.loads(out)["mcpServers"]["stability"]["env"]
    assert code == 0
    assert env == {
        "STABILITY_TOOLSETS": "basic",
        "STABILITY_API_KEY": "${env:STABILITY_API_KEY}",
    }
    assert cursor.read_bytes() == BEFORE
    assert not (tmp_path / "home").exists()


def test_settings_for_the_hosts_server_have_absolute_paths(cli: Cli, tmp_path: Path) -> None:
    """Chosen: hosts start servers in other folders."""
    _, out, _ = cli("install", "zed", "--print", "--output-dir", "out", "--roots-only", "--roots=a")

    env = json.loads(out)["context_servers"]["stability"]["env"]
    assert env == {
        "STABILITY_OUTPUT_DIR": str(tmp_path / "out"),
        "STABILITY_ROOTS": str(tmp_path / "a"),
        "STABILITY_ROOTS_ONLY": "1",
    }


def test_the_key_is_written_only_if_asked_for_and_never_shown(cli: Cli, cursor: Path) -> None:
    """Documented (docs/hosts.md): `--secrets`."""
    key = "sk-0123456789"
    cli("install", "cursor", STABILITY_API_KEY=key)
    assert key not in cursor.read_text("utf-8")
    cli("uninstall", "cursor")

    code, _, err = cli("install", "cursor", "--secrets")
    assert code == 3
    assert "STABILITY_API_KEY is not set in this terminal" in err

    _, out, _ = cli("install", "cursor", "--secrets", STABILITY_API_KEY=key)
    assert key in cursor.read_text("utf-8")
    assert key not in out
    _, out, _ = cli("uninstall", "cursor")
    assert '"STABILITY_API_KEY": "<secret>"' in out
    assert key not in out


def test_the_webhook_secret_in_an_entry_is_never_shown(cli: Cli, cursor: Path) -> None:
    """*Chosen*: `uninstall` shows what it removes, and the user may have added the secret."""
    cli("install", "cursor")
    found = json.loads(cursor.read_text("utf-8"))
    found["mcpServers"]["stability"]["env"] = {"STABILITY_ON_DONE_SECRET": "whsec_abcd"}
    cursor.write_text(json.dumps(found, indent=2), "utf-8")

    _, out, _ = cli("uninstall", "cursor")

    assert '"STABILITY_ON_DONE_SECRET": "<secret>"' in out
    assert "whsec_abcd" not in out


def test_the_token_of_the_http_server_is_written_if_asked_for(
    cli: Cli, cursor: Path, tmp_path: Path
) -> None:
    """Documented (docs/hosts.md): `--url` with `--secrets`."""
    url = "http://127.0.0.1:8788/mcp"
    code, _, err = cli("install", "cursor", "--url", url, "--secrets")
    assert code == 3
    assert "Run stability-mcp serve --http once" in err

    (tmp_path / "home/emulator").mkdir(parents=True)
    (tmp_path / "home/emulator/http-token").write_text("t0ken")
    code, out, err = cli("install", "cursor", "--url", url, "--secrets")

    server = json.loads(cursor.read_text("utf-8"))["mcpServers"]["stability"]
    assert (code, err) == (0, "")
    assert server == {"url": url, "headers": {"Authorization": "Bearer t0ken"}}
    assert '"Authorization": "Bearer <secret>"' in out
    assert "t0ken" not in out + cli("uninstall", "cursor")[1]


def test_without_secrets_the_output_says_where_they_come_from(cli: Cli) -> None:
    """Chosen: the first call would otherwise fail or use the emulator by surprise."""
    new = ("--create", "--file", "x.json")
    expected = {
        ("cursor", *new): "The server reads the key from STABILITY_API_KEY",
        ("claude-code", *new): "The server reads the key from STABILITY_API_KEY",
        ("vscode", *new): "VS Code asks for the key; leave it empty to use the emulator.",
        ("zed", *new): "Zed passes no key on, so the server uses the emulator.",
        ("cursor", "--url", "http://x/mcp", *new): "Set MCP_BEARER_TOKEN in the environment of",
    }
    for words, hint in expected.items():
        code, out, err = cli("install", *words)
        assert (code, err) == (0, "")
        assert hint in out
        cli("uninstall", words[0], "--file", "x.json")


@pytest.mark.parametrize("answer", ["y", "n"])
def test_a_person_is_asked_before_the_change(
    cli: Cli, cursor: Path, monkeypatch: pytest.MonkeyPatch, answer: str
) -> None:
    """Chosen: `--yes` doesn't ask; without a terminal there is no one to ask."""
    asked = []

    def confirm(text: str) -> bool:
        asked.append(text)
        return answer == "y"

    monkeypatch.setattr(sys.stdin, "isatty", lambda: True)
    monkeypatch.setattr("typer.confirm", confirm)

    code, *_ = cli("install", "cursor")
    assert (code == 0) == (answer == "y") == (cursor.read_bytes() != BEFORE)
    cli("uninstall", "cursor")
    cli("install", "cursor", "--yes")

    assert asked == ["Write this change?"] * len(asked)
    assert len(asked) == (2 if answer == "y" else 1)
    assert cursor.read_bytes() != BEFORE


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("install", "emacs"), '"emacs" isn\'t a known host.'),
        (("install", "zed"), "Add --create to create it."),
        (("install", "librechat"), "Pass --file with the path of its file."),
        (("install", "cursor", "--url", "ftp://x"), "must begin with http:// or https://"),
        (("uninstall", "librechat"), "Pass --file with the path of its file."),
    ],
)
def test_mistakes_are_one_sentence_each(cli: Cli, words: tuple[str, ...], message: str) -> None:
    """Chosen: what is wrong and what to do."""
    code, out, err = cli(*words)

    assert (code, out) == (3, "")
    assert message in err
    assert len(err.splitlines()) == 1


def test_doctor_prints_the_entry_and_the_hosts_on_this_machine(cli: Cli, cursor: Path) -> None:
    """Documented (docs/hosts.md): ready to paste, and which hosts have it."""
    (Path.home() / ".gemini").mkdir()
    (Path.home() / ".gemini" / "settings.json").write_text("{")
    _, before, _ = cli("doctor")
    cli("install", "cursor")
    code, after, _ = cli("doctor")

    block = before.partition("\nhosts\n")[2].partition("\n  }\n")[0] + "\n}"
    assert code == 0
    assert json.loads(block)["mcpServers"].keys() == {"stability"}
    assert "Cursor: doesn't have this server; add it with stability-mcp install cursor" in before
    assert f"Cursor: has this server ({cursor})" in after
    assert "Gemini CLI: the configuration can't be read" in after
