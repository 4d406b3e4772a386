"""An upstream that counts posts and charges by prompt. Not the emulator.

It charges as soon as a result is ready, even if the client has disconnected: the worst case.
"""

import asyncio
import base64
import io
import json
import random
import re
import secrets
import socket
import wave
from collections import Counter
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from functools import cache
from typing import Literal

from support.jobs.jobs import picture

PROMPT = re.compile(rb'(?:name="prompt"\r\n(?:[^\r\n]+\r\n)*\r\n([^\r\n]*)\r\n|"text": ?"([^"]*)")')
LENGTH = re.compile(rb"content-length: (\d+)", re.IGNORECASE)
SAMPLES = re.compile(rb'"samples": ?(\d+)')
DEFERRED = (b"/audio/", b"/creative", b"/replace-background-and-relight")
MISSING = json.dumps(
    {
        "id": "0" * 32,
        "name": "generation_not_found",
        "errors": ["id: the generation either does not exist or has expired."],
    }
).encode()
PIECE = 16_384
SMALL_BUFFER = 65_536
"""Bytes the kernel buffers for a server that does not read: a long upload waits for its reader."""
MIN_BUFFER_BYTES, MIN_SEGMENT_BYTES = 4_096, 1_000
"""Bytes on a connection that stalls in the middle of an upload. Small segments also keep the
sender's buffer small, which otherwise grows to several megabytes and takes the whole upload."""

Stage = Literal[
    "head", "upload", "waiting", "headers", "body", "poll", "poll body", "start", "balance"
]
"""How far a request is: its head has arrived, a quarter of its body, all of it; the headers of the
response are sent, half its body. Also for polls, balance queries, and for the response that starts
a generation."""


