"""Lists jobs and runs of workflows together, newest first, in pages.

Jobs and runs are numbered apart, so a cursor holds a position in each of the two lists: `120.7`.
Each list is read in its own order, and the newer head comes next, so no entry is lost or repeated,
even if the clock was set back. What starts while a client turns pages is older than no page: it is
on the first page of the next list.
"""

import re
from collections import deque
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field

from stability_mcp.errors import ArgumentsError, NotFoundError
from stability_mcp.jobs.models import JobCriteria, JobFilter, JobPage, JobRecord
from stability_mcp.periods import Period
from stability_mcp.store.ids import seq_of
from stability_mcp.store.queries import Connection
from stability_mcp.studio import origins
from stability_mcp.studio.origins import JobOrigin
from stability_mcp.studio.outcomes import known_operation
from stability_mcp.studio.runtime import StudioParts
from stability_mcp.text import quoted
from stability_mcp.workflows.runs.run_pages import STATES, RunCriteria, run_page
from stability_mcp.workflows.runs.run_rows import RunRow, RunStatus
from stability_mcp.workflows.runs.run_state import RunState, read_state

MAX_RUNS = 20
"""Runs on a page: the steps of each are counted from up to 500 items. A page with more ends early.
"""

_CURSOR = re.compile(r"(\d{0,19})\.(\d{0,19})", re.ASCII)

_RUN_STATES: Mapping[JobFilter, Sequence[RunStatus]] = {
    "running": ("running",),
    "paused": ("paused", "review"),
    "done": ("done",),
    "failed": ("failed",),
    "cancelled": ("cancelled",),
}
"""States of runs by the state of jobs that they are listed with; runs have no others."""


@dataclass(frozen=True, kw_only=True)
class WorkQuery:
    """What to list; the default is everything."""

    limit: int = 20
    cursor: str | None = None
    state: JobFilter | None = None
    operation: str | None = None
    """Only jobs of this operation; a run has none."""
    period: Period = field(default_factory=Period)


@dataclass(frozen=True, kw_only=True)
class WorkPage:
    """A page of jobs and runs, newest first."""

    entries: Sequence[JobOrigin | RunState]
    next_cursor: str | None


class WorkList:
    """The part of the studio for lists of jobs and runs; `Studio.work`.

    Args:
        parts: The parts of the studio.
    """

    def __init__(self, parts: StudioParts) -> None:
        self._parts = parts

    async def list(self, query: WorkQuery) -> WorkPage:
        """Return a page of jobs and runs.

        Raises:
            ArgumentsError: the cursor is invalid.
            NotFoundError: no operation has that name.
        """
        marks = _Marks.of(query.cursor)
        jobs, runs = await self._jobs(query, marks.job), await self._runs(query, marks.run)
        taken, marks, more = _merge(jobs, runs, marks, query.limit)
        found = [each for each in taken if isinstance(each, JobRecord)]
        jobs_of_page = await origins.of_jobs(self._parts.media, found)
        states = await self._states([each.id for each in taken if isinstance(each, RunRow)])
        known: dict[str, JobOrigin | RunState] = {each.job.id: each for each in jobs_of_page}
        known |= {each.row.id: each for each in states}
        return WorkPage(
            entries=[known[each.id] for each in taken if each.id in known],
            next_cursor=marks.cursor if more else None,
        )

    async def job_of_generation(self, generation: str) -> str | None:
        """Return the id of the newest job of a generation at the API, or None."""
        return await self._parts.jobs.reader.job_of_generation(self._parts.account, generation)

    async def _jobs(self, query: WorkQuery, before: int | None) -> JobPage:
        name = known_operation(query.operation).name() if query.operation else None
        return await self._parts.jobs.reader.list(
            self._parts.account,
            limit=query.limit,
            cursor=None if before is None else str(before),
            criteria=JobCriteria(state=query.state, operation=name, period=query.period),
        )

    async def _runs(self, query: WorkQuery, before: int | None) -> Sequence[RunRow]:
        """Return the runs that the page may have, and one more."""
        states = STATES if query.state is None else _RUN_STATES.get(query.state, ())
        if query.operation is not None or not states:
            return []
        account, limit = self._parts.account, min(query.limit, MAX_RUNS) + 1
        criteria = RunCriteria(states=states, period=query.period)
        return await self._parts.runtime.database.read(
            lambda c: run_page(c, account, limit=limit, before=before, criteria=criteria)
        )

    async def _states(self, runs: Sequence[str]) -> Sequence[RunState]:
        """Return runs with their items and jobs; those deleted meanwhile are left out."""
        account = self._parts.account

        def read(connection: Connection) -> Sequence[RunState]:
            found = []
            for each in runs:
                with suppress(NotFoundError):
                    found.append(read_state(connection, account, each))
            return found

        return await self._parts.runtime.database.read(read) if runs else []


@dataclass(frozen=True)
class _Marks:
    """Where a page ends in each list; None: none of that list was shown yet."""

    job: int | None = None
    run: int | None = None

    @classmethod
    def of(cls, cursor: str | None) -> "_Marks":
        if cursor is None:
            return cls()
        found = _CURSOR.fullmatch(cursor)
        marks = [seq_of(each) for each in found.groups()] if found else []
        valid = found is not None and all(
            mark is not None or not text for mark, text in zip(marks, found.groups(), strict=True)
        )
        if not valid:
            raise ArgumentsError(
                f"cursor: {quoted(cursor)} isn't the cursor of a list of jobs.",
                hint="Pass the previous page's next_cursor, or omit it to start with the newest.",
            )
        return cls(*marks)

    @property
    def cursor(self) -> str:
        return ".".join("" if mark is None else str(mark) for mark in (self.job, self.run))


def _merge(
    page: JobPage, runs: Sequence[RunRow], marks: _Marks, limit: int
) -> tuple[list[JobRecord | RunRow], _Marks, bool]:
    """Return the entries of a page, where it ends, and whether another one follows."""
    jobs_left, runs_left = deque(page.items), deque(runs)
    taken: list[JobRecord | RunRow] = []
    run_count = 0
    job_mark, run_mark = marks.job, marks.run
    while len(taken) < limit and (jobs_left or runs_left):
        if runs_left and (not jobs_left or runs_left[0].created_at > jobs_left[0].created_at):
            if run_count == MAX_RUNS:
                break
            run_count += 1
            run = runs_left.popleft()
            run_mark = run.seq
            taken.append(run)
        else:
            job = jobs_left.popleft()
            job_mark = job.seq
            taken.append(job)
    more = bool(jobs_left or runs_left) or page.next_cursor is not None
    return taken, _Marks(job_mark, run_mark), more
