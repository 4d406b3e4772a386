"""The names of write steps, read from the source: transactions of the database, and files."""

import ast
from collections.abc import Iterator
from pathlib import Path

import stability_mcp

SOURCE = Path(stability_mcp.__file__).parent

WRITERS = {"write": "Database", "write_now": "Database", "record": "JobContext"}
"""Methods that write a transaction, and whose they are; only these pass a name on."""

STORES = {"database", "_database", "context", "_context"}
"""What the owners of those methods are called wherever they are used."""

OBSERVERS = {"observer", "_observer"}
"""What is called with the moment and the name of a step on files."""


def unnamed_writes() -> list[str]:
    """Return the places of writes whose name is not a literal."""
    return [place for place, name in _writes() if name is None]


def named_writes() -> set[str]:
    """Return every name of a write transaction and of a step on files."""
    return {name for _, name in _writes() if name is not None}


def _writes() -> Iterator[tuple[str, str | None]]:
    """Yield the place and the name of each write; None: it has no literal name."""
    for file in sorted(SOURCE.rglob("*.py")):
        source = file.read_text(encoding="utf-8")
        if not any(word in source for word in (*STORES, *OBSERVERS, "write_now")):
            continue
        tree = ast.parse(source)
        own = {id(node) for method in _writers_in(tree) for node in ast.walk(method)}
        calls = {id(node.func): node for node in ast.walk(tree) if isinstance(node, ast.Call)}
        for node in ast.walk(tree):
            if id(node) not in own and isinstance(node, ast.Attribute | ast.Name):
                for name in _names(node, calls.get(id(node))):
                    yield f"{file.relative_to(SOURCE)}:{node.lineno}", name


def _writers_in(tree: ast.Module) -> Iterator[ast.AST]:
    for owner in (node for node in ast.walk(tree) if isinstance(node, ast.ClassDef)):
        for method in owner.body:
            if (
                isinstance(method, ast.FunctionDef | ast.AsyncFunctionDef)
                and WRITERS.get(method.name) == owner.name
            ):
                yield method


def _names(node: ast.Attribute | ast.Name, call: ast.Call | None) -> Iterator[str | None]:
    """Yield the name of the write that a method stands for, if it is one.

    A method that is not called at once is a write without a name.
    """
    if _last(node) in OBSERVERS:
        if call is not None:
            yield _literal(call.args[1])
        return
    if not isinstance(node, ast.Attribute) or node.attr not in WRITERS:
        return
    named = [each.value for each in call.keywords if each.arg == "name"] if call else []
    if named:
        yield _literal(named[0])
    elif node.attr == "write_now" or _last(node.value) in STORES:
        yield None


def _last(node: ast.expr) -> str:
    if isinstance(node, ast.Attribute):
        return node.attr
    return node.id if isinstance(node, ast.Name) else ""


def _literal(node: ast.expr) -> str | None:
    return node.value if isinstance(node, ast.Constant) and isinstance(node.value, str) else None
