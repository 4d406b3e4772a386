"""Reads an account's jobs, calls, ledger, spending and balance."""

import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial

import anyio

from stability_mcp.api.operations import OPERATIONS
from stability_mcp.errors import NotFoundError
from stability_mcp.jobs import budget, rate_limit
from stability_mcp.jobs.account import MAX_BALANCE_AGE_SECONDS
from stability_mcp.jobs.budget import Spending
from stability_mcp.jobs.models import Call, JobCriteria, JobPage, JobRecord, JobRow
from stability_mcp.jobs.progress import TypicalTimes, Viewpoint, to_record
from stability_mcp.jobs.steps.context import JobContext
from stability_mcp.jobs.transactions import finish, lookup, recover, reuse, usage
from stability_mcp.jobs.transactions.recover import PausedJobs
from stability_mcp.jobs.transactions.reuse import CacheStatistics
from stability_mcp.jobs.transactions.usage import Balance, LedgerLine, LedgerQuery, RateStatus
from stability_mcp.policy import spend_limits
from stability_mcp.policy.spend_limits import LimitedClient
from stability_mcp.store.database import Database
from stability_mcp.store.ids import seq_of
from stability_mcp.store.queries import MAX_IDS_PER_QUERY, Connection, in_parts
from stability_mcp.store.tenancy import Account
from stability_mcp.text import listed, quoted

MAX_PEEKED = 8
"""Up to this many jobs are read on the event loop, 0.1 ms each; more are read in a thread."""

REST_RATIO = 3.0
"""Pause after a read of many jobs, as a multiple of its duration: at most a quarter of the time is
spent reading."""

MAX_REST_SECONDS = 0.1
"""Longest pause after a read, in seconds: a caller is waiting."""

Found = tuple[dict[str, JobRow], float]
"""Jobs by id, and when the API accepts requests again, in unix seconds."""


@dataclass
class _ReadBatch:
    ids: set[str] = field(default_factory=set)
    found: Found | None = None


class ReadBatcher:
    """Coalesces concurrent reads of many jobs into one query.

    A call may wait for hundreds of jobs, and reads them whenever one changes. Callers that arrive
    while such a read is running share the next one. A few jobs are read immediately, by key.

    Args:
        database: The store of the jobs.
        upstream: The upstream whose lockout is read with them.
        typical: Reads the typical times of the jobs that are running.
    """

    def __init__(self, database: Database, *, upstream: str, typical: TypicalTimes) -> None:
        self._database = database
        self._typical = typical
        self._upstream = upstream
        self._next = _ReadBatch()
        self._turn = anyio.Lock()
        self._rested_at = 0.0

    async def read(self, ids: list[str]) -> Found:
        """Return jobs in a state no older than this call; missing ones are left out.

        The lockout is read only if a job is queued.
        """
        if len(ids) <= MAX_PEEKED:
            return await self._database.peek(partial(self._find, ids))
        batch = self._next
        batch.ids.update(ids)
        async with self._turn:
            if batch.found is None:  # the first caller may have been cancelled
                await anyio.sleep(max(self._rested_at - time.monotonic(), 0))
                if batch is self._next:
                    self._next = _ReadBatch()
                batch.found = await self._read(sorted(batch.ids))
        return batch.found

    async def _read(self, ids: list[str]) -> Found:
        began = time.monotonic()
        try:
            return await self._database.read(lambda c: self._find(ids, c))
        finally:
            ended = time.monotonic()
            self._rested_at = ended + min(REST_RATIO * (ended - began), MAX_REST_SECONDS)

    def _find(self, ids: list[str], connection: Connection) -> Found:
        jobs = lookup.jobs_by_id(connection, ids)
        self._typical.read_for(connection, jobs.values())
        if all(each.state != "queued" for each in jobs.values()):
            return jobs, 0.0
        return jobs, rate_limit.blocked_until(connection, self._upstream)


Jobs = list[JobRecord]
Rows = list[JobRow]
Ids = list[str]
Lines = list[LedgerLine]
"""Aliases for use inside the class below, where `list` is a method."""


