"""The shape of the source: small files, names that say something, nothing of the workshop."""

import re
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
SOURCES = sorted((ROOT / "src").rglob("*.py"))
OPERATIONS = sorted((ROOT / "src/stability_mcp/api/operations").rglob("*.py"))

MOST_LINES = 300
MOST_OPERATION_LINES = 60


def test_no_source_file_is_longer_than_300_lines() -> None:
    """Chosen: a file is one concept, and one concept is read in one go."""
    long = {str(p.relative_to(ROOT)): len(p.read_text().splitlines()) for p in SOURCES}

    assert {name: lines for name, lines in long.items() if lines > MOST_LINES} == {}


def test_no_operation_is_longer_than_60_lines() -> None:
    """Chosen: an operation is its facts."""
    rows = {p.name: len(p.read_text().splitlines()) for p in OPERATIONS if p.name != "__init__.py"}

    assert {name: lines for name, lines in rows.items() if lines >= MOST_OPERATION_LINES} == {}


def test_no_module_is_named_after_nothing() -> None:
    """Chosen: such modules collect what nobody thought about."""
    banned = {"utils", "util", "helpers", "common", "manager", "base"}

    parts = {p: {p.stem, *p.relative_to(ROOT).parts} for p in SOURCES}

    assert [p for p, found in parts.items() if banned & found] == []


def test_every_module_says_what_it_is_for() -> None:
    """Chosen: the first line of a file names its one concept."""
    silent = [p for p in SOURCES if not p.read_text(encoding="utf-8").startswith('"""')]

    assert silent == []


@pytest.mark.processes
@pytest.mark.skipif(not (ROOT / ".git").exists(), reason="not a checkout")
def test_no_committed_file_names_a_registry() -> None:
    """Chosen: which mirror a machine uses is none of the project's business."""
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
