"""How to cause every error of the emulated API: a caller of an endpoint, a way for each error."""

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
"""Endpoints that are no operation here, each with one whose generations are there."""

ABSENT = frozenset(read("left_out.yaml")) - POLLED.keys()
ENDPOINTS = {each["id"]: each for each in facts()["endpoints"] if each["id"] not in ABSENT}


class Ask:
    """A caller of one endpoint."""

    def __init__(self, endpoint: str, client: httpx2.AsyncClient, state: State) -> None:
        self.endpoint = ENDPOINTS[endpoint]
        self.client = client
        self.state = state
        self.row = OPERATIONS[read("names.yaml").get(endpoint, POLLED.get(endpoint, endpoint))]
        self.polls = endpoint in POLLED

    @property
    def path(self) -> str:
        """The path, of an engine and of a generation that could exist."""
        path: str = self.endpoint["path"]
        return path.format(engine_id=SDXL, id="0" * 64)

    async def rightly(self, **changed: Any) -> httpx2.Response:  # noqa: ANN401 -- JSON
        """Ask as the API wants it, or for another value of a field."""
        if self.polls or self.endpoint["method"] == "GET":
            return await self.client.get(self.path)
        values = operations.fewest(self.row.name()) | changed
        return await send(self.client, self.row.model_validate(values))

    async def started(self) -> str:
        """Start a generation for the endpoint and return its path."""
        operation = self.row.model_validate(operations.fewest(self.row.name()))
        generation = (await send(self.client, operation)).json()["id"]
        path: str = self.endpoint["path"]
        return path.format(id=generation)


async def nothing_given(ask: Ask) -> httpx2.Response:
    """Leave out what is required."""
    if ask.polls:
        return await ask.client.get(ask.endpoint["path"].format(id="a6dc6c6e"))
    if ask.endpoint["request_content_type"] == "application/json":
        return await ask.client.post(ask.path, json={})
    return await ask.client.post(ask.path, files=EMPTY_PART)


async def no_key(ask: Ask) -> httpx2.Response:
    """Send all that is right and no key."""
    del ask.client.headers["authorization"]
    return await ask.rightly()


async def no_credits(ask: Ask) -> httpx2.Response:
    """Have nothing left."""
    ask.state.set_credits(EMULATOR_KEY, 0)
    return await ask.rightly()


def refused_by_moderation(name: Moderation) -> Callable[[Ask], Awaitable[httpx2.Response]]:
    """Have moderation refuse it."""

    async def ordered(ask: Ask) -> httpx2.Response:
        ask.state.faults.inject(Fault(moderation=name))
        return await ask.rightly()

    return ordered


def failing(status: int) -> Callable[[Ask], Awaitable[httpx2.Response]]:
    """Have the API answer a status, in its own words."""

    async def ordered(ask: Ask) -> httpx2.Response:
        ask.state.faults.inject(Fault(status=status))
        return await ask.rightly()

    return ordered


async def no_such_thing(ask: Ask) -> httpx2.Response:
    """Ask for a generation or an engine that does not exist."""
    if ask.polls:
        return await ask.client.get(ask.path)
    return await ask.rightly(engine_id="stable-diffusion-v1-6")


async def too_large(ask: Ask) -> httpx2.Response:
    """Send more than the API takes."""
    return await ask.client.post(ask.path, files={"image": bytes(ask.row.spec.max_body)})


async def too_fast(ask: Ask) -> httpx2.Response:
    """Have asked as often as one may."""
    for _ in range(150):
        ask.state.arrived(owner_of(EMULATOR_KEY), "GET", "/")
    return await ask.rightly()


async def in_progress(ask: Ask) -> httpx2.Response:
    """Ask for a generation that is under way."""
    ask.state.pace = Pace(polls=1)
    return await ask.client.get(await ask.started())


Case = Callable[[Ask], Awaitable[httpx2.Response]]
SECOND: dict[str, Case] = {
    "400 bad_request": nothing_given,
    "401 unauthorized": no_key,
    "402 payment_required": no_credits,
    "403 content_moderation": refused_by_moderation("content_moderation"),
    "404 generation_not_found": no_such_thing,
    "413 payload_too_large": too_large,
    "422 invalid_language": refused_by_moderation("invalid_language"),
    "422 public_figure": refused_by_moderation("public_figure"),
    "422 copyrighted_content": refused_by_moderation("copyrighted_content"),
    "429 rate_limit_exceeded": too_fast,
    "500 internal_error": failing(500),
}
FIRST: dict[str, Case] = {
    "400 bad_request": failing(400),
    "400 invalid_prompts": nothing_given,
    "401 unauthorized": no_key,
    "403 permission_denied": failing(403),
    "404 not_found": no_such_thing,
    "429 insufficient_balance": no_credits,
    "500 server_error": failing(500),
}
