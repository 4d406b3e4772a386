"""Changes a picture by a list of steps, on this machine: crop, resize, text, colours, formats."""

from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Annotated, Any

from pydantic import BeforeValidator

from stability_mcp.api.tool_arguments import Reference
from stability_mcp.errors import ArgumentsError
from stability_mcp.imaging.facts import Facts
from stability_mcp.imaging.picture import open_picture
from stability_mcp.imaging.transform.animation import write_animation
from stability_mcp.imaging.transform.saving import default_output, write_picture
from stability_mcp.imaging.transform.size_limits import TransformError
from stability_mcp.local_tools.local_tool import (
    LocalResult,
    MakingArguments,
    MediaShape,
    StepFacts,
    local_tool,
)
from stability_mcp.local_tools.transform_actions import Work, perform
from stability_mcp.local_tools.transform_plan import Others, StepError, plan
from stability_mcp.local_tools.transform_steps import Step, parse_steps
from stability_mcp.local_tools.workbench import Made, Source, Workbench
from stability_mcp.text import quoted

TOOL = "image_transform"


class ImageTransform(MakingArguments):
    """Change a picture by exact steps: crop, resize, text, colours, format.

    More: `guide` topic transform.
    """

    image: Reference
    steps: Annotated[list[Step], BeforeValidator(parse_steps, json_schema_input_type=list[Step])]
    """crop: box [left, top, right, bottom], or aspect, gravity (top_left, subject). resize:
    width, height, fit (crop, pad, stretch); longest; percent. pad: width, height, aspect or
    margin; color (blur). rotate: clockwise. adjust: -100 to 100, blur px, mask. text, composite:
    gravity or at [x, y]; width; blend. frames: images, ms. Lengths: px or fractions."""


def _predict(arguments: "ImageTransform", files: Mapping[str, MediaShape]) -> MediaShape:
    size = files["image"].size if "image" in files else None
    if size is None:
        return MediaShape(kind="image")
    facts = Facts(media_type="image/png", bytes=0, width=size.width, height=size.height, mode="RGB")
    planned = plan(facts, arguments.steps, [{} for _ in arguments.steps])
    return MediaShape(kind="image", size=planned.size if planned.is_exact else None)


@local_tool(
    title="Transform a picture",
    step=StepFacts(files={"image": "image", "mask": "image", "images": "image"}, predict=_predict),
    hints={
        "operations": "use steps",
        "output_format": "use the step {op: convert, format: ...}",
        "prompt": "image_transform follows exact steps; edit tools follow words",
    },
)
async def image_transform(workbench: Workbench, arguments: ImageTransform) -> LocalResult:
    """Carry out the steps and store the result."""
    source = await workbench.picture(arguments.image)
    others = [
        await _others(workbench, number, step) for number, step in enumerate(arguments.steps, 1)
    ]
    try:
        planned = plan(source.facts, arguments.steps, [_facts(each) for each in others])
        made = Made(
            tool=TOOL,
            arguments={
                "steps": [_stored(*each) for each in zip(arguments.steps, others, strict=True)]
            },
            parents=_parents(source, others),
            label=arguments.label,
        )
        item, effects = await workbench.store(
            partial(_make, source, arguments.steps, others),
            made,
            memory=planned.memory,
        )
    except StepError as error:
        raise ArgumentsError(f"{TOOL}: {error}.", hint=error.hint) from error
    except TransformError as error:
        raise ArgumentsError(f"{TOOL}: {error}.", hint=error.hint) from error
    notes = [source.note, *_frame_notes(source)]
    for more in others:
        notes += [each.note for each in more.values()]
    form = item.media_type.rpartition("/")[2].upper()
    lines = [
        *notes,
        *effects,
        f"result: {item.width}x{item.height} {form}, {item.bytes:,} bytes",
    ]
    return LocalResult(
        lines=lines,
        items=[item],
        facts={"steps": effects},
        preview=await workbench.preview([item], wanted=arguments.preview),
    )


def _facts(others: Others) -> dict[str, Facts]:
    return {name: each.facts for name, each in others.items()}


async def _others(workbench: Workbench, number: int, step: Step) -> dict[str, Source]:
    """Return the other pictures of a step by field."""
    references = {"image": step.image, "mask": step.mask}
    references |= {f"images[{n}]": each for n, each in enumerate(step.images or ())}
    return {
        name: await workbench.picture(reference, argument=f"step {number} {name}")
        for name, reference in references.items()
        if reference is not None
    }


def _stored(step: Step, others: Mapping[str, Source]) -> dict[str, Any]:
    """Return a step as it is kept with the result, with media by id."""
    given = step.given()
    for name in ("image", "mask"):
        if name in others:
            given[name] = others[name].item.id
    if step.images:
        given["images"] = [others[f"images[{n}]"].item.id for n in range(len(step.images))]
    return given


def _parents(source: Source, others: Sequence[Others]) -> dict[str, Any]:
    found = {"image": source.item}
    for number, more in enumerate(others):
        found |= {f"steps[{number}].{name}": each.item for name, each in more.items()}
    return found


def _frame_notes(source: Source) -> list[str]:
    frames = source.facts.frames
    if frames == 1:
        return []
    return [f"{quoted(source.item.name)} has {frames} frames; only the first one is used"]


def _make(source: Source, steps: Sequence[Step], others: Sequence[Others], path: Path) -> list[str]:
    """Write the result to a path, and return what each step did."""
    work = Work(picture=open_picture(source.path, source.facts))
    perform(work, steps, others)
    effects = list(work.effects)
    if work.animation is not None:
        form, timing, quality = work.animation
        write_animation(work.frames, path, form, timing, quality=quality)
        return effects
    output = work.output or default_output(source.facts.media_type, work.picture)
    if write_picture(work.picture, path, output):
        effects.append("JPEG has no transparency: it became white (flatten chooses a color)")
    return effects
