"""What a host waits for at every start, and what it does not."""

import json
import os
import subprocess
import sys
import time
from pathlib import Path

import anyio
import pytest

from stability_mcp.store.database import Database

LATER = (
    "PIL",
    "sqlite3",
    "tinytag",
    "typer",
    "stability_mcp.client",
    "stability_emulator",
    "stability_mcp.jobs",
    "stability_mcp.media",
    "stability_mcp.api.operation",
    "stability_mcp.api.operations",
    "stability_mcp.studio",
)
"""What the first call needs and a start does not: half a second together."""


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
def test_the_server_starts_without_what_only_a_call_needs() -> None:
    """Chosen: a host waits for `initialize` at every start."""
    program = (
        "from stability_mcp import __main__\n"
        "from stability_mcp.server.app import build_server\n"
        "from stability_mcp.server.stdio import run_stdio\n"
        "from stability_mcp.settings import read_settings\n"
        "build_server(read_settings())"
    )

    assert _loaded(program) & set(LATER) == set()


IDLE = """
import sys
import anyio
from mcp import Client
from stability_mcp.server.app import build_server
from stability_mcp.settings import read_settings

looks = []
sys.addaudithook(lambda event, _: event == "sqlite3.connect" and looks.append(event))

async def main():
    with anyio.fail_after(60):
        async with Client(build_server(read_settings())):
            while len(looks) < 2:
                await anyio.sleep(0.01)

anyio.run(main)
"""
"""A server that nothing is asked of, until it looks at the store for the second time."""


@pytest.mark.processes
def test_an_idle_server_looks_at_its_store_without_what_only_a_call_needs(tmp_path: Path) -> None:
    """Chosen: it looks for the jobs of dead processes; here are none."""
    home = tmp_path / "emulator"
    anyio.run(Database(home).close)
    os.utime(home / "store.db", (time.time() + 600,) * 2)  # so that each look reads it again

    loaded = _loaded(IDLE, STABILITY_HOME=str(tmp_path))

    assert "sqlite3" in loaded
    assert loaded & set(LATER) == set()


@pytest.mark.processes
def test_the_package_itself_imports_nothing() -> None:
    """Chosen: `import stability_mcp` is for its version too."""
    names = {name for name in _loaded("import stability_mcp") if name.startswith("stability_mcp.")}

    assert names == set()


@pytest.mark.processes
def test_importing_reads_no_environment() -> None:
    """Chosen: settings are read at the edge; a library does not look around when imported."""
    program = (
        "import os\n"
        "import stability_mcp.cli.app, stability_mcp.studio, stability_emulator.serve\n"
        "import stability_mcp.server.stdio, stability_mcp.server.http_server\n"
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
