"""The project's client handles every injected fault, over HTTP to another process."""

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
from support.jobs.jobs import AT_ONCE, core, running_jobs

pytestmark = pytest.mark.anyio

CORE = OPERATIONS["generate_core"].spec.path
FAST = OPERATIONS["upscale_fast"]
SOUNDS = "/v2beta/audio/results/*"


@dataclass(frozen=True, kw_only=True)
class Server:
    """The emulator process, and an account used only by one test."""

    url: str
    http: httpx2.AsyncClient
    key: str = field(default_factory=lambda: f"sk-{token_hex(8)}")

    def client(self, *, timeout: float = 30, max_retries: int = 3) -> Client:
        """Return the project's client."""
        return Client(
            base_url=self.url,
            api_key=SecretStr(self.key),
            timeout=timeout,
            max_retries=max_retries,
        )

    async def send_command(self, what: str, **body: Any) -> dict[str, Any]:  # noqa: ANN401 -- JSON
        """Send a command to a control."""
        response = await self.http.post(f"/_emulator/{what}", json=body)
        assert response.is_success, response.text
        answer: dict[str, Any] = response.json()
        return answer

    async def charged(self) -> int:
        """Return the number of calls charged to the account."""
        account = (await self.send_command("credits", key=self.key, credits=1_000))["account"]
        journal = (await self.http.get("/_emulator/journal")).json()
        return len([each for each in journal["charges"] if each["owner"] == account])


@pytest.fixture
async def server(emulator_url: str) -> AsyncIterator[Server]:
    """The emulator with an account that has enough credits."""
    async with httpx2.AsyncClient(base_url=emulator_url) as http:
        server = Server(url=emulator_url, http=http)
        with anyio.fail_after(30):
            while not await _is_there(http):  # noqa: ASYNC110 -- another process sends no events
                await anyio.sleep(0.02)
        await server.send_command("credits", key=server.key, credits=1_000)
        yield server
        await http.delete("/_emulator/faults")
        await server.send_command("pace")


async def _is_there(http: httpx2.AsyncClient) -> bool:
    """Return whether connections are accepted; an earlier test may have had them refused."""
    try:
        await http.get("/_emulator/clock")
    except httpx2.ConnectError:
        return False
    return True


@dataclass(frozen=True, kw_only=True)
class Expected:
    """A fault and its expected effect."""

    fault: dict[str, Any]
    kind: type[RequestError] | None
    """The error; None if there still is a result."""
    charged: int = 0
    """Number of charges."""
    timeout: float = 30
    """Timeout of the client in seconds."""


