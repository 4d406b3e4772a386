"""The two HTTP clients, and one request over them.

A paid POST gets a connection of its own: after a laptop slept, a kept one may swallow the request,
and nobody could tell whether it was charged. Polls and queries share a pool. Redirects are not
followed, so that the key goes nowhere else, and HTTP/2 is off, because the outcome is read off the
events of HTTP/1.1.

This module takes 40 ms to import, so it is imported with the first request.
"""

from collections.abc import Awaitable, Callable
from typing import TypeVar

import anyio
import httpx2

from stability_mcp.client.api_errors import (
    MAX_ERROR_BODY_BYTES,
    ApiFault,
    RequestContext,
    read_fault,
    to_error,
)
from stability_mcp.client.headers import CLIENT_HEADERS
from stability_mcp.client.response import read_bounded
from stability_mcp.client.tls import tls_context
from stability_mcp.client.trace import Trace, TraceHook
from stability_mcp.errors import NotSentError, RequestError, UnknownOutcomeError

CONNECT_SECONDS = 30.0
"""Longest wait for a connection, and for each piece of an upload to be taken."""

_MAX_POLL_CONNECTIONS = 20
_POOLED_LIMITS = httpx2.Limits(
    max_connections=_MAX_POLL_CONNECTIONS, max_keepalive_connections=_MAX_POLL_CONNECTIONS
)
_FRESH_LIMITS = httpx2.Limits(max_connections=None, max_keepalive_connections=0)

T = TypeVar("T")


class HttpTransport:
    """Sends requests and tells what became of each; making one blocks for some 50 ms.

    Args:
        base_url: Where the API is.
        key: The API key; None: no authorization is sent.
        timeout: Longest wait for one whole request, in seconds.
        transport: Stands in for the network; None: the network.
    """

    def __init__(
        self,
        base_url: str,
        key: str | None,
        timeout: float,
        transport: httpx2.AsyncBaseTransport | None,
    ) -> None:
        self.timeout = timeout
        headers = dict(CLIENT_HEADERS)
        if key is not None:
            headers["authorization"] = f"Bearer {key}"
        piece = min(CONNECT_SECONDS, timeout)
        # A read may take as long as the request may: pictures begin to come after up to a minute.
        timeouts = httpx2.Timeout(timeout, connect=piece, write=piece)
        # Making the context takes 20 to 40 ms, and a server on this machine needs none.
        needs_tls = transport is None and not base_url.startswith("http://")
        verify = tls_context() if needs_tls else True

        def client(limits: httpx2.Limits) -> httpx2.AsyncClient:
            return httpx2.AsyncClient(
                base_url=base_url,
                headers=headers,
                timeout=timeouts,
                limits=limits,
                verify=verify,
                transport=transport,
            )

        self.fresh = client(_FRESH_LIMITS)
        self.pooled = client(_POOLED_LIMITS) if transport is None else self.fresh

    async def close(self) -> None:
        """Close every connection."""
        await self.fresh.aclose()
        await self.pooled.aclose()

    async def perform(
        self,
        request: httpx2.Request,
        context: RequestContext,
        trace: Trace,
        receive: Callable[[httpx2.Response, float], Awaitable[T]],
    ) -> T:
        """Send one request once, and hand a 2xx answer with its deadline to `receive`.

        Raises:
            NotSentError: it never went out whole.
            UnknownOutcomeError: a paid request went out, and no answer of the API came back.
            RefusedError: the API said no.
            RequestError: a free request was answered by nobody, or by somebody in between.
        """
        deadline = anyio.current_time() + self.timeout
        hook = TraceHook(trace, request.method)
        request.extensions["trace"] = hook
        http = self.fresh if request.method == "POST" else self.pooled
        try:
            with anyio.fail_after(self.timeout):
                response = await http.send(request, stream=True)
        except (httpx2.HTTPError, OSError) as error:
            if hook.stopped_by is not None:
                raise
            raise self._no_answer(error, context, request, hook) from error
        try:
            if response.is_success:
                return await receive(response, deadline)
            body = await read_bounded(response, MAX_ERROR_BODY_BYTES, deadline)
        finally:
            with anyio.CancelScope(shield=True):
                await response.aclose()
        fault = read_fault(body)
        if fault is None and response.status_code == 404 and context.request is None:  # noqa: PLR2004 -- the status that says: not there
            # A gateway that has no such results path says so in words of its own.
            fault = ApiFault(id="", name="not_found", reasons=())
        if fault is not None and response.is_error:
            raise to_error(response.status_code, response.headers, fault, context)
        raise self._foreign_answer(response, context, request, hook)

    def _no_answer(
        self, error: Exception, context: RequestContext, request: httpx2.Request, hook: TraceHook
    ) -> RequestError:
        """Return what it means that no answer came."""
        why = f"nothing came within {self.timeout:g} s"
        if not isinstance(error, TimeoutError | httpx2.ReadTimeout):
            reason = context.clean(str(error)) if str(error) else "the line was closed"
            why = f"{reason} ({type(error).__name__})"
        return _no_api_answer(
            f"no answer of {request.url.netloc.decode()}, {why}", context, request, hook
        )

    @staticmethod
    def _foreign_answer(
        response: httpx2.Response, context: RequestContext, request: httpx2.Request, hook: TraceHook
    ) -> RequestError:
        """Return what it means that somebody between us and the API answered."""
        why = f"somebody between here and the API answered {response.status_code}"
        if response.is_redirect:
            here = request.url.netloc.decode()
            why += f", which points elsewhere than {here}: set STABILITY_BASE_URL right"
        return _no_api_answer(why, context, request, hook)


def _no_api_answer(
    why: str, context: RequestContext, request: httpx2.Request, hook: TraceHook
) -> RequestError:
    """Return the error for a request that the API itself did not answer."""
    if not hook.sent:
        return NotSentError(
            f"The request for {context.name} could not be sent whole: {why}.",
            hint="The same call may be repeated. If it fails again, look at the network, a proxy "
            "and STABILITY_BASE_URL.",
        )
    if request.method == "POST":
        return UnknownOutcomeError(
            f"The request for {context.name} was sent, and nobody knows what became of it: {why}.",
            hint="It is not repeated by itself, because that might be paid twice.",
        )
    return RequestError(
        f"The API could not be asked for {context.name}: {why}.", hint="Asking again is free."
    )
