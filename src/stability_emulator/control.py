"""The emulator's control API under `/_emulator/`, for automated tests and for trying out agents.

`CONTROLS` lists the endpoints; `GET /_emulator/` returns that list. A command takes effect
immediately and returns `{"done": true}`. Accounts, generations, requests and charges are stored
in the folder, and every process that uses it sees them; pace, faults and clock belong to one
process. A server is a single process.

The controls need no key, so they only answer local clients, never web pages of other sites. The
connection must come from a loopback address, the `Host` header must name one, and an `Origin`
header, which browsers send, must match it. This also holds when the server listens on a network.
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
MAX_COMMAND_BYTES = 65_536
"""Maximum bytes of a command; a fault with an HTML page as its body has a few thousand."""

CONTROLS = {
    "GET /_emulator/journal": "requests and charges, oldest first",
    "POST /_emulator/reset": "reset accounts, generations, journal, pace, faults and clock",
    "GET /_emulator/accounts": "balance of each account, by a hash of its key",
    "POST /_emulator/credits": (
        '{"key": "sk-...", "credits": 10}: set the balance; without a key: for new accounts'
    ),
    "POST /_emulator/pace": (
        '{"polls": 2} or {"seconds": 5}: when generations are ready;'
        ' {"latency": 1.5} or {"latency": "real"}: how long paid calls take'
    ),
    "GET /_emulator/faults": "injected faults that are still active",
    "POST /_emulator/faults": 'inject a fault: {"path": "/v2beta/*", "count": 2, "status": 503}',
    "DELETE /_emulator/faults": "remove all faults",
    "GET /_emulator/clock": "the emulated time, in seconds",
    "POST /_emulator/clock": '{"advance": 86400} or {"set": 1750000000}: change the time',
}
"""Every control with its purpose and an example of its body."""

M = TypeVar("M", bound=BaseModel)
Seconds = Annotated[float, Field(ge=0, le=MAX_LATENCY_SECONDS)]


class _Command(BaseModel):
    model_config = ConfigDict(extra="forbid", allow_inf_nan=False)


class PaceCommand(_Command):
    """When deferred generations are ready, and how long paid calls take."""

    polls: Annotated[int, Field(ge=0, le=100_000)] = 0
    seconds: Seconds = 0
    latency: Seconds | Literal["real"] | None = None


class CreditsCommand(_Command):
    """The new balance of an account, or of every new account."""

    key: Annotated[str, Field(min_length=1, max_length=300)] | None = None
    credits: Annotated[float, Field(ge=0, le=1_000_000_000)]


class ClockCommand(_Command):
    """The new time; the clock keeps running from there."""

    advance: Annotated[float, Field(ge=0, le=10_000_000_000)] | None = None
    set: Annotated[float, Field(ge=0, le=10_000_000_000)] | None = None

    @model_validator(mode="after")
    def _require_one(self) -> "ClockCommand":
        if (self.advance is None) == (self.set is None):
            raise ValueError("give advance or set")
        return self


class _Controls:
    """The handlers of the routes."""

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
        command = await _read(request, PaceCommand)
        self._state.pace = Pace(polls=command.polls, seconds=command.seconds)
        if command.latency is not None:
            self._state.latency = command.latency
        return _done()

    async def credits(self, request: Request) -> Response:
        command = await _read(request, CreditsCommand)
        if command.key is None:
            self._state.set_opening_credits(command.credits)
            return _done()
        await to_thread.run_sync(self._state.set_credits, command.key, command.credits)
        return _done(account=owner_of(command.key))

    async def faults(self, request: Request) -> Response:
        if request.method == "GET":
            remaining = self._state.faults.remaining()
            return JSONResponse([each.model_dump(exclude_defaults=True) for each in remaining])
        if request.method == "DELETE":
            self._state.faults.clear()
            return _done()
        fault = await _read(request, Fault)
        if fault.refuse is None:
            self._state.faults.inject(fault, self._state.now())
            return _done()
        self._state.refuse_connections(fault.refuse)
        if REFUSE in request.scope["extensions"]:
            request.scope["extensions"][REFUSE](fault.refuse)
        return _done()

    async def clock(self, request: Request) -> Response:
        if request.method == "POST":
            command = await _read(request, ClockCommand)
            advanced = self._state.now() + (command.advance or 0)
            self._state.set_time(advanced if command.set is None else command.set)
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
        body += chunk[: MAX_COMMAND_BYTES + 1 - len(body)]
    return model.model_validate_json(bytes(body))


def _guarded(
    endpoint: Callable[[Request], Awaitable[Response]],
) -> Callable[[Request], Awaitable[Response]]:
    """Return an endpoint that only answers this machine, and reports invalid commands."""

    async def guarded(request: Request) -> Response:
        if not _is_local(request):
            return JSONResponse({"error": "only from this machine"}, status_code=403)
        try:
            return await endpoint(request)
        except ValidationError as error:
            problems = error.errors(include_url=False, include_input=False, include_context=False)
            return JSONResponse({"error": problems}, status_code=400)

    return guarded


def _is_local(request: Request) -> bool:
    if request.client is None or not _is_loopback(request.client.host):
        return False
    host = request.headers.get("host", "")
    try:
        name = urlsplit(f"//{host}").hostname
    except ValueError:  # invalid: unmatched brackets
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
