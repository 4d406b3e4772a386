"""Programs of this project as forked processes, which start in a fraction of the time.

Starting Python and importing a server takes more CPU time than most tests of one need. A forking
server imports once; `forked` returns what to start instead of `python -m MODULE`. That process
stands in for a forked one, which gets its streams, environment and folder: a signal to either of
them reaches the program, SIGKILL a moment later, and they end in the same way. Tests about a start,
about the id of a process or its memory use `python -m`.

`python -m support.programs ADDRESS` runs the forking server. It has one thread, so a child begins
like a newly started process.
"""

import atexit
import gc
import marshal
import os
import pkgutil
import runpy
import selectors
import signal
import socket
import subprocess
import sys
import time
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from functools import cache, partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Self

import stability_emulator
import stability_mcp
from support import stand_in

LIBRARIES = (
    "PIL.JpegImagePlugin",
    "PIL.PngImagePlugin",
    "PIL.WebPImagePlugin",
    "anyio._backends._asyncio",
    "platformdirs.unix",
    "rich.logging",
    "support.emulator.small",
    "uvicorn",
)
"""What programs import late, in addition to all modules of the project."""

CAN_FORK = hasattr(os, "pidfd_open")
"""Linux; elsewhere programs start as usual."""
READY = b"ready\n"

_running = ExitStack()
"""What the tests of this process have started."""


@cache
def _address() -> str:
    """Start the forking server and return its address."""
    folder = _running.enter_context(TemporaryDirectory(prefix="programs-"))
    address = str(Path(folder) / "socket")
    server = subprocess.Popen(
        [sys.executable, "-m", "support.programs", address],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    _running.callback(server.communicate)  # it ends with its input
    assert server.stdout is not None
    assert server.stdout.readline() == READY
    return address


def forked(*words: str) -> list[str]:
    """Return a command that does what `python -m WORDS` does."""
    if not CAN_FORK:
        return [sys.executable, "-m", *words]
    return [sys.executable, "-I", "-S", stand_in.__file__, _address(), *words]


def stop_forking() -> None:
    """Stop the forking server and the programs that still run."""
    _running.close()
    _address.cache_clear()


@dataclass(frozen=True)
class Start:
    """What a stand-in asks for."""

    words: list[str]
    environment: dict[str, str]
    folder: str
    streams: list[int]

    @classmethod
    def received(cls, connection: socket.socket) -> Self:
        """Read it from a connection."""
        head, streams, _, _ = socket.recv_fds(
            connection, stand_in.NUMBER_BYTES, len(stand_in.STREAMS)
        )
        with connection.makefile("rb") as file:
            content = file.read(int.from_bytes(head, "big"))
        words, environment, folder = marshal.loads(content)  # noqa: S302 -- from a test
        return cls(words, environment, folder, streams)

    def run(self) -> None:
        """Become the program; its end may be SystemExit."""
        os.setsid()
        for stream, number in zip(self.streams, stand_in.STREAMS, strict=True):
            os.dup2(stream, number)
            os.close(stream)
        os.environ.clear()
        os.environ.update(self.environment)
        time.tzset()
        os.chdir(self.folder)
        sys.path[0] = self.folder
        module, *sys.argv[1:] = self.words
        runpy.run_module(module, run_name="__main__", alter_sys=True)


class Forks:
    """Forks a child for each connection, and tells it how the child ended."""

    def __init__(self, listener: socket.socket) -> None:
        self._listener = listener
        self._selector = selectors.DefaultSelector()
        self._children = set[int]()

    def serve(self) -> Start | None:
        """Serve until stdin ends; return in each child what it should run."""
        self._selector.register(sys.stdin, selectors.EVENT_READ)
        self._selector.register(self._listener, selectors.EVENT_READ, self._fork)
        while True:
            (key, _), *_ = self._selector.select()  # handling one may end another
            if key.data is None:
                for child in self._children:
                    os.kill(child, signal.SIGKILL)
                return None
            start: Start | None = key.data()
            if start is not None:
                return start

    def _fork(self) -> Start | None:
        connection, _ = self._listener.accept()
        try:
            start = Start.received(connection)
        except EOFError:  # the stand-in was killed
            connection.close()
            return None
        child = os.fork()
        if child == 0:
            connection.close()
            self._close()
            return start
        self._children.add(child)
        for stream in start.streams:
            os.close(stream)
        ended = os.pidfd_open(child)
        for file, work in ((connection, self._forward), (ended, self._end)):
            self._selector.register(
                file, selectors.EVENT_READ, partial(work, child, connection, ended)
            )
        return None

    def _forward(self, child: int, connection: socket.socket, _: int) -> None:
        """Send the child the signal that its stand-in got."""
        number = b""
        with suppress(ConnectionError):
            number = connection.recv(1)
        os.kill(child, number[0] if number else signal.SIGKILL)
        if not number:
            self._selector.unregister(connection)

    def _end(self, child: int, connection: socket.socket, ended: int) -> None:
        """Tell the stand-in how its child ended."""
        code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
        self._children.remove(child)
        with suppress(KeyError):  # it was killed
            self._selector.unregister(connection)
        with connection, suppress(OSError):
            connection.sendall(code.to_bytes(stand_in.NUMBER_BYTES, "big", signed=True))
        self._selector.unregister(ended)
        os.close(ended)

    def _close(self) -> None:
        """Close in a child what belongs to its parent."""
        for key in list(self._selector.get_map().values()):
            if isinstance(key.fileobj, socket.socket):
                key.fileobj.close()
            elif isinstance(key.fileobj, int):
                os.close(key.fileobj)
        self._selector.close()


class Leaving:
    """The last exit handler: skips the deletion of all modules, which takes as long as a start."""

    code = 0

    def __call__(self) -> None:
        """End the process, unless its output can't be written."""
        with suppress(OSError):
            sys.stdout.flush()
            sys.stderr.flush()
            os._exit(self.code)

    def run(self, start: Start) -> None:
        """Run a program, and note its exit code."""
        try:
            start.run()
        except BaseException as ended:
            code = ended.code if isinstance(ended, SystemExit) else ""
            if isinstance(code, int | None):
                self.code = code or 0
            else:
                atexit.unregister(self)  # Python prints it
            raise


def main(address: str) -> None:
    """Serve on a socket; in each child, run its program."""
    leaving = Leaving()
    atexit.register(leaving)
    gc.disable()
    for package in (stability_mcp, stability_emulator):
        for module in pkgutil.walk_packages(package.__path__, f"{package.__name__}."):
            if not module.name.endswith(".__main__"):
                __import__(module.name)
    for library in LIBRARIES:
        __import__(library)
    gc.freeze()
    gc.enable()
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(address)
        listener.listen()
        sys.stdout.buffer.write(READY)
        sys.stdout.flush()
        start = Forks(listener).serve()
    if start is not None:
        leaving.run(start)


if __name__ == "__main__":
    main(sys.argv[1])
