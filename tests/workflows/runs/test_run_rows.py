"""Rows of runs: an item starts once, no result is lost, and what exists is found again."""

import json
import sqlite3
from collections.abc import Iterator
from dataclasses import replace

import pytest

from stability_mcp.errors import NotFoundError
from stability_mcp.jobs.transactions.call_keys import StepPlace
from stability_mcp.policy.spend_limits import SpendScope
from stability_mcp.store.tenancy import Account
from stability_mcp.workflows.plan import Plan
from stability_mcp.workflows.plan_notation import read_plan
from stability_mcp.workflows.runs import run_fence, run_notices, run_reuse, run_rows, run_takeover
from stability_mcp.workflows.runs.progression import Item, ItemKey, ItemState, ReadyItem
from stability_mcp.workflows.runs.run_fence import NewState, NotDrivenError
from stability_mcp.workflows.runs.run_rows import (
    NewRun,
    RedoFacts,
    RunRow,
    RunStatus,
    Settled,
)
from support.jobs.jobs import put
from support.store.rows import execute, in_memory
from support.workflows.run_states import set_state

ACCOUNT = Account(owner="local", upstream="live")
STEPS = {
    "title": "an owl",
    "inputs": {"what": {"type": "text", "default": "an owl"}},
    "steps": [
        {"id": "draft", "tool": "generate_core", "arguments": {"prompt": "{what}"}, "count": 4},
        {"id": "pick", "tool": "image_transform", "foreach": "$draft", "review": True},
    ],
}
DRAFT = ItemKey("draft", 0)


@pytest.fixture
def store() -> Iterator[sqlite3.Connection]:
    """Yield the tables of an empty store."""
    with in_memory() as connection:
        yield connection


def _plan() -> Plan:
    read = read_plan(STEPS)
    assert read.plan is not None, read.problems
    return read.plan


NEW = NewRun(
    account=ACCOUNT,
    process="p1",
    plan=_plan(),
    inputs={"what": "a tawny owl"},
    max_credits=12_000,
)


def _run(store: sqlite3.Connection, account: Account = ACCOUNT) -> str:
    return run_rows.insert_run(store, replace(NEW, account=account), now=100.0)


def _row(store: sqlite3.Connection, run: str) -> RunRow:
    return run_rows.find_run(store, ACCOUNT, run)


def _take(store: sqlite3.Connection, run: RunRow, process: str) -> bool:
    return run_takeover.take_run(store, run, process, now=150.0)


def _start(
    store: sqlite3.Connection, run: str, key: ItemKey = DRAFT, *, reuse_key: str | None = None
) -> bool:
    ready = ReadyItem(key=key, tool="generate_core", arguments={"prompt": "an owl"}, variant=0)
    return run_rows.start_item(store, run, ready, reuse_key=reuse_key, now=200.0)


def _settle(
    store: sqlite3.Connection, run: str, settled: Settled | ItemState, key: ItemKey = DRAFT
) -> bool:
    how = settled if isinstance(settled, Settled) else Settled(state=settled)
    return run_rows.settle_item(store, run, key, how, now=300.0)


def _media(store: sqlite3.Connection, *ids: str) -> None:
    execute(
        store,
        "INSERT INTO blobs (sha256, bytes, media_type, created_at) VALUES ('s', 1, 'image/png', 0) "
        "ON CONFLICT DO NOTHING",
    )
    for media in ids:
        execute(
            store,
            "INSERT INTO media (id, owner, blob, media_type, origin, created_at) "
            "VALUES (:id, 'local', 's', 'image/png', 'generated', 0)",
            id=media,
        )


def _done(store: sqlite3.Connection, run: str, *made: str, reuse_key: str = "k") -> None:
    """Let the first items of a run make media with one reuse key."""
    for position, media in enumerate(made):
        key = ItemKey("draft", position)
        assert _start(store, run, key, reuse_key=reuse_key)
        assert _settle(store, run, Settled(state="done", media=media), key)


# Runs ---------------------------------------------------------------------------------------------


