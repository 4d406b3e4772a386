"""The shape of the source: size of files and classes, names, arguments."""

import ast
import re
import subprocess
import tomllib
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
SOURCES = sorted((ROOT / "src").rglob("*.py"))
OPERATIONS = ROOT / "src/stability_mcp/api/operations"
JOBS = ROOT / "src/stability_mcp/jobs"

MAX_LINES = 500
MAX_UNEXPLAINED_LINES = 400
MIN_UNEXPLAINED_LINES = 40
MAX_OPERATION_LINES = 60
MAX_JOB_CLASS_LINES = 300
MAX_JOB_MODULES = 34
MAX_ARGUMENTS = 5
MAX_LONG_ARGUMENT_LISTS = 10

EXPLANATION = re.compile(r"^Length: \S", re.MULTILINE)
"""The line of a module's docstring that explains an unusual file length."""

TOO_MANY_ARGUMENTS = re.compile(
    r"#.*(PLR0913|PLR0917|too-many-arguments|too-many-positional-arguments)"
)
FILE_WIDE = re.compile(r"#\s*ruff:\s*(noqa(?!:)|(noqa|disable|file-ignore).*(PLR09|too-many))")

KWARGS_OF_OTHERS = {
    "_Protocol.__init__": "uvicorn makes the protocol and chooses its arguments",
    "StudioServer.add_tool": "the MCP SDK chooses its options",
}
"""Functions that must pass on `**kwargs`, with the reason."""


SHARED_MODULE_NAMES = {
    "account": "the Stability account: its operations, and the queries jobs make about it",
    "app": "what the command line and the server each build",
    "client": "the client, in the package of that name",
    "drift": "the comparison with the API's document, and the command for it",
    "guide": "the guide's pages, and the tool that returns them",
    "jobs": "the interface of the jobs package, and the tools about jobs",
    "media": "stored media, and the tools about them",
    "models": "the shapes of data of a package",
    "preview": "previews, of pixels and of media items",
    "send": "one step of a job, and its transactions",
    "server": "the server, and the tool about it",
    "studio": "the studio, in the package of that name",
    "workflows": "the package, and the tools that check its plans",
    "usage": "what an account used: its rows, and the tool that reports it",
}
"""Module names of more than one package, with the one idea they stand for."""


@cache
def trees() -> dict[Path, ast.Module]:
    """Return the syntax tree of every source file; not at import, where each worker would."""
    return {path: ast.parse(path.read_text(encoding="utf-8")) for path in SOURCES}


def relative(path: Path) -> str:
    """Return the path of a file below the checkout."""
    return path.relative_to(ROOT).as_posix()


def lines(path: Path) -> int:
    """Return the number of lines of a file."""
    return len(path.read_text(encoding="utf-8").splitlines())


def is_operation(path: Path) -> bool:
    """Return whether a file defines an endpoint."""
    return path.is_relative_to(OPERATIONS) and path.name != "__init__.py"


def is_explained(path: Path) -> bool:
    """Return whether a file explains its length."""
    return EXPLANATION.search(ast.get_docstring(trees()[path]) or "") is not None


def functions(tree: ast.AST, around: str = "") -> Iterator[tuple[str, ast.AST]]:
    """Yield every function of a module with its dotted name."""
    for node in ast.iter_child_nodes(tree):
        name = around
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            name = f"{around}.{node.name}".lstrip(".")
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield name, node
        yield from functions(node, name)


def passes_on_kwargs(function: ast.AST) -> bool:
    """Return whether a function takes `**kwargs` and passes them to another."""
    if not isinstance(function, ast.FunctionDef | ast.AsyncFunctionDef):
        return False
    taken = function.args.kwarg
    passed_on = {
        each.value.id
        for node in ast.walk(function)
        if isinstance(node, ast.Call)
        for each in node.keywords
        if each.arg is None and isinstance(each.value, ast.Name)
    }
    return taken is not None and taken.arg in passed_on


def test_no_source_file_is_longer_than_500_lines() -> None:
    """Chosen: a file is one concept, read in one go; above 400 lines it explains its length."""
    long = {path: lines(path) for path in SOURCES if lines(path) > MAX_UNEXPLAINED_LINES}

    wrong = {
        relative(path): count
        for path, count in long.items()
        if count > MAX_LINES or not is_explained(path)
    }
    assert wrong == {}, "split it; or, up to 500 lines, add a line `Length: ...` to its docstring"


def test_no_source_file_is_shorter_than_40_lines_without_a_reason() -> None:
    """Chosen: a reader opens few files."""
    exempt = {"__init__.py", "__main__.py"}

    wrong = {
        relative(path): lines(path)
        for path in SOURCES
        if lines(path) < MIN_UNEXPLAINED_LINES
        and path.name not in exempt
        and not is_operation(path)
        and not is_explained(path)
    }
    assert wrong == {}, (
        "merge it with what imports it; or add a line `Length: ...` to its docstring"
    )


