"""Recovery: finds dead processes by their locks and takes over their jobs.

A process is dead if its lock can be taken, or if its lock file stays missing while it has a row.
Probing is cheap (it lists one folder and tries each lock), so it happens often; the rows are read
only after the database has changed.
"""

import logging
import time
from collections.abc import Collection, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import anyio

from stability_mcp.errors import StorageError
from stability_mcp.jobs.engine import Engine
from stability_mcp.jobs.process_lock import ProcessLock, remove_held
from stability_mcp.jobs.steps.context import JobContext
from stability_mcp.jobs.steps.store_result import write_missing_copies
from stability_mcp.jobs.transactions import recover
from stability_mcp.jobs.transactions.recover import MissingGeneration, Recovered, RecoveringProcess
from stability_mcp.store.changes import ChangeWatch
from stability_mcp.store.format import LOCK_SUFFIX, MAX_MISSING_PROBES, lock_path
from stability_mcp.store.locks import try_lock
from stability_mcp.store.queries import Connection, load
from stability_mcp.store.threads import in_file_thread

MAX_PROBES = 3
"""How often a held lock is tried: another process may be probing it at that moment."""
PROBE_INTERVAL_SECONDS = 0.02


async def dead_processes(context: JobContext, processes: Collection[str]) -> frozenset[str]:
    """Return which of these processes are dead; identical calls seem to be waiting in them."""
    alive, dead = set(processes), set[str]()
    for attempt in range(MAX_PROBES):
        if not alive:
            break
        if attempt:
            await anyio.sleep(PROBE_INTERVAL_SECONDS)
        free = await in_file_thread(partial(_free_locks, context, frozenset(alive)))
        dead |= free
        alive -= free
    return frozenset(dead)


def _free_locks(context: JobContext, processes: frozenset[str]) -> set[str]:
    paths = {each: lock_path(context.database.home, each) for each in processes}
    with ExitStack() as locks:
        return {each for each, path in paths.items() if not path.exists() or try_lock(path, locks)}


log = logging.getLogger(__name__)

_SQL = load(__file__)
_other_processes = _SQL.values("other_processes", str)


class Recovery:
    """Takes over the jobs of dead processes for this one.

    Args:
        context: The state that all steps share.
        process: This process.
        engine: Runs the recovered jobs.
    """

    def __init__(self, context: JobContext, process: ProcessLock, engine: Engine) -> None:
        self._context = context
        self._process = process
        self._engine = engine
        self._copies_missing = True
        self._copying = False
        self._unregistered = False
        self._missing: dict[str, int] = {}
        self._changes = ChangeWatch(context.database)
        self._unowned = False
        self._listed = set[str]()
        """The other processes that have a row, as of the last read."""

    async def run(self) -> None:
        """Probe for dead processes until cancelled."""
        async with anyio.create_task_group() as group:
            while True:
                await anyio.sleep(self._context.timing.recovery_seconds)
                if self._copies_missing and not self._copying:
                    group.start_soon(self._write_missing_copies)
                try:
                    changed = self._changes.changed()  # before the rows are read
                    result = await in_file_thread(partial(self._probe, changed=changed))
                    await self._keep_registered(restored=result.restored)
                    if await self._has_unowned_jobs(result) or result.free:
                        await self.recover()
                except (StorageError, OSError) as error:
                    self._changes.forget()
                    log.warning("jobs of dead processes could not be recovered yet: %s", error)

    async def recover(self, *, starting: bool = False) -> Recovered:
        """Take over the jobs of dead processes, and jobs that other processes released."""
        with ExitStack() as locks:
            dead = await self._dead(locks, starting=starting)
            context, now = self._context, self._context.clock()
            recovering = RecoveringProcess(process=self._process.id, upstream=context.upstream.id)
            done = await context.database.write(
                lambda c: recover.recover_jobs(
                    c, recovering, dead=dead, now=now, starting=starting
                ),
                name="recover.jobs",
                durable=True,
            )
            for each in dead:
                remove_held(lock_path(context.database.home, each))
        self._copies_missing = self._copies_missing or bool(dead)
        context.session += done.spent
        for job in done.lost:
            log.warning(
                "job %s: outcome unknown: its process ended after sending the request", job.id
            )
        await self._sweep_spool()
        if done.paused:
            log.warning("%d jobs queued long ago are paused until the user decides", done.paused)
        if done.jobs:
            log.info("%d jobs recovered from ended processes", done.jobs)
            self._engine.rescan()
        if starting or dead:
            await revisit_missing(context, self._engine, self._process.id)
        return done

    async def _write_missing_copies(self) -> None:
        """Write the copies that ended processes did not write, without delaying the probes."""
        self._copies_missing, self._copying = False, True
        try:
            await write_missing_copies(self._context)
        except (StorageError, OSError) as error:
            self._copies_missing = True
            log.warning(
                "readable copies left by ended processes could not be written yet: %s", error
            )
        finally:
            self._copying = False

    async def _keep_registered(self, *, restored: bool) -> None:
        """Register this process again after its lock file was deleted."""
        if restored:
            self._unregistered = True
            log.warning("the lock file of this process was deleted; created it again")
        if self._unregistered:
            await self._context.database.write(
                self._process.register_again, name="recover.register_again"
            )
            self._unregistered = False

    async def _sweep_spool(self) -> None:
        """Remove files that ended processes left and no job needs."""
        folder, spool = self._context.database.home / "spool", self._context.spool
        files = await in_file_thread(lambda: list(folder.iterdir()))
        jobs = {path.name.partition(".")[0] for path in files}
        if jobs:
            ended, lease_versions = await self._context.database.read(
                lambda c: (recover.ended_jobs(c, jobs), recover.lease_versions(c, jobs))
            )
            await in_file_thread(lambda: spool.sweep_dead(files, ended, lease_versions))

    async def _dead(self, locks: ExitStack, *, starting: bool) -> list[str]:
        """Return the ids of dead processes; their locks are held until `locks` is closed."""
        me, home = self._process.id, self._context.database.home
        listed = await self._context.database.read(lambda c: _others(c, me)) if starting else set()

        def probe() -> list[str]:
            known = _names(home) | listed | self._without_lock()
            return [each for each in sorted(known - {me}) if try_lock(lock_path(home, each), locks)]

        return await in_file_thread(probe)

    def _probe(self, *, changed: bool) -> "_ProbeResult":
        """Probe the lock files; call it in a thread."""
        restored = self._process.restore_lock()
        free = self._any_free_lock()
        return _ProbeResult(restored, changed, free, _names(self._context.database.home))

    async def _has_unowned_jobs(self, result: "_ProbeResult") -> bool:
        """Return whether jobs were released, or a lock file has been missing for too long."""
        me, upstream, names = self._process.id, self._context.upstream.id, result.names
        if result.changed:
            self._unowned, self._listed = await self._context.database.read(
                lambda c: (recover.has_unowned(c, upstream), _others(c, me))
            )
            # A process creates its lock before its row, so list the locks after the rows.
            names = await in_file_thread(lambda: _names(self._context.database.home))
        missing = self._listed - names
        self._missing = {each: self._missing.get(each, 0) + 1 for each in missing}
        return self._unowned or bool(self._without_lock())

    def _without_lock(self) -> set[str]:
        return {each for each, probes in self._missing.items() if probes >= MAX_MISSING_PROBES}

    def _any_free_lock(self) -> bool:
        """Return whether a lock of another process is free."""
        home, me = self._context.database.home, self._process.id
        with ExitStack() as locks:
            return any(try_lock(lock_path(home, each), locks) for each in _names(home) - {me})


