"""Shapes of a job: its row, what the rest of the program sees, and reasons not to send it now."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any, Literal

from sqlalchemy import Connection, Row, bindparam, select

from stability_mcp.api.operation import Operation
from stability_mcp.api.operations import OPERATIONS
from stability_mcp.store import schema


class NotNowError(Exception):
    """Nothing was sent, and nothing was written."""


class NoSlotError(NotNowError):
    """The API's rate limit is used up, or it asked for a pause of all requests.

    Args:
        seconds: Until it is worth trying again.
        why: What to tell people who wait.
    """

    def __init__(self, seconds: float, why: str) -> None:
        self.seconds = seconds
        self.why = why
        super().__init__(f"{why}: {seconds:.2f} s")


class LeaseLostError(NotNowError):
    """The job is not ours to send any more: adopted, cancelled, or this process is ending."""


class UpstreamPausedError(NotNowError):
    """The key is refused or its credits are used up: nothing is sent until a balance says else.

    Args:
        why: The text of the refusal.
    """

    def __init__(self, why: str) -> None:
        self.why = why
        super().__init__(why)


class PriceRoseError(Exception):
    """What was to answer for a call is gone, so it costs more than was agreed to.

    Args:
        credits: Millicredits that it costs now.
    """

    def __init__(self, credits: int) -> None:  # noqa: A002 -- the name of the column
        super().__init__(f"{credits} millicredits")


State = Literal[
    "queued",
    "paused",
    "submitting",
    "submitted",
    "storing",
    "done",
    "failed",
    "cancelled",
    "unknown",
]
FINISHED: frozenset[State] = frozenset({"done", "failed", "cancelled", "unknown"})
"""States that end by themselves never; a late answer may still turn `unknown` into `done`."""


@dataclass(frozen=True, kw_only=True)
class JobRecord:
    """A row of `jobs` without what only the engine needs. Times are unix seconds."""

    id: str
    seq: int
    call: str | None
    position: int
    operation: str
    arguments: Mapping[str, Any]
    state: State
    charged: Literal["no", "held", "assumed", "yes"]
    price: int
    """List price in millicredits."""
    error: str | None
    label: str | None
    upstream: str
    mine: bool
    """Whether this process's upstream started it; another's is never polled or paid here."""
    progress: str
    """What is going on, in words: `queued behind the rate limit`, `generating, 12 of ~31 s`."""
    media: tuple[str, ...]
    """Ids of the results, in order; empty until it is done."""
    collected: bool
    """Whether an answer handed the result over."""
    created_at: float
    sent_at: float | None
    finished_at: float | None

    @property
    def finished(self) -> bool:
        """Return whether nothing more happens to it by itself."""
        return self.state in FINISHED

    @property
    def awaited(self) -> bool:
        """Return whether it is worth waiting: it has not ended, and somebody carries it out."""
        return not self.finished and self.state != "paused"


@dataclass(frozen=True, kw_only=True)
class JobPage:
    """Some jobs, the newest first."""

    items: tuple[JobRecord, ...]
    next_cursor: str | None
    """Cursor of the next page; None at the end."""


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

_LOAD_JOB = select(*COLUMNS).where(schema.jobs.c.id == bindparam("job"))


def to_row(row: Row[Any]) -> JobRow:
    """Return what a query over `COLUMNS` found."""
    return JobRow(**row._asdict())


def load_job(connection: Connection, job: str) -> JobRow | None:
    """Read one job; None where there is none of that id."""
    row = connection.execute(_LOAD_JOB, {"job": job}).first()
    return None if row is None else to_row(row)
