"""Builds the results of tools that can return media, within the limits of every host.

A result is a text block that is complete on its own, then at most one small picture, then a link
for each item. A result with a picture never has structured content: several hosts then drop the
picture. Every text goes through `plain()`, here and in `plain_results`.
"""

import base64
import json
import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from mcp.types import (
    Annotations,
    CallToolResult,
    ContentBlock,
    ImageContent,
    ResourceLink,
    TextContent,
)

from stability_mcp.imaging.preview import Preview
from stability_mcp.local_tools.local_tool import LocalResult
from stability_mcp.server import answer_text, run_text
from stability_mcp.server.history_text import history_lines
from stability_mcp.server.plain_results import FACTS, cleaned
from stability_mcp.server.run_views import RunFacts
from stability_mcp.server.tool import Data
from stability_mcp.server.views import JobFacts, MediaFacts, SentFacts
from stability_mcp.settings import Settings
from stability_mcp.studio import History, JobRecord, MediaItem, Outcome, Spending
from stability_mcp.studio.workflow.run_answer import RunOutcome
from stability_mcp.text import plain
from stability_mcp.uris import media_uri

MAX_PREVIEW_BYTES = 65_536
"""Keeps a whole result below 100 KB in base64."""
MAX_TEXT_CHARACTERS = 20_000
"""About 5,000 tokens."""
MAX_LINKS = 12
"""Links to the results of a run: with all of 200, an answer would have 50 KB."""

log = logging.getLogger(__name__)


@dataclass(frozen=True, kw_only=True)
class Shown:
    """Items in an answer, with one small picture of them."""

    items: Sequence[MediaItem]
    named: str = ""
    """If a label was taken: which name the item got."""
    notes: Sequence[str] = ()
    preview: Preview | None = None
    sheets: Sequence[Preview] = ()
    """Further pictures, if the items don't fit on one."""
    sources: Mapping[str, str] = field(default_factory=dict)
    """Names of the media that the items were made from, by id."""
    tags: Mapping[str, Sequence[str]] = field(default_factory=dict)
    """Tags of the items, by id."""
    history: History | None = None
    """What led to a single item, and what was made from it."""


@dataclass(frozen=True, kw_only=True)
class Report:
    """Data that may be shown with a chart."""

    facts: Data
    notes: Sequence[str] = ()
    """Lines after its text."""
    chart: Preview | None = None


def of_outcome(
    outcome: Outcome,
    *,
    tool: str,
    enabled: frozenset[str],
    settings: Settings,
    views: Sequence[str] = (),
) -> CallToolResult:
    """Return the result of a paid call, or of waiting for its jobs.

    Args:
        outcome: The outcome.
        tool: Name of the tool.
        enabled: Names of the enabled tools.
        settings: The operator's settings.
        views: Lines with links to the view page.
    """
    jobs, media = outcome.jobs, outcome.media
    missing = [job for job in jobs if job.state != "done"]
    failed = bool(jobs) and all(job.finished and job.state != "done" for job in jobs)
    text = [
        answer_text.first_line(
            outcome, tool=tool, emulated=settings.emulated, missing_key=settings.missing_key
        ),
        *answer_text.nothing_left_lines(media, outcome.empty),
        *outcome.notes,
        *answer_text.restored_lines(outcome),
        *map(answer_text.media_line, media),
        *answer_text.size_lines(media),
        *answer_text.unreadable_lines(media),
        *_transparent_line(outcome.preview),
        *answer_text.job_lines(missing),
        *answer_text.money_lines(outcome.spent, settings),
        *views,
        *answer_text.next_line(outcome, enabled),
        *filter(None, [outcome.uncollected]),
    ]
    paid = answer_text.charged([each for each in jobs if each.id not in outcome.cached])
    facts = {
        "tool": tool,
        "emulated": settings.emulated,
        "filtered": any(each.filtered for each in media),
        "empty": list(outcome.empty),
        "media": [MediaFacts.of(each).dumped() for each in media],
        "jobs": [_job_facts(each) for each in jobs],
        "inputs": list(outcome.notes),
        "sent": [SentFacts.of(field, item).dumped() for field, item in outcome.sent],
        "cached": list(outcome.cached),
        "spent": _spent(outcome.spent),
    }
    return _result(
        text,
        facts,
        Shown(items=media, preview=outcome.preview),
        cost={"credits": paid / 1000, "usd": 0.0 if settings.emulated else paid / 100_000},
        failed=failed,
    )


def of_shown(
    shown: Shown, *, tool: str, uncollected: str | None, views: Sequence[str] = ()
) -> CallToolResult:
    """Return the result of looking at media; free."""
    kinds = [item.kind for item in shown.items if item.emulated and item.operation]
    counted = answer_text.counted(shown.items)
    first = f"{tool}: {', '.join(filter(None, [counted, 'free', shown.named]))}"
    text = [f"{answer_text.emulated_text(kinds)}. {first}" if kinds else first]
    if shown.preview is not None and shown.preview.empty and len(shown.items) == 1:
        text += answer_text.nothing_left_lines(shown.items, [shown.items[0].id])
    text += shown.notes
    for index, item in enumerate(shown.items):
        made = answer_text.made_line(item, shown.items[:index], shown.sources)
        tags = answer_text.tags_text(shown.tags.get(item.id, ()))
        text += [answer_text.media_line(item), f"made: {made}", *filter(None, [tags])]
    text += [*answer_text.size_lines(shown.items), *answer_text.unreadable_lines(shown.items)]
    text += [*_transparent_line(shown.preview)]
    text += history_lines(shown.history) if shown.history else []
    text += views
    text += filter(None, [uncollected])
    media = [MediaFacts.of(each, shown.tags.get(each.id, ())).dumped() for each in shown.items]
    facts = {"tool": tool, "media": media, **_history_facts(shown.history)}
    return _result(text, facts, shown)


