"""Large bodies are streamed, never held in memory."""

import math
import os
import socket
import threading
import time
import tracemalloc
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from pathlib import Path

import anyio
import httpx2
import pytest
from pydantic import SecretStr

from stability_mcp.api.operations import OPERATIONS
from stability_mcp.client import response
from stability_mcp.client.api_errors import RequestContext
from stability_mcp.client.body_writer import OverflowBuffer
from stability_mcp.client.client import Client
from stability_mcp.client.models import SentFile
from stability_mcp.errors import UnusableAnswerError
from support.client.raw_server import Recorder, http
from support.imaging import sample_files

pytestmark = pytest.mark.anyio

MIB = 1_048_576
UP, DOWN = 30 * MIB, 20 * MIB
KEY = SecretStr("sk-0123456789")


@contextmanager
def streaming_server() -> Iterator[str]:
    """Accept any request and respond with `DOWN` bytes of audio, in chunks."""
    listener = socket.create_server(("127.0.0.1", 0))
    start = sample_files.wav(0.1)

    def serve() -> None:
        connection, _ = listener.accept()
        with connection, connection.makefile("rb") as file:
            left = 0
            while (line := file.readline()) not in {b"\r\n", b""}:
                if line.lower().startswith(b"content-length:"):
                    left = int(line.split(b":")[1])
            while left:
                left -= len(file.read(min(left, 65_536)))
            connection.sendall(http(200, start, media_type="audio/wav", length=DOWN))
            piece = bytes(65_536)
            for _ in range((DOWN - len(start)) // len(piece)):
                connection.sendall(piece)
            connection.sendall(bytes((DOWN - len(start)) % len(piece)))

    thread = threading.Thread(target=serve)
    thread.start()
    try:
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"
    finally:
        thread.join(60)
        listener.close()


async def test_a_large_upload_and_download_need_little_memory(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Chosen: at most 16 MB for 30 MB up and 20 MB down, and the event loop is never blocked."""
    path = tmp_path / "large.wav"
    with path.open("wb") as file:
        file.write(sample_files.wav(0.1))
        file.truncate(UP)
    request = OPERATIONS["audio2_audio_to_audio"].model_validate(
        {"prompt": "rain", "audio": "large", "duration": 7}
    )
    files = {"audio": SentFile(path=path, media_type="audio/wav")}
    lags: list[float] = []
    writers: set[int] = set()
    os_write = os.write

    def write(file: int, data: bytes) -> int:
        if len(data) > 1_000:  # ignore writes that wake the loop
            writers.add(threading.get_ident())
        return os_write(file, data)

    monkeypatch.setattr(os, "write", write)

    async def watch() -> None:
        while True:
            before = (
                time.thread_time()
            )  # of this thread only, so that load on the machine does not count
            await anyio.sleep(0.01)
            lags.append(time.thread_time() - before)

    with streaming_server() as url:
        async with Client(base_url=url, api_key=KEY) as client, anyio.create_task_group() as group:
            await client._open()  # noqa: SLF001 -- leaves the imports of the first request out
            group.start_soon(watch)
            tracemalloc.start()
            try:
                with anyio.fail_after(60):
                    await client.exchange(request, files, tmp_path / "body", Recorder())
                _, peak = tracemalloc.get_traced_memory()
            finally:
                tracemalloc.stop()
            group.cancel_scope.cancel()

    assert (tmp_path / "body").stat().st_size == DOWN
    assert peak < 16 * MIB
    assert writers
    assert threading.get_ident() not in writers
    assert sorted(lags)[len(lags) // 2] < 0.1


async def test_an_endless_body_is_cut_off_at_the_limit(tmp_path: Path) -> None:
    """Chosen: no response may fill the disk."""
    request = OPERATIONS["generate_core"].model_validate({"prompt": "a red fox"})

    reader = response.ResponseReader(
        context=RequestContext(operation=type(request), request=request, key=None),
        body=tmp_path / "body",
        trace=Recorder(),
        overflow=OverflowBuffer(),
        max_bytes=MIB,
    )

    async def endless() -> AsyncIterator[bytes]:
        yield sample_files.png((64, 64))
        while True:
            yield bytes(65_536)

    answer = httpx2.Response(200, headers={"content-type": "image/png"}, content=endless())
    with anyio.fail_after(30), pytest.raises(UnusableAnswerError, match="larger than 1 MiB"):
        await reader.read(answer, math.inf)

    assert MIB <= (tmp_path / "body").stat().st_size < 2 * MIB


def test_the_limit_exceeds_the_largest_documented_result() -> None:
    """Documented: at most 380 s of stereo at 44.1 kHz; 32 bits is the widest WAV."""
    assert response.MAX_BODY_BYTES > 380 * 44_100 * 2 * 4
