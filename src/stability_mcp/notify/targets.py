"""Sends a message to the target of STABILITY_ON_DONE: a webhook or a command."""

import os
import signal
import subprocess
import time
from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, Protocol
from uuid import uuid4

import anyio
from anyio import to_thread
from anyio.abc import Process
from pydantic import SecretStr

from stability_mcp import __version__
from stability_mcp.done_target import read_target, shown_command, shown_target
from stability_mcp.notify.posting import (
    USER_AGENT,
    Attempt,
    Message,
    Post,
    post,
    signer_of,
    utc_text,
)
from stability_mcp.setting_values import COMMAND, NEAR_MISSES, SECRETS, misspelt, variable

if TYPE_CHECKING:
    import httpx2
    from standardwebhooks import Webhook as Signer

URL_SECONDS = 10.0
"""Timeout of a webhook."""
COMMAND_SECONDS = 30.0
"""Time limit of a command; then it is killed."""

HIDDEN_FIELDS = (*SECRETS, COMMAND)
"""Settings that a command must not see, since they are or contain secrets."""
SECRET_VARIABLES = frozenset({*map(variable, HIDDEN_FIELDS), *NEAR_MISSES})
"""Variables removed from a command's environment."""


class Target(Protocol):
    """Receives messages."""

    name: str
    """The target without anything secret."""
    signed: bool
    """Whether messages are signed."""

    async def send(self, message: Message) -> Attempt:
        """Send a message."""
        ...

    async def close(self) -> None:
        """Close connections."""
        ...


def target_of(
    text: str, secret: SecretStr | None = None, *, clock: Callable[[], float] = time.time
) -> Target:
    """Return the target for a URL or a command, as read by `done_target.read_target`.

    Args:
        text: The URL or command.
        secret: Signs messages to a URL; a command needs no signature.
        clock: Unix seconds.
    """
    read = read_target(text)
    if isinstance(read, str):
        return WebhookTarget(read, secret, clock=clock)
    return CommandTarget(read)


class WebhookTarget:
    """Posts JSON to a URL.

    Args:
        url: The address; it may contain a user and a password.
        secret: Signs the messages; None: they are not signed.
        clock: Unix seconds.
        seconds: Timeout.
    """

    def __init__(
        self,
        url: str,
        secret: SecretStr | None = None,
        *,
        clock: Callable[[], float] = time.time,
        seconds: float = URL_SECONDS,
    ) -> None:
        self.name = shown_target(url)
        self.signed = secret is not None
        self._url = url
        self._secret = secret
        self._clock = clock
        self._seconds = seconds
        self._client: httpx2.AsyncClient | None = None
        self._signer: Signer | None = None
        self._creating = anyio.Lock()

    async def send(self, message: Message) -> Attempt:
        """Post a message; any 2xx status counts as delivered."""
        client = await self._open()
        signers = () if self._signer is None else (self._signer,)
        sent = Post(url=self._url, message=message, signers=signers, now=self._clock())
        return await post(client, sent, seconds=self._seconds)

    async def close(self) -> None:
        """Close all connections."""
        if self._client is not None:
            await self._client.aclose()

    async def _open(self) -> "httpx2.AsyncClient":
        """Return the client, created in a thread on first use: importing httpx2 takes 40 ms."""
        async with self._creating:
            if self._client is None:
                if self._secret is not None:
                    self._signer = await to_thread.run_sync(signer_of, self._secret)
                self._client = await to_thread.run_sync(partial(_client, self._seconds))
            return self._client


class CommandTarget:
    """Runs a command without a shell, with JSON on its standard input.

    Args:
        words: The program and its arguments.
        seconds: Time limit.
    """

    def __init__(self, words: tuple[str, ...], *, seconds: float = COMMAND_SECONDS) -> None:
        self.name = shown_command(words)
        self.signed = False
        self._words = words
        self._seconds = seconds

    async def send(self, message: Message) -> Attempt:
        """Run the command; exit code 0 counts as delivered. Its output is discarded."""
        started = time.perf_counter()
        delivered, answer = await self._run(message)
        return Attempt(delivered=delivered, answer=answer, seconds=time.perf_counter() - started)

    async def _run(self, message: Message) -> tuple[bool, str]:
        environment = {
            name: value for name, value in os.environ.items() if name not in SECRET_VARIABLES
        }
        for name in misspelt(HIDDEN_FIELDS, environment):
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
            return False, f"the command could not be started ({type(error).__name__})"
        code: int | None = None
        try:
            with anyio.move_on_after(self._seconds):
                await _feed(process, message.body + b"\n")
                code = await process.wait()
        finally:
            with anyio.CancelScope(shield=True):
                if code is None:
                    _kill(process)
                await process.aclose()
        if code is None:
            return False, f"the command was killed after {self._seconds:g} s"
        return code == 0, f"exit code {code}"

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


def _client(seconds: float) -> "httpx2.AsyncClient":
    import httpx2

    from stability_mcp.tls import tls_context

    return httpx2.AsyncClient(
        verify=tls_context(),
        headers={"user-agent": USER_AGENT},
        timeout=seconds,
        limits=httpx2.Limits(max_keepalive_connections=0),
        follow_redirects=False,
    )


def build_test_message(now: float) -> Message:
    """Return a message of type `test`.

    It has the envelope of Standard Webhooks (`type`, `timestamp`, `data`), and also `event`, by
    which receivers of job messages tell kinds apart.
    """
    data = {"version": __version__}
    content = {"event": "test", "type": "test", "timestamp": utc_text(now), "data": data}
    return Message.of(f"test_{uuid4().hex}", content)


async def send_test(target: Target) -> Attempt:
    """Send one test message to a target, without retries, and close it."""
    try:
        return await target.send(build_test_message(time.time()))
    finally:
        await target.close()