def test_a_run_is_read_as_it_was_written(store: sqlite3.Connection) -> None:
    """*Chosen*: a restart continues from the rows only."""
    scope = SpendScope(name="stdio", client="claude-ai")
    facts = RedoFacts(again=["draft"], picks={"pick": [1]}, reopened=["pick"])
    new = replace(
        NEW,
        template="compare_models",
        files={"owl.png": "m1"},
        spend_scope=scope,
        workspace=["/pictures"],
        redo_of="r0",
        redo=facts,
    )
    name = run_rows.insert_run(store, new, now=100.0)

    run = _row(store, name)

    assert run.read_plan() == _plan()
    assert run.read_inputs() == {"what": "a tawny owl"}
    assert run.account == ACCOUNT
    assert run.spend_scope == scope
    assert (run.template, run.title, run.max_credits) == ("compare_models", "an owl", 12_000)
    assert (run.redo_of, run.process, run.state) == ("r0", "p1", "running")
    assert (run.read_redo(), run.read_files()) == (facts, {"owl.png": "m1"})
    assert json.loads(run.workspace or "") == ["/pictures"]
    assert (run.created_at, run.changed_at, run.finished_at) == (100.0, 100.0, None)
    assert _row(store, _run(store)).spend_scope is None


def test_runs_are_listed_newest_first_by_page(store: sqlite3.Connection) -> None:
    """*Chosen*: as job_list does; another owner's runs don't appear."""
    runs = [_run(store) for _ in range(3)]
    _run(store, Account(owner="other", upstream="live"))

    first = run_rows.list_runs(store, ACCOUNT, limit=2)
    rest = run_rows.list_runs(store, ACCOUNT, limit=2, before=first[-1].seq)

    assert [each.id for each in [*first, *rest]] == runs[::-1]


def test_a_wrong_id_names_the_run_that_was_meant(store: sqlite3.Connection) -> None:
    """*Chosen*: a model shortens ids and mixes up jobs and runs."""
    name = _run(store)
    execute(store, "INSERT INTO upstreams (id, base_url) VALUES ('live', 'https://x')")
    execute(
        store,
        "INSERT INTO jobs (id, owner, upstream, run, step, operation, arguments, deferred, state, "
        "day, price, price_list, created_at) VALUES ('job1', 'local', 'live', :run, 'draft', 'o', "
        "'{}', 0, 'done', 'd', 1, 'p', 0)",
        run=name,
    )

    def error(wrong: str, account: Account = ACCOUNT) -> str:
        with pytest.raises(NotFoundError) as raised:
            run_rows.find_run(store, account, wrong)
        return str(raised.value)

    assert error(name[:6]).endswith(
        f'There is no run "{name[:6]}". Nothing was charged. Did you mean "{name}"?'
    )
    assert error("job1").endswith(f'That is a job of run "{name}".')
    for wrong in ("", "%", name[:2], "nothing"):
        assert error(wrong).endswith("job_list lists runs and jobs.")
    other = Account(owner="other", upstream="live")
    assert name not in error(name[:6], other) + error("job1", other)
    assert error(name, other).endswith("job_list lists runs and jobs.")


def test_only_one_process_takes_a_run_over(store: sqlite3.Connection) -> None:
    """*Chosen*: two processes find the same run of a dead one; the first one drives it."""
    _run(store)
    seen_by_both = run_takeover.running(store, "live")
    assert len(seen_by_both) == 1

    taken = [_take(store, seen_by_both[0], process) for process in ("p2", "p3")]

    assert taken == [True, False]
    assert _row(store, seen_by_both[0].id).process == "p2"


def test_a_run_without_a_process_is_taken_once(store: sqlite3.Connection) -> None:
    """*Chosen*: a restored store has runs that no process drives."""
    name = _run(store)
    set_state(store, name, NewState(state="running"), now=150.0)
    [run] = run_takeover.running(store, "live")

    assert [_take(store, run, process) for process in ("p2", "p3")] == [True, False]


