"""The runs of this process: a driver for each, and those of dead processes are taken over.

The modules of the driver are imported with the first run, not when the server starts.
"""

import logging
from collections.abc import Awaitable, Callable
from functools import partial
from typing import TYPE_CHECKING

import anyio
from anyio.abc import TaskGroup

from stability_mcp.errors import NotFoundError, StorageError, StudioError
from stability_mcp.jobs.jobs import Jobs
from stability_mcp.store.changes import ChangeWatch
from stability_mcp.store.database import Database
from stability_mcp.store.queries import load
from stability_mcp.store.tenancy import Account

if TYPE_CHECKING:
    from stability_mcp.workflows.runs.run_driver import DriverContext, RunDriver
    from stability_mcp.workflows.runs.run_port import StepRunner

ADOPT_SECONDS = 2.0
"""Interval at which the runs of dead processes are looked for; jobs are taken over as fast."""

log = logging.getLogger(__name__)

_open_processes = load(__file__).values("open_processes", str)


class RunHost:
    """Drives the runs of one account in this process.

    Args:
        database: The store.
        jobs: The jobs of the process.
        account: The account.
        steps: Returns what makes the items of a run, by its id.
        clock: Returns the time in unix seconds.
    """

    def __init__(
        self,
        database: Database,
        jobs: Jobs,
        account: Account,
        *,
        steps: "Callable[[str], Awaitable[StepRunner]]",
        clock: Callable[[], float],
    ) -> None:
        self._database = database
        self._jobs = jobs
        self._account = account
        self._steps = steps
        self._clock = clock
        self._drivers: dict[str, RunDriver] = {}
        self.abandoned: set[str] = set()
        """Runs whose caller was cut off before it got their outcome; see `run_start`."""
        self._wanted: set[str] = set()
        """Runs that continue, although their driver may be about to end."""
        self._group: TaskGroup | None = None
        self._changes = ChangeWatch(database)
        self._shared: DriverContext | None = None
        self._starting = True
        """Whether this process has not looked for runs yet: old ones are paused then."""
        self._others_run = False
        """Whether another process had a run at the last look: it may have died since."""

    async def run(self) -> None:
        """Drive runs until cancelled, those of dead processes as well."""
        async with anyio.create_task_group() as group:
            self._group = group
            try:
                while True:
                    try:
                        if self._changes.changed() or self._others_run:
                            await self._adopt()
                            self._starting = False
                    except (StudioError, OSError) as error:
                        self._changes.forget()
                        log.warning("workflows of dead processes could not continue yet: %s", error)
                    except Exception:  # the server works on, and so do the runs it drives
                        log.exception("workflows of dead processes could not continue")
                    await anyio.sleep(ADOPT_SECONDS)
            finally:
                self._group = None

    async def _adopt(self) -> None:
        """Take over the runs of dead processes."""
        account, mine = self._account, self._jobs.runner.process
        processes = await self._database.read(lambda c: _open_processes(c, **account.key))
        others = frozenset(each for each in processes if each and each != mine)
        self._others_run = bool(others)
        own = [each for each in processes if each in {"", mine}]
        if not others and not own:
            return
        dead = await self._jobs.runner.dead(others)
        if not dead and not own:
            return
        from stability_mcp.workflows.runs import run_takeover

        rows = await self._database.read(lambda c: run_takeover.running(c, account.upstream))
        for row in rows:
            if row.owner != account.owner:
                continue
            is_orphan = row.process is None or row.process in dead
            if is_orphan and await self._database.write(
                partial(
                    run_takeover.take_run,
                    run=row,
                    process=mine,
                    now=self._clock(),
                    starting=self._starting,
                ),
                name="workflow.take_run",
            ):
                log.info("run %s continues in this process", row.id)
                await self.drive(row.id)
            elif row.process == mine and row.id not in self._drivers:
                await self.drive(row.id)

    async def drive(self, run: str) -> None:
        """Drive a run that belongs to this process; wakes its driver if it has one."""
        driver = self._drivers.get(run)
        if driver is not None:
            self._wanted.add(run)
            driver.wake()
            return
        if self._group is None:
            return  # the process ends: the next one takes the run over
        from stability_mcp.workflows.runs.run_driver import DriverContext, RunDriver

        self._shared = self._shared or DriverContext(
            database=self._database, jobs=self._jobs, account=self._account, clock=self._clock
        )
        try:
            steps = await self._steps(run)
        except (StorageError, NotFoundError):
            raise
        except Exception as error:
            log.exception("run %s can't be driven", run)
            await self._pause(run, error)
            return
        driver = RunDriver(self._shared, run, steps)
        if run not in self._drivers:
            self._drivers[run] = driver
            self._group.start_soon(self._drive, run, driver)

    async def _drive(self, run: str, driver: "RunDriver") -> None:
        from stability_mcp.workflows.runs import run_rows

        try:
            while True:
                self._wanted.discard(run)
                await driver.drive()
                row = await self._database.read(lambda c: run_rows.find_run(c, self._account, run))
                is_mine = row.state == "running" and row.process == self._jobs.runner.process
                # The user may have continued it between its last step and now.
                if not is_mine and run not in self._wanted:
                    return
        except (StorageError, NotFoundError) as error:  # `_adopt` finds it again, if it exists
            self._changes.forget()
            log.warning("run %s stopped: %s", run, error)
        except Exception as error:
            log.exception("run %s stopped because of a mistake in this program", run)
            await self._pause(run, error)
        finally:
            self._wanted.discard(run)
            del self._drivers[run]
            for each in driver.listeners:
                each.set()

    async def _pause(self, run: str, error: Exception) -> None:
        """Pause a run that can't continue because of an unexpected error."""
        from stability_mcp.workflows.runs import run_fence

        while isinstance(error, ExceptionGroup):
            error = error.exceptions[0]
        why = f"A mistake in this program ({type(error).__name__}); its log says more."
        now, process = self._clock(), self._jobs.runner.process
        try:
            await self._database.write(
                lambda c: run_fence.pause(c, run, process, why=why, now=now),
                name="workflow.stopped",
            )
        except StorageError as failed:
            self._changes.forget()
            log.warning("run %s could not be paused: %s", run, failed)

    def wake(self, run: str) -> None:
        """Let the driver of a run read the rows again, if this process has one."""
        if run in self._drivers:
            self._drivers[run].wake()

    async def changed(self, run: str, seconds: float) -> None:
        """Return when a run may have changed, or after some seconds; spurious returns happen."""
        driver = self._drivers.get(run)
        event = anyio.Event()
        if driver is not None:
            driver.listeners.add(event)
        with anyio.move_on_after(seconds):
            await event.wait()
        if driver is not None:
            driver.listeners.discard(event)
