"""Template `ab_test`: two or more prompts or settings, compared without knowing which is which."""

from collections.abc import Mapping, Sequence
from random import Random
from typing import Annotated, Any

from pydantic import Field

from stability_mcp.api.operations import OPERATIONS
from stability_mcp.text import listed
from stability_mcp.workflows.picture_parts import mistake
from stability_mcp.workflows.placeholders import literal
from stability_mcp.workflows.plan import Plan, PlanInput, Step
from stability_mcp.workflows.plan_notation import read_plan
from stability_mcp.workflows.predictions import made_kind
from stability_mcp.workflows.problems import problems_error
from stability_mcp.workflows.quality import Quality, choose
from stability_mcp.workflows.template import TemplateArguments, TemplateMedia, template
from stability_mcp.workflows.template_parts import (
    MAX_SEED,
    ChosenSeed,
    Folder,
    Text,
    delivery,
    seed_of,
    takes,
    texts_as,
)

MAX_SIDES = 8
"""Sides of a test: on one sheet, more can't be compared."""
MAX_PICTURES = 12
"""Pictures of each side: they have to be recognisable on one sheet."""


class Side(TemplateArguments):
    """One of the things that are compared: what differs from the others."""

    name: Annotated[str, Field(min_length=1, max_length=60)] | None = None
    """Shown only after the pick."""
    prompt: Text | None = None
    """Instead of the shared one."""
    operation: str | None = None
    """Instead of the shared one."""
    parameters: dict[str, Any] = Field(default_factory=dict)
    """Come before the shared ones."""


class AbTest(TemplateArguments):
    """Compare prompts or settings blind: equal numbers of pictures, shown in a shuffled order.

    The user sees numbers and picks one, a tie or none; the pick is stored with the run. One test
    says which result was preferred, not which setting is better in general.
    """

    options: Annotated[list[Side], texts_as("prompt"), Field(min_length=2, max_length=MAX_SIDES)]
    """Prompts, or {name, prompt, operation, parameters}: what differs."""
    prompt: Text | None = None
    """Shared by options without one."""
    operation: str | None = None
    """Shared; absent: by quality."""
    parameters: dict[str, Any] = Field(default_factory=dict)
    """Shared arguments, such as aspect_ratio or image."""
    count: Annotated[int, Field(ge=1, le=MAX_PICTURES)] = 1
    """Pictures of each option."""
    seed: ChosenSeed | None = None
    """Of every option, counting up; absent: from the options."""
    quality: Quality = "standard"
    """Chooses the operation if none is given."""
    to: Folder | None = None
    """Folder for the results; absent: only stored."""


@template(
    title="Compare blind",
    example={
        "prompt": "a poster for a jazz evening, saxophone, night blue",
        "options": [
            {"name": "flat", "parameters": {"style_preset": "line-art"}},
            {"name": "photo", "parameters": {"style_preset": "photographic"}},
        ],
        "count": 2,
    },
)
async def ab_test(arguments: AbTest, media: TemplateMedia) -> Plan:
    """Return a plan with a step for each side, and a review that shows numbers only."""
    del media
    sides = arguments.options
    given = arguments.seed or seed_of(*map(repr, sides))
    seed = min(given, MAX_SEED - arguments.count)  # it counts up
    prompts = _prompts(arguments)
    steps = [_step(number, arguments, prompts, seed) for number in range(len(sides))]
    _check_different(steps)
    shuffled = _shuffled(steps, seed)
    pages = shuffled if arguments.count == 1 else [_page(each) for each in shuffled]
    judged = Step(
        id="pick",
        tool="image_transform",
        foreach=[f"${each.id}" for each in pages],
        arguments={
            "image": "$item",
            "steps": [{"op": "convert", "format": "png"}],
            "label": "choice",  # by default it would be that of the side
        },
        review=True,
        blind=True,
    )
    every = [*shuffled, *(pages if pages is not shuffled else ()), judged]
    return Plan(
        title=f"blind test of {len(sides)} options, {arguments.count} each",
        inputs={
            name: PlanInput(default=text, description="A prompt that is compared.")
            for text, name in prompts.items()
        },
        steps=every,
        outputs={each.id: f"${each.id}" for each in (judged, *shuffled)},
        deliver=delivery(arguments.to),
        notes=[*_notes(steps, sides), f"Seeds from {seed} up, the same for every option."],
    )


