"""Completions: labels and ids of media, ids of jobs, topics of the guide, qualities."""

from mcp.types import (
    Completion,
    CompletionArgument,
    PromptReference,
    ResourceTemplateReference,
)

from stability_mcp.server.lazy_studio import LazyStudio
from stability_mcp.server.prompts import PROMPTS
from stability_mcp.text import plain
from stability_mcp.uris import job_uri, media_uri

MAX_VALUES = 100
"""The protocol's own limit."""


async def complete(
    ref: PromptReference | ResourceTemplateReference,
    argument: CompletionArgument,
    lazy_studio: LazyStudio,
) -> Completion:
    """Return the values that begin with the given text, newest first."""
    known = await _candidates(ref, argument.name, argument.value, lazy_studio)
    prefix = argument.value.casefold()
    values = [plain(each) for each in known if each.casefold().startswith(prefix)]
    return Completion(
        values=values[:MAX_VALUES], total=len(values), has_more=len(values) > MAX_VALUES
    )


async def _candidates(
    ref: PromptReference | ResourceTemplateReference,
    argument: str,
    prefix: str,
    lazy_studio: LazyStudio,
) -> list[str]:
    if isinstance(ref, PromptReference):
        definition = PROMPTS.get(ref.name)
        completed = definition.completes(argument) if definition is not None else None
        if completed == "quality":
            from stability_mcp.workflows.quality import QUALITIES

            return list(QUALITIES)
        return await _media(prefix, lazy_studio) if completed == "media" else []
    wanted = ref.uri
    if wanted in {media_uri("{id}"), f"{media_uri('{id}')}/original"}:
        return await _media(prefix, lazy_studio)
    if wanted == job_uri("{id}"):
        page = await (await lazy_studio.studio()).list_jobs(limit=MAX_VALUES)
        return [each.id for each in page.items]
    if wanted == "stability://guide/{topic}":
        from stability_mcp.server.guide import TOPICS

        return list(TOPICS)
    return []


async def _media(prefix: str, lazy_studio: LazyStudio) -> list[str]:
    studio = await lazy_studio.studio()
    newest = (await studio.list_media(limit=MAX_VALUES)).items
    if prefix:
        newest += (await studio.list_media(limit=MAX_VALUES, query=prefix)).items
    labels = [each.label for each in newest if each.label]
    return list(dict.fromkeys([*labels, *(each.id for each in newest)]))
