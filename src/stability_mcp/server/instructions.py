"""What every client is told once, when it connects: under 1,500 characters."""

from collections.abc import Iterable
from pathlib import Path

from stability_mcp.server.catalog import without

MAX_CHARACTERS = 1_500

EMULATED = (
    "There is no API key: everything runs on a built-in emulator that draws placeholders, for "
    "nothing; tell the user."
)

TEXT = (Path(__file__).parent / "instructions.md").read_text(encoding="utf-8")


def instructions(enabled: Iterable[str], every: Iterable[str], *, emulated: bool) -> str:
    """Return the instructions, which name only tools that are on."""
    off = set(every) - set(enabled)
    lines = [without(line, off) for line in TEXT.splitlines()]
    return "\n".join([*lines, *([EMULATED] if emulated else [])])
