"""Template `enhance_image`: a larger and cleaner picture."""

from collections.abc import Iterator
from functools import partial
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field

from stability_mcp.api.fields import Size
from stability_mcp.api.tool_arguments import as_list
from stability_mcp.text import quoted
from stability_mcp.workflows.picture_parts import (
    DENOISE,
    SHARPEN,
    Detail,
    PictureName,
    Target,
    Upscaler,
    Words,
    choose_upscaler,
    found_flaws,
    is_asked,
    look,
    mistake,
    picture_input,
    transform,
)
from stability_mcp.workflows.placeholders import file_name
from stability_mcp.workflows.plan import Plan, PlanInput, Step
from stability_mcp.workflows.quality import Quality
from stability_mcp.workflows.template import TemplateArguments, TemplateMedia, template
from stability_mcp.workflows.template_parts import labelled, result_name

Repair = Literal["denoise", "upscale", "sharpen"]


class EnhanceImage(TemplateArguments):
    """Enlarge a picture and repair it, with the upscaler that suits its size and flaws.

    It is measured first: nothing is paid for a picture that is already large enough.
    """

    image: PictureName
    target: Target = "2k"
    """At least the pixels of 1920x1080, 2560x1440 or 3840x2160."""
    detail: Detail = "keep"
    """keep: stay true to it; invent: restore a blurred or damaged one, faces may change."""
    quality: Quality = "standard"
    """draft, standard: cheapest; premium, professional: 40 credits or more."""
    prompt: Words | None = None
    """What the picture shows; some upscalers need it."""
    may_fall_short: bool = False
    """Without prompt, use one that needs none to keep detail, even below the target."""
    denoise: bool | None = None
    """Absent: if noise is found."""
    sharpen: bool | None = None
    """Absent: if it is blurred and stays true."""
    steps: Annotated[list[Repair], BeforeValidator(as_list), Field(min_length=1)] | None = None
    """Do only these, whether or not they seem needed. Absent: what it needs."""

    def is_requested(self, repair: Repair) -> bool | None:
        """Return whether to do a repair; None: if it is needed."""
        if self.steps is not None:
            return repair in self.steps
        return {"denoise": self.denoise, "sharpen": self.sharpen, "upscale": None}[repair]


@template(
    title="Enhance a picture",
    example={"image": "photo", "target": "4k", "prompt": "a fishing boat in a harbour"},
)
async def enhance_image(arguments: EnhanceImage, media: TemplateMedia) -> Plan:
    """Return a plan: denoise, upscale, sharpen, as far as each is needed."""
    size = await look(media, arguments.image, "image")
    flaws = found_flaws(await media.inspect(arguments.image))
    upscaler = _upscaler(arguments, size)
    if upscaler is not None and upscaler.needs_prompt and arguments.prompt is None:
        raise _no_prompt(upscaler, size, arguments)
    steps = list(_steps(arguments, flaws, upscaler))
    if not steps:
        raise _nothing_to_do(arguments, size)
    steps[-1] = labelled(steps[-1], result_name(arguments.image, "enhanced"))
    inputs = {"image": picture_input(arguments.image, "The picture.")}
    if upscaler is not None and upscaler.needs_prompt:
        inputs["prompt"] = PlanInput(default=arguments.prompt, description="What it shows.")
    return Plan(
        title=f"Enhance {file_name(arguments.image)[:100]} to {arguments.target}",
        inputs=inputs,
        steps=steps,
        outputs={"enhanced": f"${steps[-1].id}"},
        notes=_notes(arguments, size, flaws, upscaler),
    )


def _upscaler(arguments: EnhanceImage, size: Size) -> Upscaler | None:
    if arguments.steps is None:
        return _best_upscaler(arguments, size)
    if arguments.denoise is not None or arguments.sharpen is not None:
        raise mistake(
            "steps", "They say what to do, and so do denoise and sharpen.", "Pass either of them."
        )
    return _best_upscaler(arguments, size) if "upscale" in arguments.steps else None


def _best_upscaler(arguments: EnhanceImage, size: Size) -> Upscaler | None:
    choose = partial(choose_upscaler, size, arguments.target, arguments.detail, arguments.quality)
    best = choose()
    if best is None or not best.needs_prompt or arguments.prompt is not None:
        return best
    if not arguments.may_fall_short or arguments.detail == "invent":
        return best
    return choose(with_prompt=False) or best


def _steps(arguments: EnhanceImage, flaws: list[str], upscaler: Upscaler | None) -> Iterator[Step]:
    """Yield the steps; noise goes first, as an upscaler would take it for detail."""
    image = "$image"
    if is_asked(arguments.is_requested("denoise"), "noisy", flaws):
        yield transform("denoised", image, {"op": "adjust", "denoise": DENOISE})
        image = "$denoised"
    if upscaler is not None:
        words = {"prompt": "$prompt"} if upscaler.needs_prompt else {}
        yield upscaler.choice.step("enlarged", image=image, **words)
        image = "$enlarged"
    is_soft = arguments.detail == "keep" and "blurred" in flaws
    wanted = arguments.is_requested("sharpen")
    if is_soft if wanted is None else wanted:
        yield transform("sharpened", image, {"op": "adjust", "sharpen": SHARPEN})


def _notes(
    arguments: EnhanceImage, size: Size, flaws: list[str], upscaler: Upscaler | None
) -> list[str]:
    notes = [f"Found: {', '.join(flaws) or 'no flaws'}"]
    if upscaler is None and arguments.is_requested("upscale") is False:
        notes.append("The picture keeps its size: steps doesn't name upscale")
    elif upscaler is None:
        notes.append(
            f"The picture isn't enlarged: {size.width}x{size.height} is enough for "
            f"{arguments.target}, or more than any upscaler makes"
        )
    else:
        has_prompt = arguments.prompt is not None
        notes.append(upscaler.note(size, arguments.target, with_prompt=has_prompt))
    if arguments.detail == "invent" and upscaler is not None and not upscaler.needs_prompt:
        notes.append(
            f"{upscaler.choice.operation} invents nothing, so this only shows the size; quality: "
            '"standard" adds detail'
        )
    if "blurred" in flaws and arguments.detail == "keep" and upscaler is not None:
        notes.append('Sharpening can\'t restore what a blur has lost; detail: "invent" can')
    return notes


def _no_prompt(upscaler: Upscaler, size: Size, arguments: EnhanceImage) -> Exception:
    name = upscaler.choice.operation
    cure = 'Pass what it shows, such as "a fishing boat in a harbour".'
    draft = choose_upscaler(size, arguments.target, arguments.detail, "draft")
    if draft is not None and not draft.needs_prompt:
        cure += f' Or pass quality: "draft" for {draft.choice.operation}, which takes none.'
    return mistake("prompt", f"{name} has to know what the picture shows.", cure)


def _nothing_to_do(arguments: EnhanceImage, size: Size) -> Exception:
    shown = f"{quoted(arguments.image)} has {size.width}x{size.height} and no noise or blur"
    larger: dict[Any, str] = {"hd": "a larger target, ", "2k": "target 4k, "}
    cure = f"Pass {larger.get(arguments.target, '')}denoise: true or sharpen: true."
    return mistake("target", f"{shown}: nothing is left to do for {arguments.target}.", cure)
