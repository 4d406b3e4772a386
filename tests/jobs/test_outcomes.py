"""What becomes of a job, for everything that can happen to its one request."""

from pathlib import Path

import anyio
import pytest

from stability_mcp.api.operations import OPERATIONS
from stability_mcp.errors import (
    InvalidRequestError,
    ModerationError,
    NotSentError,
    OutOfCreditsError,
    RateLimitedError,
    StorageError,
    UnauthorizedError,
    UnavailableError,
    UnknownOutcomeError,
    UnusableAnswerError,
)
from support.jobs.jobs import (
    PAID,
    PRICE,
    UNREACHABLE,
    Behaviour,
    Wire,
    at_work,
    core,
    fails,
    picture,
    refused,
    run_one,
    submit,
    yes,
)
from support.store.disk import until_said
from support.store.rows import ledger, money, rows, spool

pytestmark = pytest.mark.anyio


async def test_a_picture_becomes_media_with_everything_about_it(tmp_path: Path) -> None:
    """*Chosen*: seed and finish reason of the headers, size of the bytes, label of the call."""
    wire = Wire([yes(seed="99")])

    async with at_work(tmp_path, wire) as jobs:
        view = await run_one(jobs)

    assert (view.state, view.charged, view.error) == ("done", "yes", None)
    assert rows(
        tmp_path,
        "SELECT id, label, seed, finish_reason, width, height, media_type, upstream FROM media",
    ) == [(view.media[0], "logo", "99", "SUCCESS", 64, 64, "image/png", PAID.id)]
    assert ledger(tmp_path) == ["charged"]
    assert money(tmp_path) == (0, PRICE)
    assert spool(tmp_path) == []
    assert len(wire.posts) == 1


async def test_a_readable_copy_is_written_and_noted_before_the_wait_is_over(
    tmp_path: Path,
) -> None:
    """*Chosen*: the answer names the file."""
    home, folder = tmp_path / "home", tmp_path / "pictures"
    async with at_work(home, Wire([yes()])) as jobs:
        submitted = await jobs.submit(core(), tool="test", labels=["logo"], output_dir=folder)
        await jobs.wait(submitted.job_ids, 30)
        [(path,)] = rows(home, "SELECT copy_path FROM media")

    assert Path(path).is_relative_to(folder)
    assert await anyio.Path(path).is_file()


async def test_a_copy_that_cannot_be_written_costs_no_result(tmp_path: Path) -> None:
    """*Chosen*: a folder that cannot be written never holds up a paid result."""
    home = tmp_path / "home"
    blocked = tmp_path / "file"
    blocked.write_text("in the way")
    async with at_work(home, Wire([yes()])) as jobs:
        submitted = await jobs.submit(core(), tool="test", output_dir=blocked)
        [view] = await jobs.wait(submitted.job_ids, 30)

    assert view.state == "done"
    assert rows(home, "SELECT copy_path FROM media") == [(None,)]


FINAL = [
    (refused(InvalidRequestError), "failed", "no", "Nothing was charged."),
    (refused(ModerationError, 403), "failed", "no", "Nothing was charged."),
    (refused(UnauthorizedError, 401), "failed", "no", "Nothing was charged."),
    (refused(OutOfCreditsError, 402), "failed", "no", "Nothing was charged."),
    (UnknownOutcomeError("Silence."), "unknown", "assumed", "It may have been charged"),
    (UnusableAnswerError("It is HTML."), "failed", "yes", "It was charged."),
]


@pytest.mark.parametrize(("error", "state", "charged", "says"), FINAL)
async def test_a_request_that_failed_for_good_is_never_repeated(
    tmp_path: Path, error: Exception, state: str, charged: str, says: str
) -> None:
    """*Chosen*: one POST, a state that is true, and a text that says whether it was charged."""
    wire = Wire([fails(error)])

    async with at_work(tmp_path, wire) as jobs:
        view = await run_one(jobs)

    assert (view.state, view.charged) == (state, charged)
    assert says in (view.error or "")
    assert len(wire.posts) == 1
    assert money(tmp_path) == (0, 0 if charged == "no" else PRICE)
    assert spool(tmp_path) == []


AGAIN = [
    fails(UNREACHABLE, begun=False),
    fails(NotSentError("The line broke."), sent=False),
    fails(refused(UnavailableError, 503)),
    fails(refused(UnavailableError, 503, retry_after=0.01)),
    fails(refused(RateLimitedError, 429, retry_after=0.01)),
]


@pytest.mark.parametrize("failure", AGAIN)
async def test_what_surely_was_not_charged_is_repeated(tmp_path: Path, failure: Behaviour) -> None:
    """*Chosen*: not out whole, 429 and 5xx in the API's own words."""
    wire = Wire([failure, yes()])

    async with at_work(tmp_path, wire) as jobs:
        view = await run_one(jobs)

    assert view.state == "done"
    assert ledger(tmp_path)[-1] == "charged"
    assert set(ledger(tmp_path)[:-1]) <= {"free"}
    assert money(tmp_path) == (0, PRICE)


