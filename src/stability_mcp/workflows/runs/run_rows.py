"""The rows of runs: each run with its plan, and the items that were started or settled.

All functions run inside a transaction of the caller.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from functools import lru_cache
from typing import Any, Literal

from stability_mcp.errors import NotFoundError
from stability_mcp.policy.spend_limits import SpendScope
from stability_mcp.store.ids import MAX_SEQ, new_id
from stability_mcp.store.queries import Connection, load
from stability_mcp.store.tenancy import Account
from stability_mcp.text import quoted
from stability_mcp.uris import RUN_PREFIX
from stability_mcp.workflows.plan import Plan
from stability_mcp.workflows.runs.progression import Item, ItemKey, ItemState, ReadyItem

PLAN_FORMAT = 1
"""Version of the stored plans; a later program reads earlier ones."""

MIN_PREFIX_CHARACTERS = 3
"""A shorter beginning of an id says nothing: with 20 runs, about one in 50 shares 2 characters."""
MAX_SIMILAR_IDS = 3
"""Ids that an error suggests."""

RunStatus = Literal["running", "review", "paused", "done", "failed", "cancelled"]


@lru_cache(maxsize=8)
def _read_plan(text: str) -> Plan:
    """Return a stored plan. The driver reads its run after each change; plans never change."""
    return Plan.model_validate_json(text)


@dataclass(frozen=True, slots=True)
class RunRow:
    """A run."""

    seq: int
    id: str
    owner: str
    upstream: str
    process: str | None
    """The process that drives it; None: it waits for the user, or has ended."""
    template: str | None
    """The template that its plan was made from; None: the caller's own plan."""
    title: str
    plan: str
    plan_format: int
    inputs: str
    files: str
    """JSON: ids of the media that the files named in plan and inputs mean."""
    max_credits: int
    """Millicredits that the user agreed to; its steps never cost more together."""
    scope: str | None
    """The client whose spending limits bind its steps; None: none do."""
    scope_client: str | None
    workspace: str | None
    """JSON: the folders of the client that started it, or null, see `NewRun`."""
    delivery: str | None
    """JSON: the files that were written, and lines for the answer; None: not delivered yet."""
    collected_at: float | None
    """When an answer showed its state, unless it runs; None: none did."""
    redo_of: str | None
    """The run whose results it may reuse."""
    redo: str | None
    """JSON of `RedoFacts`."""
    state: RunStatus
    why: str | None
    """Why it is paused or failed."""
    cancel_at: float | None
    paused_at: float | None
    """When the user paused it; None: they didn't, or it has continued."""
    created_at: float
    changed_at: float
    finished_at: float | None

    @property
    def account(self) -> Account:
        """Return the account that pays."""
        return Account(owner=self.owner, upstream=self.upstream)

    @property
    def spend_scope(self) -> SpendScope | None:
        """Return the client whose spending limits bind its steps; None: none do."""
        if self.scope is None:
            return None
        return SpendScope(name=self.scope, client=self.scope_client or "")

    def read_plan(self) -> Plan:
        """Return its plan."""
        return _read_plan(self.plan)

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

    def read_delivery(self) -> dict[str, Any] | None:
        """Return what was delivered; None: nothing yet."""
        if self.delivery is None:
            return None
        found: dict[str, Any] = json.loads(self.delivery)
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

    def read_facts(self) -> dict[str, Any]:
        """Return lines for the answer, and files that were written."""
        return json.loads(self.facts) if self.facts else {}

    def as_item(self) -> Item:
        """Return it as `progression` takes it."""
        picked = None if self.picked is None else bool(self.picked)
        return Item(state=self.state, media=self.media, picked=picked)


@dataclass(frozen=True, kw_only=True)
class RedoFacts:
    """How a run differs from the one that it makes again, apart from its plan."""

    again: Sequence[str] = ()
    """Steps that run again, although the earlier run has their results."""
    picks: Mapping[str, Sequence[int]] = field(default_factory=dict)
    """Items of the earlier run that are picked now, by step; others keep their picks."""
    reopened: Sequence[str] = ()
    """Reviews that have more or other results than before, so that the user picks again."""


@dataclass(frozen=True, kw_only=True)
class NewRun:
    """A run that is about to start."""

    account: Account
    process: str
    plan: Plan
    inputs: Mapping[str, Any]
    files: Mapping[str, str] = field(default_factory=dict)
    max_credits: int
    """Millicredits that the user agreed to."""
    template: str | None = None
    spend_scope: SpendScope | None = None
    """The client whose spending limits bind its steps; None: none do."""
    workspace: Sequence[str] | None = ()
    """The folders of the client that starts it; None: it may name no files of this machine."""
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
_similar_ids = _SQL.values("similar_ids", str)
_run_of_job = _SQL.value("run_of_job", str)
_list_runs = _SQL.many("list_runs", RunRow)
_set_delivery = _SQL.count("set_delivery")
_mark_collected = _SQL.count("mark_collected")
_request_cancel = _SQL.count("request_cancel")
_touch = _SQL.count("touch")
_start_item = _SQL.count("start_item")
_settle_item = _SQL.count("settle_item")
_skip_item = _SQL.count("skip_item")
_repeat_item = _SQL.count("repeat_item")
_raise_budget = _SQL.count("raise_budget")
_set_budget = _SQL.count("set_budget")
_skip_unknown = _SQL.count("skip_unknown")
_restart = _SQL.count("restart")
_forget_item = _SQL.count("forget_item")
_pick = _SQL.count("pick")
_items = _SQL.many("items", ItemRow)


