"""What callers write to look media up: names, cursors and words."""

from unicodedata import normalize

from sqlalchemy import ColumnElement, Connection, or_, select

from stability_mcp.errors import ArgumentsError
from stability_mcp.media.items import URI_SCHEME
from stability_mcp.media.rows import clean, media
from stability_mcp.wording import did_you_mean, quoted

SUGGESTED_FROM = 300
"""How many of the newest labels, and of those that begin alike, a suggestion is looked for in."""


def name_of(reference: str) -> str:
    """Return the id or label in a reference: `k7f3q2m9xa` of `media://k7f3q2m9xa/original`."""
    name = normalize("NFC", clean(reference.strip()) or "")
    if name.casefold().startswith(URI_SCHEME):
        name = name[len(URI_SCHEME) :].partition("/")[0]
    return name


def cursor_of(text: str) -> int:
    """Return the number in a cursor of a list.

    Raises:
        ArgumentsError: it is none of ours.
    """
    if not text.isascii() or not text.isdigit() or len(text) > len(str(2**62)):
        raise ArgumentsError(
            f"{quoted(text)} is no cursor of media_list.",
            cure="Pass the `next` of the page before, or leave it out to begin with the newest.",
        )
    return int(text)


def mentions(query: str) -> ColumnElement[bool]:
    """Return the condition that an item's label, operation or arguments contain some words."""
    text = clean(query) or ""
    return or_(
        media.c.label.icontains(text, autoescape=True),
        media.c.operation.icontains(text, autoescape=True),
    )


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
        for row in connection.execute(rows.limit(SUGGESTED_FROM))
    ]
    return did_you_mean(name, known)
