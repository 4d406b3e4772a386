"""The entries of a batch: leaves out those that can't run, and names the results of the others."""

from collections.abc import Mapping, Sequence

from stability_mcp.text import quoted
from stability_mcp.workflows.plan import Plan
from stability_mcp.workflows.plan_graph import dependencies
from stability_mcp.workflows.problems import Problem


def without_bad_entries(plan: Plan, problems: Sequence[Problem]) -> Plan | None:
    """Return a batch without the entries that have problems, and what depends on them.

    Args:
        plan: The batch.
        problems: What keeps it from running.

    Returns:
        The rest, whose entries say what is wrong with those left out; None if a problem isn't one
        of an entry, or nothing is left.
    """
    bad = _errors_by_step(plan, problems)
    steps = [step for step in plan.steps if step.id not in bad]
    if not bad or not steps or any(each.step not in bad for each in problems):
        return None
    entries = [
        entry.model_copy(update={"step": None, "error": bad[entry.step]})
        if entry.step in bad
        else entry
        for entry in plan.entries
    ]
    kept = {step.id for step in steps}
    outputs = {name: value for name, value in plan.outputs.items() if value.lstrip("$") in kept}
    return plan.model_copy(update={"steps": steps, "entries": entries, "outputs": outputs})


def _errors_by_step(plan: Plan, problems: Sequence[Problem]) -> dict[str | None, str]:
    """Return what is wrong with each entry's step, and with those that use it."""
    known = {entry.step for entry in plan.entries if entry.step is not None}
    texts: dict[str | None, list[str]] = {}
    for each in problems:
        if each.step in known:
            texts.setdefault(each.step, []).append(str(each))
    errors = {step: "\n".join(lines) for step, lines in texts.items()}
    needs = dependencies(plan)
    while spoiled := _spoiled(needs, errors):
        errors |= spoiled
    return errors


def _spoiled(
    needs: Mapping[str, Sequence[str]], errors: Mapping[str | None, str]
) -> dict[str | None, str]:
    """Return the steps that directly use one that can't run, with the reason."""
    return {
        step: f"step {quoted(step)}: It uses {quoted(gone)}, which can't run."
        for step, used in needs.items()
        if step not in errors and (gone := next((each for each in used if each in errors), None))
    }
