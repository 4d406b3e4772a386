"""Stores the body of a 2xx response on disk, off the event loop, while its headers are recorded.

At this point the request counts as charged, so nothing here gives up early: unusable bytes are kept
too, bytes that a full disk does not accept stay in memory, and a failure to record the headers is
raised only after the last byte.
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
"""Limit for one result, in bytes. The largest documented one, 380 s of stereo as 32-bit WAV, has
134 MB. A body more than twice as large isn't a result, and would fill the disk."""

MAX_SHORT_BODY_BYTES = 1_048_576
"""Bytes read of a response that is text; the longest documented has a few thousand."""

_WRITE_BYTES = 262_144
"""Bytes buffered per write: switching to a thread costs more than writing one network read."""


@dataclass(frozen=True, kw_only=True)
class ResponseReader:
    """Reads the 2xx response to one request.

    Args:
        context: What the request was for.
        body: Where the body is stored; an existing file is overwritten in place.
        trace: Receives the headers.
        overflow: Buffers bytes of a paid response that cannot be written to disk.
        max_bytes: Size limit of the body.
    """

    context: RequestContext
    body: Path
    trace: Trace
    overflow: OverflowBuffer
    max_bytes: int = MAX_BODY_BYTES

    async def read(self, response: httpx2.Response, deadline: float) -> Answer:
        """Read the response to a POST, until `deadline` by the event loop's clock.

        Raises:
            UnusableAnswerError: the body is unusable.
            UnwrittenError: the whole body arrived, but could not be fully written to disk.
        """
        if self.context.operation.is_deferred():
            return await self._read_start(response, deadline)
        return await self._store(response, deadline)

    async def read_poll(self, response: httpx2.Response, deadline: float) -> Answer | None:
        """Read the response to a poll; return None while the generation is in progress.

        Raises:
            UnusableAnswerError: the body is unusable.
            StorageError: the body could not be written to disk.
        """
        if response.status_code == 202:  # noqa: PLR2004 -- in progress
            # Read the body so that the connection can be reused; its content is irrelevant.
            await read_bounded(response, MAX_SHORT_BODY_BYTES, deadline)
            return None
        return await self._store(response, deadline)

    async def _read_start(self, response: httpx2.Response, deadline: float) -> Answer:
        """Read the generation id before calling the trace, which records both in one step."""
        answer = read_answer(response.status_code, response.headers)
        received = await read_bounded(response, MAX_SHORT_BODY_BYTES, deadline)
        generation = _generation_id(received)
        if generation is None:
            with contextlib.suppress(OSError):  # kept only for diagnosis
                await in_file_thread(partial(self.body.write_bytes, received))
            raise self._unusable("it contains no generation id")
        answer = replace(answer, generation=generation)
        await self.trace.answered(answer)
        return answer

    async def _store(self, response: httpx2.Response, deadline: float) -> Answer:
        answer = read_answer(response.status_code, response.headers)
        headers = _HeadersTask(self.trace, answer)
        writer = BodyWriter(self.body, self.overflow if self._is_paid() else None)
        # httpx2 raises when a chunked body ends before its last chunk.
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
            f"The API's response to {self.context.name} is unusable: {problem}.",
            hint="The bytes received are kept. A new call is charged again."
            if self._is_paid()
            else "The API keeps the result for 24 hours; polling it again is free.",
        )

    def _unwritten(self, writer: BodyWriter, check: Callable[[], None]) -> StorageError:
        why = f"could not be written to disk ({_reason(writer.failure)})"
        if not self._is_paid():
            return StorageError(
                f"The API's response to {self.context.name} {why}.",
                hint="The API keeps the result for 24 hours; polling it again is free.",
            )

        def finish() -> None:
            writer.finish()
            check()

        return UnwrittenError(
            f"The end of the API's response to {self.context.name} {why}.",
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
        """Store the body and return an error if it is unusable or not fully on disk.

        Bytes that could not be written don't make the body unusable while memory holds them.
        """
        async with anyio.create_task_group() as group:
            pipeline = _WritePipeline(group, writer)
            problem: str | None = "it was not read to the end"
            failure: Exception | None = None
            try:
                problem = await self._copy(response, answer, deadline, pipeline)
            finally:
                with anyio.CancelScope(shield=True):  # keep what arrived in any case
                    failure = await pipeline.end(check if problem is None else None)
        if problem is None and writer.lost and self._is_paid():
            problem = f"it could not be written to disk ({_reason(writer.failure)})"
        if problem is not None:
            return self._unusable(problem)
        return self._unwritten(writer, check) if writer.failure is not None else failure

    async def _copy(
        self, response: httpx2.Response, answer: Answer, deadline: float, pipeline: "_WritePipeline"
    ) -> str | None:
        """Pass the body to the writer; return what is wrong with it, or None."""
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
            return "the connection broke before its end"
        if scope.cancelled_caught:
            return "it did not arrive in time"
        if size > self.max_bytes:
            return f"it is larger than {self.max_bytes // 1_048_576} MiB"
        received = response.num_bytes_downloaded
        if answer.length is not None and received != answer.length:
            return f"only {received} of its {answer.length} bytes arrived"
        return None


class _WritePipeline:
    """Writes and hashes one chunk of a body in a thread while the next one is received.

    Memory holds at most two chunks of `_WRITE_BYTES`: one being written, one being filled.

    Args:
        group: Runs the writes.
        writer: Receives the chunks.
    """

    def __init__(self, group: TaskGroup, writer: BodyWriter) -> None:
        self._group = group
        self._writer = writer
        self._gathered = bytearray()
        self._written = anyio.Event()
        self._written.set()

    async def put(self, chunk: bytes) -> None:
        """Buffer bytes, and start a write when there are enough."""
        self._gathered += chunk
        if len(self._gathered) >= _WRITE_BYTES:
            await self._written.wait()
            piece, self._gathered = self._gathered, bytearray()
            self._written = anyio.Event()
            self._group.start_soon(self._write, piece)

    async def end(self, check: Callable[[], None] | None) -> Exception | None:
        """Write the rest, close the file and check it; return the error that the check raised."""
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
    """Passes the headers to a trace, and keeps its error until the body is stored."""

    def __init__(self, trace: Trace, answer: Answer) -> None:
        self.failure: Exception | None = None
        self._trace = trace
        self._answer = answer

    async def run(self) -> None:
        try:
            await self._trace.answered(self._answer)
        except Exception as error:  # noqa: BLE001 -- `_store` raises it
            self.failure = error


def _reason(error: OSError | None) -> str:
    return (error.strerror if error is not None else None) or type(error).__name__


async def read_bounded(response: httpx2.Response, max_bytes: int, deadline: float) -> bytes:
    """Return up to `max_bytes` of a short body, as received before `deadline`.

    A broken connection only shortens it: parsing the JSON then fails.
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
    """Return the id in `{"id": ...}`; documented as 64 characters, accepted from 1 to 128."""
    try:
        found = json.loads(body)
    except (ValueError, RecursionError):
        return None
    given = found.get("id") if isinstance(found, dict) else None
    return clean(given, r"[\w-]{1,128}", lower=False) if isinstance(given, str) else None
