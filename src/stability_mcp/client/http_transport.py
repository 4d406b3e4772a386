"""The two HTTP clients, and how one request is sent.

Each paid POST opens a new connection: after a laptop wakes from sleep, a kept-alive one may lose
the request, and it would be unknown whether it was charged. Polls and queries share a pool.
Redirects are not followed, so that the key is never sent elsewhere. HTTP/2 is off, because the
outcome is derived from HTTP/1.1 events.

This module takes 40 ms to import, so it is imported with the first request.
"""

import socket
import ssl
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
from stability_mcp.client.headers import CLIENT_HEADERS, Identity
from stability_mcp.client.response import read_bounded
from stability_mcp.client.trace import Trace, TraceHook
from stability_mcp.errors import NotSentError, RequestError, UnknownOutcomeError
from stability_mcp.tls import tls_context

CONNECT_SECONDS = 30.0
"""Timeout for connecting, and for each chunk of an upload."""

_MAX_POLL_CONNECTIONS = 20
_POOLED_LIMITS = httpx2.Limits(
    max_connections=_MAX_POLL_CONNECTIONS, max_keepalive_connections=_MAX_POLL_CONNECTIONS
)
_FRESH_LIMITS = httpx2.Limits(max_connections=None, max_keepalive_connections=0)

_NETWORK_ERRORS: tuple[tuple[type[Exception], str], ...] = (
    (httpx2.ConnectTimeout, "connecting timed out"),
    (httpx2.WriteTimeout, "the upload timed out"),
    (httpx2.ConnectError, "connection failed"),
    (httpx2.ProxyError, "the proxy refused the connection"),
)
_NO_DETAIL = {"", "All connection attempts failed"}
"""Error texts that say nothing beyond the type of the error."""

T = TypeVar("T")


class HttpTransport:
    """Sends requests and classifies their outcomes; the constructor blocks for about 50 ms.

    Args:
        base_url: Address of the API.
        key: The API key; None sends no authorization.
        identity: For whom requests are sent.
        timeout: Limit for one whole request, in seconds.
        transport: Replaces the network; None uses the network.
    """

    def __init__(
        self,
        base_url: str,
        key: str | None,
        identity: Identity,
        timeout: float,
        transport: httpx2.AsyncBaseTransport | None,
    ) -> None:
        self.timeout = timeout
        self._identity = identity
        headers = dict(CLIENT_HEADERS)
        if key is not None:
            headers["authorization"] = f"Bearer {key}"
        piece = min(CONNECT_SECONDS, timeout)
        # A read may take the whole timeout: the first byte of a picture can take a minute.
        timeouts = httpx2.Timeout(timeout, connect=piece, write=piece)
        # Reading the certificates takes 20 to 40 ms, and plain HTTP does not need them. A context
        # without any trusts nothing, so TLS would fail instead of being unchecked.
        needs_tls = transport is None and not base_url.startswith("http://")
        verify = tls_context() if needs_tls else ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)

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
        """Close all connections."""
        await self.fresh.aclose()
        await self.pooled.aclose()

    async def perform(
        self,
        request: httpx2.Request,
        context: RequestContext,
        trace: Trace,
        receive: Callable[[httpx2.Response, float], Awaitable[T]],
    ) -> T:
        """Send one request once, and pass a 2xx response and its deadline to `receive`.

        Raises:
            NotSentError: the request was not fully sent.
            UnknownOutcomeError: a paid request was sent, and the API did not respond.
            RefusedError: the API refused the request.
            RequestError: a free request got no response, or one from a proxy or gateway.
        """
        deadline = anyio.current_time() + self.timeout
        hook = TraceHook(trace, request.method)
        request.extensions["trace"] = hook
        request.headers.update(self._identity.headers(context.operation.spec.path))
        http = self.fresh if request.method == "POST" else self.pooled
        try:
            with anyio.fail_after(self.timeout):
                response = await http.send(request, stream=True)
        except (httpx2.HTTPError, OSError) as error:
            if hook.stopped_by is not None:
                raise
            raise self._no_response(error, context, request, hook) from error
        try:
            if response.is_success:
                return await receive(response, deadline)
            body = await read_bounded(response, MAX_ERROR_BODY_BYTES, deadline)
        finally:
            with anyio.CancelScope(shield=True):
                await response.aclose()
        fault = read_fault(body)
        if fault is None and response.status_code == 404 and context.request is None:  # noqa: PLR2004 -- not found
            # The gateway returns its own 404 for a results path that it does not have.
            fault = ApiFault(id="", name="not_found", reasons=())
        if fault is not None and response.is_error:
            raise to_error(response.status_code, response.headers, fault, context)
        raise self._foreign_response(response, context, request, hook)

    def _no_response(
        self, error: Exception, context: RequestContext, request: httpx2.Request, hook: TraceHook
    ) -> RequestError:
        """Return the error for a request without a response."""
        if isinstance(error, TimeoutError | httpx2.ReadTimeout):
            why = f"timed out after {self.timeout:g} s"
        else:
            why = _network_reason(error, context)
        return _request_error(why, f", but no response arrived ({why})", context, request, hook)

    @staticmethod
    def _foreign_response(
        response: httpx2.Response, context: RequestContext, request: httpx2.Request, hook: TraceHook
    ) -> RequestError:
        """Return the error for a response that isn't from the API, but from a proxy or gateway."""
        why = f"a proxy or gateway responded with status {response.status_code} instead"
        if response.is_redirect:
            why += ", redirecting elsewhere; check STABILITY_BASE_URL"
        return _request_error(why, f", but {why}", context, request, hook)


def _network_reason(error: Exception, context: RequestContext) -> str:
    """Describe a network error in plain words."""
    kind = next((text for each, text in _NETWORK_ERRORS if isinstance(error, each)), "")
    detail = context.clean(str(error)) if str(error) not in _NO_DETAIL else ""
    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, socket.gaierror):
            return "host name not found"
        if isinstance(cause, ssl.SSLCertVerificationError):
            return f"TLS certificate not trusted: {cause.verify_message}"
        cause = cause.__cause__ or cause.__context__
    return ": ".join(filter(None, (kind, detail))) or "connection closed"


def _request_error(
    why: str, outcome: str, context: RequestContext, request: httpx2.Request, hook: TraceHook
) -> RequestError:
    """Return the error for a request that the API itself did not respond to.

    Args:
        why: The reason.
        outcome: End of the sentence about a request that was sent.
        context: What the request was for.
        request: The request.
        hook: Knows whether the request was sent.
    """
    host = request.url.netloc.decode()
    if not hook.sent:
        return NotSentError(
            f"Could not reach the Stability API at {host} ({why}).",
            hint="Try again. If it fails again, check the network, the proxy and "
            "STABILITY_BASE_URL.",
        )
    if request.method == "POST":
        return UnknownOutcomeError(
            f"{context.name} was sent to the Stability API at {host}{outcome}.",
            hint="It is not retried automatically; ask the user before paying again.",
        )
    return RequestError(
        f"The Stability API at {host} did not respond to {context.name} ({why}).",
        hint="Retrying is free.",
    )
