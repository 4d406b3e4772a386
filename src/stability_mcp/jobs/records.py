"""Reading the jobs of an owner: how they stand, what is unfinished, uncollected and spent."""

import logging
from collections.abc import Iterable, Sequence

from sqlalchemy import Connection

from stability_mcp.errors import NotFoundError, StorageError
from stability_mcp.jobs import spending as money
from stability_mcp.jobs import telling
from stability_mcp.jobs import upstream as upstreams
from stability_mcp.jobs.balance import SECONDS, TOLD_FOR
from stability_mcp.jobs.journal import caching, handover, patience, pausing, reading, usage
from stability_mcp.jobs.journal.caching import Cached
from stability_mcp.jobs.journal.pausing import Paused
from stability_mcp.jobs.journal.reading import Seen
from stability_mcp.jobs.journal.usage import By, RateStatus, Used
from stability_mcp.jobs.looks import Looks
from stability_mcp.jobs.spending import Spent
from stability_mcp.jobs.steps.workshop import Workshop
from stability_mcp.jobs.upstream import Balance
from stability_mcp.jobs.views import JobPage, JobView, State
from stability_mcp.wording import listed, quoted

log = logging.getLogger(__name__)

Views = list[JobView]
Ids = list[str]
Lines = list[Used]
"""Names for use inside the class below, where `list` is a method."""


