"""Resources: stored media, jobs, operations, styles and the guide.

They are listed without the SDK's decorators, because the type of a media item is only known when it
is read, and an SDK template has one fixed type.
"""

import json
import re
from typing import TYPE_CHECKING

from mcp.server.lowlevel.helper_types import ReadResourceContents
from mcp.server.mcpserver.exceptions import ResourceError, ResourceNotFoundError
from mcp.types import Resource, ResourceTemplate

from stability_mcp.errors import NotFoundError, StudioError
from stability_mcp.server.lazy_studio import LazyStudio
from stability_mcp.server.live_pages import LIVE_PAGES, live_page
from stability_mcp.server.loading import load
from stability_mcp.text import plain, quoted
from stability_mcp.uris import is_run, job_uri, media_uri

if TYPE_CHECKING:
    from stability_mcp.studio import MediaItem

Contents = list[ReadResourceContents]

MAX_BYTES = 700_000
"""Maximum content of `media://{id}`; in base64 it stays below the 1 MiB limit of some hosts."""

RENDITION_SIDE = 1_568
"""Longest side of a rendition, in pixels; models scale larger pictures down anyway."""

STATIC = (
    Resource(
        uri="stability://operations",
        name="operations",
        title="Operations, prices and limits",
        description="Every operation of the API with price, duration and input limits.",
        mime_type="application/json",
    ),
    Resource(
        uri="stability://styles",
        name="styles",
        title="Style presets",
        description="The style presets and the tools that accept them.",
        mime_type="application/json",
    ),
    Resource(
        uri="stability://plan",
        name="plan",
        title="Plan of a workflow, JSON schema",
        description="The schema of the plans that workflow_plan and workflow_run take.",
        mime_type="application/json",
    ),
    Resource(
        uri="stability://spending",
        name="spending",
        title="Balance and budget",
        description="Credits on the account, spent today, and left of the daily budget.",
        mime_type="application/json",
    ),
    Resource(
        uri="stability://media",
        name="newest media",
        title="Newest media",
        description="The 10 newest pictures, sounds and 3D models.",
        mime_type="application/json",
    ),
)
TEMPLATES = (
    ResourceTemplate(
        uri_template=media_uri("{id}"),
        name="media",
        title="Stored media",
        description="A stored picture, sound or 3D model, by id or label; pictures over 700 KB are "
        "scaled down, with a note.",
    ),
    ResourceTemplate(
        uri_template=f"{media_uri('{id}')}/original",
        name="original",
        title="Stored media, original",
        description="The stored file in full size.",
    ),
    ResourceTemplate(
        uri_template=job_uri("{id}"),
        name="job",
        title="Job",
        description="State, charge and results of a job or a workflow run.",
        mime_type="application/json",
    ),
    ResourceTemplate(
        uri_template="stability://guide/{topic}",
        name="guide",
        title="Guide",
        description="How to get good results.",
        mime_type="text/markdown",
    ),
)

_BUILT_IN = re.compile(r"(?P<kind>media|job|stability)://(?P<name>[^/]+)(?:/(?P<rest>[^/]+))?/?")


MAX_LISTED = 50
"""Maximum jobs in the list of resources, newest first."""
MAX_RUNS = 10
"""Maximum runs of workflows before them."""


async def jobs(lazy_studio: LazyStudio) -> list[Resource]:
    """Return the newest runs and jobs as resources; none while the store isn't open."""
    if lazy_studio.opened is None:
        return []
    runs = await lazy_studio.opened.runs.newest(limit=MAX_RUNS)
    page = await lazy_studio.opened.list_jobs(limit=MAX_LISTED)
    workflows = [
        Resource(
            uri=job_uri(each.id),
            name=plain(each.title or each.id),
            title=f"workflow: {each.state}",
            mime_type="application/json",
        )
        for each in runs
    ]
    return workflows + [
        Resource(
            uri=job_uri(each.id),
            name=plain(each.label or each.id),
            title=f"{each.operation}: {each.state}",
            mime_type="application/json",
        )
        for each in page.items
    ]


