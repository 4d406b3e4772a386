"""Checks where a request comes from, before anything reads it: Host, Origin, and who sent it.

A browser connects to loopback for any web page that asks it to, so loopback protects nothing by
itself. Host must be ours (DNS rebinding), and Origin ours or named by the operator: a form of
another page needs no preflight, so this check is what stops it.
"""

import re
from collections.abc import Mapping

from starlette.datastructures import Headers
from starlette.middleware.cors import CORSMiddleware
from starlette.types import ASGIApp, Receive, Scope, Send

from stability_mcp.http.client_limits import ClientLimits
from stability_mcp.http.identities import Tokens
from stability_mcp.rest import client_limit, identity
from stability_mcp.rest.error_answers import failure
from stability_mcp.rest.every_answer import EveryAnswer, adding, request_id_of
from stability_mcp.rest.request_problems import RequestProblemError
from stability_mcp.rest.rest_app import is_counted
from stability_mcp.setting_values import variable
from stability_mcp.settings import Settings
from stability_mcp.text import quoted

LOOPBACK = ("127.0.0.1", "localhost", "[::1]")
"""Host names that are always accepted, with any port."""

OWN_SITES = frozenset({"", "same-origin", "none"})
"""Values of Sec-Fetch-Site without Origin that are accepted: `none` is an address that the user
entered; programs and old browsers send none."""

REQUEST_HEADERS = (
    "Accept",
    "Authorization",
    "Content-Type",
    "Idempotency-Key",
    "If-None-Match",
    "If-Range",
    "Last-Event-ID",
    "Prefer",
    "Range",
    "X-Request-Id",
)
"""Request headers that pages of allowed origins may send."""

ANSWER_HEADERS = (
    "Content-Disposition",
    "Content-Range",
    "ETag",
    "Finish-Reason",
    "Link",
    "Location",
    "Preference-Applied",
    "RateLimit",
    "RateLimit-Policy",
    "Retry-After",
    "Seed",
    "Server-Timing",
    "WWW-Authenticate",
    "X-Credits",
    "X-Job-Id",
    "X-Media-Id",
    "X-RateLimit-Limit",
    "X-RateLimit-Remaining",
    "X-RateLimit-Reset",
    "X-Request-Id",
)
"""Response headers that those pages may read."""

_PORT = re.compile(r":[0-9]{1,5}$")


def guarded_face(app: ASGIApp, tokens: Tokens, settings: Settings) -> ASGIApp:
    """Return the application of a face behind all checks.

    Args:
        app: The application.
        tokens: Tells who sent a request.
        settings: The operator's settings.
    """
    inner: ASGIApp = _Identify(app, tokens, ClientLimits.of(settings))
    if settings.cors_origins:
        # Outside the token check: browsers send preflight requests without the token.
        inner = CORSMiddleware(
            inner,
            allow_origins=settings.cors_origins,
            allow_methods=("GET", "POST", "PUT", "PATCH", "DELETE"),
            allow_headers=REQUEST_HEADERS,
            expose_headers=ANSWER_HEADERS,
            allow_private_network=True,
        )
    return EveryAnswer(_Guard(inner, settings))


class _Guard:
    """Refuses requests under a name that isn't ours, and those of other web pages."""

    def __init__(self, app: ASGIApp, settings: Settings) -> None:
        self._app = app
        self._hosts = frozenset({*LOOPBACK, *settings.hosts})
        self._origins = frozenset(settings.cors_origins)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        problem = self._problem(Headers(scope=scope))
        if problem is None:
            await self._app(scope, receive, send)
        else:
            await failure(problem, request_id_of(scope))(scope, receive, send)

    def _problem(self, headers: Headers) -> RequestProblemError | None:
        host = headers.get("host", "").casefold()
        if headers.getlist("host") != [headers.get("host")] or not self._is_ours(host):
            return RequestProblemError(
                421,
                "misdirected_request",
                f"This server isn't reached under the name {quoted(host)}. Nothing was charged. "
                f"Use 127.0.0.1, or name it in {variable('hosts')}; a proxy must set Host to the "
                "server's own (changeOrigin).",
            )
        origins = headers.getlist("origin")
        allowed = {f"http://{host}", f"https://{host}", *self._origins}
        if any(each not in allowed for each in origins):
            return _foreign(f"The web page {quoted(origins[0])}")
        if not origins and headers.get("sec-fetch-site", "") not in OWN_SITES:
            return _foreign("A web page of another site")
        return None

    def _is_ours(self, host: str) -> bool:
        return host in self._hosts or _PORT.sub("", host) in self._hosts


def _foreign(who: str) -> RequestProblemError:
    return RequestProblemError(
        403,
        "foreign_origin",
        f"{who} may not use this server. Nothing was charged. Name its origin in "
        f"{variable('cors_origins')} to allow it.",
    )


class _Identify:
    """Finds out who sent a request, and counts it."""

    def __init__(self, app: ASGIApp, tokens: Tokens, limits: ClientLimits) -> None:
        self._app = app
        self._tokens = tokens
        self._limits = limits

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        sender = self._tokens.identify(scope)
        scope["state"][identity.STATE_KEY] = sender
        headers: Mapping[str, str] = {}
        if sender.counted_by:
            limit = self._limits.count(sender.counted_by, counts=is_counted(scope["path"]))
            scope["state"][client_limit.STATE_KEY] = limit
            headers = limit.headers
            if limit.is_locked:
                problem = failure(limit.problem(), request_id_of(scope))
                await problem(scope, receive, send)
                return
        await self._app(scope, receive, adding(send, headers))
