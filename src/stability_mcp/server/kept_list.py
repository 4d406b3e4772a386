"""Keeps the answer of `tools/list`: the SDK would build and check the same 60 KB for each client.

The answer depends on the protocol version and on the tools of the server, not on the client.
"""

from typing import Any

from mcp.server.context import CallNext, HandlerResult, ServerRequestContext


class KeptToolList:
    """The first answer of each protocol version, in the form in which it is sent."""

    def __init__(self) -> None:
        self._answers: dict[str, dict[str, Any]] = {}

    def drop(self) -> None:
        """Drop every kept answer: the tools have changed."""
        self._answers = {}

    async def answer(
        self, ctx: ServerRequestContext[Any, Any], call_next: CallNext
    ) -> HandlerResult:
        """Answer with what is kept; this is middleware.

        The SDK answers the first request of a version, one with a cursor, one that it would refuse,
        and one before the handshake.
        """
        if ctx.method != "tools/list" or not _asks_for_all(ctx):
            return await call_next(ctx)
        answers = self._answers
        kept = answers.get(ctx.protocol_version)
        if kept is not None:
            return kept
        answer = await call_next(ctx)
        if isinstance(answer, dict):  # into what was there before: a drop meanwhile drops this too
            answers[ctx.protocol_version] = answer
        return answer


def _asks_for_all(ctx: ServerRequestContext[Any, Any]) -> bool:
    """Return whether a request is well formed and asks for the whole list."""
    params = ctx.params or {}
    known = ctx.session.client_params is not None
    return known and (not params or (params.keys() == {"_meta"} and ctx.meta is not None))
