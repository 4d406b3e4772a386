"""An upstream that counts: who posted what how often, and what it charged. Not the emulator.

It charges as soon as a result is ready, whether or not anybody still listens: the worst case.
"""

import asyncio
import io
import json
import random
import re
import secrets
import wave
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from support_jobs import picture

PROMPT = re.compile(rb'name="prompt"\r\n(?:[^\r\n]+\r\n)*\r\n([^\r\n]*)\r\n')
LENGTH = re.compile(rb"content-length: (\d+)", re.IGNORECASE)


@dataclass
class Upstream:
    """What came and what was charged, by prompt."""

    url: str = ""
    pace: float = 1.0
    """How slow it is; 0: at once."""
    results_after: float = 0.2
    """Seconds from the start of a deferred generation to its result."""
    posts: Counter[str] = field(default_factory=Counter)
    charges: Counter[str] = field(default_factory=Counter)
    generations: dict[str, tuple[str, float]] = field(default_factory=dict)
    arrivals: list[float] = field(default_factory=list)
    serving: set[asyncio.Task[object]] = field(default_factory=set)

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Answer requests until the line breaks."""
        task = asyncio.current_task()
        assert task is not None
        self.serving.add(task)
        try:
            while True:
                await self._one(reader, writer)
        except (asyncio.IncompleteReadError, ConnectionError, asyncio.CancelledError):
            pass
        finally:
            self.serving.discard(task)
            writer.close()

    async def _one(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = await reader.readuntil(b"\r\n\r\n")
        method, path = head.split(b" ")[:2]
        length = LENGTH.search(head)
        body = await reader.readexactly(int(length[1])) if length else b""
        self.arrivals.append(asyncio.get_running_loop().time())
        if method == b"GET":
            return await self._result(path.decode().rsplit("/", 1)[-1], writer)
        found = PROMPT.search(body)
        assert found is not None, body
        prompt = found[1].decode()
        self.posts[prompt] += 1
        await self._pause(0.1)
        self.charges[prompt] += 1
        if b"/audio/" not in path:
            return await self._send(writer, 200, "image/png", picture(len(self.posts)))
        generation = secrets.token_hex(32)
        self.generations[generation] = (prompt, asyncio.get_running_loop().time())
        start = json.dumps({"id": generation}).encode()
        return await self._send(writer, 202, "application/json", start)

    async def _result(self, generation: str, writer: asyncio.StreamWriter) -> None:
        _, started = self.generations[generation]
        if asyncio.get_running_loop().time() - started < self.results_after:
            body = json.dumps({"id": generation, "status": "in-progress"}).encode()
            return await self._send(writer, 202, "application/json", body)
        return await self._send(writer, 200, "audio/wav", sound())

    async def _send(
        self, writer: asyncio.StreamWriter, status: int, media_type: str, body: bytes
    ) -> None:
        headers = [
            f"HTTP/1.1 {status} OK",
            f"Content-Type: {media_type}",
            f"Content-Length: {len(body)}",
            "seed: 7",
            "finish-reason: SUCCESS",
        ]
        writer.write("\r\n".join(headers).encode() + b"\r\n\r\n")
        step = len(body) // 4 + 1
        for start in range(0, len(body), step):
            await writer.drain()
            await self._pause(0.02)
            writer.write(body[start : start + step])
        await writer.drain()

    async def _pause(self, most: float) -> None:
        if self.pace:
            await asyncio.sleep(random.uniform(0, most) * self.pace)  # noqa: S311 -- no secret

    def most_within(self, seconds: float) -> int:
        """Return the most requests that arrived in any stretch of so many seconds."""
        times = sorted(self.arrivals)
        return max(
            (sum(start <= other < start + seconds for other in times) for start in times), default=0
        )


def sound() -> bytes:
    """Return a tenth of a second of silence."""
    file = io.BytesIO()
    with wave.open(file, "wb") as track:
        track.setnchannels(1)
        track.setsampwidth(2)
        track.setframerate(8_000)
        track.writeframes(bytes(1_600))
    return file.getvalue()


@asynccontextmanager
async def counting_upstream(pace: float = 1.0) -> AsyncIterator[Upstream]:
    """Serve on loopback until the block ends."""
    upstream = Upstream(pace=pace)
    server = await asyncio.start_server(upstream.serve, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    upstream.url = f"http://127.0.0.1:{port}"
    try:
        yield upstream
    finally:
        server.close()
        for task in upstream.serving:
            task.cancel()
        await asyncio.gather(*upstream.serving, return_exceptions=True)
