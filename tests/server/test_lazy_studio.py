"""The studio is opened when it is needed, once, and closed when all that is out is done."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path

import anyio
import pytest
from mcp import Client

from stability_mcp.server.app import build_server
from stability_mcp.settings import Settings
from stability_mcp.studio import Studio, open_studio
from support.server.in_memory import Gate, connected, data, fine, paced, settings_in

pytestmark = pytest.mark.anyio


async def test_calls_at_once_share_one_studio(tmp_path: Path) -> None:
    """Chosen: two would be two processes to the store."""
    opened = 0

    @asynccontextmanager
    async def counting(settings: Settings) -> AsyncIterator[Studio]:
        nonlocal opened
        opened += 1
        async with open_studio(settings) as studio:
            yield studio

    server = build_server(settings_in(tmp_path), open_studio=counting)
    async with Client(server) as client:
        await client.list_tools()
        assert opened == 0
        async with anyio.create_task_group() as group:
            for _ in range(5):
                group.start_soon(client.call_tool, "media_list", {})

    assert opened == 1


async def test_what_is_out_when_the_client_leaves_is_finished(tmp_path: Path) -> None:
    """Chosen: hosts close stdin in the middle of paid work."""
    gate = Gate()
    async with connected(tmp_path, gate=gate, wait=0) as client:
        fine(await client.call_tool("generate_core", {"prompt": "a fox", "label": "fox"}))
        await _until_it_is_out(client)
        gate.open()
    async with connected(tmp_path) as client:
        listed = data(await client.call_tool("job_list", {}))

    assert [job["state"] for job in listed["jobs"]] == ["done"]


async def test_finishing_returns_when_what_is_out_is_stored(tmp_path: Path) -> None:
    """Chosen: what a signal waits for."""
    gate = Gate()
    server = build_server(settings_in(tmp_path, {"wait": 0}), open_studio=partial(paced, gate=gate))
    async with Client(server) as client:
        fine(await client.call_tool("generate_core", {"prompt": "a fox"}))
        await _until_it_is_out(client)
        async with anyio.create_task_group() as group:
            group.start_soon(server.finish)
            await anyio.wait_all_tasks_blocked()
            assert not list((tmp_path / "home").rglob("blobs/*/*"))
            gate.open()

    assert list((tmp_path / "home").rglob("blobs/*/*"))


async def _until_it_is_out(client: Client) -> None:
    with anyio.fail_after(30):
        while not data(await client.call_tool("job_list", {"state": "submitting"}))["jobs"]:
            await anyio.lowlevel.checkpoint()


async def test_finishing_without_a_studio_is_at_once(tmp_path: Path) -> None:
    """Chosen: nothing is opened only to be closed."""
    server = build_server(settings_in(tmp_path))
    async with Client(server):
        with anyio.fail_after(30):
            await server.finish()

    assert not (tmp_path / "home").exists()
