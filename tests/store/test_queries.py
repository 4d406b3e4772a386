"""Statements in `.sql` files: loading, and that each runs and returns what its header says."""

import sqlite3
from collections.abc import Collection, Iterator
from contextlib import closing
from dataclasses import MISSING, dataclass, fields
from pathlib import Path
from typing import Any, cast

import pytest

from stability_mcp.store.database import Database
from stability_mcp.store.queries import Statement, Statements, in_parts, load
from support.store import postgres, sql

pytestmark = pytest.mark.anyio


@dataclass(frozen=True, slots=True)
class _Pair:
    key: str
    value: str
    note: str = ""


@pytest.fixture
def connection() -> Iterator[sqlite3.Connection]:
    """Yield a database with one table."""
    with closing(sqlite3.connect(":memory:")) as connection:
        connection.execute("CREATE TABLE pairs (key TEXT PRIMARY KEY, value TEXT) STRICT")
        yield connection


@pytest.fixture
def loaded(tmp_path: Path) -> Statements:
    """Return some statements."""
    return _load(
        tmp_path,
        """-- Statements about pairs.

-- name: put(key, value) -> count
-- Writes one pair; a comment with it's, 100% and :nothing.
INSERT INTO pairs (key, value) VALUES (:key, :value);

-- name: get(key) -> value
-- Reads one.
SELECT value FROM pairs WHERE key = :key;

-- name: keys() -> values
-- Reads all keys.
SELECT key FROM pairs ORDER BY key;

-- name: pair(key) -> one
-- Reads one.
SELECT key, value FROM pairs WHERE key = :key;

-- name: pairs(keys..., prefix) -> many
-- Reads some; `:` and `--` in a text aren't a parameter or a comment.
SELECT key, value FROM pairs WHERE key IN (:keys...) AND key <> ':no -- it''s :no'
AND value LIKE :prefix || '%' ORDER BY key;
""",
    )


def _load(folder: Path, text: str) -> Statements:
    (folder / "example.sql").write_text(text, encoding="utf-8")
    return load(str(folder / "example.py"))


def test_each_kind_of_statement_returns_what_its_header_says(
    connection: sqlite3.Connection, loaded: Statements
) -> None:
    """*Chosen*: the number of changed rows, a value, values, or one or many rows of a class."""
    put, get = loaded.count("put"), loaded.value("get", str)
    keys, pair = loaded.values("keys", str), loaded.one("pair", _Pair)
    pairs = loaded.many("pairs", _Pair)

    assert [put(connection, key=key, value=key * 2) for key in "ab"] == [1, 1]
    assert put(connection, key="c", value=None) == 1
    assert (get(connection, key="a"), get(connection, key="none")) == ("aa", None)
    assert get(connection, key="c") is None
    assert keys(connection) == ["a", "b", "c"]
    assert pair(connection, key="b") == _Pair("b", "bb")
    assert pair(connection, key="none") is None
    assert pairs(connection, keys=["a", "b", "none"], prefix="b") == [_Pair("b", "bb")]
    assert loaded.bound == {"put", "get", "keys", "pair", "pairs"}


@pytest.mark.parametrize("keys", [[], ["a"], ["b", "a"], tuple("abc"), {"a": 1}])
def test_a_list_takes_any_number_of_values(
    connection: sqlite3.Connection, loaded: Statements, keys: Collection[str]
) -> None:
    """*Chosen*: an empty list, which SQL does not have, matches nothing."""
    put, pairs = loaded.count("put"), loaded.many("pairs", _Pair)
    for key in "abcd":
        put(connection, key=key, value="")

    assert [each.key for each in pairs(connection, keys=keys, prefix="")] == sorted(keys)


@pytest.mark.parametrize(
    "text",
    [
        "100 % of it",
        "a:b :key :key...",
        'it\'s "so" `far`',
        "-- no comment",
        "x" * 1_048_576,
        "日本",
    ],
    ids=["percent", "colon", "quotes", "comment", "megabyte", "unicode"],
)
def test_a_text_is_stored_and_read_unchanged(
    connection: sqlite3.Connection, loaded: Statements, text: str
) -> None:
    """*Chosen*: values are parameters, never part of the statement."""
    put, get, pairs = loaded.count("put"), loaded.value("get", str), loaded.many("pairs", _Pair)
    put(connection, key=text, value=text)

    assert get(connection, key=text) == text
    assert pairs(connection, keys=[text], prefix="") == [_Pair(text, text)]


