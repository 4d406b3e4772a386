"""Template `multi_style_transfer`: one picture in several styles."""

from collections.abc import Sequence
from typing import Annotated, get_args

from pydantic import BeforeValidator, Field

from stability_mcp.api.fields import MAX_VARIANTS, ImageFormat, Share, Size, StylePreset
from stability_mcp.text import name_key, quoted, visible
from stability_mcp.workflows.picture_parts import (
    PictureName,
    Words,
    check_fits,
    look,
    mistake,
    picture_input,
)
from stability_mcp.workflows.placeholders import file_name
from stability_mcp.workflows.plan import Plan, PlanInput, Step
from stability_mcp.workflows.quality import Choice, Quality, choose
from stability_mcp.workflows.template import TemplateArguments, TemplateMedia, template
from stability_mcp.workflows.template_parts import accepted, labelled, result_name

MAX_STYLES = 24
"""Styles of one run. *Chosen*: a contact sheet of more can't be judged."""
MAX_NAME = 40
"""Characters of the name of a style; its words may be long."""
OWN_STRENGTH = 0.6
"""Strength of a preset or of words. *Measured* by a third party: image-to-image with 0.6 keeps the
picture, with 0.95 ignores it."""
PICTURE_STRENGTH = 1.0
"""Strength of a picture's style: the API's default."""
_PRESETS = {name_key(each): each for each in get_args(StylePreset)}


class Style(TemplateArguments):
    """A style; give one of preset, words and picture."""

    preset: StylePreset | None = None
    words: Annotated[str, Field(min_length=1, max_length=300)] | None = None
    """Such as "watercolour on rough paper"."""
    picture: PictureName | None = None
    """A picture that has the style."""
    strength: Share | None = None
    """0 keeps the picture, 1 ignores it. Default: 0.6; by picture 1, which keeps the layout."""
    name: Annotated[str, Field(min_length=1, max_length=40)] | None = None
    """Name of the output."""


def _as_styles(value: object) -> object:
    """Return styles as objects: a bare text is a preset, or words."""
    given = [value] if isinstance(value, str | dict) else value
    return [_as_style(each) for each in given] if isinstance(given, list | tuple) else given


def _as_style(value: object) -> object:
    if not isinstance(value, str):
        return value
    preset = _PRESETS.get(name_key(value))
    return {"words": value} if preset is None else {"preset": preset}


class MultiStyleTransfer(TemplateArguments):
    """Repaint one picture in several styles, to choose from, each with a strength of its own."""

    picture: PictureName
    styles: Annotated[
        list[Style],
        BeforeValidator(_as_styles),
        Field(min_length=1, max_length=MAX_STYLES),
    ]
    """Presets or words as texts, or objects: {"picture": "label", "strength": 0.8}."""
    prompt: Words | None = None
    """What the picture shows, in English; presets and words need it."""
    strengths: list[Share] | None = None
    """One for each style, in their order, instead of one in each style."""
    variants: Annotated[int, Field(ge=1, le=MAX_VARIANTS)] = 1
    """Of each style."""
    output_format: ImageFormat | None = None
    """Default: png."""
    quality: Quality = "standard"
    """The model for presets and words; pictures always cost 8 credits."""


@template(
    title="One picture in several styles",
    example={
        "picture": "photo",
        "prompt": "a street in Lisbon with a tram",
        "styles": [
            "comic-book",
            "watercolour on rough paper",
            {"picture": "mosaic", "strength": 0.8},
        ],
    },
)
async def multi_style_transfer(arguments: MultiStyleTransfer, media: TemplateMedia) -> Plan:
    """Return a plan with a step for each style."""
    size = await look(media, arguments.picture, "picture")
    arguments = _with_strengths(arguments)
    names = _names(arguments.styles)
    inputs = {"picture": picture_input(arguments.picture, "The picture to repaint.")}
    if arguments.prompt is not None:
        inputs["prompt"] = PlanInput(default=arguments.prompt, description="What it shows.")
    steps: dict[str, Step] = {}
    for number, (name, style) in enumerate(zip(names, arguments.styles, strict=True)):
        await _check(style, f"styles[{number}]", size, arguments, media)
        made, more = _step(number, style, arguments)
        steps[name] = labelled(made, result_name(arguments.picture, name))
        inputs |= more
    styles = f"{len(names)} style{'s' * (len(names) != 1)}"
    return Plan(
        title=f"{file_name(arguments.picture)[:100]} in {styles}",
        inputs=inputs,
        steps=list(steps.values()),
        outputs={name: f"${step.id}" for name, step in steps.items()},
        notes=_notes(arguments),
    )


