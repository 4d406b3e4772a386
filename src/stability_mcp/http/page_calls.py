"""Runs the tool calls of the web page, which isn't an MCP client and doesn't ask questions.

A tool's own error is an answer, except a price that the user has to approve (409) and a disk that
can't be written (503). A key that comes again, as after a double click, gets the answer of the
first call: paid calls are also recorded under their key in the store.
"""

from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any

import anyio
from mcp.types import CallToolResult, TextContent

from stability_mcp.api.operations import OPERATIONS
from stability_mcp.errors import ConfirmationError, KeyConflictError, StorageError, StudioError
from stability_mcp.pages.ui_answers import UiProblemError
from stability_mcp.pages.ui_face import ToolRequest
from stability_mcp.rest.preference import Preference
from stability_mcp.rest.rest_call import NO_FILES
from stability_mcp.server import free_calls, tool_calls
from stability_mcp.server.call_context import CallContext
from stability_mcp.server.catalog import all_tools
from stability_mcp.server.error_results import ERROR, error_result, unknown_tool
from stability_mcp.server.lazy_studio import LazyStudio
from stability_mcp.server.plain_results import FACTS
from stability_mcp.server.tools import FREE_TOOLS
from stability_mcp.settings import Settings
from stability_mcp.studio import PAGE_CLIENT
from stability_mcp.text import plain

MAX_KEYS = 1_000
"""Answers kept for keys that come again, the oldest is forgotten first."""
MAX_WAIT_SECONDS = 25
"""Longest wait of a call: a browser has six connections, and the event stream is one of them."""
KEYED_TOOLS = frozenset({"workflow_run"})
"""Tools that record the key in the store, in addition to the paid operations."""


@dataclass(kw_only=True)
class _Keyed:
    """A call with a key."""

    request: tuple[str, Mapping[str, Any]]
    ended: anyio.Event = field(default_factory=anyio.Event)
    answer: Mapping[str, Any] | None = None
    error: Exception | None = None


class PageCalls:
    """Runs tool calls.

    Args:
        settings: The operator's settings.
        lazy_studio: The studio of the running server.
    """

    def __init__(self, settings: Settings, lazy_studio: LazyStudio) -> None:
        self._settings = settings
        self._lazy_studio = lazy_studio
        self._connection: dict[str, Any] = {}
        """What is kept for tools that keep something for a connection."""
        self._keyed: OrderedDict[str, _Keyed] = OrderedDict()

    async def call(self, request: ToolRequest) -> Mapping[str, Any]:
        """Run a tool and return its text and facts; it continues if the page is closed.

        Raises:
            UiProblemError: the price needs the user's yes, the key was used for another call, or
                there is no such tool.
            StorageError: the disk is full, or can't be written.
        """
        key = request.key
        known = self._keyed.get(key) if key is not None else None
        if known is None:
            known = _Keyed(request=(request.name, request.arguments))
            if key is not None:
                self._keyed[key] = known
                while len(self._keyed) > MAX_KEYS:
                    self._keyed.popitem(last=False)
            self._lazy_studio.spawn(partial(self._run, known, request))
        elif known.request != (request.name, request.arguments):
            raise UiProblemError(
                422, "idempotency_key_used", "This key was used for another call. Use a new one."
            )
        await known.ended.wait()
        if known.error is not None:
            raise known.error
        if known.answer is None:
            raise UiProblemError(
                503, "stopping", "The server is stopping. A job that was started is finished."
            )
        return known.answer

    async def _run(self, keyed: _Keyed, request: ToolRequest) -> None:
        try:
            keyed.answer = await self._answer(request)
        except Exception as error:  # noqa: BLE001 -- raised where the answer is awaited
            keyed.error = error
        finally:
            if keyed.answer is None or keyed.answer["result"]["is_error"]:
                self._forget(keyed, request.key)  # nothing was done: the key can be used again
            keyed.ended.set()

    def _forget(self, keyed: _Keyed, key: str | None) -> None:
        if key is not None and self._keyed.get(key) is keyed:
            del self._keyed[key]

    async def _answer(self, request: ToolRequest) -> Mapping[str, Any]:
        every = all_tools()
        if request.name not in every:
            result = unknown_tool(request.name, enabled=every, every=every, toolsets=())
            raise UiProblemError(404, "not_found", _text(result))
        try:
            return _form(await self._result(request))
        except ConfirmationError as error:
            if error.credits is None:
                raise
            facts = {"credits": error.credits}
            raise UiProblemError(409, "confirmation_required", error.message, facts) from None
        except KeyConflictError as error:
            raise UiProblemError(422, "idempotency_key_used", str(error)) from None
        except StorageError:
            raise
        except Exception as error:  # noqa: BLE001 -- the boundary: every error becomes an answer
            return _form(error_result(error, request.name, can_upload=False))

    async def _result(self, request: ToolRequest) -> CallToolResult:
        name, arguments = request.name, request.arguments
        wait = min(Preference.of(list(request.prefer)).seconds(0), MAX_WAIT_SECONDS)
        context = CallContext(
            tool=name,
            settings=self._settings,
            enabled=frozenset(all_tools()),
            wait=wait,
            connection=self._connection,
            exposure=NO_FILES,
            client=PAGE_CLIENT,
            listed_as=PAGE_CLIENT,
            from_page=True,
        )
        if name in FREE_TOOLS:
            return await free_calls.call(self._lazy_studio, arguments, context)
        return await tool_calls.run(
            self._lazy_studio, arguments, await self._with_key(context, request)
        )

    async def _with_key(self, context: CallContext, request: ToolRequest) -> CallContext:
        """Return the context with the key, for a tool that records it in the store."""
        row = OPERATIONS.get(request.name)
        is_recorded = row.is_paid() if row is not None else request.name in KEYED_TOOLS
        if request.key is None or not is_recorded:
            return context
        studio = await self._lazy_studio.studio()
        place = f"POST /api/ui/tools/{request.name}"
        try:
            key = await studio.keys.key(request.key, place, request.arguments)
        except StudioError as error:
            raise UiProblemError(400, "invalid_arguments", str(error)) from None
        return replace(context, key=key)


def _form(result: CallToolResult) -> dict[str, Any]:
    meta = result.meta or {}
    facts = meta.get(FACTS) or result.structured_content or {}
    is_error = bool(result.is_error)
    error = meta.get(ERROR, {})
    return {"text": _text(result), "result": {**facts, **error, "is_error": is_error}}


def _text(result: CallToolResult) -> str:
    texts = [each.text for each in result.content if isinstance(each, TextContent)]
    return plain("\n".join(texts))