def test_a_nul_in_a_text_is_kept(connection: sqlite3.Connection, loaded: Statements) -> None:
    """*Documented* (SQLite): a bound text may contain NUL. No statement may rely on it."""
    put, get = loaded.count("put"), loaded.value("get", str)
    put(connection, key="nul", value="a\0b")

    assert get(connection, key="nul") == "a\0b"


@pytest.mark.parametrize(
    "parameters", [{}, {"key": 1}, {"key": 1, "value": 1, "more": 1}, {"Key": 1, "value": 1}]
)
def test_missing_or_unknown_parameters_are_an_error(
    connection: sqlite3.Connection, loaded: Statements, parameters: dict[str, object]
) -> None:
    """*Chosen*: the driver itself would accept unknown ones."""
    with pytest.raises(TypeError, match=r"example\.put: missing or unknown parameters \["):
        loaded.count("put")(connection, **parameters)


def test_a_statement_can_only_be_bound_as_its_kind(loaded: Statements) -> None:
    """*Chosen*: header and module must agree."""
    with pytest.raises(TypeError, match=r"example\.put returns count, not value"):
        loaded.value("put", str)
    with pytest.raises(KeyError):
        loaded.count("nothing")


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("SELECT 1;\n-- name: a() -> value\nSELECT 1;", "without a header"),
        ("-- name: a(x) -> value\n-- Why.\nSELECT 1;", "'x'"),
        ("-- name: a() -> value\n-- Why.\nSELECT :x;", "'x'"),
        ("-- name: a(x) -> value\n-- Why.\nSELECT 1 IN (:x...);", "'x"),
        ("-- name: a() -> value\n-- Why.\nSELECT 1; SELECT 2;", "two statements"),
        ("-- name: a() -> value\nSELECT 1;\n-- name: a() -> value\nSELECT 2;", "twice"),
        ("-- name: a() -> row\n-- Why.\nSELECT 1;", None),
        ("-- name: a()\n-- Why.\nSELECT 1;", None),
    ],
)
def test_an_invalid_file_is_not_loaded(tmp_path: Path, text: str, why: str | None) -> None:
    """*Chosen*: it fails at import, not during a paid call."""
    with pytest.raises(ValueError, match=why or "without a header"):
        _load(tmp_path, text)


def test_a_module_without_its_file_is_an_error(tmp_path: Path) -> None:
    """*Chosen*: the package may have been built without the file."""
    with pytest.raises(FileNotFoundError):
        load(str(tmp_path / "nothing.py"))


def test_a_long_list_is_split_into_parts() -> None:
    """*Chosen*: SQLite limits the number of parameters."""
    assert list(in_parts(range(5), 2)) == [[0, 1], [2, 3], [4]]
    assert list(in_parts([], 2)) == []


def test_every_sql_file_is_loaded_by_its_module_and_every_statement_is_used() -> None:
    """*Chosen*: unused statements are not maintained."""
    expected = {path for path in sql.SOURCE.rglob("*.sql") if not sql.TABLES.fullmatch(path.stem)}

    assert {file.path for file in sql.files()} == expected
    unused = {
        file.path.name: sorted(file.by_name.keys() - file.bound)
        for file in sql.files()
        if file.by_name.keys() - file.bound
    }
    assert unused == {}


def test_every_statement_has_a_comment() -> None:
    """*Chosen*: its purpose or its reason."""
    bare = {file.path.name: sql.uncommented(file.path) for file in sql.files()}

    assert {name: found for name, found in bare.items() if found} == {}


