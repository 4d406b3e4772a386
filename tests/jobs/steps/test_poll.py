"""Looking at a generation that is under way: free, repeated, and ended by the API's word alone."""

from collections.abc import Callable
from pathlib import Path

import pytest

from stability_mcp.client.models import Answer
from stability_mcp.errors import (
    GenerationGoneError,
    ModerationError,
    NotSentError,
    RateLimitedError,
    StorageError,
    UnauthorizedError,
    UnavailableError,
    UnknownOutcomeError,
    UnusableAnswerError,
)
from stability_mcp.jobs.transactions import finish
from stability_mcp.store.account import EMULATOR
from support.jobs.jobs import Wire, answer, at_work, deferred, refused, run_one, starts
from support.store.disk import at_work_on_small_disk, until_said
from support.store.rows import ledger, rows, spool

pytestmark = pytest.mark.anyio


def look(found: Answer | Exception | None) -> Callable[[Path], Answer | None]:
    """Return a look at a generation that finds this."""

    def behave(body: Path) -> Answer | None:
        if isinstance(found, Exception):
            raise found
        if found is not None:
            body.write_bytes(WAVE)
        return found

    return behave


WAVE = (
    b"RIFF$\x00\x00\x00WAVEfmt \x10\x00\x00\x00\x01\x00\x01\x00D\xac\x00\x00\x88X\x01\x00"
    b"\x02\x00\x10\x00data\x00\x00\x00\x00"
)


async def test_a_generation_is_polled_until_it_is_there(tmp_path: Path) -> None:
    """*Documented*: a deferred start, 202 while it is under way, then the result."""
    wire = Wire([starts()], looks=[look(None), look(None), look(answer(media_type="audio/wav"))])

    async with at_work(tmp_path, wire, upstream=EMULATOR) as jobs:
        view = await run_one(jobs, deferred())

    assert (view.state, view.charged) == ("done", "yes")
    assert (len(wire.posts), wire.polls) == (1, 3)
    assert rows(tmp_path, "SELECT generation FROM jobs") == [("g" * 64,)]
    assert rows(tmp_path, "SELECT count(*) FROM requests WHERE sent_at IS NULL") == [(0,)]
    assert spool(tmp_path) == []


LOOKS = [
    NotSentError("No line."),
    UnknownOutcomeError("Silence."),
    UnusableAnswerError("Cut."),
    refused(UnavailableError, 503),
    refused(RateLimitedError, 429, retry_after=0.01),
    refused(UnauthorizedError, 401),
]


@pytest.mark.parametrize("failure", LOOKS)
async def test_a_look_that_failed_is_repeated_and_costs_nothing(
    tmp_path: Path, failure: Exception
) -> None:
    """*Chosen*: only the API's own 404 ends a generation."""
    wire = Wire([starts()], looks=[look(failure), look(answer(media_type="audio/wav"))])

    async with at_work(tmp_path, wire, upstream=EMULATOR) as jobs:
        view = await run_one(jobs, deferred())

    assert view.state == "done"
    assert len(wire.posts) == 1


async def test_a_generation_that_is_gone_is_unknown_and_counts_as_spent(tmp_path: Path) -> None:
    """*Documented*: kept for 24 hours; whether it was charged nobody can say."""
    wire = Wire([starts()], looks=[look(refused(GenerationGoneError, 404))])

    async with at_work(tmp_path, wire) as jobs:
        view = await run_one(jobs, deferred())

    assert (view.state, view.charged) == ("unknown", "assumed")
    assert "24 hours" in (view.error or "")


async def test_a_generation_that_the_emulator_forgot_is_started_again(tmp_path: Path) -> None:
    """*Chosen*: its state was deleted, and there it is free."""
    wire = Wire(
        [starts()],
        looks=[look(refused(GenerationGoneError, 404)), look(answer(media_type="audio/wav"))],
    )

    async with at_work(tmp_path, wire, upstream=EMULATOR) as jobs:
        view = await run_one(jobs, deferred())

    assert view.state == "done"
    assert len(wire.posts) == 2
    assert ledger(tmp_path) == ["free", "charged"]


async def test_what_the_disk_does_not_take_of_a_refusal_waits_for_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """*Chosen*: it says that the disk is what it waits for, and not that the program failed."""

    def full(*_: object, **__: object) -> None:
        raise StorageError("The database cannot be written: the disk is full.")

    wire = Wire([starts()], looks=[look(refused(ModerationError, 403))])
    async with at_work_on_small_disk(tmp_path, wire) as jobs:
        with monkeypatch.context() as disk:
            disk.setattr(finish, "fail_free", full)
            call = await jobs.submit(deferred(), tool="test")
            waits = await until_said(jobs, call.job_ids[0], "stored as soon as")
        [view] = await jobs.wait(call.job_ids, 10)

    assert waits.state == "submitted"
    assert (view.state, view.charged, wire.polls) == ("failed", "no", 1)
