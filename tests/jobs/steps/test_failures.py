"""A refusal writes everything in one transaction: a process may be killed between two."""

import base64
import json
from functools import partial
from pathlib import Path

import anyio
import pytest

from stability_mcp.api.operations import OPERATIONS
from stability_mcp.errors import OutOfCreditsError, RateLimitedError, RefusedError
from stability_mcp.store.database import Database, Moment
from support.jobs.jobs import Wire, fails, picture, refused, run_one, running_jobs, succeeds
from support.store.rows import ledger, money, rows, spool

pytestmark = pytest.mark.anyio

STATES = (
    "SELECT jobs.state, upstreams.blocked_until > 0 OR upstreams.paused_why IS NOT NULL"
    " FROM jobs, upstreams"
)


def _watching(seen: set[tuple[object, ...]], home: Path) -> Database:
    """Open a store, and record the state of job and upstream between transactions."""

    def observe(moment: Moment, _name: str) -> None:
        if moment != "inside":
            seen.update(rows(home, STATES))

    return Database(home, observe)


@pytest.mark.parametrize(
    ("error", "status", "expected"),
    [(RateLimitedError, 429, "queued"), (OutOfCreditsError, 402, "failed")],
)
async def test_the_job_and_its_upstream_change_together(
    error: type[RefusedError], status: int, expected: str, tmp_path: Path
) -> None:
    """*Chosen*: a kill in between would count a request known to be free as charged."""
    seen = set[tuple[object, ...]]()
    wire = Wire([fails(refused(error, status)), succeeds()])

    async with running_jobs(tmp_path, wire, kind=partial(_watching, seen)) as jobs:
        await jobs.submit(OPERATIONS["generate_core"].model_validate({"prompt": "x"}), tool="test")
        with anyio.fail_after(30):
            while not any(stopped for _, stopped in seen):
                await jobs.jobs.remember_balance(0)  # any transaction calls the observer

    assert ("submitting", 1) not in seen
    assert (expected, 1) in seen


async def test_unusable_samples_leave_no_files_in_the_spool(tmp_path: Path) -> None:
    """*Chosen*: the response is quarantined, and files extracted from it are deleted."""
    samples = [
        {"base64": each, "seed": 1, "finishReason": "SUCCESS"}
        for each in (base64.b64encode(picture()).decode(), "no base64!")
    ]
    wire = Wire(
        [succeeds(json.dumps({"artifacts": samples}).encode(), media_type="application/json")]
    )
    request = OPERATIONS["v1_text_to_image"].model_validate({"text_prompts": [{"text": "x"}]})

    async with running_jobs(tmp_path, wire) as jobs:
        view = await run_one(jobs, request)

    assert (view.state, view.charged, ledger(tmp_path)) == ("failed", "yes", ["charged"])
    assert money(tmp_path) == (0, request.price())
    assert spool(tmp_path) == []
    assert len(list((tmp_path / "quarantine").iterdir())) == 1
