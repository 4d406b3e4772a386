"""Bringing the store of an older program up to date: one transaction, whatever is missing.

Not by Alembic: on SQLite it commits in the middle of a revision, so that a kill there leaves a
store that no start can mend, and with one transaction around all of it nothing is left for it to
do. A step is a few statements, and steps only add: nullable or defaulted columns, new tables, new
indexes. So a program that is one step older goes on writing beside this one, and none that runs has
to be closed first. A change that breaks older writers would raise `OLDEST_WRITER`.

A new store is made from `schema` in one go and never comes through here; a test holds that both
ways lead to the same tables.
"""

import sqlite3
from collections.abc import Mapping, Sequence

STEPS: Mapping[int, Sequence[str]] = {
    2: (
        "ALTER TABLE jobs ADD COLUMN told_at REAL",
        (
            "CREATE TABLE confirmations (id INTEGER NOT NULL, owner TEXT NOT NULL,"
            " upstream TEXT NOT NULL, call_key TEXT NOT NULL, credits INTEGER NOT NULL,"
            " asked_at REAL NOT NULL, answer TEXT, answered_at REAL, used_by TEXT,"
            " PRIMARY KEY (id)) STRICT"
        ),
        "CREATE INDEX confirmations_key ON confirmations (call_key, id)",
        (
            "CREATE TABLE audit (id INTEGER NOT NULL, owner TEXT NOT NULL, upstream TEXT NOT NULL,"
            " at REAL NOT NULL, event TEXT NOT NULL, operation TEXT NOT NULL,"
            " prompt_hash TEXT NOT NULL, detail TEXT NOT NULL, PRIMARY KEY (id)) STRICT"
        ),
        "CREATE INDEX audit_prompt ON audit (prompt_hash, id)",
        "ALTER TABLE calls ADD COLUMN cancelled_at REAL",
        "ALTER TABLE calls ADD COLUMN said TEXT",
        "ALTER TABLE calls ADD COLUMN cached TEXT",
        "ALTER TABLE calls ADD COLUMN saved INTEGER",
        "CREATE INDEX calls_saved ON calls (owner, upstream, saved) WHERE saved IS NOT NULL",
        "CREATE INDEX calls_joined ON calls (joined) WHERE joined IS NOT NULL",
        "CREATE INDEX calls_joinable ON calls (call_key, created_at) WHERE handed_at IS NULL",
        # Some stores of the first schema have these three already.
        "CREATE INDEX IF NOT EXISTS jobs_state ON jobs (owner, state, seq)",
        (
            "CREATE INDEX IF NOT EXISTS media_kind ON media (owner, media_type, seq)"
            " WHERE deleted_at IS NULL"
        ),
        (
            "CREATE INDEX IF NOT EXISTS media_copy ON media (owner, copy_path)"
            " WHERE copy_path IS NOT NULL"
        ),
    ),
    3: (
        ("CREATE INDEX jobs_ended ON jobs (upstream, finished_at) WHERE finished_at IS NOT NULL"),
        (
            "CREATE INDEX jobs_generation ON jobs (upstream, generation)"
            " WHERE generation IS NOT NULL"
        ),
    ),
}
"""The statements that make a schema out of the one before it, by its number."""


def migrate(connection: sqlite3.Connection, steps: Mapping[int, Sequence[str]] = STEPS) -> None:
    """Do every step that a store lacks, all or none of them.

    Args:
        connection: Without transactions of its own (`isolation_level=None`), under the write lock.
        steps: The statements by the number of the schema that they lead to.
    """
    connection.execute("BEGIN IMMEDIATE")
    try:
        # Read again in here: another process may have done it since somebody looked.
        found = connection.execute("SELECT value FROM meta WHERE key = 'schema'").fetchone()
        for number in sorted(step for step in steps if step > int(found[0])):
            for statement in steps[number]:
                connection.execute(statement)
            connection.execute("UPDATE meta SET value = ? WHERE key = 'schema'", (str(number),))
    except BaseException:
        connection.execute("ROLLBACK")
        raise
    connection.execute("COMMIT")
