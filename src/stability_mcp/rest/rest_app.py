"""The application of the REST face: routes requests, and adds what every answer has."""

import re
import time
from collections.abc import Awaitable, Callable, Mapping
from typing import Any
from uuid import uuid4

from starlette.applications import Starlette
from starlette.datastructures import Headers, MutableHeaders
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from stability_mcp.api.parsing import parse_model
from stability_mcp.errors import ArgumentsError
from stability_mcp.rest.answers import respond
from stability_mcp.rest.bodies import read_arguments
from stability_mcp.rest.body_stream import BodyStream
from stability_mcp.rest.failures import failure
from stability_mcp.rest.identity import identity_of
from stability_mcp.rest.problems import ClientGoneError, RequestProblemError
from stability_mcp.rest.rest_call import RestCall
from stability_mcp.rest.rest_face import GetLazyStudio, RestFace
from stability_mcp.rest.route import PREFIX, RestRoute
from stability_mcp.rest.routes import all_routes
from stability_mcp.settings import Settings
from stability_mcp.text import did_you_mean, quoted

_REQUEST_ID = re.compile(r"[A-Za-z0-9._:/+=-]{1,128}")
"""A caller's id that is kept; others are replaced."""

STATE_REQUEST_ID = "stability.request_id"


def rest_app(settings: Settings, get_lazy_studio: GetLazyStudio) -> ASGIApp:
    """Return the application; its paths begin with `PREFIX`.

    Args:
        settings: The operator's settings.
        get_lazy_studio: Returns the studio of the running server.
    """
    face = RestFace(settings=settings, get_lazy_studio=get_lazy_studio)
    app = Starlette(
        routes=[each for route in all_routes() for each in _starlette_routes(face, route)],
        exception_handlers={HTTPException: _http_failure},
    )
    return _EveryAnswer(app)


def _starlette_routes(face: RestFace, route: RestRoute) -> list[Route]:
    endpoint = _endpoint(face, route)
    return [
        Route(f"{PREFIX}{path}", endpoint, methods=[route.method], name=route.name)
        for path in (route.path, *route.aliases)
    ]


def _endpoint(face: RestFace, route: RestRoute) -> Callable[[Request], Awaitable[Response]]:
    async def answer(request: Request) -> Response:
        request_id: str = request.scope["state"][STATE_REQUEST_ID]
        stream = BodyStream(request)
        try:
            identity_of(request.scope).check(route.access)
            return await _answer(face, route, request, stream)
        except ClientGoneError:
            return Response(status_code=499)  # nobody reads it
        except Exception as error:  # noqa: BLE001 -- the boundary: every error becomes an answer
            await stream.discard()
            return failure(error, request_id)

    return answer


async def _answer(
    face: RestFace, route: RestRoute, request: Request, stream: BodyStream
) -> Response:
    call = RestCall(
        route=route,
        request=request,
        face=face,
        opened=None if route.access == "open" else await face.studio(),
        body=stream,
    )
    with face.receiving_body(route):
        given = await read_arguments(route, request, stream, call.opened)
    call.notes.extend(given.notes)
    found = await route.function(call, _parsed(route, given.values))
    response = await respond(call, found, request.scope["state"][STATE_REQUEST_ID])
    if call.preference.applied and response.status_code < 400:  # noqa: PLR2004
        response.headers["preference-applied"] = call.preference.applied
    return response


def _parsed(route: RestRoute, values: Mapping[str, Any]) -> Any:  # noqa: ANN401 -- one model per route
    """Return the arguments as the function of a route takes them.

    Raises:
        ArgumentsError: one is invalid.
    """
    if route.operation is not None:
        return values
    if route.arguments is not None:
        return parse_model(route.arguments, values, what=route.name, hints=route.hints)
    if values:
        raise ArgumentsError(
            f"{route.name}: there is no argument {quoted(next(iter(values)))}.",
            hint="Leave it out: the route takes none.",
        )
    return None


async def _http_failure(request: Request, error: Exception) -> Response:
    """Answer for a path or method that no route has."""
    request_id: str = request.scope["state"][STATE_REQUEST_ID]
    method, path = request.method, request.url.path
    if getattr(error, "status_code", 404) == 405:  # noqa: PLR2004
        allowed = (getattr(error, "headers", None) or {}).get("Allow", "")
        text = f"{quoted(path)} doesn't take {method}. Nothing was charged. It takes {allowed}."
        problem = RequestProblemError(405, "method_not_allowed", text, headers={"allow": allowed})
    else:
        known = [f"{PREFIX}{each.path}" for each in all_routes()]
        hint = did_you_mean(path, known) or f"{PREFIX}/openapi.json lists all."
        text = f"There is no route {quoted(path)}. Nothing was charged. {hint}"
        problem = RequestProblemError(404, "not_found", text)
    return failure(problem, request_id)


class _EveryAnswer:
    """Gives each request an id, and each answer the headers that all have."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        given = Headers(scope=scope).get("x-request-id", "")
        request_id = given if _REQUEST_ID.fullmatch(given) else f"req_{uuid4().hex}"
        scope.setdefault("state", {})[STATE_REQUEST_ID] = request_id
        started = time.perf_counter()

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                headers["x-request-id"] = request_id
                headers["server-timing"] = f"total;dur={(time.perf_counter() - started) * 1000:.1f}"
                headers.setdefault("x-content-type-options", "nosniff")
                headers.setdefault("cache-control", "no-store")
            await send(message)

        await self._app(scope, receive, send_with_headers)
