"""Template `art_from_sketch`: a finished picture that follows the lines of a sketch."""

from collections.abc import Iterator, Mapping
from types import MappingProxyType
from typing import Annotated

from pydantic import Field

from stability_mcp.api.fields import MAX_VARIANTS, Share, Size, StylePreset
from stability_mcp.api.operations import OPERATIONS
from stability_mcp.workflows.picture_parts import (
    PictureName,
    Target,
    Upscaler,
    Words,
    check_fits,
    choose_upscaler,
    found_flaws,
    is_asked,
    look,
    picture_input,
    transform,
)
from stability_mcp.workflows.placeholders import file_name
from stability_mcp.workflows.plan import Plan, PlanInput, Step
from stability_mcp.workflows.predictions import sent_size
from stability_mcp.workflows.quality import Quality, choose
from stability_mcp.workflows.template import TemplateArguments, TemplateMedia, template
from stability_mcp.workflows.template_parts import labelled, result_name

TARGETS: Mapping[Quality, Target | None] = MappingProxyType(
    {"draft": None, "standard": "hd", "premium": "2k", "professional": "4k"}
)
"""Size of the finished picture; None: that of the sketch. *Chosen*: a screen, a large screen, and
for print; the operation itself never makes more pixels than the sketch has."""
CONTRAST = 30
"""Contrast of cleaned lines. *Chosen*: pencil gets dark, and paper stays white."""


class ArtFromSketch(TemplateArguments):
    """Turn a sketch or line drawing into finished art: variants, a pick, then full size."""

    sketch: PictureName
    prompt: Words
    """What the finished picture shows, in English."""
    style_preset: StylePreset | None = None
    closeness: Share = 0.7
    """How closely to follow the lines."""
    variants: Annotated[int, Field(ge=1, le=MAX_VARIANTS)] = 3
    """The run stops until the user has picked one; 5 credits each."""
    quality: Quality = "standard"
    """Size: draft that of the sketch, standard HD, premium 2K, professional 4K."""
    clean: bool | None = None
    """Make the lines black and the paper white first. Absent: if the contrast is low."""
    negative_prompt: Words | None = None
    """What to avoid."""


@template(
    title="Art from a sketch",
    example={"sketch": "sketch", "prompt": "a dragon over a castle", "style_preset": "fantasy-art"},
)
async def art_from_sketch(arguments: ArtFromSketch, media: TemplateMedia) -> Plan:
    """Return a plan: clean the lines, draw variants, let the user pick, enlarge."""
    draw = choose("sketch_to_image", arguments.quality)
    given = await look(media, arguments.sketch, "sketch")
    check_fits(draw.operation, "image", given, "sketch")
    flaws = found_flaws(await media.inspect(arguments.sketch))
    size = sent_size(OPERATIONS[draw.operation], "image", given)
    target = TARGETS[arguments.quality]
    upscaler = None if target is None else choose_upscaler(size, target, "keep", arguments.quality)
    inputs = {
        "sketch": picture_input(arguments.sketch, "The sketch."),
        "prompt": PlanInput(default=arguments.prompt, description="What the picture shows."),
    }
    if arguments.negative_prompt is not None:
        inputs["negative_prompt"] = PlanInput(default=arguments.negative_prompt)
    steps = list(_steps(arguments, flaws, upscaler))
    return Plan(
        title=f"Art from the sketch {file_name(arguments.sketch)[:100]}",
        inputs=inputs,
        steps=steps,
        outputs={"art": f"${steps[-1].id}"},
        notes=_notes(size, target, upscaler),
    )


def _steps(arguments: ArtFromSketch, flaws: list[str], upscaler: Upscaler | None) -> Iterator[Step]:
    image = "$sketch"
    if is_asked(arguments.clean, "low contrast", flaws):
        lines = {"grayscale": True, "auto_levels": True, "contrast": CONTRAST}
        yield transform("cleaned", image, {"op": "adjust", **lines})
        image = "$cleaned"
    step = choose("sketch_to_image", arguments.quality).step(
        "drawn",
        image=image,
        prompt="$prompt",
        control_strength=arguments.closeness,
        style_preset=arguments.style_preset,
        negative_prompt=arguments.negative_prompt and "$negative_prompt",
    )
    several, art = arguments.variants > 1, result_name(arguments.sketch, "art")
    drawn = labelled(step, art if upscaler is None else result_name(arguments.sketch, "draft"))
    yield drawn.model_copy(update={"count": arguments.variants, "review": several})
    if upscaler is not None:
        words = {"prompt": "$prompt"} if upscaler.needs_prompt else {}
        yield upscaler.choice.step("enlarged", image="$drawn", label=art, **words)


def _notes(size: Size, target: Target | None, upscaler: Upscaler | None) -> list[str]:
    if target is not None and upscaler is not None:
        return [upscaler.note(size, target)]
    return [f"The picture gets the size of the sketch, {size.width}x{size.height}"]
