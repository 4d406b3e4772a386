"""Reads a plan in the notations that models and programs use, into the one of `plan.py`.

Accepted in addition to the full form: a list of steps, steps by id, `{"operation": …,
"parameters": …}`, the arguments of a tool next to its name, names without their family
(`inpaint`), steps without an id, and a step without a picture, which takes what the step before it
makes.
"""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from types import MappingProxyType
from typing import Any

from stability_mcp.api.hints import arguments_of
from stability_mcp.api.not_offered import suggest
from stability_mcp.api.notation import parse_object
from stability_mcp.api.operations import OPERATIONS
from stability_mcp.api.parsing import parse_model
from stability_mcp.errors import ArgumentsError
from stability_mcp.local_tools import all_local_tools
from stability_mcp.text import listed, name_key, quoted
from stability_mcp.workflows.plan import MAX_STEPS, Plan, PlanInput, Step
from stability_mcp.workflows.predictions import made_kind, takes_files
from stability_mcp.workflows.problems import Problem

MAX_PLAN_CHARACTERS = 400_000
"""Length of a plan as JSON: 100 of 200 steps with prompts of 4,000 characters."""
MAX_DEPTH = 12
"""Nesting of a plan: plan, steps, step, arguments, and eight levels within them."""

_STEP_WORDS: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "id": ("name", "step", "key"),
        "tool": ("operation", "op", "use", "action", "function", "tool_name"),
        "arguments": ("parameters", "params", "args", "with", "input"),
        "count": ("variants", "variations"),
        "foreach": ("for_each", "each", "loop"),
        "review": ("pick", "approve"),
    }
)
"""Other names of a step's fields, from other workflow formats (GitHub Actions, n8n, LangGraph)."""

_PLAN_WRAPPERS = ("plan", "workflow")


@dataclass(kw_only=True)
class ReadPlan:
    """A plan as it was read."""

    plan: Plan | None = None
    """None if there are problems."""
    notes: list[str] = field(default_factory=list)
    """What was filled in, one line each."""
    problems: list[Problem] = field(default_factory=list)


def read_plan(given: object) -> ReadPlan:
    """Read a plan in any of the notations; mistakes in its form are listed.

    Args:
        given: JSON, or text that is JSON.
    """
    found = ReadPlan()
    raw = _as_object(given, found.problems)
    if raw is None:
        return found
    steps = _steps(raw, found)
    if found.problems:
        return found
    read = _read_steps(steps, found)
    plan = _read_whole(raw, found)
    if plan is None or found.problems:
        return found
    found.plan = plan.model_copy(update={"steps": _chained(read, found)})
    return found


# Form ---------------------------------------------------------------------------------------------


def _as_object(given: object, problems: list[Problem]) -> dict[str, Any] | None:
    """Return the plan as an object with `steps`."""
    value = _from_text(given, problems) if isinstance(given, str) else given
    if problems:
        return None
    if isinstance(value, list):
        value = {"steps": value}
    if not isinstance(value, Mapping):
        problems.append(
            Problem(
                message="It isn't a plan.",
                cure='A plan is JSON: {"steps": [{"id": …, "tool": …, "arguments": {…}}, …]}.',
            )
        )
        return None
    raw = {str(name): each for name, each in value.items()}
    for wrapper in _PLAN_WRAPPERS:
        inner = raw.get(wrapper)
        if "steps" not in raw and isinstance(inner, Mapping | list):
            return _as_object(inner, problems)
    if _depth(raw) > MAX_DEPTH:
        problems.append(
            Problem(
                message=f"It is nested more than {MAX_DEPTH} levels deep.",
                cure="Put long lists into inputs or foreach.",
            )
        )
        return None
    given_steps = raw.get("steps")
    too_many = isinstance(given_steps, Mapping | list) and len(given_steps) > MAX_STEPS
    if not too_many and len(json.dumps(raw, default=str)) > MAX_PLAN_CHARACTERS:
        problems.append(_too_large())
        return None
    return raw


def _from_text(text: str, problems: list[Problem]) -> object:
    """Return what a text holds as JSON, also with prose or a code fence around it."""
    if len(text) > MAX_PLAN_CHARACTERS:
        problems.append(_too_large())
        return None
    starts = [at for at in (text.find("{"), text.find("[")) if at >= 0]
    inner = text[min(starts) : max(text.rfind("}"), text.rfind("]")) + 1] if starts else ""
    error: json.JSONDecodeError | None = None
    for each in filter(None, (text, inner)):
        try:
            return json.loads(each)
        except json.JSONDecodeError as found:
            error = found
        except (ValueError, RecursionError):
            break
    value = parse_object(text) if text.strip() else None
    if value is None and starts and error is not None:
        where = f"line {error.lineno}, column {error.colno}"
        problems.append(
            Problem(
                message=f"Its text isn't valid JSON: {error.msg} ({where}).",
                cure="Pass plan as an object instead of text.",
            )
        )
    return value


