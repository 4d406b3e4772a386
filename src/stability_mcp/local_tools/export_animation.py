"""Checks whether pictures can be exported as one animation, and decides its size and format."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, cast

from stability_mcp.api.fields import Size
from stability_mcp.errors import ArgumentsError
from stability_mcp.imaging.export.animated import AnimationFormat
from stability_mcp.imaging.export.placement import Wanted, place
from stability_mcp.imaging.transform.animation import largest_frame, max_frame_pixels
from stability_mcp.local_tools.export_arguments import MediaExport
from stability_mcp.local_tools.workbench import Source
from stability_mcp.text import listed

DEFAULT_FORMAT: AnimationFormat = "webp"
"""Half the size of a GIF, with all colours; every browser plays it."""
_FORMATS = ("gif", "webp")
RECORDED = frozenset({"fps", "width", "height", "fit", "background", "quality", "max_bytes"})
"""Arguments that the provenance of an animation has: none is a path or a label."""
MAX_GROUPS = 8
"""Lines about frames in an answer; more are left out."""
_USELESS = ("preset", "dpi", "profile")
"""Options that an animation doesn't take."""


@dataclass(frozen=True, kw_only=True)
class Animation:
    """An animation to write, whose frames are the planned files."""

    name: str
    form: AnimationFormat
    fps: float
    options: Mapping[str, Any]
    """What was asked for, as its provenance records it."""


def animation_format(arguments: MediaExport, asked: str | None) -> AnimationFormat | None:
    """Return the format of the animation; None: none is wanted.

    Args:
        arguments: The arguments of the call.
        asked: The format that they ask for.

    Raises:
        ArgumentsError: the arguments don't fit an animation.
    """
    if arguments.fps is None:
        return None
    form = asked or DEFAULT_FORMAT
    if form not in _FORMATS:
        raise ArgumentsError(
            f"fps makes an animation, which can't be written as {form}.",
            hint="Use gif or webp, or leave out fps.",
        )
    useless = [name for name in _USELESS if getattr(arguments, name)]
    if useless:
        raise ArgumentsError(
            f"fps makes one animation, so {listed(useless)} can't be used with it.",
            hint=f"Leave out {listed(useless)}; width, height and fit choose the size.",
        )
    if len(arguments.media) == 1:
        raise ArgumentsError(
            "fps makes an animation of several pictures, but media has only one.",
            hint="Pass the frames as media, in order.",
        )
    return cast("AnimationFormat", form)


def frame_size(arguments: MediaExport, sources: Sequence[Source]) -> Size:
    """Return the size of each frame: that of the first picture, or what was asked for.

    Raises:
        ArgumentsError: that many frames of this size need too much memory.
    """
    first = sources[0].facts.size
    wanted = Wanted(width=arguments.width, height=arguments.height, fit=arguments.fit)
    size = place(Size(*first), wanted, None).canvas
    most = max_frame_pixels(len(sources))
    if size.width * size.height > most:
        width, height = largest_frame(size, len(sources))
        raise ArgumentsError(
            f"{len(sources)} frames of {size.width}x{size.height} are too large: each may have "
            f"{most / 1e6:.1f} megapixels.",
            hint=f"Pass width={width} and height={height}.",
        )
    return size


def frame_groups(changes: Sequence[Sequence[str]]) -> list[str]:
    """Return what was changed in which frames: `frames 2 and 5: padded with white`."""
    numbers: dict[tuple[str, ...], list[int]] = {}
    for number, each in enumerate(changes, 1):
        numbers.setdefault(tuple(each), []).append(number)
    lines = [
        f"{_frames(found, len(changes))}: {', '.join(change)}"
        for change, found in numbers.items()
        if change
    ]
    more = len(lines) - MAX_GROUPS
    return lines if more <= 0 else [*lines[:MAX_GROUPS], f"and {more} more such lines"]


def _frames(numbers: Sequence[int], total: int) -> str:
    if len(numbers) == total:
        return "every frame"
    ranges: list[list[int]] = []
    for number in numbers:
        if ranges and ranges[-1][1] == number - 1:
            ranges[-1][1] = number
        else:
            ranges.append([number, number])
    shown = ", ".join(str(a) if a == b else f"{a} to {b}" for a, b in ranges)
    return f"frame {shown}" if len(numbers) == 1 else f"frames {shown}"
