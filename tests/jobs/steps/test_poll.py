"""Polling a generation: free, retried, and ended only by an answer of the API."""

from collections.abc import Callable
from pathlib import Path

import anyio
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
from stability_mcp.jobs.models import Timing
from stability_mcp.jobs.transactions import finish
from stability_mcp.store.tenancy import EMULATOR
from support.jobs.jobs import (
    Wire,
    answer,
    deferred,
    refused,
    run_one,
    running_jobs,
    starts_generation,
)
from support.store.disk import running_jobs_on_small_disk, until_progress
from support.store.rows import ledger, money, rows, spool

pytestmark = pytest.mark.anyio


def poll(found: Answer | Exception | None) -> Callable[[Path], Answer | None]:
    """Return a poll of a generation with this outcome."""

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


async def test_a_generation_is_polled_until_its_result_is_there(tmp_path: Path) -> None:
    """*Documented*: a deferred start, 202 while it is running, then the result."""
    wire = Wire(
        [starts_generation()],
        poll_plan=[poll(None), poll(None), poll(answer(media_type="audio/wav"))],
    )

    async with running_jobs(tmp_path, wire, upstream=EMULATOR) as jobs:
        view = await run_one(jobs, deferred())

    assert (view.state, view.charged) == ("done", "yes")
    assert (len(wire.posts), wire.polls) == (1, 3)
    assert rows(tmp_path, "SELECT generation FROM jobs") == [("g" * 64,)]
    assert rows(tmp_path, "SELECT count(*) FROM requests WHERE sent_at IS NULL") == [(0,)]
    assert spool(tmp_path) == []


POLL_ERRORS = [
    NotSentError("No line."),
    UnknownOutcomeError("Silence."),
    UnusableAnswerError("Cut."),
    refused(UnavailableError, 503),
    refused(RateLimitedError, 429, retry_after=0.01),
    refused(UnauthorizedError, 401),
]


@pytest.mark.parametrize("failure", POLL_ERRORS)
async def test_a_failed_poll_is_retried_at_no_cost(tmp_path: Path, failure: Exception) -> None:
    """*Chosen*: only the API's own 404 ends a generation."""
    wire = Wire(
        [starts_generation()], poll_plan=[poll(failure), poll(answer(media_type="audio/wav"))]
    )

    async with running_jobs(tmp_path, wire, upstream=EMULATOR) as jobs:
        view = await run_one(jobs, deferred())

    assert view.state == "done"
    assert len(wire.posts) == 1


NOT_FOUND = poll(refused(GenerationGoneError, 404))
AUDIO, GENERIC = "/v2beta/audio/results/{id}", "/v2beta/results/{id}"
AT_ONCE_UNKNOWN = Timing(poll_seconds=0.01, retry_seconds=0.001, missing_after_seconds=0)
EXPIRED = Timing(poll_seconds=0.01, retry_seconds=0.001, expires_after_seconds=0)


async def test_an_early_404_alternates_the_results_paths_and_is_not_a_failure(
    tmp_path: Path,
) -> None:
    """*Chosen*: within 24 hours it means "not there yet", however many retries are allowed."""
    wire = Wire(
        [starts_generation()], poll_plan=[NOT_FOUND] * 5 + [poll(answer(media_type="audio/wav"))]
    )

    async with running_jobs(tmp_path, wire, max_retries=0) as jobs:
        view = await run_one(jobs, deferred())

    assert (view.state, view.charged) == ("done", "yes")
    assert wire.polled == [AUDIO, GENERIC] * 3


async def test_polling_stays_with_the_results_path_that_has_the_generation(tmp_path: Path) -> None:
    """*Chosen*: `in-progress` means that this path knows the generation."""
    wire = Wire(
        [starts_generation()],
        poll_plan=[NOT_FOUND, poll(None), poll(None), poll(answer(media_type="audio/wav"))],
    )

    async with running_jobs(tmp_path, wire) as jobs:
        await run_one(jobs, deferred())

    assert wire.polled == [AUDIO, GENERIC, GENERIC, GENERIC]


