"""`serve --http` in a process of its own, for tests that need sockets."""

import re
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from stability_mcp.rest.route import PREFIX
from support.programs import forked
from support.server.in_memory import environment_in

SECONDS = 20
"""A server that was terminated takes a moment."""


@dataclass(frozen=True)
class HttpServer:
    """A running server.

    Args:
        origin: Its address: `http://127.0.0.1:PORT`.
        token: The token that it printed.
        process: Its process, which a test may kill.
    """

    origin: str
    token: str
    process: "subprocess.Popen[str]"

    def kill(self) -> None:
        """End it at once, as a power cut does."""
        self.process.kill()
        self.process.wait(SECONDS)

    @property
    def rest(self) -> str:
        """Return the base URL of the REST interface."""
        return f"{self.origin}{PREFIX}"


@contextmanager
def http_server(folder: Path, *options: str, **environment: str) -> Iterator[HttpServer]:
    """Run a server on the emulator until the block ends.

    Args:
        folder: Its home folder.
        options: Of `serve --http`.
        environment: Settings.
    """
    command = forked("stability_mcp", "serve", "--http", "--port", "0", *options)
    with subprocess.Popen(
        command, stderr=subprocess.PIPE, text=True, env=environment_in(folder, **environment)
    ) as process:
        try:
            assert process.stderr is not None
            address = re.search(r"(http://\S+:\d+)/mcp", process.stderr.readline())
            token = re.search(r"Bearer (\S+)", process.stderr.readline())
            process.stderr.readline()
            assert address
            assert token
            yield HttpServer(address[1], token[1], process)
            if process.poll() is None:
                process.terminate()
                assert process.wait(SECONDS) in {0, -15}
        finally:
            process.kill()
