"""Every example of the documentation runs: commands, requests, configurations and programs."""

import json
import os
import re
import shlex
import shutil
import subprocess
import sys
import threading
from argparse import ArgumentParser
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx2
import pytest

from cli.conftest import Cli
from stability_mcp.cli.app import EMULATOR_PORT, HTTP_PORT
from stability_mcp.http.mcp_app import PATH
from stability_mcp.text import CHARGES
from support.docs.pages import NAMES, Page, code_words
from support.programs import forked
from support.server.in_memory import environment_in

EMULATOR = f"http://127.0.0.1:{EMULATOR_PORT}"
HTTP = f"http://127.0.0.1:{HTTP_PORT}{PATH}"
SERVERS = {
    "stability-mcp serve --http",
    "stability-mcp ui",
    f"stability-mcp emulator --port {EMULATOR_PORT}",
}
"""Commands that run until they are stopped; the tests of requests start them."""

COMMANDS = {name: Page(name).commands() for name in NAMES}
EVERY = [command for commands in COMMANDS.values() for command in commands]
CURLS = [each for each in EVERY if each.startswith("curl ")]
PROGRAMS = [
    block for name in NAMES if name != "docs/rest.md" for block in Page(name).blocks("python")
]
JSON = [(name, json.loads(block)) for name in NAMES for block in Page(name).blocks("json")]
OBJECTS = [each for _, each in JSON if isinstance(each, dict)]
CONFIGURATIONS = [each for each in OBJECTS if {"servers", "mcpServers"} & each.keys()]


def _split(command: str) -> tuple[dict[str, str], list[str]]:
    """Return the variables before a command, and its words."""
    words = shlex.split(command)
    variables = {}
    while re.match(r"[A-Z_]+=", words[0]):
        name, _, variables[name] = words.pop(0).partition("=")
    return variables, words


def _own(commands: list[str]) -> list[str]:
    """Return the commands of this program that end by themselves."""
    split = {each: _split(each)[1] for each in commands}
    return [
        each
        for each, words in split.items()
        if words[0] == "stability-mcp" and " ".join(words) not in SERVERS
    ]


def test_every_kind_of_command_has_a_test() -> None:
    """*Chosen*: `make` is in test_pages.py, `uvx` in tests/distribution/; the rest is here."""
    assert {_split(each)[1][0] for each in EVERY} == {
        *("claude", "curl", "make", "pip", "stability-mcp", "uvx")
    }
    assert set(EVERY) >= SERVERS


@pytest.mark.processes
@pytest.mark.parametrize("name", [name for name, each in COMMANDS.items() if _own(each)])
def test_commands_run_in_the_order_of_their_page(name: str, tmp_path: Path, cli: Cli) -> None:
    """*Chosen*: on the emulator, with a temporary data folder; Cursor is installed."""
    (Path.home() / ".cursor").mkdir()
    for command in _own(COMMANDS[name]):
        variables, words = _split(command)
        code, out, err = cli(*words[1:], **variables)

        assert code == 0, f"{command}: {out}{err}"
        assert out, command
    if name == "docs/webhooks.md":
        [line] = (tmp_path / "events.jsonl").read_text(encoding="utf-8").splitlines()
        [documented] = [each for page, each in JSON if page == name and "event" in each]
        assert _shape(json.loads(line)) == _shape(documented)


@pytest.mark.parametrize("command", [each for each in EVERY if each.endswith(tuple(SERVERS))])
def test_servers_are_shown_with_valid_settings(command: str, cli: Cli) -> None:
    """*Chosen*: `doctor` reads the same variables and ends by itself."""
    variables, _ = _split(command)
    code, out, err = cli("doctor", **variables)

    assert code == 0, out + err


def test_a_webhook_reports_charges_in_the_words_of_the_page() -> None:
    """*Chosen*: the words of every answer; a finished job reserves nothing."""
    page = Page("docs/webhooks.md")
    [values] = [row[1] for row in page.rows() if row[0] == "`charged`"]
    charges = set(CHARGES.values()) - {"reserved"}

    assert set(code_words(values)) == charges
    assert {
        each["charged"] for name, each in JSON if name == page.name and "charged" in each
    } <= charges


def _shape(value: Any) -> Any:  # noqa: ANN401 -- any JSON
    """Return JSON with the types of its values in place of the values."""
    if isinstance(value, dict):
        return {name: _shape(each) for name, each in value.items()}
    if isinstance(value, list):
        return [_shape(each) for each in value]
    return type(value).__name__


