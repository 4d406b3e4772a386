"""A small disk that a test fills and empties, and folders that are read-only or hang."""

import os
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from pathlib import Path

import anyio
import pytest

from stability_mcp.jobs.models import ANSWER_ROOM, JobRecord, SpoolRoom
from support.jobs.jobs import AT_ONCE, AccountJobs, running_jobs
from support.store.rows import rows

MIB = 1_048_576
ROOM = 4 * MIB
MIN_FREE = 2 * MIB
RESERVE = MIB
"""Sizes for the program that fit a small disk."""

SECONDS = 30
"""Timeout for events that take milliseconds on an idle machine."""


class Disk:
    """A small separate file system."""

    def __init__(self, folder: Path) -> None:
        self.home = folder / "home"
        self._filler = folder / "filler"

    def free(self) -> int:
        """Return the number of free bytes."""
        found = os.statvfs(self._filler.parent)
        return found.f_bavail * found.f_frsize

    def fill(self, leave: int = 0) -> None:
        """Fill the disk until at most `leave` bytes are free."""
        piece = bytes(4_096)
        with self._filler.open("ab", 0) as file:
            try:
                while self.free() > leave:
                    file.write(piece)
            except OSError:
                assert leave == 0

    def empty(self) -> None:
        """Free the space again."""
        self._filler.unlink()


@contextmanager
def small_disk(folder: Path, size: int = 24 * MIB) -> Iterator[Disk]:
    """Mount a small disk, or skip the test if that is not allowed."""
    folder.mkdir()
    mounted = _run("mount", "-t", "tmpfs", "-o", f"size={size}", "tmpfs", str(folder))
    if mounted:
        pytest.skip(f"cannot mount a small disk: {mounted}")
    try:
        yield Disk(folder)
    finally:
        assert _run("umount", str(folder)) == ""


@contextmanager
def read_only(folder: Path) -> Iterator[None]:
    """Make a folder read-only, even for root, or skip the test."""
    refused = _run("mount", "--bind", str(folder), str(folder)) or _run(
        "mount", "-o", "remount,ro,bind", str(folder)
    )
    if refused:
        pytest.skip(f"cannot make a folder read-only: {refused}")
    try:
        yield
    finally:
        assert _run("umount", str(folder)) == ""


class HangingFolder:
    """A folder in which linking a file blocks until the test releases it."""

    def __init__(self) -> None:
        self._began = threading.Event()
        self._released = threading.Event()

    async def began(self) -> None:
        """Wait until a file is about to be linked there."""
        assert await anyio.to_thread.run_sync(self._began.wait, SECONDS)

    def hang(self) -> None:
        """Hang until `release`."""
        self._began.set()
        self._released.wait(2 * SECONDS)

    def release(self) -> None:
        """Let everything continue."""
        self._released.set()


@contextmanager
def hanging(folder: Path) -> Iterator[HangingFolder]:
    """Let a folder hang like a disconnected drive, until released or the block ends."""
    found, link = HangingFolder(), os.link

    def slow(source: Path, target: Path) -> None:
        if folder in target.parents:
            found.hang()
        link(source, target)

    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(os, "link", slow)
        try:
            yield found
        finally:
            found.release()


def _run(*command: str) -> str:
    """Run a command and return its error, or "" if it succeeded."""
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=30, check=False)
    except OSError as error:
        return str(error)
    return "" if done.returncode == 0 else done.stderr.strip() or f"{command[0]} failed"


SMALL_ROOM = SpoolRoom(answers=dict.fromkeys(ANSWER_ROOM, ROOM), min_free=MIN_FREE, reserve=RESERVE)
"""Limits that fit a small disk."""
SOON = replace(AT_ONCE, disk_retry_seconds=0.05, max_pause_seconds=0.2)
"""Retries soon."""

running_jobs_on_small_disk = partial(running_jobs, room=SMALL_ROOM, timing=SOON)
"""Like `running_jobs`, on a disk of a few megabytes."""


async def until_progress(jobs: AccountJobs, job: str, *words: str) -> JobRecord:
    """Wait until the progress of a job contains these words."""
    with anyio.fail_after(SECONDS):
        while True:
            [view] = await jobs.views([job])
            if all(word in view.progress for word in words):
                return view
            assert not view.finished, (view.state, view.error)
            await anyio.sleep(0.01)


async def until_state(home: Path, state: str) -> None:
    """Wait until the only job of a store is in a state."""
    with anyio.fail_after(SECONDS):
        while rows(home, "SELECT state FROM jobs") != [(state,)]:  # noqa: ASYNC110 -- rows set no event
            await anyio.sleep(0.01)
