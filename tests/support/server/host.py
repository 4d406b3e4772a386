"""A realistic client: the SDK's client, and our server as a process on stdio."""

import os
import sys
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, Literal

import anyio
from mcp import Client, StdioServerParameters
from mcp.types import CallToolResult, TextContent

from support.programs import forked

Era = Literal["auto", "legacy"]
ERAS: tuple[Era, ...] = ("auto", "legacy")

INTERPRETER = (sys.executable, "-m", "stability_mcp")
"""Starts a server as hosts do, for tests about its process itself."""


@asynccontextmanager
async def connected(
    home: Path,
    era: Era,
    *,
    seconds: float = 120,
    program: Sequence[str] | None = None,
    **environment: str,
) -> AsyncIterator[Client]:
    """Start the server as a process, with its store and copies in `home`, and connect.

    Args:
        home: Folder for the store and the copies, and the only root.
        era: The protocol era.
        seconds: Time limit of the block.
        program: A command that runs the server; None: a forked process.
        environment: Settings of the server, by variable.
    """
    command, *words = program or forked("stability_mcp")
    server = StdioServerParameters(
        command=command,
        args=words,
        env={
            **os.environ,
            "STABILITY_HOME": str(home / "home"),
            "STABILITY_OUTPUT_DIR": str(home / "out"),
            "STABILITY_ROOTS": str(home),
            **environment,
        },
        cwd=home,
    )
    with anyio.fail_after(seconds):
        async with Client(server, mode=era) as client:
            yield client


def text(result: CallToolResult) -> str:
    """Return the text of a result that must not be an error."""
    first = result.content[0]
    assert isinstance(first, TextContent)
    assert not result.is_error, first.text
    return first.text


def files(result: CallToolResult) -> list[Path]:
    """Return the readable copies listed in a result."""
    facts: dict[str, Any] = (result.meta or {})["stability-mcp/result"]
    return [Path(item["path"]) for item in facts["media"]]
