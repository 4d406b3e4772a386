"""Compares the size of a result with that of the original picture, before anything is paid."""

from stability_mcp.api.fields import ImageLimits, Size
from stability_mcp.api.kinds import PictureOperation
from stability_mcp.api.operations import OPERATIONS
from stability_mcp.errors import ArgumentsError, FileUnusableError
from stability_mcp.imaging.sizes import fitting_size
from stability_mcp.media.inputs import PreparedInputs
from stability_mcp.media.items import MediaItem
from stability_mcp.text import credits_text, quoted

EDITING = frozenset({"edit", "upscale"})
"""Families whose result is the picture itself, changed. Other pictures are only an orientation."""


def check_result_size(prepared: PreparedInputs, *, allow_smaller: bool) -> list[str]:
    """Return a note if the result has fewer pixels than the original.

    Args:
        prepared: The call, its files ready.
        allow_smaller: Whether an upscaler may return such a result.

    Raises:
        ArgumentsError: an upscaler would return such a result.
    """
    operation = prepared.operation
    if not isinstance(operation, PictureOperation) or operation.toolset() not in EDITING:
        return []
    name = next(iter(operation.file_fields()))
    original, sent = prepared.sources[name], prepared.files[name]
    before, after = _size(original), operation.output_size(_size(sent))
    if _pixels(after) >= _pixels(before):
        return []
    if operation.enlarges and not allow_smaller:
        raise ArgumentsError(
            f"{operation.name()}: the result would be {_text(after)}, smaller than "
            f"{quoted(original.name)} with {_text(before)}.",
            hint=f"{_alternative(before)}To pay {credits_text(operation.price())} for the smaller "
            "picture anyway, pass allow_smaller true.",
        )
    more = "; full_size also cuts out the original" if operation.cuts_out else ""
    return [
        f"note: the result is {_text(after)}, smaller than the original with {_text(before)}{more}"
    ]


def _alternative(before: Size) -> str:
    """Return a sentence that names an upscaler whose result is larger than the picture, if any."""
    for name, row in OPERATIONS.items():
        limits = next(iter(row.file_fields().values())).limits if row.file_fields() else None
        if not row.enlarges or not isinstance(limits, ImageLimits):
            continue
        after = _result_size(row.model_construct(), before, limits)
        if after is not None and _pixels(after) > _pixels(before):
            return f"{name} makes {_text(after)}. "
    return ""


def _result_size(operation: object, before: Size, limits: ImageLimits) -> Size | None:
    """Return the size that an upscaler makes of a picture; None if it doesn't accept it."""
    if not isinstance(operation, PictureOperation):  # pragma: no cover -- all upscalers are
        return None
    try:
        return operation.output_size(fitting_size(before, limits))
    except FileUnusableError:
        return None


def _size(item: MediaItem) -> Size:
    return Size(item.width or 0, item.height or 0)


def _pixels(size: Size) -> int:
    return size.width * size.height


def _text(size: Size) -> str:
    return f"{size.width}x{size.height}"
