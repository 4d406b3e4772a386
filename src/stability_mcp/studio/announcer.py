"""The announcer: tells whoever STABILITY_ON_DONE names that a job has ended.

It goes by the rows alone, so it also tells of jobs that another process finished, or that ended
while nobody could tell. It never holds a job up. Of several processes exactly one takes an end (see
`jobs.journal.ends`); one that dies while it tells is followed by another, so an end is told at
least once, and for a day at most.
"""

import logging
import time
from collections.abc import Callable
from functools import partial

import anyio

from stability_mcp.errors import StorageError
from stability_mcp.jobs.journal import ends
from stability_mcp.jobs.journal.ends import Claimed, Due
from stability_mcp.jobs.upstream import Upstream
from stability_mcp.settings import shown_target
from stability_mcp.store.database import Database
from stability_mcp.studio.messengers import messenger_to

LOOK = 1.0
"""Seconds between two looks at the rows."""
AT_ONCE = 4
"""Ends that are told at the same time."""
CLOSING = 2.0
"""Seconds for which the end of the server waits for what is being told; hosts wait no longer."""

log = logging.getLogger(__name__)


class Announcer:
    """Tells the ends of the jobs of one owner and upstream.

    Args:
        database: The store.
        target: The URL or command.
        owner: Whose jobs.
        upstream: Jobs of which upstream.
        clock: Unix seconds.
        look: Seconds between two looks at the rows.
    """

    def __init__(  # noqa: PLR0913 -- whose jobs are told to whom, and by what clock
        self,
        database: Database,
        target: str,
        *,
        owner: str,
        upstream: Upstream,
        clock: Callable[[], float] = time.time,
        look: float = LOOK,
    ) -> None:
        self._database = database
        self._whom = shown_target(target)
        self._owner = owner
        self._upstream = upstream
        self._clock = clock
        self._pause = look
        self._messenger = messenger_to(target)
        self._since = 0.0
        self._telling: set[str] = set()
        self._looking = anyio.Lock()
        self._tasks: anyio.abc.TaskGroup | None = None

    async def begin(self) -> None:
        """Note that ends are told from now on; before any job of this process can end.

        Raises:
            StorageError: the store cannot be written.
        """
        self._since = await self._database.write(
            lambda c: ends.begin(
                c, owner=self._owner, upstream=self._upstream.id, now=self._clock()
            ),
            name="notify.start",
        )

    async def run(self) -> None:
        """Tell until cancelled."""
        try:
            async with anyio.create_task_group() as self._tasks:
                while True:
                    await self._look()
                    await anyio.sleep(self._pause)
        finally:
            with anyio.CancelScope(shield=True):
                await self._messenger.close()

    async def finish(self) -> None:
        """Tell what has just ended, and wait a moment for what is being told.

        The rest is handed back when `run` is cancelled, for the next process.
        """
        with anyio.move_on_after(CLOSING):
            while await self._look() or self._telling:  # noqa: ASYNC110 -- the rows set no event
                await anyio.sleep(LOOK / 20)

    async def _look(self) -> int:
        """Take what is to be told, as far as there is room, and return how much that is."""
        taken = 0
        try:
            async with self._looking:
                for each in await self._due():
                    taken += await self._take(each)
        except StorageError as error:
            log.warning("ends of jobs cannot be told yet: %s", error)
        except Exception:  # a bug in here must not end the jobs beside it
            log.exception("ends of jobs could not be told by a bug")
        return taken

    async def _due(self) -> list[Due]:
        room = AT_ONCE - len(self._telling)
        if room <= 0 or self._tasks is None:
            return []
        look = partial(
            ends.due,
            owner=self._owner,
            upstream=self._upstream.id,
            since=self._since,
            now=self._clock(),
            limit=room,
        )
        return await self._database.read(look)

    async def _take(self, found: Due) -> bool:
        now, emulated = self._clock(), self._upstream.emulated
        end = await self._database.write(
            lambda c: ends.claim(c, found, emulated=emulated, now=now), name="notify.claim"
        )
        if end is None or self._tasks is None:
            return False
        self._telling.add(end.job)
        self._tasks.start_soon(self._tell, end)
        return True

    async def _tell(self, end: Claimed) -> None:
        done = False
        try:
            why = await self._told(end)
            done = True
            await self._note(end, why)
        except StorageError as error:  # the claim runs out, and it is told once more
            log.warning("job %s: it was not noted whether its end was told: %s", end.job, error)
        finally:
            self._telling.discard(end.job)
            if not done:
                with anyio.CancelScope(shield=True):
                    await self._hand_back(end)

    async def _told(self, end: Claimed) -> str | None:
        """Tell it, and return why that failed; a bug in here must not end the jobs beside it."""
        try:
            return await self._messenger.tell(end.message)
        except Exception as error:
            log.exception("job %s: its end was not told by a bug", end.job)
            return f"the program itself failed ({type(error).__name__})"

    async def _note(self, end: Claimed, why: str | None) -> None:
        now = self._clock()
        if why is None:
            await self._database.write(
                lambda c: ends.told(c, end, now=now), name="notify.delivered"
            )
            return
        pause = await self._database.write(
            lambda c: ends.failed(c, end, now=now), name="notify.failed"
        )
        log.warning(
            "job %s: %s was not told of its end: %s; the next try is in %.0f s",
            end.job,
            self._whom,
            why,
            pause,
        )

    async def _hand_back(self, end: Claimed) -> None:
        now = self._clock()
        try:
            await self._database.write(
                lambda c: ends.hand_back(c, end, now=now), name="notify.release"
            )
        except StorageError as error:  # the claim runs out
            log.warning("job %s: its end is told later: %s", end.job, error)
