"""Everything in the snapshot `today.json` still works, or is listed as changed."""

import json
from pathlib import Path
from typing import Any

import pytest

from compat.comparison import (
    GONE,
    described,
    differences,
    explained,
    is_mentioned,
    renamed,
    with_moves,
)
from compat.facts import SEPARATOR, as_text
from compat.snapshot import TODAY, take

FOLDER = Path(__file__).parent
CHANGELOG = FOLDER.parent.parent / "CHANGELOG.md"


def read(file: Path) -> dict[str, Any]:
    """Return the object in a JSON file."""
    found: dict[str, Any] = json.loads(file.read_text(encoding="utf-8"))
    return found


TOOL = {
    "tools > a": "tool",
    "tools > a > arguments": {"type": "object"},
    "tools > a > arguments > seed": {"type": "integer", "needed": False},
    "tools > a > arguments > form": {"type": "string", "needed": False},
    "tools > a > arguments > form > png": "choice",
}
"""Facts of a tool."""


@pytest.mark.anyio
async def test_everything_in_the_snapshot_still_exists_or_is_listed_as_changed(
    tmp_path: Path,
) -> None:
    """Chosen: refactoring removes nothing by accident; additions are allowed."""
    changed = read(FOLDER / "changed.json")
    old = with_moves(read(TODAY), read(FOLDER / "moved.json"))

    new = await take(tmp_path, borrowed=True)
    found = differences(old, new)

    assert [path for path in renamed(changed) if path not in new] == []
    by_entry = explained(changed, found, old)
    on_purpose = {name for names in by_entry.values() for name in names}
    by_accident = {name: each for name, each in found.items() if name not in on_purpose}
    assert not by_accident, (
        f"{len(by_accident)} facts of tests/compat/today.json no longer hold:\n"
        f"{described(by_accident)}\nRestore them, or list each path with a reason in "
        "tests/compat/changed.json and mention it in CHANGELOG.md."
    )
    stale = sorted(entry for entry, names in by_entry.items() if not names)
    assert not stale, f"nothing has changed at these paths of tests/compat/changed.json: {stale}"


def test_every_listed_change_has_a_reason_and_is_in_the_changelog() -> None:
    """Chosen: users can read about it before they upgrade."""
    text = CHANGELOG.read_text(encoding="utf-8")
    changed = read(FOLDER / "changed.json")
    moves = read(FOLDER / "moved.json")

    assert [entry for entry, reason in changed.items() if not str(reason).strip()] == []
    names = [*changed, *moves, *(path.partition(SEPARATOR)[0] for path in moves.values())]
    assert [name for name in names if not is_mentioned(name, text)] == []


def test_everything_listed_as_moved_was_in_the_snapshot() -> None:
    """Chosen: a stale entry would hide the next loss."""
    old = read(TODAY)

    assert [each for each in read(FOLDER / "moved.json") if f"python > {each}" not in old] == []


def test_the_snapshot_is_sorted_with_one_fact_per_line() -> None:
    """Chosen: people can read the diff of a new snapshot."""
    assert TODAY.read_text(encoding="utf-8") == as_text(read(TODAY))


def test_a_removed_or_changed_fact_is_found_with_both_values() -> None:
    """Chosen: the message shows what to restore."""
    new = TOOL | {"tools > a > arguments > seed": {"type": "string", "needed": False}}
    del new["tools > a > arguments > form > png"]

    found = differences(TOOL, new)

    assert found == {
        "tools > a > arguments > form > png": ("choice", GONE),
        "tools > a > arguments > seed": (
            {"type": "integer", "needed": False},
            {"type": "string", "needed": False},
        ),
    }
    assert "tools > a > arguments > form > png\n    was: choice\n    is:  gone" in described(found)


def test_additions_are_allowed_unless_they_are_required() -> None:
    """Chosen: a new required argument breaks every caller."""
    free = {"tools > a > arguments > form > webp": "choice", "tools > b": "tool"}
    new_tool = {"tools > b > arguments": {}, "tools > b > arguments > image": {"needed": True}}
    needed = {"tools > a > arguments > image": {"needed": True}}

    assert differences(TOOL, TOOL | free | new_tool) == {}
    assert list(differences(TOOL, TOOL | free | needed)) == list(needed)


def test_an_entry_for_a_whole_tool_explains_it_only_when_all_of_it_is_gone() -> None:
    """Chosen: an entry never hides another loss below the same path."""
    without_one = {name: value for name, value in TOOL.items() if "form" not in name}

    def explain(entry: str, new: dict[str, Any]) -> set[str]:
        return explained([entry], differences(TOOL, new), TOOL)[entry]

    assert explain("tools > a", {}) == set(TOOL)
    assert explain("tools > a", without_one) == set()
    assert explain("tools > a > arguments > form", without_one) == {
        "tools > a > arguments > form",
        "tools > a > arguments > form > png",
    }


def test_an_entry_without_a_change_explains_nothing() -> None:
    """Chosen: a stale entry would hide the next loss."""
    assert explained(["tools > a > arguments > seed"], {}, TOOL) == {
        "tools > a > arguments > seed": set()
    }


def test_a_moved_module_is_compared_with_its_new_path() -> None:
    """Chosen: an entry for a move hides no loss inside the module."""
    old = {
        "python > ours.table": "module",
        "python > ours.table > Kind": "class",
        "python > ours.table > Kind > name": "attribute",
        "python > ours.table.row > Row": "class",
    }
    moves = {"ours.table": "ours.api.table", "ours.table > Kind": "ours.api.kinds > Kind"}
    new = {"python > ours.api.table": "module", "python > ours.api.kinds > Kind": "class"}

    found = differences(with_moves(old | TOOL, moves), TOOL | new)

    assert found == {
        "python > ours.api.kinds > Kind > name": ("attribute", GONE),
        "python > ours.api.table.row > Row": ("class", GONE),
    }


def test_a_change_is_mentioned_by_the_last_part_of_its_path() -> None:
    """Chosen: people search the changelog for the name that they use."""
    assert is_mentioned("python > stability_mcp > Studio > call()", "- `Studio.call` is gone.")
    assert is_mentioned("commands > doctor > --drift", "- `doctor --drift` is now a command.")
    assert not is_mentioned("tools > a > arguments > seed", "- Seeds are drawn elsewhere.")
