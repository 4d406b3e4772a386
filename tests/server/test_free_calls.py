"""Tools that need no studio neither load it nor wait for it, and read their files once."""

import json
import os
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import anyio
import pytest
from mcp import Client

from stability_mcp.errors import StorageError
from stability_mcp.server.app import build_server
from stability_mcp.server.tools import FREE_TOOLS, free_tools
from stability_mcp.settings import Settings
from stability_mcp.studio import Studio
from support.server.in_memory import Era, both_eras, fine, refused, settings_in, text

CALLS = """
import json
import sys
import anyio
from mcp import Client
from stability_mcp.server.app import build_server
from stability_mcp.server.guide import TOPICS
from stability_mcp.settings import read_settings

opened = []
sys.addaudithook(lambda event, what: event == "open" and opened.append(str(what[0])))

async def read(client):
    for topic in TOPICS:
        assert not (await client.call_tool("guide", {"topic": topic})).is_error
        assert (await client.read_resource(f"stability://guide/{topic}")).contents
    for table in ("operations", "styles"):
        assert (await client.read_resource(f"stability://{table}")).contents
    await client.get_prompt("edit_picture", {"image": "fox", "change": "a hat"})
    await client.session.list_tools()

async def main():
    with anyio.fail_after(60):
        async with Client(build_server(read_settings())) as client:
            await read(client)
            opened.clear()
            await read(client)
            print(json.dumps({"opened": opened, "loaded": sorted(sys.modules)}))

anyio.run(main)
"""
"""A client that reads every page twice and prints the files opened the second time."""


@pytest.mark.processes
def test_free_calls_load_no_studio_and_read_their_files_once(tmp_path: Path) -> None:
    """*Chosen*: they work even if nothing else does, and models read pages repeatedly."""
    done = subprocess.run(
        [sys.executable, "-c", CALLS],
        capture_output=True,
        text=True,
        check=True,
        env={**os.environ, "STABILITY_HOME": str(tmp_path / "home")},
    )
    report = json.loads(done.stdout)

    heavy = ("sqlite3", "stability_mcp.studio", "stability_mcp.store.", "PIL")
    assert [name for name in report["loaded"] if name.startswith(heavy)] == []
    assert report["opened"] == []
    assert not (tmp_path / "home").exists()


def test_the_files_of_free_tools_contain_no_other_tools() -> None:
    """*Chosen*: they are loaded without the rest of the tools."""
    assert free_tools().keys() == FREE_TOOLS.keys()


@pytest.mark.anyio
@both_eras
async def test_a_free_call_does_not_wait_for_the_store(era: Era, tmp_path: Path) -> None:
    """*Chosen*: another call may be opening it, which takes time."""
    opening, answered = anyio.Event(), anyio.Event()

    @asynccontextmanager
    async def slow(_: Settings) -> AsyncIterator[Studio]:
        opening.set()
        await answered.wait()
        raise StorageError("The disk is full.")
        yield

    server = build_server(settings_in(tmp_path), open_studio=slow)
    errors = []
    with anyio.fail_after(60):
        async with Client(server, mode=era) as client, anyio.create_task_group() as group:

            async def list_media() -> None:
                errors.append(refused(await client.call_tool("media_list", {})))

            group.start_soon(list_media)
            await opening.wait()
            page = text(fine(await client.call_tool("guide", {"topic": "costs"})))
            answered.set()

    assert "credits" in page
    assert "The disk is full." in errors[0]
