"""Lists the requests to the API that the rows know about: paid ones, and the newest of any kind.

The rows hold no prompt, address or key that a line could show.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from stability_mcp.errors import NotFoundError
from stability_mcp.jobs.models import RUNNING, STATES, JobFilter, State
from stability_mcp.store.ids import MAX_SEQ, seq_of
from stability_mcp.store.queries import Connection, load
from stability_mcp.store.tenancy import Account
from stability_mcp.text import quoted


@dataclass(frozen=True, slots=True)
class LoggedRequest:
    """A paid request of a job; times in unix seconds."""

    id: int
    at: float
    """When it was about to be sent."""
    operation: str
    job: str
    attempt: int
    state: State
    """Of the job."""
    charge: str
    """sent, charged, assumed or free."""
    credits: int
    """Its price in millicredits."""
    error_type: str | None
    """Class of the error that the job ended with."""
    last_attempt: int
    """Of the job."""
    sent_at: float | None
    answered_at: float | None
    finished_at: float | None

    @property
    def is_last(self) -> bool:
        """Return whether the job sent no later one."""
        return self.attempt == self.last_attempt

    @property
    def seconds(self) -> float | None:
        """Return how long the answer took to start; None: unknown, as of an earlier attempt."""
        if not self.is_last or self.sent_at is None:
            return None
        # A retry that fails doesn't clear the time of an earlier answer.
        ends = (each for each in (self.answered_at, self.finished_at) if each is not None)
        return next((each - self.sent_at for each in ends if each >= self.sent_at), None)


@dataclass(frozen=True, slots=True)
class Slot:
    """A request that counts towards the rate limit; times in unix seconds."""

    granted_at: float
    sent_at: float | None
    """When it was completely sent; None: not yet."""


@dataclass(frozen=True, kw_only=True)
class LogQuery:
    """Which requests to list."""

    limit: int
    operations: Sequence[str]
    """Names of operations."""
    state: JobFilter | None = None
    """Only requests of jobs in this state, or in any running state."""
    since: float = 0.0
    """Only requests from this time on, in unix seconds."""
    cursor: str | None = None
    """The previous page's `next_cursor`."""
    slots_since: float = 0.0
    """From when on requests count towards the rate limit."""

    @property
    def states(self) -> tuple[State, ...]:
        """Return the states that jobs may have."""
        if self.state is None:
            return STATES
        return RUNNING if self.state == "running" else (self.state,)


@dataclass(frozen=True, kw_only=True)
class LogPage:
    """A page of requests, newest first."""

    requests: tuple[LoggedRequest, ...]
    next_cursor: str | None
    slots: tuple[Slot, ...]
    """The requests that count towards the rate limit, free ones too; on the first page only."""


_SQL = load(__file__)
_requests = _SQL.many("requests", LoggedRequest)
_slots = _SQL.many("slots", Slot)


def read_log(connection: Connection, account: Account, query: LogQuery) -> LogPage:
    """Return a page of requests.

    Raises:
        NotFoundError: the cursor is invalid.
    """
    before = MAX_SEQ if query.cursor is None else seq_of(query.cursor)
    if before is None:
        raise NotFoundError(
            f"{quoted(query.cursor)} isn't a cursor of the request log.",
            hint="Pass the previous page's next_cursor, or omit it to start with the newest.",
        )
    found = _requests(
        connection,
        **account.key,
        operations=query.operations,
        states=query.states,
        since=query.since,
        before=before,
        limit=query.limit + 1,
    )
    page = tuple(found[: query.limit])
    slots: list[Slot] = []
    if query.cursor is None:
        slots = _slots(connection, upstream=account.upstream, since=query.slots_since)
    return LogPage(
        requests=page,
        next_cursor=str(page[-1].id) if len(found) > query.limit else None,
        slots=tuple(slots),
    )
