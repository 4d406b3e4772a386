"""Delivers the ends of jobs to a webhook or a command (STABILITY_ON_DONE), at least once."""

import json
import logging
import os
import signal
import subprocess
import time
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any, Protocol

import anyio
from anyio import to_thread
from anyio.abc import Process

from stability_mcp import __version__
from stability_mcp.errors import StorageError
from stability_mcp.notify import outbox
from stability_mcp.notify.outbox import ClaimedEnd, DueEnd
from stability_mcp.settings import NEAR_MISSES, read_target, shown_target, variable
from stability_mcp.store.database import Database
from stability_mcp.store.tenancy import Account

URL_SECONDS = 10.0
"""Longest wait for an address to answer."""
COMMAND_SECONDS = 30.0
"""Longest time that a command may take; then it is ended."""

SECRET_VARIABLES = frozenset({variable("api_key"), variable("on_done"), *NEAR_MISSES})
"""Variables that no command gets: they hold secrets that are not its own."""

INTERVAL_SECONDS = 1.0
"""Seconds between two looks at the rows."""
MAX_CONCURRENT = 4
"""Ends that are told at the same time."""
CLOSING_SECONDS = 2.0
"""Seconds for which the end of the server waits for what is being told; hosts wait no longer."""

log = logging.getLogger(__name__)


class Target(Protocol):
    """Tells somebody."""

    async def send(self, message: Mapping[str, Any]) -> str | None:
        """Tell it and return None, or why it could not be told."""
        ...

    async def close(self) -> None:
        """Let go of connections."""
        ...


def target_of(target: str) -> Target:
    """Return what tells a target: a URL or a command, as `settings.read_target` reads it."""
    read = read_target(target)
    return WebhookTarget(read) if isinstance(read, str) else CommandTarget(read)


class WebhookTarget:
    """Posts JSON to a URL.

    Args:
        url: Where; it may hold a user and a password.
        seconds: Longest wait for the answer.
    """

    def __init__(self, url: str, *, seconds: float = URL_SECONDS) -> None:
        self._url = url
        self._seconds = seconds
        self._client: Any = None  # httpx2 takes 40 ms to import, so it is, in a thread, when needed
        self._making = anyio.Lock()

    async def send(self, message: Mapping[str, Any]) -> str | None:
        """Post it; any 2xx means that it arrived."""
        async with self._making:
            if self._client is None:
                self._client = await to_thread.run_sync(partial(_client, self._seconds))
        try:
            with anyio.fail_after(self._seconds):
                request = self._client.build_request("POST", self._url, json=dict(message))
                response = await self._client.send(request, stream=True)
                await response.aclose()
        except TimeoutError:
            return f"no answer within {self._seconds:g} s"
        except Exception as error:  # noqa: BLE001 -- a port of 99999 ends in a group of errors
            return type(error).__name__  # its text may repeat the address
        return None if response.is_success else f"it answered {response.status_code}"

    async def close(self) -> None:
        """Close every connection."""
        if self._client is not None:
            await self._client.aclose()


class CommandTarget:
    """Starts a command with JSON on its standard input, without a shell.

    Args:
        words: The program and its arguments.
        seconds: Longest time that it may take.
    """

    def __init__(self, words: tuple[str, ...], *, seconds: float = COMMAND_SECONDS) -> None:
        self._words = words
        self._seconds = seconds

    async def send(self, message: Mapping[str, Any]) -> str | None:
        """Run it; exit code 0 means that it was told. What it prints is thrown away."""
        environment = {
            name: value for name, value in os.environ.items() if name not in SECRET_VARIABLES
        }
        try:
            process = await anyio.open_process(
                self._words,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                env=environment,
                start_new_session=True,  # what ends the server by its terminal does not end it
            )
        except (OSError, ValueError) as error:
            return f"it cannot be started ({type(error).__name__})"
        code: int | None = None
        try:
            with anyio.move_on_after(self._seconds):
                await _feed(process, json.dumps(message).encode() + b"\n")
                code = await process.wait()
        finally:
            with anyio.CancelScope(shield=True):
                if code is None:
                    _end(process)
                await process.aclose()
        if code is None:
            return f"it took longer than {self._seconds:g} s and was ended"
        return None if code == 0 else f"it ended with exit code {code}"

    async def close(self) -> None:
        """Do nothing: no command outlives its message."""


async def _feed(process: Process, data: bytes) -> None:
    if process.stdin is None:  # pragma: no cover -- it is a pipe
        return
    try:
        await process.stdin.send(data)
        await process.stdin.aclose()
    except (anyio.BrokenResourceError, anyio.ClosedResourceError, OSError):
        return  # it does not want to read: its exit code says whether that is well


def _end(process: Process) -> None:
    """End a command and what it started: they are a session of their own."""
    try:
        if os.name == "nt":
            process.kill()
        else:
            os.killpg(process.pid, signal.SIGKILL)
    except ProcessLookupError:
        return  # it ended by itself just now


