"""Every fault that can be ordered, met by our own client over HTTP, in another process."""

from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path
from secrets import token_hex
from typing import Any

import anyio
import httpx2
import pytest
from pydantic import SecretStr

import support.imaging.sample_files as pictures
from stability_emulator.faults import Fault
from stability_mcp.api.operations import OPERATIONS
from stability_mcp.api.operations.account.balance import Balance
from stability_mcp.client.client import Client
from stability_mcp.client.models import Deferred, Generation, SentFile
from stability_mcp.errors import (
    AccessDeniedError,
    GenerationGoneError,
    InvalidRequestError,
    ModerationError,
    NotSentError,
    OutOfCreditsError,
    RateLimitedError,
    RequestError,
    UnauthorizedError,
    UnavailableError,
    UnknownOutcomeError,
    UnusableAnswerError,
)
from stability_mcp.store.tenancy import EMULATOR
from support.client.raw_server import Recorder
from support.jobs.jobs import AT_ONCE, at_work, core

pytestmark = pytest.mark.anyio

CORE = OPERATIONS["generate_core"].spec.path
FAST = OPERATIONS["upscale_fast"]
SOUNDS = "/v2beta/audio/results/*"


@dataclass(frozen=True, kw_only=True)
class Server:
    """The emulator in its process, and an account of this test alone."""

    url: str
    http: httpx2.AsyncClient
    key: str = field(default_factory=lambda: f"sk-{token_hex(8)}")

    def client(self, *, timeout: float = 30, max_retries: int = 3) -> Client:
        """Return our client."""
        return Client(
            base_url=self.url,
            api_key=SecretStr(self.key),
            timeout=timeout,
            max_retries=max_retries,
        )

    async def order(self, what: str, **order: Any) -> dict[str, Any]:  # noqa: ANN401 -- JSON
        """Use a control."""
        response = await self.http.post(f"/_emulator/{what}", json=order)
        assert response.is_success, response.text
        told: dict[str, Any] = response.json()
        return told

    async def charged(self) -> int:
        """Return how many calls were charged to the account."""
        account = (await self.order("credits", key=self.key, credits=1_000))["account"]
        journal = (await self.http.get("/_emulator/journal")).json()
        return len([each for each in journal["charges"] if each["owner"] == account])


@pytest.fixture
async def server(emulator_url: str) -> AsyncIterator[Server]:
    """The emulator with an account that has enough."""
    async with httpx2.AsyncClient(base_url=emulator_url) as http:
        server = Server(url=emulator_url, http=http)
        with anyio.fail_after(30):
            while not await _is_there(http):  # noqa: ASYNC110 -- another process tells of nothing
                await anyio.sleep(0.02)
        await server.order("credits", key=server.key, credits=1_000)
        yield server
        await http.delete("/_emulator/faults")
        await server.order("pace")


async def _is_there(http: httpx2.AsyncClient) -> bool:
    """Return whether connections are taken: an earlier test may have had them refused."""
    try:
        await http.get("/_emulator/clock")
    except httpx2.ConnectError:
        return False
    return True


@dataclass(frozen=True, kw_only=True)
class Met:
    """What a fault amounts to."""

    fault: dict[str, Any]
    kind: type[RequestError] | None
    """The error; None: there is a result all the same."""
    charged: int = 0
    """How often the server charged."""
    timeout: float = 30
    """How long our client waits, in seconds."""