@dataclass(frozen=True, slots=True)
class _ProbeResult:
    """The result of probing the lock files."""

    restored: bool
    """Whether the lock of this process was missing and has been created again."""
    changed: bool
    """Whether the database has changed since the last probe."""
    free: bool
    """Whether the lock of another process is free."""
    names: set[str]
    """The processes that have a lock file."""


async def revisit_missing(
    context: JobContext, engine: Engine, process: str, jobs: Sequence[str] | None = None
) -> None:
    """Have the engine poll each missing generation once.

    A job that was polled less than `poll_interval` ago is polled when that time is up.

    Args:
        context: The state that all steps share.
        engine: Runs the polls.
        process: The id of this process.
        jobs: The jobs; None: all of this upstream.
    """
    upstream, since = context.upstream.id, context.clock() - context.timing.expires_after_seconds
    try:
        if jobs is None:
            jobs = await context.database.read(
                lambda c: recover.find_missing(c, upstream=upstream, since=since)
            )
        wanted = [job for job in jobs if job not in context.revisiting]
        found: list[MissingGeneration] = []
        if wanted:
            recovering = RecoveringProcess(process=process, upstream=upstream)
            found = await context.database.write(
                lambda c: recover.take_missing(c, wanted, recovering, since=since),
                name="recover.take_missing",
            )
    except StorageError as error:  # the rows are unchanged, and the next call tries again
        log.warning("missing generations could not be polled: %s", error)
        return
    for each in found:
        context.revisiting.add(each.id)
        polled_at = context.searches[each.id].polled_at
        pause = 0.0 if polled_at is None else polled_at + context.poll_interval() - time.monotonic()
        engine.revisit(
            each.id, seq=each.seq, lease_version=each.lease_version, seconds=max(pause, 0.0)
        )


def _names(home: Path) -> set[str]:
    """Return the ids of the processes that have a lock file."""
    return {
        path.name.removesuffix(LOCK_SUFFIX) for path in (home / "locks").glob(f"*{LOCK_SUFFIX}")
    }


def _others(connection: Connection, me: str) -> set[str]:
    return set(_other_processes(connection, me=me))
