"""A run survives a full disk, mistakes, and decisions that come at the wrong moment."""

import logging
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import anyio
import pytest
from PIL import Image

from stability_mcp.errors import ArgumentsError, StorageError
from stability_mcp.store.database import Moment, Observer
from stability_mcp.studio import Studio, open_studio
from stability_mcp.studio.workflow.plan_report import PlanWish
from stability_mcp.studio.workflow.run_answer import RunOutcome
from stability_mcp.studio.workflow.run_start import RunOptions
from stability_mcp.studio.workflow.workflow_runs import FOREIGN, JOINED, RedoWish
from stability_mcp.workflows.runs import run_driver, run_host
from support.server.in_memory import Gate, paced, settings_in
from support.store.observed import FailingWrites
from support.store.rows import change, money, rows

pytestmark = pytest.mark.anyio

WAIT = RunOptions(wait=20, preview=False)
LOOK = RunOptions(wait=0, preview=False)
RESIZE: dict[str, Any] = {"steps": [{"op": "resize", "width": 16}]}


def _files(folder: Path, count: int = 2) -> list[str]:
    """Make small pictures, which the emulator changes fast."""
    files = [folder / f"{number}.png" for number in range(count)]
    for number, file in enumerate(files):
        Image.new("RGB", (64, 64), (number * 10, 100, 200)).save(file)
    return [str(file) for file in files]


def _reviewed(folder: Path) -> dict[str, Any]:
    """Return a plan whose user picks from two pictures; it costs nothing."""
    small = {"id": "small", "tool": "image_transform", "review": True}
    last = {"id": "last", "tool": "image_transform"}
    return {
        "steps": [
            {**small, "foreach": _files(folder), "arguments": {"image": "$item", **RESIZE}},
            {**last, "foreach": "$small", "arguments": {"image": "$item", **RESIZE}},
        ]
    }


def _paid(folder: Path, count: int = 2) -> dict[str, Any]:
    """Return a plan with paid items, a step that fails, and what depends on it."""
    crop = {"op": "crop", "box": [9000, 9000, 9010, 9010]}
    return {
        "steps": [
            {
                "id": "cut",
                "tool": "edit_remove_background",
                "foreach": _files(folder, count),
                "arguments": {"image": "$item"},
            },
            {
                "id": "page",
                "tool": "image_layout",
                "arguments": {"kind": "strip", "images": ["$cut"]},
            },
            {
                "id": "bad",
                "tool": "image_transform",
                "arguments": {"image": "$page", "steps": [crop]},
            },
            {
                "id": "worse",
                "tool": "image_transform",
                "arguments": {"image": "$bad", **RESIZE},
            },
        ],
        "outputs": {"page": "$page"},
    }


PRICE = 5_000
"""Millicredits of a paid item."""
WRITES = ("start_item", "settle", "settle_local", "skip", "fail_item", "set_state")


def _home(folder: Path) -> Path:
    return settings_in(folder).home_dir


@asynccontextmanager
async def _studio(folder: Path, observer: Observer | None = None) -> AsyncIterator[Studio]:
    with anyio.fail_after(60):
        async with open_studio(settings_in(folder), observer=observer) as studio:
            yield studio


async def _start(studio: Studio, plan: object, options: RunOptions = WAIT) -> RunOutcome:
    return await studio.runs.start(PlanWish(plan=plan), options)


def _states(outcome: RunOutcome) -> dict[str, list[str]]:
    """Return the states of the items of each step."""
    state = outcome.state
    return {step.id: [row.state for row in state.of_step(step.id)] for step in state.plan.steps}


async def test_a_full_disk_loses_no_result_and_costs_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """*Chosen*: a write is done again by itself, or the run waits for the user to resume it."""
    monkeypatch.setattr(run_driver, "TICK_SECONDS", 0.05)
    full = FailingWrites(times={f"workflow.{name}": 1 for name in WRITES})
    async with _studio(tmp_path, full) as studio:
        ended = await _start(studio, _paid(tmp_path))
        while ended.state.row.state == "paused":
            assert "disk is full" in (ended.state.row.why or "")
            ended = await studio.runs.resume(ended.state.row.id, None, WAIT)

    assert {*full.failed} == {f"workflow.{name}" for name in WRITES}
    assert ended.state.row.state == "done"
    assert _states(ended) == {
        "cut": ["done", "done"],
        "page": ["done"],
        "bad": ["failed"],
        "worse": ["skipped"],
    }
    assert money(_home(tmp_path)) == (0, 2 * PRICE)
    assert rows(_home(tmp_path), "SELECT count(*) FROM jobs") == [(2,)]


async def test_a_delivery_that_cannot_be_recorded_is_written_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """*Chosen*: a folder without a manifest isn't recognised as the delivery of this run."""
    monkeypatch.setattr(run_driver, "TICK_SECONDS", 0.05)
    plan = _reviewed(tmp_path)
    plan |= {"steps": plan["steps"][:1], "deliver": {"to": str(tmp_path / "to"), "manifest": False}}
    plan["steps"][0]["review"] = False
    full = FailingWrites(times={"workflow.deliver": 3})
    async with _studio(tmp_path, full) as studio:
        ended = await _start(studio, plan)

    assert ended.state.row.state == "done"
    assert len(full.failed) == 3
    assert len(list((tmp_path / "to").iterdir())) == 1


