"""Statements in `.sql` files: how they are loaded, and that each runs and gives what is claimed."""

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
-- Writes one; it's at 100% of :nothing.
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
-- Reads some; `:` and `--` in a text are no parameter and no comment.
SELECT key, value FROM pairs WHERE key IN (:keys...) AND key <> ':no -- it''s :no'
AND value LIKE :prefix || '%' ORDER BY key;
""",
    )


def _load(folder: Path, text: str) -> Statements:
    (folder / "example.sql").write_text(text, encoding="utf-8")
    return load(str(folder / "example.py"))


def test_each_kind_of_statement_gives_what_its_header_says(
    connection: sqlite3.Connection, loaded: Statements
) -> None:
    """*Chosen*: rows that changed, a value, values, a row or rows of a class."""
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
    """*Chosen*: an empty list matches nothing, as SQL has no empty list."""
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
def test_a_text_goes_through_a_statement_as_it_is(
    connection: sqlite3.Connection, loaded: Statements, text: str
) -> None:
    """*Chosen*: values are parameters, never text of the statement."""
    put, get, pairs = loaded.count("put"), loaded.value("get", str), loaded.many("pairs", _Pair)
    put(connection, key=text, value=text)

    assert get(connection, key=text) == text
    assert pairs(connection, keys=[text], prefix="") == [_Pair(text, text)]


def test_a_nul_in_a_text_is_kept(connection: sqlite3.Connection, loaded: Statements) -> None:
    """*Documented* (SQLite): a bound text may contain it. No statement may rely on it."""
    put, get = loaded.count("put"), loaded.value("get", str)
    put(connection, key="nul", value="a\0b")

    assert get(connection, key="nul") == "a\0b"


@pytest.mark.parametrize(
    "parameters", [{}, {"key": 1}, {"key": 1, "value": 1, "more": 1}, {"Key": 1, "value": 1}]
)
def test_a_parameter_that_is_missing_or_unknown_is_an_error(
    connection: sqlite3.Connection, loaded: Statements, parameters: dict[str, object]
) -> None:
    """*Chosen*: also an unknown one, which the driver would take."""
    with pytest.raises(TypeError, match=r"example\.put: missing or unknown parameters \["):
        loaded.count("put")(connection, **parameters)


def test_a_statement_is_bound_as_what_it_gives(loaded: Statements) -> None:
    """*Chosen*: the header and the module agree."""
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
def test_a_file_that_is_wrong_is_not_loaded(tmp_path: Path, text: str, why: str | None) -> None:
    """*Chosen*: at import, not in the middle of a paid call."""
    with pytest.raises(ValueError, match=why or "without a header"):
        _load(tmp_path, text)


def test_a_module_without_its_file_is_an_error(tmp_path: Path) -> None:
    """*Chosen*: the file was left out of a package."""
    with pytest.raises(FileNotFoundError):
        load(str(tmp_path / "nothing.py"))


def test_a_long_list_comes_in_parts() -> None:
    """*Chosen*: SQLite takes a limited number of parameters."""
    assert list(in_parts(range(5), 2)) == [[0, 1], [2, 3], [4]]
    assert list(in_parts([], 2)) == []


def test_every_file_is_loaded_by_the_module_beside_it_and_every_statement_is_used() -> None:
    """*Chosen*: a statement that nothing runs is not looked after."""
    beside = {path for path in sql.SOURCE.rglob("*.sql") if not sql.TABLES.fullmatch(path.stem)}

    assert {file.path for file in sql.files()} == beside
    unused = {
        file.path.name: sorted(file.by_name.keys() - file.bound)
        for file in sql.files()
        if file.by_name.keys() - file.bound
    }
    assert unused == {}


def test_every_statement_has_a_comment() -> None:
    """*Chosen*: what it is for, or why it is so."""
    bare = {file.path.name: sql.uncommented(file.path) for file in sql.files()}

    assert {name: found for name, found in bare.items() if found} == {}


async def test_every_statement_runs_and_gives_the_columns_of_its_class(tmp_path: Path) -> None:
    """*Chosen*: on the tables of a new store; fields with a default may be left out at the end."""
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
    """Run a statement, the value of each parameter 1, which every column takes."""
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
def test_postgresql_takes_every_statement() -> None:
    """*Chosen*: the hosted mode runs the same ones; no server is needed to prepare them."""
    every = [each for _, _, each in sql.statements() if sql.is_portable(each)]
    asked = {postgres.prepared(each): each.name for each in every}

    errors = postgres.errors([*asked, 'PREPARE "wrong" AS SELECT nothing FROM jobs'])

    wrong = {asked.get(statement, statement): error for statement, error in errors.items()}
    assert "nothing" in wrong.pop('PREPARE "wrong" AS SELECT nothing FROM jobs')
    assert wrong == {}


def test_every_statement_is_written_for_both_databases() -> None:
    """*Chosen*: what SQLite takes and PostgreSQL does not, or takes for something else."""
    wrong = {each.name: sql.faults(each.sql) for _, _, each in sql.statements()}

    assert {name: found for name, found in wrong.items() if found} == {}


@pytest.mark.parametrize(
    "text",
    [
        "SELECT 1 FROM jobs WHERE told_at IS :at",
        "SELECT 1 FROM jobs WHERE told_at IS NOT :at",
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
def test_what_only_sqlite_takes_is_found(text: str) -> None:
    """*Chosen*: the rule above sees each of these."""
    assert len(sql.faults(text)) == 1


def test_what_both_take_is_not_found() -> None:
    """*Chosen*: as above; words in a text and aggregates are no fault."""
    text = """
        SELECT max(day), coalesce(min(seq), 0), CAST(coalesce(sum(price), 0) AS BIGINT) AS price
        FROM (SELECT day, seq, price FROM jobs WHERE error <> 'IS :x rowid "so" max(a, b)') AS found
        WHERE CAST(:at AS TEXT) IS NULL OR day = :at AND seq IS NULL
        HAVING sum(price) > 1 ORDER BY day
    """
    assert sql.faults(text) == []
