"""Finds the media that a phrase means: by time, kind, words, place on the last sheet, or lineage.

A wrong input costs credits, so a phrase that fits several different media is an error that lists
them. Fitted and deleted media never fit. `the fox` means the newest version of the only root that
fits, while the name `fox` means the item that was asked for by it (see `names`).
"""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime

from stability_mcp.api.operations import OPERATIONS
from stability_mcp.errors import ArgumentsError, NotFoundError
from stability_mcp.media.candidates import (
    MAX_FITTING,
    Candidate,
    PresentName,
    described,
    fitting,
    has_words,
    of_one_root,
    sets_of,
)
from stability_mcp.media.items import MediaItem, prompt_of
from stability_mcp.media.labels import clean_label, full_name, has_ending
from stability_mcp.media.library import MediaLibrary
from stability_mcp.media.names import NameRow, newest_version
from stability_mcp.media.phrases import (
    Earlier,
    OnSheet,
    Phrase,
    Search,
    Several,
    parse_phrase,
)
from stability_mcp.media.retouch import RETOUCHED_FROM
from stability_mcp.media.search import Kind
from stability_mcp.media.time_words import period_of
from stability_mcp.text import listed, name_key, quoted

MAX_CANDIDATES = 5
"""Candidates listed in an error: enough to choose, short enough to read."""
MAX_STEPS = 100
"""Edits followed back to an original; a longer history is damaged."""

FORMS = "Words look like these: latest, the last image, yesterday's fox, the second one, undo."
"""Phrases shown in hints."""

_ROLES = {"changed": "file", RETOUCHED_FROM: "version"}
"""What to call a source whose role isn't a field of an operation."""
_EVERY_KIND: Mapping[Kind | None, str] = {
    "image": "pictures",
    "audio": "sounds",
    "model": "3D models",
    None: "media",
}
_FOLDERS = {"download": "Downloads", "desktop": "Desktop", "document": "Documents"}
"""Words about files on disk, in the singular, with the folder that `media_list` takes."""


@dataclass(frozen=True, kw_only=True)
class Found:
    """The item that a phrase means."""

    item: MediaItem
    remark: str = ""
    """Why it is this one, for the answer, if that isn't obvious."""


@dataclass
class Sheet:
    """The media that one client was last shown together."""

    ids: tuple[str, ...] = ()
    """Their ids, in order."""


