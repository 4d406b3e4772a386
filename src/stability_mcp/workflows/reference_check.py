"""Judges single references of a plan: where they are, and whether what they mean fits there."""

from collections.abc import Iterator, Mapping

from stability_mcp.api.operation import MediaKind, Operation
from stability_mcp.api.operations import OPERATIONS
from stability_mcp.errors import FileUnusableError
from stability_mcp.local_tools.local_tool import MediaShape
from stability_mcp.text import listed, quoted
from stability_mcp.workflows.meanings import Elements, Meaning, MediaMeaning, StepFindings
from stability_mcp.workflows.placeholders import Place
from stability_mcp.workflows.plan import ITEM, Step
from stability_mcp.workflows.predictions import sent_size, takes_files
from stability_mcp.workflows.problems import Problem

A_KIND: Mapping[MediaKind | None, str] = {
    "image": "a picture",
    "audio": "a sound",
    "model": "a 3D model",
    None: "a file",
}
_MAX_DIGITS = 6
"""Of a number of a result; Python refuses to read thousands of digits."""


def is_number(part: str, most: int) -> bool:
    """Return whether the part of a reference is the number of one of the results."""
    return part.isdecimal() and len(part) <= _MAX_DIGITS and 1 <= int(part) <= most


def unknown_item(step: Step, place: Place, elements: Elements) -> Problem | None:
    """Return what is wrong with `$item` or one of its fields."""
    if elements.is_used and place.ref.part is None:
        return None  # foreach is wrong, which is a problem of its own
    if elements.is_used:
        return Problem(
            step=step.id,
            argument=place.argument,
            message=f"The elements of foreach have no field {quoted(place.ref.part)}.",
            cure=elements.fields_text(),
        )
    if not place.is_whole:
        return None
    return Problem(
        step=step.id,
        argument=place.argument,
        message="$item is only known in a step with foreach.",
        cure='Add foreach, a list or "$id" of a step or input.',
    )


def fitting(
    step: Step,
    request: Operation,
    files: Mapping[str, MediaShape],
    found: StepFindings,
) -> Iterator[str]:
    """Yield how pictures would be changed to fit; report those that can't."""
    row = type(request)
    for name, shape in files.items():
        if shape.size is None or shape.kind != "image":
            continue
        try:
            sent = sent_size(row, name, shape.size)
        except FileUnusableError as error:
            found.problems.append(
                Problem(
                    step=step.id,
                    argument=name,
                    message=error.message,
                    cure=f"Add an image_transform step before it. {error.hint or ''}".strip(),
                )
            )
            continue
        if sent != shape.size:
            verb = "shrunk" if sent.width < shape.size.width else "enlarged"
            yield (
                f"{name}: {verb} from {shape.size.width}x{shape.size.height} to "
                f"{sent.width}x{sent.height}"
            )
        _check_marking(step, row, name, shape, found)


def _check_marking(
    step: Step, row: type[Operation], name: str, shape: MediaShape, found: StepFindings
) -> None:
    """Report a picture without a transparent area where one has to be marked."""
    mask = next((n for n, mark in row.file_fields().items() if mark.mask_for == name), None)
    if not row.needs_marking or mask is None or shape.has_alpha is not False:
        return
    if not step.arguments.get(mask):
        found.problems.append(
            Problem(
                step=step.id,
                argument=mask,
                message="Nothing says what to change: there is no mask, and the picture has no "
                "transparent area.",
                cure=f'Add a step with image_mask before it and pass {mask}: "$id" of that step.',
            )
        )


# Files --------------------------------------------------------------------------------------------


def file_argument(place: Place) -> str:
    """Return the name that decides whether an argument is a file: the last one in its path."""
    return next((str(each) for each in reversed(place.path) if isinstance(each, str)), "")


def is_file(tool: str, place: Place) -> bool:
    """Return whether a reference is in the place of a file."""
    if tool in OPERATIONS and len(place.path) != 1:
        return False
    return file_argument(place) in takes_files(tool)


def media_problem(step: Step, place: Place, meaning: MediaMeaning) -> Problem | None:
    """Return what is wrong with media in the place of an argument."""
    where = {"step": step.id, "argument": place.argument}
    ref = place.ref
    if not place.is_whole or not is_file(step.tool, place):
        takes = takes_files(step.tool)
        return Problem(
            **where,
            message=f"{ref} is {A_KIND[meaning.kind]}, which can't be part of this argument.",
            cure=f"Files go into {listed(takes)}." if takes else f"{step.tool} takes no files.",
        )
    name = file_argument(place)
    wanted = takes_files(step.tool)[name]
    if wanted not in {None, meaning.kind}:
        return Problem(
            **where,
            message=f"It takes {A_KIND[wanted]}, but {ref} is {A_KIND[meaning.kind]}.",
            cure="Refer to a step that makes that, or use another tool.",
        )
    takes_many = isinstance(place.path[-1], int) or name in {"images", "media", "sounds"}
    if meaning.counts[1] > 1 and not takes_many:
        return Problem(
            **where,
            message=f"It takes one file, but {ref} is up to {meaning.counts[1]}.",
            cure=f"Write {ref}.1 for the first, add review: true to {ref.name} to let the user "
            f'pick one, or run this step for each: foreach: "{ref}" and {name}: "$item".',
        )
    return None


def misplaced(step: Step, place: Place, meaning: Meaning, *, is_step: bool) -> Problem | None:
    """Return what is wrong with a reference in a list of elements, if it has a name in the plan."""
    where = {"step": step.id, "argument": place.argument}
    if place.ref.name == ITEM and place.is_whole:
        return Problem(
            **where,
            message="$item is an element of this list, so the list can't use it.",
            cure="Write $item in the arguments.",
        )
    is_field = len(place.path) > 2  # noqa: PLR2004 -- foreach, and the number of the element
    if is_step and isinstance(meaning, MediaMeaning) and (is_field or not place.is_whole):
        return Problem(
            **where,
            message=f"${place.ref.name} is made by a step, which can't be a part of an element.",
            cure=f'Make it an element itself, "${place.ref.name}", or name it in the arguments.',
        )
    return None


def lost_results(step: Step, request: Operation) -> Problem | None:
    """Return the problem of a call that makes several pictures, of which a step keeps one."""
    samples = getattr(request, "samples", 1)
    if samples == 1:
        return None
    return Problem(
        step=step.id,
        argument="samples",
        message=f"A step keeps one result of each call, so {samples - 1} of {samples} would be "
        "paid and lost.",
        cure='Leave samples out; for variants use foreach: [1, 2, 3] and seed: "$item".',
    )


def values_in(value: object) -> int:
    """Return the number of values in a JSON value, those within it included."""
    if isinstance(value, Mapping):
        return 1 + sum(values_in(each) for each in value.values())
    if isinstance(value, list | tuple):
        return 1 + sum(values_in(each) for each in value)
    return 1


def too_much(step: Step, elements: int) -> Problem:
    """Return the problem of a step whose arguments take too long to check."""
    return Problem(
        step=step.id,
        message=f"Its arguments have {values_in(step.arguments):,} values for each of "
        f"{elements:,} elements, which is too much for one plan.",
        cure="Use shorter lists, or split it over several plans.",
    )