def _too_large() -> Problem:
    return Problem(
        message=f"It has more than {MAX_PLAN_CHARACTERS:,} characters.",
        cure="Split it into several plans.",
    )


def _depth(value: object) -> int:
    """Return the levels of lists and objects, counted up to one more than allowed."""
    level: list[object] = [value]
    for depth in range(MAX_DEPTH + 2):
        below: list[object] = []
        for each in level:
            if isinstance(each, Mapping):
                below += each.values()
            elif isinstance(each, list | tuple):
                below += each
        if not below:
            return depth
        level = below
    return MAX_DEPTH + 1


def _steps(raw: dict[str, Any], found: ReadPlan) -> list[dict[str, Any]]:
    """Return the steps with the field names of `Step`, each with an id and a tool."""
    given = raw.get("steps")
    if isinstance(given, Mapping):
        entries: Iterable[object] = (
            {"id": name, **each} if isinstance(each, Mapping) else each
            for name, each in given.items()
        )
    elif isinstance(given, list):
        entries = given
    else:
        entries = ()
    every = list(entries)
    if not every:
        found.problems.append(
            Problem(message="It has no steps.", cure="Give it at least one step with a tool.")
        )
    if len(every) > MAX_STEPS:
        found.problems.append(
            Problem(
                message=f"It has {len(every):,} steps; the maximum is {MAX_STEPS}.",
                cure="Use foreach for a list of similar steps.",
            )
        )
    if found.problems:
        return []
    taken: set[str] = set()
    steps = []
    for number, each in enumerate(every, 1):
        step = _step(number, each, taken, found)
        if step is not None:
            taken.add(str(step["id"]))
            steps.append(step)
    return steps


def _step(number: int, given: object, taken: set[str], found: ReadPlan) -> dict[str, Any] | None:
    if not isinstance(given, Mapping):
        found.problems.append(
            Problem(
                step=str(number),
                message="It isn't an object.",
                cure='A step is {"id": …, "tool": …, "arguments": {…}}.',
            )
        )
        return None
    step = {str(name): value for name, value in given.items()}
    for name, words in _STEP_WORDS.items():
        word = next((each for each in words if name not in step and each in step), None)
        if word is not None and not (name == "arguments" and not isinstance(step[word], Mapping)):
            step[name] = step.pop(word)
    if "arguments" not in step:
        own = Step.model_fields.keys()
        step["arguments"] = {name: step.pop(name) for name in [*step] if name not in own}
    tool = step.get("tool")
    if not isinstance(tool, str) or not tool.strip():
        found.problems.append(
            Problem(
                step=str(step.get("id", number)),
                argument="tool",
                message="No tool is named.",
                cure=f"Name an operation, or one of {listed(local_steps(), last='or')}.",
            )
        )
        return None
    named = _tool_name(tool, step, number, found)
    if named is None:
        return None
    step["tool"] = named
    given_id = step.get("id")
    step["id"] = str(given_id) if given_id not in (None, "") else _free_id(named, taken)
    return step


def _free_id(tool: str, taken: set[str]) -> str:
    short = tool.partition("_")[2] or tool
    numbers = (f"{short}-{number}" for number in range(2, MAX_STEPS + 2))
    return next(each for each in (short, *numbers) if each not in taken)


# Tool names ---------------------------------------------------------------------------------------


@cache
def local_steps() -> tuple[str, ...]:
    """Return the names of the local tools that a step can call: those that make something."""
    return tuple(name for name, each in all_local_tools().items() if each.step is not None)


@cache
def step_tools() -> frozenset[str]:
    """Return the names of the tools that a step can call."""
    operations = (name for name, row in OPERATIONS.items() if row.is_paid())
    return frozenset((*operations, *local_steps()))


