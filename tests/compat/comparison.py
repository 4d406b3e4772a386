"""Compares two snapshots: what is gone, what changed and which changes are intended."""

import re
from collections.abc import Iterable, Mapping
from typing import Any

from compat.facts import SEPARATOR

GONE = "gone"
ABSENT = "absent"

Differences = dict[str, tuple[Any, Any]]
"""The old and the new value by path."""


def differences(old: Mapping[str, Any], new: Mapping[str, Any]) -> Differences:
    """Return the differences that break callers who rely on the old facts.

    An addition breaks no caller unless it is a required part of an existing call.
    """
    found = {name: (value, new.get(name, GONE)) for name, value in old.items()}
    found = {name: (value, now) for name, (value, now) in found.items() if value != now}
    for name in new.keys() - old.keys():
        value, parent = new[name], name.rpartition(SEPARATOR)[0]
        if parent in old and isinstance(value, dict) and value.get("needed"):
            found[name] = (ABSENT, value)
    return found


def with_moves(facts: Mapping[str, Any], moves: Mapping[str, str]) -> dict[str, Any]:
    """Return facts with today's import paths.

    Args:
        facts: Facts by path.
        moves: The new path of each moved module, package or class; the longest match wins.
    """
    by_length = sorted(moves, key=len, reverse=True)

    def moved(name: str) -> str:
        kind, _, where = name.partition(SEPARATOR)
        for old in by_length:
            if kind == "python" and (where == old or where.startswith((f"{old}.", f"{old} "))):
                return f"{kind}{SEPARATOR}{moves[old]}{where.removeprefix(old)}"
        return name

    return {moved(name): value for name, value in facts.items()}


def explained(
    changed: Iterable[str], found: Differences, old: Mapping[str, Any]
) -> dict[str, set[str]]:
    """Return the differences that each listed change explains; an entry without any is stale.

    An entry explains the difference at its path. If everything below the path is gone too, it
    explains all of it, so a removed tool or module needs one entry.
    """
    return {entry: _explained(entry, found, old) for entry in changed}


def _explained(entry: str, found: Differences, old: Mapping[str, Any]) -> set[str]:
    inside = {name for name in old if f"{name}{SEPARATOR}".startswith(f"{entry}{SEPARATOR}")}
    all_gone = all(name in found and found[name][1] == GONE for name in inside)
    return ({entry} | inside if all_gone else {entry}) & found.keys()


def renamed(changed: Mapping[str, str]) -> list[str]:
    """Return the new paths that entries such as `Renamed to hint.` announce."""
    found = ((path, re.fullmatch(r"Renamed to (\w+)\.", each)) for path, each in changed.items())
    return [f"{path.rpartition(SEPARATOR)[0]}{SEPARATOR}{name[1]}" for path, name in found if name]


def is_mentioned(entry: str, text: str) -> bool:
    """Return whether a text contains the keyword of an entry: the last part of its path."""
    word = entry.rpartition(SEPARATOR)[2].strip("[]()")
    return re.search(rf"(?<![\w-]){re.escape(word)}(?![\w-])", text) is not None


def described(found: Differences) -> str:
    """Return each path with its old and its new value."""
    return "\n".join(
        f"{name}\n    was: {was}\n    is:  {now}" for name, (was, now) in sorted(found.items())
    )
