"""The emulated API as an ASGI app: one route per table row, one handler per kind of operation.

The checks run in the API's own order. Version 2: content type, then all parameters, then the key,
then credits, then moderation. Version 1: the key first. The rate limit counts a request before any
check. Only a successful response is charged, at its very end: a client that disconnects earlier is
not charged, as observed on the real API.
"""

import logging
import time
from collections.abc import Awaitable, Callable, Mapping
from contextlib import AsyncExitStack
from dataclasses import replace
from functools import partial
from typing import TypeVar, TypeVarTuple

import anyio
from anyio import to_thread
from starlette.applications import Starlette
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.routing import Route

from stability_emulator import (
    accounts,
    auth,
    connection_faults,
    control,
    forms,
    responses,
    start_page,
)
from stability_emulator.accounts import owner_of
from stability_emulator.checks import Checked, check, header_problems
from stability_emulator.content_filter import moderate
from stability_emulator.error_texts import GONE, NO_CREDITS, NOT_FOUND, TOO_FAST, usual
from stability_emulator.faults import Fault
from stability_emulator.generations import ID_CHARACTERS, Artifact
from stability_emulator.rendering import Renderer
from stability_emulator.request_log import Request as Entry
from stability_emulator.responses import RefusalError, is_first_version
from stability_emulator.state import State
from stability_mcp.api.kinds import AudioOperation, Query
from stability_mcp.api.operation import Operation
from stability_mcp.api.operations import OPERATIONS

log = logging.getLogger(__name__)

Ts = TypeVarTuple("Ts")
T = TypeVar("T")
Handler = Callable[[Request, Entry], Awaitable[Response]]

ALIASES = {"/v2beta/results/{id}": ("/v2beta/stable-image/upscale/creative/result/{id}",)}
"""Older results paths that the API still serves."""

MAX_CONCURRENT_CHECKS = 4
EVERY_METHOD = ["GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE"]


def create_app(state: State, operations: Mapping[str, type[Operation]] = OPERATIONS) -> Starlette:
    """Return the app that serves a table of operations."""
    api = _API(state, operations)
    rows = [
        Route(row.spec.path, api.route(api.handler_for(row)), methods=[row.spec.method])
        for row in operations.values()
    ]
    polled: dict[str, type[Operation]] = {}
    for row in sorted(operations.values(), key=lambda row: len(row.poll_paths)):
        for path in row.poll_paths:  # a shared path is described by the row with the fewest paths
            for each in (path, *ALIASES.get(path, ())):
                polled.setdefault(each, row)
    polls = [Route(path, api.route(api.poll), methods=["GET"]) for path in polled]
    fallback = Route("/{path:path}", api.route(api.unknown), methods=EVERY_METHOD)
    free = [*control.routes(state), *start_page.routes(operations, polled)]
    return Starlette(routes=[*free, *rows, *polls, fallback])


