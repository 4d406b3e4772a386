"""The rule for names of media: which label an item gets, and which item a name means.

A name is a root and a version. The table `media_names` has every name that an item has or had, so
that old names still resolve after an item got another label. All functions block and run inside the
caller's transaction; those that write run on the writer thread.

A root means the newest item that was asked for by it. `NameSource` says which names were asked for:
an edit without a label never changes what a root means. Labels from before the rule have version 0
and keep their text.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from unicodedata import normalize

from stability_mcp.api.fields import MAX_VARIANTS
from stability_mcp.errors import ArgumentsError
from stability_mcp.media.labels import (
    Label,
    NameSource,
    clean_label,
    full_name,
    has_ending,
    parse_label,
    parse_version_key,
    with_variant,
)
from stability_mcp.store.queries import Connection, load
from stability_mcp.text import listed, name_key, quoted


@dataclass(frozen=True, slots=True)
class NameRow:
    """A row of `media_names`; `schema.sql` explains the columns."""

    seq: int
    media: str
    name: str
    root: str
    root_key: str
    version: int
    variant: int
    source: int


@dataclass(frozen=True, slots=True, kw_only=True)
class NameRequest:
    """The name that a new item should get."""

    label: Label
    variant: int = 0
    """Number of the variant, from 1; 0 for a single result."""
    source: NameSource = NameSource.CALLER
    series: str | None = None
    """The call whose variants share a version."""


_SQL = load(__file__)
_latest_version = _SQL.value("latest_version", int)
_series_version = _SQL.value("series_version", int)
_is_taken = _SQL.value("is_taken", int)
_insert_name = _SQL.value("insert_name", int)
_insert_first_name = _SQL.value("insert_first_name", int)
_forget_deleted = _SQL.count("forget_deleted")
_forget_name = _SQL.count("forget_name")
_release_name = _SQL.count("release_name")
_forget_names = _SQL.count("forget_names")
_names_by_key = _SQL.many("names_by_key", NameRow)
_meant_name = _SQL.one("meant_name", NameRow)
_newest_version = _SQL.one("newest_version", NameRow)
_names_of_version = _SQL.many("names_of_version", NameRow)
_names_of_media = _SQL.many("names_of_media", NameRow)
_labelled = _SQL.value("labelled", str)

_NO_VERSION = -1
"""Stands for no version in `is_taken`: only the names themselves are compared."""


def request_of(
    label: str,
    source: NameSource = NameSource.CALLER,
    *,
    variant: int = 0,
    series: str | None = None,
) -> NameRequest:
    """Return the request for a stored label, which may be any text."""
    parsed = parse_label(label if clean_label(label) else "media")
    return NameRequest(
        label=parsed, variant=variant, source=source, series=series if variant else None
    )


def claim(connection: Connection, owner: str, media: str, wanted: NameRequest) -> str:
    """Give an item the first free name for a request and return it.

    The database accepts each name once, so two processes never get the same one.
    """
    root = wanted.label.root
    key = name_key(root)
    if wanted.label.version is None and not wanted.variant:
        row = {"owner": owner, "media": media, "root": root, "root_key": key}
        if _insert_first_name(connection, **row, source=int(wanted.source)) is not None:
            return root
    version, known = _first_version(connection, owner, wanted, key)
    while True:
        text = _text(wanted, version)
        if not _is_used(connection, owner, wanted, version, continues=known):
            values = {
                "media": media,
                "root": root,
                "version": version,
                "variant": wanted.variant,
                "source": int(wanted.source),
                "series": wanted.series,
            }
            if _insert(connection, owner, text, **values):
                return text
        latest = _latest_version(connection, owner=owner, root_key=key) or 0
        version, known = max(version, latest) + 1, False


def rename(connection: Connection, owner: str, media: str, label: Label) -> str:
    """Give an existing item a label that was asked for, and return the name that it got.

    A name that the item has already becomes its newest one. A variant that gets the root of its
    series is the one that was picked: it gets the bare name.
    """
    key, rows = name_key(label.root), _names_of_media(connection, media=media)
    own = next((row for row in rows if _has_name(row, label, key)), None)
    if own is not None:
        _forget_name(connection, seq=own.seq)
        text = label.text if name_key(label.text) == name_key(own.name) else own.name
        values = {"root": own.root, "version": own.version, "variant": own.variant}
        _insert(
            connection,
            owner,
            text,
            media=media,
            source=int(NameSource.CALLER),
            series=None,
            **values,
        )
        return text
    variant = next((row for row in rows if row.root_key == key and row.variant), None)
    if variant is not None and label.version in {None, variant.version}:
        text = full_name(label.root, variant.version)
        values = {"root": label.root, "version": variant.version, "variant": 0}
        if not _is_taken(
            connection,
            owner=owner,
            root_key=key,
            version=_NO_VERSION,
            name_keys=[name_key(text)],
            labels=[text],
        ) and _insert(
            connection,
            owner,
            text,
            media=media,
            source=int(NameSource.CALLER),
            series=None,
            **values,
        ):
            return text
    return claim(connection, owner, media, NameRequest(label=label))


def claim_again(connection: Connection, owner: str, media: str, label: str) -> str:
    """Give a deleted item its label back, and return it or else the next version of its name.

    A name that was taken meanwhile stays with its new item, and so does what its root means.
    """
    rows = _names_of_media(connection, media=media)
    own = next((row for row in rows if row.name == label), None)
    if own is not None:
        taken = _is_taken(
            connection,
            owner=owner,
            root_key=own.root_key,
            version=_NO_VERSION,
            name_keys=[] if own.version else [name_key(label)],
            labels=[label],
        )
        if not taken:
            return label
        _forget_name(connection, seq=own.seq)
    return claim(connection, owner, media, request_of(label, NameSource.PARENT))


def release(connection: Connection, owner: str, name: str) -> None:
    """Free a name that was just claimed for an item that wasn't stored after all."""
    _release_name(connection, owner=owner, name_key=name_key(name))


