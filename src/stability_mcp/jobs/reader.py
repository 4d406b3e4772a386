"""Reads the jobs and calls of an account: state, unfinished, uncollected, spent."""

import logging
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

import anyio
from sqlalchemy import Connection

from stability_mcp.errors import NotFoundError, StorageError
from stability_mcp.jobs import budget as ledger
from stability_mcp.jobs import progress as describing
from stability_mcp.jobs.account import REFRESH_SECONDS, SHOWN_SECONDS
from stability_mcp.jobs.budget import Spending
from stability_mcp.jobs.models import JobPage, JobRecord, State
from stability_mcp.jobs.steps.context import JobContext
from stability_mcp.jobs.transactions import finish, lookup, recover, reuse, usage
from stability_mcp.jobs.transactions.lookup import FoundJob
from stability_mcp.jobs.transactions.recover import PausedJobs
from stability_mcp.jobs.transactions.reuse import CacheStatistics
from stability_mcp.jobs.transactions.usage import Balance, LedgerBy, LedgerLine, RateStatus
from stability_mcp.store.database import Database
from stability_mcp.text import listed, quoted

REST_RATIO = 3.0
"""How much longer than a read took nobody reads again: reads take a quarter of the time at most."""

MAX_REST_SECONDS = 0.1
"""Seconds; somebody waits for the answer."""

MAX_WITHOUT_REST = 8
"""Jobs that are read without a rest: so few keep nobody else from reading."""

Found = tuple[dict[str, FoundJob], float]
"""Jobs by id, and the unix seconds until which the API takes no request."""


@dataclass
class _ReadBatch:
    ids: set[str] = field(default_factory=set)
    found: Found | None = None


class ReadBatcher:
    """Reads jobs of one owner for everybody in this process.

    Args:
        database: Where the jobs are.
        owner: Whose jobs.
        upstream: Whose lock-out is told beside them.
    """

    def __init__(self, database: Database, *, owner: str, upstream: str) -> None:
        self._database = database
        self._owner = owner
        self._upstream = upstream
        self._next = _ReadBatch()
        self._turn = anyio.Lock()
        self._rested_at = 0.0

    async def look(self, ids: list[str]) -> Found:
        """Return how jobs stand, as of now or later; those that do not exist are left out.

        The lock-out is looked up only where a job waits to be sent.
        """
        batch = self._next
        batch.ids.update(ids)
        async with self._turn:
            if batch.found is None:  # who was to read it may have been cancelled
                await anyio.sleep(max(self._rested_at - time.monotonic(), 0))
                if batch is self._next:
                    self._next = _ReadBatch()
                batch.found = await self._read(sorted(batch.ids))
        return batch.found

    async def _read(self, ids: list[str]) -> Found:
        def look(connection: Connection) -> Found:
            jobs = lookup.jobs_by_id(connection, owner=self._owner, ids=ids)
            if all(each.job.state != "queued" for each in jobs.values()):
                return jobs, 0.0
            return jobs, lookup.blocked_until(connection, self._upstream)

        began = time.monotonic()
        try:
            return await self._database.read(look)
        finally:
            ended = time.monotonic()
            rest = (
                min(REST_RATIO * (ended - began), MAX_REST_SECONDS)
                if len(ids) > MAX_WITHOUT_REST
                else 0
            )
            self._rested_at = ended + rest


log = logging.getLogger(__name__)

Views = list[JobRecord]
Ids = list[str]
Lines = list[LedgerLine]
"""Names for use inside the class below, where `list` is a method."""