def _prompts(arguments: AbTest) -> dict[str, str]:
    """Return the inputs of the plan by the prompts, each once."""
    given = (each.prompt or arguments.prompt for each in arguments.options)
    texts = dict.fromkeys(each for each in given if each is not None)
    return {text: f"prompt_{number}" for number, text in enumerate(texts, 1)}


def _step(number: int, arguments: AbTest, prompts: Mapping[str, str], seed: int) -> Step:
    """Return the step of a side."""
    side = arguments.options[number]
    choice = choose("text_to_image", arguments.quality)
    operation = side.operation or arguments.operation
    where = f"options[{number}]"
    given = {**arguments.parameters, **side.parameters}
    prompt = side.prompt or arguments.prompt
    if prompt is not None:
        given["prompt"] = f"${prompts[prompt]}"
    if operation is None:
        operation = choice.operation
        given = choice.filled(**given)
    read = read_plan([{"id": where, "tool": operation, "arguments": given}])
    if read.plan is None:
        raise problems_error(read.problems)
    step = read.plan.steps[0]
    row = OPERATIONS.get(step.tool)
    if row is None or made_kind(step.tool) != "image":
        raise mistake(
            f"{where}.operation",
            f"{step.tool} isn't an operation that makes pictures.",
            "Name one such as generate_core, or leave it out.",
        )
    if "prompt" not in given and takes(step.tool, "prompt") and _needs_prompt(step.tool):
        raise mistake(
            f"{where}.prompt", "It has no prompt.", "Give every option one, or a shared prompt."
        )
    name = side.name or f"option {number + 1}"
    settings: dict[str, Any] = {"label": literal(name)}
    if takes(step.tool, "seed") and "seed" not in given:
        settings["seed"] = seed
    if arguments.count > 1 and not row.takes_count():
        raise mistake(
            "count",
            f"{step.tool} always makes the same of the same input.",
            "Leave count out, or use another operation.",
        )
    update = {"arguments": {**settings, **step.arguments}, "count": arguments.count}
    return step.model_copy(update=update)


def _needs_prompt(tool: str) -> bool:
    return OPERATIONS[tool].model_fields["prompt"].is_required()


def _check_different(steps: Sequence[Step]) -> None:
    """Raise ArgumentsError if two sides would make the same."""
    seen: list[tuple[str, Mapping[str, Any]]] = []
    for number, step in enumerate(steps):
        arguments = {name: each for name, each in step.arguments.items() if name != "label"}
        if (step.tool, arguments) in seen:
            same = seen.index((step.tool, arguments))
            raise mistake(
                f"options[{number}]",
                f"It is the same as options[{same}].",
                "Give each option what differs: a prompt, an operation or parameters.",
            )
        seen.append((step.tool, arguments))


def _shuffled(steps: Sequence[Step], seed: int) -> list[Step]:
    """Return the steps in an order that can't be guessed, with ids that tell nothing."""
    order = list(steps)
    chance = Random(seed_of(str(seed), *map(repr, steps)))  # noqa: S311 -- it must repeat
    chance.shuffle(order)
    return [step.model_copy(update={"id": f"side-{n}"}) for n, step in enumerate(order, 1)]


def _page(step: Step) -> Step:
    """Return a step that puts the pictures of a side on one page."""
    return Step(
        id=f"page-{step.id.rpartition('-')[2]}",
        tool="image_layout",
        arguments={"images": [f"${step.id}"], "kind": "grid", "label": "page"},
    )


def _notes(steps: Sequence[Step], sides: Sequence[Side]) -> list[str]:
    tools = list(dict.fromkeys(step.tool for step in steps))
    names = listed(side.name or f"option {n}" for n, side in enumerate(sides, 1))
    notes = [f"Compared: {names}, in a shuffled order. Number 1 on the sheet is side-1."]
    if len(tools) > 1:
        notes.append("Equal seeds of different operations don't make pictures alike.")
    return notes
