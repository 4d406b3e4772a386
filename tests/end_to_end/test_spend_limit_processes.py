"""A spending limit outlives the process it was set in: on stdio and over HTTP, in both eras."""

import os
import signal
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path

import anyio
import httpx2
import pytest
from mcp import Client
from mcp.client.streamable_http import streamable_http_client

from support.programs import forked
from support.server.host import Era, connected
from support.server.in_memory import data, environment_in, fine
from support.server.limited import draw, limit, over_limit, spent
from support.store.rows import rows

pytestmark = pytest.mark.anyio


@pytest.mark.skipif(sys.platform == "win32", reason="SIGKILL")
async def test_a_restarted_process_stays_bound(tmp_path: Path) -> None:
    """Chosen: after a clean end and after a kill, whatever era the client speaks."""
    home = tmp_path / "home" / "emulator"
    async with connected(tmp_path, "auto") as client:
        fine(await limit(client, credits=2))
    async with connected(tmp_path, "legacy") as client:
        assert over_limit(await draw(client))
        [(process,)] = rows(home, "SELECT pid FROM processes")
        os.kill(process, signal.SIGKILL)
    async with connected(tmp_path, "auto") as client:
        assert over_limit(await draw(client))
        assert data(await limit(client))["left"] == 2

    assert spent(tmp_path) == 0


@contextmanager
def _serving(folder: Path, token: str) -> Iterator[str]:
    """Run the server over HTTP with a token; yield its address."""
    command = forked("stability_mcp", "serve", "--http", "--port", "0", "--token", token)
    with subprocess.Popen(
        command,
        stderr=subprocess.PIPE,
        text=True,
        cwd=folder,
        env=environment_in(folder),
    ) as process:
        try:
            assert process.stderr is not None
            yield process.stderr.readline().split()[-1]
        finally:
            process.kill()


@asynccontextmanager
async def _over_http(address: str, token: str, era: Era) -> AsyncIterator[Client]:
    headers = {"Authorization": f"Bearer {token}"}
    with anyio.fail_after(60):
        async with (
            httpx2.AsyncClient(headers=headers, timeout=60) as http,
            Client(streamable_http_client(address, http_client=http), mode=era) as client,
        ):
            yield client


async def test_a_token_stays_bound_in_every_session_and_after_a_restart(tmp_path: Path) -> None:
    """Chosen: also in the other era; another token of the same store is free."""
    with _serving(tmp_path, "one") as address:
        async with _over_http(address, "one", "auto") as client:
            fine(await limit(client, credits=2))
        async with _over_http(address, "one", "legacy") as client:
            assert over_limit(await draw(client))
    with _serving(tmp_path, "one") as address, _serving(tmp_path, "two") as other:
        async with _over_http(address, "one", "auto") as client:
            assert over_limit(await draw(client))
        async with _over_http(other, "two", "auto") as client:
            assert data(await limit(client)) == {"note": "No spending limit is in force."}

    assert spent(tmp_path) == 0