class JobReader:
    """What can be read of jobs without carrying any out.

    Args:
        shop: The store, the upstream, and what this process knows beside the rows.
        owner: Whose jobs.
        budget: Most millicredits a day; None: no ceiling.
    """

    def __init__(self, shop: JobContext, *, owner: str, budget: int | None) -> None:
        self._shop = shop
        self._owner = owner
        self._budget = budget
        self._looks = ReadBatcher(shop.database, owner=owner, upstream=shop.upstream.id)

    async def views(self, job_ids: Sequence[str]) -> Views:
        """Return jobs in the order given.

        Raises:
            NotFoundError: there is no such job.
        """
        return (await self._look(job_ids))[1]

    async def list(
        self, *, limit: int = 20, cursor: str | None = None, state: State | None = None
    ) -> JobPage:
        """Return the newest jobs, at most `limit`.

        Args:
            limit: Most jobs on the page.
            cursor: `next_cursor` of the page before.
            state: Only jobs in this state.

        Raises:
            NotFoundError: the cursor is not one of this list.
        """
        if cursor is not None and not cursor.isdecimal():
            raise NotFoundError(
                f"{quoted(cursor)} is not a cursor of job_list.",
                hint="Pass the `next_cursor` of the page before, or leave it out to begin with "
                "the newest.",
            )
        mark = None if cursor is None else int(cursor)
        owner = self._owner
        found, blocked = await self._shop.database.read(
            lambda c: (
                lookup.job_page(c, owner=owner, limit=limit + 1, before=mark, state=state),
                lookup.blocked_until(c, self._shop.upstream.id),
            )
        )
        more = len(found) > limit
        items = tuple(self._view(each, blocked) for each in found[:limit])
        return JobPage(items=items, next_cursor=str(items[-1].seq) if more else None)

    async def unfinished_and_uncollected(self) -> Ids:
        """Return ids of jobs under way, and of ended ones whose result nobody was handed."""
        return await self._shop.database.read(
            lambda c: [
                *(job for job, _ in lookup.uncollected_jobs(c, self._owner)),
                *lookup.unfinished_jobs(c, owner=self._owner, upstream=self._shop.upstream.id),
            ]
        )

    async def uncollected_line(self, excluding: Iterable[str] = ()) -> str | None:
        """Return what every answer ends with: paused jobs, and results that nobody was handed.

        None where there is nothing of either.
        """
        named = frozenset(excluding)
        return await self._shop.database.read(lambda c: self._uncollected_line(c, named))

    async def deliver(
        self, call_ids: Iterable[str], *, excluding: Iterable[str]
    ) -> tuple[Spending, str | None]:
        """Note that an answer carries the results of these calls, and return what it ends with.

        Args:
            call_ids: The calls; with none nothing is written.
            excluding: Jobs that the answer itself tells of.

        Returns:
            Where the money stands, and the line about other results.
        """
        calls, named, now = list(call_ids), frozenset(excluding), self._shop.clock()
        database = self._shop.database

        def rest(connection: Connection) -> tuple[Spending, str | None]:
            return self._spent(connection, now), self._uncollected_line(connection, named)

        def work(connection: Connection) -> tuple[Spending, str | None]:
            finish.mark_delivered(connection, calls, now)
            return rest(connection)

        if calls:
            try:
                return await database.write(work, name="finish.deliver")
            except StorageError as error:  # the answer goes out; it is told once more, later
                log.warning("it could not be noted that a result was handed over: %s", error)
        return await database.read(rest)

    async def pulse(self) -> tuple[int, dict[str, tuple[str, int]]]:
        """Return what changes when a job comes, goes on or ends; see `reading.pulse`."""
        return await self._shop.database.read(lambda c: lookup.activity(c, self._owner))

    async def paused(self) -> PausedJobs:
        """Return the jobs that wait until somebody says whether they are still wanted."""
        owner, upstream = self._owner, self._shop.upstream.id
        return await self._shop.database.read(
            lambda c: recover.paused_jobs(c, owner=owner, upstream=upstream)
        )

    async def used(self, *, since: str, by: LedgerBy, limit: int) -> tuple[Lines, LedgerLine]:
        """Return lines of the ledger, the newest first, and the sum of everything.

        Args:
            since: The first day: `2026-11-22`.
            by: What one line is.
            limit: Most lines.
        """
        owner, upstream = self._owner, self._shop.upstream.id
        return await self._shop.database.read(
            lambda c: (
                usage.ledger_lines(
                    c, owner=owner, upstream=upstream, since=since, by=by, limit=limit
                ),
                usage.ledger_total(c, owner=owner, upstream=upstream, since=since),
            )
        )

    async def rate_status(self) -> RateStatus:
        """Return how the rate limit stands, over all processes."""
        shop, now = self._shop, self._shop.clock()
        return await shop.database.read(
            lambda c: usage.rate_status(c, shop.rate, upstream=shop.upstream.id, now=now)
        )

    async def spending(self) -> Spending:
        """Return where the money stands."""
        now = self._shop.clock()
        return await self._shop.database.read(lambda c: self._spent(c, now))

    async def balance(self) -> Balance | None:
        """Return the balance if it was asked for less than a minute ago and the key may pay."""
        now, upstream = self._shop.clock(), self._shop.upstream.id
        known, paused = await self._shop.database.read(
            lambda c: (usage.last_balance(c, upstream), usage.paused_why(c, upstream))
        )
        return known if known and paused is None and known.is_fresh(now, REFRESH_SECONDS) else None

    async def raise_ceiling(self, limit: int) -> None:
        """Raise the ceiling of today, in millicredits; for a person, never for a tool."""
        now, owner, upstream = self._shop.clock(), self._owner, self._shop.upstream.id
        await self._shop.database.write(
            lambda c: ledger.raise_ceiling(c, owner=owner, upstream=upstream, limit=limit, now=now),
            name="usage.raise_ceiling",
            durable=True,
        )

    async def cached(self) -> CacheStatistics:
        """Return how many finished jobs can answer again, how often one did and what that saved."""
        owner, upstream = self._owner, self._shop.upstream.id
        return await self._shop.database.read(
            lambda c: reuse.cache_statistics(c, owner=owner, upstream=upstream)
        )

    async def clear_cache(self) -> int:
        """Let no finished job answer again, and return how many could; their results stay."""
        owner, upstream = self._owner, self._shop.upstream.id
        return await self._shop.database.write(
            lambda c: reuse.clear_cache(c, owner=owner, upstream=upstream),
            name="usage.clear_cache",
        )

    async def patience(self, client: str) -> float | None:
        """Return the shortest time after which a client gives up, in seconds; None: it does not."""
        now = self._shop.clock()
        return await self._shop.database.read(lambda c: usage.give_up_seconds(c, client, now=now))

    async def record_give_up(self, client: str, seconds: float) -> None:
        """Note that a client gave up on a call after so many seconds."""
        now = self._shop.clock()
        await self._shop.database.write(
            lambda c: usage.record_give_up(c, client, seconds, now=now),
            name="usage.record_patience",
        )

    async def _look(self, job_ids: Sequence[str]) -> tuple[Sequence[FoundJob], Views]:
        ids = list(job_ids)
        found, blocked = await self._looks.look(ids)
        for job in ids:
            if job not in found:
                raise NotFoundError(f"There is no job {quoted(job)}.", hint="job_list shows all.")
        seen = [found[job] for job in ids]
        return seen, [self._view(each, blocked) for each in seen]

    def _spent(self, connection: Connection, now: float) -> Spending:
        owner, upstream = self._owner, self._shop.upstream.id
        held, spent = ledger.counters(connection, owner, upstream, now)
        limit = ledger.ceiling(
            connection, owner=owner, upstream=upstream, limit=self._budget, now=now
        )
        known = None if self._shop.upstream.emulated else usage.last_balance(connection, upstream)
        return Spending(
            today=spent,
            held=held,
            limit=limit,
            session=self._shop.session,
            balance=known.credits if known and known.is_fresh(now, SHOWN_SECONDS) else None,
        )

    def _uncollected_line(self, connection: Connection, named: frozenset[str]) -> str | None:
        upstream = self._shop.upstream.id
        found = lookup.uncollected_jobs(connection, self._owner)
        paused = recover.paused_jobs(connection, owner=self._owner, upstream=upstream)
        names = [name for job, name in found if job not in named]
        results = "result" if len(names) == 1 else "results"
        line = f"{len(names)} earlier {results} not yet collected: {listed(names)}: job_wait()"
        return "\n".join(filter(None, (paused.line(), line if names else None))) or None

    def _view(self, seen: FoundJob, blocked_until: float) -> JobRecord:
        return describing.to_record(
            seen,
            upstream=self._shop.upstream.id,
            note=self._shop.note_of(seen.job.id),
            blocked_until=blocked_until,
            now=self._shop.clock(),
        )