def insert_run(connection: Connection, run: NewRun, now: float) -> str:
    """Write a run and return its id."""
    row = {
        **run.account.key,
        "process": run.process,
        "template": run.template,
        "title": run.plan.title,
        "plan": run.plan.model_dump_json(exclude_defaults=True),
        "plan_format": PLAN_FORMAT,
        "inputs": json.dumps(run.inputs),
        "files": json.dumps(run.files),
        "max_credits": run.max_credits,
        "scope": run.spend_scope.name if run.spend_scope else None,
        "scope_client": run.spend_scope.client if run.spend_scope else None,
        "workspace": json.dumps(run.workspace),
        "redo_of": run.redo_of,
        "redo": json.dumps(asdict(run.redo)) if run.redo is not None else None,
    }
    while True:
        name = f"{RUN_PREFIX}{new_id()}"
        if _insert_run(connection, **row, id=name, now=now) is not None:
            return name


def is_same_start(row: RunRow, run: NewRun) -> bool:
    """Return whether a run does what another one would: the same plan, inputs and files."""
    return (
        row.account == run.account
        and row.plan == run.plan.model_dump_json(exclude_defaults=True)
        and (row.read_inputs(), row.read_files()) == (dict(run.inputs), dict(run.files))
        and (row.redo_of, row.read_redo()) == (run.redo_of, run.redo or RedoFacts())
    )


def find_run(connection: Connection, account: Account, name: str) -> RunRow:
    """Return a run.

    Raises:
        NotFoundError: the account has no such run.
    """
    found = _find_run(connection, owner=account.owner, id=name)
    if found is None:
        raise NotFoundError(
            f"There is no run {quoted(name)}.", hint=_hint(connection, account, name)
        )
    return found


def _hint(connection: Connection, account: Account, name: str) -> str:
    """Return what the caller may have meant by a name that isn't the id of a run."""
    run = _run_of_job(connection, owner=account.owner, job=name)
    if run is not None:
        return f"That is a job of run {quoted(run)}."
    if len(name) >= MIN_PREFIX_CHARACTERS:
        similar = _similar_ids(
            connection, owner=account.owner, prefix=name, limit=MAX_SIMILAR_IDS + 1
        )
        if 0 < len(similar) <= MAX_SIMILAR_IDS:
            return f"Did you mean {' or '.join(quoted(each) for each in similar)}?"
    return "job_list lists runs and jobs."


def list_runs(
    connection: Connection, account: Account, *, limit: int, before: int = MAX_SEQ
) -> Sequence[RunRow]:
    """Return runs of an account, newest first."""
    return _list_runs(connection, owner=account.owner, before=before, limit=limit)


def set_delivery(connection: Connection, run: str, delivery: Mapping[str, Any]) -> None:
    """Record the files that a run wrote, and lines for the answer."""
    _set_delivery(connection, id=run, delivery=json.dumps(delivery))


def mark_collected(connection: Connection, run: str, now: float) -> bool:
    """Record that an answer showed a run; False: it was recorded, or the run continues."""
    return _mark_collected(connection, id=run, now=now) == 1


def request_cancel(connection: Connection, run: str, now: float) -> bool:
    """Ask the process that drives a run to cancel it; False: it has ended or was asked already."""
    return _request_cancel(connection, id=run, now=now) == 1


def restart(connection: Connection, run: str, process: str, now: float) -> bool:
    """Let a run that waited continue in this process; False: it doesn't wait."""
    return _restart(connection, id=run, process=process, now=now) == 1


def set_budget(connection: Connection, run: str, credits: int) -> None:  # noqa: A002 -- as in the columns
    """Let a run cost as much as the user agreed to, in millicredits; it is never lowered."""
    _set_budget(connection, run=run, credits=credits)


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
    _raise_budget(connection, run=run, credits=credits)
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


def skip_unknown(connection: Connection, run: str, key: ItemKey, why: str, now: float) -> bool:
    """Leave an item of unknown outcome out; False: its result arrived, or it is repeated."""
    row = {"run": run, "step": key.step, "item": key.position}
    return _skip_unknown(connection, **row, why=why, now=now) == 1


def forget_item(connection: Connection, run: str, key: ItemKey) -> bool:
    """Let an item that has no result start again; False: it has one, or may have been charged."""
    return _forget_item(connection, run=run, step=key.step, item=key.position) == 1


def pick(connection: Connection, run: str, step: str, picked: Mapping[int, bool]) -> int:
    """Record the user's pick of a step's results; return of how many: each is picked once."""
    return sum(
        _pick(connection, run=run, step=step, item=item, picked=int(value))
        for item, value in picked.items()
    )
