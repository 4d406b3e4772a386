"""Fills in the length of an edited sound, which is by default that of the sound that is sent."""

from collections.abc import Mapping
from typing import TypeVar

from stability_mcp.api.operation import Operation
from stability_mcp.api.parsing import parse
from stability_mcp.errors import ArgumentsError
from stability_mcp.media.items import MediaItem
from stability_mcp.text import quoted

DURATION = "duration"
SOURCE = "audio"
_DECIMALS = 2

Row = TypeVar("Row", bound=Operation)


def fill_duration(operation: Row, sources: Mapping[str, MediaItem]) -> tuple[Row, list[str]]:
    """Return the request with a `duration`, and a note for the answer if it was filled in.

    The length is within the API's range: it is that of `audio`, which has narrower limits.

    Args:
        operation: The request.
        sources: The media that it names, by field; their lengths were checked.

    Raises:
        ArgumentsError: the length can't be read, or the part to change is after the end.
    """
    sound = sources.get(SOURCE)
    if sound is None or getattr(operation, DURATION) is not None:
        return operation, []
    if sound.seconds is None:
        raise ArgumentsError(
            f"{DURATION} is missing, and the length of {quoted(sound.name)} can't be read.",
            hint=f"Pass {DURATION}: the length of the result in seconds.",
        )
    seconds = round(sound.seconds, _DECIMALS)
    filled = parse(type(operation), operation.model_dump(exclude_none=True) | {DURATION: seconds})
    return filled, [f"{DURATION}: {seconds:g} s, the length of {SOURCE}{_cut_off(filled, seconds)}"]


def _cut_off(operation: Operation, seconds: float) -> str:
    """Return a warning if the part to change continues after the end of the result."""
    if getattr(operation, "mask_end", 0) <= seconds:
        return ""
    return f"; the result ends there, before mask_end: to continue the sound, pass {DURATION}"
