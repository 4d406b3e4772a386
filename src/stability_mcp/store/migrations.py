"""Upgrades the store of an older program: all missing steps in one transaction.

A kill leaves the old store or the new one, never a mix. Step n is the file `migration_<n>.sql`.
Most steps only add nullable or defaulted columns, new tables and new indexes. A program that is one
step older can then keep writing at the same time, and no running program has to be closed first.

A step that breaks older programs raises `OLDEST_WRITER` to its number. It runs only while no other
process uses the store, because such a process would fail in the middle of a paid job.

A new store is created from `schema.sql` and isn't migrated; a test checks that both ways produce
the same tables.
"""

import sqlite3
from collections.abc import Mapping, Sequence
from pathlib import Path

from stability_mcp.errors import StorageError
from stability_mcp.store.format import OLDEST_WRITER, SCHEMA
from stability_mcp.store.programs import living_processes, running_programs
from stability_mcp.store.queries import load
from stability_mcp.text import name_key

Steps = Mapping[int, Sequence[str]]
"""The statements that upgrade the previous schema, by schema number."""


_SQL = load(__file__)
_schema = _SQL.value("schema", int)
_set_versions = _SQL.count("set_versions")


def steps(schema: int = SCHEMA) -> Steps:
    """Read every step up to a schema version."""
    found = {
        int(file.stem.rpartition("_")[2]): statements(file.read_text(encoding="utf-8"))
        for file in Path(__file__).parent.glob("migration_*.sql")
    }
    return {number: found[number] for number in sorted(found) if number <= schema}


def new_tables() -> list[str]:
    """Return the statements that create the tables of a new store."""
    return statements(Path(__file__).with_name("schema.sql").read_text(encoding="utf-8"))


def statements(text: str) -> list[str]:
    """Return the statements of a file, each with the comments above it.

    Raises:
        ValueError: the last statement is incomplete.
    """
    found, part = list[str](), ""
    for line in text.splitlines(keepends=True):
        part += line
        if sqlite3.complete_statement(part):
            found.append(part.strip())
            part = ""
    if part.strip():
        raise ValueError(f"incomplete statement: {part.strip()[:80]}")
    return found


def migrate(
    connection: sqlite3.Connection,
    home: Path,
    todo: Steps | None = None,
    *,
    oldest_writer: int = OLDEST_WRITER,
) -> None:
    """Run all steps that a store lacks, or none of them.

    Args:
        connection: A connection with `isolation_level=None`, used under the write lock.
        home: Folder of the store.
        todo: The steps; None for those up to `SCHEMA`.
        oldest_writer: Oldest schema version whose programs may write to the store afterwards.

    Raises:
        StorageError: a running process couldn't write to it afterwards; nothing was changed.
    """
    todo = steps() if todo is None else todo
    connection.create_function("name_key", 1, name_key, deterministic=True)
    connection.execute("BEGIN IMMEDIATE")
    try:
        # Read again inside the transaction: another process may have migrated it meanwhile.
        found = _schema(connection) or 0
        if found < oldest_writer:
            _refuse_while_used(connection, home)
        missing = [number for number in sorted(todo) if number > found]
        for number in missing:
            for statement in todo[number]:
                connection.execute(statement)
        if missing:
            versions = {"schema": str(missing[-1]), "oldest_writer": str(oldest_writer)}
            _set_versions(connection, **versions)
    except BaseException:
        connection.execute("ROLLBACK")
        raise
    connection.execute("COMMIT")


def _refuse_while_used(connection: sqlite3.Connection, home: Path) -> None:
    living = living_processes(home)
    if not living:
        return
    names = running_programs(connection, living)
    raise StorageError(
        f"The store in {home} cannot be updated while an older program is using it: {names}.",
        hint="Close that program, then start this one again.",
    )
