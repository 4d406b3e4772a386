"""T5: the result becomes media, the job `done` and the charge certain, all at once.

The bytes are durable before, and they move to their place among the blobs inside this transaction:
a sweeper that unlinks inside one as well can never take the bytes of a row that is being written.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import Connection, text

from stability_mcp.client.answers import Generation
from stability_mcp.jobs.journal import charges
from stability_mcp.jobs.journal.rows import JobRow
from stability_mcp.media.rows import Made, Measured, insert_media
from stability_mcp.store.database import Observer, unobserved


@dataclass(frozen=True, kw_only=True)
class Result:
    """One picture, sound or model whose bytes are durable."""

    generation: Generation
    measured: Measured
    file: Path
    """What becomes the blob: moved, so that whoever needs the spool's own name links it first."""


@dataclass(frozen=True, kw_only=True)
class Finished:
    """What T5 did."""

    media: list[str]
    """Ids of the results in order; empty when another had finished the job before."""
    spent: int
    """Millicredits that it added to what is spent."""


_DONE = text(
    "UPDATE jobs SET state = 'done', charged = 'yes', error = NULL, finished_at = :now"
    " WHERE id = :job AND attempt = :attempt"
    " AND state IN ('submitting', 'submitted', 'storing', 'unknown')"
)
_INPUTS = text("SELECT field, media FROM job_inputs WHERE job = :job ORDER BY field, position")


def finish(  # noqa: PLR0913 -- what a finished job is written from
    connection: Connection,
    home: Path,
    job: JobRow,
    results: Sequence[Result],
    *,
    emulated: bool,
    now: float,
    observer: Observer = unobserved,
) -> Finished:
    """Do T5; a label that is taken gets a suffix, never an error."""
    key = {"job": job.id, "attempt": job.attempt}
    if connection.execute(_DONE, key | {"now": now}).rowcount != 1:
        return Finished(media=[], spent=0)
    parents = {row.field: row.media for row in connection.execute(_INPUTS, {"job": job.id})}
    media = [
        insert_media(
            connection,
            home,
            file=result.file,
            measured=result.measured,
            made=Made(
                origin="generated",
                upstream=job.upstream,
                emulated=emulated,
                job=job.id,
                position=position,
                operation=job.operation,
                arguments=json.loads(job.arguments),
                seed=result.generation.seed,
                finish_reason=result.generation.finish_reason,
                parents=parents,
            ),
            owner=job.owner,
            label=job.label,
            now=now,
            observer=observer,
        )
        for position, result in enumerate(results)
    ]
    return Finished(media=media, spent=charges.charge(connection, job))
