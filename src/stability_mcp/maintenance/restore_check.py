"""Checks the database of a backup before it replaces a store.

The backup may be damaged, or made by a stranger. Its rows are copied to new tables, so that no
trigger, view, index or constraint of it takes effect, and none of this program's is missing. No
value may lead out of the data folder where it becomes part of a path.
"""

import re
import sqlite3
from collections.abc import Mapping
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from stability_mcp.errors import StorageError
from stability_mcp.maintenance.backup_format import Manifest, unusable
from stability_mcp.maintenance.store_files import new_file
from stability_mcp.store import migrations
from stability_mcp.store.database import connect_copy
from stability_mcp.store.disk import is_full
from stability_mcp.store.queries import Connection, load
from stability_mcp.uris import RUN_PREFIX

ID = re.compile(r"[a-z0-9]{1,64}")
RUN_ID = re.compile(rf"({RUN_PREFIX})?[a-z0-9]{{1,64}}")
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
    "a run": (_SQL.values("runs", str), RUN_ID),
    "a process": (_SQL.values("processes", str), ID),
    "a file": (_SQL.values("hashes", str), SHA256),
}
"""Statements that list names, and the form of the names that programs give, by what has them."""

OBJECTS = (
    "SELECT CASE WHEN rootpage = 0 AND type = 'table' THEN 'virtual table' ELSE type END, name "
    "FROM sqlite_master WHERE name NOT LIKE 'sqlite\\_%' ESCAPE '\\'"
)
"""Lists tables, indexes, triggers and views; not in the `.sql` file, as only SQLite has it."""
MAX_ROW_NUMBER = 2**53
"""From 2**63 on, SQLite couldn't add a row, such as that of a result that was charged."""
BROKEN_REFERENCES = "PRAGMA foreign_key_check"
"""Lists rows that refer to a missing one."""


def check_database(path: Path, manifest: Manifest, blobs: Mapping[str, int]) -> None:
    """Check a database, and that the backup has the bytes of its media; blocks.

    It is upgraded, and replaced by a copy of its rows in new tables.

    Args:
        path: The database of the backup, which no other connection uses.
        manifest: The manifest of the backup.
        blobs: The blobs of the backup, whose hashes are right: sizes by hash.

    Raises:
        FileUnusableError: it isn't a whole store of this program.
        StorageError: the disk is full.
    """
    with path.open("rb") as file:
        if file.read(len(MAGIC)) != MAGIC:
            raise unusable("its database isn't one")
    given = path.with_name("given.db")
    path.replace(given)
    try:
        with closing(connect_copy(given)) as connection:
            _check(connection, manifest)
        _upgrade(given)
        _copy_rows(given, path)
        with closing(connect_copy(path)) as connection:
            _check_rows(connection)
            _check_blobs(connection, blobs)
    except sqlite3.Error as error:
        if is_full(error):
            raise StorageError(
                f"Not restored: the backup could not be unpacked ({error}).",
                hint="Free disk space, then restore it again.",
            ) from error
        raise unusable(f"its database is damaged, or of another program: {error}") from error
    given.unlink()


def _check(connection: Connection, manifest: Manifest) -> None:
    """Check what can be checked before the upgrade."""
    if others := {kind for kind, _ in connection.execute(OBJECTS)} - {"table", "index"}:
        raise unusable(f"its database has a {others.pop()}")
    if _quick_check(connection) != ["ok"]:
        raise unusable("its database is damaged")
    meta = {each.key: each.value for each in _meta(connection)}
    if meta.get("schema") != str(manifest.schema):
        raise unusable("its database and its manifest name different versions")
    if "fingerprint_secret" not in meta or not meta.get("oldest_writer", "").isdecimal():
        raise unusable("its database has no ids")


def _upgrade(path: Path) -> None:
    with closing(connect_copy(path)) as connection:
        connection.execute("PRAGMA query_only=OFF")
        migrations.migrate(connection, path.parent)


def _copy_rows(given: Path, path: Path) -> None:
    """Write a database with this program's tables, indexes and constraints, and the given rows."""
    new_file(path).close()
    with closing(connect_copy(path)) as connection:
        connection.execute("PRAGMA query_only=OFF")
        connection.execute("PRAGMA journal_mode=OFF")  # after an error the file isn't used
        for statement in migrations.new_tables():
            connection.execute(statement)
        tables = _tables(connection)
        connection.execute("ATTACH :path AS given", {"path": str(given)})
        if _tables(connection, "given") != tables:
            raise unusable("its database has other tables than this program")
        connection.execute("BEGIN")
        for table in sorted(tables):
            columns = ", ".join(
                name
                for (name,) in connection.execute("SELECT name FROM pragma_table_info(?)", (table,))
            )
            # Without quotes: SQLite takes a quoted name that doesn't exist for a text.
            connection.execute(
                f"INSERT INTO main.{table} ({columns}) SELECT {columns} FROM given.{table}"  # noqa: S608 -- names of this program
            )
        connection.execute("DELETE FROM main.sqlite_sequence")
        connection.execute("INSERT INTO main.sqlite_sequence SELECT * FROM given.sqlite_sequence")
        connection.execute("COMMIT")


def _tables(connection: Connection, database: str = "main") -> set[str]:
    """Return the names of the tables in an attached database."""
    objects = OBJECTS.replace("sqlite_master", f"{database}.sqlite_master")
    return {name for kind, name in connection.execute(objects) if kind == "table"}


def _check_rows(connection: Connection) -> None:
    for table in _tables(connection):
        for _ in connection.execute(f"SELECT * FROM {table}"):  # noqa: S608 -- a name of this program
            """Each text must be UTF-8: SQLite doesn't check it, and reading it later would fail."""
    for what, (names, form) in _NAMES.items():
        if not all(map(form.fullmatch, names(connection))):
            raise unusable(f"its database has an invalid name for {what}")
    if connection.execute(BROKEN_REFERENCES).fetchone():
        raise unusable("its database is damaged")
    numbers = [number for (number,) in connection.execute("SELECT seq FROM sqlite_sequence")]
    if not all(type(each) is int and 0 <= each < MAX_ROW_NUMBER for each in numbers):
        raise unusable("its database has invalid row numbers")


def _check_blobs(connection: Connection, blobs: Mapping[str, int]) -> None:
    needed = {each.sha256: each for each in _blobs(connection)}
    if unneeded := blobs.keys() - needed.keys():
        raise unusable(f"{len(unneeded)} of its files belong to no media item")
    for each in needed.values():
        if each.bytes is None or blobs.get(each.sha256, each.bytes) != each.bytes:
            raise unusable("a media item and its file have different sizes")
        if not each.deleted and each.sha256 not in blobs:
            raise unusable("the file of a media item is missing")
