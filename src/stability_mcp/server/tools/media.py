"""Tools for stored media: list, show, import, label."""

from collections.abc import Iterable
from typing import Annotated, Literal

from pydantic import BeforeValidator, Field

from stability_mcp.api.tool_arguments import Arguments, Reference, as_list
from stability_mcp.errors import ArgumentsError, FileForbiddenError, InputFileError
from stability_mcp.server.answer_text import name_note
from stability_mcp.server.call_context import CallContext
from stability_mcp.server.definition import CHANGES, FETCHES, READS
from stability_mcp.server.folder_listing import folder_listing
from stability_mcp.server.listings import EMULATED_CREDITS, Listing, media_line
from stability_mcp.server.results import Shown
from stability_mcp.server.system_viewer import open_items
from stability_mcp.server.tool import PageArguments, PageData, tool
from stability_mcp.server.upload_answers import INSTEAD, import_upload
from stability_mcp.server.views import ListedMediaFacts, MediaFacts
from stability_mcp.studio import MAX_TAGS, FolderQuery, MediaItem, Scope, Studio, picture_problem
from stability_mcp.text import quoted


class MediaList(PageArguments):
    """Find pictures, sounds and 3D models made or imported earlier, newest first.

    With `folder`: media files on disk, to import or pass by path.
    """

    folder: str | None = None
    """Downloads, Pictures, Desktop, Documents, Music, output, or a path."""
    query: str | None = None
    """Words in the label or prompt."""
    kind: Literal["image", "audio", "model"] | None = None
    """Only this kind."""
    tag: str | None = None
    """Only with this tag."""
    used_in: str | None = None
    """Only what this result was made from."""
    limit: Annotated[int, Field(ge=1, le=100)] = 20
    """Maximum items."""


class MediaListed(PageData):
    """A page of media."""

    media: list[ListedMediaFacts]


@tool(
    title="List media",
    effects=READS,
    hints={"search": "use query", "type": "use kind", "days": "use since", "path": "use folder"},
)
async def media_list(studio: Studio, arguments: MediaList, context: CallContext) -> Listing:  # noqa: ARG001 -- every tool takes the three
    """Read a page of media from the store, or of files from a folder."""
    in_store = arguments.tag is not None or arguments.used_in is not None
    if arguments.folder is not None and in_store:
        raise ArgumentsError(
            "Files in a folder have no tag and no results.", hint="Pass folder, or tag and used_in."
        )
    if arguments.folder is not None:
        wanted = FolderQuery(
            limit=arguments.limit,
            cursor=arguments.wanted_cursor,
            kind=arguments.kind,
            query=arguments.query,
            period=arguments.period,
        )
        return folder_listing(await studio.list_folder(arguments.folder, wanted))
    limit, cursor = arguments.limit, arguments.wanted_cursor
    if in_store:
        scope = await _scope(studio, arguments)
        page = await studio.library.list_scope(scope, limit=limit, cursor=cursor)
    else:
        page = await studio.list_media(
            limit=limit,
            cursor=cursor,
            kind=arguments.kind,
            query=arguments.query,
            period=arguments.period,
        )
    origins = await studio.origins_of_media(page.items)
    facts = MediaListed(
        media=[ListedMediaFacts.of_origin(each) for each in origins],
        next_cursor=page.next_cursor,
        next=page.next_cursor,
    )
    priced = any(each.job is not None and each.item.emulated for each in origins)
    return Listing(
        lines=[media_line(each) for each in origins],
        facts=facts,
        notes=[EMULATED_CREDITS] * priced,
    )


async def _scope(studio: Studio, arguments: MediaList) -> Scope:
    tag, result = arguments.tag, arguments.used_in
    return Scope(
        tag_key=None if tag is None else studio.library.tag_key(tag),
        used_in=None if result is None else (await studio.library.find(result)).id,
        kind=arguments.kind,
        query=arguments.query,
        period=arguments.period,
    )


MAX_SHOWN = 24
"""Two sheets of 12; more pictures would push the conversation's own text out of the context."""


class MediaShow(Arguments):
    """Look at stored media again: preview, size, file path and how it was made.

    Compare several pictures on labelled contact sheets.
    """

    media: Annotated[
        list[Reference], BeforeValidator(as_list), Field(min_length=1, max_length=MAX_SHOWN)
    ]
    """Media to show."""
    size: Literal["small", "large"] = "small"
    """Longest side: small 768, large 1024 pixels."""
    grid: bool = False
    """Draw lines every 10 % over one picture, to aim a mask or crop."""
    open: bool = False
    """Also open it in the user's viewer; only if they ask."""


def _texts_of(items: Iterable[MediaItem]) -> set[str]:
    """Return the texts in the arguments of items, also those in lists; some are ids of media."""
    values = [value for item in items for value in item.arguments.values()]
    every = [each for value in values for each in (value if isinstance(value, list) else [value])]
    return {each for each in every if isinstance(each, str)}


