"""Checks the database of a backup before it replaces a store.

The backup may be damaged, or made by a stranger. The database may hold only what this program
writes: its tables and indexes, no trigger or view that would run with every statement, and no value
that leads out of the data folder where it becomes part of a path.
"""

import re
import sqlite3
from collections.abc import Mapping
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from stability_mcp.maintenance.backup_format import Manifest, unusable
from stability_mcp.store import migrations
from stability_mcp.store.database import connect_copy
from stability_mcp.store.queries import Connection, load

ID = re.compile(r"[a-z0-9]{1,64}")
SHA256 = re.compile(r"[0-9a-f]{64}")

MAGIC = b"SQLite format 3\0"
"""The first bytes of every SQLite database."""


@dataclass(frozen=True, slots=True)
class _Meta:
    key: str
    value: str


@dataclass(frozen=True, slots=True)
class _Blob:
    sha256: str
    bytes: int | None
    """None: it has no row of its own."""
    deleted: int


_SQL = load(__file__)
_quick_check = _SQL.values("quick_check", str)
_meta = _SQL.many("meta", _Meta)
_blobs = _SQL.many("blobs", _Blob)
_NAMES = {
    "a job": (_SQL.values("jobs", str), ID),
    "a process": (_SQL.values("processes", str), ID),
    "a file": (_SQL.values("hashes", str), SHA256),
}
"""Statements that list names, and the form of the names that programs give, by what has them."""

OBJECTS = (
    "SELECT type, name, tbl_name FROM sqlite_master WHERE name NOT LIKE 'sqlite\\_%' ESCAPE '\\'"
)
"""Lists tables, indexes, triggers and views; not in the `.sql` file, as only SQLite has it."""
BROKEN_REFERENCES = "PRAGMA foreign_key_check"
"""Lists rows that refer to a missing one."""


def check_database(path: Path, manifest: Manifest, blobs: Mapping[str, int]) -> None:
    """Check a database, and that the backup has the bytes of its media; blocks.

    Args:
        path: The database of the backup, which no other connection uses.
        manifest: The manifest of the backup.
        blobs: The blobs of the backup, whose hashes are right: sizes by hash.

    Raises:
        FileUnusableError: it isn't a whole store of this program.
    """
    with path.open("rb") as file:
        if file.read(len(MAGIC)) != MAGIC:
            raise unusable("its database isn't one")
    try:
        with closing(connect_copy(path)) as connection:
            _check(connection, manifest)
            _check_blobs(connection, blobs)
    except sqlite3.Error as error:
        raise unusable(f"its database is damaged ({error})") from error


def _check(connection: Connection, manifest: Manifest) -> None:
    if others := {kind for kind, *_ in connection.execute(OBJECTS)} - {"table", "index"}:
        raise unusable(f"its database has a {others.pop()}")
    if _quick_check(connection) != ["ok"] or connection.execute(BROKEN_REFERENCES).fetchone():
        raise unusable("its database is damaged")
    meta = {each.key: each.value for each in _meta(connection)}
    if meta.get("schema") != str(manifest.schema):
        raise unusable("its database and its manifest name different versions")
    if not meta.keys() >= {"oldest_writer", "fingerprint_secret"}:
        raise unusable("its database has no ids")
    for what, (names, form) in _NAMES.items():
        if not all(map(form.fullmatch, names(connection))):
            raise unusable(f"its database has an invalid name for {what}")


def _check_blobs(connection: Connection, blobs: Mapping[str, int]) -> None:
    needed = {each.sha256: each for each in _blobs(connection)}
    if unneeded := blobs.keys() - needed.keys():
        raise unusable(f"{len(unneeded)} of its files belong to no media item")
    for each in needed.values():
        if each.bytes is None or blobs.get(each.sha256, each.bytes) != each.bytes:
            raise unusable("a media item and its file have different sizes")
        if not each.deleted and each.sha256 not in blobs:
            raise unusable("the file of a media item is missing")


def check_tables(path: Path) -> None:
    """Check that a database has the tables, columns and indexes of this program; blocks.

    Args:
        path: The database, after it was upgraded to the schema of this program.

    Raises:
        FileUnusableError: they differ.
    """
    with closing(connect_copy(path)) as connection, closing(_new()) as expected:
        if _structure(connection) != _structure(expected):
            raise unusable("its database has other tables than this program")


def _new() -> sqlite3.Connection:
    """Return an empty database with this program's tables, in memory."""
    connection = sqlite3.connect(":memory:", isolation_level=None)
    for statement in migrations.new_tables():
        connection.execute(statement)
    return connection


def _structure(connection: Connection) -> set[tuple[str, ...]]:
    """Return the tables, indexes and columns; the order of columns differs after upgrades."""
    found: set[tuple[str, ...]] = set(connection.execute(OBJECTS))
    columns = "SELECT name, type FROM pragma_table_info(?)"
    for kind, name, _ in list(found):
        if kind == "table":
            found |= {(name, *row) for row in connection.execute(columns, (name,))}
    return found
