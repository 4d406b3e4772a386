"""What a client waits for at every start, and what it does not wait for."""

import json
import os
import subprocess
import sys
from pathlib import Path

import anyio
import pytest

from stability_mcp.store.database import Database

LATER = (
    "PIL",
    "sqlite3",
    "standardwebhooks",
    "tinytag",
    "typer",
    "stability_mcp.client",
    "stability_emulator",
    "stability_mcp.jobs",
    "stability_mcp.media",
    "stability_mcp.api.operation",
    "stability_mcp.api.operations",
    "stability_mcp.studio",
    "stability_mcp.http",
    "stability_mcp.pages",
    "stability_mcp.rest",
)
"""Modules that only the first call needs; importing all takes half a second."""


OTHER_FACES = ("stability_mcp.http.", "stability_mcp.pages.", "stability_mcp.rest.")
"""Modules that a server on stdio never needs, unless the user opens a page."""


def _loaded(program: str, **environment: str) -> set[str]:
    listing = f"{program}\nimport json, sys\nprint(json.dumps(sorted(sys.modules)))"
    done = subprocess.run(
        [sys.executable, "-c", listing],
        capture_output=True,
        text=True,
        check=True,
        env={**os.environ, **environment},
    )
    return set(json.loads(done.stdout))


@pytest.mark.processes
def test_the_server_starts_without_modules_that_only_a_call_needs() -> None:
    """Chosen: a client waits for `initialize` at every start."""
    program = (
        "from stability_mcp import __main__\n"
        "from stability_mcp.server.app import build_server\n"
        "from stability_mcp.server.stdio import run_stdio\n"
        "from stability_mcp.settings import read_settings\n"
        "build_server(read_settings())"
    )

    assert _loaded(program) & set(LATER) == set()


@pytest.mark.processes
@pytest.mark.parametrize("secret", ["None", "SecretStr('whsec_' + 'c2VjcmV0' * 4)"])
def test_the_signing_library_is_loaded_with_the_first_signed_message(secret: str) -> None:
    """Chosen: most servers have no webhook, and most webhooks no secret."""
    program = (
        "import sys\n"
        "import anyio\n"
        "from pydantic import SecretStr\n"
        "import stability_mcp.studio.open\n"
        "from stability_mcp.notify.targets import send_test, target_of\n"
        f"target = target_of('http://127.0.0.1:9', {secret})\n"
        "assert 'standardwebhooks' not in sys.modules\n"
        "anyio.run(send_test, target)"
    )

    assert ("standardwebhooks" in _loaded(program)) == (secret != "None")


OPENING = """
import json
import sys
import threading
import anyio
from mcp import Client
from stability_mcp.server.app import build_server
from stability_mcp.settings import read_settings

here = threading.get_ident()
imported = {True: set(), False: set()}

def note(event, what):
    if event == "import":
        imported[threading.get_ident() == here].add(what[0])

async def main():
    server = build_server(read_settings())
    with anyio.fail_after(60):
        async with Client(server) as client:
            await client.list_tools()
            sys.addaudithook(note)
            [lazy_studio] = server._lazy_studios
            await lazy_studio.ready.wait()
            loop, threads = sorted(imported[True]), sorted(imported[False])
            made = await client.call_tool("generate_core", {"prompt": "a fox"})
            assert not made.is_error, made
            called = sorted(sys.modules)
            print(json.dumps({"loop": loop, "threads": threads, "called": called}))

anyio.run(main)
"""
"""A server that lists its tools until its store is open, and then runs a paid call."""


@pytest.mark.processes
def test_a_store_is_opened_outside_the_event_loop_thread(tmp_path: Path) -> None:
    """Chosen: imports take half a second, during which the handshake would not be answered."""
    anyio.run(Database(tmp_path / "emulator").close)
    done = subprocess.run(
        [sys.executable, "-c", OPENING],
        capture_output=True,
        text=True,
        check=True,
        env={**os.environ, "STABILITY_HOME": str(tmp_path)},
    )
    imported = json.loads(done.stdout)

    assert {"stability_mcp.jobs.jobs", "stability_emulator"} <= set(imported["threads"])
    assert [name for name in imported["loop"] if name.startswith(LATER)] == []
    assert [name for name in imported["called"] if name.startswith(OTHER_FACES)] == []


@pytest.mark.processes
def test_the_package_itself_imports_nothing() -> None:
    """Chosen: `import stability_mcp` may be only for its version."""
    names = {name for name in _loaded("import stability_mcp") if name.startswith("stability_mcp.")}

    assert names == set()


@pytest.mark.processes
def test_importing_reads_no_environment() -> None:
    """Chosen: settings are read at the edge; importing a library reads nothing."""
    program = (
        "import os\n"
        "import stability_mcp.cli.app, stability_mcp.studio, stability_emulator.serve\n"
        "import stability_mcp.server.stdio, stability_mcp.http.http_serving\n"
    )
    watched = (
        "import os\n"
        "asked = []\n"
        "real = type(os.environ).__getitem__\n"
        "def watch(self, key):\n"
        "    asked.append(key)\n"
        "    return real(self, key)\n"
        "type(os.environ).__getitem__ = watch\n"
        f"{program}"
        "ours = [key for key in asked if str(key).startswith('STABILITY_')]\n"
        "assert not ours, ours"
    )
    subprocess.run([sys.executable, "-c", watched], check=True, capture_output=True)
