"""T1: a call becomes rows. Its money is reserved and its jobs are queued, or nothing is written.

Before anything is reserved it is seen whether the call takes over one that nobody waits for any
more (`joining`), and then which of its variants a finished job answers for (`caching`).
"""

import json
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass

from sqlalchemy import Connection, Table
from sqlalchemy.dialects.sqlite import insert

from stability_mcp.jobs import lanes, spending
from stability_mcp.jobs.journal import caching, joining, pausing
from stability_mcp.jobs.journal.asked import (
    Asked,
    call_key,
    input_hashes,
    result_key,
    spread,
)
from stability_mcp.operation import Operation
from stability_mcp.store import schema
from stability_mcp.store.ids import CALL_CHARACTERS, ID_CHARACTERS, new_id

PRICE_LIST = "2026-09-22"
"""Day of the price list that the table follows; written into every job, for the ledger."""


@dataclass(frozen=True, kw_only=True)
class SubmittedCall:
    """What T1 wrote."""

    call_id: str
    job_ids: list[str]
    """The jobs that answer for it, by position."""
    joined: str | None = None
    """The call that it took over: no job is its own, and nothing more is paid."""
    cached: tuple[str, ...] = ()
    """Those of its jobs that were finished for an earlier call: they cost nothing now."""


def enqueue(
    connection: Connection,
    asked: Asked,
    *,
    now: float,
    dispatch: Callable[[str, int], None],
    dead: Collection[str] = (),
) -> SubmittedCall:
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
    root = None if repeats else joining.find(connection, key, dead=dead, now=now)
    if root is not None:
        return _join(connection, asked, root, call, now=now)
    variants = [
        (request, result_key(asked, request, hashes))
        for request in spread(asked.operation, asked.count)
    ]
    cached: dict[int, str] = {}
    if asked.cache and not repeats:
        cached = caching.find(connection, [key for _, key in variants])
    if cached:
        saved = sum(variants[position][0].price() for position in cached)
        call |= {"cached": json.dumps(cached), "saved": saved}
    call_id = _insert(connection, schema.calls, CALL_CHARACTERS, call)
    wanted = {at: each for at, each in enumerate(variants) if at not in cached}
    lane = lanes.lane_of(connection, asked.process) if wanted else lanes.AWAITED
    made = _queue(connection, asked, call_id, wanted, lane=lane, now=now)
    for job in made.values():
        dispatch(job, lane)
    answering = cached | made
    return SubmittedCall(
        call_id=call_id,
        job_ids=[answering[position] for position in sorted(answering)],
        cached=tuple(cached.values()),
    )


def _join(
    connection: Connection, asked: Asked, root: str, call: Mapping[str, object], *, now: float
) -> SubmittedCall:
    jobs = joining.job_ids(connection, root)
    pausing.go_on(connection, jobs, process=asked.process, limit=asked.budget, now=now)
    joining.wake(connection, root, asked.process)
    joined = _insert(connection, schema.calls, CALL_CHARACTERS, {**call, "joined": root})
    return SubmittedCall(
        call_id=joined,
        job_ids=jobs,
        joined=root,
        cached=tuple(joining.cached_jobs(connection, root)),
    )


def _queue(  # noqa: PLR0913 -- the call, its jobs and their lane
    connection: Connection,
    asked: Asked,
    call: str,
    variants: Mapping[int, tuple[Operation, str | None]],
    *,
    lane: int,
    now: float,
) -> dict[int, str]:
    if not variants:
        return {}
    day = spending.hold(
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
        jobs[position] = _insert(connection, schema.jobs, ID_CHARACTERS, values)
        _insert_inputs(connection, jobs[position], asked.inputs)
    return jobs


def _job_values(asked: Asked, request: Operation) -> dict[str, object]:
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


def _insert(
    connection: Connection, table: Table, characters: int, values: Mapping[str, object]
) -> str:
    statement = insert(table).on_conflict_do_nothing(index_elements=["id"])
    while True:  # 50 random bits do collide, once in years
        row = {**values, "id": new_id(characters)}
        if connection.execute(statement, row).rowcount == 1:
            return str(row["id"])
