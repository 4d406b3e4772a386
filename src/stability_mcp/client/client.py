"""The client: sends operations to the API and stores the results.

Jobs use `exchange` and `fetch`: one request, no retries, every step reported to a trace. Python
programs use `send` and `poll`, which retry requests known not to have been charged.

httpx2 is slow to import, so it is imported with the first request.
"""

import contextlib
import json
import re
from collections.abc import Awaitable, Callable, Mapping
from functools import partial
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Self, TypeVar

import anyio
from pydantic import BaseModel, SecretStr

from stability_mcp.api.kinds import Query
from stability_mcp.api.operation import Operation
from stability_mcp.client.api_errors import RequestContext
from stability_mcp.client.body_writer import OverflowBuffer
from stability_mcp.client.headers import NO_IDENTITY, Identity
from stability_mcp.client.models import Answer, Deferred, Generation, SentFile
from stability_mcp.client.trace import NullTrace, Trace
from stability_mcp.errors import ConfigurationError, GenerationGoneError, RequestError
from stability_mcp.settings import API_URL
from stability_mcp.store.threads import in_file_thread

if TYPE_CHECKING:
    import httpx2

    from stability_mcp.client.http_transport import HttpTransport
    from stability_mcp.client.response import ResponseReader
    from stability_mcp.client.retry import Sleep

T = TypeVar("T")


