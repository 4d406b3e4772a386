"""Notifies a webhook or a command (STABILITY_ON_DONE) of finished jobs, at least once."""

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
from stability_mcp.done_target import read_target, shown_target
from stability_mcp.errors import StorageError
from stability_mcp.notify import outbox
from stability_mcp.notify.outbox import ClaimedNotification, DueNotification
from stability_mcp.setting_values import COMMAND, KEY, NEAR_MISSES, misspelt, variable
from stability_mcp.store.database import Database
from stability_mcp.store.tenancy import Account

URL_SECONDS = 10.0
"""Timeout of a webhook."""
COMMAND_SECONDS = 30.0
"""Time limit of a command; then it is killed."""

SECRET_VARIABLES = frozenset({variable(KEY), variable(COMMAND), *NEAR_MISSES})
"""Variables removed from a command's environment, because they contain secrets."""

INTERVAL_SECONDS = 1.0
"""Seconds between two polls of the database."""
MAX_CONCURRENT = 4
"""Notifications sent at the same time."""
CLOSING_SECONDS = 2.0
"""Seconds that a closing server waits for notifications; hosts don't wait longer for it to exit."""

log = logging.getLogger(__name__)


class Target(Protocol):
    """Receives notifications."""

    async def send(self, message: Mapping[str, Any]) -> str | None:
        """Send a message; return None, or the reason why it failed."""
        ...

    async def close(self) -> None:
        """Close connections."""
        ...


def target_of(target: str) -> Target:
    """Return the target for a URL or a command, as parsed by `done_target.read_target`."""
    read = read_target(target)
    return WebhookTarget(read) if isinstance(read, str) else CommandTarget(read)


class WebhookTarget:
    """Posts JSON to a URL.

    Args:
        url: The address; it may contain a user and a password.
        seconds: Timeout.
    """

    def __init__(self, url: str, *, seconds: float = URL_SECONDS) -> None:
        self._url = url
        self._seconds = seconds
        self._client: Any = None  # created in a thread on first use: importing httpx2 takes 40 ms
        self._creating = anyio.Lock()

    async def send(self, message: Mapping[str, Any]) -> str | None:
        """Post a message; any 2xx status counts as delivered."""
        async with self._creating:
            if self._client is None:
                self._client = await to_thread.run_sync(partial(_client, self._seconds))
        try:
            with anyio.fail_after(self._seconds):
                request = self._client.build_request("POST", self._url, json=dict(message))
                response = await self._client.send(request, stream=True)
                await response.aclose()
        except TimeoutError:
            return f"no response within {self._seconds:g} s"
        except Exception as error:  # noqa: BLE001 -- port 99999 raises an ExceptionGroup
            return type(error).__name__  # its text may contain the address
        return None if response.is_success else f"status {response.status_code}"

    async def close(self) -> None:
        """Close all connections."""
        if self._client is not None:
            await self._client.aclose()


class CommandTarget:
    """Runs a command without a shell, with JSON on its standard input.

    Args:
        words: The program and its arguments.
        seconds: Time limit.
    """

    def __init__(self, words: tuple[str, ...], *, seconds: float = COMMAND_SECONDS) -> None:
        self._words = words
        self._seconds = seconds

    async def send(self, message: Mapping[str, Any]) -> str | None:
        """Run the command; exit code 0 counts as delivered. Its output is discarded."""
        environment = {
            name: value for name, value in os.environ.items() if name not in SECRET_VARIABLES
        }
        for name in misspelt([KEY, COMMAND], environment):
            del environment[name]
        try:
            process = await anyio.open_process(
                self._words,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                env=environment,
                start_new_session=True,  # Ctrl+C in the server's terminal must not kill it
            )
        except (OSError, ValueError) as error:
            return f"the command could not be started ({type(error).__name__})"
        code: int | None = None
        try:
            with anyio.move_on_after(self._seconds):
                await _feed(process, json.dumps(message).encode() + b"\n")
                code = await process.wait()
        finally:
            with anyio.CancelScope(shield=True):
                if code is None:
                    _kill(process)
                await process.aclose()
        if code is None:
            return f"the command was killed after {self._seconds:g} s"
        return None if code == 0 else f"the command failed with exit code {code}"

    async def close(self) -> None:
        """Do nothing: a command ends before `send` returns."""


async def _feed(process: Process, data: bytes) -> None:
    if process.stdin is None:  # pragma: no cover -- it is a pipe
        return
    try:
        await process.stdin.send(data)
        await process.stdin.aclose()
    except (anyio.BrokenResourceError, anyio.ClosedResourceError, OSError):
        return  # it does not read its input; its exit code decides


