"""A request about a run that is sent again with its idempotency key starts or decides nothing."""

from collections.abc import AsyncIterator
from pathlib import Path

import anyio
import pytest

from stability_mcp.errors import ArgumentsError, KeyConflictError
from stability_mcp.policy.idempotency import CallKey
from stability_mcp.studio import Studio
from stability_mcp.studio.workflow.plan_report import PlanWish
from stability_mcp.studio.workflow.run_answer import RunOutcome
from stability_mcp.studio.workflow.run_start import RunOptions
from stability_mcp.studio.workflow.workflow_runs import RedoWish
from support.server.in_memory import settings_in
from support.store.rows import rows
from support.workflows.runs import LOGO, EmulatedServer

pytestmark = pytest.mark.anyio

LOGO_WISH = PlanWish(plan=LOGO)
WAIT = RunOptions(wait=20, preview=False)


@pytest.fixture
async def studio(tmp_path: Path) -> AsyncIterator[Studio]:
    """A studio on an emulator that answers at once."""
    async with EmulatedServer().open(settings_in(tmp_path)) as opened:
        yield opened


def keyed(key: str, request: str = "r") -> RunOptions:
    """Return the options of a request with a key."""
    return RunOptions(wait=20, preview=False, key=CallKey(key=key, request_hash=request))


def counts(folder: Path) -> tuple[int, int]:
    """Return the number of runs and of paid jobs."""
    home = settings_in(folder).home_dir
    [(runs,)], [(jobs,)] = (rows(home, f"SELECT count(*) FROM {each}") for each in ("runs", "jobs"))  # noqa: S608 -- names here
    return runs, jobs


async def test_a_run_that_is_started_again_with_its_key_is_shown(
    studio: Studio, tmp_path: Path
) -> None:
    """*Documented*: rest.md 3; without the key it would be a second run."""
    first = await studio.runs.start(LOGO_WISH, keyed("k"))

    again = await studio.runs.start(LOGO_WISH, keyed("k"))

    assert again.state.row.id == first.state.row.id
    assert again.state.row.state == "review"
    assert counts(tmp_path) == (1, 3)


async def test_starts_at_the_same_time_make_one_run(studio: Studio, tmp_path: Path) -> None:
    """*Chosen*: all find the key unused; all but one transaction are rolled back."""
    found: set[str] = set()

    async def start() -> None:
        found.add((await studio.runs.start(LOGO_WISH, keyed("k"))).state.row.id)

    async with anyio.create_task_group() as group:
        for _ in range(3):
            group.start_soon(start)

    assert len(found) == 1
    assert counts(tmp_path) == (1, 3)


async def test_the_key_of_a_run_starts_no_other_request(studio: Studio, tmp_path: Path) -> None:
    """*Documented*: rest.md 3; neither another run nor a call."""
    await studio.runs.start(LOGO_WISH, keyed("k"))

    with pytest.raises(KeyConflictError):
        await studio.runs.start(PlanWish(plan=LOGO, budget=14), keyed("k", "another"))

    assert counts(tmp_path) == (1, 3)


async def test_a_plan_that_cannot_run_leaves_its_key_unused(studio: Studio) -> None:
    """*Documented*: rest.md 3."""
    with pytest.raises(ArgumentsError):
        await studio.runs.start(PlanWish(plan={"steps": []}), keyed("k"))

    assert await studio.keys.find("k") is None


async def test_a_decision_that_is_sent_again_with_its_key_is_made_once(
    studio: Studio, tmp_path: Path
) -> None:
    """*Chosen*: a second pick would be refused, and a second redo be another run."""
    run = (await studio.runs.start(LOGO_WISH, WAIT)).state.row.id
    picked = [await studio.runs.pick(run, [1], keyed("pick")) for _ in range(2)]
    wish = RedoWish(redo_from="cut")
    redone = [await studio.runs.redo(run, wish, keyed("redo")) for _ in range(2)]

    assert {each.state.row.id for each in picked} == {run}
    assert {each.state.row.state for each in (*picked, *redone)} == {"done"}
    assert len({each.state.row.id for each in redone}) == 1
    assert counts(tmp_path) == (2, 4)


async def test_decisions_at_the_same_time_are_one(studio: Studio) -> None:
    """*Chosen*: a second one that is refused because of the first shows the run as well."""
    run = (await studio.runs.start(LOGO_WISH, WAIT)).state.row.id
    found: list[RunOutcome] = []

    async def pick() -> None:
        found.append(await studio.runs.pick(run, [1], keyed("pick")))

    async with anyio.create_task_group() as group:
        for _ in range(3):
            group.start_soon(pick)

    assert [each.state.row.state for each in found] == ["done"] * 3