FAULTS: dict[str, Met] = {
    "refused": Met(fault={"refuse": 0.5}, kind=NotSentError),
    "silence": Met(fault={"hang": 1.5}, kind=UnknownOutcomeError, timeout=0.5),
    "reset before": Met(fault={"reset": "before"}, kind=UnknownOutcomeError),
    "reset after": Met(fault={"reset": "after"}, kind=UnknownOutcomeError, charged=1),
    "gateway page": Met(fault={"html": True}, kind=UnknownOutcomeError),
    "gateway time-out": Met(fault={"html": True, "status": 504}, kind=UnknownOutcomeError),
    "JSON of a stranger": Met(fault={"status": 502, "body": "{}"}, kind=UnknownOutcomeError),
    "cut body": Met(fault={"cut": 1_000}, kind=UnusableAnswerError, charged=1),
    "no body": Met(fault={"cut": 0}, kind=UnusableAnswerError, charged=1),
    "no picture": Met(fault={"status": 200, "body": "{}"}, kind=UnusableAnswerError),
    "endless body": Met(fault={"slow": 3}, kind=UnusableAnswerError, charged=1, timeout=1.5),
    "slow body": Met(fault={"slow": 0.4}, kind=None, charged=1),
    "late answer": Met(fault={"hang": 0.4}, kind=None, charged=1),
    "unreadable": Met(fault={"unreadable": True}, kind=None, charged=1),
    "unreadable page": Met(
        fault={"unreadable": True, "content_type": "text/html"}, kind=UnusableAnswerError, charged=1
    ),
    "wrong type": Met(fault={"content_type": "text/html"}, kind=None, charged=1),
    "blurred": Met(fault={"moderation": "content_filtered"}, kind=None, charged=1),
    "bad request": Met(fault={"status": 400}, kind=InvalidRequestError),
    "too large": Met(fault={"status": 413}, kind=InvalidRequestError),
    "other language": Met(fault={"moderation": "invalid_language"}, kind=InvalidRequestError),
    "wrong key": Met(fault={"status": 401}, kind=UnauthorizedError),
    "no credits": Met(fault={"status": 402}, kind=OutOfCreditsError),
    "no credits, v1": Met(
        fault={"status": 429, "name": "insufficient_balance"}, kind=OutOfCreditsError
    ),
    "moderated": Met(fault={"moderation": "content_moderation"}, kind=ModerationError),
    "public figure": Met(fault={"moderation": "public_figure"}, kind=ModerationError),
    "copyrighted": Met(fault={"moderation": "copyrighted_content"}, kind=ModerationError),
    "denied": Met(fault={"status": 403, "name": "permission_denied"}, kind=AccessDeniedError),
    "too fast": Met(fault={"status": 429}, kind=RateLimitedError),
    "broken": Met(fault={"status": 500}, kind=UnavailableError),
    "busy": Met(fault={"status": 503}, kind=UnavailableError),
}


def test_every_part_of_a_fault_is_met() -> None:
    """Chosen: what can be ordered is met by somebody."""
    parts = {part for met in FAULTS.values() for part in met.fault}

    assert parts == Fault.model_fields.keys() - {"path", "count", "seconds", "message"}


@pytest.mark.parametrize("what", FAULTS)
async def test_one_request_meets_a_fault(what: str, server: Server, tmp_path: Path) -> None:
    """Chosen: what was surely not sent, not charged or charged is told apart from the unknown."""
    met = FAULTS[what]
    place = {} if "refuse" in met.fault else {"path": FAST.spec.path}
    await server.order("faults", **place, **met.fault)
    body, trace = tmp_path / "body", Recorder()
    # An operation that takes no time: the times of the faults are then the only ones.
    picture = tmp_path / "picture.png"
    picture.write_bytes(pictures.png((128, 128)))
    operation = FAST.model_validate({"image": "picture"})
    files = {"image": SentFile(path=picture, media_type="image/png")}

    async with server.client(timeout=met.timeout) as client:
        if met.kind is None:
            answer = await client.exchange(operation, files, body, trace)
            assert answer.finish_reason == (
                "CONTENT_FILTERED" if "moderation" in met.fault else "SUCCESS"
            )
        else:
            with pytest.raises(met.kind) as raised:
                await client.exchange(operation, files, body, trace)
            assert type(raised.value) is met.kind
            assert server.key not in str(raised.value)
            if raised.value.charged == "no":
                assert met.charged == 0

    assert await server.charged() == met.charged
    assert ("sent" in trace.events) == (met.kind is not NotSentError)


AGAIN: dict[str, dict[str, Any]] = {
    "refused": {"refuse": 0.7},
    "broken": {"path": CORE, "status": 500},
    "broken twice": {"path": CORE, "status": 503, "count": 2},
}
"""Faults after which the request is repeated by itself, since nothing was charged."""


