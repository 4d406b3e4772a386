"""Prepares the files of a call for sending: finds, checks and adapts them to the API's limits.

This happens before anything is charged. Notes report which media each argument resolved to and how
it was changed. A file that would need cropping or padding is rejected, with a hint.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from types import MappingProxyType
from typing import TypeVar

from stability_mcp.api.fields import File
from stability_mcp.api.operation import Operation
from stability_mcp.api.operations import OPERATIONS
from stability_mcp.errors import ArgumentsError, InputFileError, NotFoundError
from stability_mcp.imaging.fit import AlphaUse
from stability_mcp.imaging.mask import MarkedBy, marked_share, transparency
from stability_mcp.imaging.memory import run
from stability_mcp.imaging.probe import probe
from stability_mcp.media.fitting import Fitter
from stability_mcp.media.importer import Importer
from stability_mcp.media.items import MediaItem
from stability_mcp.media.sound_fitting import fit_sounds
from stability_mcp.media.sound_length import fill_duration
from stability_mcp.store.threads import in_file_thread
from stability_mcp.text import quoted

T = TypeVar("T")

_MARKED_BY: Mapping[MarkedBy, str] = MappingProxyType(
    {
        "brightness": "",
        "paint": ": what is painted on the mask's transparent layer",
        "transparency": ": the mask's transparent area",
    }
)
"""How a mask marks, as the end of a sentence."""

PART_OVERHEAD = 300
"""Bytes of a form part in addition to its value: boundary, headers and line ends."""


@dataclass(frozen=True, kw_only=True)
class PreparedInputs:
    """A call whose files are ready to be sent."""

    operation: Operation
    """The request, with media ids in its file fields."""
    files: dict[str, MediaItem] = field(default_factory=dict)
    """The media to send, by field."""
    sources: dict[str, MediaItem] = field(default_factory=dict)
    """The media that the caller named, by field: the originals of fitted media."""
    notes: list[str] = field(default_factory=list)
    """The media that each argument resolved to, and how it was changed."""


async def prepare_inputs(
    operation: Operation, importer: Importer, *, max_file_size: int
) -> PreparedInputs:
    """Find, check and fit the files of a request.

    Args:
        operation: The request, as the caller wrote it.
        importer: Resolves its references.
        max_file_size: Maximum bytes of a request that sends pictures.

    Raises:
        NotFoundError: no stored media has that name.
        InputFileError: a file is missing, isn't allowed or can't be used.
        ArgumentsError: a file is of the wrong kind, or nothing is marked.
        StorageError: the disk of the store is full.
    """
    marks = operation.file_fields()
    named = {name: getattr(operation, name) for name in marks}
    sources: dict[str, MediaItem] = {}
    notes: list[str] = []
    for name, reference in named.items():
        if reference is not None:
            try:
                resolved = await importer.resolve(reference, marks[name], argument=name)
            except (ArgumentsError, InputFileError, NotFoundError) as error:
                if error.message.startswith(f"{name} "):
                    raise
                # Errors about the contents of a file don't include the caller's name for it.
                reference_text = (
                    "" if quoted(reference) in error.message else f" {quoted(reference)}"
                )
                raise type(error)(
                    f"{name}{reference_text}: {error.message}", hint=error.hint
                ) from None
            sources[name] = resolved.item
            notes.append(resolved.note)
    marked = await _check_marks(operation, sources, marks)
    max_bytes = _max_file_bytes(operation, marks, max_file_size)
    pictures = {name: item for name, item in sources.items() if marks[name].media == "image"}
    sounds = {name: item for name, item in sources.items() if name not in pictures}
    cut = await fit_sounds(
        type(operation), sounds, importer.library, max_bytes=max_bytes, clock=importer.clock
    )
    operation, lengths = fill_duration(operation, sources | cut.files)
    fitter = Fitter(
        importer.library,
        type(operation),
        max_bytes,
        black_marks=_black_marks(operation),
        alpha=_alpha_use(operation),
    )
    fitted = await fitter.fit(pictures, clock=importer.clock)
    files = sources | cut.files | fitted.files
    return PreparedInputs(
        operation=operation.model_copy(update={name: item.id for name, item in files.items()}),
        files=files,
        sources=sources,
        notes=notes + cut.notes + lengths + marked + fitted.notes,
    )


def _alpha_use(operation: Operation) -> AlphaUse:
    """Return how a picture's transparency is handled.

    *Gap*: what upscalers do with transparency isn't documented. *Chosen*: they get only
    the colours, so that the result is the same whether they would keep, drop or ignore it.
    """
    if not operation.enlarges:
        return "send"
    return "white" if getattr(operation, "output_format", None) == "jpeg" else "separate"


def _max_file_bytes(operation: Operation, marks: Mapping[str, File], max_file_size: int) -> int:
    """Return the maximum bytes for all files of a request together."""
    most = operation.spec.max_body
    if any(mark.media == "image" for mark in marks.values()):
        most = min(most, max_file_size)
    text = sum(len(name) + len(value.encode()) for name, value in operation.form().items())
    return most - text - PART_OVERHEAD * (len(operation.form()) + len(marks) + 1)


async def _check_marks(
    operation: Operation, sources: Mapping[str, MediaItem], marks: Mapping[str, File]
) -> list[str]:
    """Check that an area is marked if the operation changes a marked area; return how much is.

    Raises:
        ArgumentsError: nothing is marked.
    """
    notes = []
    masks = {name: mark.mask_for for name, mark in marks.items() if mark.mask_for is not None}
    values = operation.model_dump(include={"mask_source"})
    for name, picture in masks.items():
        if name in sources:
            black = _black_marks(operation)
            share, by = await _on_picture(sources[name], partial(marked_share, black=black))
            if not share:
                raise _nothing_marked(name, sources[name], black=black)
            notes.append(f"{name}: {_percent(share)} of the picture is marked{_MARKED_BY[by]}")
        elif _needs_marking(operation, values) and picture in sources:
            item = sources[picture]
            share = await _on_picture(item, transparency)
            if not share:
                raise ArgumentsError(
                    f"{picture}: nothing is marked in {quoted(item.name)}: it has no transparent "
                    f"area, and no {name} was given.",
                    hint=f"Pass {name}, a black-and-white picture of the same size that is white "
                    f"where the picture should change; or make that area transparent."
                    f"{_alternative_without_mask(operation)}",
                )
            notes.append(f"{picture}: {_percent(share)} of the picture is marked: it's transparent")
    return notes


def _nothing_marked(name: str, mask: MediaItem, *, black: bool) -> ArgumentsError:
    marked, kept = ("black", "white") if black else ("white", "black")
    return ArgumentsError(
        f"{name}: {quoted(mask.name)} is entirely {kept}, so nothing is marked.",
        hint=f"Paint the area to change {marked} and keep the rest {kept}.",
    )


def _black_marks(operation: Operation) -> bool:
    """Return whether black marks the area to change instead of white."""
    return str(getattr(operation, "mask_source", "")).endswith("BLACK")


def _percent(share: float) -> str:
    """Return a share as text; a tiny or nearly whole one isn't rounded to 0 or 100 %."""
    percent = share * 100
    exact = 1 <= percent <= 99 or percent in {0, 100}  # noqa: PLR2004 -- percent
    return f"{percent:.0f} %" if exact else "less than 1 %" if percent < 1 else "more than 99 %"


def _needs_marking(operation: Operation, values: Mapping[str, object]) -> bool:
    return operation.needs_marking or str(values.get("mask_source", "")).endswith("ALPHA")


def _alternative_without_mask(operation: Operation) -> str:
    """Return a sentence naming a tool of the same family that finds the area by a prompt."""
    names = [
        name
        for name, other in OPERATIONS.items()
        if other.toolset() == operation.toolset() and "search_prompt" in other.model_fields
    ]
    return f" To change something you can name, use {names[0]} without a mask." if names else ""


async def _on_picture(item: MediaItem, check: Callable[[Path], T]) -> T:
    facts = await in_file_thread(partial(probe, item.path))
    return await run(check, item.path, facts=facts)