class Client:
    """A client for the API or the emulator; close it, or use it in `async with`.

    Args:
        base_url: Address of the API.
        api_key: The key; None sends no authorization.
        identity: For whom requests are sent, in addition to the key.
        timeout: Limit for one whole request, in seconds.
        max_retries: Retries by `send`, `poll` and `query` of requests that were not charged.
        transport: Replaces the network, e.g. with the emulator; None uses the network.
        sleep: Waits between retries.

    Raises:
        ConfigurationError: the key contains characters that are never part of a key.
    """

    def __init__(  # noqa: PLR0913 -- independent options
        self,
        *,
        base_url: str = API_URL,
        api_key: SecretStr | None,
        identity: Identity = NO_IDENTITY,
        timeout: float = 300,
        max_retries: int = 3,
        transport: "httpx2.AsyncBaseTransport | None" = None,
        sleep: "Sleep" = anyio.sleep,
    ) -> None:
        if api_key and not re.fullmatch(r"[!-~]+", api_key.get_secret_value()):
            raise ConfigurationError(
                "STABILITY_API_KEY contains a space, a line break or another invalid character.",
                hint="Copy the key again; it has no spaces.",
            )
        self._base_url = base_url
        self._api_key = api_key
        self._identity = identity
        self._timeout = timeout
        self._max_retries = max_retries
        self._transport = transport
        self._sleep = sleep
        self._http: HttpTransport | None = None
        self._opening = anyio.Lock()
        self._overflow = OverflowBuffer()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        await self.close()

    async def close(self) -> None:
        """Close all connections; a later request opens new ones."""
        http, self._http = self._http, None
        if http is not None:
            await http.close()

    async def exchange(
        self, operation: Operation, files: Mapping[str, SentFile], body: Path, trace: Trace
    ) -> Answer:
        """Send one paid operation once, and store the response.

        Args:
            operation: The operation to send.
            files: The file to send for each file field that has a value.
            body: Where the body of a 2xx is stored. An existing file is overwritten in place, so
                that its preallocated space is used, and truncated at the end. The response to a
                deferred start has no body to store: `Answer.generation` is set instead, and the
                file is written only if the response is unusable.
            trace: Receives the progress of the request.

        Raises:
            NotSentError: the request was not fully sent: safe to retry.
            UnknownOutcomeError: the request was sent, and no response arrived.
            UnusableAnswerError: the API accepted the request, but the body is unusable; it is in
                `body`.
            UnwrittenError: the whole body arrived, but could not be fully written to disk.
            RefusedError: the API refused the request; not charged.
            InputFileError: a file to send cannot be read.
        """
        from stability_mcp.client.request import multipart_body

        http = await self._open()
        context = RequestContext(operation=type(operation), request=operation, key=self._key())
        async with multipart_body(http.fresh, operation, files) as request:
            reader = self._reader(context, body, trace)
            return await http.perform(request, context, trace, reader.read)

    async def fetch(
        self,
        operation: type[Operation],
        generation: str,
        body: Path,
        trace: Trace,
        *,
        turn: int = 0,
    ) -> Answer | None:
        """Poll a generation once; store it and return its headers, or None if it is not ready.

        `trace.answered` is called only for a finished generation.

        Args:
            operation: The row that started it.
            generation: Its id.
            body: As for `exchange`.
            trace: As for `exchange`.
            turn: Which of the row's results paths to poll, modulo their number.

        Raises:
            NotSentError: the request was not fully sent.
            RequestError: itself, not a subclass: the API did not respond. Polling again is free.
            UnusableAnswerError: the body is unusable; another poll may return it complete.
            StorageError: the body could not be written to disk.
            GenerationGoneError: 404, this key has no such generation at this path. Within 24 hours
                of its start it may still appear, at this path or another.
            RefusedError: the API refused the request for another reason.
        """
        from stability_mcp.client.request import poll_request

        http = await self._open()
        context = RequestContext(operation=operation, request=None, key=self._key())
        reader = self._reader(context, body, trace)
        request = poll_request(http.pooled, operation, generation, turn)
        return await http.perform(request, context, trace, reader.read_poll)

    async def query(self, operation: Query, trace: Trace | None = None) -> BaseModel:
        """Send a free query about the account; retry failures within seconds.

        Args:
            operation: The query.
            trace: Receives the progress of each request; None ignores it.

        Raises:
            RequestError: the API did not respond, or sent something undocumented.
            RefusedError: the API refused the query.
        """
        from stability_mcp.client.retry import retry_query

        return await self._with_retries(
            lambda: self._query(operation, trace or NullTrace()), retry_query
        )

    async def send(
        self, operation: Operation, files: Mapping[str, Path] | None = None, *, folder: Path
    ) -> list[Generation] | Deferred | BaseModel:
        """Send an operation; retry it only if it was certainly not charged.

        Args:
            operation: The operation to send.
            files: Paths of the files to send, by field; default: the values of the fields.
            folder: Where results are stored.

        Returns:
            The generations, a `Deferred` to poll, or the result of a query.

        Raises:
            RequestError: there is no result; see its subclasses.
            InputFileError: a file to send is missing, unreadable or of the wrong kind.
        """
        from stability_mcp.client.decode import save_results, spool_file
        from stability_mcp.client.request import sent_files
        from stability_mcp.client.retry import retry_send

        if isinstance(operation, Query):
            return await self.query(operation)
        sent = await in_file_thread(partial(sent_files, operation, files))
        body = spool_file(type(operation), folder)
        answer = await self._with_retries(
            lambda: self.exchange(operation, sent, body, NullTrace()), retry_send
        )
        if answer.generation is not None:
            return Deferred(operation=type(operation), id=answer.generation)
        return await in_file_thread(partial(save_results, type(operation), answer, body))

    async def poll(self, deferred: Deferred, *, folder: Path) -> list[Generation] | None:
        """Return a finished generation, or None while it is running; wait 10 s between polls.

        Raises:
            GenerationGoneError: no results path has it. Within 24 hours of its start it may still
                appear, so poll again.
            RequestError: there is no result; see the other subclasses.
        """
        from stability_mcp.client.decode import save_results, spool_file
        from stability_mcp.client.retry import retry_poll

        body = spool_file(deferred.operation, folder)
        answer = await self._with_retries(lambda: self._fetch_anywhere(deferred, body), retry_poll)
        if answer is None:
            return None
        return await in_file_thread(partial(save_results, deferred.operation, answer, body))

    async def _with_retries(
        self, request: Callable[[], Awaitable[T]], should_retry: Callable[[Exception], bool | float]
    ) -> T:
        from stability_mcp.client.retry import with_retries

        return await with_retries(
            request, should_retry, max_retries=self._max_retries, sleep=self._sleep
        )

    async def _fetch_anywhere(self, deferred: Deferred, body: Path) -> Answer | None:
        """Fetch a generation from the first results path that has it."""
        last = len(deferred.operation.poll_paths) - 1
        for turn in range(last):
            with contextlib.suppress(GenerationGoneError):
                return await self.fetch(
                    deferred.operation, deferred.id, body, NullTrace(), turn=turn
                )
        return await self.fetch(deferred.operation, deferred.id, body, NullTrace(), turn=last)

    async def _query(self, operation: Query, trace: Trace) -> BaseModel:
        from stability_mcp.client.request import query_request
        from stability_mcp.client.response import MAX_SHORT_BODY_BYTES, read_bounded

        http = await self._open()
        context = RequestContext(operation=type(operation), request=operation, key=self._key())

        async def read(response: "httpx2.Response", deadline: float) -> BaseModel:
            try:
                return operation.read(
                    json.loads(await read_bounded(response, MAX_SHORT_BODY_BYTES, deadline))
                )
            except (ValueError, RecursionError):  # pydantic's errors are ValueErrors
                raise RequestError(
                    f"The API's response to {context.name} is not in the documented format."
                ) from None

        request = query_request(http.pooled, operation)
        return await http.perform(request, context, trace, read)

    def _reader(self, context: RequestContext, body: Path, trace: Trace) -> "ResponseReader":
        from stability_mcp.client.response import ResponseReader

        return ResponseReader(context=context, body=body, trace=trace, overflow=self._overflow)

    def _key(self) -> str | None:
        return self._api_key.get_secret_value() if self._api_key else None

    async def _open(self) -> "HttpTransport":
        async with self._opening:
            if self._http is None:
                self._http = await in_file_thread(self._connect)
            return self._http

    def _connect(self) -> "HttpTransport":
        from stability_mcp.client.http_transport import HttpTransport

        return HttpTransport(
            self._base_url, self._key(), self._identity, self._timeout, self._transport
        )
