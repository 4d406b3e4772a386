"""T1: a call becomes rows. Its money is reserved and its jobs are queued, or nothing is written.

Before anything is reserved, `reuse` decides whether the call joins an abandoned identical one, and
which of its variants a finished job answers. `adopt_generation` adds a job for a generation that
was started elsewhere.
"""

import json
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from sqlalchemy import Connection, Table, text
from sqlalchemy.dialects.sqlite import insert

from stability_mcp.api.operation import Operation
from stability_mcp.jobs import budget, queue
from stability_mcp.jobs.models import Call, load_job
from stability_mcp.jobs.transactions import recover, reuse
from stability_mcp.jobs.transactions.call_keys import (
    CallRequest,
    call_key,
    input_hashes,
    result_key,
    spread_seeds,
)
from stability_mcp.store import schema
from stability_mcp.store.ids import CALL_CHARACTERS, ID_CHARACTERS, new_id
from stability_mcp.store.tenancy import Account

PRICE_LIST = "2026-09-22"
"""Day of the price list that the table follows; written into every job, for the ledger."""

ADOPT_TOOL = "job_adopt"

_FIND_GENERATION = text(
    "SELECT id FROM jobs WHERE owner = :owner AND upstream = :upstream"
    " AND generation = :generation AND (state NOT IN ('failed', 'cancelled', 'unknown')"
    "  OR state = 'unknown' AND sent_at > :since)"
    " ORDER BY seq DESC LIMIT 1"
)


@dataclass(frozen=True, kw_only=True)
class SubmitTerms:
    """Under which terms a call becomes rows, beside what it asks for."""

    process: str
    """The process that carries its jobs out."""
    now: float
    """Unix seconds."""
    budget: int | None = None
    """Most millicredits a day; None: no ceiling."""
    cache: bool = True
    """Whether a finished job that must have the same result may answer for it."""
    dead: Collection[str] = ()
    """Processes whose lock was found free: no call waits in them any more."""
    dispatch: Callable[[Connection, str, int], None] = lambda _connection, _job, _priority: None
    """Tells the engine of each job and its priority, inside the transaction."""


@dataclass(frozen=True, kw_only=True)
class _Plan:
    """What answers for a call: an earlier call, finished jobs, or new jobs."""

    key: str
    root: str | None = None
    """The call that it takes over."""
    cached: Mapping[int, str] = field(default_factory=dict)
    """Finished jobs that answer for variants, by position."""
    saved: int = 0
    """Price of those variants, in millicredits."""
    wanted: Mapping[int, tuple[Operation, str | None]] = field(default_factory=dict)
    """Variants that become jobs, by position, each with its result key."""

    @property
    def prices(self) -> list[int]:
        """Return the price of each new job, in millicredits."""
        return [request.price() for request, _ in self.wanted.values()]


def price_after_reuse(connection: Connection, call_request: CallRequest, terms: SubmitTerms) -> int:
    """Return the millicredits that a call would reserve if it were written now.

    It only looks: the transaction that writes the call decides again.
    """
    return sum(_plan(connection, call_request, terms).prices)


def insert_call(connection: Connection, call_request: CallRequest, terms: SubmitTerms) -> Call:
    """Do T1.

    Raises:
        BudgetError: it would pass the ceiling.
    """
    plan = _plan(connection, call_request, terms)
    call: dict[str, object] = {
        **call_request.account.key,
        "process": terms.process,
        "tool": call_request.tool,
        "call_key": plan.key,
        "created_at": terms.now,
    }
    if plan.root is not None:
        return _join(connection, plan.root, call, terms)
    if plan.cached:
        call |= {"cached": json.dumps(plan.cached), "saved": plan.saved}
    call_id = _insert_row(connection, schema.calls, CALL_CHARACTERS, call)
    new = _queue(connection, call_request, call_id, plan, terms) if plan.wanted else {}
    answering = {**plan.cached, **new}
    return Call(
        id=call_id,
        tool=call_request.tool,
        created_at=terms.now,
        job_ids=[answering[position] for position in sorted(answering)],
        cached=tuple(plan.cached.values()),
    )


def _plan(connection: Connection, call_request: CallRequest, terms: SubmitTerms) -> _Plan:
    hashes = input_hashes(connection, call_request.inputs)
    key = call_key(call_request, hashes)
    repeats = call_request.retry_of is not None
    if not repeats:
        root = reuse.find_joinable(connection, key, dead=terms.dead, now=terms.now)
        if root is not None:
            return _Plan(key=key, root=root)
    variants = [
        (request, result_key(call_request, request, hashes))
        for request in spread_seeds(call_request.operation, call_request.count)
    ]
    cached: dict[int, str] = {}
    if terms.cache and not repeats:
        cached = reuse.find_cached(connection, [key for _, key in variants])
    return _Plan(
        key=key,
        cached=cached,
        saved=sum(variants[position][0].price() for position in cached),
        wanted={at: each for at, each in enumerate(variants) if at not in cached},
    )


