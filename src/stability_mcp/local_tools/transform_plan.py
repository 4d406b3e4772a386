"""Plans the steps of image_transform: sizes and memory, before a pixel is decoded.

What a plan can't know (where a subject or a border is) is checked when the step runs.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple

from stability_mcp.api.fields import Size
from stability_mcp.imaging.facts import Facts
from stability_mcp.imaging.memory import estimate
from stability_mcp.imaging.transform import geometry
from stability_mcp.imaging.transform.animation import check_frames
from stability_mcp.imaging.transform.paint import parse_paint
from stability_mcp.imaging.transform.size_limits import TransformError, check_size
from stability_mcp.local_tools.transform_steps import Step
from stability_mcp.local_tools.workbench import Source

_COPIES = 4
"""Pictures of a step that are in memory together at most: source, result and two in work."""


class StepError(Exception):
    """A step can't be done.

    Args:
        number: Its number, from 1.
        step: The step.
        cause: Why.
    """

    def __init__(self, number: int, step: Step, cause: TransformError) -> None:
        self.hint = cause.hint
        super().__init__(f"step {number} ({step.op}): {cause}")


Others = Mapping[str, Source]
"""The other pictures of a step by field: image, mask, images[0]."""


class Plan(NamedTuple):
    """What the steps will need."""

    size: Size
    """Size of the result; an upper limit if a step finds it out itself."""
    memory: int
    """Bytes for pixels, at most."""
    is_exact: bool
    """Whether the size is that of the result."""


def plan(facts: Facts, steps: Sequence[Step], others: Sequence[Mapping[str, Facts]]) -> Plan:
    """Compute sizes and memory of all steps.

    Args:
        facts: The picture.
        steps: What is done to it.
        others: The other pictures of each step, by field.

    Raises:
        StepError: a step can't work, or its result would be too large.
    """
    size, exact = Size(*facts.size), True
    memory = estimate(facts)
    for number, (step, more) in enumerate(zip(steps, others, strict=True), 1):
        before = size
        try:
            _check_colours(step)
            size = _planned(size, step)
        except TransformError as error:
            if exact:
                raise StepError(number, step, error) from error
        exact = exact and not (step.op == "trim" or (step.gravity == "subject" and not step.aspect))
        pixels = before.width * before.height + (_COPIES - 1) * size.width * size.height
        count = 1 + len(step.images or ())
        needed = 4 * (pixels if count == 1 else count * size.width * size.height)
        memory = max(memory, needed + max((estimate(each) for each in more.values()), default=0))
    return Plan(size, memory, exact)


def _planned(size: Size, step: Step) -> Size:
    planner = _PLANNERS.get(step.op)
    return planner(size, step) if planner else size


def _check_colours(step: Step) -> None:
    for text in (step.color, step.outline):
        if text is not None and not (step.op == "pad" and text == "blur"):
            parse_paint(text)


def _plan_crop(size: Size, step: Step) -> Size:
    if step.box is not None:
        return geometry.pixel_box(step.box, size).size
    if step.aspect is not None:
        return geometry.aspect_size(size, geometry.parse_aspect(step.aspect))
    return size


def _plan_frames(size: Size, step: Step) -> Size:
    check_frames(size, 1 + len(step.images or ()))
    return size


def resize_target(size: Size, step: Step) -> geometry.Target:
    """Return what a resize step makes of a size; raises TransformError if it can't."""
    wanted = geometry.Wanted(
        width=step.width,
        height=step.height,
        longest=step.longest,
        percent=step.percent,
        fit=step.fit,
    )
    return geometry.target_size(size, wanted)


def pad_size(size: Size, step: Step) -> Size:
    """Return what a pad step makes of a size; raises TransformError if it can't."""
    return geometry.padded_size(
        size, width=step.width, height=step.height, aspect=step.aspect, margin=step.margin
    )


def _rotated_size(size: Size, step: Step) -> Size:
    goal = geometry.rotated_size(size, step.degrees or 0) if step.expand is not False else size
    check_size(goal)
    return goal


_PLANNERS: Mapping[str, Callable[[Size, Step], Size]] = {
    "crop": _plan_crop,
    "resize": lambda size, step: resize_target(size, step).size,
    "pad": pad_size,
    "rotate": _rotated_size,
    "straighten": lambda size, step: geometry.straightened_size(size, step.degrees or 0),
    "frames": _plan_frames,
}
