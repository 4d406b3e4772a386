"""The studio is opened once, on first use, and closed when requests in flight are finished."""

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


async def test_concurrent_calls_share_one_studio(tmp_path: Path) -> None:
    """Chosen: the store would take two studios for two processes."""
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


async def test_requests_in_flight_are_finished_when_the_client_disconnects(tmp_path: Path) -> None:
    """Chosen: clients close stdin in the middle of paid work."""
    gate = Gate()
    async with connected(tmp_path, gate=gate, wait=0) as client:
        fine(await client.call_tool("generate_core", {"prompt": "a fox", "label": "fox"}))
        await _until_sent(client)
        gate.open()
    async with connected(tmp_path) as client:
        listed = data(await client.call_tool("job_list", {}))

    assert [job["state"] for job in listed["jobs"]] == ["done"]


async def test_finish_returns_when_requests_in_flight_are_stored(tmp_path: Path) -> None:
    """Chosen: after a signal, the process waits for it."""
    gate = Gate()
    server = build_server(settings_in(tmp_path, {"wait": 0}), open_studio=partial(paced, gate=gate))
    async with Client(server) as client:
        fine(await client.call_tool("generate_core", {"prompt": "a fox"}))
        await _until_sent(client)
        running = data(await client.call_tool("job_list", {"state": "running"}))
        queued = data(await client.call_tool("job_list", {"state": "queued"}))
        assert (len(running["jobs"]), queued["jobs"]) == (1, []), "running is any of three states"
        async with anyio.create_task_group() as group:
            group.start_soon(server.finish)
            await anyio.wait_all_tasks_blocked()
            assert not list((tmp_path / "home").rglob("blobs/*/*"))
            gate.open()

    assert list((tmp_path / "home").rglob("blobs/*/*"))


async def _until_sent(client: Client) -> None:
    with anyio.fail_after(30):
        while not data(await client.call_tool("job_list", {"state": "submitting"}))["jobs"]:
            await anyio.lowlevel.checkpoint()


async def test_finish_without_a_studio_returns_at_once(tmp_path: Path) -> None:
    """Chosen: no studio is opened only to be closed."""
    server = build_server(settings_in(tmp_path))
    async with Client(server):
        with anyio.fail_after(30):
            await server.finish()

    assert not (tmp_path / "home").exists()
