"""Making the files of a call ready to be sent: found, checked, and made to fit what the API takes.

All of it happens before anything is paid, and all that was done is said: what each argument turned
out to be, and how a file was changed. What cannot be mended without asking is refused with what
would help.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

from stability_mcp.api.fields import AudioLimits, File
from stability_mcp.api.operation import Operation
from stability_mcp.api.operations import OPERATIONS
from stability_mcp.errors import ArgumentsError, FileUnusableError, InputFileError, NotFoundError
from stability_mcp.imaging.mask import has_transparency, is_empty_mask
from stability_mcp.imaging.memory import run
from stability_mcp.imaging.probe import probe
from stability_mcp.imaging.sniff import extension
from stability_mcp.media.fitting import Fitter
from stability_mcp.media.importer import Importer
from stability_mcp.media.items import MediaItem
from stability_mcp.store.threads import in_file_thread
from stability_mcp.text import listed, quoted

PART_OVERHEAD = 300
"""Bytes that a part of a form takes beside its value: boundary, headers and line ends."""


@dataclass(frozen=True, kw_only=True)
class PreparedInputs:
    """A call whose files are ready."""

    operation: Operation
    """The request, with media ids in its file fields."""
    files: dict[str, MediaItem] = field(default_factory=dict)
    """What is sent, by field."""
    sources: dict[str, MediaItem] = field(default_factory=dict)
    """What the caller named, by field: the same, or what was made to fit."""
    notes: list[str] = field(default_factory=list)
    """What each argument turned out to be, and what was changed."""


async def prepare_inputs(
    operation: Operation, importer: Importer, *, max_file_size: int
) -> PreparedInputs:
    """Find, check and fit the files of a request.

    Args:
        operation: The request, as the caller wrote it.
        importer: Finds what it names.
        max_file_size: Most bytes of a request that sends pictures.

    Raises:
        NotFoundError: nothing of that name is stored.
        InputFileError: a file is not there, may not be read, or cannot be used.
        ArgumentsError: a file is of the wrong kind, or nothing is marked.
        StorageError: our own disk is full.
    """
    marks = operation.file_fields()
    named = {name: getattr(operation, name) for name in marks}
    sources: dict[str, MediaItem] = {}
    notes: list[str] = []
    for name, reference in named.items():
        if reference is not None:
            try:
                resolved = await importer.resolve(reference, marks[name], argument=name)
            except (InputFileError, NotFoundError) as error:
                # Text about what is in a file does not know how the caller named it.
                reference_text = (
                    "" if quoted(reference) in error.message else f" {quoted(reference)}"
                )
                raise type(error)(
                    f"{name}{reference_text}: {error.message}", hint=error.hint
                ) from None
            sources[name] = resolved.item
            notes.append(resolved.note)
    await _check_marks(operation, sources, marks)
    max_bytes = _max_file_bytes(operation, marks, max_file_size)
    pictures = {name: item for name, item in sources.items() if marks[name].media == "image"}
    for name in sources.keys() - pictures.keys():
        _check_sound(name, sources[name], marks[name], max_bytes)
    fitted = await Fitter(importer.library, type(operation), max_bytes).fit(
        pictures, clock=importer.clock
    )
    files = sources | fitted.files
    return PreparedInputs(
        operation=operation.model_copy(update={name: item.id for name, item in files.items()}),
        files=files,
        sources=sources,
        notes=notes + fitted.notes,
    )


def _max_file_bytes(operation: Operation, marks: Mapping[str, File], max_file_size: int) -> int:
    """Return how many bytes all files of a request may have together."""
    most = operation.spec.max_body
    if any(mark.media == "image" for mark in marks.values()):
        most = min(most, max_file_size)
    text = sum(len(name) + len(value.encode()) for name, value in operation.form().items())
    return most - text - PART_OVERHEAD * (len(operation.form()) + len(marks) + 1)


def _check_sound(name: str, item: MediaItem, mark: File, max_bytes: int) -> None:
    if not isinstance(mark.limits, AudioLimits):  # pragma: no cover -- sound has such limits
        return
    form, limits = extension(item.media_type), mark.limits
    if form not in limits.formats:
        raise FileUnusableError(
            f"{name}: {quoted(item.name)} is {form.upper()}; "
            f"{listed(each.upper() for each in limits.formats)} are taken.",
            hint="Export it as MP3 or WAV: sound is not converted here.",
        )
    if item.seconds is not None and not limits.min_seconds <= item.seconds <= limits.max_seconds:
        raise FileUnusableError(
            f"{name}: {quoted(item.name)} is {item.seconds:.1f} s long; "
            f"{limits.min_seconds:g} to {limits.max_seconds:g} s are taken.",
            hint="Cut it." if item.seconds > limits.max_seconds else "Use a longer sound.",
        )
    if item.bytes > max_bytes:
        raise FileUnusableError(
            f"{name}: {quoted(item.name)} has {item.bytes:,} bytes; "
            f"{max_bytes:,} fit into a request.",
            hint="Export it as MP3 or cut it.",
        )


async def _check_marks(
    operation: Operation, sources: Mapping[str, MediaItem], marks: Mapping[str, File]
) -> None:
    """See that something is marked, where an operation changes what is marked.

    Raises:
        ArgumentsError: nothing is.
    """
    masks = {name: mark.mask_for for name, mark in marks.items() if mark.mask_for is not None}
    values = operation.model_dump(include={"mask_source"})
    for name, picture in masks.items():
        by_black = str(values.get("mask_source", "")).endswith("BLACK")
        if name in sources:
            if not by_black and await _on_picture(sources[name], is_empty_mask):
                raise ArgumentsError(
                    f"{name}: {quoted(sources[name].name)} is black all over, so nothing is "
                    "marked.",
                    hint="Make white what shall change, and leave black what shall stay.",
                )
        elif _needs_marking(operation, values) and picture in sources:
            item = sources[picture]
            if not await _on_picture(item, has_transparency):
                raise ArgumentsError(
                    f"{picture}: nothing is marked in {quoted(item.name)}: no part of it is "
                    f"transparent, and no {name} was given.",
                    hint=f"Give {name}: a black and white picture of the same size, white where "
                    f"it shall change; or make that part of the picture transparent."
                    f"{_without_mask(operation)}",
                )


def _needs_marking(operation: Operation, values: Mapping[str, object]) -> bool:
    return operation.needs_marking or str(values.get("mask_source", "")).endswith("ALPHA")


def _without_mask(operation: Operation) -> str:
    """Return which tools of the family find by name what others need marked."""
    names = [
        name
        for name, other in OPERATIONS.items()
        if other.toolset() == operation.toolset() and "search_prompt" in other.model_fields
    ]
    return f" To change a thing you can name, without a mask: {names[0]}." if names else ""


async def _on_picture(item: MediaItem, check: Callable[[Path], bool]) -> bool:
    facts = await in_file_thread(partial(probe, item.path))
    return await run(check, item.path, facts=facts)
