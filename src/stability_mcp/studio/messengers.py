"""Messengers: how whoever STABILITY_ON_DONE names is told something, by HTTP or as a command.

A messenger tells once and says why it could not. Nothing that it says repeats the address, which is
often all that guards it, or what a command printed. Redirects are not followed: what is told is for
the address that was given.
"""

import json
import os
import signal
import subprocess
from collections.abc import Mapping
from functools import partial
from typing import Any, Protocol

import anyio
from anyio import to_thread
from anyio.abc import Process

from stability_mcp import __version__
from stability_mcp.settings import NEAR_MISSES, read_target, variable

URL_SECONDS = 10.0
"""Longest wait for an address to answer."""
COMMAND_SECONDS = 30.0
"""Longest time that a command may take; then it is ended."""

KEPT_BACK = frozenset({variable("api_key"), variable("on_done"), *NEAR_MISSES})
"""Variables that no command gets: they hold secrets that are not its own."""


class Messenger(Protocol):
    """Tells somebody."""

    async def tell(self, message: Mapping[str, Any]) -> str | None:
        """Tell it and return None, or why it could not be told."""
        ...

    async def close(self) -> None:
        """Let go of connections."""
        ...


def messenger_to(target: str) -> Messenger:
    """Return what tells a target: a URL or a command, as `settings.read_target` reads it."""
    read = read_target(target)
    return ByPost(read) if isinstance(read, str) else ByCommand(read)


class ByPost:
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

    async def tell(self, message: Mapping[str, Any]) -> str | None:
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


class ByCommand:
    """Starts a command with JSON on its standard input, without a shell.

    Args:
        words: The program and its arguments.
        seconds: Longest time that it may take.
    """

    def __init__(self, words: tuple[str, ...], *, seconds: float = COMMAND_SECONDS) -> None:
        self._words = words
        self._seconds = seconds

    async def tell(self, message: Mapping[str, Any]) -> str | None:
        """Run it; exit code 0 means that it was told. What it prints is thrown away."""
        environment = {name: value for name, value in os.environ.items() if name not in KEPT_BACK}
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

    return httpx2.AsyncClient(
        headers={"user-agent": f"stability-mcp/{__version__}"},
        timeout=seconds,
        limits=httpx2.Limits(max_keepalive_connections=0),
        follow_redirects=False,
    )
