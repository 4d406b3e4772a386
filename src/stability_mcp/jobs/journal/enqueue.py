"""T1: a call becomes rows. Its money is reserved and its jobs are queued, or nothing is written."""

import hashlib
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import Connection, Table, bindparam, select, text
from sqlalchemy.dialects.sqlite import insert

from stability_mcp.jobs import spending
from stability_mcp.operation import Operation
from stability_mcp.store import schema
from stability_mcp.store.ids import CALL_CHARACTERS, ID_CHARACTERS, new_id

PRICE_LIST = "2026-09-22"
"""Day of the price list that the table follows; written into every job, for the ledger."""

MOST_SEED = 4_294_967_294


@dataclass(frozen=True, kw_only=True)
class Asked:
    """A call as it arrives: validated, its inputs imported and named by media id."""

    owner: str
    upstream: str
    process: str
    tool: str
    operation: Operation
    count: int
    labels: Sequence[str | None]
    output_dir: Path | None
    inputs: Mapping[str, str]
    """Media ids by the name of the field that takes the file."""
    budget: int | None
    """Ceiling of a day in millicredits."""
    retry_of: str | None = None
    """The job that this one makes anew: asked for as such, so that no other result will do."""


@dataclass(frozen=True, kw_only=True)
class SubmittedCall:
    """What T1 wrote."""

    call_id: str
    job_ids: list[str]


_HASHES = select(schema.media.c.id, schema.media.c.blob).where(
    schema.media.c.id.in_(bindparam("ids", expanding=True))
)


def enqueue(
    connection: Connection, asked: Asked, *, now: float, dispatch: Callable[[str], str | None]
) -> SubmittedCall:
    """Do T1.

    Args:
        connection: The writer's.
        asked: The call.
        now: Unix seconds.
        dispatch: Tells the engine of each job in this transaction; returns the engine's own id.

    Raises:
        BudgetError: it would pass the ceiling.
    """
    day = spending.hold(
        connection,
        owner=asked.owner,
        upstream=asked.upstream,
        price=asked.operation.price(),
        count=asked.count,
        limit=asked.budget,
        now=now,
    )
    hashes = _input_hashes(connection, asked.inputs)
    call = _insert(
        connection,
        schema.calls,
        CALL_CHARACTERS,
        {
            "owner": asked.owner,
            "upstream": asked.upstream,
            "process": asked.process,
            "tool": asked.tool,
            "call_key": _key(asked, asked.operation, hashes, count=asked.count),
            "created_at": now,
        },
    )
    variants = enumerate(spread(asked.operation, asked.count))
    jobs = [
        _insert(
            connection,
            schema.jobs,
            ID_CHARACTERS,
            {
                **_job_values(asked, request, hashes),
                "call": call,
                "position": position,
                "label": asked.labels[position] if position < len(asked.labels) else None,
                "day": day,
                "created_at": now,
            },
        )
        for position, request in variants
    ]
    for job in jobs:
        _insert_inputs(connection, job, asked.inputs)
        engine_id = dispatch(job)
        if engine_id is not None:
            connection.execute(
                text("UPDATE jobs SET engine_id = :engine_id WHERE id = :job"),
                {"engine_id": engine_id, "job": job},
            )
    return SubmittedCall(call_id=call, job_ids=jobs)


def spread(operation: Operation, count: int) -> list[Operation]:
    """Return the requests of `count` variants: an explicit seed counts up, for it repeats a result.

    0 and no seed ask for a random one each time, so those stay as they are.
    """
    first = getattr(operation, "seed", None)
    if not first:
        return [operation] * count
    seeds = ((first - 1 + step) % MOST_SEED + 1 for step in range(count))  # never over, never 0
    return [operation.model_copy(update={"seed": seed}) for seed in seeds]


def repeats(operation: Operation) -> bool:
    """Return whether the same request gives the same result: an explicit seed, or none to vary."""
    return "seed" not in type(operation).model_fields or bool(getattr(operation, "seed", None))


def _job_values(asked: Asked, request: Operation, hashes: Mapping[str, str]) -> dict[str, object]:
    return {
        "owner": asked.owner,
        "upstream": asked.upstream,
        "operation": request.name(),
        "arguments": request.canonical(),
        "result_key": _key(asked, request, hashes) if repeats(request) else None,
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


def _input_hashes(connection: Connection, inputs: Mapping[str, str]) -> dict[str, str]:
    if not inputs:
        return {}
    rows = connection.execute(_HASHES, {"ids": list(inputs.values())})
    found = {row.id: row.blob for row in rows}
    return {name: found.get(media, media) for name, media in inputs.items()}


def _key(
    asked: Asked, request: Operation, hashes: Mapping[str, str], count: int | None = None
) -> str:
    """Return what makes two calls, or with no count two results, the same; no label is in it."""
    arguments = json.loads(request.canonical())
    parts = {
        "owner": asked.owner,
        "upstream": asked.upstream,
        "operation": request.name(),
        "arguments": {name: value for name, value in arguments.items() if name not in hashes},
        "inputs": dict(hashes),
        "count": count,
    }
    canonical = json.dumps(parts, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(canonical.encode()).hexdigest()
