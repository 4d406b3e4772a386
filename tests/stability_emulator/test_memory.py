"""The server's memory doesn't grow, with many concurrent requests and very many in sequence.

`EMULATOR_SOAK` sets the number of requests; `make soak` uses ten thousand.
"""

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import anyio
import httpx2
import pytest

import support.imaging.sample_files as pictures

from .support_emulated import EMPTY_PART, sound

pytestmark = [
    pytest.mark.anyio,
    pytest.mark.skipif(not Path("/proc/self/statm").exists(), reason="needs /proc"),
]

IN_A_ROW = int(os.environ.get("EMULATOR_SOAK", "1000"))
AT_ONCE = 200
MIB = 1_048_576
PER_KEY = 100
"""Requests per key: fewer than the rate limit allows at once."""
AT_REST = 24 * MIB
"""Growth allowed in the first half, since allocators keep their peak memory."""


class Server:
    """An emulator process used only by this test."""

    def __init__(self, process: "subprocess.Popen[str]", url: str) -> None:
        self.url = url
        self._process = process

    def memory(self) -> int:
        """Return the resident memory in bytes."""
        pages = Path(f"/proc/{self._process.pid}/statm").read_text().split()[1]
        return int(pages) * os.sysconf("SC_PAGE_SIZE")

    def client(self, number: int = 0) -> httpx2.AsyncClient:
        """Return a client with the key for the request of a given number."""
        headers = {"authorization": f"Bearer sk-{number // PER_KEY}"}
        return httpx2.AsyncClient(base_url=self.url, headers=headers, timeout=120)


@pytest.fixture
def server() -> Iterator[Server]:
    """A freshly started server."""
    command = [sys.executable, "-m", "stability_mcp", "emulator", "--port", "0"]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as process:
        assert process.stderr is not None
        line = process.stderr.readline()
        found = re.search(r"http://127\.0\.0\.1:\d+", line)
        assert found, line
        yield Server(process, found.group())
        process.terminate()


async def one(client: httpx2.AsyncClient, number: int, upload: bytes) -> int:
    """Send a small request, of four kinds in turn; return its status."""
    match number % 4:
        case 0:
            response = await client.get("/v1/user/balance")
        case 1:
            files = {"image": upload}  # larger than the API allows, so nothing is rendered
            response = await client.post("/v2beta/stable-image/upscale/fast", files=files)
        case 2:
            response = await client.get(f"/v2beta/results/{number:064d}")
        case _:
            response = await client.post("/v2beta/stable-image/generate/core", files=EMPTY_PART)
    return response.status_code


async def in_a_row(server: Server, first: int, last: int, upload: bytes) -> None:
    """Send requests one after another."""
    for start in range(first, last, PER_KEY):
        async with server.client(start) as client:
            for number in range(start, min(start + PER_KEY, last)):
                assert await one(client, number, upload) == [200, 400, 404, 400][number % 4]


async def test_very_many_requests_in_sequence_do_not_leak_memory(server: Server) -> None:
    """Chosen: memory doesn't grow during the second half of the requests."""
    upload = pictures.png((1_600, 80))
    await in_a_row(server, 0, PER_KEY, upload)  # imports everything
    began = server.memory()
    await in_a_row(server, PER_KEY, IN_A_ROW // 2, upload)
    half = server.memory()
    await in_a_row(server, IN_A_ROW // 2 // PER_KEY * PER_KEY, IN_A_ROW, upload)
    ended = server.memory()

    measured = f"{began / MIB:.1f}, {half / MIB:.1f}, {ended / MIB:.1f} MiB"
    print(f"\n{IN_A_ROW} requests in sequence: {measured}")  # noqa: T201 -- a measurement
    assert half - began < AT_REST, measured
    assert ended - half < 4 * MIB, measured


@pytest.mark.long(11)
async def test_many_concurrent_uploads_are_not_held_in_memory(server: Server) -> None:
    """Chosen: 200 uploads of 0.9 MB each are on disk, and results are streamed."""
    content = sound(58)
    async with server.client() as client:
        await in_a_row(server, 0, PER_KEY, pictures.png((1_600, 80)))
        await client.post("/_emulator/credits", json={"credits": 1_000_000})
    began = server.memory()
    statuses: list[int] = []
    peak = began

    async def send(number: int) -> None:
        nonlocal peak
        data = {"prompt": "rain", "duration": "1", "model": "stable-audio-2.5"}
        path = "/v2beta/audio/stable-audio-2/audio-to-audio"
        async with server.client(PER_KEY + number) as client:  # not the keys used above
            response = await client.post(path, data=data, files={"audio": content})
        statuses.append(response.status_code)
        peak = max(peak, server.memory())

    async with anyio.create_task_group() as group:
        for number in range(AT_ONCE):
            group.start_soon(send, number)

    measured = f"{began / MIB:.1f}, peak {peak / MIB:.1f} MiB"
    print(f"\n{AT_ONCE} concurrent uploads of {len(content) / MIB:.1f} MiB: {measured}")  # noqa: T201 -- a measurement
    assert statuses == [200] * AT_ONCE
    assert peak - began < 100 * MIB, measured