def forget(connection: Connection, media: str) -> None:
    """Remove all names of an item."""
    _forget_names(connection, media=media)


def find(connection: Connection, owner: str, reference: str) -> str | None:
    """Return the id of the item that a name means, or None.

    Raises:
        ArgumentsError: it means several variants, of which none was picked.
    """
    text = clean_label(reference)
    key = name_key(text)
    same_key = _names_by_key(connection, owner=owner, name_key=key)
    exact = next((row for row in reversed(same_key) if row.name == text), None)
    if has_ending(reference):  # a file name means exactly that item
        return (exact or same_key[-1]).media if same_key else None
    meant = _meant_name(connection, owner=owner, root_key=key)
    if exact is not None and (meant is None or meant.version == 0 or exact.root_key != key):
        return exact.media
    rows = _rows_of_version(connection, owner, key)
    if meant is not None and (meant.source != NameSource.PARENT or not (same_key or rows)):
        return _one_of(reference, connection, owner, meant)
    if same_key or rows:
        return same_key[-1].media if same_key else _picked(reference, rows)
    return _labelled(connection, owner=owner, label=normalize("NFC", reference))


def is_exact(connection: Connection, media: str, reference: str) -> bool:
    """Return whether a name means one version or variant, rather than the newest of a root."""
    key = name_key(clean_label(reference))
    version = parse_version_key(key)
    return any(
        row.root_key != key
        and (name_key(row.name) == key or (version is not None and version.root == row.root_key))
        for row in _names_of_media(connection, media=media)
    )


def successor(
    connection: Connection, owner: str, media: str, label: str | None
) -> NameRequest | None:
    """Return the name of the next version of an item; None: it has no label.

    If the root means this item, it means the next version from then on.
    """
    if label is None:
        return None
    rows = _names_of_media(connection, media=media)
    own = next((row for row in rows if row.name == label), None)
    root = own.root if own is not None else label
    try:
        is_meant = find(connection, owner, root) == media
    except ArgumentsError:  # it means several variants
        is_meant = False
    source = NameSource(own.source) if own is not None and is_meant else NameSource.PARENT
    return request_of(root, source)


def newest_version(connection: Connection, owner: str, root_key: str) -> NameRow | None:
    """Return the name with the highest version of a root; one of them, if it has variants."""
    return _newest_version(connection, owner=owner, root_key=root_key)


