"""Asks a client for its workspace folders (`roots/list`), in the handshake eras of the protocol.

The first call that needs them asks. The answer is kept on the SDK's connection, so no other client
sees it and it ends with the connection. The newer protocol deprecates roots and cannot ask.
"""

import logging
from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, Any

import anyio
from mcp.server.context import ServerRequestContext
from mcp.server.lowlevel import Server
from mcp.server.session import ServerSession
from mcp.shared.exceptions import MCPError
from mcp.types import REQUEST_TIMEOUT, NotificationParams

from stability_mcp.server.elicitation import FIRST_WITHOUT_BACK_CHANNEL
from stability_mcp.server.lazy_studio import LazyStudio

if TYPE_CHECKING:
    from stability_mcp.studio import NamedFolders, Workspace, WorkspaceSource

ANSWER_SECONDS = 3.0
"""Longest wait for the client: editors answer in milliseconds, and a call may have only 10 s."""

KEEP_SECONDS = 60.0
"""How long an answer is kept if the client doesn't announce changes, or gave no valid answer."""

STATE_KEY = "stability-mcp/roots"
"""Key of the answer in the state of a connection."""

log = logging.getLogger(__name__)


class ClientRoots:
    """The folders that one connected client named.

    Args:
        announces: Whether the client announces changes of its list.
        clock: Returns the time in seconds.
    """

    def __init__(self, *, announces: bool, clock: Callable[[], float] = anyio.current_time) -> None:
        self._announces = announces
        self._clock = clock
        self._asking = anyio.Lock()
        self._named: NamedFolders | None = None
        self._until = 0.0
        self._changes = 0
        self._logged: frozenset[str] = frozenset()

    async def workspace(self, session: ServerSession) -> "Workspace":
        """Return the folders that may be used now.

        Args:
            session: The session of the current request; the question is part of that request.
        """
        from stability_mcp.studio import check_workspace

        found = await check_workspace(await self._folders(session))
        for note in found.notes:
            if note not in self._logged:
                log.warning("%s", note)
        self._logged = frozenset(found.notes)
        return found

    def forget(self) -> None:
        """Ask again at the next use, as the list has changed."""
        self._named = None
        self._changes += 1

    async def _folders(self, session: ServerSession) -> "NamedFolders":
        async with self._asking:
            if self._named is not None and self._clock() < self._until:
                return self._named
            changes = self._changes
            named, answered = await _ask(session)
            if changes == self._changes:  # otherwise this may be the list before the change
                kept = answered and self._announces
                self._until = float("inf") if kept else self._clock() + KEEP_SECONDS
                self._named = named
            return named


async def _ask(session: ServerSession) -> "tuple[NamedFolders, bool]":
    """Ask the client; return its folders and whether it gave an answer."""
    from stability_mcp.studio import NamedFolders

    # The SDK's `list_roots` rejects the whole list for one invalid URI.
    channel = session._request_outbound  # noqa: SLF001
    try:
        answer = await channel.send_raw_request("roots/list", None, {"timeout": ANSWER_SECONDS})
    except MCPError as error:
        if error.code == REQUEST_TIMEOUT:
            reason = f"The client did not name its workspace folders within {ANSWER_SECONDS:g} s."
        else:
            reason = "The client could not name its workspace folders."
        return NamedFolders(problem=reason), False
    return NamedFolders.of_answer(answer), True


def workspace_source(session: ServerSession, exposure: str) -> "WorkspaceSource | None":
    """Return the function that finds the workspace of a request's client; None: it has none.

    Args:
        session: The session of the request.
        exposure: See `Face.exposure`: such a client could name any folder, so it has none.
    """
    capabilities = session.client_capabilities
    if (
        capabilities is None
        or capabilities.roots is None
        or session.protocol_version >= FIRST_WITHOUT_BACK_CHANNEL
    ):
        return None
    if exposure:
        return partial(_no_workspace, f"Workspace folders aren't read, as {exposure}.")
    state = session._connection.state  # noqa: SLF001 -- a session lives as long as one request
    announces = bool(capabilities.roots.list_changed)
    roots: ClientRoots = state.setdefault(STATE_KEY, ClientRoots(announces=announces))
    return partial(roots.workspace, session)


async def _no_workspace(problem: str) -> "Workspace":
    from stability_mcp.studio import Workspace

    return Workspace(problem=problem)


def forget_on_change(server: Server[LazyStudio]) -> None:
    """Handle `notifications/roots/list_changed`."""
    server.add_notification_handler(
        "notifications/roots/list_changed", NotificationParams, _on_change
    )


async def _on_change(ctx: ServerRequestContext[LazyStudio, Any], _: NotificationParams) -> None:
    roots = ctx.session._connection.state.get(STATE_KEY)  # noqa: SLF001 -- as above
    if isinstance(roots, ClientRoots):
        roots.forget()
