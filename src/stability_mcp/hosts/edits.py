"""Edits of a text: replacements at offsets, and how they are shown to the user."""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

LINE_BREAK = r"\r\n|\n|\r"


@dataclass(frozen=True)
class Edit:
    """Replaces the text between two offsets."""

    start: int
    end: int
    new: str


def applied(text: str, edits: Iterable[Edit]) -> str:
    """Return the text after the edits.

    Args:
        text: The text before.
        edits: Edits whose offsets all refer to that text and don't overlap; those at the same
            offset are made in the given order.
    """
    parts, done = [], 0
    for each in sorted(edits, key=lambda edit: (edit.start, edit.end)):
        parts += [text[done : each.start], each.new]
        done = each.end
    return "".join((*parts, text[done:]))


def line_end(text: str) -> str:
    r"""Return how lines of the text end: "\\r\\n", "\\n" or "\\r"; "\\n" if there is one line."""
    found = re.search(LINE_BREAK, text)
    return found[0] if found else "\n"


def shown_change(old: str, new: str) -> Iterator[str]:
    """Yield the lines that change, marked `-` and `+`, below the number of the first line.

    Only what differs is shown: the lines around it can contain the secrets of other servers.
    """
    start = _common(old, new)
    begin = max(old.rfind("\n", 0, start), old.rfind("\r", 0, start)) + 1
    start = start if old[begin:start].strip() else begin
    end = _common(old[start:][::-1], new[start:][::-1])
    removed, added = old[start : len(old) - end], new[start : len(new) - end]
    yield f"line {len(re.findall(LINE_BREAK, old[:start])) + 1}:"
    for mark, part in (("-", removed), ("+", added)):
        for line in part.splitlines():
            if line.strip():
                yield f"{mark} {line}"


def _common(one: str, other: str) -> int:
    """Return the length of the common beginning of two texts."""
    shorter = min(len(one), len(other))
    return next((at for at in range(shorter) if one[at] != other[at]), shorter)