def _join(
    connection: Connection, root: str, call: Mapping[str, object], terms: SubmitTerms
) -> Call:
    jobs = reuse.jobs_of_call(connection, root)
    recover.resume(connection, jobs, process=terms.process, limit=terms.budget, now=terms.now)
    reuse.wake_queued(connection, root, terms.process)
    joined = _insert_row(connection, schema.calls, CALL_CHARACTERS, {**call, "joined": root})
    return Call(
        id=joined,
        tool=str(call["tool"]),
        created_at=terms.now,
        job_ids=jobs,
        joined=root,
        cached=tuple(reuse.cached_jobs(connection, root)),
    )


def _queue(
    connection: Connection, call_request: CallRequest, call: str, plan: _Plan, terms: SubmitTerms
) -> dict[int, str]:
    limit, now = terms.budget, terms.now
    day = budget.reserve(connection, call_request.account, plan.prices, limit=limit, now=now)
    priority = queue.priority_of_call(connection, terms.process)
    jobs = {}
    for position, (request, key) in plan.wanted.items():
        values = {
            **_job_values(call_request, request),
            "process": terms.process,
            "result_key": key,
            "call": call,
            "position": position,
            "lane": priority,
            "label": call_request.labels[position] if position < len(call_request.labels) else None,
            "day": day,
            "created_at": now,
        }
        jobs[position] = _insert_row(connection, schema.jobs, ID_CHARACTERS, values)
        _insert_inputs(connection, jobs[position], call_request.inputs)
    for job in jobs.values():
        terms.dispatch(connection, job, priority)
    return jobs


def _job_values(call_request: CallRequest, request: Operation) -> dict[str, object]:
    return {
        **call_request.account.key,
        "operation": request.name(),
        "arguments": request.canonical(),
        "deferred": int(request.is_deferred()),
        "state": "queued",
        "epoch": 1,
        "price": request.price(),
        "price_list": PRICE_LIST,
        "charged": "held",
        "output_dir": str(call_request.output_dir) if call_request.output_dir else None,
        "retry_of": call_request.retry_of,
    }


def _insert_inputs(connection: Connection, job: str, inputs: Mapping[str, str]) -> None:
    if inputs:
        connection.execute(
            insert(schema.job_inputs),
            [
                {"job": job, "field": name, "position": 0, "media": media}
                for name, media in inputs.items()
            ],
        )


def _insert_row(
    connection: Connection, table: Table, characters: int, values: Mapping[str, object]
) -> str:
    statement = insert(table).on_conflict_do_nothing(index_elements=["id"])
    while True:  # 50 random bits do collide, once in years
        row = {**values, "id": new_id(characters)}
        if connection.execute(statement, row).rowcount == 1:
            return str(row["id"])


@dataclass(frozen=True, kw_only=True)
class ForeignGeneration:
    """A generation that another program started with the same key."""

    account: Account
    kind: type[Operation]
    """The operation that started it, by which it is polled."""
    generation: str
    label: str | None = None
    """Name of the result."""
    output_dir: Path | None = None
    """Folder of the readable copies; None: none."""


def adopt_generation(
    connection: Connection, generation: ForeignGeneration, *, process: str, now: float, since: float
) -> tuple[str, bool]:
    """Write a job that is only polled; return its id and whether it is new.

    Whoever started the generation paid for it, so the price here is 0.

    Args:
        connection: The writer's.
        generation: The generation.
        process: The process that polls.
        now: Unix seconds.
        since: A missing generation that this store started after this time has its job here.
    """
    keys = generation.account.key
    known = connection.execute(
        _FIND_GENERATION, keys | {"generation": generation.generation, "since": since}
    ).scalar()
    if known is not None:
        return str(known), False
    day = budget.day_of(connection, generation.account, now)
    call, job = new_id(CALL_CHARACTERS), new_id(ID_CHARACTERS)
    connection.execute(
        insert(schema.calls).values(
            id=call,
            process=process,
            tool=ADOPT_TOOL,
            call_key=f"{ADOPT_TOOL}:{call}",  # nothing ever joins it by what was asked
            created_at=now,
            **keys,
        )
    )
    connection.execute(
        insert(schema.jobs).values(
            id=job,
            call=call,
            operation=generation.kind.name(),
            arguments=json.dumps({}),
            deferred=1,
            state="submitted",
            process=process,
            epoch=1,
            attempt=1,
            day=day,
            price=0,
            origin="adopted",
            price_list=PRICE_LIST,
            charged="no",
            generation=generation.generation,
            label=generation.label,
            output_dir=str(generation.output_dir) if generation.output_dir else None,
            created_at=now,
            sent_at=now,
            **keys,
        )
    )
    row = load_job(connection, job)
    if row is None:
        raise RuntimeError(f"job {job} was written just now")
    budget.open_charge(connection, row, attempt=1, day=day, now=now)
    return job, True
