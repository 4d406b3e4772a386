"""A server process that imports the program once and forks a child for each row of a kill table.

Starting Python and importing the program takes ten times as long as the work of most rows.
`python -m support.jobs.forks` reads one request a line, `[work, arguments]`. It answers with the
child's id at once, then "stopped" whenever the child is stopped, then its exit code. It has one
thread and opens no files, so a child begins like a newly started process.
"""

import json
import os
import pkgutil
import signal
import subprocess
import sys
import traceback
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from typing import IO

from anyio import CancelScope, to_thread

PRELOADED = (
    "support.jobs.keyed_process",
    "support.jobs.worker_process",
    "support.jobs.killed_job_writes",
    "support.jobs.killed_studio_writes",
    "support.jobs.killed_upload_writes",
    "support.jobs.killed_webhook_writes",
    "support.maintenance.backups",
    "support.workflows.killed_runs",
)
"""Modules every child needs; importing them is nine tenths of the start-up time."""

STOPPED = "stopped\n"

MAX_SECONDS = 90
"""The kernel ends a child after this time, even if its test is gone."""


class Child:
    """A forked process."""

    def __init__(self, pid: int, answers: IO[str]) -> None:
        self._pid = pid
        self._answers = answers
        self._code: int | None = None

    @property
    def pid(self) -> int:
        """Return its process id."""
        return self._pid

    def send_signal(self, number: int) -> None:
        """Send a signal, unless the child is known to have ended."""
        if self._code is None:
            os.kill(self._pid, number)

    async def stopped(self) -> None:
        """Wait until a signal has stopped the child."""
        answer = await to_thread.run_sync(self._answers.readline)
        if answer != STOPPED:
            self._code = int(answer)
        assert answer == STOPPED, f"the child ended with {self._code}"

    async def wait(self) -> int:
        """Wait for the end and return the exit code; a negative one is the signal that ended it."""
        if self._code is None:
            self._code = int(await to_thread.run_sync(self._answers.readline))
        return self._code


class Forks:
    """The forking server; one child at a time."""

    def __init__(self, server: "subprocess.Popen[str]") -> None:
        self._server = server

    @asynccontextmanager
    async def child(self, work: str, *arguments: str) -> AsyncIterator[Child]:
        """Run `work`, given as `module:name`, in a child that is killed when the block ends."""
        requests, answers = self._server.stdin, self._server.stdout
        assert requests is not None
        assert answers is not None
        requests.write(f"{json.dumps([work, arguments])}\n")
        requests.flush()
        child = Child(int(await to_thread.run_sync(answers.readline)), answers)
        try:
            yield child
        finally:
            with CancelScope(shield=True):
                child.send_signal(signal.SIGKILL)
                await child.wait()

    async def run(self, work: str, *arguments: str) -> int:
        """Run `work` in a child and return its exit code."""
        async with self.child(work, *arguments) as child:
            return await child.wait()


@contextmanager
def forking() -> Iterator[Forks]:
    """Run a forking server until the block ends."""
    command = [sys.executable, "-m", "support.jobs.forks"]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as server:
        yield Forks(server)


def _serve() -> None:
    for module in PRELOADED:
        __import__(module)
    for line in sys.stdin:
        work, arguments = json.loads(line)
        child = os.fork()
        if child == 0:
            _run(work, arguments)
        _answer(f"{child}\n")
        while os.WIFSTOPPED(status := os.waitpid(child, os.WUNTRACED)[1]):
            _answer(STOPPED)
        _answer(f"{os.waitstatus_to_exitcode(status)}\n")


def _answer(line: str) -> None:
    sys.stdout.write(line)
    sys.stdout.flush()


def _run(work: str, arguments: list[str]) -> None:
    """Do the work of a child and end it; the server's stdout is closed to it."""
    code = 1
    try:
        signal.alarm(MAX_SECONDS)
        null = os.open(os.devnull, os.O_RDWR)
        os.dup2(null, 0)
        os.dup2(null, 1)
        pkgutil.resolve_name(work)(*arguments)
        code = 0
    except BaseException:  # noqa: BLE001 -- the child must not run its parent's code
        traceback.print_exc()
    finally:
        sys.stderr.flush()
        os._exit(code)


if __name__ == "__main__":
    _serve()
