"""Prompts for several pictures that belong together: a storyboard, a brand, a comparison."""

from typing import Annotated, Any

from pydantic import Field

from stability_mcp.server.guide import for_enabled
from stability_mcp.server.prompts.amounts import read_count
from stability_mcp.server.prompts.printed_plans import (
    Json,
    load_prices,
    plan_section,
    step_price,
    template_section,
)
from stability_mcp.server.prompts.prompt_definition import (
    MAX_ARGUMENT_CHARACTERS,
    Completes,
    PromptArguments,
    PromptContext,
    prompt,
)
from stability_mcp.text import quoted

MAX_PANELS = 12
"""More panels don't fit on one readable page."""
DEFAULT_PANELS = 4
MAX_TEMPLATE_CHARACTERS = 500
"""Of character and style in the template's arguments."""


class StoryArguments(PromptArguments):
    """Turn a story into a storyboard or comic page in which the character stays the same."""

    story: Annotated[str, Field(description="What happens.")]
    character: Annotated[str, Field(description="Who it is about: looks and clothes.")] = ""
    style: Annotated[str, Field(description="Such as ink and watercolour, or film stills.")] = ""
    panels: Annotated[str, Field(description="Number of panels, 1 to 12; 4 by default.")] = ""


@prompt(title="Storyboard", needs=("generate_core", "control_style", "image_layout"))
async def storyboard(given: StoryArguments, context: PromptContext) -> str:
    """Return the plan of a page of panels that share one anchor picture."""
    await load_prices()
    count = read_count(given.panels, most=MAX_PANELS)
    inputs = {
        "character": _text(given.character),
        "style": _text(given.style or "ink and watercolour, soft colours"),
        "scenes": {"many": True, "description": "what happens in each panel"},
        "captions": {"many": True, "description": "the narrator's text of each panel"},
    }
    plan = {
        "title": "Storyboard",
        "inputs": inputs,
        "steps": [
            {
                "id": "anchor",
                "tool": "generate_core",
                "arguments": {
                    "prompt": "character sheet of {character}, full body, plain background, "
                    "{style}",
                    "label": "character",
                },
                "count": 3,
                "review": True,
            },
            {
                "id": "panel",
                "tool": "control_style",
                "foreach": "$scenes",
                "arguments": {
                    "image": "$anchor",
                    "prompt": "{character}, {item}, {style}",
                    "fidelity": 0.6,
                    "aspect_ratio": "3:2",
                    "label": "panel",
                },
            },
            {
                "id": "page",
                "tool": "image_layout",
                "arguments": {
                    "kind": "comic",
                    "images": ["$panel"],
                    "captions": "$captions",
                    "label": "storyboard",
                },
            },
        ],
        "outputs": {"page": "$page", "panels": "$panel"},
    }
    number = (
        f"{count or DEFAULT_PANELS}"
        if count is not None or not given.panels
        else f"{quoted(given.panels)} isn't a number from 1 to {MAX_PANELS}: ask"
    )
    story = quoted(given.story or "not given: ask for it", limit=MAX_ARGUMENT_CHARACTERS)
    rules = for_enabled(
        """\
- Write one scene and one caption for each panel; show them to the user before anything is charged.
- Describe the character once, exactly (age, hair, clothes with colours), in the input character: \
the same words in every prompt keep it the same. The picked sheet is the anchor of all panels.
- No lettering in the pictures: captions and bubbles are drawn by `image_layout`.
- Revise a wrong panel by its prompt; the other panels are kept.""",
        context.enabled,
    )
    return (
        f"Make a storyboard. The story: {story}. Panels: {number}.\n\n{rules}\n\n"
        f"{plan_section(plan, context)}"
        f"{template_section('storyboard', _story_template(given), context)}"
    )


def _story_template(given: StoryArguments) -> Json:
    """Return the arguments of the template, with two scenes as a model continues them."""
    known = {"character": given.character, "style": given.style}
    scenes = [{"prompt": f"scene {number}", "caption": "…"} for number in (1, 2)]
    return {
        "scenes": scenes,
        **({"candidates": 3} if given.character else {}),
        **{name: value[:MAX_TEMPLATE_CHARACTERS] for name, value in known.items() if value},
    }


class BrandArguments(PromptArguments):
    """Make a set of pictures with one look for a brand, from its own picture or a new one."""

    brand: Annotated[str, Field(description="What the brand is and stands for.")]
    picture: Annotated[
        str,
        Field(description="Picture that has the look: label, URI or path. Empty: a new one."),
        Completes("media"),
    ] = ""
    subjects: Annotated[str, Field(description="What to show, with commas.")] = ""
    palette: Annotated[str, Field(description="Colours, by name or #rrggbb.")] = ""


