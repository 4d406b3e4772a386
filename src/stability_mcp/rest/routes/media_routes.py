"""Stored media: list, store, show, change, delete, and their bytes."""

from typing import Annotated, Literal

from pydantic import BeforeValidator, Field
from starlette.responses import Response

from stability_mcp.api.tool_arguments import Arguments, as_list
from stability_mcp.errors import ArgumentsError, FileUnusableError
from stability_mcp.rest.bodies import MAX_FILES, has_fields
from stability_mcp.rest.file_fields import FileField, FileList
from stability_mcp.rest.media_bytes import media_response, preview_response, unchanged_preview
from stability_mcp.rest.media_details import (
    MAX_RESULTS,
    DeletedMediaForm,
    ListedMediaForm,
    MediaDetailForm,
    MediaPageForm,
    MediaReference,
    StoredMediaForm,
)
from stability_mcp.rest.media_form import MediaForm, media_links
from stability_mcp.rest.request_problems import RequestProblemError
from stability_mcp.rest.rest_call import RestCall
from stability_mcp.rest.route import route
from stability_mcp.server.tool import PeriodArguments
from stability_mcp.server.views import when
from stability_mcp.studio import MAX_TAGS, IncomingFile, MediaItem, Scope
from stability_mcp.text import quoted

MAX_PAGE = 200
"""Items on a page of a list."""

Cursor = Annotated[str, Field(min_length=1, description="The previous page's next_cursor.")]
PageLimit = Annotated[int, Field(ge=1, le=MAX_PAGE, description="Maximum items of the page.")]
Label = Annotated[str, Field(min_length=1, description="Name of the item, any text.")]


class MediaQuery(PeriodArguments):
    """Which media to list."""

    kind: Literal["image", "audio", "model"] | None = None
    """Only pictures, sounds or 3D models."""
    query: str | None = None
    """Only with these words in label, prompt or operation."""
    tag: str | None = None
    """Only with this tag."""
    used_in: str | None = None
    """Only what this result was made from: a media id or label."""
    cursor: Cursor | None = None
    limit: PageLimit = 20


@route("GET", "/media", tag="media", hints={"type": "use kind", "search": "use query"})
async def list_media(call: RestCall, arguments: MediaQuery) -> MediaPageForm:
    """List stored media, newest first."""
    studio, limit, cursor = call.studio, arguments.limit, arguments.cursor
    if arguments.tag is not None or arguments.used_in is not None:
        page = await studio.library.list_scope(
            await _scope(call, arguments), limit=limit, cursor=cursor
        )
    else:
        page = await studio.list_media(
            limit=limit,
            cursor=cursor,
            kind=arguments.kind,
            query=arguments.query,
            period=arguments.period,
        )
    origins = await studio.origins_of_media(page.items)
    return MediaPageForm(
        media=[ListedMediaForm.of_origin(each) for each in origins],
        next_cursor=page.next_cursor,
    )


async def _scope(call: RestCall, arguments: MediaQuery) -> Scope:
    tag, result, studio = arguments.tag, arguments.used_in, call.studio
    return Scope(
        tag_key=None if tag is None else studio.library.tag_key(tag),
        used_in=None if result is None else (await studio.get_media(result)).id,
        kind=arguments.kind,
        query=arguments.query,
        period=arguments.period,
    )


class NewMedia(Arguments):
    """Files to store: as parts of a form, by link, or as the body itself."""

    file: Annotated[FileList, BeforeValidator(as_list)] = Field(default_factory=list)
    """Files; the same as files."""
    files: Annotated[FileList, BeforeValidator(as_list)] = Field(default_factory=list)
    """Up to 20 files."""
    url: FileField | None = None
    """A public https link to a file."""
    label: Label | None = None
    """Name, if there is one file; default: from its file name."""
    name: Annotated[str, Field(max_length=1_000)] = "upload"
    """File name, if the body is the file itself."""

    @property
    def references(self) -> list[str]:
        """Return the files: ids of those that were parts, and texts."""
        return [*self.file, *self.files, *([self.url] if self.url is not None else [])]


@route("POST", "/media", tag="media", body="form_or_file", statuses=(201,))
async def store_media(call: RestCall, arguments: NewMedia) -> StoredMediaForm:
    """Store files as media, free of charge: a form with files, a link, or the bytes of one file."""
    items, notes = [], call.notes
    if has_fields(call.request):
        _check_count(arguments)
        for each in arguments.references:
            item, note = await call.studio.import_media(each, arguments.label)
            items.append(item)
            notes.append(note)
    else:
        item, note = await _receive(call, arguments)
        items.append(item)
        notes.append(note)
    return StoredMediaForm(
        media=[MediaForm.of(each) for each in items],
        notes=[each for each in dict.fromkeys(notes) if each],
    )


