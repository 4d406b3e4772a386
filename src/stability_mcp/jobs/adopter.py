"""The adopter: finds dead processes by their locks and takes over what they left.

A lock that can be taken, or that is gone while its process still has a row, has no living owner.
Looking costs a listing of one folder and one look at an index, so it is done often.
"""

import logging
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path

import anyio
from sqlalchemy import text

from stability_mcp.errors import StorageError
from stability_mcp.jobs.journal import adoption
from stability_mcp.jobs.journal.adoption import Adopted
from stability_mcp.jobs.process import SUFFIX, Process, lock_path, took
from stability_mcp.jobs.steps.workshop import Workshop

SECONDS = 1.0
"""How often the locks are tried: what a dead process left goes on within twice that."""

log = logging.getLogger(__name__)

_REGISTERED = text("SELECT id FROM processes WHERE id <> :me")


class Adopter:
    """Takes over the jobs of dead processes, for this one.

    Args:
        shop: What the steps share.
        process: This process.
        adopted: Called when jobs were taken.
    """

    def __init__(self, shop: Workshop, process: Process, adopted: Callable[[], None]) -> None:
        self._shop = shop
        self._process = process
        self._adopted = adopted
        self._unlisted = False

    async def run(self) -> None:
        """Look for the dead until cancelled."""
        while True:
            await anyio.sleep(SECONDS)
            try:
                await self._stay_known()
                if await self._shop.on_disk(self._any_free_lock) or await self._orphans():
                    await self.adopt()
            except (StorageError, OSError) as error:
                log.warning("jobs of an ended process could not be adopted yet: %s", error)

    async def adopt(self, *, starting: bool = False) -> Adopted:
        """Take over what dead processes left, and what was handed back."""
        with ExitStack() as held:
            dead = await self._dead(held)
            shop, now = self._shop, self._shop.clock()
            done = await shop.database.write(
                lambda c: adoption.adopt(
                    c,
                    me=self._process.id,
                    upstream=shop.upstream.id,
                    dead=dead,
                    now=now,
                    starting=starting,
                ),
                durable=True,
            )
            for each in dead:
                lock_path(shop.database.home, each).unlink(missing_ok=True)
        shop.session += done.spent
        for job in done.lost:
            log.warning("job %s: its program ended while the request was out", job.id)
        await self._sweep_spool()
        if done.paused:
            log.warning("%d jobs were queued long ago and are not sent unasked", done.paused)
        if done.jobs:
            log.info("%d jobs of ended processes go on here", done.jobs)
            self._adopted()
        return done

    async def _stay_known(self) -> None:
        """See that others can tell that this process lives, whoever tidied up the locks."""
        if await self._shop.on_disk(self._process.lock_again):
            self._unlisted = True
            log.warning("the lock of this process was deleted; it is made anew")
        if self._unlisted:
            await self._shop.database.write(self._process.list_again)
            self._unlisted = False

    async def _sweep_spool(self) -> None:
        """Remove what ended processes left and nobody needs."""
        folder, spool = self._shop.database.home / "spool", self._shop.spool
        files = await self._shop.on_disk(lambda: list(folder.iterdir()))
        jobs = {path.name.partition(".")[0] for path in files}
        if jobs:
            ended, left = await self._shop.database.read(
                lambda c: (adoption.ended(c, jobs), adoption.epochs(c, jobs))
            )
            await self._shop.on_disk(lambda: spool.sweep_dead(files, ended, left))

    async def _dead(self, held: ExitStack) -> list[str]:
        """Return the ids of dead processes; their locks are held until `held` is closed."""
        me, home = self._process.id, self._shop.database.home
        rows = await self._shop.database.read(
            lambda c: list(c.execute(_REGISTERED, {"me": me}).scalars())
        )

        def probe() -> list[str]:
            known = {path.name.removesuffix(SUFFIX) for path in _locks(home)} | set(rows)
            return [each for each in sorted(known - {me}) if took(lock_path(home, each), held)]

        return await self._shop.on_disk(probe)

    async def _orphans(self) -> bool:
        """Return whether a process handed jobs back when it ended."""
        upstream = self._shop.upstream.id
        return await self._shop.database.read(lambda c: adoption.orphaned(c, upstream))

    def _any_free_lock(self) -> bool:
        """Return whether a lock of another process is free."""
        own = lock_path(self._shop.database.home, self._process.id)
        with ExitStack() as held:
            return any(took(path, held) for path in _locks(own.parent.parent) if path != own)


def _locks(home: Path) -> list[Path]:
    return list((home / "locks").glob(f"*{SUFFIX}"))
