"""The names of write steps in the source: database transactions, and writes of files."""

import ast
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import stability_mcp

SOURCE = Path(stability_mcp.__file__).parent

WRITERS = {
    "write": "Database",
    "record": "JobContext",
    "write_probed": "Runner",
    "_work": "Writer",
    "_observed": "Writer",
}
"""Methods that run a write transaction, and their classes; only these pass a name on."""

STORES = {"database", "_database", "context", "_context", "runner"}
"""Variable names for the owners of those methods."""

OBSERVERS = {"observer", "_observer"}
"""Variable names of observers, called with the moment and name of a write of files."""


@dataclass(frozen=True, kw_only=True)
class Write:
    """A line of the source with a write."""

    line: str
    name: str | None
    """None: the name is not a literal."""
    on_files: bool
    """Whether it is one moment of a write of files, not a transaction."""


def unnamed_writes() -> list[str]:
    """Return the lines of writes without a literal name."""
    return [each.line for each in _writes() if each.name is None]


def named_writes() -> set[str]:
    """Return the names of all write transactions and writes of files."""
    return {each.name for each in _writes() if each.name is not None}


def shared_names() -> set[str | None]:
    """Return names used by more than one write transaction."""
    names = Counter(each.name for each in _writes() if not each.on_files)
    return {name for name, lines in names.items() if lines > 1}


def _writes() -> Iterator[Write]:
    """Yield each write."""
    for file in sorted(SOURCE.rglob("*.py")):
        source = file.read_text(encoding="utf-8")
        if not any(word in source for word in (*STORES, *OBSERVERS)):
            continue
        tree = ast.parse(source)
        own = {id(node) for method in _writers_in(tree) for node in ast.walk(method)}
        calls = {id(node.func): node for node in ast.walk(tree) if isinstance(node, ast.Call)}
        for node in ast.walk(tree):
            if id(node) not in own and isinstance(node, ast.Attribute | ast.Name):
                for name in _names(node, calls.get(id(node))):
                    line = f"{file.relative_to(SOURCE)}:{node.lineno}"
                    yield Write(line=line, name=name, on_files=_last(node) in OBSERVERS)


def _writers_in(tree: ast.Module) -> Iterator[ast.AST]:
    for owner in (node for node in ast.walk(tree) if isinstance(node, ast.ClassDef)):
        for method in owner.body:
            if (
                isinstance(method, ast.FunctionDef | ast.AsyncFunctionDef)
                and WRITERS.get(method.name) == owner.name
            ):
                yield method


def _names(node: ast.Attribute | ast.Name, call: ast.Call | None) -> Iterator[str | None]:
    """Yield the name of the write at a node, if it is one.

    A method that is referenced but not called counts as a write without a name.
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
    elif _last(node.value) in STORES:
        yield None


def _last(node: ast.expr) -> str:
    if isinstance(node, ast.Attribute):
        return node.attr
    return node.id if isinstance(node, ast.Name) else ""


def _literal(node: ast.expr) -> str | None:
    return node.value if isinstance(node, ast.Constant) and isinstance(node.value, str) else None
