"""T1: a call becomes rows. Its money is reserved and its jobs are queued, or nothing is written.

Before anything is reserved it is seen whether the call takes over one that nobody waits for any
more (`joining`), and then which of its variants a finished job answers for (`caching`).
"""

import json
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import Connection, Table, text
from sqlalchemy.dialects.sqlite import insert

from stability_mcp.api.operation import Operation
from stability_mcp.jobs import budget, queue
from stability_mcp.jobs.models import load_job
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

PRICE_LIST = "2026-09-22"
"""Day of the price list that the table follows; written into every job, for the ledger."""


@dataclass(frozen=True, kw_only=True)
class Call:
    """What T1 wrote."""

    call_id: str
    job_ids: list[str]
    """The jobs that answer for it, by position."""
    joined: str | None = None
    """The call that it took over: no job is its own, and nothing more is paid."""
    cached: tuple[str, ...] = ()
    """Those of its jobs that were finished for an earlier call: they cost nothing now."""


def insert_call(
    connection: Connection,
    asked: CallRequest,
    *,
    now: float,
    dispatch: Callable[[str, int], None],
    dead: Collection[str] = (),
) -> Call:
    """Do T1.

    Args:
        connection: The writer's.
        asked: The call.
        now: Unix seconds.
        dispatch: Tells the engine of each job and its lane in this transaction.
        dead: Processes whose lock was found free: nobody waits in them any more.

    Raises:
        BudgetError: it would pass the ceiling.
    """
    hashes = input_hashes(connection, asked.inputs)
    key = call_key(asked, hashes)
    call: dict[str, object] = {
        "owner": asked.owner,
        "upstream": asked.upstream,
        "process": asked.process,
        "tool": asked.tool,
        "call_key": key,
        "created_at": now,
    }
    repeats = asked.retry_of is not None
    root = None if repeats else reuse.find_joinable(connection, key, dead=dead, now=now)
    if root is not None:
        return _join(connection, asked, root, call, now=now)
    variants = [
        (request, result_key(asked, request, hashes))
        for request in spread_seeds(asked.operation, asked.count)
    ]
    cached: dict[int, str] = {}
    if asked.cache and not repeats:
        cached = reuse.find_cached(connection, [key for _, key in variants])
    if cached:
        saved = sum(variants[position][0].price() for position in cached)
        call |= {"cached": json.dumps(cached), "saved": saved}
    call_id = _insert_row(connection, schema.calls, CALL_CHARACTERS, call)
    wanted = {at: each for at, each in enumerate(variants) if at not in cached}
    lane = queue.priority_of_call(connection, asked.process) if wanted else queue.INTERACTIVE
    made = _queue(connection, asked, call_id, wanted, lane=lane, now=now)
    for job in made.values():
        dispatch(job, lane)
    answering = cached | made
    return Call(
        call_id=call_id,
        job_ids=[answering[position] for position in sorted(answering)],
        cached=tuple(cached.values()),
    )


def _join(
    connection: Connection, asked: CallRequest, root: str, call: Mapping[str, object], *, now: float
) -> Call:
    jobs = reuse.jobs_of_call(connection, root)
    recover.resume(connection, jobs, process=asked.process, limit=asked.budget, now=now)
    reuse.wake_queued(connection, root, asked.process)
    joined = _insert_row(connection, schema.calls, CALL_CHARACTERS, {**call, "joined": root})
    return Call(
        call_id=joined,
        job_ids=jobs,
        joined=root,
        cached=tuple(reuse.cached_jobs(connection, root)),
    )


def _queue(  # noqa: PLR0913 -- the call, its jobs and their lane
    connection: Connection,
    asked: CallRequest,
    call: str,
    variants: Mapping[int, tuple[Operation, str | None]],
    *,
    lane: int,
    now: float,
) -> dict[int, str]:
    if not variants:
        return {}
    day = budget.reserve(
        connection,
        owner=asked.owner,
        upstream=asked.upstream,
        price=asked.operation.price(),
        count=len(variants),
        limit=asked.budget,
        now=now,
    )
    jobs = {}
    for position, (request, key) in variants.items():
        values = {
            **_job_values(asked, request),
            "result_key": key,
            "call": call,
            "position": position,
            "lane": lane,
            "label": asked.labels[position] if position < len(asked.labels) else None,
            "day": day,
            "created_at": now,
        }
        jobs[position] = _insert_row(connection, schema.jobs, ID_CHARACTERS, values)
        _insert_inputs(connection, jobs[position], asked.inputs)
    return jobs


def _job_values(asked: CallRequest, request: Operation) -> dict[str, object]:
    return {
        "owner": asked.owner,
        "upstream": asked.upstream,
        "operation": request.name(),
        "arguments": request.canonical(),
        "deferred": int(request.is_deferred()),
        "state": "queued",
        "process": asked.process,
        "epoch": 1,
        "price": request.price(),
        "price_list": PRICE_LIST,
        "charged": "held",
        "output_dir": str(asked.output_dir) if asked.output_dir else None,
        "retry_of": asked.retry_of,
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


ADOPT_TOOL = "job_adopt"


@dataclass(frozen=True, kw_only=True)
class ForeignGeneration:
    """A generation that another program started with the same key."""

    owner: str
    upstream: str
    process: str
    kind: type[Operation]
    generation: str
    label: str | None
    output_dir: Path | None


_FIND_GENERATION = text(
    "SELECT id FROM jobs WHERE owner = :owner AND upstream = :upstream"
    " AND generation = :generation AND state NOT IN ('failed', 'cancelled', 'unknown')"
    " ORDER BY seq DESC LIMIT 1"
)


def adopt_generation(
    connection: Connection, found: ForeignGeneration, *, now: float
) -> tuple[str, bool]:
    """Write a job that is only polled; return its id and whether it is new.

    Whoever started the generation paid for it, so the price here is 0.
    """
    keys = {"owner": found.owner, "upstream": found.upstream}
    known = connection.execute(_FIND_GENERATION, keys | {"generation": found.generation}).scalar()
    if known is not None:
        return str(known), False
    day = budget.day_of(connection, found.owner, found.upstream, now)
    call, job = new_id(CALL_CHARACTERS), new_id(ID_CHARACTERS)
    connection.execute(
        insert(schema.calls).values(
            id=call,
            process=found.process,
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
            operation=found.kind.name(),
            arguments=json.dumps({}),
            deferred=1,
            state="submitted",
            process=found.process,
            epoch=1,
            attempt=1,
            day=day,
            price=0,
            price_list=PRICE_LIST,
            charged="no",
            generation=found.generation,
            label=found.label,
            output_dir=str(found.output_dir) if found.output_dir else None,
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


def price_after_reuse(
    connection: Connection, asked: CallRequest, *, dead: Collection[str] = (), now: float
) -> int:
    """Return the millicredits that a call would reserve if it were written now.

    It only looks: the transaction that writes the call decides anew.

    Args:
        connection: One for reading is enough.
        asked: The call.
        dead: Processes whose lock was found free: nobody waits in them any more.
        now: Unix seconds.
    """
    variants = spread_seeds(asked.operation, asked.count)
    prices = [request.price() for request in variants]
    if asked.retry_of is not None:
        return sum(prices)
    hashes = input_hashes(connection, asked.inputs)
    if reuse.find_joinable(connection, call_key(asked, hashes), dead=dead, now=now) is not None:
        return 0
    keys = [result_key(asked, request, hashes) for request in variants]
    answered = reuse.find_cached(connection, keys) if asked.cache else {}
    return sum(price for place, price in enumerate(prices) if place not in answered)