def _kill(process: Process) -> None:
    """Kill a command and its children; they have their own session."""
    try:
        if os.name == "nt":
            process.kill()
        else:
            os.killpg(process.pid, signal.SIGKILL)
    except ProcessLookupError:
        return  # it has just exited


def _client(seconds: float) -> Any:  # noqa: ANN401 -- httpx2 is imported lazily
    import httpx2

    from stability_mcp.tls import tls_context

    return httpx2.AsyncClient(
        verify=tls_context(),
        headers={"user-agent": f"stability-mcp/{__version__}"},
        timeout=seconds,
        limits=httpx2.Limits(max_keepalive_connections=0),
        follow_redirects=False,
    )


class Delivery:
    """Sends notifications of the finished jobs of one account.

    Args:
        database: The store.
        target: The URL or command.
        account: The account.
        clock: Unix seconds.
        interval: Seconds between two polls of the database.
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
        """Record that notifications start now; call it before a job of this process can finish.

        Raises:
            StorageError: the store cannot be written.
        """
        self._since = await self._database.write(
            lambda c: outbox.start(c, self._account, now=self._clock()),
            name="notify.start",
        )

    async def run(self) -> None:
        """Send notifications until cancelled."""
        try:
            async with anyio.create_task_group() as self._tasks:
                while True:
                    await self._claim_due()
                    await anyio.sleep(self._interval)
        finally:
            with anyio.CancelScope(shield=True):
                await self._target.close()

    async def finish(self) -> None:
        """Send what is due, and wait up to `CLOSING_SECONDS` for deliveries to finish.

        Cancelling `run` releases the rest for the next process.
        """
        with anyio.move_on_after(CLOSING_SECONDS):
            while await self._claim_due() or self._delivering:  # noqa: ASYNC110 -- the database has no event to wait for
                await anyio.sleep(INTERVAL_SECONDS / 20)

    async def _claim_due(self) -> int:
        """Claim due notifications up to the concurrency limit; return how many."""
        claimed = 0
        try:
            async with self._claiming:
                for each in await self._due():
                    claimed += await self._claim(each)
        except StorageError as error:
            log.warning("job notifications are delayed: %s", error)
        except Exception:  # a bug here must not stop the jobs
            log.exception("internal error while claiming job notifications")
        return claimed

    async def _due(self) -> list[DueNotification]:
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

    async def _claim(self, found: DueNotification) -> bool:
        now = self._clock()
        notification = await self._database.write(
            lambda c: outbox.claim(c, found, now=now), name="notify.claim"
        )
        if notification is None or self._tasks is None:
            return False
        self._delivering.add(notification.job)
        self._tasks.start_soon(self._deliver, notification)
        return True

    async def _deliver(self, notification: ClaimedNotification) -> None:
        done = False
        try:
            why = await self._send(notification)
            done = True
            await self._record(notification, why)
        except StorageError as error:  # the claim expires, and it is sent again
            log.warning(
                "job %s: the delivery of its notification could not be recorded: %s",
                notification.job,
                error,
            )
        finally:
            self._delivering.discard(notification.job)
            if not done:
                with anyio.CancelScope(shield=True):
                    await self._release(notification)

    async def _send(self, notification: ClaimedNotification) -> str | None:
        """Send a notification; return why it failed. A bug here must not stop the jobs."""
        try:
            return await self._target.send(notification.message)
        except Exception as error:
            log.exception("job %s: internal error while sending its notification", notification.job)
            return f"internal error ({type(error).__name__})"

    async def _record(self, notification: ClaimedNotification, why: str | None) -> None:
        now = self._clock()
        if why is None:
            await self._database.write(
                lambda c: outbox.mark_delivered(c, notification, now=now), name="notify.delivered"
            )
            return
        pause = await self._database.write(
            lambda c: outbox.mark_failed(c, notification, now=now), name="notify.failed"
        )
        log.warning(
            "job %s: notification to %s failed: %s; next attempt in %.0f s",
            notification.job,
            self._target_name,
            why,
            pause,
        )

    async def _release(self, notification: ClaimedNotification) -> None:
        now = self._clock()
        try:
            await self._database.write(
                lambda c: outbox.release(c, notification, now=now), name="notify.release"
            )
        except StorageError as error:  # the claim expires
            log.warning("job %s: its notification will be sent later: %s", notification.job, error)