def of_local(
    result: LocalResult, *, tool: str, uncollected: str | None, views: Sequence[str] = ()
) -> CallToolResult:
    """Return the result of a local tool; free."""
    made = answer_text.counted(result.items)
    text = [f"{tool}: {', '.join(filter(None, [made, 'free']))}", *result.lines]
    text += [answer_text.media_line(item) for item in result.items]
    text += [*views, *filter(None, [uncollected])]
    media = [MediaFacts.of(each).dumped() for each in result.items]
    facts = {"tool": tool, **({"media": media} if media else {}), **result.facts}
    return _result(text, facts, Shown(items=result.items, preview=result.preview))


def of_run(
    outcome: RunOutcome, *, tool: str, settings: Settings, uncollected: str | None
) -> CallToolResult:
    """Return the result of starting, continuing or looking at a run: one sheet for the whole."""
    state = outcome.state
    text = [
        *run_text.run_lines(outcome, settings),
        *answer_text.money_lines(outcome.spent, settings),
    ]
    text += filter(None, [uncollected])
    charged = 0 if settings.emulated else state.charged
    return _result(
        text,
        {"tool": tool, **RunFacts.of(outcome).dumped()},
        Shown(items=outcome.linked[:MAX_LINKS], preview=outcome.sheet),
        cost={"credits": state.charged / 1000, "usd": charged / 100_000},
        failed=state.row.state == "failed",
    )


def of_report(report: Report, *, tool: str, uncollected: str | None) -> CallToolResult:
    """Return the result of a report: its own text, perhaps a chart, the facts only in `_meta`.

    A note or the line about undelivered results is a block of its own: the text may be JSON or CSV.
    """
    facts = cleaned(report.facts.dumped())
    text = report.facts.as_text() or json.dumps(facts, ensure_ascii=False, separators=(",", ":"))
    content: list[ContentBlock] = [TextContent(text=plain(text)), *_picture(report.chart)]
    content += [TextContent(text=plain(each)) for each in (*report.notes, uncollected) if each]
    return CallToolResult(content=content, _meta={FACTS: {"tool": tool, **facts}})


def _history_facts(history: History | None) -> dict[str, Any]:
    if history is None:
        return {}
    newest = {"newest": history.newest.uri} if history.newest else {}
    lineage = [media_uri(step.id) for step in history.steps[1:]]
    return {"lineage": lineage, "results": [each.uri for each in history.results], **newest}


def _result(
    text: Sequence[str],
    facts: Mapping[str, Any],
    shown: Shown,
    *,
    cost: Mapping[str, float] | None = None,
    failed: bool = False,
) -> CallToolResult:
    content: list[ContentBlock] = [TextContent(text=_bounded(plain("\n".join(text))))]
    for preview in (shown.preview, *shown.sheets):
        content += _picture(preview)
    content += [_link(item) for item in shown.items]
    meta: dict[str, Any] = {FACTS: cleaned(facts)} | ({"cost": dict(cost)} if cost else {})
    return CallToolResult(content=content, is_error=failed, _meta=meta)


def _bounded(text: str) -> str:
    return text if len(text) <= MAX_TEXT_CHARACTERS else f"{text[: MAX_TEXT_CHARACTERS - 1]}…"


def _picture(preview: Preview | None) -> list[ImageContent]:
    if preview is None:
        return []
    if len(preview.data) > MAX_PREVIEW_BYTES:
        log.warning("preview of %d bytes left out: too large", len(preview.data))
        return []
    data = base64.b64encode(preview.data).decode()
    return [ImageContent(data=data, mime_type=preview.media_type)]


def _link(item: MediaItem) -> ResourceLink:
    return ResourceLink(
        name=plain(item.name),
        uri=item.uri,
        mime_type=item.media_type,
        size=item.bytes,
        annotations=Annotations(audience=["user"]),
    )


def _job_facts(job: JobRecord) -> dict[str, Any]:
    # This answer itself collects the result, after the record was read.
    return {name: value for name, value in JobFacts.of(job).dumped().items() if name != "collected"}


def _transparent_line(preview: Preview | None) -> list[str]:
    if preview is None or preview.transparent is None:
        return []
    return [f"transparent: {preview.transparent * 100:.0f} %"]


def _spent(spent: Spending) -> dict[str, float | None]:
    limit = None if spent.limit is None else spent.limit / 1000
    about = {} if spent.balance is None else {"balance": spent.balance / 1000}
    if spent.spend_limit is not None:
        about |= {"limit": spent.spend_limit.max_credits / 1000}
        about |= {"limit_left": spent.spend_limit.left / 1000}
    return about | {
        "today": spent.today / 1000,
        "session": spent.session / 1000,
        "reserved": spent.reserved / 1000,
        "budget": limit,
    }
