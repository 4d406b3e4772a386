"""Reads what changed in an account: unfinished work, ends, new media, spending, balance.

It serves streams of events. Ends of jobs and runs have numbers and media have seqs, all written in
the transactions that make them, so a reader that names the last ones it saw misses none. Unfinished
jobs and runs have no history: a read returns those that differ from what was seen before.
"""

import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import AbstractContextManager, suppress
from dataclasses import dataclass, field

from stability_mcp.errors import NotFoundError
from stability_mcp.jobs.budget import Spending
from stability_mcp.jobs.models import JobRecord, JobRow
from stability_mcp.jobs.transactions import lookup
from stability_mcp.jobs.transactions.usage import Balance, RateStatus
from stability_mcp.media.items import MediaItem
from stability_mcp.store.changes import MAX_AGE_SECONDS, ChangeWatch
from stability_mcp.store.queries import Connection
from stability_mcp.studio.runtime import StudioParts
from stability_mcp.uris import is_run
from stability_mcp.workflows.runs import run_notices
from stability_mcp.workflows.runs.run_notices import OpenRun
from stability_mcp.workflows.runs.run_state import RunState, read_state

MAX_ENDS = 200
"""Ends of jobs, of runs, and media in one read: about 300 KB of JSON."""


@dataclass(frozen=True, slots=True)
class Position:
    """Up to where a reader saw everything; the numbers only grow."""

    jobs: int = 0
    """Number of the last end of a job."""
    runs: int = 0
    """Number of the last end of a run, or stop for review."""
    media: int = 0
    """Seq of the last stored item."""

    def or_later(self, other: "Position") -> "Position":
        """Return the later of both in each number."""
        return Position(
            max(self.jobs, other.jobs), max(self.runs, other.runs), max(self.media, other.media)
        )

    def or_earlier(self, other: "Position") -> "Position":
        """Return the earlier of both in each number."""
        return Position(
            min(self.jobs, other.jobs), min(self.runs, other.runs), min(self.media, other.media)
        )


@dataclass(frozen=True, kw_only=True)
class Seen:
    """What a reader knows, so that the next read returns only what differs."""

    position: Position
    jobs: Mapping[str, tuple[str, int]] = field(default_factory=dict)
    """Unfinished jobs: state and attempt."""
    runs: Mapping[str, OpenRun] = field(default_factory=dict)
    """Unfinished runs."""


@dataclass(frozen=True, kw_only=True)
class AccountFigures:
    """The money of an account, and whether the API takes its requests."""

    spending: Spending
    balance: Balance | None
    """As last queried; None: never."""
    rate: RateStatus


@dataclass(frozen=True, kw_only=True)
class Changes:
    """What a read found, oldest first."""

    jobs: Sequence[tuple[JobRecord, Sequence[MediaItem]]] = ()
    """Jobs with their results."""
    runs: Sequence[RunState] = ()
    media: Sequence[MediaItem] = ()
    """New items, without pictures fitted for sending."""
    position: Position
    """Up to where these are all ends and media."""
    is_complete: bool = True
    """Whether nothing is left behind `position`."""


@dataclass(frozen=True, kw_only=True)
class StateChanges(Changes):
    """The same, with everything that isn't an end."""

    seen: Seen
    gone: frozenset[str]
    """Jobs and runs that were unfinished and don't exist any more."""
    figures: AccountFigures


@dataclass(frozen=True, kw_only=True)
class Subject:
    """A job, call or run that a reader follows until it ends."""

    name: str
    """Its id."""
    jobs: tuple[str, ...] = ()
    """The jobs that it consists of; of a run, none: they aren't known yet."""

    @property
    def ids(self) -> frozenset[str]:
        """Return the ids that mark what belongs to it."""
        return frozenset({self.name, *self.jobs})


@dataclass(kw_only=True)
class _Rows:
    jobs: Sequence[JobRow]
    items: Mapping[str, MediaItem]
    runs: Sequence[RunState]


