"""Writes several pictures as one animation."""

import math
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Literal, NamedTuple

from stability_mcp.imaging.strip import atomic_write
from stability_mcp.imaging.transform.size_limits import TransformError, size_text

if TYPE_CHECKING:
    from PIL import Image

AnimationFormat = Literal["webp", "gif"]

MAX_FRAMES = 24
MAX_FRAME_PIXELS = 4_000_000
"""Pixels of a frame: players decode them in real time."""
MAX_ALL_PIXELS = 50_000_000
"""Pixels of all frames, which are in memory together: 24 of 1920x1080."""
MIN_DURATION, MAX_DURATION = 20, 60_000
"""Milliseconds of a frame: browsers slow down shorter ones."""
MAX_LOOP = 1_000
_METHOD = 2


class Timing(NamedTuple):
    """How an animation plays."""

    duration: int = 500
    """Milliseconds of a frame."""
    loop: int = 0
    """How often it plays; 0: without end."""


def check_frames(size: tuple[int, int], number: int) -> None:
    """Raise TransformError if that many frames of this size would be too large."""
    most = min(MAX_FRAME_PIXELS, MAX_ALL_PIXELS // number)
    pixels = size[0] * size[1]
    if pixels > most:
        scale = math.sqrt(most / pixels)
        raise TransformError(
            f"{number} frames of {size_text(size)} are too large: each may have "
            f"{most / 1e6:.1f} megapixels",
            hint=f"Resize to {int(size[0] * scale)}x{int(size[1] * scale)} before frames.",
        )


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
    from importlib import import_module

    name = "WebP" if form == "webp" else "Gif"
    import_module(f"PIL.{name}ImagePlugin")
    alpha = any(frame.mode == "RGBA" for frame in frames)
    first, *others = _alike(frames, alpha=alpha)
    # A GIF's own count is of repetitions after the first time; without it, it plays once.
    loops = {"loop": timing.loop} if form == "webp" else _gif_loops(timing.loop)
    options = {"quality": quality, "method": _METHOD} if form == "webp" else {"disposal": 2}
    with atomic_write(path) as out:
        first.save(
            out,
            name.upper(),
            save_all=True,
            append_images=others,
            duration=timing.duration,
            **loops,
            **options,
        )


def _alike(frames: Sequence["Image.Image"], *, alpha: bool) -> "Iterator[Image.Image]":
    mode = "RGBA" if alpha else "RGB"
    return (frame if frame.mode == mode else frame.convert(mode) for frame in frames)


def _gif_loops(times: int) -> dict[str, int]:
    if times == 1:
        return {}
    return {"loop": times - 1 if times else 0}
