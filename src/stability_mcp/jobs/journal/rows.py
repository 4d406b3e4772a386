"""A row of `jobs`, as the engine and its steps need it."""

import json
from dataclasses import dataclass, fields
from typing import Any, Literal

from sqlalchemy import Connection, Row, bindparam, select

from stability_mcp.jobs.views import FINISHED, State
from stability_mcp.operation import Operation
from stability_mcp.operations import OPERATIONS
from stability_mcp.store import schema


@dataclass(frozen=True, kw_only=True)
class JobRow:
    """One job. Times are unix seconds, money millicredits; `schema` says what the columns mean."""

    id: str
    owner: str
    upstream: str
    call: str | None
    position: int
    run: str | None
    operation: str
    arguments: str
    deferred: int
    lane: int
    state: State
    process: str | None
    epoch: int
    attempt: int
    wake_at: float
    day: str
    price: int
    charged: Literal["no", "held", "assumed", "yes"]
    generation: str | None
    answer: str | None
    error: str | None
    label: str | None
    output_dir: str | None
    created_at: float
    sent_at: float | None
    finished_at: float | None
    cancel_at: float | None

    @property
    def finished(self) -> bool:
        """Return whether nothing more happens to it by itself."""
        return self.state in FINISHED

    @property
    def kind(self) -> type[Operation]:
        """Return the row of the table that it carries out."""
        return OPERATIONS[self.operation]

    def request(self) -> Operation:
        """Return the request, its files as media ids."""
        return self.kind.model_validate_json(self.arguments)

    def inputs(self) -> dict[str, str]:
        """Return the media ids of the files it sends, by field."""
        arguments = json.loads(self.arguments)
        return {name: arguments[name] for name in self.kind.file_fields() if name in arguments}

    def spool_name(self) -> str:
        """Return what its files in the spool begin with: one attempt never meets another's."""
        return f"{self.id}.{self.attempt}"


COLUMNS = tuple(schema.jobs.c[field.name] for field in fields(JobRow))

_LOAD = select(*COLUMNS).where(schema.jobs.c.id == bindparam("job"))


def job_row(row: Row[Any]) -> JobRow:
    """Return what a query over `COLUMNS` found."""
    return JobRow(**row._asdict())


def load(connection: Connection, job: str) -> JobRow | None:
    """Read one job; None where there is none of that id."""
    row = connection.execute(_LOAD, {"job": job}).first()
    return None if row is None else job_row(row)
