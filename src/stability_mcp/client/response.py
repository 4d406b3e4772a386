"""The body of a 2xx answer: streamed to disk off the event loop, while the books note its headers.

By now the request counts as charged. So nothing here gives up early: bytes that came are kept even
when they cannot be used, what a full disk does not take stays in memory, and a note that could not
be taken is reported only after the last byte.
"""

import contextlib
import json
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

import anyio
import httpx2
from anyio.abc import TaskGroup

from stability_mcp.client.api_errors import RequestContext
from stability_mcp.client.body_writer import BodyWriter, OverflowBuffer
from stability_mcp.client.decode import find_corruption
from stability_mcp.client.headers import clean, read_answer
from stability_mcp.client.models import Answer
from stability_mcp.client.trace import Trace
from stability_mcp.errors import (
    StorageError,
    StudioError,
    UnusableAnswerError,
    UnwrittenError,
)
from stability_mcp.store.threads import in_file_thread

MAX_BODY_BYTES = 256 * 1_048_576
"""Most bytes of one result. The largest documented, 380 s of stereo sound as 32-bit WAV, has 134
MB; anything beyond twice that is no result and would fill the disk."""

MAX_SHORT_BODY_BYTES = 1_048_576
"""Most bytes read of an answer that is words; the longest documented has some thousand."""

_WRITE_BYTES = 262_144
"""Bytes gathered for one write: a hop to a thread costs more than writing what comes at once."""


@dataclass(frozen=True, kw_only=True)
class ResponseReader:
    """Takes in the 2xx answer to one request.

    Args:
        context: What was asked for.
        body: Where the body is stored; the room of a file that is there is used.
        trace: Told the headers.
        overflow: Where bytes of a paid answer go that the disk does not take.
        max_bytes: Most bytes of the body.
    """

    context: RequestContext
    body: Path
    trace: Trace
    overflow: OverflowBuffer
    max_bytes: int = MAX_BODY_BYTES

    async def read(self, response: httpx2.Response, deadline: float) -> Answer:
        """Take the answer to a POST, until `deadline` by the event loop's clock.

        Raises:
            UnusableAnswerError: it cannot be used.
            UnwrittenError: it came whole, and the disk did not take all of it.
        """
        if self.context.operation.is_deferred():
            return await self._read_start(response, deadline)
        return await self._store(response, deadline)

    async def read_poll(self, response: httpx2.Response, deadline: float) -> Answer | None:
        """Take the answer to a poll; None: the API is still at it.

        Raises:
            UnusableAnswerError: it cannot be used.
            StorageError: the disk did not take it.
        """
        if response.status_code == 202:  # noqa: PLR2004 -- the API's word for: in progress
            # Read, so that the connection can be kept; what it says is known already.
            await read_bounded(response, MAX_SHORT_BODY_BYTES, deadline)
            return None
        return await self._store(response, deadline)

    async def _read_start(self, response: httpx2.Response, deadline: float) -> Answer:
        """Read the generation id, and then tell the trace: both are one step of the journal."""
        answer = read_answer(response.status_code, response.headers)
        came = await read_bounded(response, MAX_SHORT_BODY_BYTES, deadline)
        generation = _generation_id(came)
        if generation is None:
            with contextlib.suppress(OSError):  # it is of no use to anybody but the curious
                await in_file_thread(partial(self.body.write_bytes, came))
            raise self._unusable("it holds no id of a generation")
        answer = replace(answer, generation=generation)
        await self.trace.answered(answer)
        return answer

    async def _store(self, response: httpx2.Response, deadline: float) -> Answer:
        answer = read_answer(response.status_code, response.headers)
        headers = _HeadersTask(self.trace, answer)
        writer = BodyWriter(self.body, self.overflow if self._is_paid() else None)
        # A chunked body that breaks off before its last chunk is an error of the line.
        chunked = "chunked" in response.headers.get("transfer-encoding", "").lower()
        whole = answer.length is not None or chunked

        def check() -> None:
            problem = find_corruption(
                self.body, self.context.operation, whole=whole, declared=answer.media_type
            )
            if problem is not None:
                raise self._unusable(problem)

        async with anyio.create_task_group() as group:
            group.start_soon(headers.run)
            failure = await self._download(response, answer, deadline, writer, check)
        if headers.failure is not None:
            raise headers.failure
        if failure is not None:
            raise failure
        return replace(answer, sha256=writer.sha256)

    def _is_paid(self) -> bool:
        return self.context.request is not None

    def _unusable(self, problem: str) -> UnusableAnswerError:
        return UnusableAnswerError(
            f"The API's answer to {self.context.name} cannot be used: {problem}.",
            hint="The bytes that came are kept. A new call is a new request, and is paid again."
            if self._is_paid()
            else "The API keeps it for 24 hours: fetching it again is free.",
        )

    def _unwritten(self, writer: BodyWriter, check: Callable[[], None]) -> StorageError:
        why = f"could not be written to disk ({_reason(writer.failure)})"
        if not self._is_paid():
            return StorageError(
                f"The API's answer to {self.context.name} {why}.",
                hint="The API keeps it for 24 hours: fetching it again is free.",
            )

        def finish() -> None:
            writer.finish()
            check()

        return UnwrittenError(
            f"The end of the API's answer to {self.context.name} {why}.",
            finish=finish,
            hint="Free disk space or fix the permissions of the data folder.",
        )

    async def _download(
        self,
        response: httpx2.Response,
        answer: Answer,
        deadline: float,
        writer: BodyWriter,
        check: Callable[[], None],
    ) -> Exception | None:
        """Store the body and return why it cannot be used; None: it can.

        What the disk did not take is no flaw of the body, as long as memory has it.
        """
        async with anyio.create_task_group() as group:
            pipeline = _WritePipeline(group, writer)
            problem: str | None = "it was not read to its end"
            failure: Exception | None = None
            try:
                problem = await self._copy(response, answer, deadline, pipeline)
            finally:
                with anyio.CancelScope(shield=True):  # what came is kept, whatever happened
                    failure = await pipeline.end(check if problem is None else None)
        if problem is None and writer.lost and self._is_paid():
            problem = f"it could not be written to disk ({_reason(writer.failure)})"
        if problem is not None:
            return self._unusable(problem)
        return self._unwritten(writer, check) if writer.failure is not None else failure

    async def _copy(
        self, response: httpx2.Response, answer: Answer, deadline: float, pipeline: "_WritePipeline"
    ) -> str | None:
        """Hand the body to the writer and return what is wrong with it, None when nothing is."""
        size = 0
        try:
            with anyio.CancelScope(deadline=deadline) as scope:
                async with contextlib.aclosing(response.aiter_bytes()) as chunks:
                    async for chunk in chunks:
                        size += len(chunk)
                        await pipeline.put(chunk)
                        if size > self.max_bytes:
                            break
        except httpx2.HTTPError:
            return "the line broke before its end"
        if scope.cancelled_caught:
            return "it did not end in time"
        if size > self.max_bytes:
            return f"it is larger than {self.max_bytes // 1_048_576} MiB"
        came = response.num_bytes_downloaded
        if answer.length is not None and came != answer.length:
            return f"only {came} of its {answer.length} bytes came"
        return None


