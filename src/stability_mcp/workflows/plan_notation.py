"""Reads a plan in the notations that models and programs use, into the one of `plan.py`.

Accepted in addition to the full form: a list of steps, steps by id, `{"operation": …,
"parameters": …}`, the arguments of a tool next to its name, names without their family
(`inpaint`), steps without an id, and a step without a picture, which takes what the step before it
makes.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from types import MappingProxyType
from typing import Any

from stability_mcp.api.hints import arguments_of
from stability_mcp.api.not_offered import suggest
from stability_mcp.api.notation import parse_object, read_literal
from stability_mcp.api.operations import OPERATIONS
from stability_mcp.api.parsing import parse_model
from stability_mcp.errors import ArgumentsError
from stability_mcp.local_tools import all_local_tools
from stability_mcp.text import listed, name_key, quoted
from stability_mcp.workflows.plan import ITEM, MAX_STEPS, Plan, PlanInput, Step
from stability_mcp.workflows.plan_chains import chained
from stability_mcp.workflows.plan_form import read_form
from stability_mcp.workflows.predictions import made_kind
from stability_mcp.workflows.problems import Problem, takes_sentence
from stability_mcp.workflows.reference_notation import name_of, normal_references

_PLAN_WORDS: Mapping[str, str] = MappingProxyType({"name": "title", "output": "outputs"})
"""Other names of a plan's fields."""
_SAYS_NOTHING = frozenset({"description", "comment", "version", "depends_on", "needs", "after"})
"""Fields of other formats that change nothing: the order follows from the references."""
_OF_CALLS = frozenset({"confirm_spend", "preview"})
"""Arguments of a paid call that a run has for all of its steps."""
_INPUT_TYPES: Mapping[str, str] = MappingProxyType(
    {
        **dict.fromkeys(("string", "str", "prompt"), "text"),
        **dict.fromkeys(("integer", "int", "float"), "number"),
        **dict.fromkeys(("picture", "photo"), "image"),
        **dict.fromkeys(("sound", "music"), "audio"),
    }
)
"""Other names of the types of inputs, from JSON Schema and from people."""

_STEP_WORDS: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "id": ("name", "step", "key"),
        "tool": ("operation", "op", "use", "action", "function", "tool_name", "toolName", "type"),
        "arguments": ("parameters", "params", "args", "with", "input"),
        "count": ("variants", "variations"),
        "foreach": ("for_each", "each", "loop"),
        "review": ("pick", "approve"),
    }
)
"""Other names of a step's fields, from other workflow formats (GitHub Actions, n8n, LangGraph)."""


@dataclass(kw_only=True)
class ReadPlan:
    """A plan as it was read."""

    plan: Plan | None = None
    """None if there are problems."""
    notes: list[str] = field(default_factory=list)
    """What was filled in, one line each."""
    problems: list[Problem] = field(default_factory=list)


def read_plan(given: object, *, chains: bool = True) -> ReadPlan:
    """Read a plan in any of the notations; mistakes in its form are listed.

    Args:
        given: JSON, or text that is JSON.
        chains: Whether a step without its file takes what an earlier step makes.
    """
    found = ReadPlan()
    raw = read_form(given, found.problems)
    if raw is None:
        return found
    steps = _steps(raw, found)
    if found.problems:
        return found
    read = _read_steps(steps, found)
    plan = _read_whole(raw, found)
    if plan is None or found.problems:
        return found
    steps_read = [_with_references(each, plan, read) for each in read]
    if chains:
        steps_read = chained(steps_read, found.notes)
    found.plan = plan.model_copy(update={"steps": steps_read})
    return found


def _with_references(step: Step, plan: Plan, steps: Sequence[Step]) -> Step:
    """Return a step whose references are written as in a plan."""
    files = {each.id for each in steps} | {n for n, each in plan.inputs.items() if each.is_media}
    names = files | plan.inputs.keys()
    update = {
        name: normal_references(getattr(step, name), names | {ITEM}, files)
        for name in ("arguments", "foreach")
    }
    return step.model_copy(update=update)