async def read(
    uri: str, lazy_studio: LazyStudio, enabled: frozenset[str], client: str
) -> Contents | None:
    """Return the content of a built-in resource; None: the URI has another scheme.

    Args:
        uri: The URI.
        lazy_studio: The studio.
        enabled: Names of the enabled tools.
        client: Name that the client gave itself, for its spending limit.

    Raises:
        ResourceNotFoundError: the resource doesn't exist.
        ResourceError: it cannot be read.
    """
    found = _BUILT_IN.fullmatch(uri)
    if found is None:
        return None
    kind, name, rest = found["kind"], found["name"], found["rest"]
    try:
        if kind == "stability" and name in LIVE_PAGES and rest is None:
            return await _live_page(name, lazy_studio, client)
        if kind == "stability":
            return await _page(name, rest, lazy_studio, enabled)
        if kind == "job" and rest is None:
            return await _job(name, lazy_studio)
        if kind == "media" and rest in {None, "original"}:
            return await _media(name, lazy_studio, original=rest is not None)
    except NotFoundError as error:
        raise ResourceNotFoundError(plain(str(error))) from error
    except StudioError as error:
        raise ResourceError(plain(str(error))) from error
    raise ResourceNotFoundError(f"There is no resource {quoted(uri)}.")


async def _live_page(name: str, lazy_studio: LazyStudio, client: str) -> Contents:
    from stability_mcp.server.plain_results import cleaned

    studio = await lazy_studio.studio()
    limit = await studio.spend_limit(await lazy_studio.spend_scope(client))
    text = json.dumps(cleaned(await live_page(name, studio, limit)), ensure_ascii=False)
    return [ReadResourceContents(content=text, mime_type="application/json")]


async def _page(
    name: str, topic: str | None, lazy_studio: LazyStudio, enabled: frozenset[str]
) -> Contents:
    pages = await load("stability_mcp.server.resource_pages")
    opened = lazy_studio.opened if name == "operations" else None
    seconds = await opened.figures.typical_seconds(enabled) if opened else {}
    text, media_type = pages.page(name, topic, enabled, seconds)
    return [ReadResourceContents(content=text, mime_type=media_type)]


async def _job(name: str, lazy_studio: LazyStudio) -> Contents:
    from stability_mcp.server.plain_results import cleaned
    from stability_mcp.server.views import JobFacts

    studio = await lazy_studio.studio()
    if is_run(name):
        from stability_mcp.server.run_views import RunFacts
        from stability_mcp.studio.workflow.run_start import RunOptions

        outcome = await studio.runs.show(name, RunOptions(wait=0, preview=False))
        facts = RunFacts.of(outcome).dumped()
    else:
        [view] = await studio.get_jobs([name])
        facts = JobFacts.of(view).dumped()
    text = json.dumps(cleaned(facts), ensure_ascii=False)
    return [ReadResourceContents(content=text, mime_type="application/json")]


async def _media(name: str, lazy_studio: LazyStudio, *, original: bool) -> Contents:
    from stability_mcp.server.rendition import file_bytes, rendition

    studio = await lazy_studio.studio()
    item = await studio.get_media(name)
    if original or item.bytes <= MAX_BYTES:
        return [ReadResourceContents(await file_bytes(item), item.media_type)]
    smaller = await rendition(item, longest=RENDITION_SIDE, max_bytes=MAX_BYTES)
    if smaller is None:
        return [_explanation(item, "Too large to show here")]
    explanation = _explanation(item, f"Scaled down to {smaller.width}x{smaller.height}")
    return [ReadResourceContents(smaller.data, smaller.media_type), explanation]


def _explanation(item: "MediaItem", what: str) -> ReadResourceContents:
    where = f" and in the file {item.copy_path}" if item.copy_path else ""
    text = f"{what}. The original ({item.size_text}) is at {item.uri}/original{where}."
    return ReadResourceContents(plain(text), "text/plain")
