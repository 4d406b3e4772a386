"""What callers write to look media up: names, cursors and words."""

from collections.abc import Mapping, Sequence
from typing import Any, Literal
from unicodedata import normalize

from sqlalchemy import ColumnElement, Connection, Select, or_, select, union_all

from stability_mcp.errors import ArgumentsError
from stability_mcp.imaging.sniff import EXTENSIONS
from stability_mcp.media.records import UNKNOWN_TYPE, clean, media
from stability_mcp.text import did_you_mean, quoted
from stability_mcp.uris import MEDIA_SCHEME, parse_uri

Kind = Literal["image", "audio", "model"]

TYPES: Mapping[Kind, tuple[str, ...]] = {
    "image": tuple(name for name in EXTENSIONS if name.startswith("image/")),
    "audio": tuple(name for name in EXTENSIONS if name.startswith("audio/")),
    "model": (*(name for name in EXTENSIONS if name.startswith("model/")), UNKNOWN_TYPE),
}
"""The media types of each kind; what nobody understands counts as a model, as in `MediaItem`."""

MAX_LABELS_SEARCHED = 300
"""How many of the newest labels, and of those that begin alike, a suggestion is looked for in."""


def name_of(reference: str) -> str:
    """Return the id or label in a reference: `k7f3q2m9xa` of `media://k7f3q2m9xa/original`."""
    name = normalize("NFC", clean(reference.strip()) or "")
    found = parse_uri(name, MEDIA_SCHEME)
    return name if found is None else found.name


def cursor_of(text: str) -> int:
    """Return the number in a cursor of a list.

    Raises:
        ArgumentsError: it is none of ours.
    """
    if not text.isascii() or not text.isdigit() or len(text) > len(str(2**62)):
        raise ArgumentsError(
            f"{quoted(text)} is no cursor of media_list.",
            hint="Pass the `next_cursor` of the page before, or leave it out to begin with the "
            "newest.",
        )
    return int(text)


def mentions(query: str) -> ColumnElement[bool]:
    """Return the condition that an item's label, operation or arguments contain some words."""
    text = clean(query) or ""
    return or_(
        media.c.label.contains(text, autoescape=True),
        media.c.operation.contains(text, autoescape=True),
    )


def newest_of(
    kind: Kind | None, conditions: Sequence[ColumnElement[bool]], count: int
) -> Select[Any]:
    """Return the query for the numbers of the newest rows, of one kind or of all.

    Of one kind, the newest of each of its types are read off the index and put together: sound that
    is rare among pictures is found at once.
    """
    rows = select(media.c.seq).where(*conditions).order_by(media.c.seq.desc()).limit(count)
    if kind is None:
        return select(rows.subquery().c.seq)
    each = [select(rows.where(media.c.media_type == name).subquery().c.seq) for name in TYPES[kind]]
    return select(union_all(*each).subquery().c.seq)


def suggestion(connection: Connection, owner: str, name: str) -> str:
    """Return `Did you mean …?` with labels that are close to a name, or ""."""
    labels = select(media.c.label).where(
        media.c.owner == owner, media.c.label.isnot(None), media.c.deleted_at.is_(None)
    )
    start = name[:3]
    alike = labels.where(media.c.label >= start, media.c.label < f"{start}\U0010ffff")
    newest = labels.order_by(media.c.seq.desc())
    known = [
        str(row.label)
        for rows in (alike, newest)
        for row in connection.execute(rows.limit(MAX_LABELS_SEARCHED))
    ]
    return did_you_mean(name, known)