@pytest.mark.parametrize("state", ["review", "paused", "done", "failed", "cancelled"])
def test_a_run_that_does_not_run_is_not_taken(store: sqlite3.Connection, state: RunStatus) -> None:
    """*Chosen*: nothing is spent until the user decides."""
    name = _run(store)
    [seen] = run_takeover.running(store, "live")
    set_state(store, name, NewState(state=state, why="a reason"), now=400.0)

    assert run_takeover.running(store, "live") == []
    assert not _take(store, seen, "p2")
    run = _row(store, name)
    assert (run.state, run.why, run.process) == (state, "a reason", None)
    assert run.finished_at == (400.0 if state in {"done", "failed", "cancelled"} else None)


@pytest.mark.parametrize(
    ("last", "other", "state"),
    [(399.0, False, "paused"), (401.0, False, "running"), (399.0, True, "running")],
    ids=["long ago", "just now", "another process"],
)
def test_a_starting_process_pauses_a_run_that_was_left_long_ago(
    store: sqlite3.Connection, last: float, state: str, *, other: bool
) -> None:
    """*Chosen*: starting a server in the morning spends nothing; ten minutes, as for jobs."""
    name = _run(store)
    _start(store, name)
    execute(store, "UPDATE run_items SET ended_at = :last", last=last)
    if other:
        execute(
            store,
            "INSERT INTO processes (id, upstream, pid, program, writes_schema, started_at) "
            "VALUES ('p9', 'live', 1, 'test', 9, 0)",
        )
    [run] = run_takeover.running(store, "live")

    taken = run_takeover.take_run(store, run, "p2", now=1_000.0, starting=True)

    assert taken == (state == "running")
    found = _row(store, name)
    assert (found.state, found.process) == (state, "p2" if taken else None)
    assert ("resume continues it" in (found.why or "")) != taken


def test_the_runs_of_another_upstream_are_not_driven(store: sqlite3.Connection) -> None:
    """*Chosen*: its jobs need the other key."""
    _run(store)

    assert run_takeover.running(store, "emulator") == []


def test_a_run_that_continues_was_shown_by_no_answer(store: sqlite3.Connection) -> None:
    """*Chosen*: whatever was shown before it continued."""
    name = _run(store)
    assert run_fence.stop(store, _row(store, name), NewState(state="review", why="a pick"), 400.0)
    assert run_rows.mark_collected(store, name, now=410.0)

    assert run_rows.restart(store, name, "p2", now=430.0)

    run = _row(store, name)
    assert (run.collected_at, run.why, run.process) == (None, None, "p2")


def test_a_decision_after_its_driver_read_the_run_keeps_it_going(
    store: sqlite3.Connection,
) -> None:
    """*Chosen*: a pick that comes while the run stops counts; also if the clock stands still."""
    name = _run(store)
    seen = _row(store, name)
    run_rows.touch(store, name, now=seen.changed_at)

    assert not run_fence.stop(store, seen, NewState(state="review"), now=400.0)
    assert _row(store, name).state == "running"
    assert run_fence.stop(store, _row(store, name), NewState(state="review"), now=400.0)


def test_a_process_that_lost_a_run_neither_stops_it_nor_adds_jobs(
    store: sqlite3.Connection,
) -> None:
    """*Chosen*: a process that was paused for a while wakes up to a run that another one drives."""
    name = _run(store)
    seen = _row(store, name)
    run_fence.check_drives(store, name, "p1")
    assert _take(store, seen, "p2")

    assert not run_fence.stop(store, seen, NewState(state="paused"), now=400.0)
    assert not run_fence.pause(store, name, "p1", why="an error", now=400.0)
    with pytest.raises(NotDrivenError):
        run_fence.check_drives(store, name, "p1")
    run_fence.check_drives(store, name, "p2")

    run_rows.request_cancel(store, name, now=410.0)
    with pytest.raises(NotDrivenError):
        run_fence.check_drives(store, name, "p2")


def test_a_cancelled_run_has_no_running_items(store: sqlite3.Connection) -> None:
    """*Chosen*: one that was started, but not sent, is cancelled too."""
    name = _run(store)
    _done(store, name, "m1")
    _start(store, name, ItemKey("draft", 1))

    assert run_fence.stop(store, _row(store, name), NewState(state="cancelled"), now=400.0)

    assert [row.state for row in run_rows.items(store, name).values()] == ["done", "cancelled"]