FAULTS: dict[str, Expected] = {
    "refused": Expected(fault={"refuse": 0.5}, kind=NotSentError),
    "silence": Expected(fault={"hang": 1.5}, kind=UnknownOutcomeError, timeout=0.5),
    "reset before": Expected(fault={"reset": "before"}, kind=UnknownOutcomeError),
    "reset after": Expected(fault={"reset": "after"}, kind=UnknownOutcomeError, charged=1),
    "gateway page": Expected(fault={"html": True}, kind=UnknownOutcomeError),
    "gateway timeout": Expected(fault={"html": True, "status": 504}, kind=UnknownOutcomeError),
    "JSON of a proxy": Expected(fault={"status": 502, "body": "{}"}, kind=UnknownOutcomeError),
    "cut body": Expected(fault={"cut": 1_000}, kind=UnusableAnswerError, charged=1),
    "no body": Expected(fault={"cut": 0}, kind=UnusableAnswerError, charged=1),
    "not a picture": Expected(fault={"status": 200, "body": "{}"}, kind=UnusableAnswerError),
    "endless body": Expected(fault={"slow": 3}, kind=UnusableAnswerError, charged=1, timeout=1.5),
    "slow body": Expected(fault={"slow": 0.4}, kind=None, charged=1),
    "late answer": Expected(fault={"hang": 0.4}, kind=None, charged=1),
    "unreadable": Expected(fault={"unreadable": True}, kind=None, charged=1),
    "unreadable page": Expected(
        fault={"unreadable": True, "content_type": "text/html"}, kind=UnusableAnswerError, charged=1
    ),
    "wrong type": Expected(fault={"content_type": "text/html"}, kind=None, charged=1),
    "blurred": Expected(fault={"moderation": "content_filtered"}, kind=None, charged=1),
    "bad request": Expected(fault={"status": 400}, kind=InvalidRequestError),
    "too large": Expected(fault={"status": 413}, kind=InvalidRequestError),
    "other language": Expected(fault={"moderation": "invalid_language"}, kind=InvalidRequestError),
    "wrong key": Expected(fault={"status": 401}, kind=UnauthorizedError),
    "no credits": Expected(fault={"status": 402}, kind=OutOfCreditsError),
    "no credits, v1": Expected(
        fault={"status": 429, "name": "insufficient_balance"}, kind=OutOfCreditsError
    ),
    "moderated": Expected(fault={"moderation": "content_moderation"}, kind=ModerationError),
    "public figure": Expected(fault={"moderation": "public_figure"}, kind=ModerationError),
    "copyrighted": Expected(fault={"moderation": "copyrighted_content"}, kind=ModerationError),
    "denied": Expected(fault={"status": 403, "name": "permission_denied"}, kind=AccessDeniedError),
    "too fast": Expected(fault={"status": 429}, kind=RateLimitedError),
    "broken": Expected(fault={"status": 500}, kind=UnavailableError),
    "busy": Expected(fault={"status": 503}, kind=UnavailableError),
}


def test_every_part_of_a_fault_is_covered() -> None:
    """Chosen: every field of a fault has a case."""
    parts = {part for expected in FAULTS.values() for part in expected.fault}

    assert parts == Fault.model_fields.keys() - {"path", "count", "seconds", "message"}


@pytest.mark.parametrize("what", FAULTS)
async def test_the_client_reports_the_outcome_of_a_fault(
    what: str, server: Server, tmp_path: Path
) -> None:
    """Chosen: the client distinguishes not sent, not charged, charged and unknown."""
    expected = FAULTS[what]
    path = {} if "refuse" in expected.fault else {"path": FAST.spec.path}
    await server.send_command("faults", **path, **expected.fault)
    body, trace = tmp_path / "body", Recorder()
    # A fast operation, so that only the faults take time.
    picture = tmp_path / "picture.png"
    picture.write_bytes(pictures.png((128, 128)))
    operation = FAST.model_validate({"image": "picture"})
    files = {"image": SentFile(path=picture, media_type="image/png")}

    async with server.client(timeout=expected.timeout) as client:
        if expected.kind is None:
            answer = await client.exchange(operation, files, body, trace)
            assert answer.finish_reason == (
                "CONTENT_FILTERED" if "moderation" in expected.fault else "SUCCESS"
            )
        else:
            with pytest.raises(expected.kind) as raised:
                await client.exchange(operation, files, body, trace)
            assert type(raised.value) is expected.kind
            assert server.key not in str(raised.value)
            if raised.value.charged == "no":
                assert expected.charged == 0

    assert await server.charged() == expected.charged
    assert ("sent" in trace.events) == (expected.kind is not NotSentError)


RETRIED: dict[str, dict[str, Any]] = {
    "refused": {"refuse": 0.7},
    "broken": {"path": CORE, "status": 500},
    "broken twice": {"path": CORE, "status": 503, "count": 2},
}
"""Faults after which the client retries, since the request was not charged."""


@pytest.mark.parametrize("what", RETRIED)
async def test_a_request_known_not_to_be_charged_is_retried(
    what: str, server: Server, tmp_path: Path
) -> None:
    """Chosen: up to STABILITY_MAX_RETRIES times; the request is charged once."""
    await server.send_command("faults", **RETRIED[what])

    async with server.client() as client:
        [made] = await client.send(core(), folder=tmp_path)  # type: ignore[misc]  # a picture

    assert isinstance(made, Generation)
    assert await server.charged() == 1


