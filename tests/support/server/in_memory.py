"""Connects a real MCP client to the real server, in process, on the built-in emulator."""

import json
import os
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path
from typing import Any, Literal

import anyio
import pytest
from mcp import Client
from mcp.client.extension import ClientExtension
from mcp.types import CallToolResult, ImageContent, ResourceLink, TextContent
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from stability_emulator.app import create_app
from stability_emulator.faults import Fault
from stability_emulator.transport import EmulatorTransport
from stability_mcp.api.operations import OPERATIONS
from stability_mcp.server.app import build_server
from stability_mcp.server.face import PLAIN_FACE, Face
from stability_mcp.server.tasks.port import Tasks
from stability_mcp.settings import Settings
from stability_mcp.store.database import Observer
from stability_mcp.studio import Studio, open_studio

Era = Literal["auto", "legacy"]
ERAS: tuple[Era, ...] = ("auto", "legacy")
both_eras = pytest.mark.parametrize("era", ERAS)


def settings_in(folder: Path, chosen: Mapping[str, object] | None = None) -> Settings:
    """Return settings with every folder below the given one."""
    folders = {"home": folder / "home", "output_dir": folder / "out", "roots": (folder,)}
    return Settings.model_validate({**folders, "roots_only": True, **(chosen or {})})


def environment_in(folder: Path, **more: str) -> dict[str, str]:
    """Return the environment of a server process with every folder below the given one."""
    return {
        **os.environ,
        "STABILITY_HOME": str(folder / "home"),
        "STABILITY_OUTPUT_DIR": str(folder / "out"),
        **more,
    }


STARTS = {row.spec.path for row in OPERATIONS.values() if row.is_deferred()}


class Gate:
    """Holds back results of the emulated API while it is shut.

    Requests still arrive, and generations still start.
    """

    def __init__(self, *, shut: bool = True) -> None:
        self._opened = anyio.Event()
        if not shut:
            self.open()

    def open(self) -> None:
        """Release held results and all later ones."""
        self._opened.set()

    def shut(self) -> None:
        """Hold back results from now on."""
        self._opened = anyio.Event()

    def before(self, app: ASGIApp) -> ASGIApp:
        """Return an app whose responses pass this gate."""

        async def gated(scope: Scope, receive: Receive, send: Send) -> None:
            made = scope["method"] == "POST" and scope["path"] not in STARTS
            opened = self._opened if made or "/results/" in scope["path"] else None

            async def send_later(message: Message) -> None:
                if opened is not None:
                    await opened.wait()
                await send(message)

            await app(scope, receive, send_later)

        return gated


@asynccontextmanager
async def paced(
    settings: Settings,
    *,
    latency: float = 0,
    gate: Gate | None = None,
    faults: Sequence[Fault] = (),
    observer: Observer | None = None,
) -> AsyncIterator[Studio]:
    """Open a studio with a slow emulated API.

    Args:
        settings: The operator's settings.
        latency: Seconds that each paid call takes.
        gate: Holds back results until a test opens it.
        faults: What the API does wrong.
        observer: Called for each write of the store.
    """
    async with open_studio(settings, observer=observer) as studio:
        transport = studio._parts.runtime.client._transport  # noqa: SLF001 -- tests set the emulator's latency
        assert isinstance(transport, EmulatorTransport)
        transport.state.latency = latency
        for each in faults:
            transport.state.faults.inject(each)
        if gate is not None:
            app = await anyio.to_thread.run_sync(create_app, transport.state)
            transport._app = gate.before(app)  # noqa: SLF001 -- as above
        yield studio


@asynccontextmanager
async def connected(  # noqa: PLR0913 -- options of server, API and client
    folder: Path,
    era: Era = "auto",
    *,
    gate: Gate | None = None,
    extensions: Sequence[ClientExtension] = (),
    carriers: Sequence[Tasks] = (),
    face: Face = PLAIN_FACE,
    seconds: float = 60,
    **chosen: object,
) -> AsyncIterator[Client]:
    """Connect to a new server, for a limited number of seconds."""
    server = build_server(
        settings_in(folder, chosen),
        open_studio=partial(paced, gate=gate),
        carriers=carriers,
        face=face,
    )
    with anyio.fail_after(seconds):
        async with Client(server, mode=era, extensions=extensions) as client:
            yield client


async def give_up(
    client: Client, tool: str, arguments: dict[str, Any], when: Callable[[], bool]
) -> None:
    """Call a tool and cancel the call on a condition, like a host that times out."""
    async with anyio.create_task_group() as group:
        group.start_soon(client.call_tool, tool, arguments)
        await until(when)
        group.cancel_scope.cancel()


async def until(met: Callable[[], bool], seconds: float = 30) -> None:
    """Wait for a condition by polling."""
    with anyio.fail_after(seconds):
        while not met():  # noqa: ASYNC110 -- nothing sets an event
            await anyio.sleep(0.01)


def text(result: CallToolResult) -> str:
    """Return all text blocks, which the model reads."""
    return "\n".join(block.text for block in result.content if isinstance(block, TextContent))


def fine(result: CallToolResult) -> CallToolResult:
    """Return the result, which must not be an error."""
    assert not result.is_error, text(result)
    return result


def refused(result: CallToolResult) -> str:
    """Return the text of an error result."""
    assert result.is_error, text(result)
    return text(result)


def facts(result: CallToolResult) -> dict[str, Any]:
    """Return the facts in `_meta`."""
    found: dict[str, Any] = (result.meta or {})["stability-mcp/result"]
    return found


def copies(result: CallToolResult) -> list[Path]:
    """Return the paths of the readable copies in a result; they must exist."""
    paths = [Path(item["path"]) for item in facts(result)["media"]]
    assert all(path.is_file() for path in paths), paths
    return paths


def pictures(result: CallToolResult) -> list[ImageContent]:
    """Return the pictures in a result."""
    return [block for block in result.content if isinstance(block, ImageContent)]


def links(result: CallToolResult) -> list[ResourceLink]:
    """Return the links in a result."""
    return [block for block in result.content if isinstance(block, ResourceLink)]


def data(result: CallToolResult) -> dict[str, Any]:
    """Return the data for programs: the facts, or structured content, which must equal the text."""
    assert not result.is_error, text(result)
    if result.structured_content is None:
        return facts(result)
    first = result.content[0]
    assert isinstance(first, TextContent)
    assert result.structured_content == json.loads(first.text)
    found: dict[str, Any] = result.structured_content
    return found
