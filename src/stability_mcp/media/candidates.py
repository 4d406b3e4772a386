"""Finds the stored items that the words of a phrase may mean, and chooses between them.

All functions block. The statements look at a bounded number of the newest items.
"""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from stability_mcp.api.fields import MAX_VARIANTS
from stability_mcp.media.items import prompt_of
from stability_mcp.media.labels import NameSource
from stability_mcp.media.phrases import Search, words_of
from stability_mcp.media.search import TYPES, Kind, pattern_of
from stability_mcp.periods import Period
from stability_mcp.store.queries import Connection, load
from stability_mcp.text import local_time, name_key, quoted

MAX_ROWS = 3_000
"""Newest items (of the kind, or of the period) that words are searched in. *Measured*: 6 ms; people
mean recent media, and older ones have labels and `media_list`."""
MAX_FITTING = 200
"""Items compared; of more, only a few could be listed in an error anyway."""
MAX_PROMPT_CHARACTERS = 40
"""Longest part of a prompt in that list."""


@dataclass(frozen=True, slots=True)
class Candidate:
    """The columns of an item that a phrase is compared with."""

    seq: int
    id: str
    label: str | None
    media_type: str
    origin: str
    operation: str | None
    created_at: float


@dataclass(frozen=True, slots=True)
class PresentName:
    """Root and version of an item's label."""

    media: str
    root_key: str
    version: int
    variant: int
    source: int


_SQL = load(__file__)
_newest = _SQL.many("newest", Candidate)
_newest_of_type = _SQL.many("newest_of_type", Candidate)
_newest_of_period = _SQL.many("newest_of_period", Candidate)
_present_names = _SQL.many("present_names", PresentName)


def fitting(
    connection: Connection, owner: str, phrase: Search, kind: Kind | None, period: Period | None
) -> tuple[list[Candidate], Mapping[str, PresentName]]:
    """Return the items that fit a phrase, newest first, and their names by id."""
    found = _newest_first(connection, owner, phrase, kind, period)
    found = [row for row in found if has_words(phrase.words, row.label, _prompt(row))]
    names = _present_names(connection, ids=[each.id for each in found])
    return found, {each.media: each for each in names}


def _newest_first(
    connection: Connection, owner: str, phrase: Search, kind: Kind | None, period: Period | None
) -> list[Candidate]:
    """Return the items that may fit: their texts contain the two longest words."""
    few = (phrase.back or 0) + 1
    limit = MAX_FITTING if phrase.words or phrase.back is None else few * MAX_VARIANTS
    first, second, *_ = (*sorted(phrase.words, key=len, reverse=True), "", "")
    every = phrase.words == () and phrase.origin is None and period is None
    wanted = {
        "owner": owner,
        "origin": phrase.origin,
        "first": _pattern(first),
        "second": _pattern(second),
        "rows": limit if every else MAX_ROWS,
        "limit": limit,
    }
    types = TYPES[kind] if kind else ()
    if period is not None:
        span = {"since": period.since, "until": period.until}
        any_type = int(kind is None)
        return _newest_of_period(connection, **wanted, **span, types=types, any_type=any_type)
    if kind is None:
        return _newest(connection, **wanted)
    parts = (_newest_of_type(connection, **wanted, media_type=each) for each in types)
    return sorted((row for part in parts for row in part), key=lambda row: -row.seq)


def sets_of(found: Iterable[Candidate], names: Mapping[str, PresentName]) -> list[list[Candidate]]:
    """Return single items and sets of variants, newest first.

    Variants of one call are stored in the order in which they were ready, so none is the newest.
    """
    sets: dict[object, list[Candidate]] = {}
    for each in found:
        name = names.get(each.id)
        is_variant = name is not None and name.variant
        key = (name.root_key, name.version) if name is not None and is_variant else each.id
        sets.setdefault(key, []).append(each)
    return [
        sorted(each, key=lambda item: names[item.id].variant) if len(each) > 1 else each
        for each in sets.values()
    ]


def of_one_root(
    found: Sequence[Candidate], names: Mapping[str, PresentName], words: Sequence[str]
) -> list[Candidate]:
    """Return the newest version if all items are versions of one name, else one item per name.

    A name that the caller gave and that is exactly these words leaves no doubt.
    """
    roots: dict[str, list[Candidate]] = {}
    for each in found:
        roots.setdefault(names[each.id].root_key if each.id in names else each.id, []).append(each)
    key = name_key(" ".join(words))
    if key in roots and any(
        names[each.id].source == NameSource.CALLER for each in roots[key] if each.id in names
    ):
        roots = {key: roots[key]}
    if len(roots) != 1:
        return [versions[0] for versions in roots.values()]
    [versions] = roots.values()
    return sets_of(versions, names)[0]


def _pattern(word: str) -> str:
    """Return an SQL pattern for texts in lower case that may have a word.

    Other letters than ASCII match any character: SQLite's `lower` leaves them as they are.
    """
    return "".join(each if each.isascii() else "_" for each in pattern_of(word))


def has_words(words: Sequence[str], label: str | None, prompt: str | None) -> bool:
    """Return whether all words occur in a label and a prompt together, as whole words."""
    return not words or set(words) <= {*words_of(label or ""), *words_of(prompt or "")}


def _prompt(row: Candidate) -> str | None:
    made_by = json.loads(row.operation) if row.operation else {}
    return prompt_of(made_by.get("arguments", {}))


def described(row: Candidate) -> str:
    """Return name, time and origin of an item, for an error."""
    made_by = json.loads(row.operation) if row.operation else {}
    how = made_by.get("operation") or row.origin
    prompt = _prompt(row)
    what = f" {quoted(prompt, limit=MAX_PROMPT_CHARACTERS)}" if prompt else ""
    name = quoted(row.label) if row.label else row.id
    return f"{name} ({local_time(row.created_at)}, {how}{what})"
