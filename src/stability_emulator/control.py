"""The emulator's own controls, under `/_emulator/`, for tests and for people who try their agents.

`CONTROLS` lists them; `GET /_emulator/` answers that list. An order takes effect at once and says
`{"done": true}`. Accounts, generations, requests and charges are those of the folder; pace, faults
and clock are those of one process, which is all of it for the server.

They need no key, so they answer only who is on this machine and is no web page of somebody else:
the connection must come from the loopback address, the `Host` must name it, and an `Origin`, which
browsers send, must be the same. So it is also where the API is served to a network.
"""

from collections.abc import Awaitable, Callable
from dataclasses import asdict
from ipaddress import ip_address
from typing import Annotated, Any, Literal, TypeVar
from urllib.parse import urlsplit

from anyio import to_thread
from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from stability_emulator.accounts import owner_of
from stability_emulator.faults import REFUSE, Fault
from stability_emulator.generations import Pace
from stability_emulator.state import MAX_LATENCY_SECONDS, State

LOOPBACK = frozenset({"127.0.0.1", "localhost", "::1"})
MAX_ORDER = 65_536
"""Most bytes of an order; a fault with a page as its body has some thousand."""

CONTROLS = {
    "GET /_emulator/journal": "requests and charges, oldest first",
    "POST /_emulator/reset": "forget accounts, generations, journal, pace, faults and clock",
    "GET /_emulator/accounts": "what each account has; accounts have names, keys are not kept",
    "POST /_emulator/credits": '{"key": "sk-...", "credits": 10}; without a key: of new accounts',
    "POST /_emulator/pace": (
        '{"polls": 2} or {"seconds": 5}: when generations are ready;'
        ' {"latency": 1.5} or {"latency": "real"}: how long paid calls take'
    ),
    "GET /_emulator/faults": "what is still to go wrong",
    "POST /_emulator/faults": '{"path": "/v2beta/*", "count": 2, "status": 503}',
    "DELETE /_emulator/faults": "forget them",
    "GET /_emulator/clock": "the emulated time, in seconds",
    "POST /_emulator/clock": '{"advance": 86400} or {"set": 1750000000}',
}
"""Every control, with an example of its order."""

M = TypeVar("M", bound=BaseModel)
Seconds = Annotated[float, Field(ge=0, le=MAX_LATENCY_SECONDS)]


class _Order(BaseModel):
    model_config = ConfigDict(extra="forbid", allow_inf_nan=False)


class PaceOrder(_Order):
    """When deferred generations are ready, and how long paid calls take."""

    polls: Annotated[int, Field(ge=0, le=100_000)] = 0
    seconds: Seconds = 0
    latency: Seconds | Literal["real"] | None = None


class CreditsOrder(_Order):
    """What an account has from now on, or every new one."""

    key: Annotated[str, Field(min_length=1, max_length=300)] | None = None
    credits: Annotated[float, Field(ge=0, le=1_000_000_000)]


class ClockOrder(_Order):
    """What time it is; it goes on from there."""

    advance: Annotated[float, Field(ge=0, le=10_000_000_000)] | None = None
    set: Annotated[float, Field(ge=0, le=10_000_000_000)] | None = None

    @model_validator(mode="after")
    def _one_of_them(self) -> "ClockOrder":
        if (self.advance is None) == (self.set is None):
            raise ValueError("give advance or set")
        return self


class _Controls:
    """What the routes do."""

    def __init__(self, state: State) -> None:
        self._state = state

    async def listed(self, request: Request) -> Response:  # noqa: ARG002 -- a route
        return JSONResponse(CONTROLS)

    async def journal(self, request: Request) -> Response:  # noqa: ARG002 -- a route
        def read_journal() -> dict[str, Any]:
            requests, charges = self._state.requests(), self._state.charges()
            return {
                "requests": [asdict(each) for each in requests],
                "charges": [asdict(each) for each in charges],
            }

        return JSONResponse(await to_thread.run_sync(read_journal))

    async def accounts(self, request: Request) -> Response:  # noqa: ARG002 -- a route
        found = await to_thread.run_sync(self._state.accounts)
        return JSONResponse([asdict(each) for each in found])

    async def reset(self, request: Request) -> Response:  # noqa: ARG002 -- a route
        await to_thread.run_sync(self._state.reset)
        return _done()

    async def pace(self, request: Request) -> Response:
        order = await _read(request, PaceOrder)
        self._state.pace = Pace(polls=order.polls, seconds=order.seconds)
        if order.latency is not None:
            self._state.latency = order.latency
        return _done()

    async def credits(self, request: Request) -> Response:
        order = await _read(request, CreditsOrder)
        if order.key is None:
            self._state.set_opening(order.credits)
            return _done()
        await to_thread.run_sync(self._state.set_credits, order.key, order.credits)
        return _done(account=owner_of(order.key))

    async def faults(self, request: Request) -> Response:
        if request.method == "GET":
            left = self._state.faults.left()
            return JSONResponse([each.model_dump(exclude_defaults=True) for each in left])
        if request.method == "DELETE":
            self._state.faults.clear()
            return _done()
        fault = await _read(request, Fault)
        if fault.refuse is None:
            self._state.faults.order(fault, self._state.now())
            return _done()
        self._state.refuse(fault.refuse)
        if REFUSE in request.scope["extensions"]:
            request.scope["extensions"][REFUSE](fault.refuse)
        return _done()

    async def clock(self, request: Request) -> Response:
        if request.method == "POST":
            order = await _read(request, ClockOrder)
            ahead = self._state.now() + (order.advance or 0)
            self._state.set_time(ahead if order.set is None else order.set)
        return JSONResponse({"now": self._state.now()})


def routes(state: State) -> list[Route]:
    """Return the routes that control a state."""
    controls = _Controls(state)
    methods: dict[str, list[str]] = {"/_emulator/": ["GET"]}
    for control in CONTROLS:
        method, path = control.split()
        methods.setdefault(path, []).append(method)
    return [
        Route(
            path,
            _guarded(getattr(controls, path.removeprefix("/_emulator/") or "listed")),
            methods=each,
        )
        for path, each in methods.items()
    ]


async def _read(request: Request, model: type[M]) -> M:
    body = bytearray()
    async for chunk in request.stream():
        body += chunk[: MAX_ORDER + 1 - len(body)]
    return model.model_validate_json(bytes(body))


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
    if request.client is None or not _is_loopback(request.client.host):
        return False
    host = request.headers.get("host", "")
    try:
        name = urlsplit(f"//{host}").hostname
    except ValueError:  # brackets that do not match
        return False
    if name not in LOOPBACK:
        return False
    origin = request.headers.get("origin")
    return origin is None or origin.removeprefix("http://") == host


def _is_loopback(address: str) -> bool:
    try:
        found = ip_address(address)
    except ValueError:
        return False
    mapped = getattr(found, "ipv4_mapped", None)
    return (mapped or found).is_loopback


def _done(**details: str) -> Response:
    return JSONResponse({"done": True, **details})
