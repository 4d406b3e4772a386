"""Template `batch_generate`: a list of prompts, or a list of calls with ids of their own."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Any

from pydantic import AliasChoices, ConfigDict, Field

from stability_mcp.api.fields import AspectRatio, StylePreset
from stability_mcp.api.operations import OPERATIONS
from stability_mcp.api.operations.generate.sd3 import CREDITS as SD3_MODELS
from stability_mcp.text import listed, quoted
from stability_mcp.workflows.picture_parts import mistake
from stability_mcp.workflows.placeholders import literal
from stability_mcp.workflows.plan import MAX_ELEMENTS, MAX_JOBS, MAX_STEPS, Plan, PlanEntry, Step
from stability_mcp.workflows.plan_notation import read_plan
from stability_mcp.workflows.predictions import takes_files
from stability_mcp.workflows.problems import Problem, problems_error
from stability_mcp.workflows.quality import Choice, Quality, choose
from stability_mcp.workflows.template import TemplateArguments, TemplateMedia, template
from stability_mcp.workflows.template_parts import (
    ChosenSeed,
    Folder,
    Text,
    accepted,
    delivery,
    prompt_names,
    ref,
    step_id,
    takes,
    takes_label,
    text_inputs,
    texts_as,
    unique_names,
)

MAX_VARIANTS = 10
"""Variants of each prompt. *Chosen*: more are better asked for after a look at some."""


class NamedPrompt(TemplateArguments):
    """A prompt."""

    id: Annotated[str, Field(min_length=1, max_length=200)] | None = None
    """Name of its results; absent: from its words."""
    prompt: Text


class NamedCall(TemplateArguments):
    """A call with an id."""

    model_config = ConfigDict(populate_by_name=True)

    id: Annotated[str, Field(min_length=1, max_length=200)] | None = None
    """Name of its results; others may refer to it as "$id"."""
    operation: Annotated[str, Field(validation_alias=AliasChoices("operation", "tool"))] = ""
    """Operation or local tool."""
    parameters: Annotated[
        dict[str, Any], Field(validation_alias=AliasChoices("parameters", "arguments"))
    ] = Field(default_factory=dict)
    """Its arguments; they come before the shared ones."""
    count: Annotated[int, Field(ge=1, le=MAX_VARIANTS)] = 1
    """Variants."""


class BatchGenerate(TemplateArguments):
    """Make something for each prompt of a list, or run a list of calls with ids of their own.

    Everything else is shared. For files instead of prompts: batch_process.
    """

    prompts: (
        Annotated[
            list[NamedPrompt],
            texts_as("prompt"),
            Field(min_length=1, max_length=MAX_ELEMENTS),
        ]
        | None
    ) = None
    """Texts, or {id, prompt}."""
    operations: Annotated[list[NamedCall], Field(min_length=1, max_length=MAX_STEPS)] | None = None
    """Instead of prompts: {id, operation, parameters} each."""
    quality: Quality = "standard"
    """Chooses the model for prompts."""
    model: str | None = None
    """Instead of quality: an operation such as generate_ultra, or sd3.5-flash."""
    style_preset: StylePreset | None = None
    aspect_ratio: AspectRatio | None = None
    negative_prompt: Text | None = None
    """What not to show: "text, people"."""
    seed: ChosenSeed | None = None
    """The same for all; absent: random."""
    parameters: dict[str, Any] = Field(default_factory=dict)
    """Further shared arguments, such as output_format or duration."""
    variants: Annotated[int, Field(ge=1, le=MAX_VARIANTS)] = 1
    """Results of each prompt."""
    skip_bad: bool = False
    """Leave out operations that can't run, and run the others."""
    to: Folder | None = None
    """Folder for the results, with a manifest; absent: only stored."""

    def shared(self) -> dict[str, Any]:
        """Return the shared arguments that are given."""
        named = {
            "style_preset": self.style_preset,
            "aspect_ratio": self.aspect_ratio,
            "negative_prompt": ref("negative_prompt", self.negative_prompt),
            "seed": self.seed,
        }
        return {**self.parameters, **{k: v for k, v in named.items() if v is not None}}


@template(
    title="Make many",
    example={
        "prompts": [
            {"id": "home", "prompt": "a house, flat icon, two colours"},
            {"id": "search", "prompt": "a magnifying glass, flat icon, two colours"},
            {"id": "settings", "prompt": "a gear wheel, flat icon, two colours"},
        ],
        "quality": "draft",
        "to": "icons",
    },
)
async def batch_generate(arguments: BatchGenerate, media: TemplateMedia) -> Plan:
    """Return a plan with one step for all prompts, or a step for each call."""
    del media
    if (arguments.prompts is None) == (arguments.operations is None):
        raise mistake(
            "prompts",
            "Pass either prompts or operations.",
            'prompts: ["a fox", …], or operations: [{"id": …, "operation": …, "parameters": …}].',
        )
    entries: list[PlanEntry] = []
    if arguments.operations is not None:
        calls = _calls(arguments, arguments.operations)
        steps, notes, entries = calls.steps, calls.notes, calls.entries
        title = f"{len(entries)} call{'s' * (len(entries) != 1)}"
        outputs = {step.id: f"${step.id}" for step in steps}  # each has an id of its own
    else:
        outputs = {}
        prompts = arguments.prompts or ()
        steps, notes = _of_prompts(arguments, prompts)
        title = f"{len(prompts)} prompt{'s' * (len(prompts) != 1)}: {steps[0].tool}"
    return Plan(
        title=title,
        inputs=text_inputs(negative_prompt=(arguments.negative_prompt, "What not to show.")),
        steps=steps,
        outputs=outputs,
        deliver=delivery(arguments.to),
        notes=notes,
        entries=entries,
        skip_bad=arguments.skip_bad,
    )