class Records:
    """What can be read of jobs without carrying any out.

    Args:
        shop: The store, the upstream, and what this process knows beside the rows.
        owner: Whose jobs.
        budget: Most millicredits a day; None: no ceiling.
    """

    def __init__(self, shop: Workshop, *, owner: str, budget: int | None) -> None:
        self._shop = shop
        self._owner = owner
        self._budget = budget
        self._looks = Looks(shop.database, owner=owner, upstream=shop.upstream.id)

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
                cure="Pass the `next_cursor` of the page before, or leave it out to begin with "
                "the newest.",
            )
        mark = None if cursor is None else int(cursor)
        owner = self._owner
        found, blocked = await self._shop.database.read(
            lambda c: (
                reading.page(c, owner=owner, limit=limit + 1, before=mark, state=state),
                reading.blocked_until(c, self._shop.upstream.id),
            )
        )
        more = len(found) > limit
        items = tuple(self._view(each, blocked) for each in found[:limit])
        return JobPage(items=items, next_cursor=str(items[-1].seq) if more else None)

    async def unfinished_and_uncollected(self) -> Ids:
        """Return ids of jobs under way, and of ended ones whose result nobody was handed."""
        return await self._shop.database.read(
            lambda c: [
                *(job for job, _ in reading.uncollected(c, self._owner)),
                *reading.unfinished(c, owner=self._owner, upstream=self._shop.upstream.id),
            ]
        )

    async def uncollected_line(self, excluding: Iterable[str] = ()) -> str | None:
        """Return what every answer ends with: paused jobs, and results that nobody was handed.

        None where there is nothing of either.
        """
        named = frozenset(excluding)
        return await self._shop.database.read(lambda c: self._uncollected_line(c, named))

    async def conclude(
        self, call_ids: Iterable[str], *, excluding: Iterable[str]
    ) -> tuple[Spent, str | None]:
        """Note that an answer carries the results of these calls, and return what it ends with.

        Args:
            call_ids: The calls; with none nothing is written.
            excluding: Jobs that the answer itself tells of.

        Returns:
            Where the money stands, and the line about other results.
        """
        calls, named, now = list(call_ids), frozenset(excluding), self._shop.clock()
        database = self._shop.database

        def rest(connection: Connection) -> tuple[Spent, str | None]:
            return self._spent(connection, now), self._uncollected_line(connection, named)

        def work(connection: Connection) -> tuple[Spent, str | None]:
            handover.hand_over(connection, calls, now)
            return rest(connection)

        if calls:
            try:
                return await database.write(work, name="finish.deliver")
            except StorageError as error:  # the answer goes out; it is told once more, later
                log.warning("it could not be noted that a result was handed over: %s", error)
        return await database.read(rest)

    async def pulse(self) -> tuple[int, dict[str, tuple[str, int]]]:
        """Return what changes when a job comes, goes on or ends; see `reading.pulse`."""
        return await self._shop.database.read(lambda c: reading.pulse(c, self._owner))

    async def paused(self) -> Paused:
        """Return the jobs that wait until somebody says whether they are still wanted."""
        owner, upstream = self._owner, self._shop.upstream.id
        return await self._shop.database.read(
            lambda c: pausing.paused(c, owner=owner, upstream=upstream)
        )

    async def used(self, *, since: str, by: By, limit: int) -> tuple[Lines, Used]:
        """Return lines of the ledger, the newest first, and the sum of everything.

        Args:
            since: The first day: `2026-11-22`.
            by: What one line is.
            limit: Most lines.
        """
        owner, upstream = self._owner, self._shop.upstream.id
        return await self._shop.database.read(
            lambda c: (
                usage.used(c, owner=owner, upstream=upstream, since=since, by=by, limit=limit),
                usage.total(c, owner=owner, upstream=upstream, since=since),
            )
        )

    async def rate_status(self) -> RateStatus:
        """Return how the rate limit stands, over all processes."""
        shop, now = self._shop, self._shop.clock()
        return await shop.database.read(
            lambda c: usage.rate_status(c, shop.rate, upstream=shop.upstream.id, now=now)
        )

    async def spending(self) -> Spent:
        """Return where the money stands."""
        now = self._shop.clock()
        return await self._shop.database.read(lambda c: self._spent(c, now))

    async def balance(self) -> Balance | None:
        """Return the balance if it was asked for less than a minute ago and the key may pay."""
        now, upstream = self._shop.clock(), self._shop.upstream.id
        known, paused = await self._shop.database.read(
            lambda c: (upstreams.balance(c, upstream), upstreams.paused_why(c, upstream))
        )
        return known if known and paused is None and known.is_fresh(now, SECONDS) else None

    async def raise_ceiling(self, limit: int) -> None:
        """Raise the ceiling of today, in millicredits; for a person, never for a tool."""
        now, owner, upstream = self._shop.clock(), self._owner, self._shop.upstream.id
        await self._shop.database.write(
            lambda c: money.raise_ceiling(c, owner=owner, upstream=upstream, limit=limit, now=now),
            name="usage.raise_ceiling",
            durable=True,
        )

    async def cached(self) -> Cached:
        """Return how many finished jobs can answer again, how often one did and what that saved."""
        owner, upstream = self._owner, self._shop.upstream.id
        return await self._shop.database.read(
            lambda c: caching.statistics(c, owner=owner, upstream=upstream)
        )

    async def clear_cache(self) -> int:
        """Let no finished job answer again, and return how many could; their results stay."""
        owner, upstream = self._owner, self._shop.upstream.id
        return await self._shop.database.write(
            lambda c: caching.clear(c, owner=owner, upstream=upstream),
            name="usage.clear_cache",
        )

    async def patience(self, client: str) -> float | None:
        """Return the shortest time after which a client gives up, in seconds; None: it does not."""
        now = self._shop.clock()
        return await self._shop.database.read(lambda c: patience.patience(c, client, now=now))

    async def gave_up(self, client: str, seconds: float) -> None:
        """Note that a client gave up on a call after so many seconds."""
        now = self._shop.clock()
        await self._shop.database.write(
            lambda c: patience.gave_up(c, client, seconds, now=now), name="usage.record_patience"
        )

    async def _look(self, job_ids: Sequence[str]) -> tuple[Sequence[Seen], Views]:
        ids = list(job_ids)
        found, blocked = await self._looks.look(ids)
        for job in ids:
            if job not in found:
                raise NotFoundError(f"There is no job {quoted(job)}.", cure="job_list shows all.")
        seen = [found[job] for job in ids]
        return seen, [self._view(each, blocked) for each in seen]

    def _spent(self, connection: Connection, now: float) -> Spent:
        owner, upstream = self._owner, self._shop.upstream.id
        held, spent = money.counters(connection, owner, upstream, now)
        limit = money.ceiling(
            connection, owner=owner, upstream=upstream, limit=self._budget, now=now
        )
        known = None if self._shop.upstream.emulated else upstreams.balance(connection, upstream)
        return Spent(
            today=spent,
            held=held,
            limit=limit,
            session=self._shop.session,
            balance=known.credits if known and known.is_fresh(now, TOLD_FOR) else None,
        )

    def _uncollected_line(self, connection: Connection, named: frozenset[str]) -> str | None:
        upstream = self._shop.upstream.id
        found = reading.uncollected(connection, self._owner)
        paused = pausing.paused(connection, owner=self._owner, upstream=upstream)
        names = [name for job, name in found if job not in named]
        results = "result" if len(names) == 1 else "results"
        line = f"{len(names)} earlier {results} not yet collected: {listed(names)}: job_wait()"
        return "\n".join(filter(None, (paused.line(), line if names else None))) or None

    def _view(self, seen: Seen, blocked_until: float) -> JobView:
        return telling.view_of(
            seen,
            upstream=self._shop.upstream.id,
            note=self._shop.note_of(seen.job.id),
            blocked_until=blocked_until,
            now=self._shop.clock(),
        )
