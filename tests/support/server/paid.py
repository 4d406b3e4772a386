"""Connects a real client to a server with a key, on the emulator as a separate server."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import anyio
from mcp import Client
from mcp.client import ClientRequestContext
from mcp.types import ElicitRequestParams, ElicitResult

from stability_mcp.server.app import build_server
from support.server.in_memory import Era, settings_in

EXPENSIVE = {"prompt": "a lighthouse", "count": 2}
"""generate_core: 6 credits; the emulator gives a new account 25."""

Ask = Callable[[ClientRequestContext, ElicitRequestParams], Awaitable[ElicitResult]]


class User:
    """Answers questions and records them."""

    def __init__(self, *actions: str) -> None:
        self.actions = list(actions)
        self.asked: list[str] = []
        self.wait: anyio.Event | None = None

    async def __call__(
        self, context: ClientRequestContext, params: ElicitRequestParams
    ) -> ElicitResult:
        """Answer the next question: yes, no, unticked or cancel."""
        del context
        self.asked.append(params.message)
        if self.wait is not None:
            await self.wait.wait()
        action = self.actions.pop(0)
        if action in {"yes", "unticked"}:
            return ElicitResult(action="accept", content={"proceed": action == "yes"})
        return ElicitResult(action="decline" if action == "no" else "cancel")


@asynccontextmanager
async def paying(
    folder: Path, url: str, era: Era, user: User | None = None, **chosen: object
) -> AsyncIterator[Client]:
    """Connect to a server with a key, with a user who answers questions."""
    key = f"sk-test-{folder.name}"
    settings = settings_in(folder, {"api_key": key, "base_url": url, "confirm_above": 6, **chosen})
    with anyio.fail_after(60):
        async with Client(build_server(settings), mode=era, elicitation_callback=user) as client:
            yield client
