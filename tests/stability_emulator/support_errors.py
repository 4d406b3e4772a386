"""Helpers that cause every error of the emulated API."""

from collections.abc import Awaitable, Callable
from typing import Any

import httpx2

from stability_emulator import EMULATOR_KEY
from stability_emulator.accounts import owner_of
from stability_emulator.faults import Fault, Moderation
from stability_emulator.generations import Pace
from stability_emulator.state import State
from stability_mcp.api.operations import OPERATIONS
from support.api import operations
from support.api.facts import facts, read

from .support_emulated import EMPTY_PART, send

SDXL = "stable-diffusion-xl-1024-v1-0"
POLLED = {
    "results": "edit_replace_background_and_relight",
    "creative_upscale_result": "edit_replace_background_and_relight",
    "audio_results": "audio3_text_to_audio",
}
"""Results endpoints, each with an operation whose generations it serves."""

ABSENT = frozenset(read("left_out.yaml")) - POLLED.keys()
ENDPOINTS = {each["id"]: each for each in facts()["endpoints"] if each["id"] not in ABSENT}


class Caller:
    """Calls one endpoint."""

    def __init__(self, endpoint: str, client: httpx2.AsyncClient, state: State) -> None:
        self.endpoint = ENDPOINTS[endpoint]
        self.client = client
        self.state = state
        self.row = OPERATIONS[read("names.yaml").get(endpoint, POLLED.get(endpoint, endpoint))]
        self.polls = endpoint in POLLED

    @property
    def path(self) -> str:
        """The path, with an existing engine and a well-formed generation id."""
        path: str = self.endpoint["path"]
        return path.format(engine_id=SDXL, id="0" * 64)

    async def send_valid(self, **changed: Any) -> httpx2.Response:  # noqa: ANN401 -- JSON
        """Send a valid request, optionally with changed values."""
        if self.polls or self.endpoint["method"] == "GET":
            return await self.client.get(self.path)
        values = operations.fewest(self.row.name()) | changed
        return await send(self.client, self.row.model_validate(values))

    async def started(self) -> str:
        """Start a generation and return its results path."""
        operation = self.row.model_validate(operations.fewest(self.row.name()))
        generation = (await send(self.client, operation)).json()["id"]
        path: str = self.endpoint["path"]
        return path.format(id=generation)


async def missing_parameters(caller: Caller) -> httpx2.Response:
    """Omit all required parameters."""
    if caller.polls:
        return await caller.client.get(caller.endpoint["path"].format(id="a6dc6c6e"))
    if caller.endpoint["request_content_type"] == "application/json":
        return await caller.client.post(caller.path, json={})
    return await caller.client.post(caller.path, files=EMPTY_PART)


async def no_key(caller: Caller) -> httpx2.Response:
    """Send a valid request without a key."""
    del caller.client.headers["authorization"]
    return await caller.send_valid()


async def no_credits(caller: Caller) -> httpx2.Response:
    """Send a request with an empty account."""
    caller.state.set_credits(EMULATOR_KEY, 0)
    return await caller.send_valid()


def refused_by_moderation(name: Moderation) -> Callable[[Caller], Awaitable[httpx2.Response]]:
    """Return a case in which moderation refuses the request."""

    async def send_with_fault(caller: Caller) -> httpx2.Response:
        caller.state.faults.inject(Fault(moderation=name))
        return await caller.send_valid()

    return send_with_fault


def failing(status: int) -> Callable[[Caller], Awaitable[httpx2.Response]]:
    """Return a case in which the API responds with a status and its usual body."""

    async def send_with_fault(caller: Caller) -> httpx2.Response:
        caller.state.faults.inject(Fault(status=status))
        return await caller.send_valid()

    return send_with_fault


async def not_found(caller: Caller) -> httpx2.Response:
    """Request a generation or an engine that doesn't exist."""
    if caller.polls:
        return await caller.client.get(caller.path)
    return await caller.send_valid(engine_id="stable-diffusion-v1-6")


async def too_large(caller: Caller) -> httpx2.Response:
    """Send a larger body than the API allows."""
    return await caller.client.post(caller.path, files={"image": bytes(caller.row.spec.max_body)})


async def too_fast(caller: Caller) -> httpx2.Response:
    """Exceed the rate limit."""
    for _ in range(150):
        caller.state.log_request(owner_of(EMULATOR_KEY), "GET", "/")
    return await caller.send_valid()


async def in_progress(caller: Caller) -> httpx2.Response:
    """Poll a generation that is still running."""
    caller.state.pace = Pace(polls=1)
    return await caller.client.get(await caller.started())


Case = Callable[[Caller], Awaitable[httpx2.Response]]
SECOND: dict[str, Case] = {
    "400 bad_request": missing_parameters,
    "401 unauthorized": no_key,
    "402 payment_required": no_credits,
    "403 content_moderation": refused_by_moderation("content_moderation"),
    "404 generation_not_found": not_found,
    "413 payload_too_large": too_large,
    "422 invalid_language": refused_by_moderation("invalid_language"),
    "422 public_figure": refused_by_moderation("public_figure"),
    "422 copyrighted_content": refused_by_moderation("copyrighted_content"),
    "429 rate_limit_exceeded": too_fast,
    "500 internal_error": failing(500),
}
FIRST: dict[str, Case] = {
    "400 bad_request": failing(400),
    "400 invalid_prompts": missing_parameters,
    "401 unauthorized": no_key,
    "403 permission_denied": failing(403),
    "404 not_found": not_found,
    "429 insufficient_balance": no_credits,
    "500 server_error": failing(500),
}
