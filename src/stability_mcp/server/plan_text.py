"""The text of a checked workflow: price, steps, warnings and what to call next.

The whole answer stays under 20 KB: what doesn't fit is counted.
"""

import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any, TypeVar

from stability_mcp.server.answer_text import limit_text
from stability_mcp.studio import KINDS
from stability_mcp.studio.workflow.plan_report import PlanReport, PlanWish
from stability_mcp.text import credits_text, listed, plain, quoted
from stability_mcp.workflows.plan import PlanInput
from stability_mcp.workflows.plan_check import PlannedStep
from stability_mcp.workflows.plan_inputs import missing_problems

T = TypeVar("T")

MAX_TABLE_BYTES = 4_000
"""About 45 steps."""
MAX_SECTION_BYTES = 1_500
"""Warnings, notes or inputs: about a dozen of each."""
MAX_DIAGRAM_BYTES = 2_000
"""About 20 steps: a drawing of more can't be read."""
MAX_FACTS_BYTES: Mapping[str, int] = {"steps": 3_000, "warnings": 1_000, "outputs": 800}
"""Of each list of facts for programs, which repeat the text."""
MAX_LINE_CHARACTERS = 240
MAX_OUTPUTS = 12
MAX_STEP_NOTES = 3
"""How files are fitted, of one step: those of a batch are alike."""
MAX_CALL_BYTES = 1_000
"""Length of the next call with all arguments; a longer one is described."""
_MIN_MINUTES_SECONDS = 100
"""From here on a time is given in minutes."""


def plan_lines(report: PlanReport, wanted: PlanWish, *, emulated: bool) -> list[str]:
    """Return the answer for a plan without problems.

    Args:
        report: The checked plan.
        wanted: What was checked, for the next call.
        emulated: Whether nothing is charged.
    """
    checked = report.checked
    if checked is None:
        return []
    lines = [f"workflow_plan: {summary(report, emulated=emulated)}"]
    if checked.plan.title:
        lines.append(f"title: {_cut(checked.plan.title)}")
    lines += ["steps:", *_table(checked.steps)]
    lines += _section("warnings", map(str, report.warnings))
    lines += _section("notes", report.notes)
    lines += _input_lines(report)
    outputs = (
        name if name == step else f"{name} ({step})" for name, step in report.outputs.items()
    )
    lines.append(f"outputs: {listed(outputs, most=MAX_OUTPUTS)}")
    if checked.plan.deliver is not None:
        lines.append(f"delivered to: a new folder in {quoted(checked.plan.deliver.to)}")
    lines += money_lines(report, emulated=emulated)
    return [*lines, next_line(report, wanted, emulated=emulated)]


def summary(report: PlanReport, *, emulated: bool = False) -> str:
    """Return `valid, 3 steps, up to 5 paid results, 14 to 19 credits (0.14 to 0.19 USD), …`."""
    steps = len(report.checked.steps) if report.checked is not None else 0
    template = f" (template {report.template})" if report.template else ""
    parts = [
        f"valid{template}",
        f"{steps} step{'s' * (steps != 1)}",
        f"{_up_to(report)}{report.jobs} paid result{'s' * (report.jobs != 1)}",
        *_price(report, emulated=emulated),
        *_duration(report),
    ]
    return ", ".join(parts)


def _price(report: PlanReport, *, emulated: bool) -> Iterator[str]:
    where = " on the emulator, so not charged" if emulated else ""
    yield f"{price_text(*report.price)}{where}" if report.price[1] else "free"


def _duration(report: PlanReport) -> Iterator[str]:
    steps = report.checked.steps if report.checked is not None else []
    if report.seconds >= 1:
        is_known = all(each.seconds for each in steps if each.is_paid)
        pauses = " without your picks" * any(each.step.review for each in steps)
        yield f"{'about' if is_known else 'at least'} {_time(report.seconds)}{pauses}"