class JobReader:
    """Reads jobs and calls; changes nothing.

    Args:
        context: The store, the upstream, and the in-memory state of this process.
    """

    def __init__(self, context: JobContext) -> None:
        self._context = context
        self._database = context.database
        self._typical = TypicalTimes()
        self._batcher = ReadBatcher(
            context.database, upstream=context.upstream.id, typical=self._typical
        )

    async def records(self, account: Account, job_ids: Sequence[str]) -> Jobs:
        """Return jobs in the order given.

        Raises:
            NotFoundError: there is no such job.
        """
        found, blocked = await self._batcher.read(list(job_ids))
        mine = {job.id: job for job in found.values() if job.owner == account.owner}
        for job in job_ids:
            if job not in mine:
                raise NotFoundError(
                    f"There is no job {quoted(job)}.", hint="job_list shows all jobs."
                )
        return [self._record(mine[job], blocked) for job in job_ids]

    async def found(self, account: Account, job_ids: Iterable[str]) -> Jobs:
        """Return the jobs that still exist, in the order given; for lists of any length."""
        wanted = list(dict.fromkeys(job_ids))

        def read(connection: Connection) -> dict[str, JobRow]:
            parts = in_parts(wanted, MAX_IDS_PER_QUERY)
            return {
                each.id: each
                for part in parts
                for each in lookup.jobs_by_id(connection, part).values()
                if each.owner == account.owner
            }

        rows = await self._database.read(read) if wanted else {}
        return [self._record(rows[each], 0.0) for each in wanted if each in rows]

    def rows_in(self, connection: Connection, account: Account, ids: Sequence[str]) -> Rows:
        """Return the rows of jobs that still exist, within a read; `records_of` describes them."""
        parts = in_parts(list(dict.fromkeys(ids)), MAX_IDS_PER_QUERY)
        found = [
            each
            for part in parts
            for each in lookup.jobs_by_id(connection, part).values()
            if each.owner == account.owner
        ]
        self._typical.read_for(connection, found)
        return found

    def records_of(self, rows: Sequence[JobRow]) -> Jobs:
        """Return the records of rows that are already read."""
        return [self._record(row, 0.0) for row in rows]

    async def list(
        self,
        account: Account,
        *,
        limit: int = 20,
        cursor: str | None = None,
        criteria: JobCriteria | None = None,
    ) -> JobPage:
        """Return the newest jobs, at most `limit`.

        Args:
            account: The owner of the jobs.
            limit: Maximum jobs on the page.
            cursor: The previous page's `next_cursor`.
            criteria: What the list is limited to; None: every job.

        Raises:
            NotFoundError: the cursor is invalid.
        """
        wanted = criteria or JobCriteria()
        mark = None if cursor is None else seq_of(cursor)
        if cursor is not None and mark is None:
            raise NotFoundError(
                f"{quoted(cursor)} isn't a job_list cursor.",
                hint="Pass the previous page's next_cursor, or omit it to start with the newest.",
            )

        def read(connection: Connection) -> tuple[Rows, float]:
            page = lookup.job_page(
                connection, account.owner, limit=limit + 1, before=mark, criteria=wanted
            )
            self._typical.read_for(connection, page)
            return page, rate_limit.blocked_until(connection, self._context.upstream.id)

        found, blocked = await self._database.read(read)
        more = len(found) > limit
        items = tuple(self._record(each, blocked) for each in found[:limit])
        return JobPage(items=items, next_cursor=str(items[-1].seq) if more else None)

    async def unfinished_and_uncollected(self, account: Account) -> Ids:
        """Return ids of finished jobs whose result was not delivered, and of unfinished jobs."""
        since = self._missing_since()
        return await self._database.read(
            lambda c: [
                *(job.id for job in lookup.uncollected_jobs(c, account.owner, since=since)),
                *lookup.unfinished_jobs(c, account),
            ]
        )

    async def uncollected_line(self, account: Account, excluding: Iterable[str] = ()) -> str | None:
        """Return the lines about paused jobs and undelivered results; None: there are neither."""
        named = frozenset(excluding)
        return await self._database.read(lambda c: self._uncollected_line(c, account, named))

    async def call(self, account: Account, call_id: str) -> Call | None:
        """Return a call of this owner with its jobs; None: it doesn't exist."""
        owner = account.owner
        call = await self._database.read(lambda c: finish.load_call(c, call_id, owner=owner))
        if call is None:
            return None
        return replace(call, jobs=tuple(await self.records(account, call.job_ids)))

    async def job_of_generation(self, account: Account, generation: str) -> str | None:
        """Return the id of the newest job of a generation at the API, or None."""
        return await self._database.peek(lambda c: lookup.job_of_generation(c, account, generation))

    async def activity(self, account: Account) -> tuple[int, dict[str, tuple[str, int]]]:
        """Return a value that changes when a job is added or changes; see `lookup.activity`."""
        return await self._database.read(lambda c: lookup.activity(c, account.owner))

    async def paused(self, account: Account) -> PausedJobs:
        """Return the jobs that are paused until the user decides about them."""
        return await self._database.read(lambda c: recover.paused_jobs(c, account))

    async def ledger(self, account: Account, query: LedgerQuery) -> tuple[Lines, LedgerLine]:
        """Return lines of the ledger, newest first, and the total."""
        return await self._database.read(
            lambda c: (
                usage.ledger_lines(c, account, query),
                usage.ledger_total(c, account, query),
            )
        )

    async def typical_seconds(
        self, account: Account, operations: Iterable[str]
    ) -> Mapping[str, float]:
        """Return how long jobs usually take, by operation; 0: not known.

        For the emulator these are the API's times, as its prices are the API's: a plan made with it
        is a plan for the API.
        """
        names = sorted(set(operations))
        if account.emulated:
            return {name: OPERATIONS[name].spec.seconds for name in names}
        return await self._database.read(
            lambda c: {name: self._typical.read(c, account, name) for name in names}
        )

    async def rate_status(self) -> RateStatus:
        """Return the state of the rate limit, over all processes."""
        context, now = self._context, self._context.clock()
        return await self._database.read(
            lambda c: usage.rate_status(c, context.rate, upstream=context.upstream.id, now=now)
        )

    async def spending(self, account: Account, client: LimitedClient | None = None) -> Spending:
        """Return today's spending and reservations, the daily budget and the client's limit."""
        return await self._database.read(lambda c: self._spending(c, account, client))

    async def balance(self) -> Balance | None:
        """Return the balance if it is less than a minute old and the key may be used."""
        context, upstream = self._context, self._context.upstream.id
        known, paused = await self._database.read(
            lambda c: (usage.last_balance(c, upstream), usage.paused_why(c, upstream))
        )
        if known is None or paused is not None:
            return None
        return known if known.is_fresh(context.clock(), context.timing.balance_seconds) else None

    async def cached(self, account: Account) -> CacheStatistics:
        """Return the number of cached results, cache hits and credits saved."""
        return await self._database.read(lambda c: reuse.cache_statistics(c, account))

    async def client_timeout_seconds(self, client: str) -> float | None:
        """Return the shortest known timeout of a client, in seconds; None: none is known."""
        now = self._context.clock()
        return await self._database.peek(lambda c: usage.client_timeout_seconds(c, client, now=now))

    def account_in(
        self, connection: Connection, account: Account, client: LimitedClient | None
    ) -> tuple[Spending, Balance | None, RateStatus]:
        """Return spending, the last known balance of any age, and the rate limit, within a read."""
        context, upstream = self._context, self._context.upstream.id
        return (
            self._spending(connection, account, client),
            usage.last_balance(connection, upstream),
            usage.rate_status(connection, context.rate, upstream=upstream, now=context.clock()),
        )

    def summary_in(
        self,
        connection: Connection,
        account: Account,
        named: frozenset[str],
        client: LimitedClient | None,
    ) -> tuple[Spending, str | None]:
        """Return the summary that ends an answer: spending, and the line about other results."""
        spending = self._spending(connection, account, client)
        return spending, self._uncollected_line(connection, account, named)

    def _spending(
        self, connection: Connection, account: Account, client: LimitedClient | None
    ) -> Spending:
        context, now = self._context, self._context.clock()
        found = budget.counters(connection, account, now)
        limit = budget.daily_limit(
            connection, account, limit=context.settings.budget, day=found.day
        )
        known = None if account.emulated else usage.last_balance(connection, account.upstream)
        return Spending(
            today=found.spent,
            reserved=found.reserved,
            limit=limit,
            session=context.session,
            spend_limit=next(iter(spend_limits.in_force(connection, client)), None)
            if client is not None
            else None,
            balance=known.credits
            if known and known.is_fresh(now, MAX_BALANCE_AGE_SECONDS)
            else None,
        )

    def _uncollected_line(
        self, connection: Connection, account: Account, named: frozenset[str]
    ) -> str | None:
        since = self._missing_since()
        found = lookup.uncollected_jobs(connection, account.owner, since=since)
        paused = recover.paused_jobs(connection, account)
        names = [job.name for job in found if job.id not in named and not job.missing]
        results = "result" if len(names) == 1 else "results"
        line = f"{len(names)} earlier {results} not yet collected: {listed(names)} (call job_wait)"
        return "\n".join(filter(None, (paused.line(), line if names else None))) or None

    def _missing_since(self) -> float:
        return self._context.clock() - self._context.timing.expires_after_seconds

    def _record(self, job: JobRow, blocked_until: float) -> JobRecord:
        context = self._context
        viewpoint = Viewpoint(
            upstream=context.upstream.id,
            now=context.clock(),
            blocked_until=blocked_until,
            timing=context.timing,
            typical=self._typical,
        )
        return to_record(job, viewpoint, note=context.note_of(job.id))
