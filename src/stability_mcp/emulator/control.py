"""The emulator's own controls, under `/_emulator/`, for tests and for people who try their agents.

* `GET  /_emulator/journal`   `{"requests": [...], "charges": [...]}`, oldest first
* `POST /_emulator/reset`     forget accounts, generations, journal, pace and faults
* `POST /_emulator/pace`      `{"polls": 2}` or `{"seconds": 5}`: when generations are ready
* `POST /_emulator/credits`   `{"key": "sk-...", "credits": 10}`: what an account has
* `POST /_emulator/faults`    a `Fault` of faults.py: `{"path": "/v2beta/*", "status": 503}`

They need no key, so they answer only who is on this machine and is no web page of somebody else:
the `Host` must name the loopback address, and an `Origin`, which browsers send, must be the same.
"""

from collections.abc import Awaitable, Callable
from dataclasses import asdict
from typing import Annotated, TypeVar
from urllib.parse import urlsplit

from anyio import to_thread
from pydantic import BaseModel, ConfigDict, Field, ValidationError
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from stability_mcp.emulator.faults import Fault
from stability_mcp.emulator.generations import Pace
from stability_mcp.emulator.state import State

LOOPBACK = frozenset({"127.0.0.1", "localhost", "::1"})
M = TypeVar("M", bound=BaseModel)


class PaceOrder(BaseModel):
    """When deferred generations are ready."""

    model_config = ConfigDict(extra="forbid")

    polls: Annotated[int, Field(ge=0, le=100_000)] = 0
    seconds: Annotated[float, Field(ge=0, le=86_400)] = 0


class CreditsOrder(BaseModel):
    """What an account has from now on."""

    model_config = ConfigDict(extra="forbid")

    key: Annotated[str, Field(min_length=1, max_length=300)]
    credits: Annotated[float, Field(ge=0, le=1_000_000_000)]


def routes(state: State) -> list[Route]:
    """Return the routes that control a state."""

    async def journal(request: Request) -> Response:  # noqa: ARG001 -- the signature of a route
        requests = await to_thread.run_sync(state.requests)
        charges = await to_thread.run_sync(state.charges)
        return JSONResponse(
            {
                "requests": [asdict(each) for each in requests],
                "charges": [asdict(each) for each in charges],
            }
        )

    async def reset(request: Request) -> Response:  # noqa: ARG001 -- the signature of a route
        await to_thread.run_sync(state.reset)
        return _done()

    async def pace(request: Request) -> Response:
        order = PaceOrder.model_validate_json(await request.body())
        state.pace = Pace(polls=order.polls, seconds=order.seconds)
        return _done()

    async def balance(request: Request) -> Response:
        order = CreditsOrder.model_validate_json(await request.body())
        await to_thread.run_sync(state.set_credits, order.key, order.credits)
        return _done()

    async def faults(request: Request) -> Response:
        state.faults.order(Fault.model_validate_json(await request.body()))
        return _done()

    return [
        Route("/_emulator/journal", _guarded(journal), methods=["GET"]),
        Route("/_emulator/reset", _guarded(reset), methods=["POST"]),
        Route("/_emulator/pace", _guarded(pace), methods=["POST"]),
        Route("/_emulator/credits", _guarded(balance), methods=["POST"]),
        Route("/_emulator/faults", _guarded(faults), methods=["POST"]),
    ]


def _guarded(
    endpoint: Callable[[Request], Awaitable[Response]],
) -> Callable[[Request], Awaitable[Response]]:
    """Return an endpoint that answers only this machine, and says what is wrong with an order."""

    async def guarded(request: Request) -> Response:
        if not _is_ours(request):
            return JSONResponse({"error": "only from this machine"}, status_code=403)
        try:
            return await endpoint(request)
        except ValidationError as error:
            problems = error.errors(include_url=False, include_input=False, include_context=False)
            return JSONResponse({"error": problems}, status_code=400)

    return guarded


def _is_ours(request: Request) -> bool:
    host = request.headers.get("host", "")
    if urlsplit(f"//{host}").hostname not in LOOPBACK:
        return False
    origin = request.headers.get("origin")
    return origin is None or origin.removeprefix("http://") == host


def _done() -> Response:
    return JSONResponse({"done": True})