def newer_version(connection: Connection, owner: str, media: str, label: str | None) -> str | None:
    """Return the item with the highest version of an item's name; None: it is this one."""
    own = next((row for row in _names_of_media(connection, media=media) if row.name == label), None)
    newest = own and newest_version(connection, owner, own.root_key)
    if own is None or newest is None or newest.version <= own.version:
        return None
    return newest.media


def count(connection: Connection, media: str) -> int:
    """Return how many names an item has; a result gets its further ones by hand."""
    return len(_names_of_media(connection, media=media))


def root_of(connection: Connection, media: str, label: str | None) -> str | None:
    """Return the root of an item's label; None if it has no label."""
    rows = _names_of_media(connection, media=media)
    return next((row.root for row in rows if row.name == label), label)


def _first_version(
    connection: Connection, owner: str, wanted: NameRequest, key: str
) -> tuple[int, bool]:
    """Return the first version to try, and whether the series has it already."""
    if wanted.series is not None:
        version = _series_version(connection, owner=owner, root_key=key, series=wanted.series)
        if version is not None:
            return version, True
    if wanted.label.version is not None:
        return wanted.label.version, False
    return (_latest_version(connection, owner=owner, root_key=key) or 0) + 1, False


def _text(wanted: NameRequest, version: int) -> str:
    if wanted.label.version == version:
        return with_variant(wanted.label.text, wanted.variant)
    return full_name(wanted.label.root, version, wanted.variant)


def _is_used(
    connection: Connection, owner: str, wanted: NameRequest, version: int, *, continues: bool
) -> bool:
    """Return whether a version is taken: for a new series, any name of it."""
    variants: Sequence[int] = [wanted.variant]
    if wanted.series is not None and not continues:
        variants = range(1, MAX_VARIANTS + 1)
    names = [_text(NameRequest(label=wanted.label, variant=number), version) for number in variants]
    taken = _is_taken(
        connection,
        owner=owner,
        root_key=name_key(wanted.label.root),
        version=_NO_VERSION if continues else version,
        name_keys=[name_key(each) for each in names],
        labels=names,
    )
    return taken is not None


def _insert(connection: Connection, owner: str, text: str, **values: object) -> bool:
    """Insert a name; return False if another item has it."""
    key = name_key(text)
    row = {
        **values,
        "owner": owner,
        "name": text,
        "name_key": key,
        "root_key": name_key(str(values["root"])),
    }
    if _insert_name(connection, **row) is not None:
        return True
    freed = _forget_deleted(connection, owner=owner, name_key=key)
    return bool(freed) and _insert_name(connection, **row) is not None


def _has_name(row: NameRow, label: Label, key: str) -> bool:
    if name_key(row.name) == name_key(label.text):
        return True
    return row.root_key == key and not row.variant and label.version in {None, row.version}


def _rows_of_version(connection: Connection, owner: str, key: str) -> list[NameRow]:
    """Return the names that a key such as `herov1` or `herov2-1` means; empty: it isn't one."""
    parsed = parse_version_key(key)
    if parsed is None:
        return []
    oldest = 0 if parsed.version == 1 else parsed.version
    rows = _names_of_version(
        connection, owner=owner, root_key=parsed.root, oldest=oldest, version=parsed.version
    )
    return [row for row in rows if parsed.variant in {0, row.variant}]


def _one_of(reference: str, connection: Connection, owner: str, newest: NameRow) -> str:
    if not newest.variant:
        return newest.media
    rows = _names_of_version(
        connection,
        owner=owner,
        root_key=newest.root_key,
        oldest=newest.version,
        version=newest.version,
    )
    return _picked(reference, rows)


def _picked(reference: str, rows: Sequence[NameRow]) -> str:
    """Return the item of one version: the only one, or the one that was picked.

    Raises:
        ArgumentsError: there are several variants.
    """
    single = [row for row in rows if not row.variant]
    if single:
        return single[-1].media
    if len({row.media for row in rows}) == 1:
        return rows[0].media
    names = list(dict.fromkeys(row.name for row in rows))
    raise ArgumentsError(
        f"{quoted(reference)} has {len(names)} variants: {listed(names)}.",
        hint=f"Pass one of them. media_label with label {quoted(rows[0].root)} makes one of them "
        "the one that this name means.",
    )
