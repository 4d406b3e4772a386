"""Encodes pictures of one size as an animated GIF or WebP, without metadata."""

import io
from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import TYPE_CHECKING, Literal

from stability_mcp.imaging.export.export_formats import few_colours

if TYPE_CHECKING:
    from PIL import Image

AnimationFormat = Literal["webp", "gif"]

MIN_FPS, MAX_FPS = 1, 30
"""Frames per second. Browsers slow down GIFs of more than 50 (chosen with room to spare)."""
_METHOD = 2
"""Effort of the WebP encoder: half the time of the default for a few percent more bytes."""
_KEEP, _CLEAR = 1, 2
"""Disposals of a GIF frame: the next one is drawn over it, or over nothing (GIF89a, 23)."""
_GIF_TICK = 10
"""Milliseconds of a GIF's unit of time."""


def frame_durations(frames: int, fps: float, form: AnimationFormat) -> list[int]:
    """Return the milliseconds of each frame.

    Each is rounded to the unit of the format so that the sum is exact to one unit: 30 frames per
    second are 30, 40 and 30 ms in a GIF, not always 30.
    """
    tick = _GIF_TICK if form == "gif" else 1
    ends = [round(1_000 * number / fps / tick) * tick for number in range(frames + 1)]
    return [end - start for start, end in pairwise(ends)]


def encode_animation(
    frames: "Sequence[Image.Image]",
    form: AnimationFormat,
    durations: Sequence[int],
    level: int,
    *,
    plays: int = 0,
) -> bytes:
    """Encode an animation; equal frames give equal bytes. Blocks.

    Args:
        frames: The pictures, RGB or RGBA, of the same size; at least two.
        form: The format.
        durations: Milliseconds of each frame.
        level: Quality of a WebP; colours of each frame of a GIF, which has its own palette.
        plays: How often it plays; 0: without end.
    """
    alpha = any(frame.mode == "RGBA" for frame in frames)
    mode = "RGBA" if alpha else "RGB"
    alike = (frame if frame.mode == mode else frame.convert(mode) for frame in frames)
    if form == "gif":
        return b"".join(_gif(alike, durations, level, plays))
    return _webp(alike, durations, level, plays)


def _webp(
    frames: "Iterator[Image.Image]", durations: Sequence[int], quality: int, plays: int
) -> bytes:
    from PIL import WebPImagePlugin  # noqa: F401 -- registers the format

    buffer = io.BytesIO()
    next(frames).save(
        buffer,
        "WEBP",
        save_all=True,
        append_images=frames,
        duration=list(durations),
        loop=plays,
        quality=quality,
        method=_METHOD,
    )
    return buffer.getvalue()


def _gif(
    frames: "Iterator[Image.Image]", durations: Sequence[int], colours: int, plays: int
) -> "Iterator[bytes]":
    """Yield the parts of a GIF.

    Pillow's own writer takes an opaque pixel for background if it has the colour of the transparent
    entry of the first palette, and merges equal frames.
    """
    from PIL import GifImagePlugin

    shown: Image.Image | None = None
    for frame, duration in zip(frames, durations, strict=True):
        reduced = few_colours(frame, colours, with_alpha=False)
        options = {"duration": duration, "include_color_table": True, "disposal": _KEEP}
        corner = (0, 0)
        if "transparency" in reduced.info:
            options |= {"disposal": _CLEAR, "transparency": reduced.info["transparency"]}
        if shown is None:
            # Its own count is of repetitions after the first time; without it, it plays once.
            loops = {} if plays == 1 else {"loop": max(plays - 1, 0)}
            yield from GifImagePlugin.getheader(reduced, info=loops)[0]
            shown = reduced
        if frame.mode == "RGB":
            reduced, shown, corner = _changed(reduced, shown)
        yield from GifImagePlugin.getdata(reduced, corner, **options)
    yield b";"


def _changed(
    frame: "Image.Image", before: "Image.Image"
) -> "tuple[Image.Image, Image.Image, tuple[int, int]]":
    """Return the part of an opaque frame that differs from the one before, the frame, and where."""
    from PIL import ImageChops

    whole = frame.convert("RGB")
    if frame is before:
        return frame, whole, (0, 0)
    box = ImageChops.difference(whole, before).getbbox() or (0, 0, 1, 1)
    part = frame if box == (0, 0, *frame.size) else frame.crop(box)
    return part, whole, box[:2]
