"""Shapes of a job, the settings and timing of jobs, and the reasons not to send a job now."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any, Literal

from stability_mcp.api.operation import MIB, MediaKind, Operation
from stability_mcp.api.operations import OPERATIONS
from stability_mcp.client.api_errors import LOCKOUT_SECONDS
from stability_mcp.store.disk import MIN_FREE_BYTES, RESERVE_BYTES
from stability_mcp.store.queries import Connection, load
from stability_mcp.store.tenancy import Account

MARGIN_SECONDS = 0.5
"""Seconds a request may take from this machine's last byte to the API's counter."""


@dataclass(frozen=True, kw_only=True)
class RateLimit:
    """At most `limit` requests in any `window` seconds."""

    limit: int = 150
    window: float = 10.0

    @property
    def slot_seconds(self) -> float:
        """Return the seconds a slot is kept once its request is out."""
        return self.window + MARGIN_SECONDS


@dataclass(frozen=True, kw_only=True)
class Timing:
    """How long the steps of jobs wait, in seconds. Tests set it instead of patching constants."""

    poll_seconds: float = 10.0
    """From the start of a generation to its first poll, and from one poll to the next. The API asks
    for at least 10 s; more would only delay the result."""
    retry_seconds: float = 1.0
    """First pause before a failed request is repeated; it doubles."""
    disk_retry_seconds: float = 1.0
    """First pause before something is tried again that the disk did not take; it doubles."""
    max_pause_seconds: float = LOCKOUT_SECONDS
    """Longest pause between two tries: as long as the API's own lock-out."""
    missing_after_seconds: float = 600.0
    """How long the API may answer 404 for a generation before its job is shown as `unknown`. The
    slowest measured operation takes 41 s."""
    expires_after_seconds: float = 86_400.0
    """From the start of a generation to the end of its time at the API (documented: 24 hours)."""
    recovery_seconds: float = 1.0
    """How often the locks of other processes are tried: what a dead one left goes on within twice
    that."""
    balance_settle_seconds: float = 0.5
    """From the first paid job to the query for the balance: many may be submitted at once."""
    balance_seconds: float = 60.0
    """Shortest time between two queries for the balance; for so long an answer is good enough."""

    def expires_at(self, started_at: float) -> float:
        """Return when the API deletes what was started then, in unix seconds."""
        return started_at + self.expires_after_seconds


EMULATED_TIMING = Timing(poll_seconds=0.2, retry_seconds=0.2)
"""For the built-in emulator, which has no rate limit to spare for anyone else."""


ANSWER_ROOM: Mapping[MediaKind | None, int] = MappingProxyType(
    {
        "image": 32 * MIB,  # ten pictures of version 1 in base64 have 24 MB, others less
        "model": 32 * MIB,
        "audio": 100 * MIB,  # 380 s of stereo sound in 16 bits have 67 MB
    }
)


@dataclass(frozen=True, kw_only=True)
class SpoolRoom:
    """Room on the disk that is kept for answers and for the journal, in bytes."""

    answers: Mapping[MediaKind | None, int] = field(default_factory=lambda: ANSWER_ROOM)
    """What an answer is expected to have at most; more is taken if there is room for it."""
    min_free: int = MIN_FREE_BYTES
    """Stays free before anything is paid: for the journal, the media and everybody else."""
    reserve: int = RESERVE_BYTES
    """The reserve of the journal: enough for some hundred answers, which take 20 to 40 KB each."""


