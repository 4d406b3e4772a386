"""Reads the outermost form of a plan: JSON, text that is JSON, a list of steps, or a wrapped plan.

What no plan can have is refused here, before anything looks at its parts: text that is too long,
deep nesting, and numbers that JSON doesn't have or Python refuses to print.
"""

import json
import math
import re
from collections.abc import Mapping
from typing import Any

from stability_mcp.api.notation import MAX_BITS, read_literal
from stability_mcp.workflows.plan import MAX_STEPS
from stability_mcp.workflows.problems import Problem

MAX_PLAN_CHARACTERS = 400_000
"""Length of a plan as JSON: 100 of 200 steps with prompts of 4,000 characters."""
MAX_DEPTH = 12
"""Nesting of a plan: plan, steps, step, arguments, and eight levels within them."""

_WRAPPERS = ("plan", "workflow")
_MAX_WRAPS = 3
_FENCED = re.compile(r"```[\w-]*\n(.*?)```", re.DOTALL)
"""A block of code in Markdown."""

_SURROGATE = re.compile("[\ud800-\udfff]")


def read_form(given: object, problems: list[Problem]) -> dict[str, Any] | None:
    """Return a plan as an object with `steps`; None if it can't be one, with the problem.

    Args:
        given: JSON, or text that is JSON, also in a block of code.
        problems: Where a problem is added.
    """
    value = _read_text(given, problems) if isinstance(given, str) else given
    if problems:
        return None
    for _ in range(_MAX_WRAPS):
        if isinstance(value, Mapping) and "steps" not in value:
            inner = (value[each] for each in _WRAPPERS if each in value)
            value = next((each for each in inner if isinstance(each, Mapping | list)), value)
    if isinstance(value, list):
        value = {"steps": value}
    if not isinstance(value, Mapping):
        problems.append(
            Problem(
                message="It isn't a plan.",
                cure='A plan is {"steps": [{"id": …, "tool": …, "arguments": {…}}, …]}.',
            )
        )
        return None
    raw = {str(name): each for name, each in value.items()}
    problems += misfits(raw)
    steps = raw.get("steps")
    if isinstance(steps, Mapping | list) and len(steps) > MAX_STEPS:
        return raw  # which is the better error
    if not problems and len(json.dumps(raw, default=str)) > MAX_PLAN_CHARACTERS:
        problems.append(_too_large())
    return None if problems else raw


def _read_text(text: str, problems: list[Problem]) -> object:
    """Return the JSON in a text, or the literal of Python; a mistake in it is added."""
    if len(text) > MAX_PLAN_CHARACTERS:
        problems.append(_too_large())
        return None
    source = text.strip()
    found = read_literal(source)
    if found is None and (fenced := _FENCED.search(text)):
        source = fenced[1].strip()
        found = read_literal(source)
    if found is None and source:
        problems.append(
            Problem(
                message=f"It isn't a plan, as it isn't JSON{_mistake(source)}.",
                cure='Pass an object: {"steps": [{"id": …, "tool": …, "arguments": {…}}, …]}.',
            )
        )
    return found


def _mistake(source: str) -> str:
    """Return what is wrong with a text that is almost JSON, and where."""
    if source[:1] not in {"{", "["}:
        return ""
    try:
        json.loads(source)
    except json.JSONDecodeError as error:
        return f": {error.msg} in line {error.lineno}, column {error.colno}"
    except (ValueError, RecursionError):
        return ""
    return ""


def misfits(value: object) -> list[Problem]:
    """Return a problem if a JSON value is nested too deeply, or has a number that JSON hasn't."""
    level: list[object] = [value]
    for _ in range(MAX_DEPTH + 1):
        below: list[object] = []
        for each in level:
            if isinstance(each, Mapping):
                below += [*each.values(), *each.keys()]
            elif isinstance(each, list | tuple):
                below += each
            elif isinstance(each, str) and _SURROGATE.search(each):
                return [
                    Problem(
                        message="It has half a character, which isn't valid Unicode.",
                        cure="Remove it, or write the whole character.",
                    )
                ]
            elif isinstance(each, int) and each.bit_length() > MAX_BITS:
                return [Problem(message="It has a number of over 60 digits.", cure="Shorten it.")]
            elif isinstance(each, float) and not math.isfinite(each):
                return [
                    Problem(
                        message="It has a number that is infinite or not a number.",
                        cure="Replace it by a number, or leave it out.",
                    )
                ]
        if not below:
            return []
        level = below
    return [
        Problem(
            message=f"It is nested more than {MAX_DEPTH} levels deep.",
            cure="Put long lists into inputs or foreach.",
        )
    ]


def _too_large() -> Problem:
    return Problem(
        message=f"It has more than {MAX_PLAN_CHARACTERS:,} characters.",
        cure="Split it into several plans.",
    )
