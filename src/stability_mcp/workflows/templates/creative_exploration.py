"""Template `creative_exploration`: one idea in several styles and moods, then the pick refined."""

from itertools import product
from typing import Annotated, Any

from pydantic import BeforeValidator, Field

from stability_mcp.api.fields import AspectRatio, StylePreset
from stability_mcp.api.tool_arguments import as_list
from stability_mcp.workflows.picture_parts import mistake
from stability_mcp.workflows.placeholders import literal
from stability_mcp.workflows.plan import Plan
from stability_mcp.workflows.quality import Quality, choose
from stability_mcp.workflows.template import TemplateArguments, TemplateMedia, template
from stability_mcp.workflows.template_parts import (
    MAX_SEED,
    ChosenSeed,
    Folder,
    Text,
    delivery,
    seed_of,
    text_inputs,
    unique_names,
)

MAX_DRAFTS = 24
"""Drafts of one run: more can't be judged on one sheet."""
MAX_REFINED = 4
Words = Annotated[str, Field(min_length=1, max_length=400)]
DEFAULT_STYLES: tuple[StylePreset, ...] = (
    "photographic",
    "cinematic",
    "digital-art",
    "line-art",
)
"""*Chosen*: photo, film still, illustration and drawing are as far apart as presets get."""
KEEP = 0.6
"""Share of the draft that a refinement keeps: its composition, with room for detail."""
MAX_KEEP = 0.95
"""With more, the result would be the draft, at the price of a refinement."""


class CreativeExploration(TemplateArguments):
    """Explore an idea in cheap drafts over styles and moods, stop for the pick, and refine it.

    Use it while the direction is open; for one known direction call a generate tool directly.
    """

    prompt: Text
    """The idea, without style and mood."""
    styles: Annotated[list[StylePreset], BeforeValidator(as_list), Field(max_length=17)] | None = (
        None
    )
    """Style presets. Default without moods: photographic, cinematic, digital-art and line-art, or
    fewer of them with many variants."""
    moods: Annotated[
        list[Annotated[str, Field(min_length=1, max_length=200)]],
        BeforeValidator(as_list),
        Field(max_length=MAX_DRAFTS),
    ] = Field(default_factory=list)
    """Words added to the prompt, each with each style: "calm morning light", "stormy"."""
    audience: Words | None = None
    """Who will see it, added to the prompt."""
    palette: Words | None = None
    """Colours, added to the prompt."""
    variants: Annotated[int, Field(ge=1, le=10)] = 1
    """Drafts of each combination."""
    refine: Text | None = None
    """What else to ask for when refining; absent: only the draft's prompt."""
    keep: Annotated[float, Field(ge=0, le=MAX_KEEP)] = KEEP
    """How much of the picked draft to keep."""
    refined: Annotated[int, Field(ge=1, le=MAX_REFINED)] = 1
    """Refined variants of the pick."""
    aspect_ratio: AspectRatio = "1:1"
    negative_prompt: Text | None = None
    """What not to show: "text, people"."""
    seed: ChosenSeed | None = None
    """Of all drafts, counting up over variants; absent: from the prompt."""
    quality: Quality = "premium"
    """Of the refined picture; the drafts are always cheap."""
    to: Folder | None = None
    """Folder for the refined pictures; absent: only stored."""


@template(
    title="Explore and refine",
    example={
        "prompt": "a lighthouse keeper reading by the window",
        "styles": ["photographic", "comic-book", "analog-film"],
        "moods": ["calm morning light", "stormy night"],
    },
)
async def creative_exploration(arguments: CreativeExploration, media: TemplateMedia) -> Plan:
    """Return a plan: drafts with a review, and the pick refined."""
    del media
    elements = _elements(arguments)
    seed = arguments.seed or seed_of(arguments.prompt)
    inputs = text_inputs(
        prompt=(arguments.prompt, "The idea."),
        refine=(arguments.refine, "What else to ask for when refining."),
        negative_prompt=(arguments.negative_prompt, "What not to show."),
        audience=(arguments.audience, "Who will see it."),
        palette=(arguments.palette, "Colours."),
    )
    more: dict[str, Any] = {"style_preset": "$item.style"} if "style" in elements[0] else {}
    if arguments.negative_prompt is not None:
        more["negative_prompt"] = "$negative_prompt"
    words = _words(arguments)
    draft = choose("text_to_image", "draft").step(
        "drafts",
        prompt=words,
        seed=min(seed, _last_seed(arguments.variants)),
        aspect_ratio=arguments.aspect_ratio,
        label="{item.name}",
        **more,
    )
    choice = choose("image_to_image", arguments.quality)
    refined = choice.step(
        "refined",
        image="$item",
        prompt=f"{words}, {{refine}}" if arguments.refine is not None else words,
        strength=round(1 - arguments.keep, 3),
        label="{item.name} refined",
        **more,
    )
    drafts = draft.model_copy(
        update={"foreach": elements, "count": arguments.variants, "review": True}
    )
    # Only the first pick, so that the price doesn't depend on how many are picked.
    final = refined.model_copy(update={"foreach": ["$drafts.1"], "count": arguments.refined})
    number = len(elements) * arguments.variants
    return Plan(
        title=f"{number} draft{'s' * (number != 1)}, the pick refined",
        inputs=inputs,
        steps=[drafts, final],
        outputs={"refined": "$refined"},
        deliver=delivery(arguments.to),
        notes=[
            f"Drafts: {drafts.tool}. Refined: {choice.operation}, {choice.reason}.",
            "The user picks one draft; of several picks the first is refined.",
        ],
    )


def _words(arguments: CreativeExploration) -> str:
    """Return the prompt of a draft, as a plan writes it."""
    parts = [
        "{prompt}",
        "{item.mood}" if arguments.moods else "",
        "in the colours {palette}" if arguments.palette is not None else "",
        "made for {audience}" if arguments.audience is not None else "",
    ]
    return ", ".join(filter(None, parts))


def _last_seed(variants: int) -> int:
    return MAX_SEED - variants


def _elements(arguments: CreativeExploration) -> list[dict[str, Any]]:
    """Return the combinations of styles and moods."""
    styles: list[str | None] = [*dict.fromkeys(arguments.styles or ())]
    moods: list[str | None] = [*dict.fromkeys(arguments.moods)]
    if not styles and not moods:
        styles = [*DEFAULT_STYLES[: MAX_DRAFTS // arguments.variants]]
    count = max(len(styles), 1) * max(len(moods), 1) * arguments.variants
    if count > MAX_DRAFTS:
        raise mistake(
            "variants" if arguments.variants > 1 else "styles",
            f"Styles, moods and variants make {count} drafts; the maximum is {MAX_DRAFTS}.",
            "Leave some out.",
        )
    pairs = list(product(styles or [None], moods or [None]))
    names = unique_names(" ".join(filter(None, pair)) for pair in pairs)
    return [
        {
            "name": literal(name),
            **({"style": style} if style is not None else {}),
            **({"mood": literal(mood)} if mood is not None else {}),
        }
        for (style, mood), name in zip(pairs, names, strict=True)
    ]