# Prompts ------------------------------------------------------------------------------------------


def _of_prompts(
    arguments: BatchGenerate, prompts: Sequence[NamedPrompt]
) -> tuple[list[Step], list[str]]:
    results = len(prompts) * arguments.variants
    if results > MAX_JOBS:
        raise mistake(
            "variants",
            f"{len(prompts)} prompts in {arguments.variants} variants are {results:,} results; a "
            f"run makes up to {MAX_JOBS}.",
            "Lower variants, or split the prompts over several runs.",
        )
    choice = _choice(arguments)
    shared = arguments.shared()
    for name in shared:
        if name == "prompt" or not takes(choice.operation, name):
            raise mistake(
                name,
                f"{choice.operation} doesn't take it here.",
                "Leave it out, or choose another model.",
            )
    words = prompt_names(each.prompt for each in prompts)
    names = unique_names(each.id or word for each, word in zip(prompts, words, strict=True))
    step = choice.step("results", **shared, prompt="$item.prompt", label="{item.name}")
    elements = [
        {"name": literal(name), "prompt": literal(each.prompt)}
        for name, each in zip(names, prompts, strict=True)
    ]
    update = {"foreach": elements, "count": arguments.variants}
    note = f"Model: {choice.operation}, {choice.reason}." if choice.reason else ""
    return [step.model_copy(update=update)], [note] if note else []


def _choice(arguments: BatchGenerate) -> Choice:
    """Return the operation for prompts: the model that is named, or that of the quality."""
    model = arguments.model
    if model is None:
        return choose("text_to_image", arguments.quality)
    key = model.strip().casefold()
    if key in SD3_MODELS:
        return Choice(operation="generate_sd3", arguments={"model": key}, reason="")
    read = read_plan([{"id": "model", "tool": model, "arguments": {"prompt": ""}}])
    tool = read.plan.steps[0].tool if read.plan is not None else None
    if tool is not None and _is_from_words(tool):
        return Choice(operation=tool, reason="")
    known = [*filter(_is_from_words, OPERATIONS), *SD3_MODELS]
    wrong = f"{tool} needs more than a prompt." if tool else f"{quoted(model)} is unknown."
    raise mistake(
        "model",
        wrong,
        f"Use {listed(known, most=len(known), last='or')}.",
    )


def _is_from_words(tool: str) -> bool:
    row = OPERATIONS.get(tool)
    if row is None or "prompt" not in row.model_fields or not row.is_paid():
        return False
    return not any(row.model_fields[name].is_required() for name in takes_files(tool))


# Calls --------------------------------------------------------------------------------------------


@dataclass(frozen=True, kw_only=True)
class _Calls:
    """The steps for a list of calls."""

    steps: list[Step]
    notes: list[str]
    entries: list[PlanEntry]


def _calls(arguments: BatchGenerate, calls: Sequence[NamedCall]) -> _Calls:
    """Return a step for each call.

    Raises:
        ArgumentsError: a call isn't one, unless bad ones are left out; or the shared arguments
            don't fit.
    """
    if arguments.model is not None:
        raise mistake("model", "Each call names its own operation.", "Leave it out.")
    if arguments.variants > 1:
        raise mistake("variants", "It is for prompts.", "Set count in the operations.")
    ids: list[str] = []
    for each in calls:
        ids.append(step_id(each.id or each.operation.partition("_")[2] or each.operation, ids))
    raw = {
        name: {
            "id": name,
            "tool": each.operation,
            "arguments": each.parameters,
            "count": each.count,
        }
        for name, each in zip(ids, calls, strict=True)
    }
    bad = _unreadable(raw) if arguments.skip_bad else {}
    good = {name: each for name, each in zip(ids, calls, strict=True) if name not in bad}
    # Entries are independent: one that lacks its file must not take the result of another.
    read = read_plan([raw[name] for name in good], chains=not arguments.skip_bad)
    if read.plan is None:
        problems = [each for some in bad.values() for each in some]
        raise problems_error(problems or read.problems)
    shared = arguments.shared()
    pairs = zip(read.plan.steps, good.values(), strict=True)
    steps = [_call(step, given, shared) for step, given in pairs]
    unused = [name for name in shared if not any(takes(step.tool, name) for step in steps)]
    if unused:
        raise mistake(
            unused[0], "None of the operations takes it.", "Leave it out of the shared arguments."
        )
    entries = [
        PlanEntry(
            id=each.id or name,
            step=None if name in bad else name,
            error="\n".join(map(str, bad.get(name, ()))),
        )
        for name, each in zip(ids, calls, strict=True)
    ]
    return _Calls(steps=steps, notes=_shared_notes(shared, steps), entries=entries)


def _unreadable(raw: Mapping[str, Mapping[str, Any]]) -> dict[str, list[Problem]]:
    """Return the problems of the calls that can't be read, by step."""
    read = {name: read_plan([each]) for name, each in raw.items()}
    return {name: each.problems for name, each in read.items() if each.problems}


def _call(step: Step, given: NamedCall, shared: Mapping[str, Any]) -> Step:
    """Return a step with the shared arguments that it takes and doesn't have itself."""
    label = {"label": given.id} if given.id is not None and takes_label(step.tool) else {}
    arguments = {**label, **accepted(step.tool, shared), **step.arguments}
    return step.model_copy(update={"arguments": arguments})


def _shared_notes(shared: Mapping[str, Any], steps: Sequence[Step]) -> list[str]:
    """Return a note for each shared argument that some steps don't take."""
    found = []
    for name in shared:
        others = [step.id for step in steps if not takes(step.tool, name)]
        if others:
            found.append(f"Not taken by {listed(others)}: {name}.")
    return found