def _with_strengths(arguments: MultiStyleTransfer) -> MultiStyleTransfer:
    """Return the arguments with the strength of each style in that style."""
    given, styles = arguments.strengths, arguments.styles
    if given is None:
        return arguments
    if len(given) != len(styles):
        raise mistake(
            "strengths",
            f"There are {len(given)} for {len(styles)} styles.",
            "Pass one for each style, in the same order.",
        )
    if any(each.strength is not None for each in styles):
        raise mistake("strengths", "Some styles have a strength of their own.", "Pass one of both.")
    pairs = zip(styles, given, strict=True)
    update = {"styles": [style.model_copy(update={"strength": each}) for style, each in pairs]}
    return arguments.model_copy(update=update)


def _names(styles: Sequence[Style]) -> list[str]:
    """Return a name for each style; equal ones get the strength or a number."""
    found: list[str] = []
    for number, each in enumerate(styles, 1):
        shown = None if each.picture is None else file_name(each.picture)
        text = each.name or each.preset or each.words or shown or ""
        name = visible(text)[:MAX_NAME].strip() or str(number)
        found.append(name if name not in found else f"{name} {number}")
    return found


async def _check(
    style: Style,
    where: str,
    size: Size,
    arguments: MultiStyleTransfer,
    media: TemplateMedia,
) -> None:
    """Raise ArgumentsError for a style that can't be applied to the picture."""
    given = [name for name in ("preset", "words", "picture") if getattr(style, name) is not None]
    if len(given) != 1:
        raise mistake(
            where,
            f"It has {' and '.join(given) or 'no style'}.",
            "Give exactly one of preset, words and picture.",
        )
    if style.picture is not None:
        await look(media, style.picture, f"{where}.picture")
        check_fits(_by_picture(arguments).operation, "init_image", size, "picture")
    elif arguments.prompt is None:
        raise mistake(
            "prompt",
            f"The style {quoted(style.preset or style.words)} needs it.",
            'Say what the picture shows, such as "a street with a tram".',
        )
    else:
        check_fits(_by_words(arguments).operation, "image", size, "picture")


def _by_picture(arguments: MultiStyleTransfer) -> Choice:
    return choose("restyle", arguments.quality)


def _by_words(arguments: MultiStyleTransfer) -> Choice:
    return choose("image_to_image", arguments.quality)


def _step(
    number: int, style: Style, arguments: MultiStyleTransfer
) -> tuple[Step, dict[str, PlanInput]]:
    """Return the step for a style, and the inputs that it adds to the plan."""
    name = f"style_{number + 1}"
    inputs = {}
    if style.picture is not None:
        inputs[name] = picture_input(style.picture, "A picture with the style.")
        strength = PICTURE_STRENGTH if style.strength is None else style.strength
        step = _by_picture(arguments).step(
            f"by_{name}",
            init_image="$picture",
            style_image=f"${name}",
            style_strength=strength,
            prompt=arguments.prompt and "$prompt",
        )
    else:
        prompt = "$prompt"
        if style.words is not None:
            inputs[name] = PlanInput(default=style.words, description="A style in words.")
            prompt = f"{{prompt}}, {{{name}}}"
        step = _by_words(arguments).step(
            f"by_{name}",
            image="$picture",
            prompt=prompt,
            style_preset=style.preset,
            strength=OWN_STRENGTH if style.strength is None else style.strength,
        )
    given = accepted(step.tool, {"output_format": arguments.output_format})
    update = {"count": arguments.variants, "arguments": {**step.arguments, **given}}
    return step.model_copy(update=update), inputs


def _notes(arguments: MultiStyleTransfer) -> list[str]:
    used = {each.picture is not None: each for each in arguments.styles}
    notes = []
    if False in used:
        choice = _by_words(arguments)
        model = choice.arguments.get("model", choice.operation)
        notes.append(f"Presets and words: {model} ({choice.reason}), results of one megapixel")
    if True in used:
        choice = _by_picture(arguments)
        notes.append(f"Styles of pictures: {choice.operation} ({choice.reason})")
    return notes
