"""Lists of the media that have a tag, or that a result was made from."""

from collections.abc import Mapping
from dataclasses import dataclass

from stability_mcp.media.search import TYPES, Kind
from stability_mcp.store.ids import MAX_SEQ
from stability_mcp.store.queries import MAX_IDS_PER_QUERY, Connection, in_parts, load

MAX_ANCESTORS = 2_000
"""Items a result can be listed as made from. *Chosen*: a bound for damaged stores; nobody edits a
picture that often."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Scope:
    """What a list is restricted to."""

    tag_key: str | None = None
    """Only media with this tag, as `name_key` returns it."""
    used_in: str | None = None
    """Only media that the item with this id was made from, directly or through other media."""


_SQL = load(__file__)
_tagged = _SQL.values("tagged", int)
_among = _SQL.values("among", int)
_direct_parents = _SQL.values("direct_parents", str)


def seqs_in_scope(
    connection: Connection,
    wanted: Mapping[str, object],
    before: int | None,
    kind: Kind | None,
    scope: Scope,
) -> list[int]:
    """Return the seqs of a page within a scope, newest first.

    Args:
        connection: A reader.
        wanted: The parameters owner, pattern, limit, since and until.
        before: The cursor; None for the first page.
        kind: Only this kind.
        scope: The scope.
    """
    page = {
        **wanted,
        "before": MAX_SEQ if before is None else before,
        "types": TYPES[kind] if kind else (),
        "any_type": int(kind is None),
    }
    if scope.used_in is None:
        return _tagged(connection, **page, tag_key=scope.tag_key)
    found: list[int] = []
    for part in in_parts(ancestors(connection, scope.used_in), MAX_IDS_PER_QUERY):
        found += _among(connection, **page, tag_key=scope.tag_key, ids=part)
    return sorted(found, reverse=True)


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
