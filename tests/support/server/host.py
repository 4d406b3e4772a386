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

Era = Literal["auto", "legacy"]
ERAS: tuple[Era, ...] = ("auto", "legacy")


@asynccontextmanager
async def connected(
    home: Path,
    era: Era,
    *,
    seconds: float = 120,
    program: Sequence[str] = ("-m", "stability_mcp"),
    **environment: str,
) -> AsyncIterator[Client]:
    """Start the server as a process, with its store and copies in `home`, and connect.

    Args:
        home: Folder for the store and the copies, and the only root.
        era: The protocol era.
        seconds: Time limit of the block.
        program: Arguments of Python.
        environment: Settings of the server, by variable.
    """
    server = StdioServerParameters(
        command=sys.executable,
        args=list(program),
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