@dataclass(frozen=True, kw_only=True)
class JobSettings:
    """The limits under which jobs are carried out."""

    program: str = "stability-mcp"
    """What this process calls itself, for people who look at the processes."""
    rate: RateLimit = field(default_factory=RateLimit)
    """Over all processes of the upstream."""
    concurrency: int = 120
    """Most paid requests in flight in this process."""
    max_retries: int = 3
    """Retries for requests known not to have been charged."""
    timeout: float = 300
    """Longest wait for one request, in seconds; `drain` takes at most as long."""
    budget: int | None = None
    """Most millicredits a day; None: no ceiling."""
    cache: bool = True
    """Whether a finished job answers a call that must have the same result."""
    metadata: str = "full"
    """How much provenance is written into a readable copy."""
    room: SpoolRoom = field(default_factory=SpoolRoom)
    timing: Timing | None = None
    """None: as the upstream asks."""


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
    charged: Literal["no", "reserved", "assumed", "yes"]
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
    """Whether an answer delivered the result."""
    generation: str | None
    """Id of the deferred generation at the API."""
    stripped: bool
    """Whether retention removed its details."""
    adopted: bool
    """Whether another program started its generation and paid for it."""
    fetchable_until: float | None
    """Only of a job that is `unknown` because the API did not have its generation: until when every
    `wait` polls for it again. None: nothing more is fetched."""
    share: float
    """How far it is, 0 to 1, by the time it usually takes."""
    created_at: float
    sent_at: float | None
    finished_at: float | None

    @property
    def finished(self) -> bool:
        """Return whether nothing more happens to it by itself."""
        return self.state in FINISHED

    @property
    def is_missing(self) -> bool:
        """Return whether its result may still be fetched, although it counts as ended."""
        return self.fetchable_until is not None

    @property
    def settled(self) -> bool:
        """Return whether it has ended and no result can come any more."""
        return self.finished and not self.is_missing

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


@dataclass(frozen=True)
class JobRow:
    """One job. Times are unix seconds, money millicredits; `schema.sql` explains the columns."""

    seq: int
    id: str
    owner: str
    upstream: str
    call: str | None
    position: int
    run: str | None
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
    collected: bool = False
    """Whether an answer delivered the result; only where that was read with it."""
    media: tuple[str, ...] = ()
    """Ids of the results, in order; only where they were read with it."""

    @property
    def account(self) -> Account:
        """Return whose job it is."""
        return Account(owner=self.owner, upstream=self.upstream)

    @property
    def finished(self) -> bool:
        """Return whether nothing more happens to it by itself."""
        return self.state in FINISHED

    @property
    def adopted(self) -> bool:
        """Return whether another program started its generation and paid for it."""
        return self.origin == "adopted"

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


_SQL = load(__file__)
_load_job = _SQL.one("load_job", JobRow)


def load_job(connection: Connection, job: str) -> JobRow | None:
    """Read one job; None where there is none of that id."""
    return _load_job(connection, job=job)


@dataclass(frozen=True, kw_only=True)
class Call:
    """A tool call that pays: what it asked for became jobs, or was joined or cached.

    Times are unix seconds.
    """

    id: str
    tool: str
    created_at: float
    job_ids: list[str]
    """The jobs that answer for it, by position: its own, joined or from the cache."""
    joined: str | None = None
    """The call that it took over: no job is its own, and nothing more is paid."""
    cached: tuple[str, ...] = ()
    """Those of its jobs that were finished for an earlier call: they cost this one nothing."""
    notes: tuple[str, ...] = ()
    """What each input resolved to and how it was made to fit."""
    cancelled_at: float | None = None
    """When its caller gave it up; its jobs may go on."""
    jobs: tuple[JobRecord, ...] = ()
    """Its jobs; only where they were read with it."""
    queued: tuple[JobRow, ...] = ()
    """Its new jobs as they were written; only of a call that was submitted just now."""

    @property
    def finished(self) -> bool:
        """Return whether every job of it has ended."""
        return all(job.finished for job in self.jobs)

    @property
    def updated_at(self) -> float:
        """Return when something last happened to it."""
        times = [
            at
            for job in self.jobs
            for at in (job.created_at, job.sent_at, job.finished_at)
            if at is not None
        ]
        return max([self.created_at, *times, self.cancelled_at or 0])
