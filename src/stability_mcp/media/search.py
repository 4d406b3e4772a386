"""Parses names, cursors and queries for media lookups."""

from collections.abc import Mapping
from typing import Literal
from unicodedata import normalize

from stability_mcp.errors import ArgumentsError
from stability_mcp.imaging.sniff import EXTENSIONS
from stability_mcp.media.records import UNKNOWN_TYPE, clean
from stability_mcp.store.ids import seq_of
from stability_mcp.store.queries import Connection, load
from stability_mcp.text import did_you_mean, quoted
from stability_mcp.uris import MEDIA_SCHEME, parse_uri

Kind = Literal["image", "audio", "model"]

TYPES: Mapping[Kind, tuple[str, ...]] = {
    "image": tuple(name for name in EXTENSIONS if name.startswith("image/")),
    "audio": tuple(name for name in EXTENSIONS if name.startswith("audio/")),
    "model": (*(name for name in EXTENSIONS if name.startswith("model/")), UNKNOWN_TYPE),
}
"""The media types of each kind; an unknown type counts as a model, as in `MediaItem`."""

MAX_LABELS_SEARCHED = 300
"""Labels considered for a suggestion: this many of the newest, and of those with the same start."""

_SQL = load(__file__)
_labels_between = _SQL.values("labels_between", str)
_newest_labels = _SQL.values("newest_labels", str)


def name_of(reference: str) -> str:
    """Return the id or label in a reference: `k7f3q2m9xa` in `media://k7f3q2m9xa/original`."""
    name = normalize("NFC", clean(reference.strip()) or "")
    found = parse_uri(name, MEDIA_SCHEME)
    return name if found is None else found.name


def cursor_of(text: str) -> int:
    """Return the seq in a list cursor.

    Raises:
        ArgumentsError: it isn't a valid cursor.
    """
    seq = seq_of(text)
    if seq is None:
        raise ArgumentsError(
            f"{quoted(text)} isn't a media_list cursor.",
            hint="Pass the previous page's next_cursor, or omit it to start with the newest.",
        )
    return seq


def pattern_of(query: str) -> str:
    """Return an SQL pattern for texts that contain a query; `/` is the escape character."""
    words = clean(query) or ""
    for special in "/%_":  # the escape character first
        words = words.replace(special, f"/{special}")
    return f"%{words}%"


def suggestion(connection: Connection, owner: str, name: str) -> str:
    """Return `Did you mean …?` with labels similar to a name, or ""."""
    first = name[:3]
    alike = _labels_between(
        connection,
        owner=owner,
        first=first,
        last=f"{first}\U0010ffff",
        limit=MAX_LABELS_SEARCHED,
    )
    newest = _newest_labels(connection, owner=owner, limit=MAX_LABELS_SEARCHED)
    return did_you_mean(name, [*alike, *newest])
