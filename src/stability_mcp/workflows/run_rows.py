"""The rows of runs: each run with its plan, and the items that were started or settled.

All functions run inside a transaction of the caller.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any, Literal

from stability_mcp.errors import NotFoundError
from stability_mcp.store.ids import MAX_SEQ, new_id
from stability_mcp.store.queries import Connection, load
from stability_mcp.store.tenancy import Account
from stability_mcp.text import quoted
from stability_mcp.workflows.plan import Plan
from stability_mcp.workflows.progression import Item, ItemKey, ItemState, ReadyItem

PLAN_FORMAT = 1
"""Version of the stored plans; a later program reads earlier ones."""

RunState = Literal["running", "review", "paused", "done", "failed", "cancelled"]
ENDED: frozenset[RunState] = frozenset({"done", "failed", "cancelled"})


@dataclass(frozen=True, slots=True)
class RunRow:
    """A run."""

    seq: int
    id: str
    owner: str
    upstream: str
    process: str | None
    """The process that drives it; None: it waits for the user, or has ended."""
    title: str
    plan: str
    plan_format: int
    inputs: str
    files: str
    """JSON: ids of the media that the files named in plan and inputs mean."""
    max_credits: int
    """Millicredits that the user agreed to; its steps never cost more together."""
    workspace: str | None
    """JSON: the folders of the client that started it."""
    redo_of: str | None
    """The run whose results it may reuse."""
    redo: str | None
    """JSON of `RedoFacts`."""
    state: RunState
    why: str | None
    """Why it is paused or failed."""
    cancel_at: float | None
    created_at: float
    changed_at: float
    finished_at: float | None

    @property
    def account(self) -> Account:
        """Return the account that pays."""
        return Account(owner=self.owner, upstream=self.upstream)

    def read_plan(self) -> Plan:
        """Return its plan."""
        return Plan.model_validate_json(self.plan)

    def read_inputs(self) -> dict[str, Any]:
        """Return the values of its inputs."""
        found: dict[str, Any] = json.loads(self.inputs)
        return found

    def read_redo(self) -> "RedoFacts":
        """Return how it differs from the run that it makes again."""
        return RedoFacts(**json.loads(self.redo)) if self.redo else RedoFacts()

    def read_files(self) -> dict[str, str]:
        """Return the ids of the media that named files mean, by name."""
        found: dict[str, str] = json.loads(self.files)
        return found


@dataclass(frozen=True, slots=True)
class ItemRow:
    """An item of a run."""

    step: str
    item: int
    tool: str
    arguments: str
    reuse_key: str | None
    state: ItemState
    repeats: str | None
    """The job of unknown outcome that the user agreed to pay for again."""
    media: str | None
    facts: str | None
    """JSON: lines for the answer, and files that were written."""
    error: str | None
    picked: int | None
    reused_from: str | None
    started_at: float
    ended_at: float | None

    @property
    def key(self) -> ItemKey:
        """Return which item it is."""
        return ItemKey(self.step, self.item)

    def as_item(self) -> Item:
        """Return it as `progression` takes it."""
        picked = None if self.picked is None else bool(self.picked)
        return Item(state=self.state, media=self.media, picked=picked)


@dataclass(frozen=True, slots=True)
class _Reusable:
    step: str
    item: int
    reuse_key: str
    media: str | None
    facts: str | None
    picked: int | None


@dataclass(frozen=True, kw_only=True)
class RedoFacts:
    """How a run differs from the one that it makes again, apart from its plan."""

    anew: Sequence[str] = ()
    """Steps that are made again, although the earlier run has their results."""
    picks: Mapping[str, Sequence[int]] = field(default_factory=dict)
    """Items of the earlier run that are picked now, by step; others keep their picks."""


@dataclass(frozen=True, kw_only=True)
class NewRun:
    """A run that is about to start."""

    account: Account
    process: str
    plan: Plan
    inputs: Mapping[str, Any]
    files: Mapping[str, str] = field(default_factory=dict)
    max_credits: int
    workspace: str | None = None
    redo_of: str | None = None
    redo: "RedoFacts | None" = None


@dataclass(frozen=True, kw_only=True)
class Settled:
    """How an item ended."""

    state: ItemState
    media: str | None = None
    facts: Mapping[str, Any] | None = None
    error: str | None = None


_SQL = load(__file__)
_insert_run = _SQL.value("insert_run", int)
_find_run = _SQL.one("find_run", RunRow)
_list_runs = _SQL.many("list_runs", RunRow)
_running = _SQL.many("running", RunRow)
_take_run = _SQL.count("take_run")
_set_state = _SQL.count("set_state")
_request_cancel = _SQL.count("request_cancel")
_touch = _SQL.count("touch")
_start_item = _SQL.count("start_item")
_settle_item = _SQL.count("settle_item")
_skip_item = _SQL.count("skip_item")
_reuse_item = _SQL.count("reuse_item")
_repeat_item = _SQL.count("repeat_item")
_raise_ceiling = _SQL.count("raise_ceiling")
_forget_item = _SQL.count("forget_item")
_pick = _SQL.count("pick")
_items = _SQL.many("items", ItemRow)
_reusable = _SQL.many("reusable", _Reusable)
_committed = _SQL.value("committed", int)


def insert_run(connection: Connection, run: NewRun, now: float) -> str:
    """Write a run and return its id."""
    row = {
        **run.account.key,
        "process": run.process,
        "title": run.plan.title,
        "plan": run.plan.model_dump_json(exclude_defaults=True),
        "plan_format": PLAN_FORMAT,
        "inputs": json.dumps(run.inputs),
        "files": json.dumps(run.files),
        "max_credits": run.max_credits,
        "workspace": run.workspace,
        "redo_of": run.redo_of,
        "redo": json.dumps(asdict(run.redo)) if run.redo is not None else None,
    }
    while True:
        name = new_id()
        if _insert_run(connection, **row, id=name, now=now) is not None:
            return name


def find_run(connection: Connection, account: Account, name: str) -> RunRow:
    """Return a run.

    Raises:
        NotFoundError: the account has no such run.
    """
    found = _find_run(connection, owner=account.owner, id=name)
    if found is None:
        raise NotFoundError(
            f"There is no run {quoted(name)}.", hint="job_list lists runs and jobs."
        )
    return found


def list_runs(
    connection: Connection, account: Account, *, limit: int, before: int = MAX_SEQ
) -> Sequence[RunRow]:
    """Return runs of an account, newest first."""
    return _list_runs(connection, owner=account.owner, before=before, limit=limit)


def running(connection: Connection, upstream: str) -> Sequence[RunRow]:
    """Return the runs of an upstream that some process should drive, oldest first."""
    return _running(connection, upstream=upstream)


def take_run(connection: Connection, run: RunRow, process: str) -> bool:
    """Let this process drive a run whose process ended; False: another one was faster."""
    return _take_run(connection, id=run.id, process=process, before=run.process or "") == 1


@dataclass(frozen=True, kw_only=True)
class NewState:
    """The state that a run changes to."""

    state: RunState
    why: str | None = None
    process: str | None = None
    """The process that drives it, if it is running."""


def set_state(connection: Connection, run: str, new: NewState, now: float) -> None:
    """Change the state of a run."""
    _set_state(connection, id=run, state=new.state, why=new.why, process=new.process, now=now)


def request_cancel(connection: Connection, run: str, now: float) -> bool:
    """Ask the process that drives a run to cancel it; False: it has ended or was asked already."""
    return _request_cancel(connection, id=run, now=now) == 1


def touch(connection: Connection, run: str, now: float) -> None:
    """Tell the process that drives a run that something changed."""
    _touch(connection, id=run, now=now)


def items(connection: Connection, run: str) -> dict[ItemKey, ItemRow]:
    """Return every item of a run that was started or settled."""
    return {row.key: row for row in _items(connection, run=run)}


def start_item(
    connection: Connection, run: str, ready: ReadyItem, *, reuse_key: str | None, now: float
) -> bool:
    """Start an item; False: it was started already."""
    row = {
        "run": run,
        "step": ready.key.step,
        "item": ready.key.position,
        "tool": ready.tool,
        "arguments": json.dumps(ready.arguments),
        "reuse_key": reuse_key,
    }
    return _start_item(connection, **row, now=now) == 1


def repeat_item(connection: Connection, run: str, key: ItemKey, job: str, credits: int) -> bool:  # noqa: A002 -- as in the columns
    """Let an item of unknown outcome be paid for again, as the user agreed; False: it isn't.

    Args:
        connection: A transaction.
        run: The run.
        key: The item.
        job: The job whose outcome is unknown.
        credits: Price in millicredits, which the run may now cost in addition.
    """
    row = {"run": run, "step": key.step, "item": key.position}
    if _repeat_item(connection, **row, job=job) == 0:
        return False
    _raise_ceiling(connection, run=run, credits=credits)
    return True


def settle_item(
    connection: Connection, run: str, key: ItemKey, settled: Settled, now: float
) -> bool:
    """Record how an item ended; False: it has a result already."""
    return (
        _settle_item(
            connection,
            run=run,
            step=key.step,
            item=key.position,
            state=settled.state,
            media=settled.media,
            facts=None if settled.facts is None else json.dumps(settled.facts),
            error=settled.error,
            now=now,
        )
        == 1
    )


def skip_item(connection: Connection, run: str, key: ItemKey, why: str, now: float) -> None:
    """Record that an item can't run."""
    _skip_item(connection, run=run, step=key.step, item=key.position, why=why, now=now)