@pytest.mark.parametrize(
    "failure", [fails(UNREACHABLE, begun=False), fails(refused(UnavailableError, 503))]
)
async def test_repeats_are_bounded_and_then_the_error_is_told(
    tmp_path: Path, failure: Behaviour
) -> None:
    """*Chosen*: `STABILITY_MAX_RETRIES` repeats."""
    async with at_work(tmp_path, Wire([failure]), max_retries=2) as jobs:
        view = await run_one(jobs)

    assert (view.state, view.charged) == ("failed", "no")
    assert "Nothing was charged." in (view.error or "")
    assert len(ledger(tmp_path)) in {0, 3}
    assert money(tmp_path) == (0, 0)


async def test_a_lock_out_stops_every_job_until_it_is_over(tmp_path: Path) -> None:
    """*Documented*: a 429 locks the key out; no job of any process may go on meanwhile."""
    wire = Wire([fails(refused(RateLimitedError, 429, retry_after=60)), yes()])

    async with at_work(tmp_path, wire) as jobs:
        why = "the API asked for a pause of all requests"
        views = [await until_said(jobs, *await submit(jobs), why) for _ in range(2)]

    assert [view.state for view in views] == ["queued", "queued"]
    assert len(wire.posts) == 1
    assert money(tmp_path) == (2 * PRICE, 0)


async def test_refused_credits_stop_what_waits_until_a_balance_says_else(tmp_path: Path) -> None:
    """*Chosen*: nothing is sent with a paused key; each new call asks for the balance."""
    wire = Wire([fails(refused(OutOfCreditsError, 402)), yes()], balance=0)

    async with at_work(tmp_path, wire) as jobs:
        await run_one(jobs)
        with pytest.raises(OutOfCreditsError, match="no credits left"):
            await jobs.submit(core(), tool="test")
        assert len(wire.posts) == 1
        wire.balance = 10
        view = await run_one(jobs)

    assert view.state == "done"
    assert wire.queries == 2


async def test_the_bytes_of_a_useless_answer_are_kept_aside(tmp_path: Path) -> None:
    """*Chosen*: never a free failure; a person can look at what came."""
    wire = Wire([fails(UnusableAnswerError("It is cut."), headers=True)])

    async with at_work(tmp_path, wire) as jobs:
        view = await run_one(jobs)

    [kept] = (tmp_path / "quarantine").iterdir()
    assert (view.state, view.charged) == ("failed", "yes")
    assert kept.read_bytes() == b"half"
    assert spool(tmp_path) == []


async def test_a_yes_whose_bytes_are_no_picture_is_charged_and_kept(tmp_path: Path) -> None:
    """*Chosen*: what decoding finds counts as what the client finds."""
    async with at_work(tmp_path, Wire([yes(b"<html>no</html>")])) as jobs:
        view = await run_one(jobs)

    assert (view.state, view.charged) == ("failed", "yes")
    assert "quarantine" in (view.error or "")
    assert [each.read_bytes() for each in (tmp_path / "quarantine").iterdir()] == [
        b"<html>no</html>"
    ]


OURS = [
    (fails(ZeroDivisionError(), begun=False), "failed", "no", []),
    (fails(ZeroDivisionError(), sent=False), "failed", "no", ["free"]),
    (fails(ZeroDivisionError()), "unknown", "assumed", ["assumed"]),
    (fails(ZeroDivisionError(), headers=True), "failed", "yes", ["charged"]),
    (fails(StorageError("Full."), headers=True), "failed", "yes", ["charged"]),
]


@pytest.mark.parametrize(("failure", "state", "charged", "charges"), OURS)
async def test_a_failure_of_our_own_leaves_a_true_state(
    tmp_path: Path, failure: Behaviour, state: str, charged: str, charges: list[str]
) -> None:
    """*Chosen*: logged, told, and judged by what had left this machine."""
    wire = Wire([failure])

    async with at_work(tmp_path, wire) as jobs:
        view = await run_one(jobs)

    assert (view.state, view.charged) == (state, charged)
    assert ledger(tmp_path) == charges
    assert money(tmp_path)[0] == 0
    assert len(wire.posts) <= 1


async def test_several_results_of_one_request_are_all_stored(tmp_path: Path) -> None:
    """*Documented*: version 1 sends `samples` pictures in one JSON body, each with its seed."""
    import base64
    import json

    body = json.dumps(
        {
            "artifacts": [
                {
                    "base64": base64.b64encode(picture(shade)).decode(),
                    "seed": shade,
                    "finishReason": "SUCCESS",
                }
                for shade in (1, 2, 3)
            ]
        }
    ).encode()
    operation = OPERATIONS["v1_text_to_image"].model_validate(
        {"text_prompts": [{"text": "a cat"}], "samples": 3}
    )

    async with at_work(tmp_path, Wire([yes(body, media_type="application/json")])) as jobs:
        view = await run_one(jobs, operation)

    assert len(view.media) == 3
    assert rows(tmp_path, "SELECT position, seed, label FROM media ORDER BY position") == [
        (0, "1", "logo"),
        (1, "2", "logo-2"),
        (2, "3", "logo-3"),
    ]
    assert spool(tmp_path) == []
