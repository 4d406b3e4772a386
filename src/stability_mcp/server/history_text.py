"""The lines of an answer about the history of one item."""

import time
from collections.abc import Sequence

from stability_mcp.studio import History, MediaItem, Step, prompt_of
from stability_mcp.text import describe_time, listed, quoted

MAX_STEPS_SHOWN = 5
"""Steps of a chain in a line: the newest and the first one; the rest are counted."""
MAX_PROMPT_CHARACTERS = 40
"""Longest part of a prompt in a chain: enough to recognise a step."""
MAX_RESULTS_NAMED = 5
"""Results that are named; the rest are counted."""


EDITED = "edited on disk"
"""How media came about that has a parent but no operation."""


def history_lines(history: History) -> list[str]:
    """Return what led to an item, a newer version, and results made from it; may be empty."""
    lines = []
    if len(history.steps) > 1:
        lines.append(f"lineage: {_chain(history.steps)}")
    if history.newest is not None:
        lines.append(f"newest: {history.newest.name}, {_made(history.newest)}")
    if history.results:
        names = (f"{item.name} ({item.operation or EDITED})" for item in history.results)
        lines.append(f"used in: {listed(names, most=MAX_RESULTS_NAMED)}")
    return lines


def _chain(steps: Sequence[Step]) -> str:
    """Return `hero v2 <- edit_inpaint "add a hat" <- hero <- generate_core "a fox"`."""
    shown = [_step(each) for each in steps]
    hidden = len(shown) - MAX_STEPS_SHOWN
    if hidden > 0:
        earlier = f"… ({hidden} more step{'s' * (hidden > 1)})"
        shown = [*shown[: MAX_STEPS_SHOWN - 1], earlier, shown[-1]]
    return " <- ".join(shown)


def _step(step: Step) -> str:
    if step.operation is None:
        return f"{step.name} <- {EDITED if step.retouched else 'imported'}"
    prompt = prompt_of(step.arguments)
    words = f" {quoted(prompt, limit=MAX_PROMPT_CHARACTERS)}" if prompt else ""
    others = ", ".join(f"{role}: {name}" for role, name in step.others)
    return f"{step.name} <- {step.operation}{words}{f' ({others})' if others else ''}"


def _made(item: MediaItem) -> str:
    when = describe_time(item.created_at, time.time())
    return f"made {when} by {item.operation}" if item.operation else f"imported {when}"
