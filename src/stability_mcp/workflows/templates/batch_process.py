"""Template `batch_process`: one operation, or a chain of steps, on every file of a folder."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Annotated, Any

from pydantic import AliasChoices, BeforeValidator, ConfigDict, Field

from stability_mcp.api.operation import MediaKind
from stability_mcp.api.operations import OPERATIONS
from stability_mcp.api.tool_arguments import as_list
from stability_mcp.errors import FileUnusableError, InputFileError, NotFoundError, StudioError
from stability_mcp.local_tools.local_tool import MediaShape
from stability_mcp.text import listed
from stability_mcp.workflows import placeholders
from stability_mcp.workflows.picture_parts import mistake
from stability_mcp.workflows.plan import ITEM, MAX_ELEMENTS, MAX_JOBS, Plan, Step
from stability_mcp.workflows.plan_chains import missing_file
from stability_mcp.workflows.plan_notation import read_plan
from stability_mcp.workflows.predictions import made_kind, sent_size, takes_files
from stability_mcp.workflows.problems import problems_error
from stability_mcp.workflows.template import TemplateArguments, TemplateMedia, template
from stability_mcp.workflows.template_parts import (
    Folder,
    Media,
    delivery,
    some,
    step_id,
    unique_names,
)

MAX_CHAIN = 8
"""Steps for each file. *Chosen*: mask, cut out, edit, crop, resize, letter, convert, export."""
_REUSE = "Files that an earlier run processed with the same arguments cost nothing."
_ELEMENT = f"${ITEM}"
_FILE = f"{_ELEMENT}.file"
_PLURALS: Mapping[MediaKind, str] = {"image": "pictures", "audio": "sounds", "model": "3D models"}


class ChainStep(TemplateArguments):
    """One step of the chain."""

    model_config = ConfigDict(populate_by_name=True)

    operation: Annotated[str, Field(validation_alias=AliasChoices("operation", "tool"))]
    """Operation, or local tool such as image_transform."""
    parameters: Annotated[
        dict[str, Any], Field(validation_alias=AliasChoices("parameters", "arguments"))
    ] = Field(default_factory=dict)
    """Its arguments, without the file."""


class BatchProcess(TemplateArguments):
    """Do the same with every file of a folder: one operation, or a chain of steps.

    Results are named like their files, in a folder for each run with a manifest. Files that were
    done before with the same arguments cost nothing; a bad file doesn't stop the others.
    """

    source: Annotated[
        list[Media], BeforeValidator(as_list), Field(min_length=1, max_length=MAX_ELEMENTS)
    ]
    """Folder, wildcard such as photos/*.jpg, or list of files or labels."""
    operation: str | None = None
    """Such as edit_remove_background; its file argument is filled in."""
    parameters: dict[str, Any] = Field(default_factory=dict)
    """Arguments of the operation; {item.name} in a text is the file's name."""
    steps: Annotated[list[ChainStep], Field(max_length=MAX_CHAIN)] | None = None
    """Instead of operation: a chain. "$item" is the result before, "$item.file" the file."""
    to: Folder = "batch"
    """Folder for the results."""
    only_store: bool = False
    """Only store the results, without a folder."""
    reuse: bool = True
    """Reuse results of earlier runs, so that only new files are paid."""


@dataclass(kw_only=True)
class _Files:
    """The files of a source."""

    used: list[str] = field(default_factory=list)
    unread: list[str] = field(default_factory=list)
    """Among those that are used."""
    others: list[str] = field(default_factory=list)
    """Left out: of another kind."""
    misfits: list[str] = field(default_factory=list)
    """Left out: too long or too small for the operation."""

    def notes(self, tool: str) -> Iterator[str]:
        """Yield a note for each group of files that won't have results."""
        for files, why in (
            (self.others, "Left out, of another kind"),
            (self.misfits, f"Left out, would have to be cropped or padded for {tool}"),
            (self.unread, "Can't be read, will fail without a charge"),
        ):
            if files:
                yield f"{why}: {some([placeholders.short_path(each) for each in files])}."


@template(
    title="Process a folder",
    example={
        "source": "photo",
        "steps": [
            {"operation": "edit_remove_background"},
            {
                "operation": "image_transform",
                "parameters": {
                    "steps": [
                        {"op": "flatten", "color": "white"},
                        {"op": "pad", "aspect": "1:1", "color": "white"},
                    ]
                },
            },
        ],
        "to": "shop",
    },
)
async def batch_process(arguments: BatchProcess, media: TemplateMedia) -> Plan:
    """Return a plan with a step for each link of the chain, each for all files."""
    chain = _chain(arguments)
    files = await _files(arguments, media, chain[0])
    _check_number(files.used, chain)
    names = unique_names(placeholders.file_name(each) for each in files.used)
    elements = [
        {"file": placeholders.literal(file), "name": placeholders.literal(name)}
        for file, name in zip(files.used, names, strict=True)
    ]
    steps = _steps(chain, elements)
    count = f"{len(elements)} file{'s' * (len(elements) != 1)}"
    makers = [step for step in steps if made_kind(step.tool) is not None]
    return Plan(
        title=f"{count}: {listed((step.tool for step in steps), most=3)}",
        steps=steps,
        outputs={"results": f"${makers[-1].id}"} if makers else {},
        deliver=delivery(None if arguments.only_store else arguments.to),
        reuse=arguments.reuse,
        notes=[*files.notes(chain[0].tool), *([_REUSE] if arguments.reuse else [])],
    )


# The chain ----------------------------------------------------------------------------------------


def _chain(arguments: BatchProcess) -> list[Step]:
    """Return the steps as they were given, with whole names of tools."""
    if (arguments.operation is None) == (not arguments.steps):
        raise mistake(
            "operation",
            "Pass either operation or steps.",
            'Use operation for one step, steps for several: [{"operation": …, "parameters": …}].',
        )
    if arguments.steps and arguments.parameters:
        raise mistake(
            "parameters",
            "They belong to operation; each of the steps has its own.",
            "Move them into the step.",
        )
    given = arguments.steps or [
        ChainStep(operation=arguments.operation or "", parameters=arguments.parameters)
    ]
    # Read one by one, so that no step takes the one before as a whole.
    read = [
        read_plan([{"id": f"steps-{number}", "tool": each.operation, "arguments": each.parameters}])
        for number, each in enumerate(given, 1)
    ]
    problems = [problem for each in read for problem in each.problems]
    if problems:
        raise problems_error(problems)
    chain = [each.plan.steps[0] for each in read if each.plan is not None]
    for number, step in enumerate(chain):
        _check_link(step, number, chain)
    return chain


def _check_link(step: Step, number: int, chain: Sequence[Step]) -> None:
    if not takes_files(step.tool):
        raise mistake(
            f"steps[{number}].operation",
            f"{step.tool} takes no file.",
            "Use batch_generate for a list of prompts, or an operation that changes a file.",
        )
    if made_kind(step.tool) is None and step is not chain[-1]:
        raise mistake(
            f"steps[{number}].operation",
            f"{step.tool} makes nothing that the next step could use.",
            "Make it the last step.",
        )


def _kind(step: Step) -> MediaKind | None:
    """Return the kind of the files that the first step takes; None: any."""
    name = _open_file(step)
    taken = takes_files(step.tool)
    return taken[name] if name is not None else next(iter(taken.values()))


def _open_file(step: Step) -> str | None:
    """Return the argument that takes the file: the first one that isn't given, required first."""
    required = missing_file(step)
    if required is not None:
        return required
    given = step.arguments
    row = OPERATIONS.get(step.tool)
    known = takes_files(step.tool) if row is not None else {}
    return next((name for name in known if given.get(name) in (None, "")), None)


def _steps(chain: Sequence[Step], elements: list[dict[str, Any]]) -> list[Step]:
    """Return the steps, each for all files; the last one that makes media names them."""
    makers = [number for number, step in enumerate(chain) if made_kind(step.tool) is not None]
    last = makers[-1] if makers else None
    found: list[Step] = []
    for number, step in enumerate(chain):
        arguments = dict(step.arguments) if number else _of_files(step.arguments)
        used = {str(each.ref) for each in placeholders.find(arguments) if each.is_whole}
        element = _ELEMENT if number else _FILE
        name = _open_file(step)
        if name is not None and element not in used:
            arguments[name] = [element] if name in {"sounds", "media", "images"} else element
        if number == last and "label" not in arguments:
            arguments["label"] = "{item.name}"
        before: Any = f"${found[-1].id}" if found else elements
        update = {
            "id": step_id(step.tool.partition("_")[2], (each.id for each in found)),
            "arguments": arguments,
            "foreach": before,
        }
        found.append(step.model_copy(update=update))
    return found


def _of_files(arguments: Mapping[str, Any]) -> dict[str, Any]:
    """Return the arguments of the first step, where the element is the file."""
    return {name: _FILE if value == _ELEMENT else value for name, value in arguments.items()}


# The files ----------------------------------------------------------------------------------------


async def _files(arguments: BatchProcess, media: TemplateMedia, first: Step) -> _Files:
    """Return the files that the first step takes; those that can't be read fail later.

    Raises:
        StudioError: the source doesn't exist, or has no such files.
    """
    found = _Files()
    kind, argument = _kind(first), _open_file(first)
    for file in await media.files(arguments.source):
        try:
            shape = await media.shape(file)
        except (InputFileError, NotFoundError):
            found.unread.append(file)
            found.used.append(file)
            continue
        except StudioError:  # on the web: downloaded when the run needs it
            found.used.append(file)
            continue
        if kind not in {None, shape.kind}:
            found.others.append(file)
        elif not _fits(first.tool, argument, shape):
            found.misfits.append(file)
        else:
            found.used.append(file)
    if len(found.used) == len(found.unread):
        what = _PLURALS[kind] if kind is not None else "media"
        names = some(
            [
                placeholders.short_path(each)
                for each in (*found.unread, *found.misfits, *found.others)
            ]
        )
        raise mistake(
            "source",
            f"It has no {what} that {first.tool} takes; it has {names}.",
            "Name another folder, wildcard or list of files.",
        )
    return found


def _fits(tool: str, argument: str | None, shape: MediaShape) -> bool:
    """Return whether a file can be sent, if need be with another number of pixels."""
    row = OPERATIONS.get(tool)
    if row is None or argument is None or shape.size is None:
        return True
    try:
        sent_size(row, argument, shape.size)
    except FileUnusableError:
        return False
    return True


def _check_number(files: Sequence[str], chain: Sequence[Step]) -> None:
    paid = sum(step.tool in OPERATIONS for step in chain)
    most = MAX_JOBS // max(paid, 1)
    if len(files) > most:
        raise mistake(
            "source",
            f"It has {len(files):,} files; a run with {paid} paid steps takes up to {most}.",
            "Use a wildcard such as photos/a*.jpg for a part of them.",
        )