@dataclass(kw_only=True)
class PhraseLookup:
    """Finds media by phrases, for one owner."""

    library: MediaLibrary
    clock: Callable[[], float]
    sheet: Sheet = field(default_factory=Sheet)

    def note_shown(self, items: Sequence[MediaItem]) -> None:
        """Remember a set of several media that was shown or made together."""
        if len(items) > 1:
            self.sheet.ids = tuple(item.id for item in items)

    async def find_text(self, text: str) -> MediaItem | None:
        """Return the item that a text means as a phrase; None: it isn't one.

        Raises:
            NotFoundError, ArgumentsError: as for `find`.
        """
        phrase = parse_phrase(text)
        return (await self.find(phrase, text, None)).item if phrase is not None else None

    async def find(self, phrase: Phrase, text: str, kind: Kind | None) -> Found:
        """Return the item that a phrase means.

        Args:
            phrase: The parsed phrase.
            text: The phrase as it was written, for errors.
            kind: The kind of media that the argument takes; None: any.

        Raises:
            NotFoundError: it means none.
            ArgumentsError: it means several.
        """
        if isinstance(phrase, Several):
            raise ArgumentsError(
                f"{quoted(text)} means several media; each reference names one.",
                hint="Pass them one by one: latest, the previous one, #1, or their labels from "
                "media_list.",
            )
        if isinstance(phrase, OnSheet):
            return await self._on_sheet(phrase, text)
        if isinstance(phrase, Earlier):
            return await self._earlier(phrase, text)
        item = await self._search(phrase, text, phrase.kind or kind)
        if item is None:
            raise await self._nothing(text, phrase.kind or kind)
        return Found(item=item)

    async def _search(self, phrase: Search, text: str, kind: Kind | None) -> MediaItem | None:
        candidates, names = await self._fitting(phrase, kind)
        if phrase.back is not None:
            chosen = next(iter(sets_of(candidates, names)[phrase.back :]), [])
        else:
            chosen = of_one_root(candidates, names, phrase.words)
        if len(chosen) > 1:
            raise self._ambiguous(text, chosen)
        items = await self.library.many(each.id for each in chosen)
        if items and phrase.words and phrase.back is None and phrase.time is None:
            return await self._unnamed_edit(items[0], names.get(items[0].id)) or items[0]
        return items[0] if items else None

    async def _fitting(
        self, phrase: Search, kind: Kind | None
    ) -> tuple[list[Candidate], Mapping[str, PresentName]]:
        """Return the items that fit a phrase, newest first, and their names."""
        now = datetime.fromtimestamp(self.clock(), UTC).astimezone()
        period = period_of(phrase.time, now) if phrase.time else None

        return await self.library.database.read(
            lambda connection: fitting(connection, self.library.owner, phrase, kind, period)
        )

    async def _unnamed_edit(self, item: MediaItem, name: PresentName | None) -> MediaItem | None:
        """Return the newest version of an item if it has no prompt of its own, else None.

        A cut-out of `hero`, made from "a red fox", is still the red fox.

        Raises:
            ArgumentsError: it has variants, of which none was picked.
        """
        version = await self._version(name.root_key) if name is not None else None
        if version is None or version.media == item.id:
            return None
        newest = next(iter(await self.library.many([version.media])), None)
        if newest is None or newest.kind != item.kind or prompt_of(newest.arguments):
            return None
        if version.variant:
            return await self.library.find(full_name(version.root, version.version))
        return newest if newest.operation and newest.created_at >= item.created_at else None

    async def _on_sheet(self, phrase: OnSheet, text: str) -> Found:
        sheet = self.sheet.ids
        items = await self.library.many(sheet)
        if not sheet:
            raise NotFoundError(
                f"{quoted(text)} is one of several media shown together, but none were shown to "
                "this client since it connected.",
                hint="Pass a label, a media URI or a path. If the client stays connected, it can "
                "also show them with media_show first.",
            )
        by_id = {item.id: item for item in items}
        number = len(sheet) if phrase.number == -1 else phrase.number
        shown = f"{len(sheet)} media: {listed(item.name for item in items)}"
        if not 1 <= number <= len(sheet):
            raise NotFoundError(
                f"{quoted(text)} doesn't exist: the last sheet had {shown}.",
                hint="Pass one of these names.",
            )
        item = by_id.get(sheet[number - 1])
        if item is None or not has_words(phrase.words, item.label, prompt_of(item.arguments)):
            why = "was deleted" if item is None else f"is {quoted(item.name)}"
            raise NotFoundError(
                f"{quoted(text)}: number {number} of the last sheet {why}.",
                hint=f"The sheet had {shown}. Pass one of these names.",
            )
        return Found(item=item, remark=f"number {number} of {len(sheet)} shown last")

    async def _earlier(self, phrase: Earlier, text: str) -> Found:
        item = await self._edited(phrase, text)
        found = await self._source(item)
        if found is None:
            raise NotFoundError(
                f"{quoted(text)}: {quoted(item.name)} has no earlier version; {_beginning(item)}.",
                hint=f"Pass {quoted(item.name)} itself, or another label from media_list.",
            )
        role, source = found
        remark = f"the {role} that {item.name} was made from"
        for _ in range(MAX_STEPS if phrase.first else 0):
            above = await self._source(source)
            if above is None or above[1].id in {item.id, source.id}:
                break
            source, remark = above[1], f"the original of {item.name}"
        return Found(item=source, remark=remark)

    async def _edited(self, phrase: Earlier, text: str) -> MediaItem:
        """Return the item whose source is wanted: the newest result, or the one that is named."""
        if phrase.of is None:
            results, _ = await self._fitting(Search(origin="generated", back=0), None)
            newest = await self.library.many([each.id for each in results[:1]])
            newest = [*await self._retouched_after(newest), *newest]
            if not newest:
                raise NotFoundError(
                    f"{quoted(text)}: there is no edit to go back from, as nothing was made yet.",
                    hint="Pass a label, a media URI or a path.",
                )
            return newest[0]
        version = await self._version(phrase.of)
        item = await self.library.find(version.media if version is not None else phrase.of)
        inner = parse_phrase(phrase.of) if item is None else None
        if isinstance(inner, Search | OnSheet):
            return (await self.find(inner, phrase.of, None)).item
        if item is None:
            raise await self._nothing(phrase.of)
        return item

    async def _retouched_after(self, results: Sequence[MediaItem]) -> list[MediaItem]:
        """Return the newest import if it is a copy edited on disk after the newest result."""
        imports, _ = await self._fitting(Search(origin="imported", back=0), None)
        newest = await self.library.many([each.id for each in imports[:1]])
        since = results[0].created_at if results else 0.0
        edited = [each for each in newest if each.created_at >= since]
        return [each for each in edited if RETOUCHED_FROM in await self.library.sources(each.id)]

    async def _version(self, root: str) -> NameRow | None:
        """Return the newest version of a root; None: the name isn't one, or is a file name."""
        if has_ending(root):
            return None
        owner, key = self.library.owner, name_key(clean_label(root))
        return await self.library.database.read(lambda c: newest_version(c, owner, key))

    async def _source(self, item: MediaItem) -> tuple[str, MediaItem] | None:
        """Return the file that an item was made from, with its role; None: there is none.

        Of several, it is the main one: the operation's first file that isn't a mask.
        """
        sources = await self.library.sources(item.id)
        row = OPERATIONS.get(item.operation or "")
        marks = row.file_fields() if row is not None else {}
        order = [name for name, mark in marks.items() if mark.mask_for is None]
        role = next((each for each in (*order, *sources) if each in sources), None)
        if role is None or sources[role].origin == "fitted":  # its original was deleted
            return None
        name = re.sub(r"s\[\d+\]$", "", role)  # one of several: sounds[0]
        return _ROLES.get(role, name), sources[role]

    def _ambiguous(self, text: str, candidates: Sequence[Candidate]) -> ArgumentsError:
        most = f"{MAX_FITTING} or more" if len(candidates) >= MAX_FITTING else len(candidates)
        shown = "; ".join(map(described, candidates[:MAX_CANDIDATES]))
        more = "; …" if len(candidates) > MAX_CANDIDATES else ""
        return ArgumentsError(
            f"{quoted(text)} fits {most} different media: {shown}{more}.",
            hint="Pass the name of one of them, or ask the user which one is meant.",
        )

    async def _nothing(self, text: str, kind: Kind | None = None) -> NotFoundError:
        words = (word.removesuffix("s") for word in text.casefold().split())
        folder = next((_FOLDERS[each] for each in words if each in _FOLDERS), None)
        on_disk = f'media_list with folder "{folder or "Downloads"}" shows files on disk.'
        if not (await self._fitting(Search(back=0), kind))[0]:
            return NotFoundError(
                f"{quoted(text)} fits nothing: there are no {_EVERY_KIND[kind]} yet.",
                hint=f"Pass a path or a file name. {on_disk}",
            )
        parts = await self.library.suggestion(text), FORMS, "media_list shows all media."
        return NotFoundError(
            f"No media or file is called {quoted(text)}, and no media fits these words.",
            hint=" ".join(filter(None, (*parts, on_disk if folder else ""))),
        )


def _beginning(item: MediaItem) -> str:
    """Return how an item without a source came about."""
    if item.operation is None:
        return "it was imported"
    row = OPERATIONS.get(item.operation)
    files = row.file_fields() if row is not None else {}
    if any(item.arguments.get(name) for name in files):
        return "what it was made from was deleted"
    return f"it was made by {item.operation} from text"
