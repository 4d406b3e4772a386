"""The shapes of jobs and calls, the job settings and timing, and reasons not to send a job now.

Length: all shapes of the package, each field with its unit.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any, Literal, get_args

from stability_mcp.api.operation import MIB, MediaKind, Operation
from stability_mcp.api.operations import OPERATIONS
from stability_mcp.client.api_errors import LOCKOUT_SECONDS
from stability_mcp.periods import Period
from stability_mcp.store.disk import MIN_FREE_BYTES, RESERVE_BYTES
from stability_mcp.store.queries import Connection, load
from stability_mcp.store.tenancy import Account

MARGIN_SECONDS = 0.5
"""Seconds a request may take from this machine's last byte to the API's rate counter."""


@dataclass(frozen=True, kw_only=True)
class RateLimit:
    """At most `limit` requests in any `window` seconds."""

    limit: int = 150
    window: float = 10.0

    @property
    def slot_seconds(self) -> float:
        """Return how long a slot is kept after its request has been sent, in seconds."""
        return self.window + MARGIN_SECONDS


@dataclass(frozen=True, kw_only=True)
class Timing:
    """How long the steps of jobs wait, in seconds. Tests set it instead of patching constants."""

    poll_seconds: float = 10.0
    """From the start of a generation to its first poll, and between polls. The API asks for at
    least 10 s; a longer interval would only delay the result."""
    retry_seconds: float = 1.0
    """First backoff before a failed request is retried; it doubles."""
    disk_retry_seconds: float = 1.0
    """First backoff before a failed disk write is retried; it doubles."""
    max_pause_seconds: float = LOCKOUT_SECONDS
    """Longest backoff: as long as the API's own lockout."""
    missing_after_seconds: float = 600.0
    """How long the API may answer 404 for a generation before its job is shown as `unknown`. The
    slowest measured operation takes 41 s."""
    expires_after_seconds: float = 86_400.0
    """From the start of a generation until the API deletes it (documented: 24 hours)."""
    recovery_seconds: float = 1.0
    """Interval between probes of other processes' locks; the jobs of a dead process continue
    within twice that."""
    balance_settle_seconds: float = 0.5
    """Delay from the first paid job to the balance query, because many may be submitted at once."""
    balance_seconds: float = 60.0
    """Shortest time between two balance queries; a balance counts as fresh for that long."""

    def expires_at(self, started_at: float) -> float:
        """Return when the API deletes a generation, from its start; both in unix seconds."""
        return started_at + self.expires_after_seconds


EMULATED_TIMING = Timing(poll_seconds=0.2, retry_seconds=0.2)
"""For the built-in emulator, whose rate limit isn't shared with anyone."""


ANSWER_ROOM: Mapping[MediaKind | None, int] = MappingProxyType(
    {
        "image": 32 * MIB,  # ten version 1 images in base64 take 24 MB, others less
        "model": 32 * MIB,
        "audio": 100 * MIB,  # 380 s of 16-bit stereo take 67 MB
    }
)


@dataclass(frozen=True, kw_only=True)
class SpoolRoom:
    """Disk space set aside for responses and for the database, in bytes."""

    answers: Mapping[MediaKind | None, int] = field(default_factory=lambda: ANSWER_ROOM)
    """Expected maximum size of a response; a larger one is accepted if there is room."""
    min_free: int = MIN_FREE_BYTES
    """Must stay free before a paid request: for the database, the media and other programs."""
    reserve: int = RESERVE_BYTES
    """The database's reserve: enough for some hundred responses, which take 20 to 40 KB each."""


@dataclass(frozen=True, kw_only=True)
class JobSettings:
    """The limits under which jobs run."""

    program: str = "stability-mcp"
    """The program name in the row of this process; only people read it."""
    rate: RateLimit = field(default_factory=RateLimit)
    """Shared by all processes of the upstream."""
    concurrency: int = 120
    """Maximum paid requests in flight in this process."""
    max_retries: int = 3
    """Retries for requests known not to have been charged."""
    timeout: float = 300
    """Longest wait for one request, in seconds; `drain` takes at most as long."""
    budget: int | None = None
    """Daily budget in millicredits; None: no budget."""
    cache: bool = True
    """Whether a finished job answers a call that must have the same result."""
    metadata: str = "full"
    """How much provenance is written into a readable copy."""
    room: SpoolRoom = field(default_factory=SpoolRoom)
    timing: Timing | None = None
    """None: the defaults for the upstream."""


