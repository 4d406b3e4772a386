"""Recovery: finds dead processes by their locks and takes over their jobs.

A lock that can be taken, or that stays away while its process still has a row, has no living owner.
Probing costs a listing of one folder and a try of each lock, so it is done often; the rows are read
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
"""How often a lock that is held is tried: another process may be trying it at that moment."""
PROBE_INTERVAL_SECONDS = 0.02
"""Seconds."""


async def dead_processes(context: JobContext, processes: Collection[str]) -> frozenset[str]:
    """Return the dead among the processes in which identical calls seem to wait."""
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
    """Takes over the jobs of dead processes, for this one.

    Args:
        context: What the steps share.
        process: This process.
        engine: Carries out what was taken.
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
        """Look for the dead until cancelled."""
        async with anyio.create_task_group() as group:
            while True:
                await anyio.sleep(self._context.timing.recovery_seconds)
                if self._copies_missing and not self._copying:
                    group.start_soon(self._write_missing_copies)
                try:
                    changed = self._changes.changed()  # before the rows are read
                    seen = await in_file_thread(partial(self._probe, changed=changed))
                    await self._keep_registered(restored=seen.restored)
                    if await self._has_unowned_or_gone(seen) or seen.free:
                        await self.recover()
                except (StorageError, OSError) as error:
                    self._changes.forget()
                    log.warning("jobs of an ended process could not be adopted yet: %s", error)

    async def recover(self, *, starting: bool = False) -> Recovered:
        """Take over what dead processes left, and what was handed back."""
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
            log.warning("job %s: its program ended while the request was out", job.id)
        await self._sweep_spool()
        if done.paused:
            log.warning("%d jobs were queued long ago and are not sent unasked", done.paused)
        if done.jobs:
            log.info("%d jobs of ended processes go on here", done.jobs)
            self._engine.rescan()
        if starting or dead:
            await revisit_missing(context, self._engine, self._process.id)
        return done

    async def _write_missing_copies(self) -> None:
        """Write what ended processes owe: neither a start nor a look waits for a slow folder."""
        self._copies_missing, self._copying = False, True
        try:
            await write_missing_copies(self._context)
        except (StorageError, OSError) as error:
            self._copies_missing = True
            log.warning("copies of an ended process could not be written yet: %s", error)
        finally:
            self._copying = False

    async def _keep_registered(self, *, restored: bool) -> None:
        """See that others can tell that this process lives, whoever tidied up the locks."""
        if restored:
            self._unregistered = True
            log.warning("the lock of this process was deleted; it is made anew")
        if self._unregistered:
            await self._context.database.write(
                self._process.register_again, name="recover.register_again"
            )
            self._unregistered = False

    async def _sweep_spool(self) -> None:
        """Remove what ended processes left and nobody needs."""
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
            known = _names(home) | listed | self._gone()
            return [each for each in sorted(known - {me}) if try_lock(lock_path(home, each), locks)]

        return await in_file_thread(probe)

    def _probe(self, *, changed: bool) -> "_Seen":
        """Look at the files of the locks; in a thread."""
        restored = self._process.restore_lock()
        free = self._any_free_lock()
        return _Seen(restored, changed, free, _names(self._context.database.home))

    async def _has_unowned_or_gone(self, seen: "_Seen") -> bool:
        """Return whether jobs were handed back, or a lock is gone for good."""
        me, upstream, names = self._process.id, self._context.upstream.id, seen.names
        if seen.changed:
            self._unowned, self._listed = await self._context.database.read(
                lambda c: (recover.has_unowned(c, upstream), _others(c, me))
            )
            # A process makes its lock before its row, so the locks are listed after the rows.
            names = await in_file_thread(lambda: _names(self._context.database.home))
        missing = self._listed - names
        self._missing = {each: self._missing.get(each, 0) + 1 for each in missing}
        return self._unowned or bool(self._gone())

    def _gone(self) -> set[str]:
        return {each for each, probes in self._missing.items() if probes >= MAX_MISSING_PROBES}

    def _any_free_lock(self) -> bool:
        """Return whether a lock of another process is free."""
        home, me = self._context.database.home, self._process.id
        with ExitStack() as locks:
            return any(try_lock(lock_path(home, each), locks) for each in _names(home) - {me})


@dataclass(frozen=True, slots=True)
class _Seen:
    """What one look at the files found."""

    restored: bool
    """Whether the lock of this process was missing, and is there again."""
    changed: bool
    """Whether the database has changed since the last look."""
    free: bool
    """Whether the lock of another process is free."""
    names: set[str]
    """The processes that have a lock file."""


async def revisit_missing(
    context: JobContext, engine: Engine, process: str, jobs: Sequence[str] | None = None
) -> None:
    """Have the engine poll once for each missing generation.

    A job that was polled less than `poll_interval` ago is polled when that time is over.

    Args:
        context: What the steps share.
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
    except StorageError as error:  # the rows stay as they are, and the next call tries again
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
