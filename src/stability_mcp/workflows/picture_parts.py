"""Parts of templates that work on the user's pictures: inputs, limits, repairs and upscalers.

A template puts what the user gave (pictures, prompts) into inputs of the plan and refers to them,
so that `$` and braces in a text stay what they are, and a saved template can be given others.
"""

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Annotated, Any, Literal

from pydantic import Field

from stability_mcp.api.fields import Size
from stability_mcp.api.operations import OPERATIONS
from stability_mcp.api.parsing import parse
from stability_mcp.errors import ArgumentsError, FileUnusableError
from stability_mcp.local_tools.local_tool import MediaShape
from stability_mcp.text import credits_text, quoted
from stability_mcp.workflows.plan import PlanInput, Step
from stability_mcp.workflows.predictions import predict, sent_size
from stability_mcp.workflows.quality import CHOICES, QUALITIES, Choice, Quality, Task
from stability_mcp.workflows.template import TemplateMedia

PictureName = Annotated[
    str, Field(min_length=1, max_length=4_096, description="Label, URI or path.")
]
Words = Annotated[str, Field(min_length=1, max_length=10_000)]

Detail = Literal["keep", "invent"]
"""What an upscaler does about detail that a picture lacks."""
Target = Literal["hd", "2k", "4k"]
PIXELS: Mapping[Target, int] = MappingProxyType(
    {"hd": 1920 * 1080, "2k": 2560 * 1440, "4k": 3840 * 2160}
)
"""Pixels of the screens with these names, so that the shape of a picture doesn't matter."""
ENOUGH = 0.9
"""Share of a target's pixels that reaches it. *Chosen*: 800x600 enlarged four times has 93 % of 4K;
the missing 7 % can't be seen, and the next upscaler costs 20 times as much."""

DENOISE = 40
"""Strength for a noisy picture. *Chosen*: visible noise goes, fine texture stays."""
SHARPEN = 30
"""Strength for a soft picture. *Chosen*: edges get crisp without light seams along them."""


def picture_input(reference: str | None, description: str = "") -> PlanInput:
    """Return the input for one picture."""
    return PlanInput(type="image", default=reference, description=description)


def mistake(argument: str, message: str, cure: str) -> ArgumentsError:
    """Return the error for an argument of a template, with what to do instead."""
    return ArgumentsError(f"{argument}: {message}", hint=cure)


async def look(media: TemplateMedia, reference: str, argument: str) -> Size:
    """Return the size of a picture.

    Raises:
        ArgumentsError: it is a sound or a 3D model.
        StudioError: it doesn't exist, or isn't allowed.
    """
    shape = await media.shape(reference)
    if shape.kind != "image" or shape.size is None:
        what = {"audio": "a sound", "model": "a 3D model"}.get(shape.kind, "not a picture")
        raise mistake(argument, f"{quoted(reference)} is {what}.", "Pass a picture.")
    return shape.size


def check_fits(operation: str, field: str, size: Size, argument: str) -> None:
    """Raise ArgumentsError if a picture would have to be cropped or padded for an operation."""
    try:
        sent_size(OPERATIONS[operation], field, size)
    except FileUnusableError as error:
        raise mistake(argument, error.message, error.hint) from error


# Repairs ------------------------------------------------------------------------------------------


def found_flaws(facts: Mapping[str, Any]) -> list[str]:
    """Return the flaws in the facts of `media_inspect`."""
    return [str(each) for each in facts.get("flaws", ())]


def is_asked(wanted: bool | None, flaw: str, flaws: Sequence[str]) -> bool:  # noqa: FBT001 -- the argument's value
    """Return whether to repair a flaw: as the user says, else if it was found."""
    return flaw in flaws if wanted is None else wanted


def transform(name: str, image: str, *steps: Mapping[str, Any]) -> Step:
    """Return a step that changes a picture on this machine."""
    arguments = {"image": image, "steps": [dict(each) for each in steps]}
    return Step(id=name, tool="image_transform", arguments=arguments)


# Upscalers ----------------------------------------------------------------------------------------


@dataclass(frozen=True, kw_only=True)
class Upscaler:
    """The upscaler for a picture."""

    choice: Choice
    size: Size
    """Of its result."""
    sent: Size
    """The size at which the picture is sent."""
    price: int
    """In millicredits."""

    @property
    def pixels(self) -> int:
        """Return the pixels of the result."""
        return math.prod(self.size)

    @property
    def needs_prompt(self) -> bool:
        """Return whether it requires a description of the picture."""
        return "prompt" in OPERATIONS[self.choice.operation].model_fields

    def note(self, before: Size, target: Target, *, with_prompt: bool = True) -> str:
        """Return a line for the answer: what it makes of the picture, why, and what is missing.

        Args:
            before: Size of the picture.
            target: What was asked for.
            with_prompt: Whether there is a prompt, which the upscalers for larger results need.
        """
        line = (
            f"{self.choice.operation} makes {self.size.width}x{self.size.height} of "
            f"{before.width}x{before.height} for {credits_text(self.price)}"
        )
        if self.sent.width < before.width:
            line += f", after the picture was shrunk to {self.sent.width}x{self.sent.height}"
        if self.pixels < PIXELS[target] * ENOUGH:
            line += (
                f"; no upscaler reaches {target} from this picture"
                if with_prompt
                else f"; with a prompt, the result could come closer to {target}"
            )
        return line


def choose_upscaler(
    size: Size, target: Target, detail: Detail, quality: Quality, *, with_prompt: bool = True
) -> Upscaler | None:
    """Return the upscaler for a picture; None if it is large enough, or none would enlarge it.

    It is the one of the quality if that reaches the target with the picture as it is; else the next
    one upwards, then downwards, that does. A draft may shrink the picture first, as that is
    cheaper; the others only if there is no other way.

    Args:
        size: Of the picture.
        target: What the result should reach.
        detail: What to do about detail that the picture lacks.
        quality: What is preferred.
        with_prompt: Whether it may be one that needs a prompt.
    """
    pixels = math.prod(size)
    if pixels >= PIXELS[target] * ENOUGH:
        return None
    task: Task = "upscale" if detail == "keep" else "restore"
    larger = [each for each in _upscalers(size, task, quality) if each.pixels > pixels]
    larger = [each for each in larger if with_prompt or not each.needs_prompt]
    enough = [each for each in larger if each.pixels >= PIXELS[target] * ENOUGH]
    whole = [each for each in enough if each.sent.width >= size.width or quality == "draft"]
    found = next(iter([*whole, *enough]), None)
    return found or max(larger, key=lambda each: each.pixels, default=None)


def _upscalers(size: Size, task: Task, quality: Quality) -> Iterator[Upscaler]:
    """Yield the upscalers that take a picture, the one of the quality first."""
    at = QUALITIES.index(quality)
    order = [*QUALITIES[at:], *reversed(QUALITIES[:at])]
    choices = [CHOICES[task][each] for each in order]
    for number, choice in enumerate(choices):
        if choice in choices[:number]:
            continue
        row = OPERATIONS[choice.operation]
        try:
            sent = sent_size(row, "image", size)
        except FileUnusableError:
            continue
        words = {"prompt": "a picture"} if "prompt" in row.model_fields else {}
        request = parse(row, {**choice.arguments, "image": "picture", **words})
        made = predict(choice.operation, request, {"image": MediaShape(kind="image", size=size)})
        if made is not None and made.size is not None:
            yield Upscaler(choice=choice, size=made.size, sent=sent, price=request.price())
