"""Template `portrait_enhancement`: a better portrait of the same person."""

from collections.abc import Iterator
from typing import Any, Literal

from stability_mcp.api.fields import AspectRatio, Size
from stability_mcp.api.operations import OPERATIONS
from stability_mcp.imaging.transform import geometry
from stability_mcp.workflows.picture_parts import (
    DENOISE,
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

KEPT = 0.95
"""How closely the relit person stays the same. *Chosen*: at 1 the light doesn't reach the face."""
FINISH = 20
"""Sharpening at the end. *Chosen*: eyes and hair get crisp, skin isn't etched."""
_SAME_PLACE = "the same background"
_TONES = {"too dark", "too bright", "low contrast"}
_RELIGHT = choose("replace_background", "standard")


class PortraitEnhancement(TemplateArguments):
    """Improve a portrait and keep the face: light, background, crop, noise, size.

    Only uses upscalers that stay true to the picture. To restore an old or damaged photo:
    enhance_image with detail invent.
    """

    photo: PictureName
    background: Words | None = None
    """A new one, in English: "grey studio backdrop". Absent: it stays."""
    light: Literal["left", "right", "above", "below"] | None = None
    """Where new light comes from. Absent: with a background as it fits, else unchanged."""
    crop: AspectRatio | None = None
    """Around the person: 4:5 for a portrait, 1:1 for a profile. Nothing is added."""
    target: Target = "2k"
    """At least the pixels of 1920x1080, 2560x1440 or 3840x2160."""
    quality: Quality = "standard"
    """draft, standard: cheapest upscaler; premium, professional: the sharpest, 40 credits."""
    prompt: Words = "portrait photo of a person, natural skin, detailed eyes and hair"
    """What the photo shows, for the sharpest upscaler."""
    denoise: bool | None = None
    """Absent: if noise is found."""


@template(
    title="Enhance a portrait",
    example={"photo": "photo", "background": "soft grey studio backdrop", "crop": "4:5"},
)
async def portrait_enhancement(arguments: PortraitEnhancement, media: TemplateMedia) -> Plan:
    """Return a plan: repair, crop, relight, upscale, finish, as far as each is needed."""
    given = await look(media, arguments.photo, "photo")
    flaws = found_flaws(await media.inspect(arguments.photo))
    size = _cropped(given, arguments.crop)
    if _is_relit(arguments):
        check_fits(_RELIGHT.operation, "subject_image", size, "photo")
        size = sent_size(OPERATIONS[_RELIGHT.operation], "subject_image", size)
    upscaler = choose_upscaler(size, arguments.target, "keep", arguments.quality)
    inputs = {"photo": picture_input(arguments.photo, "The portrait.")}
    if arguments.background is not None:
        inputs["background"] = PlanInput(default=arguments.background)
    if upscaler is not None and upscaler.needs_prompt:
        inputs["prompt"] = PlanInput(default=arguments.prompt, description="What it shows.")
    steps = list(_steps(arguments, flaws, upscaler))
    steps[-1] = labelled(steps[-1], result_name(arguments.photo, "enhanced"))
    enlarged = (
        f"It isn't enlarged: {size.width}x{size.height} is enough for {arguments.target}"
        if upscaler is None
        else upscaler.note(size, arguments.target)
    )
    return Plan(
        title=f"Enhance the portrait {file_name(arguments.photo)[:100]}",
        inputs=inputs,
        steps=steps,
        outputs={"portrait": f"${steps[-1].id}"},
        notes=[f"Found: {', '.join(flaws) or 'no flaws'}", enlarged],
    )


def _is_relit(arguments: PortraitEnhancement) -> bool:
    return arguments.background is not None or arguments.light is not None


def _cropped(size: Size, crop: AspectRatio | None) -> Size:
    return size if crop is None else geometry.aspect_size(size, geometry.parse_aspect(crop))


def _steps(
    arguments: PortraitEnhancement, flaws: list[str], upscaler: Upscaler | None
) -> Iterator[Step]:
    """Yield the steps: what is free and changes the pixels to pay for goes first."""
    image = "$photo"
    repairs: list[dict[str, Any]] = []
    if arguments.crop is not None:
        repairs.append({"op": "crop", "aspect": arguments.crop, "gravity": "subject"})
    tones: dict[str, Any] = {}
    if is_asked(arguments.denoise, "noisy", flaws):
        tones["denoise"] = DENOISE
    if not _TONES.isdisjoint(flaws):
        tones["auto_levels"] = True
    if tones:
        repairs.append({"op": "adjust", **tones})
    if repairs:
        yield transform("prepared", image, *repairs)
        image = "$prepared"
    if _is_relit(arguments):
        is_kept = arguments.background is None
        yield _RELIGHT.step(
            "relit",
            subject_image=image,
            background_prompt=_SAME_PLACE if is_kept else "$background",
            keep_original_background=is_kept or None,
            light_source_direction=arguments.light,
            preserve_original_subject=KEPT,
        )
        image = "$relit"
    if upscaler is not None:
        words = {"prompt": "$prompt"} if upscaler.needs_prompt else {}
        yield upscaler.choice.step("enlarged", image=image, **words)
        image = "$enlarged"
    yield transform("finished", image, {"op": "adjust", "sharpen": FINISH})