def _steps(raw: dict[str, Any], found: ReadPlan) -> list[dict[str, Any]]:
    """Return the steps with the field names of `Step`, each with an id and a tool."""
    given = raw.get("steps")
    if isinstance(given, str):
        given = read_literal(given)
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
    foreach = step.get("foreach")
    if isinstance(foreach, str) and isinstance(read := read_literal(foreach), list):
        step["foreach"] = read
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
    step["arguments"] = _all_arguments(step)
    named = _tool_name(tool, step, number, found)
    if named is None:
        return None
    step["tool"] = named
    _tidy(step, named, number, found)
    given_id = step.get("id")
    step["id"] = name_of(given_id) if given_id not in (None, "") else _free_id(named, taken)
    return step


def _all_arguments(step: dict[str, Any]) -> object:
    """Return the arguments, with those next to the tool's name, which are removed there."""
    given = step.get("arguments")
    given = {} if given in (None, "") else given
    if isinstance(given, str):
        given = parse_object(given) or given
    if not isinstance(given, Mapping):
        return given  # which is an error of its own
    own = Step.model_fields.keys()
    loose = {name: step.pop(name) for name in [*step] if name not in own}
    return {**loose, **given}


def _tidy(step: dict[str, Any], tool: str, number: int, found: ReadPlan) -> None:
    """Move `count` out of the arguments, and drop what has no meaning in a plan."""
    arguments = step["arguments"]
    if not isinstance(arguments, dict):
        return
    known = _api_arguments(tool)
    if "count" in arguments and "count" not in known and step.get("count") in (None, 1):
        step["count"] = arguments.pop("count")
    dropped = [n for n in arguments if n in _SAYS_NOTHING | _OF_CALLS and n not in known]
    for name in dropped:
        del arguments[name]
    if dropped:
        where = step.get("id") or number
        found.notes.append(
            f"{where}: {listed(dropped)} has no meaning in a step, so it was left out"
        )


def _api_arguments(tool: str) -> Iterable[str]:
    return (OPERATIONS.get(tool) or all_local_tools()[tool].arguments).model_fields


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
    given = given.rpartition("__")[2] or given  # as hosts name it: mcp__stability__generate_core
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
            cure = takes_sentence(error)
            found.problems.append(Problem(step=each["id"], message=message, cure=cure))
    return read


def _read_whole(raw: Mapping[str, Any], found: ReadPlan) -> Plan | None:
    """Return the plan without its steps, which are read one by one for the sake of the errors."""
    stand_in = [{"id": "step", "tool": "step"}]
    given = {**raw, "steps": stand_in}
    for word, name in _PLAN_WORDS.items():
        if word in given and name not in given:
            given[name] = given.pop(word)
    for name in _SAYS_NOTHING & given.keys():
        del given[name]
    if isinstance(given.get("deliver"), str):
        given["deliver"] = {"to": given["deliver"]}
    inputs = raw.get("inputs")
    if isinstance(inputs, Mapping):
        given["inputs"] = {str(name): _input(each) for name, each in inputs.items()}
    outputs = given.get("outputs")
    outputs = [outputs] if isinstance(outputs, str) else outputs
    if isinstance(outputs, list):
        given["outputs"] = {str(each).lstrip("$"): each for each in outputs}
    try:
        return parse_model(Plan, given, what="plan")
    except ArgumentsError as error:
        message = error.message.removeprefix("plan: ")
        found.problems.append(Problem(message=message, cure=takes_sentence(error)))
        return None


def _input(given: object) -> object:
    """Return an input; a bare value is a default, a bare type a type."""
    if isinstance(given, Mapping):
        kind = given.get("type")
        named = _INPUT_TYPES.get(kind, kind) if isinstance(kind, str) else kind
        rest = {name: each for name, each in given.items() if (name, each) != ("required", True)}
        return {**rest, "type": named} if kind is not None else rest
    types = PlanInput.model_fields["type"].annotation
    if isinstance(given, str) and given in getattr(types, "__args__", ()):
        return {"type": given}
    if isinstance(given, bool | int | float):
        return {"type": "number", "default": given}
    if isinstance(given, list):
        return {"many": True, "default": given}
    return {"default": given}