def test_every_operation_is_shorter_than_60_lines() -> None:
    """Chosen: an operation is a list of facts."""
    rows = {relative(path): lines(path) for path in SOURCES if is_operation(path)}

    assert {name: count for name, count in rows.items() if count >= MAX_OPERATION_LINES} == {}


def test_jobs_has_no_class_longer_than_300_lines() -> None:
    """Chosen: a longer class does more than one thing."""
    classes = {
        f"{relative(path)}: {node.name}": (node.end_lineno or 0) - node.lineno + 1
        for path, tree in trees().items()
        if path.is_relative_to(JOBS)
        for node in ast.walk(tree)
        if isinstance(node, ast.ClassDef)
    }

    assert {name: count for name, count in classes.items() if count > MAX_JOB_CLASS_LINES} == {}


def test_jobs_has_at_most_34_modules() -> None:
    """Chosen: the path of a call is short enough to follow."""
    assert len([path for path in SOURCES if path.is_relative_to(JOBS)]) <= MAX_JOB_MODULES


def test_no_module_has_a_meaningless_name() -> None:
    """Chosen: such modules collect unrelated code."""
    banned = {"base", "common", "helpers", "manager", "misc", "util", "utils"}

    found = [
        relative(p) for p in SOURCES if banned & set(p.relative_to(ROOT).with_suffix("").parts)
    ]

    assert found == []


def test_no_two_packages_use_one_module_name_for_different_ideas() -> None:
    """Chosen: a name in an import or a traceback means one thing."""
    places: dict[str, list[str]] = {}
    for path in SOURCES:
        if path.is_relative_to(ROOT / "src/stability_mcp") and not is_operation(path):
            name = path.parent.name if path.name == "__init__.py" else path.stem
            places.setdefault(name, []).append(relative(path))

    shared = {name: paths for name, paths in places.items() if len(paths) > 1}

    new = {name: paths for name, paths in shared.items() if name not in SHARED_MODULE_NAMES}
    assert new == {}, "rename one; or, for one idea, list the name in SHARED_MODULE_NAMES"
    assert SHARED_MODULE_NAMES.keys() <= shared.keys(), "an entry is stale"


def test_every_module_has_a_docstring() -> None:
    """Chosen: the first line of a file says what the module does."""
    assert [relative(path) for path, tree in trees().items() if not ast.get_docstring(tree)] == []


def test_at_most_10_functions_take_more_than_5_arguments() -> None:
    """Chosen: more arguments should be a class."""
    texts = {path: path.read_text(encoding="utf-8").splitlines() for path in SOURCES}
    found = [
        f"{relative(path)}: {line.strip()}"
        for path, text in texts.items()
        for line in text
        if TOO_MANY_ARGUMENTS.search(line)
    ]
    file_wide = [
        f"{relative(path)}: {line}"
        for path, text in texts.items()
        for line in text
        if FILE_WIDE.search(line)
    ]

    assert len(found) <= MAX_LONG_ARGUMENT_LISTS, found
    assert file_wide == [], "a suppression for a file hides how many functions need it"


def test_ruff_counts_arguments_everywhere() -> None:
    """Chosen: five arguments, in every file."""
    ruff = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["ruff"]
    lint = ruff["lint"]
    limits = lint.get("pylint", {})
    ignored = [*lint.get("ignore", ()), *lint.get("extend-ignore", ())]
    for table in ("per-file-ignores", "extend-per-file-ignores"):
        ignored += [code for codes in lint.get(table, {}).values() for code in codes]

    assert limits.get("max-args", MAX_ARGUMENTS) <= MAX_ARGUMENTS
    assert limits.get("max-positional-args", MAX_ARGUMENTS) <= MAX_ARGUMENTS
    assert [
        code for code in ignored if code == "ALL" or {"PLR0913", "PLR0917"} & set(starting(code))
    ] == []


def starting(code: str) -> list[str]:
    """Return the rules about arguments that a code or its prefix selects."""
    return [rule for rule in ("PLR0913", "PLR0917") if rule.startswith(code)]


def test_no_function_passes_on_its_kwargs() -> None:
    """Chosen: a signature shows what the function takes."""
    found = {
        name: relative(path)
        for path, tree in trees().items()
        for name, function in functions(tree)
        if passes_on_kwargs(function)
    }

    assert {name: path for name, path in found.items() if name not in KWARGS_OF_OTHERS} == {}
    assert KWARGS_OF_OTHERS.keys() <= found.keys(), "an entry is stale"


@pytest.mark.processes
@pytest.mark.skipif(not (ROOT / ".git").exists(), reason="not a checkout")
def test_no_committed_file_names_a_registry() -> None:
    """Chosen: the mirror a machine uses is not part of the project."""
    listed = subprocess.run(
        ["git", "ls-files"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    ).stdout.splitlines()
    hosts = re.compile(r"(pypi|pythonhosted|registry\.npmjs|npmjs|deb\.debian)\.(org|com)")

    found = [
        name
        for name in listed
        if (ROOT / name).is_file()
        and name != "tests/test_layout.py"
        and hosts.search((ROOT / name).read_text(encoding="utf-8", errors="replace"))
    ]

    assert found == []
