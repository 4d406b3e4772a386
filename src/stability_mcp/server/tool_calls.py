"""Runs a call of a tool that needs the studio, from raw arguments to the result.

It loads everything heavy, so `app.py` imports it with the first call.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import Any

import anyio
from mcp.types import CallToolResult, InputRequiredResult
from pydantic import BaseModel

from stability_mcp.api.operations import OPERATIONS
from stability_mcp.api.parsing import parse_model
from stability_mcp.local_tools import all_local_tools
from stability_mcp.local_tools.local_tool import LocalResult
from stability_mcp.server import plain_results, results
from stability_mcp.server.call_context import CallContext
from stability_mcp.server.client_timeout import limit_wait, record_give_up
from stability_mcp.server.elicitation import AskFirstError, QuestionChannel
from stability_mcp.server.error_results import error_result
from stability_mcp.server.extra_arguments import split
from stability_mcp.server.lazy_studio import LazyStudio
from stability_mcp.server.listings import Listing
from stability_mcp.server.price_questions import Confirmer
from stability_mcp.server.results import Report, Shown
from stability_mcp.server.tools import load_tools
from stability_mcp.studio import CallOptions, MediaItem, Outcome, Sheet, Studio
from stability_mcp.studio.workflow.run_answer import RunOutcome
from stability_mcp.text import plain

SHEET_KEY = "stability-mcp/sheet"
"""Key of what a client was last shown together, in what is kept for its connection."""

MAX_CLIENT_CHARACTERS = 80
"""Of a client's name in lists of jobs: it calls itself anything."""

Answer = Outcome | RunOutcome | Shown | LocalResult | Report | Listing | BaseModel | str


async def call(
    lazy_studio: LazyStudio, arguments: Mapping[str, Any], context: CallContext
) -> CallToolResult | InputRequiredResult:
    """Run the call and return its result; errors are results too, except cancellation."""
    arrived = anyio.current_time()
    try:
        return await run(lazy_studio, arguments, await limit_wait(lazy_studio, context))
    except AskFirstError as question:
        return question.result
    except anyio.get_cancelled_exc_class():
        record_give_up(lazy_studio, context, anyio.current_time() - arrived)
        raise
    except Exception as error:  # noqa: BLE001 -- the boundary: every error becomes a result
        uncollected = await lazy_studio.uncollected_line_or_none()
        return error_result(
            error, context.tool, uncollected=uncollected, can_upload=context.can_upload
        )


async def run(
    lazy_studio: LazyStudio, arguments: Mapping[str, Any], context: CallContext
) -> CallToolResult:
    """Run the call and return its result.

    Raises:
        StudioError: the tool refuses.
        AskFirstError: the result is a question.
    """
    answer = await _answer(lazy_studio, arguments, context)
    return await _result(lazy_studio, answer, context)


async def _result(lazy_studio: LazyStudio, answer: Answer, context: CallContext) -> CallToolResult:
    """Return an answer as a result."""
    tool, settings = context.tool, context.settings
    view_lines = _no_lines if context.from_page else lazy_studio.view_lines
    if isinstance(answer, Outcome):
        painted = [] if context.from_page else lazy_studio.painted_lines()
        views = [*view_lines(answer.media), *painted]
        return results.of_outcome(
            answer, tool=tool, enabled=context.enabled, settings=settings, views=views
        )
    uncollected = None if context.from_page else await lazy_studio.uncollected_line()
    if isinstance(answer, RunOutcome):
        return results.of_run(answer, tool=tool, settings=settings, uncollected=uncollected)
    if isinstance(answer, Shown):
        views = view_lines(answer.items)
        return results.of_shown(answer, tool=tool, uncollected=uncollected, views=views)
    if isinstance(answer, LocalResult):
        views = view_lines(answer.items)
        if answer.paint is not None and not context.from_page:
            views = lazy_studio.paint_lines(answer.paint)
        return results.of_local(answer, tool=tool, uncollected=uncollected, views=views)
    return _free_result(answer, tool, uncollected)


def _no_lines(_items: Sequence[MediaItem]) -> list[str]:
    return []


def _free_result(
    answer: Report | Listing | BaseModel | str, tool: str, uncollected: str | None
) -> CallToolResult:
    if isinstance(answer, Report):
        return results.of_report(answer, tool=tool, uncollected=uncollected)
    if isinstance(answer, Listing):
        return plain_results.of_listing(
            answer.lines, answer.facts, tool=tool, uncollected=uncollected, notes=answer.notes
        )
    if isinstance(answer, BaseModel):
        return plain_results.of_data(answer, uncollected=uncollected)
    return plain_results.of_text(answer, uncollected=uncollected)


async def _answer(
    lazy_studio: LazyStudio, arguments: Mapping[str, Any], context: CallContext
) -> Answer:
    if context.tool in OPERATIONS:
        return await _operate(lazy_studio, arguments, context)
    tool = (await load_tools())[context.tool]
    parsed: Any = arguments
    if not tool.parses:
        parsed = parse_model(tool.arguments, arguments, what=tool.name, hints=tool.hints)
    studio = await _studio_for(lazy_studio, context)
    context = replace(
        context,
        confirm=partial(_confirmer, lazy_studio, studio, context),
        questions=_channel(lazy_studio, studio, context),
    )
    answer: Answer = await tool.function(studio, parsed, context)
    return answer


async def _studio_for(lazy_studio: LazyStudio, context: CallContext) -> Studio:
    """Return the studio as the client of a call may use it."""
    studio = await lazy_studio.studio()
    kept = context.connection
    sheet = None if kept is None else kept.setdefault(SHEET_KEY, Sheet())
    scope = await lazy_studio.spend_scope(context.client_name)
    return studio.for_client(
        context.workspace,
        sheet,
        scope,
        reads_files=not context.from_page or _writes_files(context.tool),
        name=plain(context.listed_as)[:MAX_CLIENT_CHARACTERS],
    )


def _writes_files(tool: str) -> bool:
    """Return whether a tool writes into the user's folders: on the page, the user asks for it."""
    local = all_local_tools().get(tool)
    return local is not None and local.writes_files


async def _operate(
    lazy_studio: LazyStudio, arguments: Mapping[str, Any], context: CallContext
) -> Answer:
    studio = await _studio_for(lazy_studio, context)
    row = OPERATIONS[context.tool]
    given = split(row, arguments)
    if not row.is_paid():
        return await studio.query(context.tool, given.rest)
    options = CallOptions(
        label=given.label,
        count=given.count,
        preview=given.preview is None and not context.from_page,
        allow_smaller=bool(given.allow_smaller),
        full_size=bool(given.full_size),
        wait=context.wait,
        soon=context.soon,
        progress=context.progress,
        confirm=_confirmer(lazy_studio, studio, context, given.confirm_spend),
        key=context.key,
    )
    outcome = await studio.run(context.tool, given.rest, options)
    return context.with_ticket(outcome)


def _channel(
    lazy_studio: LazyStudio, studio: Studio, context: CallContext
) -> QuestionChannel | None:
    """Return how to ask the user; None: the client can't."""
    elicitation = context.elicitation
    if elicitation is None or not elicitation.possible:
        return None
    return QuestionChannel(
        lazy_studio=lazy_studio, studio=studio, elicitation=elicitation, max_wait=context.wait
    )


def _confirmer(
    lazy_studio: LazyStudio, studio: Studio, context: CallContext, agreed: float | None
) -> Confirmer:
    return Confirmer(
        lazy_studio=lazy_studio,
        studio=studio,
        elicitation=context.elicitation,
        agreed=agreed,
        max_wait=context.wait,
    )