def price_text(low: int, high: int) -> str:
    """Return `14 to 19 credits (0.14 to 0.19 USD)`."""
    if low == high:
        return f"{credits_text(high)} ({high / 100_000:.2f} USD)"
    return (
        f"{low / 1000:g} to {credits_text(high)} ({low / 100_000:.2f} to {high / 100_000:.2f} USD)"
    )


def money_lines(report: PlanReport, *, emulated: bool) -> list[str]:
    """Return whether budgets, limits and the balance cover the highest price, and who is asked."""
    spent, high = report.means.spent, report.price[1]
    plan = report.plan
    parts = []
    if plan is not None and plan.budget is not None:
        parts.append(_fit(high, round(plan.budget * 1000), "the run's budget"))
    if spent.left is not None:
        parts.append(_fit(high, spent.left, "what is left of the daily budget"))
    if spent.spend_limit is not None:
        text = f"the spending limit ({limit_text(spent.spend_limit)})"
        parts.append(text if report.fits_limit else f"NOT {text}")
    if report.means.balance is not None and not emulated:
        parts.append(_fit(high, round(report.means.balance * 1000), "the balance, about"))
    lines = [f"fits: {'; '.join(parts)}"] if parts else []
    if report.needs_confirmation:
        lines.append(
            f"confirmation: workflow_run asks the user once for the whole, up to "
            f"{credits_text(high)}. If it can't, ask them and pass confirm_spend: {high / 1000:g}"
        )
    return lines


def next_line(report: PlanReport, wanted: PlanWish, *, emulated: bool = False) -> str:
    """Return the exact next call; the user hears first if it would pause for want of money."""
    call: dict[str, Any] = {}
    if wanted.template is not None:
        call |= {"template": report.template, "arguments": dict(wanted.arguments)}
    else:
        call["plan"] = wanted.plan
    if wanted.inputs:
        call["inputs"] = dict(wanted.inputs)
    if wanted.budget is not None:
        call["budget"] = wanted.budget
    text = _json({name: value for name, value in call.items() if value not in ({}, None)})
    if wanted.template is None or _bytes(text) > MAX_CALL_BYTES:
        text = f"with the same {listed(name for name in call if call[name])}"
    missing = ""
    if report.missing:
        missing = f", and with a value for {listed(f'inputs.{name}' for name in report.missing)}"
    fits = (report.fits_budget, report.fits_limit, report.fits_balance or emulated)
    ask = "tell the user what doesn't fit; then " if False in fits else ""
    return f"next: {ask}workflow_run {text}{missing}"


def fitting(texts: Iterable[T], max_bytes: int, size: Callable[[T], int]) -> list[T]:
    """Return the first values that together have no more than some bytes."""
    kept: list[T] = []
    total = 0
    for each in texts:
        total += size(each)
        if total > max_bytes:
            break
        kept.append(each)
    return kept


def as_facts(name: str, values: Iterable[T]) -> list[T]:
    """Return the first values of a list of facts, as many as the answer has room for."""
    return fitting(values, MAX_FACTS_BYTES[name], lambda each: _bytes(_json(each)) + 1)


def diagram_block(report: PlanReport) -> str:
    """Return the drawing as a Mermaid block."""
    if _bytes(report.diagram) > MAX_DIAGRAM_BYTES:
        return "diagram: left out, as it would be too large to read"
    return f"```mermaid\n{report.diagram}\n```"


def _table(steps: Sequence[PlannedStep]) -> list[str]:
    """Return the lines of the first steps, as many as fit, and a line that counts the others."""
    shown = fitting(map(_step_lines, steps), MAX_TABLE_BYTES, lambda each: _bytes("\n".join(each)))
    lines = [line for each in shown for line in each]
    rest = steps[len(shown) :]
    if rest:
        tools = [step.step.tool for step in rest]
        counts = (f"{tools.count(tool)} {tool}" for tool in dict.fromkeys(tools))
        low, high = (sum(step.price[n] for step in rest) for n in (0, 1))
        lines.append(f"- and {len(rest)} more: {listed(counts)}; {price_text(low, high)}")
    return lines


