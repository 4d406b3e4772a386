"""Calls that are asked for again: how one stands, what was said of its inputs, and its end."""

import logging
from collections.abc import Sequence
from dataclasses import dataclass

from stability_mcp.errors import StorageError
from stability_mcp.jobs import telling
from stability_mcp.jobs.journal import calls
from stability_mcp.jobs.records import Records
from stability_mcp.jobs.views import JobView

log = logging.getLogger(__name__)


@dataclass(frozen=True, kw_only=True)
class CallView:
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
    jobs: tuple[JobView, ...]
    cached: tuple[str, ...]
    """Those of its jobs that were finished for an earlier call: they cost this one nothing."""
    progress: str
    """What is going on, in words."""

    @property
    def finished(self) -> bool:
        """Return whether every job of it has ended."""
        return all(job.finished for job in self.jobs)


class Calls(Records):
    """What the asker of a call can come back for, by the call's id."""

    async def call(self, call_id: str) -> CallView | None:
        """Return a call of this owner; None: there is none."""
        owner = self._owner
        row = await self._shop.database.read(lambda c: calls.load(c, call_id, owner=owner))
        if row is None:
            return None
        seen, views = await self._look(row.jobs)
        happened = [
            at
            for job in views
            for at in (job.created_at, job.sent_at, job.finished_at)
            if at is not None
        ]
        return CallView(
            id=row.id,
            tool=row.tool,
            created_at=row.created_at,
            updated_at=max([row.created_at, *happened, row.cancelled_at or 0]),
            cancelled=row.cancelled_at is not None,
            said=row.said,
            jobs=tuple(views),
            cached=row.cached,
            progress=telling.of_call(seen, views, self._shop.clock())[0],
        )

    async def keep_said(self, call_id: str, said: Sequence[str]) -> None:
        """Note what was said of a call's inputs, for the answer that is made later."""
        if said:
            try:
                await self._shop.database.write(
                    lambda c: calls.keep_said(c, call_id, said), name="finish.keep_notes"
                )
            except StorageError as error:  # the answer that is made later says less
                log.warning("what was said of a call could not be kept: %s", error)

    async def cancel_call(self, call_id: str) -> bool:
        """Note that its asker wants no answer; False: it had ended before, either way."""
        now = self._shop.clock()
        return await self._shop.database.write(
            lambda c: calls.cancel(c, call_id, now), name="cancel.call"
        )