class NotNowError(Exception):
    """Nothing was sent or written."""


class NoSlotError(NotNowError):
    """The rate limit is used up, or the API has locked this key out.

    Args:
        seconds: When to try again, in seconds from now.
        why: The reason, shown to waiting callers.
    """

    def __init__(self, seconds: float, why: str) -> None:
        self.seconds = seconds
        self.why = why
        super().__init__(f"{why}: {seconds:.2f} s")


class LeaseLostError(NotNowError):
    """This process may no longer send the job: it was taken over or cancelled, or the process ends.

    Nothing was sent.
    """


class UpstreamPausedError(NotNowError):
    """The API rejected the key or it has no credits; a positive balance resumes sending.

    Args:
        why: The text of the API's error.
    """

    def __init__(self, why: str) -> None:
        self.why = why
        super().__init__(why)


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
STATES: tuple[State, ...] = get_args(State)
JobFilter = Literal[State, "running"]
"""A state that a list of jobs can be limited to; `running` means any in `RUNNING`."""
RUNNING: tuple[State, ...] = ("submitting", "submitted", "storing")
"""States that answers call running: the request is being sent, processed or stored."""
ASK_BEFORE_REPEATING = (
    "Ask the user before paying again; if they agree, call job_rerun with this job and "
    "accept_double_charge true."
)
"""The way on from an unknown outcome; an equal call says nothing about a second charge."""

FINISHED: frozenset[State] = frozenset({"done", "failed", "cancelled", "unknown"})
"""States that don't change by themselves; a late response may still turn `unknown` into `done`."""


@dataclass(frozen=True, kw_only=True)
class JobRecord:
    """A row of `jobs` without the columns that only the engine needs. Times are unix seconds."""

    id: str
    seq: int
    call: str | None
    position: int
    run: str | None
    """The run of a workflow that it is part of; None: it isn't."""
    step: str | None
    """The step of that run."""
    operation: str
    arguments: Mapping[str, Any]
    state: State
    charged: Literal["no", "reserved", "assumed", "yes"]
    price: int
    """List price in millicredits."""
    error: str | None
    error_type: str | None
    """Name of the class of its error, if it failed uncharged."""
    label: str | None
    label_source: int
    """Where the label comes from: a `NameSource`."""
    root: str | None
    """The label without the number of the variant."""
    upstream: str
    mine: bool
    """Whether it belongs to this process's upstream; other jobs are never polled or paid here."""
    progress: str
    """The progress in words: `generating: 12 of about 31 s`."""
    media: tuple[str, ...]
    """Ids of the results, in order; empty until it is done."""
    collected: bool
    """Whether an answer delivered the result."""
    client: str | None
    """What made the call: an MCP client by name, `REST`, `web page` or `command line`; None: an
    older program, or a run of a workflow."""
    generation: str | None
    """Id of the deferred generation at the API."""
    stripped: bool
    """Whether retention removed its details."""
    adopted: bool
    """Whether another program started its generation and paid for it."""
    fetchable_until: float | None
    """For a job that is `unknown` because the API did not have its generation: until when every
    `wait` polls for it again. None: polling has ended."""
    share: float
    """Progress from 0 to 1, based on the usual time."""
    usual_seconds: float
    """How long jobs of this operation usually take; 0: not known."""
    created_at: float
    sent_at: float | None
    finished_at: float | None

    @property
    def finished(self) -> bool:
        """Return whether its state no longer changes by itself."""
        return self.state in FINISHED

    @property
    def is_missing(self) -> bool:
        """Return whether its result may still be fetched, although it counts as finished."""
        return self.fetchable_until is not None

    @property
    def settled(self) -> bool:
        """Return whether it has finished and can't get a result any more."""
        return self.finished and not self.is_missing

    @property
    def awaited(self) -> bool:
        """Return whether it is worth waiting for: unfinished and not paused."""
        return not self.finished and self.state != "paused"


