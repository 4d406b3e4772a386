"""The source has no circular imports."""

import ast
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

SOURCE = Path(__file__).parent.parent / "src"

Graph = Mapping[str, set[str]]


def named(path: Path, source: Path = SOURCE) -> str:
    """Return the dotted name of a module."""
    parts = path.relative_to(source).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def imports(tree: ast.AST) -> Iterator[str]:
    """Yield the names that a module imports, also within functions, but not for type checking."""
    for node in ast.iter_child_nodes(tree):
        if isinstance(node, ast.If) and ast.unparse(node.test).endswith("TYPE_CHECKING"):
            yield from (name for other in node.orelse for name in imports(other))
        elif isinstance(node, ast.Import):
            yield from (each.name for each in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, "imports are absolute"
            yield from (f"{node.module}.{each.name}" for each in node.names)
        else:
            yield from imports(node)


def graph(source: Path = SOURCE) -> Graph:
    """Return what each module imports: modules, and the packages around those.

    The packages around the module itself are already running when it is imported, so they count
    only where it imports a name from one: `from package import name`.
    """
    modules = {named(path, source): path for path in sorted(source.rglob("*.py"))}
    found: dict[str, set[str]] = {}
    for module, path in modules.items():
        found[module] = set()
        for name in imports(ast.parse(path.read_text(encoding="utf-8"))):
            parts = name.split(".")
            run = [".".join(parts[:count]) for count in range(1, len(parts) + 1)]
            known = [each for each in run if each in modules]
            around = {each for each in known[:-1] if module.startswith(f"{each}.")}
            found[module] |= set(known) - around - {module}
    return found


def circle(imported: Graph) -> list[str]:
    """Return the modules of a circle in import order, or an empty list."""
    finished: set[str] = set()

    def followed(path: list[str]) -> list[str]:
        for name in sorted(imported[path[-1]] - finished):
            if name in path:
                return [*path[path.index(name) :], name]
            if found := followed([*path, name]):
                return found
        finished.add(path[-1])
        return []

    return next((found for name in sorted(imported) if (found := followed([name]))), [])


def test_the_source_has_no_import_circle() -> None:
    """Chosen: so that the source can be read from top to bottom."""
    assert " -> ".join(circle(graph())) == ""


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("from circle import other", "from circle import one"),
        ("import circle.other", "def late():\n    from circle.one import name"),
    ],
)
def test_a_circle_is_found_and_named(one: str, other: str, tmp_path: Path) -> None:
    """Chosen: also if one of the imports is within a function."""
    package = tmp_path / "circle"
    package.mkdir()
    for name, text in (("__init__", ""), ("one", one), ("other", other)):
        (package / f"{name}.py").write_text(text)

    assert circle(graph(tmp_path)) == ["circle.one", "circle.other", "circle.one"]


def test_a_package_may_export_names_of_its_modules(tmp_path: Path) -> None:
    """Chosen: as long as none of them imports a name from the package itself."""
    package = tmp_path / "circle"
    package.mkdir()
    (package / "__init__.py").write_text("from circle.one import name")
    (package / "one.py").write_text("from circle import two")
    (package / "two.py").write_text("")
    assert circle(graph(tmp_path)) == []

    (package / "two.py").write_text("from circle import name")

    assert circle(graph(tmp_path)) == ["circle", "circle.one", "circle.two", "circle"]


def test_a_circle_through_a_package_is_found(tmp_path: Path) -> None:
    """Chosen: importing a module from outside its package runs the `__init__` first."""
    for name, text in (("a/__init__", "import a.one"), ("a/one", "import b"), ("a/two", "")):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / f"{name}.py").write_text(text)
    (tmp_path / "b.py").write_text("import a.two")

    assert circle(graph(tmp_path)) == ["a", "a.one", "b", "a"]


def test_an_import_only_for_type_checking_is_not_a_circle(tmp_path: Path) -> None:
    """Chosen: it is not executed."""
    package = tmp_path / "circle"
    package.mkdir()
    (package / "__init__.py").write_text("")
    (package / "one.py").write_text("import circle.other")
    late = "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    import circle.one"
    (package / "other.py").write_text(late)

    assert circle(graph(tmp_path)) == []
