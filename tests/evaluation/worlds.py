"""Prepares the world of a scenario: its files, settings, and the API that the server talks to."""

import os
import socket
import threading
import time
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from unittest import mock

import uvicorn

from evaluation.scenario import ApiAccount, Credits, Event, NetworkReturns, NewKey, Restart, World
from stability_emulator import serve
from stability_emulator.app import create_app
from stability_emulator.state import State
from stability_mcp.setting_values import variable
from stability_mcp.settings import Settings

OUTPUT = "Pictures/Stability"
"""Folder of the readable copies below the home folder: the product's own default."""

START_SECONDS = 30


@dataclass(kw_only=True)
class PreparedWorld:
    """A world on disk."""

    folder: Path
    """The home folder of the user."""
    world: World
    api: "EmulatedApi | None" = None
    key: str | None = None

    @property
    def output(self) -> Path:
        """Return the folder of the readable copies."""
        return self.folder / OUTPUT / ("emulated" if self.key is None else "")

    @property
    def store(self) -> Path:
        """Return the folder of the store."""
        return self.folder / "store" / ("emulator" if self.key is None else "")

    @property
    def workspace(self) -> Path | None:
        """Return the folder that the client names."""
        return None if self.world.workspace is None else self.folder / self.world.workspace

    def settings(self) -> dict[str, object]:
        """Return the settings of the server, by field."""
        chosen: dict[str, object] = {"home": self.folder / "store", **self.world.settings}
        if self.api is not None:
            chosen |= {"api_key": self.key, "base_url": self.api.url}
        return chosen

    def environment(self) -> dict[str, str]:
        """Return the variables of the server's process."""
        home = {"HOME": str(self.folder), "USERPROFILE": str(self.folder)}
        if self.world.clipboard is not None:
            programs = _clipboard(self.folder, self.folder / self.world.clipboard)
            home["PATH"] = f"{programs}{os.pathsep}{os.environ['PATH']}"
            home["WAYLAND_DISPLAY"] = "evaluation"
        return home | {variable(name): str(value) for name, value in self.settings().items()}

    @contextmanager
    def entered(self) -> Iterator[Settings]:
        """Make it the environment of this process, and yield the settings of a server."""
        kept = {name: value for name, value in os.environ.items() if not name.startswith("XDG_")}
        with mock.patch.dict(os.environ, kept | self.environment(), clear=True):
            yield Settings.model_validate(self.settings())

    def apply(self, event: Event) -> None:
        """Let something happen."""
        match event:
            case NewKey(key):
                self.key = key
            case Credits(amount):
                assert self.api is not None
                assert self.key is not None
                self.api.state.set_credits(self.key, amount)
            case Restart():
                pass  # the client connects to a new server
            case NetworkReturns():
                assert self.api is not None
                self.api.start()


@asynccontextmanager
async def prepared(world: World, folder: Path) -> AsyncIterator[PreparedWorld]:
    """Prepare a world in an empty folder; its API runs until the block ends."""
    for name, make in world.files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(make())
    found = PreparedWorld(folder=folder, world=world)
    if world.account is None:
        yield found
        return
    with emulated_api(world.account) as api:
        found.api, found.key = api, world.account.key
        yield found


class EmulatedApi:
    """The emulator as a server on loopback, in threads of this process."""

    def __init__(self, account: ApiAccount) -> None:
        self.state = State(credits=account.credits)
        for fault in account.faults:
            self.state.faults.inject(fault, self.state.now())
        with socket.create_server(("127.0.0.1", 0)) as reserved:
            self._port = reserved.getsockname()[1]
        self._server: uvicorn.Server | None = None
        self._thread: threading.Thread | None = None

    @property
    def url(self) -> str:
        """Return its address."""
        return f"http://127.0.0.1:{self._port}"

    def start(self) -> None:
        """Listen; until then, connections are refused."""
        listener = socket.create_server(("127.0.0.1", self._port))
        config = uvicorn.Config(create_app(self.state), log_config=None, lifespan="off", ws="none")
        config.http = partial(serve._Protocol, _ignore)  # type: ignore[assignment]  # noqa: SLF001 -- lets faults drop connections
        self._server = server = uvicorn.Server(config)
        self._thread = threading.Thread(target=server.run, args=([listener],), daemon=True)
        self._thread.start()
        deadline = time.monotonic() + START_SECONDS
        while not server.started and time.monotonic() < deadline:
            time.sleep(0.005)

    def stop(self) -> None:
        """Stop listening."""
        if self._server is not None and self._thread is not None:
            self._server.should_exit = True
            self._thread.join(START_SECONDS)
        self.state.close()


@contextmanager
def emulated_api(account: ApiAccount) -> Iterator[EmulatedApi]:
    """Run an emulated API with an account."""
    api = EmulatedApi(account)
    if account.is_reachable:
        api.start()
    try:
        yield api
    finally:
        api.stop()


def _ignore(_: float) -> None:
    """Stand in for refusing connections, which no scenario injects."""


def _clipboard(folder: Path, content: Path) -> Path:
    """Write a program that stands in for the system's clipboard, and return its folder."""
    program = folder / ".programs" / "wl-paste"
    program.parent.mkdir(exist_ok=True)
    program.write_text(f'#!/bin/sh\nexec /bin/cat "{content}"\n')
    program.chmod(0o755)
    return program.parent


def filled_in(text: str, values: Mapping[str, str]) -> str:
    """Replace what only the prepared world knows, such as the address of its links."""
    for name, value in values.items():
        text = text.replace(name, value)
    return text