@pytest.mark.parametrize("what", AGAIN)
async def test_what_was_surely_not_charged_is_repeated(
    what: str, server: Server, tmp_path: Path
) -> None:
    """Chosen: as often as STABILITY_MAX_RETRIES says; in the end it is charged once."""
    await server.order("faults", **AGAIN[what])

    async with server.client() as client:
        [made] = await client.send(core(), folder=tmp_path)  # type: ignore[misc]  # a picture

    assert isinstance(made, Generation)
    assert await server.charged() == 1


@pytest.mark.parametrize("what", ["reset after", "gateway page", "cut body", "moderated"])
async def test_everything_else_is_not_repeated(what: str, server: Server, tmp_path: Path) -> None:
    """Chosen: it may be charged, was charged, or would be refused again."""
    met = FAULTS[what]
    await server.order("faults", path=CORE, **met.fault)
    assert met.kind is not None

    async with server.client() as client:
        with pytest.raises(met.kind):
            await client.send(core(), folder=tmp_path)

    assert await server.charged() == met.charged


POLLS: dict[str, tuple[dict[str, Any], type[RequestError]]] = {
    "reset": ({"reset": "before"}, RequestError),
    "gateway page": ({"html": True}, RequestError),
    "cut": ({"cut": 100}, UnusableAnswerError),
    "broken": ({"status": 500}, UnavailableError),
    "gone": ({"status": 404}, GenerationGoneError),
    "too fast": ({"status": 429}, RateLimitedError),
}


@pytest.mark.parametrize("what", POLLS)
async def test_a_poll_meets_a_fault_and_the_generation_is_still_there(
    what: str, server: Server, tmp_path: Path
) -> None:
    """Documented: kept for 24 hours; chosen: asking again is free, so nothing is lost."""
    fault, kind = POLLS[what]
    operation = OPERATIONS["audio3_text_to_audio"].model_validate({"prompt": "rain", "duration": 1})
    async with server.client() as client:
        started = await client.send(operation, folder=tmp_path)
        assert isinstance(started, Deferred)
        await server.order("faults", path=SOUNDS, **fault)

        with pytest.raises(kind) as raised:
            await client.fetch(type(operation), started.id, tmp_path / "body", Recorder())
        answer = await client.fetch(type(operation), started.id, tmp_path / "body", Recorder())

    assert type(raised.value) is kind
    assert answer is not None
    assert answer.media_type == "audio/mpeg"
    assert await server.charged() == 1


async def test_a_generation_is_gone_after_a_day_without_waiting_for_it(
    server: Server, tmp_path: Path
) -> None:
    """Documented: 24 hours; the clock of the server is moved on and back."""
    operation = OPERATIONS["audio3_text_to_audio"].model_validate({"prompt": "rain", "duration": 1})
    async with server.client() as client:
        started = await client.send(operation, folder=tmp_path)
        assert isinstance(started, Deferred)
        now = (await server.http.get("/_emulator/clock")).json()["now"]
        await server.order("clock", advance=24 * 3_600)
        try:
            with pytest.raises(GenerationGoneError):
                await client.poll(started, folder=tmp_path)
        finally:
            await server.order("clock", set=now)


async def test_a_query_is_repeated_until_somebody_answers(server: Server) -> None:
    """Chosen: it is free."""
    await server.order("faults", path="/v1/user/balance", reset="before")
    await server.order("faults", path="/v1/user/balance", status=500)

    async with server.client() as client:
        found = await client.query(Balance())

    assert found.model_dump() == {"credits": 1_000}


async def test_an_empty_account_pauses_what_comes_after(server: Server, tmp_path: Path) -> None:
    """Documented: 402; chosen: nothing more is sent until the balance is above 0."""
    await server.order("credits", key=server.key, credits=0)
    async with (
        server.client() as client,
        at_work(tmp_path, client, upstream=EMULATOR, timing=AT_ONCE) as jobs,
    ):
        first = await jobs.submit(core(), tool="generate_core")
        [refused] = await jobs.wait(first.job_ids, 30)
        with pytest.raises(OutOfCreditsError):
            await jobs.submit(core(), tool="generate_core")
        assert await server.charged() == 0  # and the account has credits again
        second = await jobs.submit(core(), tool="generate_core")
        [done] = await jobs.wait(second.job_ids, 30)

    assert (refused.state, refused.charged) == ("failed", "no")
    assert done.state == "done", done.error
    assert await server.charged() == 1