@dataclass
class Upstream:
    """Requests and charges, by prompt."""

    url: str = ""
    pace: float = 1.0
    """Factor for its delays; 0: none."""
    results_after: float = 0.2
    """Seconds from the start of a deferred generation to its result."""
    held: asyncio.Event = field(default_factory=asyncio.Event)
    """Set when a request is held at the stage `hold`."""
    release: asyncio.Event = field(default_factory=asyncio.Event)
    """Set by the test to let the held request continue."""
    posts: Counter[str] = field(default_factory=Counter)
    """Requests that arrived completely."""
    heads: Counter[str] = field(default_factory=Counter)
    """Requests that arrived at least in part; "" counts those cut off before the prompt."""
    silent: int = 0
    """Connections without a request."""
    charges: Counter[str] = field(default_factory=Counter)
    broken: Counter[Stage] = field(default_factory=Counter)
    """The stages at which connections broke."""
    generations: dict[str, tuple[bytes, str, float]] = field(default_factory=dict)
    """Request path, prompt and start time by the id of the generation."""
    polled: set[str] = field(default_factory=set)
    """Prompts of generations that were polled."""
    image: bytes | None = None
    """The picture of every response; None: a new one each time."""
    result: tuple[str, bytes] | None = None
    """Media type and body of each deferred result; None: a sound or a picture."""
    missing: Callable[[str], bool] = lambda _: False
    """Whether a poll is answered 404, by the results path."""
    polls: list[tuple[float, str]] = field(default_factory=list)
    """Seconds from the start of a generation to each poll, and the path of the poll."""
    arrivals: list[float] = field(default_factory=list)
    serving: set[asyncio.Task[object]] = field(default_factory=set)
    listener: socket.socket | None = None
    _hold: Stage | None = None

    @property
    def hold(self) -> Stage | None:
        """The stage at which the next request is held."""
        return self._hold

    @hold.setter
    def hold(self, stage: Stage | None) -> None:
        self._hold = stage
        if stage == "upload" and self.listener is not None:
            self.listener.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, MIN_BUFFER_BYTES)
            self.listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_MAXSEG, MIN_SEGMENT_BYTES)

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Answer requests until the connection breaks."""
        task = asyncio.current_task()
        assert task is not None
        self.serving.add(task)
        connection = Connection(self, reader, writer)
        try:
            while True:
                await connection.one()
        except (asyncio.IncompleteReadError, ConnectionError, asyncio.CancelledError):
            if connection.stage is not None:
                self.broken[connection.stage] += 1
            self.silent += not connection.spoke
        finally:
            self.serving.discard(task)
            writer.close()

    def most_within(self, seconds: float) -> int:
        """Return the highest number of requests that arrived within any `seconds`."""
        times = sorted(self.arrivals)
        most = first = 0
        for last, time in enumerate(times):
            while time - times[first] >= seconds:
                first += 1
            most = max(most, last - first + 1)
        return most


@dataclass
class Connection:
    """One connection."""

    upstream: Upstream
    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter
    stage: Stage | None = None
    spoke: bool = False

    async def one(self) -> None:
        """Read one request and answer it."""
        self.stage = None
        head = await self.reader.readuntil(b"\r\n\r\n")
        self.spoke = True
        upstream = self.upstream
        upstream.arrivals.append(asyncio.get_running_loop().time())
        method, path = head.split(b" ")[:2]
        if method == b"GET":
            return await self._result(path.decode())
        body = await self._body(head)
        prompt = _prompt(body)
        upstream.posts[prompt] += 1
        try:
            await self._at("waiting", 0.1)
        finally:
            upstream.charges[prompt] += 1
        if any(each in path for each in DEFERRED):
            generation = secrets.token_hex(32)
            upstream.generations[generation] = (path, prompt, asyncio.get_running_loop().time())
            start = json.dumps({"id": generation}).encode()
            return await self._send(202, "application/json", start, "start", "start")
        if path.startswith(b"/v1/"):
            samples = SAMPLES.search(body)
            return await self._send(
                200, "application/json", _samples(int(samples[1]) if samples else 1), "headers"
            )
        image = upstream.image or picture(len(upstream.posts))
        return await self._send(200, "image/png", image, "headers")

    async def _body(self, head: bytes) -> bytes:
        """Read a body; count its prompt even if only a part of it arrives."""
        found = LENGTH.search(head)
        length, body = int(found[1]) if found else 0, bytearray()
        try:
            await self._at("head", 0.02)
            first = length // 4  # the kernel holds 4 MB of the rest of a large one
            while len(body) < length:
                before = len(body) < first
                end = first if before else length
                body += await self.reader.readexactly(min(PIECE, end - len(body)))
                if before and len(body) >= first:
                    await self._at("upload", 0.05)
        finally:
            self.upstream.heads[_prompt(bytes(body))] += 1
        return bytes(body)

    async def _result(self, path: str) -> None:
        results, _, generation = path.rpartition("/")
        if generation == "balance":
            return await self._send(
                200, "application/json", b'{"credits": 1000}', "balance", "balance"
            )
        requested, prompt, started = self.upstream.generations[generation]
        age = asyncio.get_running_loop().time() - started
        self.upstream.polled.add(prompt)
        self.upstream.polls.append((age, results))
        await self._at("poll", 0.02)
        if self.upstream.missing(results):
            return await self._send(404, "application/json", MISSING, "poll", "poll")
        if age < self.upstream.results_after:
            body = json.dumps({"id": generation, "status": "in-progress"}).encode()
            return await self._send(202, "application/json", body, "poll", "poll")
        if self.upstream.result is not None:
            media_type, body = self.upstream.result
            return await self._send(200, media_type, body, "poll", "poll body")
        if b"/audio/" in requested:
            return await self._send(200, "audio/wav", sound(), "poll", "poll body")
        return await self._send(200, "image/png", picture(7), "poll", "poll body")

    async def _send(
        self, status: int, media_type: str, body: bytes, first: Stage, second: Stage = "body"
    ) -> None:
        headers = [
            f"HTTP/1.1 {status} OK",
            f"Content-Type: {media_type}",
            f"Content-Length: {len(body)}",
            "seed: 7",
            "finish-reason: SUCCESS",
        ]
        self.writer.write("\r\n".join(headers).encode() + b"\r\n\r\n")
        await self._at(first, 0.04)
        half = len(body) // 2
        self.writer.write(body[:half])
        await self._at(second, 0.04)
        self.writer.write(body[half:])
        await self.writer.drain()

    async def _at(self, stage: Stage, most: float) -> None:
        """Pause at a stage, briefly or until the test releases it; detect a broken connection."""
        self.stage = stage
        upstream = self.upstream
        await self.writer.drain()
        if upstream.hold == stage and not upstream.held.is_set():
            upstream.held.set()
            await upstream.release.wait()
        elif upstream.pace:
            await asyncio.sleep(random.uniform(0, most) * upstream.pace)  # noqa: S311 -- not a secret
        if self.writer.is_closing() or (self.reader.at_eof()):
            raise ConnectionResetError


def _prompt(body: bytes) -> str:
    found = PROMPT.search(body)
    return (found[1] or found[2] or b"").decode() if found else ""


@cache
def _samples(count: int) -> bytes:
    samples = [
        {
            "base64": base64.b64encode(picture(1_000 + number)).decode(),
            "seed": number,
            "finishReason": "SUCCESS",
        }
        for number in range(count)
    ]
    return json.dumps({"artifacts": samples}).encode()


@cache
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
    listener = socket.create_server(("127.0.0.1", 0), backlog=512)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, SMALL_BUFFER)
    upstream = Upstream(pace=pace, listener=listener)
    server = await asyncio.start_server(upstream.serve, sock=listener)
    upstream.url = f"http://127.0.0.1:{listener.getsockname()[1]}"
    try:
        yield upstream
    finally:
        server.close()
        for task in upstream.serving:
            task.cancel()
        await asyncio.gather(*upstream.serving, return_exceptions=True)
