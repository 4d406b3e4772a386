"""Parts that several templates share: argument types, names, seeds and errors."""

import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Annotated, Any, get_args
from zlib import crc32

from pydantic import BeforeValidator, Field

from stability_mcp.api.fields import AspectRatio
from stability_mcp.api.notation import nearest_ratio
from stability_mcp.api.operations import OPERATIONS
from stability_mcp.local_tools import all_local_tools
from stability_mcp.local_tools.local_tool import MediaShape
from stability_mcp.media.labels import slug
from stability_mcp.text import listed, quoted
from stability_mcp.workflows.placeholders import file_name, literal
from stability_mcp.workflows.plan import MAX_ID_CHARACTERS, Delivery, PlanInput, Step

MAX_SEED = 4_294_967_294
"""Largest seed of every operation that takes one."""

ChosenSeed = Annotated[int, Field(ge=1, le=MAX_SEED)]
"""A seed that repeats; 0 would be random."""
Text = Annotated[str, Field(min_length=1, max_length=10_000)]
Media = Annotated[str, Field(min_length=1, max_length=4_096)]
"""A label, a URI or a path."""
Folder = Annotated[str, Field(min_length=1, max_length=1_000)]


def texts_as(name: str) -> BeforeValidator:
    """Return a validator that takes texts for objects with this field, and one for a list."""

    def convert(value: object) -> object:
        entries = [value] if isinstance(value, str | Mapping) else value
        if not isinstance(entries, list | tuple):
            return entries
        return [{name: each} if isinstance(each, str) else each for each in entries]

    return BeforeValidator(convert)


def seed_of(*texts: str) -> int:
    """Return a seed that follows from texts, so that planning twice gives the same plan."""
    return crc32("\n".join(texts).encode("utf-8", "replace")) % MAX_SEED + 1


def risen(seed: int, steps: int) -> int:
    """Return the seed that follows after `steps`; after the largest comes 1."""
    return (seed - 1 + steps) % MAX_SEED + 1


def nearest_shape(shape: MediaShape) -> str | None:
    """Return the aspect ratio nearest to a picture's; None: its size isn't known."""
    if shape.size is None:
        return None
    found = nearest_ratio(f"{shape.size.width}x{shape.size.height}", get_args(AspectRatio))
    return found[0] if found else None


def text_inputs(**given: tuple[str | None, str]) -> dict[str, PlanInput]:
    """Return an input for each text that is given, so that nothing in it is read as a reference.

    Args:
        given: Text and description by the name of the input.
    """
    return {
        name: PlanInput(default=text, description=description)
        for name, (text, description) in given.items()
        if text is not None
    }


def ref(name: str, text: str | None) -> str | None:
    """Return the reference to an input of `text_inputs`; None: it isn't given."""
    return f"${name}" if text is not None else None


def delivery(to: str | None) -> Delivery | None:
    """Return where a run delivers; None: its results are only in the output folder."""
    return None if to is None else Delivery(to=to)


def unique_names(names: Iterable[str]) -> list[str]:
    """Return the names; those that occur several times get a number."""
    given = list(names)
    taken = {each.casefold() for each in given}
    seen: Counter[str] = Counter()
    found = []
    for name in given:
        seen[name.casefold()] += 1
        numbered = name
        if seen[name.casefold()] > 1:
            numbers = (f"{name}-{number}" for number in range(2, len(given) + 2))
            numbered = next(each for each in numbers if each.casefold() not in taken)
            taken.add(numbered.casefold())
        found.append(numbered)
    return found


def result_name(reference: str, what: str) -> str:
    """Return the label of what is made of a file, such as `fox enhanced`.

    Without it, results get the next version of the file's name, which says nothing about them.
    """
    return literal(f"{file_name(reference)} {what}")


def labelled(step: Step, label: str) -> Step:
    """Return a step whose results have a label, in the notation of a plan."""
    return step.model_copy(update={"arguments": {**step.arguments, "label": label}})


def takes_label(tool: str) -> bool:
    """Return whether the results of a tool can be named."""
    return tool in OPERATIONS or takes(tool, "label")


def prompt_names(prompts: Iterable[str]) -> list[str]:
    """Return a label for each prompt, from its words."""
    return unique_names(slug(each) for each in prompts)


def step_id(text: str, taken: Iterable[str] = ()) -> str:
    """Return a step's id made of a text, different from those that are taken."""
    plain = re.sub(r"[^\w-]+", "-", text).strip("-_")
    if not plain or not plain[0].isalpha():
        plain = f"step-{plain}".rstrip("-")
    used = set(taken)
    short = plain[: MAX_ID_CHARACTERS - 4]
    numbers = (f"{short}-{number}" for number in range(2, len(used) + 3))
    return next(each for each in (plain[:MAX_ID_CHARACTERS], *numbers) if each not in used)


def takes(tool: str, argument: str) -> bool:
    """Return whether an operation or a local tool has an argument."""
    row = OPERATIONS.get(tool) or all_local_tools()[tool].arguments
    return argument in row.model_fields


def accepted(tool: str, given: Mapping[str, Any]) -> dict[str, Any]:
    """Return the shared arguments that a tool takes and that aren't None."""
    return {name: each for name, each in given.items() if each is not None and takes(tool, name)}


def some(names: Sequence[str], most: int = 3) -> str:
    """Return the first names in quotes, and how many more there are."""
    return listed((quoted(each) for each in names), most=most)