@prompt(title="Brand look", needs=("generate_ultra", "control_style", "image_layout"))
async def brand_look(given: BrandArguments, context: PromptContext) -> str:
    """Return the plan of a set of pictures in the style of one key picture."""
    await load_prices()
    subjects = [each for each in map(str.strip, given.subjects.split(",")) if each]
    inputs: dict[str, Any] = {
        "brand": _text(given.brand),
        "palette": _text(given.palette or "colours that fit the brand"),
        "subjects": {"many": True, **({"default": subjects} if subjects else {})},
    }
    steps: list[Json] = []
    look = "$look"
    if given.picture:
        inputs["picture"] = {"type": "image", "default": given.picture}
        look = "$picture"
    else:
        steps.append(
            {
                "id": "look",
                "tool": "generate_ultra",
                "arguments": {
                    "prompt": "key visual for {brand}, {palette}, no lettering",
                    "label": "key visual",
                },
                "count": 3,
                "review": True,
            }
        )
    steps += [
        {
            "id": "pictures",
            "tool": "control_style",
            "foreach": "$subjects",
            "arguments": {
                "image": look,
                "prompt": "{item}, {palette}",
                "fidelity": 0.7,
                "label": "brand picture",
            },
        },
        {
            "id": "board",
            "tool": "image_layout",
            "arguments": {
                "kind": "moodboard",
                "images": [look, "$pictures"],
                "label": "brand board",
            },
        },
    ]
    plan = {"title": "Brand look", "inputs": inputs, "steps": steps}
    rules = for_enabled(
        """\
- Ask once for what is missing: where the pictures are used, colours, what must never be shown.
- One picture has the look; all others take it as `image` of `control_style`, so they match it. To \
restyle photos that exist: `control_style_transfer`.
- Logos and lettering are not generated: put them on with `image_transform` (composite, text).
- The board shows the set with its main colours, also for the user's approval.""",
        context.enabled,
    )
    brand = quoted(given.brand or "not given: ask for it", limit=MAX_ARGUMENT_CHARACTERS)
    return f"Make a set of brand pictures for {brand}.\n\n{rules}\n\n{plan_section(plan, context)}"


class CompareArguments(PromptArguments):
    """Compare what the models make of one prompt, with the price under each picture."""

    idea: Annotated[str, Field(description="What to show.")]
    variants: Annotated[str, Field(description="Pictures of each model, 1 to 4.")] = ""


MAX_COMPARED = 4
COMPARED: tuple[tuple[str, str, Json], ...] = (
    ("flash", "generate_sd3", {"model": "sd3.5-flash"}),
    ("core", "generate_core", {}),
    ("large", "generate_sd3", {"model": "sd3.5-large"}),
    ("ultra", "generate_ultra", {}),
)
"""Step, operation and arguments of each model, from the cheapest."""


@prompt(
    title="Compare models",
    needs=("generate_core", "generate_sd3", "generate_ultra", "image_layout"),
)
async def compare_models(given: CompareArguments, context: PromptContext) -> str:
    """Return a plan that makes one prompt with every model and lays the results side by side."""
    await load_prices()
    count = read_count(given.variants, most=MAX_COMPARED) or 1
    steps: list[Json] = [
        {
            "id": name,
            "tool": tool,
            "arguments": {"prompt": "{idea}", **arguments, "label": f"by {name}"},
            **({"count": count} if count > 1 else {}),
        }
        for name, tool, arguments in COMPARED
    ]
    captions = [f"{each['id']}, {step_price(each)}" for each in steps for _ in range(count)]
    steps.append(
        {
            "id": "sheet",
            "tool": "image_layout",
            "arguments": {
                "kind": "grid",
                "columns": count if count > 1 else len(COMPARED),
                "images": [f"${name}" for name, _, _ in COMPARED],
                "captions": captions,
                "label": "comparison",
            },
        }
    )
    plan = {"title": "Comparison of models", "inputs": {"idea": _text(given.idea)}, "steps": steps}
    rules = for_enabled(
        """\
- Translate the idea into an English prompt, the same for all; no style preset.
- Equal seeds across models prove nothing: each model makes something else of a seed. One picture \
of each shows a tendency, several show more.
- Say what you see (fidelity to the prompt, hands, lettering, light), then price and seconds, and \
let the user judge. `cost_estimate` names cheaper and better calls.""",
        context.enabled,
    )
    idea = quoted(given.idea or "not given: ask for it", limit=MAX_ARGUMENT_CHARACTERS)
    template = {"prompt": given.idea or "a red fox in snow", "variants": count}
    return (
        f"Compare the models with {idea}.\n\n{rules}\n\n{plan_section(plan, context)}"
        f"{template_section('compare_models', template, context)}"
    )


def _text(value: str) -> dict[str, Any]:
    """Return an input that is what the user wrote, or still has to be given."""
    return {"default": value} if value else {"type": "text"}
