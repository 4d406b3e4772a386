"""Every statement of the program, and what each must not say to run on PostgreSQL too."""

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
"""Files of tables, which are not run by name."""

LITERAL = re.compile(r"'(?:[^']|'')*'|--[^\n]*")
_HEADER = re.compile(r"^-- name: (\w+).*\n(.*)$", re.MULTILINE)
_CALL = re.compile(r"(\w*)\s*\(|\)|,")

FORBIDDEN = {
    r"\bIS\s+(NOT\s+)?:": "PostgreSQL has no IS with a parameter",
    r"(?<!AS )(?<!AS TEXT\) )(?<![\w.]):\w+\s+IS\s+(NOT\s+)?NULL": "the type is unknown: CAST it",
    r"\browid\b": "only SQLite has it",
    r"\bINSERT\s+OR\b": "ON CONFLICT says it everywhere",
    r"\bREPLACE\s+INTO\b": "ON CONFLICT says it everywhere",
    r"\b(ifnull|iif|total|group_concat|last_insert_rowid|strftime|julianday)\s*\(": "SQLite's own",
    r"\bGLOB\b": "only SQLite has it",
    r'"': "SQLite takes an unknown name in double quotes for a text",
    r"\bchar\s*\(\s*0|\bx''": "PostgreSQL takes no NUL in a text",
}
"""What a statement must not have outside of its literals, and why."""


@cache
def files() -> list[Statements]:
    """Return every file of statements that the program loads."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for module in pkgutil.walk_packages(stability_mcp.__path__, "stability_mcp."):
            if not module.name.endswith("__main__"):
                importlib.import_module(module.name)
    found = {each.path: each for each in queries.LOADED if each.path.is_relative_to(SOURCE)}
    return [found[path] for path in sorted(found)]


def statements() -> Iterator[tuple[Statements, str, Statement]]:
    """Yield every statement with its file and its name there."""
    for file in files():
        for name, statement in file.by_name.items():
            yield file, name, statement


def is_portable(statement: Statement) -> bool:
    """Return whether a statement is for both databases; a PRAGMA is for SQLite's own files."""
    return not statement.sql.startswith("PRAGMA ")


def faults(sql: str) -> list[str]:
    """Return what in a statement does not run on both databases, or not alike."""
    code = LITERAL.sub("''", sql)
    found = [why for what, why in FORBIDDEN.items() if re.search(what, code, re.IGNORECASE)]
    found += ["a NUL"] * ("\0" in sql)
    around: list[str] = []
    for call in _CALL.finditer(code):
        if call[0] == ")":
            around.pop()
        elif call[0] == ",":
            found += [f"{name} of two values: CASE" for name in around[-1:] if name in _EXTREMES]
        else:
            name = call[1].lower()
            clause = _CLAUSE.findall(code[: call.start()])[-1:]
            if name == "sum" and "cast" not in around and clause != ["HAVING"]:
                found.append("CAST(sum(...) AS BIGINT): a sum is a decimal number there")
            around.append(name)
    if re.search(r"\bFROM\s*\(\s*SELECT\b", code, re.IGNORECASE) and not re.search(
        r"\)\s+AS\s+\w+", code, re.IGNORECASE
    ):
        found.append("a subquery after FROM has a name")
    return found


def columns_of(shape: type) -> list[str]:
    """Return the columns that rows of a class are made of, in order.

    Fields with a default that follow the columns of a statement are filled in by its caller.
    """
    return [each.name for each in fields(cast("Any", shape)) if each.init]


_EXTREMES = {"max", "min"}
_CLAUSE = re.compile(r"\b(SELECT|FROM|WHERE|HAVING|ORDER BY|RETURNING)\b")


def uncommented(path: Path) -> list[str]:
    """Return the statements of a file that have no comment below their header."""
    text = path.read_text(encoding="utf-8")
    return [name for name, line in _HEADER.findall(text) if not line.startswith("-- ")]