class _WritePipeline:
    """Writes and hashes one piece of a body in a thread while the next piece is read.

    At most two pieces of `_WRITE_BYTES` are in memory: one is written, one is gathered.

    Args:
        group: Runs the writes.
        writer: Takes the pieces.
    """

    def __init__(self, group: TaskGroup, writer: BodyWriter) -> None:
        self._group = group
        self._writer = writer
        self._gathered = bytearray()
        self._written = anyio.Event()
        self._written.set()

    async def put(self, chunk: bytes) -> None:
        """Gather some bytes, and begin to write them when there are enough."""
        self._gathered += chunk
        if len(self._gathered) >= _WRITE_BYTES:
            await self._written.wait()
            piece, self._gathered = self._gathered, bytearray()
            self._written = anyio.Event()
            self._group.start_soon(self._write, piece)

    async def end(self, check: Callable[[], None] | None) -> Exception | None:
        """Write the rest, close the file and check it; return what the check raised."""
        await self._written.wait()
        return await in_file_thread(partial(self._end, check))

    async def _write(self, piece: bytearray) -> None:
        try:
            with anyio.CancelScope(shield=True):
                await in_file_thread(partial(self._writer.write, piece))
        finally:
            self._written.set()

    def _end(self, check: Callable[[], None] | None) -> Exception | None:
        self._writer.write(self._gathered)
        self._writer.close()
        if check is None or self._writer.failure is not None:
            return None
        try:
            check()
        except (StudioError, OSError) as error:
            return error
        return None


class _HeadersTask:
    """Tells a trace the headers, and keeps what it raises until the body is stored."""

    def __init__(self, trace: Trace, answer: Answer) -> None:
        self.failure: Exception | None = None
        self._trace = trace
        self._answer = answer

    async def run(self) -> None:
        try:
            await self._trace.answered(self._answer)
        except Exception as error:  # noqa: BLE001 -- raised again by `_store`, whatever it is
            self.failure = error


def _reason(error: OSError | None) -> str:
    return (error.strerror if error is not None else None) or type(error).__name__


async def read_bounded(response: httpx2.Response, max_bytes: int, deadline: float) -> bytes:
    """Return what comes of a short body until `deadline`, at most so many bytes of it.

    A line that breaks only makes it shorter: whoever reads it as JSON finds out.
    """
    body = bytearray()
    with anyio.CancelScope(deadline=deadline), contextlib.suppress(httpx2.HTTPError):
        async with contextlib.aclosing(response.aiter_bytes()) as chunks:
            async for chunk in chunks:
                body += chunk
                if len(body) >= max_bytes:
                    break
    return bytes(body[:max_bytes])


def _generation_id(body: bytes) -> str | None:
    """Return the id in `{"id": ...}`; documented as 64 characters, taken at any sane length."""
    try:
        found = json.loads(body)
    except (ValueError, RecursionError):
        return None
    given = found.get("id") if isinstance(found, dict) else None
    return clean(given, r"[\w-]{1,128}", lower=False) if isinstance(given, str) else None