def _client(seconds: float) -> Any:  # noqa: ANN401 -- a client of a library that is loaded late
    import httpx2

    from stability_mcp.client.tls import tls_context

    return httpx2.AsyncClient(
        verify=tls_context(),
        headers={"user-agent": f"stability-mcp/{__version__}"},
        timeout=seconds,
        limits=httpx2.Limits(max_keepalive_connections=0),
        follow_redirects=False,
    )


class Delivery:
    """Delivers the ends of the jobs of one account.

    Args:
        database: The store.
        target: The URL or command.
        account: Whose jobs.
        clock: Unix seconds.
        interval: Seconds between two looks at the rows.
    """

    def __init__(
        self,
        database: Database,
        target: str,
        account: Account,
        *,
        clock: Callable[[], float] = time.time,
        interval: float = INTERVAL_SECONDS,
    ) -> None:
        self._database = database
        self._target_name = shown_target(target)
        self._account = account
        self._clock = clock
        self._interval = interval
        self._target = target_of(target)
        self._since = 0.0
        self._delivering: set[str] = set()
        self._claiming = anyio.Lock()
        self._tasks: anyio.abc.TaskGroup | None = None

    async def begin(self) -> None:
        """Note that ends are told from now on; before any job of this process can end.

        Raises:
            StorageError: the store cannot be written.
        """
        self._since = await self._database.write(
            lambda c: outbox.start(c, self._account, now=self._clock()),
            name="notify.start",
        )

    async def run(self) -> None:
        """Tell until cancelled."""
        try:
            async with anyio.create_task_group() as self._tasks:
                while True:
                    await self._claim_due()
                    await anyio.sleep(self._interval)
        finally:
            with anyio.CancelScope(shield=True):
                await self._target.close()

    async def finish(self) -> None:
        """Tell what has just ended, and wait a moment for what is being told.

        The rest is handed back when `run` is cancelled, for the next process.
        """
        with anyio.move_on_after(CLOSING_SECONDS):
            while await self._claim_due() or self._delivering:  # noqa: ASYNC110 -- the rows set no event
                await anyio.sleep(INTERVAL_SECONDS / 20)

    async def _claim_due(self) -> int:
        """Take what is to be told, as far as there is room, and return how much that is."""
        claimed = 0
        try:
            async with self._claiming:
                for each in await self._due():
                    claimed += await self._claim(each)
        except StorageError as error:
            log.warning("ends of jobs cannot be told yet: %s", error)
        except Exception:  # a bug in here must not end the jobs beside it
            log.exception("ends of jobs could not be told by a bug")
        return claimed

    async def _due(self) -> list[DueEnd]:
        room = MAX_CONCURRENT - len(self._delivering)
        if room <= 0 or self._tasks is None:
            return []
        query = partial(
            outbox.due,
            account=self._account,
            since=self._since,
            now=self._clock(),
            limit=room,
        )
        return await self._database.read(query)

    async def _claim(self, found: DueEnd) -> bool:
        now = self._clock()
        end = await self._database.write(
            lambda c: outbox.claim(c, found, now=now), name="notify.claim"
        )
        if end is None or self._tasks is None:
            return False
        self._delivering.add(end.job)
        self._tasks.start_soon(self._deliver, end)
        return True

    async def _deliver(self, end: ClaimedEnd) -> None:
        done = False
        try:
            why = await self._send(end)
            done = True
            await self._record(end, why)
        except StorageError as error:  # the claim runs out, and it is told once more
            log.warning("job %s: it was not noted whether its end was told: %s", end.job, error)
        finally:
            self._delivering.discard(end.job)
            if not done:
                with anyio.CancelScope(shield=True):
                    await self._release(end)

    async def _send(self, end: ClaimedEnd) -> str | None:
        """Tell it, and return why that failed; a bug in here must not end the jobs beside it."""
        try:
            return await self._target.send(end.message)
        except Exception as error:
            log.exception("job %s: its end was not told by a bug", end.job)
            return f"the program itself failed ({type(error).__name__})"

    async def _record(self, end: ClaimedEnd, why: str | None) -> None:
        now = self._clock()
        if why is None:
            await self._database.write(
                lambda c: outbox.mark_delivered(c, end, now=now), name="notify.delivered"
            )
            return
        pause = await self._database.write(
            lambda c: outbox.mark_failed(c, end, now=now), name="notify.failed"
        )
        log.warning(
            "job %s: %s was not told of its end: %s; the next try is in %.0f s",
            end.job,
            self._target_name,
            why,
            pause,
        )

    async def _release(self, end: ClaimedEnd) -> None:
        now = self._clock()
        try:
            await self._database.write(
                lambda c: outbox.release(c, end, now=now), name="notify.release"
            )
        except StorageError as error:  # the claim runs out
            log.warning("job %s: its end is told later: %s", end.job, error)