def test_a_run_is_cancelled_once_and_only_while_it_has_not_ended(store: sqlite3.Connection) -> None:
    """*Chosen*: the process that drives it sees the request and a later change time."""
    name = _run(store)

    assert run_rows.request_cancel(store, name, now=150.0)
    assert not run_rows.request_cancel(store, name, now=160.0)
    run_rows.touch(store, name, now=170.0)
    assert (_row(store, name).cancel_at, _row(store, name).changed_at) == (150.0, 170.0)

    ended = _run(store)
    set_state(store, ended, NewState(state="done"), now=180.0)
    assert not run_rows.request_cancel(store, ended, now=190.0)


def test_a_run_is_uncollected_until_an_answer_shows_its_state(store: sqlite3.Connection) -> None:
    """*Chosen*: a cancelled run was the user's wish."""
    states: tuple[RunStatus, ...] = ("running", "review", "paused", "done", "failed", "cancelled")
    runs = {state: _run(store) for state in states}
    for state, name in runs.items():
        set_state(store, name, NewState(state=state), now=400.0)

    def found() -> list[str]:
        names = run_notices.uncollected_runs(store, "local")
        return [state for state, name in runs.items() if name in names]

    assert found() == ["running", "review", "paused", "done", "failed"]
    assert run_notices.uncollected_runs(store, "other") == []

    shown = {state for state, name in runs.items() if run_rows.mark_collected(store, name, 500.0)}

    assert shown == set(states) - {"running"}
    assert found() == ["running"]
    assert not run_rows.mark_collected(store, runs["done"], now=600.0)

    run_rows.restart(store, runs["review"], "p2", 700.0)
    set_state(store, runs["review"], NewState(state="done"), now=800.0)
    assert found() == ["running", "review"]


def test_a_delivery_is_kept_with_the_run(store: sqlite3.Connection) -> None:
    """*Chosen*: asking for the run again shows the files and writes none."""
    name = _run(store)
    assert _row(store, name).read_delivery() is None

    run_rows.set_delivery(store, name, {"files": ["out/owl.png"]})

    assert _row(store, name).read_delivery() == {"files": ["out/owl.png"]}


def test_a_decision_continues_a_run_that_waits(store: sqlite3.Connection) -> None:
    """*Chosen*: in the process that got it; a run that another process drives stays there."""
    runs = {state: _run(store) for state in ("running", "review", "paused", "done", "cancelled")}
    for state, name in runs.items():
        process = "p1" if state == "running" else None
        new = NewState(state=state, why="a reason")  # type: ignore[arg-type]  # a key
        set_state(store, name, new, now=400.0, process=process)

    continued = {
        state for state, name in runs.items() if run_rows.restart(store, name, "p2", 500.0)
    }

    assert continued == {"review", "paused"}
    run = _row(store, runs["paused"])
    assert (run.state, run.why, run.process, run.changed_at) == ("running", None, "p2", 500.0)
    assert _row(store, runs["running"]).process == "p1"


# Items --------------------------------------------------------------------------------------------


def test_an_item_starts_once(store: sqlite3.Connection) -> None:
    """*Chosen*: a second process that drives the same run starts nothing twice."""
    run = _run(store)

    assert [_start(store, run), _start(store, run)] == [True, False]
    assert _start(store, run, ItemKey("draft", 1))
    assert _start(store, _run(store))

    item = run_rows.items(store, run)[DRAFT]
    assert item.as_item() == Item(state="running")
    assert (item.tool, item.arguments) == ("generate_core", '{"prompt": "an owl"}')


