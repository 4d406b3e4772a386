"""tool_schemas/ matches the code: nothing missing, different or left over."""

from pathlib import Path

from scripts.derive import schema_files, write_schemas

from stability_mcp.api.operations import OPERATIONS
from stability_mcp.server.catalog import all_tools, from_code

FOLDER = Path(__file__).parent.parent / "tool_schemas"
HOW = "run `make schemas` and read the diff"


def test_every_tool_has_its_file_and_it_is_up_to_date() -> None:
    """Chosen: a change to a tool shows as a diff that a reviewer reads like an agent."""
    files = schema_files()
    different = [
        name
        for name, text in files.items()
        if not (FOLDER / name).exists() or (FOLDER / name).read_text(encoding="utf-8") != text
    ]

    assert different == [], HOW


def test_a_removed_tool_leaves_no_file() -> None:
    """Chosen: the folder is the list of tools."""
    assert {path.name for path in FOLDER.iterdir()} == set(schema_files()), HOW


def test_there_is_a_tool_for_every_operation() -> None:
    """Documented (README): the whole API."""
    assert OPERATIONS.keys() <= all_tools().keys()


def test_the_files_contain_the_tools_they_were_made_from() -> None:
    """Chosen: the server lists its tools from the files, without importing the table."""
    assert {name: each.to_json() for name, each in all_tools().items()} == {
        name: each.to_json() for name, each in from_code().items()
    }


def test_writing_adds_updates_and_removes_files(tmp_path: Path) -> None:
    """Chosen: `make schemas` makes the folder match the code."""
    (tmp_path / "edit_gone.json").write_text("{}", encoding="utf-8")
    (tmp_path / "guide.json").write_text("{}", encoding="utf-8")

    write_schemas(tmp_path)

    written = {path.name: path.read_text(encoding="utf-8") for path in tmp_path.iterdir()}
    assert written == schema_files()
