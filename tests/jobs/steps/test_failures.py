"""What a refusal writes, it writes at once: a process may be killed between two transactions."""

import base64
import json
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

import anyio
import pytest

from stability_mcp.api.operations import OPERATIONS
from stability_mcp.errors import OutOfCreditsError, RateLimitedError, RefusedError
from stability_mcp.store.database import Database
from stability_mcp.store.queries import Connection
from support.jobs.jobs import Wire, at_work, fails, picture, refused, run_one, yes
from support.store.rows import execute, ledger, money, spool

pytestmark = pytest.mark.anyio

T = TypeVar("T")

STANDS = (
    "SELECT jobs.state, upstreams.blocked_until > 0 OR upstreams.paused_why IS NOT NULL"
    " FROM jobs, upstreams"
)


class Watched(Database):
    """Notes how the job and the upstream stand before each transaction."""

    seen: set[tuple[str, int]]

    async def write(
        self,
        work: Callable[[Connection], T],
        *,
        name: str,
        durable: bool = False,
        alone: bool = False,
    ) -> T:
        """Look, then write."""

        def watched(connection: Connection) -> T:
            Watched.seen.update(execute(connection, STANDS))
            return work(connection)

        return await super().write(watched, name=name, durable=durable, alone=alone)


@pytest.mark.parametrize(
    ("error", "status", "expected"),
    [(RateLimitedError, 429, "queued"), (OutOfCreditsError, 402, "failed")],
)
async def test_the_job_and_its_upstream_change_together(
    error: type[RefusedError], status: int, expected: str, tmp_path: Path
) -> None:
    """*Chosen*: killed in between, a request that was surely free would count as spent."""
    Watched.seen = set()
    wire = Wire([fails(refused(error, status)), yes()])

    async with at_work(tmp_path, wire, kind=Watched) as jobs:
        await jobs.submit(OPERATIONS["generate_core"].model_validate({"prompt": "x"}), tool="test")
        with anyio.fail_after(30):
            while not any(stopped for _, stopped in Watched.seen):
                await jobs.jobs.remember_balance(0)  # any transaction looks

    assert ("submitting", 1) not in Watched.seen
    assert (expected, 1) in Watched.seen


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
