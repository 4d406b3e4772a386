"""Writes several pictures as one animation."""

import math
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from stability_mcp.imaging.export.animated import AnimationFormat, encode_animation
from stability_mcp.imaging.export.export_formats import EXPORT_FORMATS
from stability_mcp.imaging.strip import atomic_write
from stability_mcp.imaging.transform.size_limits import TransformError, size_text

if TYPE_CHECKING:
    from PIL import Image

MAX_FRAMES = 24
MAX_FRAME_PIXELS = 4_000_000
"""Pixels of a frame: players decode them in real time."""
MAX_ALL_PIXELS = 53_000_000
"""Pixels of all frames, which are in memory together: 24 of 1920x1080, or 50 of 1024x1024."""
MIN_DURATION, MAX_DURATION = 20, 60_000
"""Milliseconds of a frame: browsers slow down shorter ones."""
MAX_LOOP = 1_000


class Timing(NamedTuple):
    """How an animation plays."""

    duration: int = 500
    """Milliseconds of a frame."""
    loop: int = 0
    """How often it plays; 0: without end."""


def check_frames(size: tuple[int, int], number: int) -> None:
    """Raise TransformError if that many frames of this size would be too large."""
    most = max_frame_pixels(number)
    if size[0] * size[1] > most:
        raise TransformError(
            f"{number} frames of {size_text(size)} are too large: each may have "
            f"{most / 1e6:.1f} megapixels",
            hint=f"Resize to {size_text(largest_frame(size, number))} before frames.",
        )


def max_frame_pixels(number: int) -> int:
    """Return the most pixels of a frame of an animation of that many."""
    return min(MAX_FRAME_PIXELS, MAX_ALL_PIXELS // number)


def largest_frame(size: tuple[int, int], number: int) -> tuple[int, int]:
    """Return the largest size of the same shape for an animation of that many frames."""
    scale = math.sqrt(max_frame_pixels(number) / (size[0] * size[1]))
    return int(size[0] * scale), int(size[1] * scale)


def write_animation(
    frames: Sequence["Image.Image"],
    path: Path,
    form: AnimationFormat,
    timing: Timing,
    *,
    quality: int = 85,
) -> None:
    """Write pictures of the same size as an animation.

    Args:
        frames: The pictures, RGB or RGBA.
        path: The file.
        form: Its format.
        timing: How it plays.
        quality: Quality of a WebP, from 1 to 100.

    Raises:
        OSError: the disk is full.
    """
    level = quality if form == "webp" else EXPORT_FORMATS[form].default
    durations = [timing.duration] * len(frames)
    data = encode_animation(frames, form, durations, level, plays=timing.loop)
    with atomic_write(path) as out:
        out.write(data)