class _Steps:
    """The steps of a run, one method of which fails once.

    Args:
        steps: What they are.
        method: Name of the method.
        error: How it fails.
    """

    def __init__(self, steps: Any, method: str, error: Exception) -> None:  # noqa: ANN401 -- what it stands for
        self._steps = steps
        self._method = method
        self._errors = [error]

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401 -- as it is there
        method = getattr(self._steps, name)
        if name != self._method:
            return method

        async def fails_once(*given: Any, **named: Any) -> Any:  # noqa: ANN401 -- as it is there
            if self._errors:
                raise self._errors.pop()
            return await method(*given, **named)

        return fails_once


def _failing(studio: Studio, method: str, error: Exception) -> None:
    """Let a method of the next run's steps fail once."""
    runs = studio._parts.runtime.runs  # noqa: SLF001 -- the port is set where the studio opens
    inner: Callable[[str], Awaitable[Any]] = runs._steps  # noqa: SLF001 -- as above
    once = [error]

    async def steps(run: str) -> Any:  # noqa: ANN401 -- a StepRunner
        found = await inner(run)
        return _Steps(found, method, once.pop()) if once else found

    runs._steps = steps  # noqa: SLF001 -- as above


async def test_a_paid_result_is_kept_if_it_cannot_be_taken_over(tmp_path: Path) -> None:
    """*Chosen*: it was charged; the run waits until the disk has room, and doesn't drop it."""
    async with _studio(tmp_path) as studio:
        _failing(studio, "result", StorageError("The disk is full."))
        paused = await _start(studio, _paid(tmp_path))
        assert (paused.state.row.state, paused.state.row.why) == ("paused", "The disk is full.")

        ended = await studio.runs.resume(paused.state.row.id, None, WAIT)

    assert _states(ended)["cut"] == ["done", "done"]
    assert money(_home(tmp_path)) == (0, 2 * PRICE)