@dataclass(frozen=True, kw_only=True)
class JobCriteria:
    """What a list of jobs is limited to; the default matches every job."""

    state: JobFilter | None = None
    operation: str | None = None
    """Name of an operation."""
    period: Period = field(default_factory=Period)
    """When the jobs were created."""


@dataclass(frozen=True, kw_only=True)
class JobPage:
    """A page of jobs, newest first."""

    items: tuple[JobRecord, ...]
    next_cursor: str | None
    """Cursor of the next page; None at the end."""


@dataclass(frozen=True)
class JobRow:
    """One job. Times are unix seconds, prices millicredits; `schema.sql` explains the columns."""

    seq: int
    id: str
    owner: str
    upstream: str
    call: str | None
    position: int
    run: str | None
    step: str | None
    item: int
    operation: str
    arguments: str
    deferred: int
    priority: int
    state: State
    process: str | None
    lease_version: int
    attempt: int
    wake_at: float
    day: str
    price: int
    charged: Literal["no", "reserved", "assumed", "yes"]
    generation: str | None
    answer: str | None
    error: str | None
    label: str | None
    output_dir: str | None
    created_at: float
    sent_at: float | None
    finished_at: float | None
    cancel_at: float | None
    origin: Literal["call", "adopted"] = "call"
    stripped_at: float | None = None
    variant: int = 0
    label_source: int = 2
    error_type: str | None = None
    collected: bool = False
    """Whether an answer delivered the result; only set if it was read with the row."""
    client: str | None = None
    """What made the call, for lists; only set if it was read with the row."""
    media: tuple[str, ...] = ()
    """Ids of the results, in order; only set if they were read with the row."""

    @property
    def account(self) -> Account:
        """Return the account that owns the job."""
        return Account(owner=self.owner, upstream=self.upstream)

    @property
    def finished(self) -> bool:
        """Return whether its state no longer changes by itself."""
        return self.state in FINISHED

    @property
    def adopted(self) -> bool:
        """Return whether another program started its generation and paid for it."""
        return self.origin == "adopted"

    @property
    def kind(self) -> type[Operation]:
        """Return the operation that it runs."""
        return OPERATIONS[self.operation]

    def request(self) -> Operation:
        """Return the request, with files as media ids."""
        return self.kind.model_validate_json(self.arguments)

    def inputs(self) -> dict[str, str]:
        """Return the media ids of its input files, by field."""
        arguments = json.loads(self.arguments)
        return {name: arguments[name] for name in self.kind.file_fields() if name in arguments}

    def spool_name(self) -> str:
        """Return the prefix of its files in the spool, which is unique per attempt."""
        return f"{self.id}.{self.attempt}"


_SQL = load(__file__)
_load_job = _SQL.one("load_job", JobRow)


def load_job(connection: Connection, job: str) -> JobRow | None:
    """Read one job; None: there is none with that id."""
    return _load_job(connection, job=job)


@dataclass(frozen=True, kw_only=True)
class Call:
    """A tool call that may be charged: it has new jobs, joined another call, or was cached.

    Times are unix seconds.
    """

    id: str
    tool: str
    created_at: float
    job_ids: list[str]
    """The jobs that answer it, by position: its own, joined or cached."""
    joined: str | None = None
    """The call that it joined: it has no jobs of its own, and is not charged again."""
    cached: tuple[str, ...] = ()
    """Its jobs that an earlier call had already finished; they are not charged again."""
    notes: tuple[str, ...] = ()
    """What each input resolved to, and how it was converted to fit the API's limits."""
    cancelled_at: float | None = None
    """When its caller cancelled it; its jobs may continue."""
    jobs: tuple[JobRecord, ...] = ()
    """Its jobs; only set if they were read with the call."""
    queued: tuple[JobRow, ...] = ()
    """Its new jobs as they were written; only set for a call that was just submitted."""
    limited: bool = True
    """Whether a spending limit may bind the client; False only if it was just found that none does.
    """

    @property
    def finished(self) -> bool:
        """Return whether all its jobs have finished."""
        return all(job.finished for job in self.jobs)

    @property
    def updated_at(self) -> float:
        """Return when it or one of its jobs last changed."""
        times = [
            at
            for job in self.jobs
            for at in (job.created_at, job.sent_at, job.finished_at)
            if at is not None
        ]
        return max([self.created_at, *times, self.cancelled_at or 0])