@dataclass(frozen=True, kw_only=True)
class CallRecord:
    """A call and its jobs. Times are unix seconds."""

    id: str
    tool: str
    created_at: float
    updated_at: float
    """When something last happened to it."""
    cancelled: bool
    """Whether its asker gave it up; its jobs may go on."""
    said: tuple[str, ...]
    """What each input resolved to and how it was made to fit."""
    jobs: tuple[JobRecord, ...]
    cached: tuple[str, ...]
    """Those of its jobs that were finished for an earlier call: they cost this one nothing."""
    progress: str
    """What is going on, in words."""

    @property
    def finished(self) -> bool:
        """Return whether every job of it has ended."""
        return all(job.finished for job in self.jobs)


class CallReader(JobReader):
    """What the asker of a call can come back for, by the call's id."""

    async def call(self, call_id: str) -> CallRecord | None:
        """Return a call of this owner; None: there is none."""
        owner = self._owner
        row = await self._shop.database.read(lambda c: finish.load_call(c, call_id, owner=owner))
        if row is None:
            return None
        seen, views = await self._look(row.jobs)
        happened = [
            at
            for job in views
            for at in (job.created_at, job.sent_at, job.finished_at)
            if at is not None
        ]
        return CallRecord(
            id=row.id,
            tool=row.tool,
            created_at=row.created_at,
            updated_at=max([row.created_at, *happened, row.cancelled_at or 0]),
            cancelled=row.cancelled_at is not None,
            said=row.said,
            jobs=tuple(views),
            cached=row.cached,
            progress=describing.describe_call(seen, views, self._shop.clock())[0],
        )

    async def save_notes(self, call_id: str, said: Sequence[str]) -> None:
        """Note what was said of a call's inputs, for the answer that is made later."""
        if said:
            try:
                await self._shop.database.write(
                    lambda c: finish.save_notes(c, call_id, said), name="finish.keep_notes"
                )
            except StorageError as error:  # the answer that is made later says less
                log.warning("what was said of a call could not be kept: %s", error)

    async def cancel_call(self, call_id: str) -> bool:
        """Note that its asker wants no answer; False: it had ended before, either way."""
        now = self._shop.clock()
        return await self._shop.database.write(
            lambda c: finish.cancel_call(c, call_id, now), name="cancel.call"
        )
