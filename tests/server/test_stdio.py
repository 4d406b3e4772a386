"""The server as clients run it: a process on stdin and stdout."""

import json
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import anyio
import pytest
from mcp import Client, StdioServerParameters

from support.programs import forked
from support.server.in_memory import Era, both_eras, copies, environment_in, fine, text

INITIALIZE = {
    "protocolVersion": "2025-06-18",
    "capabilities": {},
    "clientInfo": {"name": "test", "version": "1"},
}


@contextmanager
def _process(folder: Path, **more: str) -> Iterator["subprocess.Popen[str]"]:
    with subprocess.Popen(
        forked("stability_mcp"),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        cwd=folder,
        env=environment_in(folder, **more),
    ) as process:
        try:
            yield process
        finally:
            process.kill()


def _send(
    process: "subprocess.Popen[str]", method: str, number: int | None, **params: object
) -> None:
    assert process.stdin is not None
    message = {"jsonrpc": "2.0", "method": method, "params": params}
    process.stdin.write(json.dumps(message | ({"id": number} if number else {})) + "\n")
    process.stdin.flush()


def _answer(process: "subprocess.Popen[str]", number: int) -> dict[str, Any]:
    assert process.stdout is not None
    for line in process.stdout:
        message: dict[str, Any] = json.loads(line)
        if message.get("id") == number:
            return message
    raise AssertionError(process.stderr.read() if process.stderr else "")


def _initialize(process: "subprocess.Popen[str]") -> None:
    _send(process, "initialize", 1, **INITIALIZE)
    assert "result" in _answer(process, 1)
    _send(process, "notifications/initialized", None)


@pytest.mark.anyio
@both_eras
async def test_a_process_serves_both_eras(era: Era, tmp_path: Path) -> None:
    """Documented (README): clients start it."""
    server = StdioServerParameters(
        command=sys.executable, args=["-m", "stability_mcp"], env=environment_in(tmp_path)
    )
    with anyio.fail_after(60):
        async with Client(server, mode=era) as client:
            listed = (await client.list_tools()).tools
            made = fine(await client.call_tool("generate_core", {"prompt": "a fox"}))
            refused = await client.call_tool("generate_core", {"prompt": ""})

    assert len(listed) > 30
    assert len(copies(made)) == 1
    assert "prompt" in text(refused)


def test_an_invalid_line_does_not_stop_the_server(tmp_path: Path) -> None:
    """Chosen: a broken client must not lose a picture."""
    with _process(tmp_path) as process:
        _initialize(process)
        assert process.stdin is not None
        process.stdin.write('not json\n{"jsonrpc": "2.0", "id": 7}\n[1, 2]\n\n')
        _send(process, "tools/list", 2)

        assert _answer(process, 2)["result"]["tools"]


def test_every_invalid_message_is_answered_and_the_next_request_works(tmp_path: Path) -> None:
    """Chosen: a host never has to wait for its own timeout."""
    call = {"name": "generate_core", "arguments": {"prompt": "a fox \ud83e"}}
    with _process(tmp_path) as process:
        assert process.stdin is not None
        process.stdin.write("\ufeff")
        _initialize(process)
        process.stdin.write('\nnot json\n[1]\n{"jsonrpc": "2.0", "id": 7}\n')
        process.stdin.write('{"jsonrpc": "2.0",\n"id": 8,\n"method": "ping"}\n')
        process.stdin.write('[{"jsonrpc": "2.0", "id": 9, "method": "ping"}]\n{"cut": \n')
        process.stdin.flush()
        assert process.stdout is not None
        answers = [json.loads(process.stdout.readline()) for _ in range(6)]
        _send(process, "tools/call", 10, **call)
        drawn = _answer(process, 10)

    codes = {each["id"]: each.get("error", {}).get("code", 0) for each in answers}
    assert codes == {None: -32700, 7: -32600, 8: 0, 9: 0}
    assert len([each for each in answers if each["id"] is None]) == 3
    assert not drawn["result"].get("isError")


def test_closing_stdin_stops_the_server(tmp_path: Path) -> None:
    """Documented (the protocol): clients stop a server this way."""
    with _process(tmp_path) as process:
        _initialize(process)
        assert process.stdin is not None
        process.stdin.close()

        assert process.wait(20) == 0


@pytest.mark.skipif(sys.platform == "win32", reason="POSIX signals")
def test_sigterm_stops_the_server_after_storing_requests_in_flight(
    tmp_path: Path, emulator_url: str
) -> None:
    """Chosen: a client that stops the server must not lose a paid picture."""
    chosen = {
        "STABILITY_WAIT": "0",
        "STABILITY_API_KEY": "sk-signal-0123456789",
        "STABILITY_BASE_URL": emulator_url,
    }
    with _process(tmp_path, **chosen) as process:
        _initialize(process)
        call = {"name": "generate_core", "arguments": {"prompt": "a fox"}}
        _send(process, "tools/call", 2, **call)
        job = _answer(process, 2)["result"]["_meta"]["stability-mcp/result"]["jobs"][0]
        process.send_signal(signal.SIGTERM)
        code = process.wait(30)
    with _process(tmp_path, **chosen) as process:
        _initialize(process)
        wait = {"name": "job_wait", "arguments": {"jobs": [job["id"]], "seconds": 20}}
        _send(process, "tools/call", 2, **wait)
        result = _answer(process, 2)["result"]

    assert code == 128 + signal.SIGTERM
    assert result["_meta"]["stability-mcp/result"]["media"]


def test_stdout_contains_only_protocol_messages(tmp_path: Path) -> None:
    """Documented (the protocol): anything else breaks the connection."""
    with _process(tmp_path, STABILITY_LOG_LEVEL="DEBUG") as process:
        _initialize(process)
        call = {"name": "generate_core", "arguments": {"prompt": "a fox"}}
        _send(process, "tools/call", 2, **call)
        _answer(process, 2)
        assert process.stdin is not None
        process.stdin.close()
        assert process.stdout is not None
        rest = process.stdout.read()

    assert all(json.loads(line)["jsonrpc"] == "2.0" for line in rest.splitlines())


def test_the_start_imports_nothing_that_only_calls_need(tmp_path: Path) -> None:
    """Chosen: clients wait for the handshake at every start."""
    code = (
        "import sys\n"
        "from stability_mcp.settings import Settings\n"
        "from stability_mcp.server.app import build_server\n"
        "from stability_mcp.server import stdio\n"
        "build_server(Settings())\n"
        "heavy = {'PIL', 'tinytag', 'sqlite3', 'typer',\n"
        "    'stability_mcp.studio', 'stability_mcp.api.operations',\n"
        "    'stability_mcp.client.client'}\n"
        "sys.exit(' '.join(sorted(heavy & sys.modules.keys())) or 0)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        env=environment_in(tmp_path),
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )

    assert (done.returncode, done.stderr) == (0, "")
