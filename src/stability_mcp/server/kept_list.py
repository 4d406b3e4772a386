"""Caches the response of `tools/list`: the SDK would build the same 60 KB for each client.

The response depends on the protocol version and the server's tools, not on the client.
"""

from typing import Any

from mcp.server.context import CallNext, HandlerResult, ServerRequestContext


class KeptToolList:
    """Caches the first response of each protocol version, as it is sent."""

    def __init__(self) -> None:
        self._answers: dict[str, dict[str, Any]] = {}

    def drop(self) -> None:
        """Clear the cache, because the tools have changed."""
        self._answers = {}

    async def answer(
        self, ctx: ServerRequestContext[Any, Any], call_next: CallNext
    ) -> HandlerResult:
        """Answer from the cache, as middleware.

        The SDK answers the first request of a version, requests with a cursor, malformed ones and
        those before the handshake.
        """
        if ctx.method != "tools/list" or not _asks_for_all(ctx):
            return await call_next(ctx)
        answers = self._answers
        kept = answers.get(ctx.protocol_version)
        if kept is not None:
            return kept
        answer = await call_next(ctx)
        if isinstance(answer, dict):  # into the old dict: a drop in the meantime discards it
            answers[ctx.protocol_version] = answer
        return answer


def _asks_for_all(ctx: ServerRequestContext[Any, Any]) -> bool:
    """Return whether a request is well-formed and asks for the whole list."""
    params = ctx.params or {}
    known = ctx.session.client_params is not None
    return known and (not params or (params.keys() == {"_meta"} and ctx.meta is not None))
