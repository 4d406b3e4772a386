"""Reads what many items were made from with a few queries, for lists."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import partial

from stability_mcp.media.items import MediaItem
from stability_mcp.media.library import MediaLibrary
from stability_mcp.store.queries import MAX_IDS_PER_QUERY, Connection, in_parts, load


@dataclass(frozen=True, slots=True)
class Parentage:
    """One parent of an item."""

    child: str
    role: str
    """The field it was sent in."""
    parent: str


_SQL = load(__file__)
_parents_of = _SQL.many("parents_of", Parentage)
_children_of = _SQL.many("children_of", Parentage)

MAX_CHILDREN = 1_000
"""Results of one item that are looked at. *Chosen*: an answer lists a few and counts the rest."""


async def sources_of(
    library: MediaLibrary, items: Iterable[str]
) -> Mapping[str, tuple[MediaItem, ...]]:
    """Return what each item was made from, before any fitting, in the order of the fields.

    Args:
        library: The media of the owner.
        items: Ids of the items; those without a parent are missing from the result.
    """
    parents = await _parents(library, items)
    originals = await originals_of(library, {each for ids in parents.values() for each in ids})
    return {
        child: tuple(
            {originals[each].id: originals[each] for each in ids if each in originals}.values()
        )
        for child, ids in parents.items()
    }


async def originals_of(library: MediaLibrary, ids: Iterable[str]) -> Mapping[str, MediaItem]:
    """Return the item with each id, or the item it was fitted from; deleted ones are omitted."""
    found = {item.id: item for item in await library.many(ids)}
    while fitted := [item.id for item in found.values() if item.origin == "fitted"]:
        parents = await _parents(library, set(fitted))
        items = {item.id: item for item in await library.many(each[0] for each in parents.values())}
        above = {child: items.get(ids[0]) for child, ids in parents.items()}
        raised = {
            asked: above.get(item.id) if item.origin == "fitted" else item
            for asked, item in found.items()
        }
        found = {asked: item for asked, item in raised.items() if item is not None}
    return found


async def results_of(library: MediaLibrary, items: Iterable[str]) -> list[MediaItem]:
    """Return what was made from some items, newest first, past any fitting; no deleted media."""
    found: dict[str, MediaItem] = {}
    level = list(items)
    while level and len(found) < MAX_CHILDREN:
        ids = await library.database.read(partial(_children, parents=level[:MAX_CHILDREN]))
        made = [item for item in await library.many(ids) if item.id not in found]
        found |= {item.id: item for item in made}
        level = [item.id for item in made if item.origin == "fitted"]
    made = [item for item in found.values() if item.origin != "fitted"]
    return sorted(made, key=lambda item: item.created_at, reverse=True)


def _children(connection: Connection, parents: Iterable[str]) -> list[str]:
    parts = in_parts(parents, MAX_IDS_PER_QUERY)
    rows = [row for part in parts for row in _children_of(connection, parents=part)]
    return list(dict.fromkeys(row.child for row in rows))


async def _parents(library: MediaLibrary, children: Iterable[str]) -> Mapping[str, list[str]]:
    wanted = list(children)

    def read(connection: Connection) -> dict[str, list[str]]:
        parents = defaultdict[str, list[str]](list)
        for part in in_parts(wanted, MAX_IDS_PER_QUERY):
            for each in _parents_of(connection, children=part):
                parents[each.child].append(each.parent)
        return dict(parents)

    return await library.database.read(read) if wanted else {}
