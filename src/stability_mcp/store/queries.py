"""Loads named SQL statements from `.sql` files and runs them.

A file is next to the module that uses it and holds the statements of one topic:

    -- name: reserve(owner, upstream, day, credits) -> count
    -- Adds to the reservation of a day.
    UPDATE spending SET reserved = reserved + :credits
    WHERE owner = :owner AND upstream = :upstream AND day = :day;

The header names the parameters and the result: `count` (number of changed rows), `value` (first
column of the first row, or None), `values` (first column of every row), `one` (the first row or
None) or `many` (every row). `:ids...` takes a list, as in `id IN (:ids...)`, which is false for an
empty list. The module binds each statement to its result type:

    _SQL = load(__file__)
    _reserve = _SQL.count("reserve")

Statements are portable between SQLite 3.40 and PostgreSQL 15.
"""

import re
import sqlite3
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol, TypeVar

Connection = sqlite3.Connection
"""A connection from the database driver."""

T = TypeVar("T")
T_co = TypeVar("T_co", covariant=True)

_HEADER = re.compile(
    r"^-- name: (\w+)\(([\w,. ]*)\) -> (count|value|values|one|many)$", re.MULTILINE
)
_PARAMETER = re.compile(r"(?<![:\w]):(\w+)(\.\.\.)?")
_LITERAL = re.compile(r"'(?:[^']|'')*'|--[^\n]*")

NOTHING = "SELECT NULL WHERE 1 = 0"
"""An empty list: IN is false and NOT IN is true (`NOT IN (NULL)` would be unknown)."""

MAX_IDS_PER_QUERY = 500
"""Ids per query: SQLite accepts several thousand parameters, older versions 999."""

LOADED: "list[Statements]" = []
"""Every loaded file; tests run and prepare all statements."""


class Query(Protocol[T_co]):
    """Runs a statement with its named parameters."""

    def __call__(self, connection: Connection, /, **parameters: object) -> T_co:
        """Run the statement on a connection and return the result that its header declares."""
        ...


@dataclass(frozen=True, kw_only=True)
class Statement:
    """One statement of a file."""

    name: str
    """`<file>.<statement>`."""
    sql: str
    parameters: frozenset[str]
    lists: tuple[str, ...]
    """Parameters that take a list."""
    result: str
    """count, value, values, one or many."""

    def run(self, connection: Connection, parameters: Mapping[str, Any]) -> sqlite3.Cursor:
        """Run the statement and return its cursor.

        Raises:
            TypeError: a parameter is missing or unknown.
        """
        if parameters.keys() != self.parameters:
            wrong = sorted(parameters.keys() ^ self.parameters)
            raise TypeError(f"{self.name}: missing or unknown parameters {wrong}")
        sql = self.sql
        for name in self.lists:
            values = list(parameters[name])
            marks = ", ".join(f":{name}_{at}" for at in range(len(values))) or NOTHING
            sql = sql.replace(f":{name}...", marks)
            parameters = {**parameters, **{f"{name}_{at}": v for at, v in enumerate(values)}}
        return connection.execute(sql, parameters)


@dataclass(frozen=True)
class Statements:
    """The statements of one file, to be bound to their result types."""

    path: Path
    by_name: Mapping[str, Statement]
    shapes: dict[str, type] = field(default_factory=dict)
    """Row classes by statement; their fields are the columns, in order."""
    bound: set[str] = field(default_factory=set)
    """The statements that the module uses."""

    def count(self, name: str) -> Query[int]:
        """Bind a statement that changes rows and returns their number."""
        statement = self._of(name, "count")

        def run(connection: Connection, /, **parameters: object) -> int:
            return int(statement.run(connection, parameters).rowcount)

        return run

    def value(self, name: str, kind: Callable[[Any], T]) -> Query[T | None]:
        """Bind a statement that returns one value, or None for no row or NULL."""
        statement = self._of(name, "value")

        def run(connection: Connection, /, **parameters: object) -> T | None:
            row = statement.run(connection, parameters).fetchone()
            return None if row is None or row[0] is None else kind(row[0])

        return run

    def values(self, name: str, kind: Callable[[Any], T]) -> Query[list[T]]:
        """Bind a statement that returns one value per row."""
        statement = self._of(name, "values")

        def run(connection: Connection, /, **parameters: object) -> list[T]:
            return [kind(row[0]) for row in statement.run(connection, parameters)]

        return run

    def one(self, name: str, shape: type[T]) -> Query[T | None]:
        """Bind a statement that returns one row, or None."""
        statement = self._of(name, "one", shape)

        def run(connection: Connection, /, **parameters: object) -> T | None:
            row = statement.run(connection, parameters).fetchone()
            return None if row is None else shape(*row)

        return run

    def many(self, name: str, shape: type[T]) -> Query[list[T]]:
        """Bind a statement that returns rows."""
        statement = self._of(name, "many", shape)

        def run(connection: Connection, /, **parameters: object) -> list[T]:
            return [shape(*row) for row in statement.run(connection, parameters)]

        return run

    def _of(self, name: str, result: str, shape: type | None = None) -> Statement:
        statement = self.by_name[name]
        if statement.result != result:
            raise TypeError(f"{statement.name} returns {statement.result}, not {result}")
        self.bound.add(name)
        if shape is not None:
            self.shapes[name] = shape
        return statement


def load(module: str) -> Statements:
    """Load the statements next to a module: `submit.sql` for `submit.py`.

    Args:
        module: `__file__` of the module.

    Raises:
        ValueError: a statement has no header, or the parameters in its header don't match.
    """
    path = Path(module).with_suffix(".sql")
    statements = Statements(path, _parse(path.stem, path.read_text(encoding="utf-8")))
    LOADED.append(statements)
    return statements


def _parse(file: str, text: str) -> dict[str, Statement]:
    begin, *parts = _HEADER.split(text)
    if _LITERAL.sub("", begin).strip():
        raise ValueError(f"{file}.sql starts with a statement without a header")
    statements = {}
    for name, listed, result, sql in zip(*(parts[at::4] for at in range(4)), strict=True):
        body = _LITERAL.sub(lambda found: "" if found[0][0] == "-" else found[0], sql)
        body = body.strip().removesuffix(";")
        found = _PARAMETER.findall(_LITERAL.sub("", body))
        declared = {each.strip() for each in listed.split(",") if each.strip()}
        used = {parameter + dots for parameter, dots in found}
        if declared != used or ";" in _LITERAL.sub("", body):
            raise ValueError(f"{file}.{name}: {sorted(declared ^ used)} differ, or two statements")
        if name in statements:
            raise ValueError(f"{file}.{name} is defined twice")
        statements[name] = Statement(
            name=f"{file}.{name}",
            sql=body,
            parameters=frozenset(each.removesuffix("...") for each in declared),
            lists=tuple(each.removesuffix("...") for each in declared if each.endswith("...")),
            result=result,
        )
    return statements


def in_parts(values: Iterable[T], size: int) -> Iterable[list[T]]:
    """Split values into lists of at most `size`, for statements that take a list."""
    every = list(values)
    return (every[at : at + size] for at in range(0, len(every), size))
