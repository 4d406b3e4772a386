"""What users do with stored media: label, tag, list, delete, restore, and read their history."""

import time
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace

from stability_mcp.api.parsing import parse_model
from stability_mcp.errors import ArgumentsError, NotFoundError
from stability_mcp.imaging.preview import Preview
from stability_mcp.local_tools.local_tool import LocalResult, LocalTool
from stability_mcp.maintenance.retention import restorable_until
from stability_mcp.media import deletion, names
from stability_mcp.media.ancestry import Step, ancestry
from stability_mcp.media.items import MediaItem
from stability_mcp.media.library import Page
from stability_mcp.media.lineage import originals_of, results_of
from stability_mcp.media.phrases import is_undo, parse_phrase
from stability_mcp.media.preview import PreviewSize, PreviewStyle, preview_of, undrawn
from stability_mcp.media.retouch import without_lost_copies
from stability_mcp.media.scopes import Scope, list_scope
from stability_mcp.media.tags import clean_tag, parse_tags, tags_of
from stability_mcp.store.queries import in_parts
from stability_mcp.studio.received_files import IncomingFile, receive_file
from stability_mcp.studio.runtime import StudioParts
from stability_mcp.studio.workbenches import workbench_of
from stability_mcp.text import name_key, quoted

MAX_ON_SHEET = 12
"""Pictures on one sheet: with more, faces and letters look alike."""


@dataclass(frozen=True, kw_only=True)
class DeletedMedia:
    """What was deleted."""

    items: Sequence[MediaItem]
    until: float
    """Until when they can be restored, in unix seconds."""
    results: Sequence[MediaItem]
    """Results that were made from them and stay."""


@dataclass(frozen=True, kw_only=True)
class History:
    """The history of one item."""

    steps: Sequence[Step]
    """How it was made, newest first, beginning with the item itself."""
    newest: MediaItem | None
    """The newest version of its name; None: it is the item itself."""
    results: Sequence[MediaItem]
    """What was made from it directly, newest first."""