async def test_a_generation_that_stays_missing_is_unknown_and_can_be_fetched(
    tmp_path: Path,
) -> None:
    """*Chosen*: it counts as charged, is fetched when it appears, and is charged only once."""
    wire = Wire([starts_generation()], poll_plan=[NOT_FOUND])

    async with running_jobs(tmp_path, wire, timing=AT_ONCE_UNKNOWN) as jobs:
        view = await run_one(jobs, deferred())
        uncollected = await jobs.unfinished_and_uncollected(), await jobs.uncollected_line()
        spent = money(tmp_path)
        wire.poll_plan = [poll(answer(media_type="audio/wav"))]
        [late] = await jobs.wait([view.id], 10)

    assert (view.state, view.charged, view.is_missing) == ("unknown", "assumed", True)
    assert "g" * 64 in (view.error or "")
    assert "call job_wait, at no cost" in (view.error or "")
    assert uncollected == ([], None)  # its call still waits
    assert (late.state, late.charged, late.is_missing) == ("done", "yes", False)
    assert spent == money(tmp_path) == (0, view.price)
    assert (len(wire.posts), spool(tmp_path)) == (1, [])


async def test_waiting_for_a_missing_generation_polls_every_path_once(tmp_path: Path) -> None:
    """*Chosen*: it may appear at any of them, and polling does not continue by itself."""
    wire = Wire([starts_generation()], poll_plan=[NOT_FOUND])

    async with running_jobs(tmp_path, wire, timing=AT_ONCE_UNKNOWN) as jobs:
        view = await run_one(jobs, deferred())
        wire.polled.clear()
        [after] = await jobs.wait([view.id], 10)

    assert after.state == "unknown"
    assert sorted(wire.polled) == [AUDIO, GENERIC]


async def test_a_missing_generation_that_turns_out_to_be_running_is_polled_again(
    tmp_path: Path,
) -> None:
    """*Chosen*: if the API finally refuses it, the assumed charge is released."""
    wire = Wire([starts_generation()], poll_plan=[NOT_FOUND])

    async with running_jobs(tmp_path, wire, timing=AT_ONCE_UNKNOWN) as jobs:
        view = await run_one(jobs, deferred())
        wire.poll_plan = [poll(None), poll(None), poll(refused(ModerationError, 403))]
        [after] = await jobs.wait([view.id], 10)

    assert (after.state, after.charged) == ("failed", "no")
    assert money(tmp_path) == (0, 0)
    assert ledger(tmp_path) == ["free"]


async def test_a_missing_generation_that_turns_out_to_be_refused_is_not_charged(
    tmp_path: Path,
) -> None:
    """*Chosen*: the first poll with a response ends it and releases the assumed charge."""
    wire = Wire([starts_generation()], poll_plan=[NOT_FOUND])

    async with running_jobs(tmp_path, wire, timing=AT_ONCE_UNKNOWN) as jobs:
        view = await run_one(jobs, deferred())
        wire.poll_plan = [poll(refused(ModerationError, 403))]
        [after] = await jobs.wait([view.id], 10)
        polls = len(wire.polled)
        [again] = await jobs.wait([view.id], 10)

    assert (view.state, after.state, after.charged) == ("unknown", "failed", "no")
    assert money(tmp_path) == (0, 0)
    assert ledger(tmp_path) == ["free"]
    assert (again, len(wire.polled)) == (after, polls)


async def test_a_missing_generation_with_an_unusable_response_is_charged_once(
    tmp_path: Path,
) -> None:
    """*Chosen*: after the usual retries; the charge was counted when it went missing."""
    wire = Wire([starts_generation()], poll_plan=[NOT_FOUND])

    async with running_jobs(tmp_path, wire, timing=AT_ONCE_UNKNOWN) as jobs:
        view = await run_one(jobs, deferred())
        wire.poll_plan = [poll(UnusableAnswerError("No sound."))]
        [after] = await jobs.wait([view.id], 10)

    assert (after.state, after.charged) == ("failed", "yes")
    assert money(tmp_path) == (0, view.price)
    assert ledger(tmp_path) == ["charged"]


async def test_a_poll_of_a_missing_generation_that_cannot_be_sent_is_retried(
    tmp_path: Path,
) -> None:
    """*Chosen*: a short network outage must not lose a result."""
    wire = Wire([starts_generation()], poll_plan=[NOT_FOUND])

    async with running_jobs(tmp_path, wire, timing=AT_ONCE_UNKNOWN) as jobs:
        view = await run_one(jobs, deferred())
        wire.poll_plan = [poll(NotSentError("No line.")), poll(answer(media_type="audio/wav"))]
        [after] = await jobs.wait([view.id], 10)

    assert after.state == "done"


