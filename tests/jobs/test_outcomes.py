"""The outcome of a job, for everything that can happen to its request."""

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
    core,
    fails,
    picture,
    refused,
    run_one,
    running_jobs,
    submit,
    succeeds,
)
from support.store.disk import until_progress
from support.store.rows import ledger, money, rows, spool

pytestmark = pytest.mark.anyio


async def test_a_result_is_stored_with_its_label_seed_size_and_finish_reason(
    tmp_path: Path,
) -> None:
    """*Chosen*: seed and finish reason of the headers, size of the bytes, label of the call."""
    wire = Wire([succeeds(seed="99")])

    async with running_jobs(tmp_path, wire) as jobs:
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


async def test_a_readable_copy_is_written_and_recorded_before_the_wait_ends(
    tmp_path: Path,
) -> None:
    """*Chosen*: so that the answer can name the file."""
    home, folder = tmp_path / "home", tmp_path / "pictures"
    async with running_jobs(home, Wire([succeeds()])) as jobs:
        submitted = await jobs.submit(core(), tool="test", labels=["logo"], output_dir=folder)
        await jobs.wait(submitted.job_ids, 30)
        [(path,)] = rows(home, "SELECT copy_path FROM media")

    assert Path(path).is_relative_to(folder)
    assert await anyio.Path(path).is_file()


async def test_a_copy_that_cannot_be_written_does_not_fail_the_job(tmp_path: Path) -> None:
    """*Chosen*: a read-only folder never delays a paid result."""
    home = tmp_path / "home"
    blocked = tmp_path / "file"
    blocked.write_text("in the way")
    async with running_jobs(home, Wire([succeeds()])) as jobs:
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


@pytest.mark.parametrize(("error", "state", "charged", "text"), FINAL)
async def test_a_request_that_failed_permanently_is_never_retried(
    tmp_path: Path, error: Exception, state: str, charged: str, text: str
) -> None:
    """*Chosen*: one POST, the right state, and an error that says whether it was charged."""
    wire = Wire([fails(error)])

    async with running_jobs(tmp_path, wire) as jobs:
        view = await run_one(jobs)

    assert (view.state, view.charged) == (state, charged)
    assert text in (view.error or "")
    assert len(wire.posts) == 1
    assert money(tmp_path) == (0, 0 if charged == "no" else PRICE)
    assert spool(tmp_path) == []


RETRIED = [
    fails(UNREACHABLE, begun=False),
    fails(NotSentError("The connection broke."), sent=False),
    fails(refused(UnavailableError, 503)),
    fails(refused(UnavailableError, 503, retry_after=0.01)),
    fails(refused(RateLimitedError, 429, retry_after=0.01)),
]


@pytest.mark.parametrize("failure", RETRIED)
async def test_a_request_known_to_be_free_is_retried(tmp_path: Path, failure: Behaviour) -> None:
    """*Chosen*: not completely sent, or 429 and 5xx in the API's own error format."""
    wire = Wire([failure, succeeds()])

    async with running_jobs(tmp_path, wire) as jobs:
        view = await run_one(jobs)

    assert view.state == "done"
    assert ledger(tmp_path)[-1] == "charged"
    assert set(ledger(tmp_path)[:-1]) <= {"free"}
    assert money(tmp_path) == (0, PRICE)


@pytest.mark.parametrize(
    "failure", [fails(UNREACHABLE, begun=False), fails(refused(UnavailableError, 503))]
)
async def test_retries_are_limited_and_then_the_error_is_reported(
    tmp_path: Path, failure: Behaviour
) -> None:
    """*Chosen*: `STABILITY_MAX_RETRIES` retries."""
    async with running_jobs(tmp_path, Wire([failure]), max_retries=2) as jobs:
        view = await run_one(jobs)

    assert (view.state, view.charged) == ("failed", "no")
    assert "Nothing was charged." in (view.error or "")
    assert len(ledger(tmp_path)) in {0, 3}
    assert money(tmp_path) == (0, 0)


