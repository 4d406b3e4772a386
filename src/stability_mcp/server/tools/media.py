"""Tools for stored media: list, show, import, label."""

from typing import Annotated, Literal

from pydantic import BeforeValidator, Field

from stability_mcp.api.fields import FILE_HELP
from stability_mcp.server.call_context import CallContext
from stability_mcp.server.definition import CHANGES, READS
from stability_mcp.server.results import Shown
from stability_mcp.server.tool import Arguments, PageArguments, PageData, listed_alone, tool
from stability_mcp.server.views import MediaFacts
from stability_mcp.studio import Studio

Reference = Annotated[str, Field(min_length=1, description=f"{FILE_HELP}.")]


class MediaList(PageArguments):
    """Find pictures, sounds and 3D models made or imported earlier, the newest first."""

    query: str | None = None
    """Words in the label or the prompt."""
    kind: Literal["image", "audio", "model"] | None = None
    """Only this."""
    limit: Annotated[int, Field(ge=1, le=100)] = 20
    """Most of them."""


class MediaListed(PageData):
    """A page of media."""

    media: list[MediaFacts]


@tool(title="List media", effects=READS, hints={"search": "use query", "type": "use kind"})
async def media_list(studio: Studio, arguments: MediaList, context: CallContext) -> MediaListed:  # noqa: ARG001 -- every tool takes the three
    """Answer from the store."""
    page = await studio.list_media(
        limit=arguments.limit,
        cursor=arguments.wanted_cursor,
        kind=arguments.kind,
        query=arguments.query,
    )
    return MediaListed(
        media=[MediaFacts.of(each) for each in page.items],
        next_cursor=page.next_cursor,
        next=page.next_cursor,
    )


class MediaShow(Arguments):
    """Look at stored media again: a picture of it, its size, where it is and how it was made.

    Several pictures come as one labelled sheet, to compare them.
    """

    media: Annotated[
        list[Reference], BeforeValidator(listed_alone), Field(min_length=1, max_length=8)
    ]
    """What to show."""
    size: Literal["small", "large"] = "small"
    """Size of the picture shown."""


@tool(title="Show media", effects=READS, hints={"id": "use media", "image": "use media"})
async def media_show(studio: Studio, arguments: MediaShow, context: CallContext) -> Shown:  # noqa: ARG001 -- every tool takes the three
    """Answer with the items and one picture of them, whatever the setting for previews."""
    items = [await studio.get_media(each) for each in arguments.media]
    return Shown(items=items, preview=await studio.preview(items, arguments.size))


class MediaImport(Arguments):
    """Take in a file of the user, to name it by a label or to look at it; free.

    Tools take paths directly, so this is only needed to give a file a name. A picture that was
    only attached to the chat cannot be reached: ask where the file is.
    """

    file: Annotated[str, Field(min_length=1)]
    """Path, file name in Pictures, Downloads, Desktop or Documents, or data: URI."""
    label: Annotated[str, Field(min_length=1, max_length=40)] | None = None
    """Its name from now on."""


@tool(
    title="Import media",
    effects=CHANGES,
    hints={"path": "use file", "image": "use file", "url": "use file"},
)
async def media_import(studio: Studio, arguments: MediaImport, context: CallContext) -> Shown:  # noqa: ARG001 -- every tool takes the three
    """Take the file in and show it."""
    item, note = await studio.import_media(arguments.file, arguments.label)
    return Shown(items=[item], notes=[note], preview=await studio.preview([item]))


class MediaLabel(Arguments):
    """Give stored media a name; if something else has it, the name moves over."""

    media: Reference
    label: Annotated[str, Field(min_length=1, max_length=40)]
    """Letters, digits, space, - and _."""


@tool(title="Label media", effects=CHANGES, hints={"name": "use label"})
async def media_label(studio: Studio, arguments: MediaLabel, context: CallContext) -> MediaFacts:  # noqa: ARG001 -- every tool takes the three
    """Move the label."""
    return MediaFacts.of(await studio.label_media(arguments.media, arguments.label))