def test_a_late_result_replaces_an_unknown_outcome(store: sqlite3.Connection) -> None:
    """*Chosen*: it was paid; a result is never replaced."""
    run = _run(store)
    _start(store, run)

    assert _settle(store, run, Settled(state="unknown", error="no response"))
    assert _settle(store, run, Settled(state="done", media="m1", facts={"lines": ["seed 7"]}))
    assert not _settle(store, run, Settled(state="failed", error="late"))
    assert not _settle(store, run, Settled(state="done", media="m2"))

    item = run_rows.items(store, run)[DRAFT]
    assert item.as_item() == Item(state="done", media="m1")
    assert (item.error, item.facts) == (None, '{"lines": ["seed 7"]}')


def test_an_item_that_was_never_started_is_not_settled(store: sqlite3.Connection) -> None:
    """*Chosen*: an item that was forgotten since belongs to its next start."""
    run = _run(store)

    assert not _settle(store, run, Settled(state="done", media="m1"))
    assert run_rows.items(store, run) == {}


def test_an_unknown_item_is_paid_again_once_and_raises_the_budget(
    store: sqlite3.Connection,
) -> None:
    """*Chosen*: the user's yes covers one more charge; a repeated yes adds nothing."""
    run = _run(store)
    _start(store, run)
    assert not run_rows.repeat_item(store, run, DRAFT, "job1", 3_000)
    _settle(store, run, Settled(state="unknown", error="no response"))

    agreed = [run_rows.repeat_item(store, run, DRAFT, "job1", 3_000) for _ in range(2)]

    assert agreed == [True, False]
    item = run_rows.items(store, run)[DRAFT]
    assert (item.state, item.repeats, item.error, item.ended_at) == ("running", "job1", None, None)
    assert _row(store, run).max_credits == 15_000


@pytest.mark.parametrize(
    ("state", "forgotten"),
    [
        ("running", True),
        ("failed", True),
        ("skipped", True),
        ("done", False),
        ("unknown", False),
        ("cancelled", False),
    ],
)
def test_only_an_item_without_a_possible_charge_is_forgotten(
    store: sqlite3.Connection, state: ItemState, *, forgotten: bool
) -> None:
    """*Chosen*: a result, and what may have been charged, stay."""
    run = _run(store)
    if state == "skipped":
        run_rows.skip_item(store, run, DRAFT, "what it uses failed", now=200.0)
    else:
        _start(store, run)
    if state not in {"running", "skipped"}:
        _settle(store, run, state)

    assert run_rows.forget_item(store, run, DRAFT) == forgotten
    assert (DRAFT in run_rows.items(store, run)) != forgotten
    assert _start(store, run) == forgotten


@pytest.mark.parametrize("has_job", [False, True], ids=["without a job", "with a job"])
def test_a_started_item_is_skipped_unless_it_has_a_job(
    store: sqlite3.Connection, *, has_job: bool
) -> None:
    """*Chosen*: one with a job may have been charged; the other would be tried again and again."""
    run = _run(store)
    _start(store, run)
    if has_job:
        put(store, retry_of=None, place=StepPlace(run=run, step=DRAFT.step, item=DRAFT.position))

    run_rows.skip_item(store, run, DRAFT, "the budget is used up", now=200.0)

    assert run_rows.items(store, run)[DRAFT].state == ("running" if has_job else "skipped")


def test_a_pick_counts_results_only(store: sqlite3.Connection) -> None:
    """*Chosen*: an item without a result can't be picked."""
    run = _run(store)
    _done(store, run, "m1", "m2")
    _start(store, run, ItemKey("draft", 2))

    assert run_rows.pick(store, run, "draft", {0: False, 1: True, 2: True, 3: True}) == 2

    found = run_rows.items(store, run)
    assert [found[ItemKey("draft", at)].as_item().picked for at in range(3)] == [False, True, None]


def test_a_pick_is_final(store: sqlite3.Connection) -> None:
    """*Chosen*: the steps after it have started, so a second answer changes nothing."""
    run = _run(store)
    _done(store, run, "m1", "m2")
    assert run_rows.pick(store, run, "draft", {0: False, 1: True}) == 2

    assert run_rows.pick(store, run, "draft", {0: True, 1: False}) == 0

    assert [row.picked for row in run_rows.items(store, run).values()] == [0, 1]


# Reuse --------------------------------------------------------------------------------------------