def _check_count(arguments: NewMedia) -> None:
    count = len(arguments.references)
    if not 1 <= count <= MAX_FILES:
        raise ArgumentsError(
            f"store_media takes 1 to {MAX_FILES} files; got {count or 'none'}.",
            hint="Send them as parts named file, a link as url, or one file as the body with its "
            "own Content-Type.",
        )
    if count > 1 and arguments.label is not None:
        raise ArgumentsError(
            f"One label can't name {count} files.",
            hint="Leave out label, and name them with PATCH /media/{id}.",
        )


async def _receive(call: RestCall, arguments: NewMedia) -> tuple[MediaItem, str]:
    """Store the body; its type is that of its bytes, whatever the header says."""
    kind = call.request.headers.get("content-type", "").partition(";")[0].strip().casefold()
    if kind.partition("/")[0] not in {"image", "audio", "model"} and kind != _BYTES:
        raise RequestProblemError(
            415,
            "unsupported_content_type",
            f"A file of the Content-Type {quoted(kind)} can't be stored. Nothing was charged. Send "
            f"a picture, a sound or a 3D model, or its bytes as {_BYTES}.",
        )
    file = IncomingFile(
        name=arguments.name,
        blocks=call.body.blocks(),
        declared=call.body.declared,
        label=arguments.label,
    )
    with call.face.receiving_body(call.route):
        return await call.studio.library.receive(file)


_BYTES = "application/octet-stream"


class OneItem(Arguments):
    """Which item."""

    id: Annotated[str, Field(min_length=1)]
    """Its id or label."""


@route("GET", "/media/{id}", tag="media")
async def get_media(call: RestCall, arguments: OneItem) -> MediaDetailForm:
    """Get an item: its facts, tags, parents, results and newest version."""
    return await _detail(call, await call.studio.get_media(arguments.id))


async def _detail(call: RestCall, item: MediaItem, note: str | None = None) -> MediaDetailForm:
    [origin] = await call.studio.origins_of_media([item])
    history = await call.studio.library.history(item)
    return MediaDetailForm.of_history(origin, history, [note] if note else [])


class MediaChanges(OneItem):
    """What to change of an item."""

    label: Label | None = None
    """Its new name; if another item has it, it gets the next version of the name."""
    tags: Annotated[list[str], BeforeValidator(as_list), Field(max_length=MAX_TAGS)] | None = None
    """Replace its tags; [] removes them."""


@route("PATCH", "/media/{id}", tag="media", hints={"tag": "use tags"})
async def change_media(call: RestCall, arguments: MediaChanges) -> MediaDetailForm:
    """Name or tag an item, free of charge."""
    item = await call.studio.get_media(arguments.id)
    given = arguments.model_dump(exclude_none=True, exclude={"id"})
    labelled = await call.tool("media_label", {"media": item.uri, **given})
    return await _detail(call, await call.studio.get_media(labelled.uri), labelled.note)


@route("DELETE", "/media/{id}", tag="media")
async def delete_media(call: RestCall, arguments: OneItem) -> DeletedMediaForm:
    """Delete an item, free of charge; it can be restored for some time."""
    item = await call.studio.get_media(arguments.id)
    deleted = await call.studio.library.delete([item.uri])
    return DeletedMediaForm(
        id=item.id,
        label=item.label,
        restorable_until=when(deleted.until),
        restore=f"{media_links(item.id).self}/restore",
        results=[MediaReference.of(each) for each in deleted.results[:MAX_RESULTS]],
    )


@route("POST", "/media/{id}/restore", tag="media")
async def restore_media(call: RestCall, arguments: OneItem) -> MediaDetailForm:
    """Bring a deleted item back, by its id or the label that it had."""
    [(item, before)] = await call.studio.library.restore([arguments.id])
    note = f"{quoted(before)} is another item now" if before and before != item.label else None
    return await _detail(call, item, note)


class ItemBytes(OneItem):
    """Which item, and how a browser treats it."""

    download: bool = False
    """Whether a browser saves the file instead of showing it."""


@route("GET", "/media/{id}/content", tag="media", answer="content", statuses=(206, 304, 416))
async def get_media_content(call: RestCall, arguments: ItemBytes) -> Response:
    """Get the bytes of an item; takes If-None-Match, and Range with one range."""
    item = await call.studio.get_media(arguments.id)
    return await media_response(item, call.request, download=arguments.download)


@route("GET", "/media/{id}/preview", tag="media", answer="content", statuses=(304,))
async def get_media_preview(call: RestCall, arguments: OneItem) -> Response:
    """Get a small WebP picture of an item; sounds and 3D models are drawn."""
    item = await call.studio.get_media(arguments.id)
    unchanged = unchanged_preview(item, call.request.headers)
    if unchanged is not None:
        return unchanged
    preview = await call.studio.library.thumbnail(item)
    if preview is None:
        raise FileUnusableError(
            f"{item.name} can't be drawn.",
            hint="GET /api/stability/media/{id}/content has its bytes.",
        )
    return preview_response(item, preview)
