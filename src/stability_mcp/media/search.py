"""What callers write to look media up: names, cursors and words."""

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
"""The media types of each kind; what nobody understands counts as a model, as in `MediaItem`."""

MAX_LABELS_SEARCHED = 300
"""How many of the newest labels, and of those that begin alike, a suggestion is looked for in."""

_SQL = load(__file__)
_labels_between = _SQL.values("labels_between", str)
_newest_labels = _SQL.values("newest_labels", str)


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
    seq = seq_of(text)
    if seq is None:
        raise ArgumentsError(
            f"{quoted(text)} is not a cursor of media_list.",
            hint="Pass the `next_cursor` of the page before, or leave it out to begin with the "
            "newest.",
        )
    return seq


def pattern_of(query: str) -> str:
    """Return the LIKE pattern of a text that contains some words; `/` is its escape character."""
    words = clean(query) or ""
    for special in "/%_":  # the escape character first
        words = words.replace(special, f"/{special}")
    return f"%{words}%"


def suggestion(connection: Connection, owner: str, name: str) -> str:
    """Return `Did you mean …?` with labels that are close to a name, or ""."""
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