def _tool_name(given: str, step: Mapping[str, Any], number: int, found: ReadPlan) -> str | None:
    """Return the name of a tool; it may lack its family or be written differently."""
    if given in step_tools():
        return given
    key = name_key(given)
    exact = [each for each in step_tools() if name_key(each) == key]
    if exact:
        return exact[0]
    short = sorted(each for each in step_tools() if name_key(each.partition("_")[2]) == key)
    meant = short if len(short) == 1 else _fitting_tools(short, step)
    if len(meant) == 1:
        found.notes.append(f"{given} = {meant[0]}")
        return meant[0]
    where = str(step.get("id") or number)
    if short:
        problem = Problem(
            step=where,
            argument="tool",
            message=f"{quoted(given)} can be {listed(short, last='or')}.",
            cure="Write the whole name.",
        )
    elif given in OPERATIONS or given in all_local_tools():
        problem = Problem(
            step=where,
            argument="tool",
            message=f"{given} makes nothing that another step could use.",
            cure="Call it by itself, before or after the workflow.",
        )
    else:
        problem = Problem(
            step=where,
            argument="tool",
            message=f"There is no tool {quoted(given)} for steps.",
            cure=suggest(given, step_tools())
            or "Name an operation, or one of " + listed(local_steps(), last="or") + ".",
        )
    found.problems.append(problem)
    return None


def _fitting_tools(names: Sequence[str], step: Mapping[str, Any]) -> list[str]:
    """Return those that take the given arguments; of these, the ones for pictures if any are."""
    given = step["arguments"].keys() if isinstance(step["arguments"], Mapping) else ()
    fitting = [name for name in names if all(each in _arguments_of(name) for each in given)]
    pictures = [name for name in fitting if made_kind(name) == "image"]
    return pictures or fitting


def _arguments_of(tool: str) -> Iterable[str]:
    row = OPERATIONS.get(tool)
    return arguments_of(row) if row is not None else all_local_tools()[tool].arguments.model_fields


# Models -------------------------------------------------------------------------------------------


def _read_steps(steps: Sequence[Mapping[str, Any]], found: ReadPlan) -> list[Step]:
    read = []
    for each in steps:
        what = f"step {quoted(each['id'])}"
        try:
            read.append(parse_model(Step, each, what=what))
        except ArgumentsError as error:
            message = error.message.removeprefix(f"{what}: ")
            found.problems.append(Problem(step=each["id"], message=message))
    return read


def _read_whole(raw: Mapping[str, Any], found: ReadPlan) -> Plan | None:
    """Return the plan without its steps, which are read one by one for the sake of the errors."""
    stand_in = [{"id": "step", "tool": "step"}]
    given = {**raw, "steps": stand_in}
    inputs = raw.get("inputs")
    if isinstance(inputs, Mapping):
        given["inputs"] = {str(name): _input(each) for name, each in inputs.items()}
    outputs = raw.get("outputs")
    if isinstance(outputs, list):
        given["outputs"] = {str(each).lstrip("$"): each for each in outputs}
    try:
        return parse_model(Plan, given, what="plan")
    except ArgumentsError as error:
        found.problems.append(Problem(message=error.message.removeprefix("plan: ")))
        return None


def _input(given: object) -> object:
    """Return an input; a bare value is a default, a bare type a type."""
    if isinstance(given, Mapping):
        return given
    types = PlanInput.model_fields["type"].annotation
    if isinstance(given, str) and given in getattr(types, "__args__", ()):
        return {"type": given}
    if isinstance(given, bool | int | float):
        return {"type": "number", "default": given}
    if isinstance(given, list):
        return {"many": True, "default": given}
    return {"default": given}


# Chains -------------------------------------------------------------------------------------------


def _chained(steps: Sequence[Step], found: ReadPlan) -> list[Step]:
    """Return the steps; one without its file takes what the nearest earlier step makes."""
    chained: list[Step] = []
    for step in steps:
        name = missing_file(step)
        before = _maker(chained, name, step) if name is not None else None
        if name is not None and before is not None:
            several = step.tool in OPERATIONS
            reference = "$item" if several and before.foreach is not None else f"${before.id}"
            update: dict[str, Any] = {"arguments": {**step.arguments, name: reference}}
            if reference == "$item" and step.foreach is None:
                update["foreach"] = f"${before.id}"
            found.notes.append(f"{step.id}: {name} = what {before.id} makes")
            step = step.model_copy(update=update)  # noqa: PLW2901 -- the completed step
        chained.append(step)
    return chained


def missing_file(step: Step) -> str | None:
    """Return the required file argument that a step lacks, or None."""
    row = OPERATIONS.get(step.tool)
    fields = (row or all_local_tools()[step.tool].arguments).model_fields
    needed = (name for name in takes_files(step.tool) if name in fields)
    required = (name for name in needed if fields[name].is_required())
    return next((name for name in required if step.arguments.get(name) in (None, "")), None)


def _maker(earlier: Sequence[Step], argument: str, step: Step) -> Step | None:
    """Return the nearest earlier step that makes what the argument takes."""
    wanted = takes_files(step.tool)[argument]
    made = ((each, made_kind(each.tool)) for each in reversed(earlier))
    return next((each for each, kind in made if kind and wanted in {None, kind}), None)
