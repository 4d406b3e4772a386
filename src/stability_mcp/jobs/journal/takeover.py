"""A generation that was started elsewhere becomes a job that is polled, and costs nothing here."""

import json
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import Connection, insert, text

from stability_mcp.jobs import spending
from stability_mcp.jobs.journal import charges
from stability_mcp.jobs.journal.enqueue import PRICE_LIST
from stability_mcp.jobs.journal.rows import load
from stability_mcp.operation import Operation
from stability_mcp.store import schema
from stability_mcp.store.ids import CALL_CHARACTERS, ID_CHARACTERS, new_id

TOOL = "job_adopt"


@dataclass(frozen=True, kw_only=True)
class Elsewhere:
    """A generation that another program started with the same key."""

    owner: str
    upstream: str
    process: str
    kind: type[Operation]
    generation: str
    label: str | None
    output_dir: Path | None


_KNOWN = text(
    "SELECT id FROM jobs WHERE owner = :owner AND upstream = :upstream"
    " AND generation = :generation AND state NOT IN ('failed', 'cancelled', 'unknown')"
    " ORDER BY seq DESC LIMIT 1"
)


def take_over(connection: Connection, found: Elsewhere, *, now: float) -> tuple[str, bool]:
    """Write a job that is only polled; return its id and whether it is new.

    Whoever started the generation paid for it, so the price here is 0.
    """
    keys = {"owner": found.owner, "upstream": found.upstream}
    known = connection.execute(_KNOWN, keys | {"generation": found.generation}).scalar()
    if known is not None:
        return str(known), False
    day = spending.day_of(connection, found.owner, found.upstream, now)
    call, job = new_id(CALL_CHARACTERS), new_id(ID_CHARACTERS)
    connection.execute(
        insert(schema.calls).values(
            id=call,
            process=found.process,
            tool=TOOL,
            call_key=f"{TOOL}:{call}",  # nothing ever joins it by what was asked
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
    row = load(connection, job)
    if row is None:
        raise RuntimeError(f"job {job} was written just now")
    charges.open_charge(connection, row, attempt=1, day=day, now=now)
    return job, True
