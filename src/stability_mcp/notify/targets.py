"""Sends a message to the target of STABILITY_ON_DONE: a webhook or a command.

With a secret, webhooks are signed by Standard Webhooks (https://www.standardwebhooks.com):
`webhook-id` is the same for each delivery of a message, `webhook-timestamp` and `webhook-signature`
are new each time.
"""

import json
import os
import signal
import socket
import ssl
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from typing import TYPE_CHECKING, Any, Protocol
from uuid import uuid4

import anyio
from anyio import to_thread
from anyio.abc import Process
from pydantic import SecretStr

from stability_mcp import __version__
from stability_mcp.done_target import read_target, shown_command, shown_target
from stability_mcp.setting_values import COMMAND, NEAR_MISSES, SECRETS, misspelt, variable

if TYPE_CHECKING:
    import httpx2
    from standardwebhooks import Webhook

URL_SECONDS = 10.0
"""Timeout of a webhook."""
COMMAND_SECONDS = 30.0
"""Time limit of a command; then it is killed."""

_REASONS: Mapping[type[BaseException], str] = {
    ConnectionRefusedError: "connection refused: nothing listens there",
    socket.gaierror: "the host was not found",
    OverflowError: "the port is invalid",
}
"""Reasons in words, by the error below an HTTP library's own; else the name of the error."""

HIDDEN_FIELDS = (*SECRETS, COMMAND)
"""Settings that a command must not see, since they are or contain secrets."""
SECRET_VARIABLES = frozenset({*map(variable, HIDDEN_FIELDS), *NEAR_MISSES})
"""Variables removed from a command's environment."""


@dataclass(frozen=True, kw_only=True)
class Message:
    """One message, in the exact bytes that are sent and signed."""

    id: str
    """The same for each delivery of the message."""
    body: bytes
    """JSON, in ASCII: a lone surrogate in a file name must not stop the delivery."""

    @classmethod
    def of(cls, message_id: str, content: Mapping[str, Any]) -> "Message":
        """Return a message with JSON content."""
        body = json.dumps(content, separators=(",", ":")).encode("ascii")
        return cls(id=message_id, body=body)


@dataclass(frozen=True, kw_only=True)
class Attempt:
    """The result of one attempt to deliver a message."""

    delivered: bool
    answer: str
    """What happened: `status 204`, `exit code 1`, `no response within 10 s`."""
    seconds: float
    """How long it took."""


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
        self._signer: Webhook | None = None
        self._creating = anyio.Lock()

    async def send(self, message: Message) -> Attempt:
        """Post a message; any 2xx status counts as delivered."""
        client = await self._open()
        started = time.perf_counter()
        delivered, answer = await self._post(client, message)
        return Attempt(delivered=delivered, answer=answer, seconds=time.perf_counter() - started)

    async def _post(self, client: "httpx2.AsyncClient", message: Message) -> tuple[bool, str]:
        try:
            with anyio.fail_after(self._seconds):
                request = client.build_request(
                    "POST", self._url, content=message.body, headers=self._headers(message)
                )
                response = await client.send(request, stream=True)
                await response.aclose()
        except TimeoutError:
            return False, f"no response within {self._seconds:g} s"
        except Exception as error:  # noqa: BLE001 -- port 99999 raises an ExceptionGroup
            return False, _reason(error)
        if response.is_redirect:
            return False, f"status {response.status_code}; redirects are not followed"
        return response.is_success, f"status {response.status_code}"

    async def close(self) -> None:
        """Close all connections."""
        if self._client is not None:
            await self._client.aclose()

    async def _open(self) -> "httpx2.AsyncClient":
        """Return the client, created in a thread on first use: importing httpx2 takes 40 ms."""
        async with self._creating:
            if self._client is None:
                if self._secret is not None:
                    self._signer = await to_thread.run_sync(_signer, self._secret)
                self._client = await to_thread.run_sync(partial(_client, self._seconds))
            return self._client

    def _headers(self, message: Message) -> dict[str, str]:
        headers = {"content-type": "application/json", "webhook-id": message.id}
        if self._signer is not None:
            at = datetime.fromtimestamp(int(self._clock()), UTC)
            headers["webhook-timestamp"] = f"{at.timestamp():.0f}"
            headers["webhook-signature"] = self._signer.sign(
                message.id, at, message.body.decode("ascii")
            )
        return headers


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


def _reason(error: BaseException) -> str:
    """Return why a request failed, without the text of the error: it may contain the address."""
    for each in _causes(error):
        if isinstance(each, ssl.SSLError):
            return f"TLS error {each.reason or type(each).__name__}"
        for kind, text in _REASONS.items():
            if isinstance(each, kind):
                return text
    return type(error).__name__


def _causes(error: BaseException | None) -> Iterator[BaseException]:
    """Yield an error and what caused it, as deep as it goes."""
    if error is not None:
        yield error
        yield from _causes(error.__cause__ or error.__context__)
        for each in getattr(error, "exceptions", ()):
            yield from _causes(each)


def _signer(secret: SecretStr) -> "Webhook":
    from standardwebhooks import Webhook

    return Webhook(secret.get_secret_value())


def _client(seconds: float) -> "httpx2.AsyncClient":
    import httpx2

    from stability_mcp.tls import tls_context

    return httpx2.AsyncClient(
        verify=tls_context(),
        headers={"user-agent": f"stability-mcp/{__version__}"},
        timeout=seconds,
        limits=httpx2.Limits(max_keepalive_connections=0),
        follow_redirects=False,
    )


def build_test_message(now: float) -> Message:
    """Return a message of type `test`.

    It has the envelope of Standard Webhooks (`type`, `timestamp`, `data`), and also `event`, by
    which receivers of job messages tell kinds apart.
    """
    at = datetime.fromtimestamp(now, UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
    content = {"event": "test", "type": "test", "timestamp": at, "data": {"version": __version__}}
    return Message.of(f"test_{uuid4().hex}", content)


async def send_test(target: Target) -> Attempt:
    """Send one test message to a target, without retries, and close it."""
    try:
        return await target.send(build_test_message(time.time()))
    finally:
        await target.close()