async def test_a_lockout_stops_every_job_until_it_ends(tmp_path: Path) -> None:
    """*Documented*: a 429 locks the key out; no job of any process may send meanwhile."""
    wire = Wire([fails(refused(RateLimitedError, 429, retry_after=60)), succeeds()])

    async with running_jobs(tmp_path, wire) as jobs:
        why = "the API has locked this key out"
        views = [await until_progress(jobs, *await submit(jobs), why) for _ in range(2)]

    assert [view.state for view in views] == ["queued", "queued"]
    assert len(wire.posts) == 1
    assert money(tmp_path) == (2 * PRICE, 0)


async def test_an_account_without_credits_is_paused_until_its_balance_is_above_zero(
    tmp_path: Path,
) -> None:
    """*Chosen*: nothing is sent with a paused key; each new call queries the balance."""
    wire = Wire([fails(refused(OutOfCreditsError, 402)), succeeds()], balance=0)

    async with running_jobs(tmp_path, wire) as jobs:
        await run_one(jobs)
        with pytest.raises(OutOfCreditsError, match="no credits left"):
            await jobs.submit(core(), tool="test")
        assert len(wire.posts) == 1
        wire.balance = 10
        view = await run_one(jobs)

    assert view.state == "done"
    assert wire.queries == 2


async def test_the_bytes_of_an_unusable_response_are_quarantined(tmp_path: Path) -> None:
    """*Chosen*: it counts as charged; a person can inspect the bytes."""
    wire = Wire([fails(UnusableAnswerError("It is cut."), headers=True)])

    async with running_jobs(tmp_path, wire) as jobs:
        view = await run_one(jobs)

    [kept] = (tmp_path / "quarantine").iterdir()
    assert (view.state, view.charged) == ("failed", "yes")
    assert kept.read_bytes() == b"half"
    assert spool(tmp_path) == []


async def test_a_response_that_is_not_a_picture_is_charged_and_quarantined(tmp_path: Path) -> None:
    """*Chosen*: a decoding error is treated like an unusable response."""
    async with running_jobs(tmp_path, Wire([succeeds(b"<html>no</html>")])) as jobs:
        view = await run_one(jobs)

    assert (view.state, view.charged) == ("failed", "yes")
    assert "quarantine" in (view.error or "")
    assert [each.read_bytes() for each in (tmp_path / "quarantine").iterdir()] == [
        b"<html>no</html>"
    ]


INTERNAL_ERRORS = [
    (fails(ZeroDivisionError(), begun=False), "failed", "no", []),
    (fails(ZeroDivisionError(), sent=False), "failed", "no", ["free"]),
    (fails(ZeroDivisionError()), "unknown", "assumed", ["assumed"]),
    (fails(ZeroDivisionError(), headers=True), "failed", "yes", ["charged"]),
    (fails(StorageError("Full."), headers=True), "failed", "yes", ["charged"]),
]


@pytest.mark.parametrize(("failure", "state", "charged", "charges"), INTERNAL_ERRORS)
async def test_an_internal_error_leaves_the_right_state_and_charge(
    tmp_path: Path, failure: Behaviour, state: str, charged: str, charges: list[str]
) -> None:
    """*Chosen*: logged, reported, and judged by how much of the request was sent."""
    wire = Wire([failure])

    async with running_jobs(tmp_path, wire) as jobs:
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

    async with running_jobs(
        tmp_path, Wire([succeeds(body, media_type="application/json")])
    ) as jobs:
        view = await run_one(jobs, operation)

    assert len(view.media) == 3
    assert rows(tmp_path, "SELECT position, seed, label FROM media ORDER BY position") == [
        (0, "1", "logo-1"),
        (1, "2", "logo-2"),
        (2, "3", "logo-3"),
    ]
    assert spool(tmp_path) == []
