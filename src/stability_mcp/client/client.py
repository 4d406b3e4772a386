"""The client: one operation becomes one request, and one answer becomes one outcome.

For the journal there are `exchange` and `fetch`: one request, no repeats, every step told to a
trace. For people there are `send` and `poll`, which repeat what surely was not charged.

httpx2 is heavy and is imported with the first request.
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
from stability_mcp.client.models import Answer, Deferred, Generation, SentFile
from stability_mcp.client.trace import NullTrace, Trace
from stability_mcp.errors import ConfigurationError, GenerationGoneError, RequestError
from stability_mcp.settings import API_URL
from stability_mcp.store.threads import in_file_thread

if TYPE_CHECKING:
    import httpx2

    from stability_mcp.client.http import HttpTransport
    from stability_mcp.client.response import ResponseReader
    from stability_mcp.client.retry import Sleep

T = TypeVar("T")


class Client:
    """Speaks to the API or to the emulator; close it, or use it in `async with`.

    Args:
        base_url: Where the API is.
        api_key: The key; None sends none.
        timeout: Longest wait for one whole request, in seconds.
        max_retries: How often `send`, `poll` and `query` repeat a request that was not charged.
        transport: Stands in for the network, such as the emulator's; None: the network.
        sleep: Waits between a request and its repeat.

    Raises:
        ConfigurationError: the key holds characters that no key has.
    """

    def __init__(  # noqa: PLR0913 -- each is a choice of its own
        self,
        *,
        base_url: str = API_URL,
        api_key: SecretStr | None,
        timeout: float = 300,
        max_retries: int = 3,
        transport: "httpx2.AsyncBaseTransport | None" = None,
        sleep: "Sleep" = anyio.sleep,
    ) -> None:
        if api_key and not re.fullmatch(r"[!-~]+", api_key.get_secret_value()):
            raise ConfigurationError(
                "STABILITY_API_KEY holds a space, a line break or a character that no key has.",
                hint="Copy the key again; it is one word.",
            )
        self._base_url = base_url
        self._api_key = api_key
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
        """Close every connection; a later request opens new ones."""
        http, self._http = self._http, None
        if http is not None:
            await http.close()

    async def exchange(
        self, operation: Operation, files: Mapping[str, SentFile], body: Path, trace: Trace
    ) -> Answer:
        """Send one paid operation once, and store what comes back.

        Args:
            operation: What to ask for.
            files: What is sent for each file field that has a value.
            body: Where the body of a 2xx is stored; the room of a file that is there is used, and
                in the end it is as long as what came. A deferred start has no body to store: its
                answer is read, and `Answer.generation` is set. There the file is written only when
                the answer cannot be used.
            trace: Told what happens on the line.

        Raises:
            NotSentError: it never went out whole: safe to repeat.
            UnknownOutcomeError: it went out, and the API's answer never came.
            UnusableAnswerError: the API said yes, and the body cannot be used; it is in `body`.
            UnwrittenError: the body came whole, and the disk did not take all of it.
            RefusedError: the API said no; nothing was charged.
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
        """Ask once for a generation that was started before, and store it; None: not ready.

        `trace.answered` is told only of a finished generation.

        Args:
            operation: The row that started it.
            generation: Its id.
            body: As for `exchange`.
            trace: As for `exchange`.
            turn: Which of the row's results paths is polled; counts on past the last.

        Raises:
            NotSentError: it never went out whole.
            RequestError: itself, no subclass: no answer of the API came. Asking again is free.
            UnusableAnswerError: the body cannot be used; asking again may bring it whole.
            StorageError: the disk did not take the body.
            GenerationGoneError: 404, there is no such generation for this key at this path. Within
                24 hours of its start it may still appear, here or at another path.
            RefusedError: the API said no in another way.
        """
        from stability_mcp.client.request import poll_request

        http = await self._open()
        context = RequestContext(operation=operation, request=None, key=self._key())
        reader = self._reader(context, body, trace)
        request = poll_request(http.pooled, operation, generation, turn)
        return await http.perform(request, context, trace, reader.read_poll)

    async def query(self, operation: Query, trace: Trace | None = None) -> BaseModel:
        """Read something about the account; free, so failures are repeated within seconds.

        Args:
            operation: What to ask for.
            trace: Follows each of the requests; None: nobody does.

        Raises:
            RequestError: the API could not be asked, or answered something else.
            RefusedError: the API said no.
        """
        from stability_mcp.client.retry import retry_query

        return await self._repeated(
            lambda: self._query(operation, trace or NullTrace()), retry_query
        )

    async def send(
        self, operation: Operation, files: Mapping[str, Path] | None = None, *, folder: Path
    ) -> list[Generation] | Deferred | BaseModel:
        """Send an operation, and repeat it as long as it surely was not charged.

        Args:
            operation: What to ask for.
            files: Paths of the files to send, by field; the fields' own values where not given.
            folder: Where results are stored.

        Returns:
            What was made, or what to `poll` for, or the result of a query.

        Raises:
            RequestError: there is no result; see its subclasses.
            InputFileError: a file to send cannot be used.
        """
        from stability_mcp.client.decode import save_results, spool_file
        from stability_mcp.client.request import sent_files
        from stability_mcp.client.retry import retry_send

        if isinstance(operation, Query):
            return await self.query(operation)
        sent = await in_file_thread(partial(sent_files, operation, files))
        body = spool_file(type(operation), folder)
        answer = await self._repeated(
            lambda: self.exchange(operation, sent, body, NullTrace()), retry_send
        )
        if answer.generation is not None:
            return Deferred(operation=type(operation), id=answer.generation)
        return await in_file_thread(partial(save_results, type(operation), answer, body))

    async def poll(self, deferred: Deferred, *, folder: Path) -> list[Generation] | None:
        """Return a finished generation, None while the API makes it; wait 10 s between polls.

        Raises:
            GenerationGoneError: no results path has it. Within 24 hours of its start it may still
                appear, so poll again.
            RequestError: there is no result; see the other subclasses.
        """
        from stability_mcp.client.decode import save_results, spool_file
        from stability_mcp.client.retry import retry_poll

        body = spool_file(deferred.operation, folder)
        answer = await self._repeated(lambda: self._fetch_anywhere(deferred, body), retry_poll)
        if answer is None:
            return None
        return await in_file_thread(partial(save_results, deferred.operation, answer, body))

    async def _repeated(
        self, request: Callable[[], Awaitable[T]], should_retry: Callable[[Exception], bool | float]
    ) -> T:
        from stability_mcp.client.retry import repeated

        return await repeated(
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
                    f"The API answered {context.name} with something else than is documented."
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
        from stability_mcp.client.http import HttpTransport

        return HttpTransport(self._base_url, self._key(), self._timeout, self._transport)
