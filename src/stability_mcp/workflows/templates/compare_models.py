"""Template `compare_models`: one prompt over several models."""

from collections.abc import Mapping
from typing import Annotated

from pydantic import BeforeValidator, Field

from stability_mcp.api.fields import MAX_SEED, MAX_VARIANTS, AspectRatio, Size, StylePreset
from stability_mcp.api.kinds import PictureOperation
from stability_mcp.api.operations import OPERATIONS
from stability_mcp.api.parsing import parse
from stability_mcp.api.tool_arguments import as_list
from stability_mcp.text import did_you_mean, listed, name_key, quoted
from stability_mcp.workflows.picture_parts import Words, mistake
from stability_mcp.workflows.placeholders import literal
from stability_mcp.workflows.plan import Plan, PlanInput, Step
from stability_mcp.workflows.quality import Choice
from stability_mcp.workflows.template import TemplateArguments, TemplateMedia, template
from stability_mcp.workflows.template_parts import labelled, prompt_names

_TOOLSET = "generate"
_SEEDS = "Equal seeds across models prove nothing: each model turns a seed into other noise"
_CHANCE = "One picture of each model may be chance: variants: 3 shows more"


class CompareModels(TemplateArguments):
    """Make one picture with several models, to choose one for a job.

    The answer shows each picture with its model, price and seconds.
    """

    prompt: Words
    """What to show, in English."""
    models: Annotated[list[str], BeforeValidator(as_list), Field(min_length=1)] | None = None
    """Such as "ultra", "core" or "sd3.5-flash". Absent: all."""
    variants: Annotated[int, Field(ge=1, le=MAX_VARIANTS)] = 1
    """Pictures of each model; 3 show what it does and what is chance."""
    aspect_ratio: AspectRatio = "1:1"
    style_preset: StylePreset | None = None
    negative_prompt: Words | None = None
    """What to avoid."""
    seed: Annotated[int, Field(ge=0, le=MAX_SEED)] = 0
    """0 = random. Repeats a picture of one model, not across models."""


def known_models() -> Mapping[str, Choice]:
    """Return the models that make a picture from text, cheapest first, by name."""
    found = {}
    for name, row in OPERATIONS.items():
        if row.toolset() != _TOOLSET:
            continue
        for grade in row.grades:
            model = str(grade.arguments.get("model", name.removeprefix(f"{_TOOLSET}_")))
            found[model] = Choice(operation=name, arguments=grade.arguments, reason="")
    return dict(sorted(found.items(), key=lambda each: _call(each[1]).price()))


def _call(choice: Choice, ratio: AspectRatio = "1:1") -> PictureOperation:
    given = {**choice.arguments, "prompt": "a picture", "aspect_ratio": ratio}
    request = parse(OPERATIONS[choice.operation], given)
    assert isinstance(request, PictureOperation)  # noqa: S101 -- the toolset makes pictures
    return request


@template(
    title="Compare models",
    example={
        "prompt": "a lighthouse in a storm, oil painting",
        "models": ["core", "sd3.5-large", "ultra"],
        "aspect_ratio": "16:9",
    },
)
async def compare_models(arguments: CompareModels, media: TemplateMedia) -> Plan:  # noqa: ARG001 -- all templates are alike
    """Return a plan with a step for each model."""
    models = _chosen(arguments.models)
    steps = {name: _step(name, choice, arguments) for name, choice in models.items()}
    inputs = {"prompt": PlanInput(default=arguments.prompt, description="What to show.")}
    if arguments.negative_prompt is not None:
        inputs["negative_prompt"] = PlanInput(default=arguments.negative_prompt)
    return Plan(
        title=f"Compare {listed(models)}",
        inputs=inputs,
        steps=list(steps.values()),
        outputs={name: f"${step.id}" for name, step in steps.items()},
        notes=[
            _SEEDS,
            *([_CHANCE] if arguments.variants == 1 else []),
            *_size_note(models, arguments.aspect_ratio),
        ],
    )


def _step(name: str, choice: Choice, arguments: CompareModels) -> Step:
    step = choice.step(
        name.replace(".", "-"),
        prompt="$prompt",
        aspect_ratio=arguments.aspect_ratio,
        style_preset=arguments.style_preset,
        negative_prompt=arguments.negative_prompt and "$negative_prompt",
        seed=arguments.seed or None,
    )
    (words,) = prompt_names([arguments.prompt])
    named = labelled(step, literal(f"{words} {name}"))
    return named.model_copy(update={"count": arguments.variants})


def _chosen(given: list[str] | None) -> Mapping[str, Choice]:
    """Return the models that were named, or all.

    Raises:
        ArgumentsError: one of them isn't known, or only one is left.
    """
    known = known_models()
    if given is None:
        return known
    names = {name_key(name): name for name in known}
    names |= {name_key(f"{_TOOLSET}_{name}"): name for name in known}
    names |= _defaults(known)
    chosen: dict[str, Choice] = {}
    for each in given:
        name = names.get(name_key(each))
        if name is None:
            cure = did_you_mean(each, known) or f"Known are {listed(known)}."
            raise mistake("models", f"There is no model {quoted(each)}.", cure)
        chosen[name] = known[name]
    if len(chosen) == 1:
        (only,) = chosen
        raise mistake(
            "models",
            f"{only} is the only one named, so there is nothing to compare.",
            f"Name a second one, or call {known[only].operation} with count.",
        )
    return chosen


def _defaults(known: Mapping[str, Choice]) -> dict[str, str]:
    """Return the model that an operation uses by default, by the operation's short and full name.

    `sd3` is a family: without a model, the API takes its default.
    """
    found: dict[str, str] = {}
    for name, choice in known.items():
        field = OPERATIONS[choice.operation].model_fields.get("model")
        if field is not None and field.default == name:
            short = choice.operation.removeprefix(f"{_TOOLSET}_")
            found |= {name_key(short): name, name_key(choice.operation): name}
    return found


def _size_note(models: Mapping[str, Choice], ratio: AspectRatio) -> list[str]:
    """Return a line that says which models make which sizes, if they differ."""
    sizes: dict[Size, list[str]] = {}
    for name, choice in models.items():
        sizes.setdefault(_call(choice, ratio).output_size(None), []).append(name)
    if len(sizes) == 1:
        return []
    shown = (f"{size.width}x{size.height} by {listed(names)}" for size, names in sizes.items())
    return [f"Sizes differ: {'; '.join(shown)}"]
