"""Edits that need a marked area."""

from stability_mcp.api.operations import OPERATIONS


def test_erase_and_inpaint_need_a_marked_area() -> None:
    """*Documented*: a mask, or the transparent part of the picture; the others need none."""
    assert {name for name, row in OPERATIONS.items() if row.needs_marking} == {
        "edit_erase",
        "edit_inpaint",
    }