@pytest.mark.parametrize("what", ["reset after", "gateway page", "cut body", "moderated"])
async def test_other_failures_are_not_retried(what: str, server: Server, tmp_path: Path) -> None:
    """Chosen: the request may have been charged, was charged, or would be refused again."""
    expected = FAULTS[what]
    await server.send_command("faults", path=CORE, **expected.fault)
    assert expected.kind is not None

    async with server.client() as client:
        with pytest.raises(expected.kind):
            await client.send(core(), folder=tmp_path)

    assert await server.charged() == expected.charged


POLLS: dict[str, tuple[dict[str, Any], type[RequestError]]] = {
    "reset": ({"reset": "before"}, RequestError),
    "gateway page": ({"html": True}, RequestError),
    "cut": ({"cut": 100}, UnusableAnswerError),
    "broken": ({"status": 500}, UnavailableError),
    "gone": ({"status": 404}, GenerationGoneError),
    "too fast": ({"status": 429}, RateLimitedError),
}


@pytest.mark.parametrize("what", POLLS)
async def test_a_generation_survives_a_failed_poll(
    what: str, server: Server, tmp_path: Path
) -> None:
    """Documented: kept for 24 hours; chosen: polling again is free, so nothing is lost."""
    fault, kind = POLLS[what]
    operation = OPERATIONS["audio3_text_to_audio"].model_validate({"prompt": "rain", "duration": 1})
    async with server.client() as client:
        started = await client.send(operation, folder=tmp_path)
        assert isinstance(started, Deferred)
        await server.send_command("faults", path=SOUNDS, **fault)

        with pytest.raises(kind) as raised:
            await client.fetch(type(operation), started.id, tmp_path / "body", Recorder())
        answer = await client.fetch(type(operation), started.id, tmp_path / "body", Recorder())

    assert type(raised.value) is kind
    assert answer is not None
    assert answer.media_type == "audio/mpeg"
    assert await server.charged() == 1


async def test_a_generation_expires_after_a_day_of_emulated_time(
    server: Server, tmp_path: Path
) -> None:
    """Documented: 24 hours; the server's clock is advanced and reset."""
    operation = OPERATIONS["audio3_text_to_audio"].model_validate({"prompt": "rain", "duration": 1})
    async with server.client() as client:
        started = await client.send(operation, folder=tmp_path)
        assert isinstance(started, Deferred)
        now = (await server.http.get("/_emulator/clock")).json()["now"]
        await server.send_command("clock", advance=24 * 3_600)
        try:
            with pytest.raises(GenerationGoneError):
                await client.poll(started, folder=tmp_path)
        finally:
            await server.send_command("clock", set=now)


async def test_a_query_is_retried_after_failures(server: Server) -> None:
    """Chosen: queries are free."""
    await server.send_command("faults", path="/v1/user/balance", reset="before")
    await server.send_command("faults", path="/v1/user/balance", status=500)

    async with server.client() as client:
        found = await client.query(Balance())

    assert found.model_dump() == {"credits": 1_000}


async def test_an_empty_account_pauses_later_jobs(server: Server, tmp_path: Path) -> None:
    """Documented: 402; chosen: nothing more is sent until the balance is above 0."""
    await server.send_command("credits", key=server.key, credits=0)
    async with (
        server.client() as client,
        running_jobs(tmp_path, client, upstream=EMULATOR, timing=AT_ONCE) as jobs,
    ):
        first = await jobs.submit(core(), tool="generate_core")
        [refused] = await jobs.wait(first.job_ids, 30)
        with pytest.raises(OutOfCreditsError):
            await jobs.submit(core(), tool="generate_core")
        assert await server.charged() == 0  # `charged` also refills the account
        second = await jobs.submit(core(), tool="generate_core")
        [done] = await jobs.wait(second.job_ids, 30)

    assert (refused.state, refused.charged) == ("failed", "no")
    assert done.state == "done", done.error
    assert await server.charged() == 1