def forget_item(connection: Connection, run: str, key: ItemKey) -> bool:
    """Let an item that has no result start again; False: it has one, or may have been charged."""
    return _forget_item(connection, run=run, step=key.step, item=key.position) == 1


def pick(connection: Connection, run: str, step: str, picked: Mapping[int, bool]) -> int:
    """Record the user's pick of a step's results; return how many exist."""
    return sum(
        _pick(connection, run=run, step=step, item=item, picked=int(value))
        for item, value in picked.items()
    )


def reuse_item(
    connection: Connection,
    run: str,
    ready: ReadyItem,
    source: "ReusableItem",
    *,
    now: float,
) -> bool:
    """Settle an item with the result of an earlier run, at no cost."""
    row = {
        "run": run,
        "step": ready.key.step,
        "item": ready.key.position,
        "tool": ready.tool,
        "arguments": json.dumps(ready.arguments),
        "reuse_key": source.reuse_key,
        "media": source.media,
        "facts": source.facts,
        "picked": None if source.picked is None else int(source.picked),
        "reused_from": source.run,
    }
    return _reuse_item(connection, **row, now=now) == 1


@dataclass(frozen=True, kw_only=True)
class ReusableItem:
    """A result of an earlier run that exists still."""

    run: str
    key: ItemKey
    reuse_key: str
    media: str | None
    facts: str | None
    picked: bool | None = None
    """The user's pick in the earlier run."""


def reusable(connection: Connection, run: str) -> dict[tuple[str, int], ReusableItem]:
    """Return the results of an earlier run, by reuse key and number among equal keys.

    Variants of a random picture have one key: the first of the new run gets the first of the old.
    """
    found: dict[tuple[str, int], ReusableItem] = {}
    counts: dict[str, int] = {}
    for row in sorted(_reusable(connection, run=run), key=lambda each: (each.step, each.item)):
        number = counts.get(row.reuse_key, 0)
        counts[row.reuse_key] = number + 1
        found[row.reuse_key, number] = ReusableItem(
            run=run,
            key=ItemKey(row.step, row.item),
            reuse_key=row.reuse_key,
            media=row.media,
            facts=row.facts,
            picked=None if row.picked is None else bool(row.picked),
        )
    return found


def committed(connection: Connection, run: str) -> int:
    """Return what the jobs of a run cost or may still cost, in millicredits."""
    return _committed(connection, run=run) or 0