class ChangeFeed:
    """Reads the changes of one account; `Studio.changes`.

    Args:
        parts: The parts of the studio.
    """

    def __init__(self, parts: StudioParts) -> None:
        self._parts = parts
        self._database = parts.runtime.database
        self._watch = ChangeWatch(self._database)
        self._read_at = 0.0

    async def tag(self) -> str:
        """Return a short name of store and owner: positions of others mean nothing here."""
        return (await self._database.user_id(self._parts.account.owner))[:12]

    def on_commit(self, notify: Callable[[], None]) -> AbstractContextManager[None]:
        """Call a function after each write of this process; see `Database.on_commit`."""
        return self._database.on_commit(notify)

    def is_due(self) -> bool:
        """Return whether `read` may find something, and expect that it is called then.

        The database changed, in any process; or the last read is so old that a new day may have
        reset the spending, or a pause of the rate limit ended.
        """
        now = time.monotonic()
        if not self._watch.changed() and now - self._read_at < MAX_AGE_SECONDS:
            return False
        self._read_at = now
        return True

    async def read(self, seen: Seen | None) -> StateChanges:
        """Return what differs from what was seen; without that, the present state.

        Args:
            seen: `seen` of the last read; None: nothing, so all unfinished jobs and runs are
                returned, but no earlier ends and media.
        """
        parts = self._parts
        client = parts.limited_client()

        def read(connection: Connection) -> tuple[Changes, _Rows, Seen, AccountFigures]:
            owner = parts.account.owner
            before = seen or Seen(position=self._newest(connection))
            _, jobs = lookup.activity(connection, owner)
            runs = {run.id: run for run in run_notices.open_progress(connection, owner)}
            ends, ended_jobs, stopped_runs = self._ends(connection, before.position)
            rows = self._rows(
                connection,
                jobs=[*_changed(before.jobs, jobs), *ended_jobs],
                runs=[*_changed(before.runs, runs), *stopped_runs],
            )
            figures = parts.jobs.reader.account_in(connection, parts.account, client)
            after = Seen(position=ends.position, jobs=jobs, runs=runs)
            spending, balance, rate = figures
            return ends, rows, after, AccountFigures(spending=spending, balance=balance, rate=rate)

        ends, rows, after, figures = await self._database.read(read)
        found = {each.id for each in rows.jobs} | {each.row.id for each in rows.runs}
        before = seen or Seen(position=ends.position)
        return StateChanges(
            jobs=self._jobs_of(rows),
            runs=rows.runs,
            media=ends.media,
            position=ends.position,
            is_complete=ends.is_complete,
            seen=after,
            gone=frozenset(before.jobs.keys() | before.runs.keys())
            - (after.jobs.keys() | after.runs.keys())
            - found,
            figures=figures,
        )

    async def ends_after(self, position: Position) -> Changes:
        """Return ends and media after a position, at most `MAX_ENDS` of each."""

        def read(connection: Connection) -> tuple[Changes, _Rows]:
            ends, jobs, runs = self._ends(connection, position)
            return ends, self._rows(connection, jobs=jobs, runs=runs)

        ends, rows = await self._database.read(read)
        return Changes(
            jobs=self._jobs_of(rows),
            runs=rows.runs,
            media=ends.media,
            position=ends.position,
            is_complete=ends.is_complete,
        )

    async def find(self, name: str) -> Subject:
        """Return the job, call or run with an id.

        Raises:
            NotFoundError: there is none.
        """
        account, reader = self._parts.account, self._parts.jobs.reader
        if is_run(name):
            await self._database.read(lambda c: read_state(c, account, name))
            return Subject(name=name)
        call = await reader.call(account, name)
        if call is not None:
            return Subject(name=name, jobs=tuple(call.job_ids))
        await reader.records(account, [name])
        return Subject(name=name, jobs=(name,))

    async def state_of(self, subject: Subject) -> Changes:
        """Return the present state of a job, call or run; what was deleted is left out."""
        runs = [subject.name] if is_run(subject.name) else []
        rows = await self._database.read(
            lambda c: self._rows(c, jobs=list(subject.jobs), runs=runs)
        )
        return Changes(jobs=self._jobs_of(rows), runs=rows.runs, position=Position())

    def _newest(self, connection: Connection) -> Position:
        owner = self._parts.account.owner
        return Position(
            jobs=lookup.newest_end(connection, owner),
            runs=run_notices.newest_stop(connection, owner),
            media=self._parts.media.newest_seq(connection),
        )

    def _ends(
        self, connection: Connection, after: Position
    ) -> tuple[Changes, Sequence[str], Sequence[str]]:
        """Return media after a position, and the ids of jobs and runs that ended after it."""
        owner = self._parts.account.owner
        jobs = lookup.ended_after(connection, owner, after.jobs, limit=MAX_ENDS)
        runs = run_notices.stopped_after(connection, owner, after.runs, limit=MAX_ENDS)
        media = self._parts.media.items_after(connection, after.media, limit=MAX_ENDS)
        found = Changes(
            media=[item for _, item in media],
            position=Position(
                jobs=jobs[-1].end_number if jobs else after.jobs,
                runs=runs[-1].end_number if runs else after.runs,
                media=media[-1][0] if media else after.media,
            ),
            is_complete=max(len(jobs), len(runs), len(media)) < MAX_ENDS,
        )
        return found, [each.id for each in jobs], [each.id for each in runs]

    def _rows(self, connection: Connection, *, jobs: Sequence[str], runs: Sequence[str]) -> _Rows:
        account, media = self._parts.account, self._parts.media
        rows = self._parts.jobs.reader.rows_in(connection, account, jobs)
        order = {job: number for number, job in enumerate(jobs)}
        rows = sorted(rows, key=lambda row: order[row.id])
        items = media.items_in(connection, [each for row in rows for each in row.media])
        return _Rows(
            jobs=rows,
            items={item.id: item for item in items},
            runs=[*self._states(connection, dict.fromkeys(runs))],
        )

    def _states(self, connection: Connection, runs: Iterable[str]) -> Iterable[RunState]:
        for run in runs:
            with suppress(NotFoundError):  # it was deleted
                yield read_state(connection, self._parts.account, run)

    def _jobs_of(self, rows: _Rows) -> list[tuple[JobRecord, Sequence[MediaItem]]]:
        records = self._parts.jobs.reader.records_of(rows.jobs)
        return [
            (job, [rows.items[each] for each in job.media if each in rows.items]) for job in records
        ]


def _changed(before: Mapping[str, object], now: Mapping[str, object]) -> list[str]:
    """Return what is new, different or no longer unfinished."""
    ended = [each for each in before if each not in now]
    return [*ended, *(each for each, state in now.items() if before.get(each) != state)]