async def test_the_next_process_polls_missing_generations(tmp_path: Path) -> None:
    """*Chosen*: recovery polls again without a call waiting for it."""
    wire = Wire([starts_generation()], poll_plan=[NOT_FOUND])
    async with running_jobs(tmp_path, wire, timing=AT_ONCE_UNKNOWN) as jobs:
        await run_one(jobs, deferred())
    wire.poll_plan = [poll(answer(media_type="audio/wav"))]

    async with running_jobs(tmp_path, wire, timing=AT_ONCE_UNKNOWN):
        with anyio.fail_after(30):
            while rows(tmp_path, "SELECT state FROM jobs") != [("done",)]:  # noqa: ASYNC110 -- no call waits for it
                await anyio.sleep(0.01)

    assert len(wire.posts) == 1


async def test_a_404_after_24_hours_ends_a_generation_on_every_path(tmp_path: Path) -> None:
    """*Documented*: kept for 24 hours; whether it was charged is unknown."""
    wire = Wire([starts_generation()], poll_plan=[NOT_FOUND])

    async with running_jobs(tmp_path, wire, timing=EXPIRED) as jobs:
        view = await run_one(jobs, deferred())
        [after] = await jobs.wait([view.id], 10)

    assert (view.state, view.charged, view.is_missing) == ("unknown", "assumed", False)
    assert "24 hours" in (view.error or "")
    assert after == view
    assert wire.polled == [AUDIO, GENERIC]


async def test_an_adopted_generation_that_no_path_knows_fails_without_a_charge(
    tmp_path: Path,
) -> None:
    """*Chosen*: its age is unknown, and it can be adopted again at no cost."""
    wire = Wire([starts_generation()], poll_plan=[NOT_FOUND])

    async with running_jobs(tmp_path, wire) as jobs:
        job, new = await jobs.adopt(type(deferred()), "g" * 64)
        [view] = await jobs.wait([job], 10)

    assert new
    assert (view.state, view.charged) == ("failed", "no")
    assert wire.polled == [AUDIO, GENERIC]


async def test_adopting_a_missing_generation_returns_the_job_that_started_it(
    tmp_path: Path,
) -> None:
    """*Chosen*: that job has the charge; a second job would not."""
    wire = Wire([starts_generation()], poll_plan=[NOT_FOUND])

    async with running_jobs(tmp_path, wire, timing=AT_ONCE_UNKNOWN) as jobs:
        view = await run_one(jobs, deferred())
        job, new = await jobs.adopt(type(deferred()), "g" * 64)

    assert (job, new) == (view.id, False)


async def test_a_generation_that_the_emulator_forgot_is_started_again(tmp_path: Path) -> None:
    """*Chosen*: the emulator's state was deleted, and running it again is free."""
    wire = Wire(
        [starts_generation()],
        poll_plan=[poll(refused(GenerationGoneError, 404)), poll(answer(media_type="audio/wav"))],
    )

    async with running_jobs(tmp_path, wire, upstream=EMULATOR) as jobs:
        view = await run_one(jobs, deferred())

    assert view.state == "done"
    assert len(wire.posts) == 2
    assert ledger(tmp_path) == ["free", "charged"]


async def test_a_refusal_that_cannot_be_recorded_waits_for_the_disk(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """*Chosen*: its progress names the disk, and not an internal error."""

    def full(*_: object, **__: object) -> None:
        raise StorageError("The database cannot be written: the disk is full.")

    wire = Wire([starts_generation()], poll_plan=[poll(refused(ModerationError, 403))])
    async with running_jobs_on_small_disk(tmp_path, wire) as jobs:
        with monkeypatch.context() as disk:
            disk.setattr(finish, "fail_free", full)
            call = await jobs.submit(deferred(), tool="test")
            waiting = await until_progress(jobs, call.job_ids[0], "stored as soon as")
        [view] = await jobs.wait(call.job_ids, 10)

    assert waiting.state == "submitted"
    assert (view.state, view.charged, wire.polls) == ("failed", "no", 1)
