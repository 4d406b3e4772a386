"""What a refusal writes, it writes at once: a process may be killed between two transactions."""

import base64
import json
from functools import partial
from pathlib import Path

import anyio
import pytest

from stability_mcp.api.operations import OPERATIONS
from stability_mcp.errors import OutOfCreditsError, RateLimitedError, RefusedError
from stability_mcp.store.database import Database, Moment
from support.jobs.jobs import Wire, at_work, fails, picture, refused, run_one, yes
from support.store.rows import ledger, money, rows, spool

pytestmark = pytest.mark.anyio

STANDS = (
    "SELECT jobs.state, upstreams.blocked_until > 0 OR upstreams.paused_why IS NOT NULL"
    " FROM jobs, upstreams"
)


def _watching(seen: set[tuple[object, ...]], home: Path) -> Database:
    """Open a store, and note how the job and the upstream stand between its transactions."""

    def look(moment: Moment, _name: str) -> None:
        if moment != "inside":
            seen.update(rows(home, STANDS))

    return Database(home, look)


@pytest.mark.parametrize(
    ("error", "status", "expected"),
    [(RateLimitedError, 429, "queued"), (OutOfCreditsError, 402, "failed")],
)
async def test_the_job_and_its_upstream_change_together(
    error: type[RefusedError], status: int, expected: str, tmp_path: Path
) -> None:
    """*Chosen*: killed in between, a request that was surely free would count as spent."""
    seen = set[tuple[object, ...]]()
    wire = Wire([fails(refused(error, status)), yes()])

    async with at_work(tmp_path, wire, kind=partial(_watching, seen)) as jobs:
        await jobs.submit(OPERATIONS["generate_core"].model_validate({"prompt": "x"}), tool="test")
        with anyio.fail_after(30):
            while not any(stopped for _, stopped in seen):
                await jobs.jobs.remember_balance(0)  # any transaction looks

    assert ("submitting", 1) not in seen
    assert (expected, 1) in seen


async def test_nothing_is_left_of_samples_that_cannot_be_used(tmp_path: Path) -> None:
    """*Chosen*: the answer is put aside, and what was taken out of it is removed."""
    samples = [
        {"base64": each, "seed": 1, "finishReason": "SUCCESS"}
        for each in (base64.b64encode(picture()).decode(), "no base64!")
    ]
    wire = Wire([yes(json.dumps({"artifacts": samples}).encode(), media_type="application/json")])
    request = OPERATIONS["v1_text_to_image"].model_validate({"text_prompts": [{"text": "x"}]})

    async with at_work(tmp_path, wire) as jobs:
        view = await run_one(jobs, request)

    assert (view.state, view.charged, ledger(tmp_path)) == ("failed", "yes", ["charged"])
    assert money(tmp_path) == (0, request.price())
    assert spool(tmp_path) == []
    assert len(list((tmp_path / "quarantine").iterdir())) == 1
