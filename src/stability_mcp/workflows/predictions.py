"""Predicts what a step makes, from what goes into it: kind, size and length.

A size that depends on the pixels, such as that of a crop to the subject, is unknown.
"""

from collections.abc import Mapping

from pydantic import BaseModel

from stability_mcp.api.fields import ImageLimits, Size
from stability_mcp.api.kinds import PictureOperation
from stability_mcp.api.operation import MediaKind, Operation
from stability_mcp.api.operations import OPERATIONS
from stability_mcp.errors import FileUnusableError
from stability_mcp.imaging.sizes import fitting_size
from stability_mcp.local_tools import all_local_tools
from stability_mcp.local_tools.local_tool import MediaShape, StepFacts


def step_facts(tool: str) -> StepFacts | None:
    """Return what a workflow knows of a local tool; None: it can't be a step."""
    found = all_local_tools().get(tool)
    return found.step if found is not None else None


def made_kind(tool: str) -> MediaKind | None:
    """Return the kind of media that a tool makes; None: nothing that a step can use."""
    row = OPERATIONS.get(tool)
    if row is not None:
        return row.media
    return "audio" if tool.startswith("audio_") else "image" if tool.startswith("image_") else None


def takes_files(tool: str) -> Mapping[str, MediaKind | None]:
    """Return the kinds of media that a tool takes, by argument; None: any kind."""
    row = OPERATIONS.get(tool)
    if row is not None:
        return {name: mark.media for name, mark in row.file_fields().items()}
    facts = step_facts(tool)
    return facts.files if facts is not None else {}


def is_file_text(tool: str, argument: str, text: str) -> bool:
    """Return whether a text for an argument that takes files names one, rather than a value."""
    facts = step_facts(tool)
    return facts is None or not facts.is_value(argument, text)


def predict(tool: str, request: BaseModel, files: Mapping[str, MediaShape]) -> MediaShape | None:
    """Return what one call makes; None: nothing that another step can use.

    Args:
        tool: Name of the tool.
        request: Its parsed arguments.
        files: What goes into it, by argument.

    Raises:
        StepError, TransformError: a local tool can't work on a picture of this size.
        ArgumentsError: the arguments of a local tool contradict one another.
    """
    if isinstance(request, PictureOperation):
        return MediaShape(
            kind="image", size=_picture_size(request, files), has_alpha=type(request).cuts_out
        )
    if isinstance(request, Operation):
        kind = type(request).media
        seconds = getattr(request, "duration", None)
        form = getattr(request, "output_format", None)
        is_mp3 = form == "mp3" if kind == "audio" and form is not None else None
        return MediaShape(kind=kind, seconds=seconds, is_mp3=is_mp3) if kind is not None else None
    facts = step_facts(tool)
    return facts.predict(request, files) if facts is not None else None


def sent_size(operation: type[Operation], name: str, size: Size) -> Size:
    """Return the size at which a picture is sent.

    Raises:
        FileUnusableError: it would have to be cropped or padded.
    """
    limits = operation.file_fields()[name].limits
    return fitting_size(size, limits) if isinstance(limits, ImageLimits) else size


def picture_argument(operation: type[Operation]) -> str | None:
    """Return the argument of the picture that an operation works on, or None."""
    marks = operation.file_fields().items()
    return next((name for name, mark in marks if mark.media == "image"), None)


def shrunk(
    row: type[Operation], files: Mapping[str, MediaShape], made: MediaShape | None
) -> tuple[Size, Size] | None:
    """Return the sizes before and after an upscaler, if the result isn't larger."""
    source = files.get(picture_argument(row) or "")
    before, after = (each.size if each is not None else None for each in (source, made))
    if not row.enlarges or before is None or after is None:
        return None
    is_larger = after.width * after.height > before.width * before.height
    return None if is_larger else (before, after)


def _picture_size(request: PictureOperation, files: Mapping[str, MediaShape]) -> Size | None:
    name = picture_argument(type(request))
    if name is None or getattr(request, name) is None:
        return request.output_size(None)
    source = files[name].size if name in files else None
    if source is None:
        return None
    try:
        return request.output_size(sent_size(type(request), name, source))
    except FileUnusableError:
        return None
