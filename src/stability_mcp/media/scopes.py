"""Lists of the media that have a tag, or that a result was made from."""

from dataclasses import dataclass, field

from stability_mcp.media.library import MAX_LISTED, MediaLibrary, Page
from stability_mcp.media.search import TYPES, Kind, cursor_of, pattern_of
from stability_mcp.periods import Period
from stability_mcp.store.ids import MAX_SEQ
from stability_mcp.store.queries import MAX_IDS_PER_QUERY, Connection, in_parts, load

MAX_ANCESTORS = 2_000
"""Items a result can be listed as made from. *Chosen*: only a damaged store has more."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Scope:
    """What a list is restricted to; `tag_key` or `used_in` is given."""

    tag_key: str | None = None
    """Only media with this tag, as `name_key` returns it."""
    used_in: str | None = None
    """Only media that the item with this id was made from, directly or through other media."""
    kind: Kind | None = None
    query: str | None = None
    """Only media whose label, prompt or operation contains these words."""
    period: Period = field(default_factory=Period)


_SQL = load(__file__)
_tagged = _SQL.values("tagged", int)
_among = _SQL.values("among", int)
_direct_parents = _SQL.values("direct_parents", str)


async def list_scope(
    library: MediaLibrary, scope: Scope, *, limit: int, cursor: str | None
) -> Page:
    """Return a page of the media in a scope, newest first.

    Args:
        library: The media of the owner.
        scope: What the list is restricted to.
        limit: Maximum items, from 1 to `MAX_LISTED`.
        cursor: The previous page's `next_cursor`; None starts with the newest.

    Raises:
        ArgumentsError: the cursor is invalid.
    """
    count = max(1, min(limit, MAX_LISTED))
    page = {
        "owner": library.owner,
        "pattern": pattern_of(scope.query) if scope.query else None,
        "limit": count + 1,
        "before": MAX_SEQ if cursor is None else cursor_of(cursor),
        "since": scope.period.since,
        "until": scope.period.until,
        "types": TYPES[scope.kind] if scope.kind else (),
        "any_type": int(scope.kind is None),
        "tag_key": scope.tag_key,
    }

    def seqs(connection: Connection) -> list[int]:
        if scope.used_in is None:
            return _tagged(connection, **page)
        found: list[int] = []
        for part in in_parts(ancestors(connection, scope.used_in), MAX_IDS_PER_QUERY):
            found += _among(connection, **page, ids=part)
        return sorted(found, reverse=True)

    return await library.page(seqs, count)


def ancestors(connection: Connection, media: str) -> list[str]:
    """Return the ids of everything that an item was made from; the caller checks the owner."""
    known = {media: None}
    level = [media]
    while level and len(known) <= MAX_ANCESTORS:
        parts = in_parts(level, MAX_IDS_PER_QUERY)
        above = [each for part in parts for each in _direct_parents(connection, children=part)]
        level = [each for each in dict.fromkeys(above) if each not in known]
        known |= dict.fromkeys(level)
    return list(known)[1:]