@tool(title="Show media", effects=CHANGES, hints={"id": "use media", "image": "use media"})
async def media_show(studio: Studio, arguments: MediaShow, context: CallContext) -> Shown:
    """Return the items with a preview, even if previews are turned off."""
    found = [await _found(studio, each) for each in arguments.media]
    items = await studio.library.with_present_copies([item for item, _ in found])
    sources = await studio.library.names_of(_texts_of(items))
    if arguments.grid and len(items) > 1:
        raise ArgumentsError("grid takes one picture.", hint="Show them one by one.")
    shown = await studio.library.sheets(items, arguments.size, grid=arguments.grid)
    notes = [f"media: {note}" for item, note in found if _says_more(item, note)]
    notes += await studio.library.undrawn(items, shown)
    if arguments.open:
        over_http = context.pages is not None and context.pages.over_http
        notes += await open_items(items, context.settings, over_http=over_http)
    tags = await studio.library.tags_of(items)
    history = await studio.library.history(items[0]) if len(items) == 1 else None
    return Shown(
        items=items,
        notes=notes,
        preview=shown[0] if shown else None,
        sheets=shown[1:],
        sources=sources,
        tags=tags,
        history=history,
    )


async def _found(studio: Studio, reference: str) -> tuple[MediaItem, str]:
    """Return an item and the note on it; errors name the reference, as there may be several."""
    try:
        return await studio.import_media(reference, None)
    except InputFileError as error:
        if quoted(reference) in error.message:
            raise
        raise type(error)(f"{quoted(reference)}: {error.message}", hint=error.hint) from None


def _says_more(item: MediaItem, note: str) -> bool:
    """Return whether a note says more than the name, time and operation, which are shown anyway."""
    name = f"{quoted(item.name)}, "
    rest = note.removeprefix(name)
    return not note.startswith(name) or ";" in rest or rest == "imported now"


class MediaImport(Arguments):
    """Import a file to look at it or give it a label; free.

    Not needed before other tools: they take paths directly. A picture that is only attached to the
    chat can't be read: ask the user for its path, or use `source`.
    """

    file: Annotated[str, Field(min_length=1)] | None = None
    """Path, file name in Pictures, Downloads, Desktop or Documents, https link, or data: URI."""
    source: Literal["clipboard", "upload"] | None = None
    """Instead of file: what the user copied, or a link where they upload files."""
    label: Annotated[str, Field(min_length=1)] | None = None
    """Name for the file."""


@tool(
    title="Import media",
    effects=FETCHES,
    hints=dict.fromkeys(("path", "image", "media", "url"), "use file"),
)
async def media_import(studio: Studio, arguments: MediaImport, context: CallContext) -> Shown | str:
    """Import the file and show it."""
    if (arguments.file is None) == (arguments.source is None):
        raise ArgumentsError(
            "media_import takes either file or source.",
            hint='Pass file, or source="clipboard" for what the user copied, or source="upload" '
            "for a link where they upload files.",
        )
    if arguments.source == "upload":
        return await import_upload(studio, arguments.label, context)
    if arguments.source == "clipboard" and context.exposure:
        raise FileForbiddenError(f"The clipboard isn't read, as {context.exposure}.", hint=INSTEAD)
    item, note = await studio.import_media(arguments.file, arguments.label)
    named = name_note([(item, arguments.label)])
    preview = await studio.preview([item])
    notes = [note]
    if preview is None and (problem := await picture_problem(item)):
        use = "" if item.kind != "image" else ", and no operation can use it"
        notes.append(f"No preview{use}: {problem}")
    return Shown(items=[item], named=named, notes=notes, preview=preview)


def _as_tags(value: object) -> object:
    """Return a text with commas as a list: `sea, boat` is two tags."""
    if not isinstance(value, str) or value.lstrip().startswith("["):
        return as_list(value)
    return [each.strip() for each in value.split(",") if each.strip()] or [""]


class MediaLabel(Arguments):
    """Name or tag stored media; free. A label of another item becomes its next version here."""

    media: Reference
    label: Annotated[str, Field(min_length=1)] | None = None
    """Any text."""
    tags: Annotated[list[str], BeforeValidator(_as_tags), Field(max_length=MAX_TAGS)] | None = None
    """Replace its tags; [] removes them."""


class MediaLabelled(MediaFacts):
    """The item with its new label."""

    note: str | None = None
    """Which name it got if the label was taken, and whether its copy was edited on disk."""


@tool(title="Label media", effects=CHANGES, hints={"name": "use label", "tag": "use tags"})
async def media_label(studio: Studio, arguments: MediaLabel, context: CallContext) -> MediaLabelled:  # noqa: ARG001 -- every tool takes the three
    """Give the item the label and the tags."""
    if arguments.label is None and arguments.tags is None:
        raise ArgumentsError("media_label needs label or tags.", hint="Pass label, tags or both.")
    item, edited = await studio.library.label(arguments.media, arguments.label, arguments.tags)
    tags = (await studio.library.tags_of([item])).get(item.id, ())
    hidden = studio.library.hidden_words(arguments.label)
    notes = filter(None, (name_note([(item, arguments.label)]), edited, hidden))
    note = "; ".join(notes) or None
    return MediaLabelled(**MediaFacts.of(item, tags).model_dump(), note=note)
