"""The application of the REST face: routes requests, and adds what every answer has."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import replace
from functools import partial
from typing import Any

import anyio
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.types import ASGIApp

from stability_mcp.api.parsing import parse_model
from stability_mcp.errors import ArgumentsError
from stability_mcp.rest.answers import respond
from stability_mcp.rest.bodies import read_arguments
from stability_mcp.rest.body_stream import BodyStream
from stability_mcp.rest.error_answers import failure
from stability_mcp.rest.every_answer import request_id_of
from stability_mcp.rest.identity import identity_of
from stability_mcp.rest.request_problems import ClientGoneError, RequestProblemError
from stability_mcp.rest.rest_call import RestCall
from stability_mcp.rest.rest_face import GetLazyStudio, RestFace
from stability_mcp.rest.route import PREFIX, RestRoute
from stability_mcp.rest.routes import all_routes
from stability_mcp.settings import Settings
from stability_mcp.text import did_you_mean, quoted


def rest_app(settings: Settings, get_lazy_studio: GetLazyStudio) -> ASGIApp:
    """Return the application, to be mounted at `PREFIX`.

    Args:
        settings: The operator's settings.
        get_lazy_studio: Returns the studio of the running server.
    """
    face = RestFace(settings=settings, get_lazy_studio=get_lazy_studio)
    return Starlette(
        routes=[each for route in all_routes() for each in _starlette_routes(face, route)],
        exception_handlers={HTTPException: _http_failure},
    )


def is_counted(path: str) -> bool:
    """Return whether client limits count a request for a path: not streams, health and bytes."""
    end = path.rpartition("/")[2]
    return end not in {"content", "events", "health", "preview", "ready"}


def _starlette_routes(face: RestFace, route: RestRoute) -> list[Route]:
    endpoint = _endpoint(face, route)
    return [
        Route(path, endpoint, methods=[route.method], name=route.name)
        for path in (route.path, *route.aliases)
    ]


def _endpoint(face: RestFace, route: RestRoute) -> Callable[[Request], Awaitable[Response]]:
    async def answer(request: Request) -> Response:
        request_id = request_id_of(request.scope)
        stream = face.body_of(request)
        try:
            identity_of(request.scope).check(route.access)
            return await _answer(face, route, request, stream)
        except ClientGoneError:
            return Response(status_code=499)  # the client is gone
        except Exception as error:  # noqa: BLE001 -- the boundary: every error becomes an answer
            await stream.discard()
            return failure(error, request_id, face.settings)

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
    try:
        with face.receiving_body(route):
            given = await read_arguments(route, request, stream, call.opened)
    finally:
        stream.release()
    keys = request.headers.getlist("idempotency-key")
    if keys and route.method == "POST" and call.opened is not None:
        place = f"{route.method} {route.path}"
        key = ", ".join(keys)  # several are none: a comma and a space aren't allowed in a key
        call = replace(call, key=await call.opened.keys.key(key, place, given.values))
    call.notes.extend(given.notes)
    arguments = _parsed(route, given.values)
    if route.body in {"file", "form_or_file"}:  # the function may read the body itself
        found = await route.function(call, arguments)
    else:
        await stream.discard()  # what a route without a body got: the watch would swallow it
        found = await _unless_gone(request, partial(route.function, call, arguments))
    response = await respond(call, found, request_id_of(request.scope))
    if call.preference.applied and response.status_code < 400:  # noqa: PLR2004
        response.headers["preference-applied"] = call.preference.applied
    return response


async def _unless_gone(request: Request, work: Callable[[], Awaitable[Any]]) -> Any:  # noqa: ANN401 -- what a route returns
    """Return what a route returns; if the client closes the connection, stop waiting for it.

    Jobs continue, and an identical call joins them.

    Raises:
        ClientGoneError: the client is gone.
    """
    found: list[Any] = []
    error: Exception | None = None
    async with anyio.create_task_group() as group:

        async def watch() -> None:
            while (await request.receive())["type"] != "http.disconnect":
                pass  # the empty end of a body
            group.cancel_scope.cancel()

        group.start_soon(watch)
        try:
            found.append(await work())
        except Exception as failed:  # noqa: BLE001 -- raised below: a group would wrap it
            error = failed
        group.cancel_scope.cancel()
    if error is not None:
        raise error
    if not found:
        raise ClientGoneError
    return found[0]


def _parsed(route: RestRoute, values: Mapping[str, Any]) -> Any:  # noqa: ANN401 -- one model per route
    """Return the arguments as the function of a route takes them.

    Raises:
        ArgumentsError: one is invalid.
    """
    takes_none = route.arguments is None or not (route.files or route.arguments.model_fields)
    if values and takes_none:
        raise ArgumentsError(
            f"{route.name}: There is no argument {quoted(next(iter(values)))}.",
            hint="Leave it out: the route takes none.",
        )
    if route.operation is not None:
        return values
    if route.arguments is not None:
        return parse_model(route.arguments, values, what=route.name, hints=route.hints)
    return None


async def _http_failure(request: Request, error: Exception) -> Response:
    """Answer for a path or method that no route has."""
    request_id = request_id_of(request.scope)
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