async def test_a_mistake_of_the_program_pauses_its_run_only(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    """*Chosen*: its message names the mistake; the run can be resumed, and the server works on."""
    monkeypatch.setattr(run_host, "ADOPT_SECONDS", 0.05)
    full = FailingWrites(times={"workflow.stopped": 1})
    async with _studio(tmp_path, full) as studio:
        _failing(studio, "prepare", ZeroDivisionError())
        with caplog.at_level(logging.CRITICAL):
            paused = await _start(studio, _paid(tmp_path))
        ended = paused
        if paused.state.row.state == "paused":
            assert "ZeroDivisionError" in (paused.state.row.why or "")
            ended = await studio.runs.resume(paused.state.row.id, None, WAIT)

    assert ended.state.row.state == "done"
    assert money(_home(tmp_path)) == (0, 2 * PRICE)


async def test_a_pick_while_the_run_stops_for_it_continues_the_run(tmp_path: Path) -> None:
    """*Chosen*: another process may show the results as soon as they are there."""
    home, plan, decided = _home(tmp_path), _reviewed(tmp_path), list[str]()

    def pick(moment: Moment, name: str) -> None:
        if moment == "before" and name == "workflow.set_state" and not decided:
            decided.append(name)
            change(home, "UPDATE run_items SET picked = (item = 1)")
            change(home, "UPDATE runs SET changed_at = changed_at + 1")

    async with _studio(tmp_path, pick) as studio:
        ended = await _start(studio, plan)

    assert decided
    assert (ended.state.row.state, len(ended.results)) == ("done", 1)


async def test_the_first_of_two_picks_counts(tmp_path: Path) -> None:
    """*Chosen*: the steps after it have started; the second answer is refused and says so."""
    async with _studio(tmp_path) as studio:
        run = (await _start(studio, _reviewed(tmp_path))).state.row.id
        refused = list[str]()

        async def pick(number: int) -> None:
            try:
                await studio.runs.pick(run, [number], WAIT)
            except ArgumentsError as error:
                refused.append(error.message)

        async with anyio.create_task_group() as group:
            group.start_soon(pick, 1)
            group.start_soon(pick, 2)
        ended = await studio.runs.show(run, WAIT)

    assert refused == [f"pick: small of run {run} was picked a moment ago."]
    assert (ended.state.row.state, _states(ended)["last"]) == ("done", ["done"])


async def test_a_run_of_another_key_is_shown_and_never_changed(tmp_path: Path) -> None:
    """*Chosen*: its jobs and its results belong to the other key, or to the emulator."""
    home = _home(tmp_path)
    async with _studio(tmp_path) as studio:
        run = (await _start(studio, _reviewed(tmp_path))).state.row.id
        change(home, "UPDATE runs SET upstream = 'another'")
        before = rows(home, "SELECT * FROM runs")
        decisions: list[Callable[[], Awaitable[RunOutcome]]] = [
            lambda: studio.runs.pick(run, [1], LOOK),
            lambda: studio.runs.answer_unknown(run, "skip", LOOK),
            lambda: studio.runs.resume(run, None, LOOK),
            lambda: studio.runs.cancel(run, LOOK),
            lambda: studio.runs.redo(run, RedoWish(redo_from="last"), LOOK),
        ]
        for decide in decisions:
            with pytest.raises(ArgumentsError, match="was started with another API key"):
                await decide()
        shown = await studio.runs.show(run, LOOK)

        assert shown.state.row.state == "review"
        assert FOREIGN in shown.notes
        assert rows(home, "SELECT * FROM runs") == before


async def test_a_cancelled_run_starts_none_of_its_waiting_items(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """*Chosen*: neither those that wait for their turn to be prepared, nor those to be sent."""
    monkeypatch.setattr(run_driver, "MAX_PREPARING", 1)
    home, cancelled = _home(tmp_path), list[str]()

    def cancel(moment: Moment, name: str) -> None:
        if moment == "before" and name == "submit.call" and not cancelled:
            cancelled.append(name)
            change(home, "UPDATE runs SET cancel_at = 1, changed_at = changed_at + 1")

    async with _studio(tmp_path, cancel) as studio:
        ended = await _start(studio, _paid(tmp_path, 20))

    assert ended.state.row.state == "cancelled"
    assert "running" not in _states(ended)["cut"]
    assert rows(home, "SELECT count(*) FROM jobs") == [(0,)]
    assert money(home) == (0, 0)


async def test_a_decision_while_its_driver_ends_wakes_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """*Chosen*: the run doesn't wait for the next change of the store."""
    monkeypatch.setattr(run_host, "ADOPT_SECONDS", 1_000.0)
    async with _studio(tmp_path) as studio:
        host = studio._parts.runtime.runs  # noqa: SLF001 -- no face sees a driver
        database, inner = host._database, host._database.read  # noqa: SLF001 -- as above
        late = list[Any]()

        async def read(work: Any) -> Any:  # noqa: ANN401 -- as it is there
            found = await inner(work)
            if getattr(found, "state", None) == "review" and not late:
                late.append(found)
                await studio.runs.pick(found.id, [1], LOOK)
            return found

        monkeypatch.setattr(database, "read", read)
        run = (await _start(studio, _reviewed(tmp_path), LOOK)).state.row.id
        with anyio.fail_after(10):
            while (await studio.runs.read(run)).row.state != "done":  # noqa: ASYNC110 -- no event
                await anyio.sleep(0.02)

    assert late


async def test_a_call_that_was_cut_off_and_is_repeated_starts_no_second_run(
    tmp_path: Path,
) -> None:
    """*Chosen*: as for single calls; a host that timed out pays once."""
    gate, home, plan = Gate(), _home(tmp_path), _paid(tmp_path)
    with anyio.fail_after(60):
        async with paced(settings_in(tmp_path), gate=gate) as studio:
            async with anyio.create_task_group() as group:
                group.start_soon(_start, studio, plan)
                while rows(home, "SELECT count(*) FROM jobs") != [(2,)]:  # noqa: ASYNC110 -- no event
                    await anyio.sleep(0.01)
                group.cancel_scope.cancel()
            gate.open()
            joined = await _start(studio, plan)
            assert rows(home, "SELECT count(*) FROM runs") == [(1,)]
            studio._parts.runtime.runs.abandoned.add("run-removed")  # noqa: SLF001 -- takes 30 days
            async with anyio.create_task_group() as group:
                group.start_soon(_start, studio, plan)  # whose caller waits
                other = await _start(studio, plan)
            assert rows(home, "SELECT count(*) FROM runs") == [(3,)]

    assert (JOINED in joined.notes, JOINED in other.notes) == (True, False)
    assert (joined.state.row.state, joined.state.charged) == ("done", 2 * PRICE)


@pytest.mark.parametrize(
    ("lost", "state"),
    [
        ("DELETE FROM run_items WHERE step <> 'cut'", "done"),
        ("DELETE FROM run_items WHERE item = 1", "paused"),
    ],
    ids=["nothing else could start", "something else could start"],
)
async def test_results_that_came_late_by_themselves_continue_a_run_that_waits_only_for_them(
    tmp_path: Path, lost: str, state: str
) -> None:
    """*Chosen*: showing a run spends nothing that it was paused for."""
    home = _home(tmp_path)
    async with _studio(tmp_path) as studio:
        run = (await _start(studio, _paid(tmp_path))).state.row.id
        change(home, "UPDATE runs SET state = 'paused', why = 'asked', finished_at = NULL")
        change(home, "UPDATE run_items SET state = 'unknown', media = NULL WHERE item = 0")
        change(home, lost)
        shown = await studio.runs.show(run, WAIT)

    assert shown.state.row.state == state
    assert rows(home, "SELECT count(*) FROM jobs") == [(2,)]