def _step_lines(planned: PlannedStep) -> list[str]:
    step, counts = planned.step, planned.counts
    count = f"{counts.low} to {counts.high}" if counts.low != counts.high else f"{counts.high}"
    parts = [f"{step.tool}{f' x{count}' if counts.high > 1 else ''}"]
    if planned.is_paid:
        low, high = planned.each
        each = credits_text(high) if low == high else f"{low / 1000:g} to {credits_text(high)}"
        parts.append(each if counts.high == 1 else f"{each} each")
        if counts.high > 1:
            total = planned.price
            lowest = "" if total[0] == total[1] else f"{total[0] / 1000:g} to "
            parts[-1] += f" = {lowest}{credits_text(total[1])}"
    else:
        parts.append("free")
    if planned.seconds:
        parts.append(f"about {_time(planned.seconds)}{' each' if counts.high > 1 else ''}")
    parts.append(_makes(planned))
    if planned.needs:
        parts.append(f"after {listed(planned.needs, most=5)}")
    if step.review:
        picks = "some" if step.foreach is not None else "one"
        parts.append(f"the user picks {picks}")
    notes = [f"  {_cut(note)}" for note in planned.notes[:MAX_STEP_NOTES]]
    if more := planned.notes[MAX_STEP_NOTES:]:
        notes.append(f"  and {len(more)} more notes like these")
    return [f"- {step.id}: {', '.join(filter(None, parts))}", *notes]


def _makes(planned: PlannedStep) -> str:
    shape = planned.shape
    if shape is None:
        return "writes files"
    size = f" of {shape.size.width}x{shape.size.height}" if shape.size is not None else ""
    seconds = f" of {shape.seconds:g} s" if shape.seconds else ""
    return f"makes {KINDS[shape.kind]}{size}{seconds}"


def _input_lines(report: PlanReport) -> list[str]:
    declared = report.plan.inputs if report.plan is not None else {}
    return _section("inputs", (_input_line(report, name, each) for name, each in declared.items()))


def _input_line(report: PlanReport, name: str, declared: PlanInput) -> str:
    if name in report.values:
        return f"{name} = {_json(report.values[name])}"
    (problem,) = missing_problems([name], {name: declared})
    return f"{name} ({_type(declared)}) has no value yet. {problem.cure}"


def _type(declared: PlanInput) -> str:
    return f"list of {declared.type}" if declared.many else declared.type


def _section(title: str, texts: Iterable[str]) -> list[str]:
    every = [f"- {_cut(each)}" for each in texts]
    shown = fitting(every, MAX_SECTION_BYTES, _bytes)
    more = [f"- and {len(every) - len(shown)} more"] if len(every) > len(shown) else []
    return [f"{title}:", *shown, *more] if every else []


def _fit(price: int, there: int, what: str) -> str:
    """Return `the run's budget (50 credits)`, with NOT before it if the price is higher."""
    text = f"{what} ({credits_text(there)})"
    return text if price <= there else f"NOT {text}"


def _up_to(report: PlanReport) -> str:
    steps = report.checked.steps if report.checked is not None else ()
    return "up to " if any(s.counts.low != s.counts.high for s in steps if s.is_paid) else ""


def _time(seconds: float) -> str:
    if seconds < _MIN_MINUTES_SECONDS:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min"


def _cut(text: str) -> str:
    line = " ".join(plain(text).split())
    return line if len(line) <= MAX_LINE_CHARACTERS else f"{line[: MAX_LINE_CHARACTERS - 1]}…"


def _bytes(text: str) -> int:
    return len(text.encode("utf-8", "replace"))


def _json(value: object) -> str:
    return json.dumps(value, ensure_ascii=False, default=str)