def test_equal_variants_are_reused_in_their_order(store: sqlite3.Connection) -> None:
    """*Chosen*: the first of the new run gets the first of the old one; unfinished ones none."""
    _media(store, "m1", "m2", "m3")
    old = _run(store)
    _done(store, old, "m1", "m2")
    _start(store, old, ItemKey("draft", 2), reuse_key="k")
    _start(store, old, ItemKey("pick", 0), reuse_key="other")
    _settle(store, old, Settled(state="done", media="m3"), ItemKey("pick", 0))
    _start(store, old, ItemKey("pick", 1))
    _settle(store, old, Settled(state="done", media="m3"), ItemKey("pick", 1))

    found = run_reuse.reusable(store, old)

    assert {key: item.media for key, item in found.items()} == {
        ("k", 0): "m1",
        ("k", 1): "m2",
        ("other", 0): "m3",
    }


def test_a_reused_item_is_done_and_names_its_source(store: sqlite3.Connection) -> None:
    """*Chosen*: no job, no charge; an item that has started is left alone."""
    _media(store, "m1")
    old, new = _run(store), _run(store)
    _done(store, old, "m1")
    source = run_reuse.reusable(store, old)["k", 0]
    ready = ReadyItem(key=DRAFT, tool="generate_core", arguments={}, variant=0)

    taken = [run_reuse.reuse_item(store, new, ready, source, now=400.0) for _ in range(2)]

    assert taken == [True, False]
    item = run_rows.items(store, new)[DRAFT]
    assert item.as_item() == Item(state="done", media="m1")
    assert (item.reused_from, item.reuse_key) == (old, "k")


def test_written_files_are_reused_without_media(store: sqlite3.Connection) -> None:
    """*Chosen*: an export has facts and no media item."""
    old = _run(store)
    _start(store, old, reuse_key="k")
    _settle(store, old, Settled(state="done", facts={"files": ["a.zip"]}))

    [source] = run_reuse.reusable(store, old).values()

    assert (source.key, source.media, source.facts) == (DRAFT, None, '{"files": ["a.zip"]}')
    assert run_reuse.reusable_anywhere(store, ACCOUNT, "k", excluding="", most=9) == []


def test_deleted_results_are_not_reused(store: sqlite3.Connection) -> None:
    """*Chosen*: the next variant that exists takes the place."""
    _media(store, "m1", "m2")
    old = _run(store)
    _done(store, old, "m1", "m2", "missing")
    execute(store, "UPDATE media SET deleted_at = 1 WHERE id = 'm1'")

    assert {key: item.media for key, item in run_reuse.reusable(store, old).items()} == {
        ("k", 0): "m2"
    }
    found = run_reuse.reusable_anywhere(store, ACCOUNT, "k", excluding="", most=9)
    assert [item.media for item in found] == ["m2"]


def test_results_of_any_earlier_run_are_found_oldest_first(store: sqlite3.Connection) -> None:
    """*Chosen*: a batch that runs again pays for new files only, whichever run made the others."""
    _media(store, "m1", "m2", "m3", "m4")
    first, second, own = _run(store), _run(store), _run(store)
    _done(store, first, "m1", "m2")
    _done(store, second, "m1", "m3")
    _done(store, own, "m4")
    emulated = _run(store, Account(owner="local", upstream="emulator"))
    _done(store, emulated, "m4")
    other = _run(store, Account(owner="other", upstream="live"))
    _done(store, other, "m4")

    def found(most: int) -> list[str | None]:
        items = run_reuse.reusable_anywhere(store, ACCOUNT, "k", excluding=own, most=most)
        return [item.media for item in items]

    assert found(9) == ["m1", "m2", "m3"]
    assert found(2) == ["m1", "m2"]
    assert found(0) == []
    execute(store, "UPDATE media SET finish_reason = 'CONTENT_FILTERED' WHERE id = 'm1'")
    assert found(9) == ["m2", "m3"]
    assert run_reuse.reusable_anywhere(store, ACCOUNT, "nothing", excluding=own, most=9) == []