async def test_every_statement_runs_and_returns_the_columns_of_its_class(tmp_path: Path) -> None:
    """*Chosen*: on the tables of a new store; trailing fields with a default may be missing."""
    await Database(tmp_path).close()
    wrong = {}
    with closing(sqlite3.connect(tmp_path / "store.db", isolation_level=None)) as connection:
        for file, name, statement in sql.statements():
            connection.execute("BEGIN")
            try:
                found = _columns(connection, statement)
            except sqlite3.Error as error:
                wrong[statement.name] = str(error)
            else:
                problem = _problem(file, name, statement, found)
                if problem is not None:
                    wrong[statement.name] = problem
            connection.execute("ROLLBACK")

    assert wrong == {}


def _columns(connection: sqlite3.Connection, statement: Statement) -> list[str]:
    """Run a statement with 1 for each parameter, which every column accepts."""
    values = {name: [1] if name in statement.lists else 1 for name in statement.parameters}
    cursor = statement.run(connection, values)
    cursor.fetchall()
    return [column[0] for column in cursor.description or ()]


def _problem(file: Statements, name: str, statement: Statement, found: list[str]) -> str | None:
    if statement.result == "count":
        return f"a count has no columns: {found}" if found else None
    if statement.result in {"value", "values"}:
        return None if len(found) == 1 else f"one column: {found}"
    shape = file.shapes[name]
    expected, optional = sql.columns_of(shape), _optional(shape)
    rest = expected[len(found) :]
    if found == expected[: len(found)] and set(rest) <= optional:
        return None
    return f"{found} are not {expected} of {shape.__name__}"


def _optional(shape: type) -> set[str]:
    return {
        each.name
        for each in fields(cast("Any", shape))
        if each.default is not MISSING or each.default_factory is not MISSING
    }


@pytest.mark.processes
def test_postgresql_accepts_every_statement() -> None:
    """*Chosen*: the hosted mode runs the same statements; preparing them needs no server."""
    every = [each for _, _, each in sql.statements() if sql.is_portable(each)]
    prepared = {postgres.prepared(each): each.name for each in every}

    errors = postgres.errors([*prepared, 'PREPARE "wrong" AS SELECT nothing FROM jobs'])

    wrong = {prepared.get(statement, statement): error for statement, error in errors.items()}
    assert "nothing" in wrong.pop('PREPARE "wrong" AS SELECT nothing FROM jobs')
    assert wrong == {}


def test_every_statement_is_portable() -> None:
    """*Chosen*: finds what SQLite accepts and PostgreSQL rejects or reads differently."""
    wrong = {each.name: sql.faults(each.sql) for _, _, each in sql.statements()}

    assert {name: found for name, found in wrong.items() if found} == {}


@pytest.mark.parametrize(
    "text",
    [
        "SELECT 1 FROM jobs WHERE notified_at IS :at",
        "SELECT 1 FROM jobs WHERE notified_at IS NOT :at",
        "SELECT 1 WHERE :at IS NULL",
        "SELECT max(a, b) FROM jobs",
        "SELECT min((SELECT 1), coalesce(a, b)) FROM jobs",
        "SELECT rowid FROM jobs",
        "INSERT OR IGNORE INTO meta VALUES (1, 2)",
        "SELECT sum(price) FROM jobs",
        "SELECT coalesce(sum(price), 0) FROM jobs",
        "SELECT a || char(0) FROM jobs",
        'SELECT "text" FROM jobs',
        "SELECT count(*) FROM (SELECT 1 FROM jobs)",
    ],
)
def test_sql_that_only_sqlite_accepts_is_found(text: str) -> None:
    """*Chosen*: the rule above detects each of these."""
    assert len(sql.faults(text)) == 1


def test_portable_sql_is_not_reported() -> None:
    """*Chosen*: as above; words in a literal and aggregates are fine."""
    text = """
        SELECT max(day), coalesce(min(seq), 0), CAST(coalesce(sum(price), 0) AS BIGINT) AS price
        FROM (SELECT day, seq, price FROM jobs WHERE error <> 'IS :x rowid "so" max(a, b)') AS found
        WHERE CAST(:at AS TEXT) IS NULL OR day = :at AND seq IS NULL
        HAVING sum(price) > 1 ORDER BY day
    """
    assert sql.faults(text) == []