@pytest.mark.parametrize("configuration", CONFIGURATIONS)
def test_configurations_of_hosts_start_what_exists(configuration: dict[str, Any]) -> None:
    """*Chosen*: the command is installed, the address and every input are as documented."""
    servers = configuration.get("servers") or configuration["mcpServers"]
    inputs = {each["id"] for each in configuration.get("inputs", ())}
    used = set(re.findall(r"\$\{input:([\w-]+)\}", json.dumps(servers)))

    assert used == inputs
    for server in servers.values():
        assert server.get("url") == HTTP if "url" in server else _is_installed(server["command"])


def test_the_command_that_adds_the_server_to_claude_code_starts_what_exists() -> None:
    """*Chosen*: the words after `--` are the command."""
    [command] = [each for each in EVERY if each.startswith("claude ")]
    words = shlex.split(command)

    assert words[:3] == ["claude", "mcp", "add"]
    assert _is_installed(*words[words.index("--") + 1 :])


def _is_installed(*words: str) -> bool:
    folders = os.pathsep.join((str(Path(sys.executable).parent), os.environ.get("PATH", "")))
    return len(words) == 1 and shutil.which(words[0], path=folders) is not None


@pytest.mark.parametrize("program", PROGRAMS, ids=["studio", "service", "client"])
def test_programs_run_a_second_time_as_well(
    program: str, tmp_path: Path, emulator_url: str
) -> None:
    """*Chosen*: labels and files that exist already must not break an example."""
    (tmp_path / "example.py").write_text(program, encoding="utf-8")
    twice = "import runpy\nfor _ in range(2):\n    runpy.run_path('example.py')\n"
    more = {"STABILITY_API_KEY": f"sk-{tmp_path.name}-twice", "STABILITY_BASE_URL": emulator_url}

    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", twice],
        cwd=tmp_path,
        env=environment_in(tmp_path, **more),
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )

    assert (done.returncode, done.stderr) == (0, "")
    shown = re.findall(re.escape(str(tmp_path)) + r".+?\.png|[\w.-]+\.png", done.stdout)
    assert len(set(shown)) >= 2
    assert all((tmp_path / path).is_file() for path in shown)
    assert "None" not in done.stdout


@pytest.fixture
def http_server(tmp_path: Path) -> Iterator[tuple[str, str]]:
    """Serve MCP over HTTP; returns the address and the token that it prints."""
    command = forked("stability_mcp", "serve", "--http", "--port", "0")
    with subprocess.Popen(
        command, env=environment_in(tmp_path), stderr=subprocess.PIPE, text=True
    ) as process:
        assert process.stderr is not None
        address = re.search(r"http://\S+", process.stderr.readline())
        token = re.search(r"Bearer (\S+)", process.stderr.readline())
        assert address
        assert token
        drain = threading.Thread(target=process.stderr.read, daemon=True)
        drain.start()
        yield address[0], token[1]
        process.terminate()
        drain.join(10)


@pytest.mark.processes
def test_requests_to_the_http_server_are_answered(
    tmp_path: Path, http_server: tuple[str, str]
) -> None:
    """*Documented* (docs/http-hosts.md): also the token in the data folder."""
    address, token = http_server
    requests = [each for each in CURLS if HTTP in each]

    answers = [_curl(each.replace(HTTP, address).replace("TOKEN", token)) for each in requests]

    assert len(answers) == 1
    assert '"serverInfo"' in answers[0]
    assert (tmp_path / "home" / "emulator" / "http-token").read_text(encoding="ascii") == token


def test_requests_to_the_emulator_are_answered(emulator_url: str) -> None:
    """*Documented* (docs/emulator.md): its controls."""
    requests = [each for each in CURLS if EMULATOR in each]

    answers = [json.loads(_curl(each.replace(EMULATOR, emulator_url))) for each in requests]
    httpx2.request("DELETE", f"{emulator_url}/_emulator/faults").raise_for_status()

    assert len(requests) + 1 == len(CURLS)
    assert answers[0]["done"] is True
    assert answers[1]["done"] is True
    assert {"path": "/v2beta/*", "count": 2, "status": 500} in answers[2]


def _curl(command: str) -> str:
    """Return the body of the answer to a curl command; httpx2 sends it where curl is missing."""
    words = shlex.split(command)
    if shutil.which("curl"):
        run = subprocess.run([*words, "-f"], capture_output=True, text=True, check=False)
        assert run.returncode == 0, run.stderr
        return run.stdout
    parser = ArgumentParser()
    parser.add_argument("-s", action="store_true")
    parser.add_argument("-X", default="POST" if "-d" in words else "GET")
    parser.add_argument("-H", action="append", default=[])
    parser.add_argument("-d")
    parser.add_argument("url")
    given = parser.parse_args(words[1:])
    headers = dict(each.split(": ", 1) for each in given.H)
    answer = httpx2.request(given.X, given.url, headers=headers, content=given.d)
    answer.raise_for_status()
    return answer.text
