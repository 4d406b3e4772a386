"""Draws a plan as a Mermaid flowchart, which chats and editors show as a picture."""

import re
from collections.abc import Iterator

from stability_mcp.text import credits_text, plain
from stability_mcp.workflows.plan import PlanInput
from stability_mcp.workflows.plan_check import CheckedPlan, PlannedStep
from stability_mcp.workflows.plan_graph import places_of

_SPECIAL = re.compile(r'["#$<>\[\]{}()|`;&\\\n\r]')
"""Characters with a meaning in Mermaid, in the formulas that it draws, or in HTML."""
_SHOWN_CHARACTERS = 60


def mermaid(checked: CheckedPlan) -> str:
    """Return the flowchart of a plan: inputs, steps with counts and prices, outputs."""
    lines = ["flowchart LR", *_inputs(checked), *map(_step, checked.steps)]
    for each in checked.steps:
        used = dict.fromkeys(place.ref.name for place in places_of(each.step))
        names = {step.step.id for step in checked.steps} | checked.plan.inputs.keys()
        lines += [f"  {_node(name)} --> {_node(each.step.id)}" for name in used if name in names]
    for name, step in checked.outputs.items():
        lines.append(f'  {_node(step)} --> {_node(f"output {name}")}(["{_label(name)}"])')
    return "\n".join(lines)


def _inputs(checked: CheckedPlan) -> Iterator[str]:
    for name, declared in checked.plan.inputs.items():
        yield f'  {_node(name)}[/"{_label(name)}: {_type(declared)}"/]'


def _type(declared: PlanInput) -> str:
    return f"{declared.type} list" if declared.many else declared.type


def _step(planned: PlannedStep) -> str:
    step, counts = planned.step, planned.counts
    parts = [f"{step.id}: {step.tool}"]
    if counts.high > 1:
        number = str(counts.high) if counts.low == counts.high else f"{counts.low}-{counts.high}"
        parts.append(f"x{number}")
    if planned.is_paid:
        low, high = planned.price
        lowest = "" if low == high else f"{low / 1000:g} to "
        parts.append(f"{lowest}{credits_text(high)}")
    text = _label(", ".join(parts))
    node = _node(step.id)
    return f'  {node}{{{{"{text}, you pick"}}}}' if step.review else f'  {node}["{text}"]'


def _node(name: str) -> str:
    """Return the id of a node: letters, digits and _; words such as `end` are reserved."""
    return "n_" + "".join(c if c.isascii() and c.isalnum() else f"_{ord(c):x}_" for c in name)


def _label(text: str) -> str:
    return _SPECIAL.sub(" ", plain(text))[:_SHOWN_CHARACTERS].strip()
