"""All statements of the program, and checks that they are portable to PostgreSQL."""

import importlib
import pkgutil
import re
import warnings
from collections.abc import Iterator
from dataclasses import fields
from functools import cache
from pathlib import Path
from typing import Any, cast

import stability_mcp
from stability_mcp.store import queries
from stability_mcp.store.queries import Statement, Statements

SOURCE = Path(stability_mcp.__file__).parent
TABLES = re.compile(r"schema|migration_\d+")
"""Files of table definitions, which are not loaded as named statements."""

LITERAL = re.compile(r"'(?:[^']|'')*'|--[^\n]*")
_HEADER = re.compile(r"^-- name: (\w+).*\n(.*)$", re.MULTILINE)
_CALL = re.compile(r"(\w*)\s*\(|\)|,")

FORBIDDEN = {
    r"\bIS\s+(NOT\s+)?:": "PostgreSQL has no IS with a parameter",
    r"(?<!AS )(?<!AS TEXT\) )(?<![\w.]):\w+\s+IS\s+(NOT\s+)?NULL": "the type is unknown: CAST it",
    r"\browid\b": "only SQLite has it",
    r"\bINSERT\s+OR\b": "use the portable ON CONFLICT",
    r"\bREPLACE\s+INTO\b": "use the portable ON CONFLICT",
    r"\b(ifnull|iif|total|group_concat|last_insert_rowid|strftime|julianday)\s*\(": "SQLite's own",
    r"\bGLOB\b": "only SQLite has it",
    r'"': "SQLite reads an unknown name in double quotes as a text",
    r"\bchar\s*\(\s*0|\bx''": "PostgreSQL allows no NUL in a text",
}
"""Patterns that a statement must not have outside its literals, and why."""


@cache
def files() -> list[Statements]:
    """Return all files of statements that the program loads."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for module in pkgutil.walk_packages(stability_mcp.__path__, "stability_mcp."):
            if not module.name.endswith("__main__"):
                importlib.import_module(module.name)
    found = {each.path: each for each in queries.LOADED if each.path.is_relative_to(SOURCE)}
    return [found[path] for path in sorted(found)]


def statements() -> Iterator[tuple[Statements, str, Statement]]:
    """Yield every statement with its file and name."""
    for file in files():
        for name, statement in file.by_name.items():
            yield file, name, statement


def is_portable(statement: Statement) -> bool:
    """Return whether a statement is for both databases; a PRAGMA is for SQLite only."""
    return not statement.sql.startswith("PRAGMA ")


def faults(sql: str) -> list[str]:
    """Return what in a statement fails on one database, or behaves differently."""
    code = LITERAL.sub("''", sql)
    found = [why for what, why in FORBIDDEN.items() if re.search(what, code, re.IGNORECASE)]
    found += ["a NUL"] * ("\0" in sql)
    around: list[str] = []
    for call in _CALL.finditer(code):
        if call[0] == ")":
            around.pop()
        elif call[0] == ",":
            found += [
                f"{name} of two values: use CASE" for name in around[-1:] if name in _EXTREMES
            ]
        else:
            name = call[1].lower()
            clause = _CLAUSE.findall(code[: call.start()])[-1:]
            if name == "sum" and "cast" not in around and clause != ["HAVING"]:
                found.append("use CAST(sum(...) AS BIGINT): PostgreSQL returns a decimal number")
            around.append(name)
    if re.search(r"\bFROM\s*\(\s*SELECT\b", code, re.IGNORECASE) and not re.search(
        r"\)\s+AS\s+\w+", code, re.IGNORECASE
    ):
        found.append("a subquery after FROM needs a name")
    return found


def columns_of(shape: type) -> list[str]:
    """Return the columns from which rows of a class are built, in order.

    The caller fills in fields with a default that follow the columns of a statement.
    """
    return [each.name for each in fields(cast("Any", shape)) if each.init]


_EXTREMES = {"max", "min"}
_CLAUSE = re.compile(r"\b(SELECT|FROM|WHERE|HAVING|ORDER BY|RETURNING)\b")


def uncommented(path: Path) -> list[str]:
    """Return the statements of a file without a comment below their header."""
    text = path.read_text(encoding="utf-8")
    return [name for name, line in _HEADER.findall(text) if not line.startswith("-- ")]
