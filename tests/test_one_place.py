"""Facts about an endpoint are on its row: nothing else in the source is keyed by operation."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

from stability_mcp.api import TOOLSETS
from stability_mcp.api.operations import OPERATIONS

SOURCE = Path(__file__).parent.parent / "src"

ALLOWED = {
    "stability_mcp/server/toolsets.py": "puts one tool of a toolset into `basic`",
    "stability_mcp/cli/demo.py": "is a script of calls",
    "stability_mcp/server/prompts/music.py": "prints plans, which a test plans",
    "stability_mcp/server/prompts/pictures.py": "prints plans, which a test plans",
    "stability_mcp/server/prompts/series.py": "prints plans, which a test plans",
    "stability_mcp/server/guide/use_cases.py": "chooses one for each subject; a test checks prices",
    "stability_mcp/workflows/quality.py": "chooses one for each task; a test checks prices",
    "stability_mcp/workflows/templates/batch_generate.py": "has an example, which a test plans",
    "stability_mcp/workflows/templates/batch_process.py": "has an example, which a test plans",
    "stability_emulator/pictures/finishes.py": "has finishes for some models",
    "stability_emulator/recipes.py": "has special recipes for some rows, and one for the rest",
}
"""Modules that may name operations in their data, and why."""

NAMES = OPERATIONS.keys() | {f"{toolset}_" for toolset in TOOLSETS}


def _named(path: Path) -> set[str]:
    """Return the strings of a module that are operations, or prefixes of their names."""
    nodes = ast.walk(ast.parse(path.read_text(encoding="utf-8")))
    texts = {node.value for node in nodes if isinstance(node, ast.Constant)}
    return {text for text in texts if isinstance(text, str) and text in NAMES}


def _modules() -> Iterator[tuple[str, Path]]:
    for path in sorted(SOURCE.glob("stability_*/**/*.py")):
        name = path.relative_to(SOURCE).as_posix()
        if not name.startswith("stability_mcp/api/operations/"):
            yield name, path


def test_no_module_names_an_operation_in_its_data() -> None:
    """*Chosen*: a list elsewhere is forgotten when an endpoint is added or changed."""
    naming = {name: named for name, path in _modules() if (named := _named(path))}

    assert {name: named for name, named in naming.items() if name not in ALLOWED} == {}
    assert naming.keys() == ALLOWED.keys(), "remove stale entries of ALLOWED"


def test_no_page_lists_operations_by_hand() -> None:
    """*Chosen*: pages name operations in sentences; lists are generated from the rows."""
    listed = re.compile(rf"^[-*|]\s*`({'|'.join(OPERATIONS)})`", re.MULTILINE)

    found = SOURCE.glob("stability_*/**/*.md")
    pages = {path.name: path.read_text(encoding="utf-8") for path in found}

    assert len(pages) > 5
    assert {name: names for name, text in pages.items() if (names := listed.findall(text))} == {}
