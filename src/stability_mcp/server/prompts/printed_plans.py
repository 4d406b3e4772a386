"""Prints plans in instructions, and the prices of what they use."""

import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from stability_mcp.errors import StudioError
from stability_mcp.server.guide import for_enabled
from stability_mcp.server.loading import load
from stability_mcp.server.prompts.prompt_definition import PromptContext
from stability_mcp.text import credits_text

Json = Mapping[str, Any]

_HOW = """\
{with workflow_plan}
1. `workflow_plan` with the plan; it is free. Adapt the plan, correct every problem, and pass \
the user's maximum as budget.
2. Show the user steps and price, and get one yes.
3. `workflow_run` with the same plan. At a review show the sheet; the user picks.
4. Look at the results with `media_show` before you finish. To revise one step: `workflow_run` \
with run, redo_from and changes.
{without workflow_plan}
1. Tell the user the price and get one yes.
2. Make the calls below one by one. "$name" stands for the label of what step name made, or for \
what the user gave; a step with foreach is one call for each element.
3. Look at each result before the next call.
{end}"""


async def load_prices() -> None:
    """Load the table of operations in a thread, before `plan_section` reads its prices."""
    await load("stability_mcp.api.operations")


def plan_section(plan: Json, context: PromptContext) -> str:
    """Return how to run a plan, the plan itself, and the price of each of its operations."""
    how = for_enabled(_HOW, context.enabled)
    return f"{how}\n\n```json\n{plan_json(plan)}\n```\n\n{price_line(plan['steps'])}"


def template_section(template: str, arguments: Json, context: PromptContext) -> str:
    """Return the same as a template; "" if workflows are disabled."""
    if context.is_off("workflow_plan"):
        return ""
    call = _json({"template": template, "arguments": arguments})
    return f"\n\nThe same as a template, instead of plan:\n\n```json\n{call}\n```"


def plan_json(plan: Json) -> str:
    """Return a plan as JSON with a line for each step; it can't end the fence around it."""
    parts = [
        f"{json.dumps(key)}: {_steps_json(value) if key == 'steps' else _json(value)}"
        for key, value in plan.items()
    ]
    return "{" + ",\n ".join(parts) + "}"


def _steps_json(steps: Sequence[Json]) -> str:
    lines = ",\n  ".join(_json(each) for each in steps)
    return f"[\n  {lines}]"


def _json(value: object) -> str:
    return json.dumps(value, ensure_ascii=False).replace("```", "'''")


def price_line(steps: Iterable[Json]) -> str:
    """Return the price of one result of each paid step."""
    from stability_mcp.api.operations import OPERATIONS

    paid = [f"{each['id']} {step_price(each)}" for each in steps if each["tool"] in OPERATIONS]
    return f"Price of each result: {', '.join(paid)}. The other steps are free."


def step_price(step: Json) -> str:
    """Return the price of one result of a paid step, `3 credits` or `0.9 to 15 credits`."""
    from stability_mcp.api.operations import OPERATIONS
    from stability_mcp.api.parsing import parse

    row = OPERATIONS[step["tool"]]
    try:
        prices = (parse(row, step["arguments"]).price(),) * 2
    except StudioError:  # a value that only an input has decides
        prices = row.price_range()
    low, high = map(credits_text, prices)
    return high if low == high else f"{low.split()[0]} to {high}"
