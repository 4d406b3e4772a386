"""The server's memory stays where it is: many at once, and very many in a row.

`EMULATOR_SOAK` says how many; `make soak` asks for ten thousand.
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
    pytest.mark.skipif(not Path("/proc/self/statm").exists(), reason="tells no memory of others"),
]

IN_A_ROW = int(os.environ.get("EMULATOR_SOAK", "1000"))
AT_ONCE = 200
MIB = 1_048_576
PER_KEY = 100
"""Requests of one key: fewer than the rate limit lets through at once."""
AT_REST = 24 * MIB
"""What the first half may leave behind: allocators keep what they had at the most."""


class Server:
    """An emulator of this test alone."""

    def __init__(self, process: "subprocess.Popen[str]", url: str) -> None:
        self.url = url
        self._process = process

    def memory(self) -> int:
        """Return the bytes that are resident."""
        pages = Path(f"/proc/{self._process.pid}/statm").read_text().split()[1]
        return int(pages) * os.sysconf("SC_PAGE_SIZE")

    def client(self, number: int = 0) -> httpx2.AsyncClient:
        """Return a client with the key of the request of that number."""
        headers = {"authorization": f"Bearer sk-{number // PER_KEY}"}
        return httpx2.AsyncClient(base_url=self.url, headers=headers, timeout=120)


@pytest.fixture
def server() -> Iterator[Server]:
    """A server that nobody used before."""
    command = [sys.executable, "-m", "stability_mcp", "emulator", "--port", "0"]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as process:
        assert process.stderr is not None
        line = process.stderr.readline()
        found = re.search(r"http://127\.0\.0\.1:\d+", line)
        assert found, line
        yield Server(process, found.group())
        process.terminate()


async def one(client: httpx2.AsyncClient, number: int, upload: bytes) -> int:
    """Make a small request, each of another kind; return its status."""
    match number % 4:
        case 0:
            response = await client.get("/v1/user/balance")
        case 1:
            files = {"image": upload}  # more than the API takes, so that nothing is made of it
            response = await client.post("/v2beta/stable-image/upscale/fast", files=files)
        case 2:
            response = await client.get(f"/v2beta/results/{number:064d}")
        case _:
            response = await client.post("/v2beta/stable-image/generate/core", files=EMPTY_PART)
    return response.status_code


async def in_a_row(server: Server, first: int, last: int, upload: bytes) -> None:
    """Make requests one after another."""
    for start in range(first, last, PER_KEY):
        async with server.client(start) as client:
            for number in range(start, min(start + PER_KEY, last)):
                assert await one(client, number, upload) == [200, 400, 404, 400][number % 4]


async def test_very_many_requests_in_a_row_leave_nothing_behind(server: Server) -> None:
    """Chosen: the second half of them needs no more than the first did."""
    upload = pictures.png((1_600, 80))
    await in_a_row(server, 0, PER_KEY, upload)  # everything is imported
    began = server.memory()
    await in_a_row(server, PER_KEY, IN_A_ROW // 2, upload)
    half = server.memory()
    await in_a_row(server, IN_A_ROW // 2 // PER_KEY * PER_KEY, IN_A_ROW, upload)
    ended = server.memory()

    told = f"{began / MIB:.1f}, {half / MIB:.1f}, {ended / MIB:.1f} MiB"
    print(f"\n{IN_A_ROW} requests in a row: {told}")  # noqa: T201 -- measured
    assert half - began < AT_REST, told
    assert ended - half < 4 * MIB, told


async def test_many_uploads_at_once_are_not_in_memory(server: Server) -> None:
    """Chosen: 200 sounds of 0.9 MB each are on disk, and what is made goes out as it is made."""
    content = sound(58)
    async with server.client() as client:
        await in_a_row(server, 0, PER_KEY, pictures.png((1_600, 80)))
        await client.post("/_emulator/credits", json={"credits": 1_000_000})
    began = server.memory()
    statuses: list[int] = []
    most = began

    async def send(number: int) -> None:
        nonlocal most
        data = {"prompt": "rain", "duration": "1", "model": "stable-audio-2.5"}
        path = "/v2beta/audio/stable-audio-2/audio-to-audio"
        async with server.client(PER_KEY + number) as client:  # not the keys used above
            response = await client.post(path, data=data, files={"audio": content})
        statuses.append(response.status_code)
        most = max(most, server.memory())

    async with anyio.create_task_group() as group:
        for number in range(AT_ONCE):
            group.start_soon(send, number)

    told = f"{began / MIB:.1f}, at most {most / MIB:.1f} MiB"
    print(f"\n{AT_ONCE} uploads of {len(content) / MIB:.1f} MiB at once: {told}")  # noqa: T201 -- measured
    assert statuses == [200] * AT_ONCE
    assert most - began < 100 * MIB, told