class MediaActions:
    """The part of the studio for stored media; `Studio.library`."""

    def __init__(self, parts: StudioParts) -> None:
        self._parts = parts
        self._media = parts.media

    async def find(self, reference: str) -> MediaItem:
        """Return the item that a URI, id, label, path of a copy or phrase names; imports nothing.

        Raises:
            ArgumentsError: the label means several variants, or the phrase several media.
            NotFoundError: there is no such item.
        """
        found = await self._named(reference)
        found = found or await self._parts.importer.phrases.find_text(reference)
        return found or await self._media.get(reference)

    async def receive(self, file: IncomingFile) -> tuple[MediaItem, str]:
        """Store a file while it arrives; free. Return the item and a note on what was done.

        Raises:
            ArgumentsError: the label is invalid.
            FileTooLargeError: it is larger than allowed; the rest wasn't read.
            FileUnusableError: it isn't media, or is cut short.
            StorageError: it can't be written.
        """
        found = await receive_file(self._parts.importer, file)
        return found.item, found.note

    async def run_local(self, tool: LocalTool, arguments: Mapping[str, object]) -> LocalResult:
        """Run a local tool on stored media; free.

        Raises:
            ArgumentsError: an argument is invalid.
            StudioError: see the tool.
        """
        parts = self._parts
        workbench = workbench_of(parts)
        filled = parts.runtime.defaults.fill(tool.name, arguments)
        while True:
            parsed = parse_model(tool.arguments, filled.arguments, what=tool.name, hints=tool.hints)
            try:
                with filled.explained():
                    result = await tool.function(workbench, parsed)
            except ArgumentsError as error:  # whether a default fits can depend on the media
                misfits = filled.meant_by(error)
                if not misfits:
                    raise
                filled = filled.without(next(iter(misfits)), error.message)
            else:
                return replace(result, lines=[*filled.notes, *result.lines])

    async def sheets(
        self, items: Sequence[MediaItem], size: PreviewSize, *, grid: bool = False
    ) -> list[Preview]:
        """Return small pictures of items, whatever the settings: one item, or sheets of up to 12.

        Args:
            items: The items to show; later words such as `the second one` mean them.
            size: Size of each picture.
            grid: Whether to draw labelled lines over a single item.
        """
        style = PreviewStyle(size=size, format=self._parts.settings.preview_format, grid=grid)
        self._parts.importer.phrases.note_shown(items)
        shown = [await preview_of(part, style) for part in in_parts(items, MAX_ON_SHEET)]
        return [each for each in shown if each is not None]

    async def thumbnail(self, item: MediaItem) -> Preview | None:
        """Return a small WebP picture of an item, or None if it can't be drawn.

        A page shows many at once, so words such as `the second one` don't mean them.
        """
        return await preview_of([item], PreviewStyle(size="small", format="webp"))

    undrawn = staticmethod(undrawn)

    async def _named(self, reference: str) -> MediaItem | None:
        """Return the item that a URI, id, label or path of a copy names, or None."""
        return await self._media.find(reference) or await self._parts.importer.find(reference)

    async def _to_delete(self, reference: str) -> MediaItem:
        """Return the item to delete; `undo` would delete what should be gone back to."""
        if is_undo(reference) and await self._named(reference) is None:
            raise ArgumentsError(
                f"{quoted(reference)} means the item before the edit, which should stay.",
                hint='To delete the newest result itself, pass "latest" or its label.',
            )
        return await self.find(reference)

    async def with_present_copies(self, items: Sequence[MediaItem]) -> list[MediaItem]:
        """Return items without the paths of readable copies that the user moved or deleted."""
        return await without_lost_copies(items)

    def hidden_words(self, label: str | None) -> str:
        """Return a note on a label that hides words such as `the last image`; "": it doesn't."""
        if label is None or parse_phrase(label) is None:
            return ""
        return f"from now on {quoted(label)} means this item, not what the words say"

    async def names_of(self, ids: Collection[str]) -> Mapping[str, str]:
        """Return the names of items by id: of a fitted picture, the name of its original."""
        found = await originals_of(self._media, ids)
        return {each: item.name for each, item in found.items()}

    async def history(self, item: MediaItem) -> History:
        """Return what led to an item, the newest version of its name, and results made from it."""
        library = self._media
        newer = await library.database.read(
            lambda c: names.newer_version(c, library.owner, item.id, item.label)
        )
        found = await library.many([newer]) if newer is not None else []
        return History(
            steps=await ancestry(library, item),
            newest=found[0] if found else None,
            results=await results_of(library, [item.id]),
        )

    async def delete(self, references: Sequence[str]) -> DeletedMedia:
        """Delete media, all or none; they can be restored for some time.

        Readable copies stay, and so do results made from them.

        Args:
            references: URIs, ids, labels or paths of copies; a repeated one counts once.

        Raises:
            ArgumentsError: a label means several variants, a reference is `undo`, or an unfinished
                job uses an item.
            NotFoundError: there is no such item.
        """
        try:
            found = [await self._to_delete(each) for each in references]
        except (ArgumentsError, NotFoundError) as error:
            raise type(error)(f"{error.message} Nothing was deleted.", hint=error.hint) from None
        items = list({item.id: item for item in found}.values())
        gone = {item.id for item in items}
        made = await results_of(self._media, gone)
        now = time.time()
        await deletion.delete(self._media, items, now=now)
        return DeletedMedia(
            items=await without_lost_copies(items),
            until=restorable_until(now, self._parts.settings.keep_days),
            results=[each for each in made if each.id not in gone],
        )

    async def restore(self, references: Sequence[str]) -> list[tuple[MediaItem, str | None]]:
        """Restore deleted media with their names, all or none.

        Args:
            references: URIs, ids, or labels and paths of copies that they had.

        Returns:
            The items, each with the label that it had before.

        Raises:
            ArgumentsError: several deleted items had that label.
            NotFoundError: no deleted item had it, or its bytes are gone.
        """
        found = [await deletion.find_deleted(self._media, each) for each in references]
        items = {item.id: item for item in found}
        restored = await deletion.restore(self._media, list(items.values()))
        return [(item, items[item.id].label) for item in restored]

    async def list_scope(self, scope: Scope, *, limit: int, cursor: str | None) -> Page:
        """Return a page of the media in a scope, newest first.

        Args:
            scope: What the list is restricted to; see `tag_key` and `find` for its values.
            limit: Maximum items, from 1 to `MAX_LISTED`.
            cursor: The previous page's `next_cursor`; None starts with the newest.

        Raises:
            ArgumentsError: the cursor is invalid.
        """
        return await list_scope(self._media, scope, limit=limit, cursor=cursor)

    def tag_key(self, tag: str) -> str:
        """Return a tag in the form in which tags are compared.

        Raises:
            ArgumentsError: it is blank or too long.
        """
        return name_key(clean_tag(tag))

    async def tags_of(self, items: Sequence[MediaItem]) -> Mapping[str, tuple[str, ...]]:
        """Return the tags of items by id; untagged ones are missing."""
        return await tags_of(self._media.database, [item.id for item in items])

    async def label(
        self, reference: str, label: str | None, tags: Sequence[str] | None
    ) -> tuple[MediaItem, str]:
        """Give an item a label and tags; if another item has the label, it gets the next version.

        Args:
            reference: The item.
            label: Its new label; None leaves it.
            tags: Its new tags, which replace the old ones; None leaves them.

        Returns:
            The item, and a note if its copy was edited on disk, or "".

        Raises:
            ArgumentsError: the label or a tag is blank, or there are too many tags.
            NotFoundError: there is no such item.
            InputFileError: the reference is a file that can't be imported.
        """
        parsed = None if tags is None else parse_tags(tags)
        found = await self._parts.importer.import_file(reference, None)
        item = found.item
        if label is not None:
            item = await self._media.set_label(item, label, parsed)
        elif parsed is not None:
            await self._media.set_tags(item, parsed)
        return item, found.copy_note