class _API:
    """The request handlers and the state they share."""

    def __init__(self, state: State, operations: Mapping[str, type[Operation]]) -> None:
        self._state = state
        self._renderer = Renderer()
        self._engines = accounts.engine_ids(operations.values())
        self._state_limiter = anyio.CapacityLimiter(1)
        self._check_limiter = anyio.CapacityLimiter(MAX_CONCURRENT_CHECKS)

    def route(self, handler: Handler) -> Callable[[Request], Awaitable[Response]]:
        """Return an endpoint: a handler with the request log, rate limit and error responses."""

        async def endpoint(request: Request) -> Response:
            owner = owner_of(auth.key_of(request))
            path = request.url.path
            entry, admitted = await self._use_state(
                self._state.log_request, owner, request.method, path
            )
            try:
                if not admitted:
                    raise RefusalError(429, "rate_limit_exceeded", TOO_FAST)  # noqa: TRY301 -- handled like every refusal
                response = await handler(request, entry)
            except RefusalError as error:
                response = responses.refusal(error, path, entry.id)
                await forms.drain(request)
            except ClientDisconnect:
                return connection_faults.DroppedResponse(lambda: None)
            except Exception:  # answered the way the real API answers an internal error
                log.exception("Internal error of the emulator in %s %s", request.method, path)
                name_and_message = usual(500, first_version=is_first_version(path))
                response = responses.refusal(RefusalError(500, *name_and_message), path, entry.id)
            if not isinstance(response, connection_faults.DroppedResponse):
                await self._use_state(self._state.log_response, entry, response.status_code)
            return response

        return endpoint

    def handler_for(self, row: type[Operation]) -> Handler:
        """Return the handler of a row."""
        if issubclass(row, Query):
            return partial(self.query, row)
        return partial(self.operate, row)

    async def query(self, row: type[Query], request: Request, entry: Entry) -> Response:
        """Answer a query about the account."""
        auth.require(request)
        faulty = await self._fault(request, entry)
        if isinstance(faulty, Response):
            return faulty
        left = await self._use_state(self._state.balance, entry.owner)
        body = accounts.query_body(row, millicredits=left)
        return _with_fault(responses.data(body, request_id=entry.id), faulty, request)

    async def poll(self, request: Request, entry: Entry) -> Response:
        """Return the status of a deferred generation, or its result once it is ready."""
        generation = request.path_params["id"]
        complaints = header_problems(request.headers)
        if len(generation) != ID_CHARACTERS:
            complaints = [f"id: must be exactly {ID_CHARACTERS} characters long", *complaints]
        if complaints:
            raise RefusalError(400, "bad_request", *complaints)
        auth.require(request)
        faulty = await self._fault(request, entry)
        if isinstance(faulty, Response):
            return faulty
        found = await self._use_state(partial(self._state.poll, generation, owner=entry.owner))
        if found is False:
            raise RefusalError(404, "generation_not_found", GONE)
        if found is True:
            body = {"id": generation, "status": "in-progress"}
            response = responses.data(body, status=202, request_id=entry.id)
        else:
            accept = request.headers.get("accept", "")
            made = found.scrambled() if faulty and faulty.unreadable else found
            response = responses.media(made, accept=accept, request_id=entry.id)
        return _with_fault(response, faulty, request)

    async def operate(self, row: type[Operation], request: Request, entry: Entry) -> Response:
        """Carry out a paid operation."""
        began = time.monotonic()
        if is_first_version(row.spec.path):
            auth.require(request)
        async with AsyncExitStack() as stack:
            if is_first_version(row.spec.path) and not row.file_fields():
                sent = await forms.read_json(request)
            else:
                sent = await stack.enter_async_context(forms.read_form(request, row.spec.max_body))
            faulty = await self._fault(request, entry)
            if isinstance(faulty, Response):
                return faulty
            path_values = {name: request.path_params[name] for name in row.path_fields()}
            arguments = (row, sent, path_values, self._engines, request.headers)
            checked = await to_thread.run_sync(check, *arguments, limiter=self._check_limiter)
            _check_accept(checked.operation, request)
            auth.require(request)
            operation = checked.operation
            left = await self._use_state(self._state.balance, entry.owner)
            if left < operation.price():
                raise _no_credits(operation, left)
            injected = faulty.moderation if faulty else None
            moderate(operation, injected)
            if injected == "content_filtered":
                checked = replace(checked, filtered=operation.media == "image")
            await self._wait(row, began)  # before rendering, so no result waits in memory
            if await request.is_disconnected():
                raise ClientDisconnect
            made = await self._renderer.make(checked)
            if faulty and faulty.unreadable:
                made = [each.scrambled() for each in made]
        if await request.is_disconnected():
            raise ClientDisconnect
        response = await self._deliver(checked, made, request, entry)
        if faulty is not None and faulty.reset == "after":
            return connection_faults.DroppedResponse(connection_faults.drop_of(request))
        return _with_fault(response, faulty, request)

    async def unknown(self, request: Request, entry: Entry) -> Response:  # noqa: ARG002 -- a handler
        """Answer a request to an unknown path."""
        if is_first_version(request.url.path):
            auth.require(request)
        raise RefusalError(404, "not_found", NOT_FOUND)

    async def _deliver(
        self, checked: Checked, made: list[Artifact], request: Request, entry: Entry
    ) -> Response:
        """Charge the call, and return the result or the id for polling it."""
        operation, row = checked.operation, type(checked.operation)
        accept = request.headers.get("accept", "")
        if row.is_deferred():
            generation = await self._use_state(self._state.start, entry, operation, made[0])
            if generation is None:
                raise _no_credits(
                    operation, await self._use_state(self._state.balance, entry.owner)
                )
            status = 202 if issubclass(row, AudioOperation) else 200
            return responses.data({"id": generation}, status=status, request_id=entry.id)
        if not await self._use_state(self._state.charge, entry, operation):
            raise _no_credits(operation, await self._use_state(self._state.balance, entry.owner))
        if row.answer == "artifacts":
            return responses.first_version(made, accept=accept, request_id=entry.id)
        return responses.media(made[0], accept=accept, request_id=entry.id)

    async def _wait(self, row: type[Operation], began: float) -> None:
        """Wait for the rest of the latency; deferred generations apply it to polling instead."""
        seconds = 0 if row.is_deferred() else self._state.seconds(row)
        await anyio.sleep(max(0.0, seconds - (time.monotonic() - began)))

    async def _fault(self, request: Request, entry: Entry) -> Response | Fault | None:
        """Return this request's fault: a response to send, or a `Fault` for the normal one."""
        fault = self._state.faults.take(request.url.path, self._state.now())
        if fault is None:
            return None
        await anyio.sleep(fault.hang)
        if fault.reset == "before":
            return connection_faults.DroppedResponse(connection_faults.drop_of(request))
        if not fault.answers:
            return fault
        return _with_fault(responses.faulty(fault, request.url.path, entry.id), fault, request)

    async def _use_state(self, function: Callable[[*Ts], T], *arguments: *Ts) -> T:
        """Read or write the state in a worker thread, one call at a time."""
        return await to_thread.run_sync(function, *arguments, limiter=self._state_limiter)


def _check_accept(operation: Operation, request: Request) -> None:
    """Refuse a request for several pictures if the response format holds only one."""
    raw_png = "image/png" in request.headers.get("accept", "")
    several = operation.answer == "artifacts" and operation.model_dump().get("samples", 1) > 1
    if raw_png and several:
        message = "samples: must be 1 when accept is image/png"
        raise RefusalError(400, "invalid_samples", message)


def _no_credits(operation: Operation, left: int) -> RefusalError:
    if not is_first_version(operation.spec.path):
        return RefusalError(402, "payment_required", NO_CREDITS)
    need, have = operation.price() / 100_000, left / 100_000
    message = (
        "Your organization does not have enough balance to request this action"
        f" (need ${need:.10g}, have $0 in active grants, ${have:.10g} in balance)."
    )
    return RefusalError(429, "insufficient_balance", message)


def _with_fault(response: Response, fault: Fault | None, request: Request) -> Response:
    """Apply a fault to a response: wrong content type, slow or truncated."""
    if fault is None:
        return response
    if fault.content_type is not None:
        response.headers["content-type"] = fault.content_type
    if fault.slow is not None:
        response = connection_faults.SlowResponse(response, fault.slow)
    if fault.cut is not None:
        response = connection_faults.CutResponse(
            response, fault.cut, connection_faults.drop_of(request)
        )
    return response
