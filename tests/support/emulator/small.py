"""Has the emulator draw small pictures quickly, in this process or in a server on stdio.

`python -m support.emulator.small` starts the server.
"""

import math
import random
import runpy
from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache
from types import ModuleType
from typing import Any

from PIL import Image

from stability_emulator import rendering
from stability_emulator.pictures import edits, inpainting, painting
from stability_emulator.pictures.brief import Brief
from stability_emulator.scenery.scene import USUAL, Look, scene
from stability_mcp.api.fields import Size
from stability_mcp.imaging.segment.masks import diffused

MAX_SMALL_SIDE = 192
"""Pixels; enough for every operation that takes a picture."""

MAX_WHOLE_PIXELS = 400_000
"""Pixels of a picture that the server draws whole, which is quick: edits of small photos."""

SMALL_SERVER = "support.emulator.small"
"""The module that runs a server whose emulator draws small pictures."""


def small_brief(
    *,
    size: Size,
    pictures: Mapping[str, Image.Image],
    **values: Any,  # noqa: ANN401 -- other fields of a brief
) -> Brief:
    """Return a brief for pictures of the same shapes, at most `MAX_SMALL_SIDE` long."""
    shrunk = {name: picture.resize(small(picture.size)) for name, picture in pictures.items()}
    return Brief(size=small(size), pictures=shrunk, **values)


def small(size: tuple[int, int]) -> Size:
    """Return the size of a small picture of the same shape."""
    share = min(1, MAX_SMALL_SIDE / max(size))
    return Size(*(max(round(side * share), 1) for side in size))


def small_scene(
    prompt: str, seed: int, size: tuple[int, int], look: Look = USUAL, *, negative: str = ""
) -> Image.Image:
    """Return a scene that is drawn once for all seeds, of which only one pixel differs."""
    if max(size) > MAX_SMALL_SIDE:
        return scene(prompt, seed, size, look, negative=negative)
    picture = _drawn(prompt, tuple(size), look, negative).copy()
    picture.putpixel((0, 0), tuple(seed.to_bytes(5, "little")[:3]))
    return picture


@lru_cache(maxsize=500)
def _drawn(prompt: str, size: tuple[int, int], look: Look, negative: str) -> Image.Image:
    return scene(prompt, 1, size, look, negative=negative)


def small_heal(
    picture: Image.Image,
    mask: Image.Image,
    rng: random.Random,
    *,
    avoided: Image.Image | None = None,  # noqa: ARG001 -- it copies nothing
) -> Image.Image:
    """Return the picture with the marked area filled with the tones around it and one at random."""
    tone = Image.new("RGB", picture.size, tuple(rng.randbytes(3)))
    return Image.composite(Image.blend(diffused(picture, mask), tone, 0.1), picture, mask)


QUICK: Sequence[tuple[ModuleType, str, Callable[..., Any]]] = (
    (rendering, "Brief", small_brief),
    (painting, "scene", small_scene),
    (edits, "healed", small_heal),
    (inpainting, "healed", small_heal),
)
"""What draws in place of the emulator's own functions."""


def _brief(**values: Any) -> Brief:  # noqa: ANN401 -- fields of a brief
    """Return a brief for a small picture; edits of small ones and upscaled ones stay whole."""
    is_whole = math.prod(values["size"]) <= MAX_WHOLE_PIXELS
    is_upscaled = str(values["operation"]).startswith("upscale")
    return Brief(**values) if is_whole or is_upscaled else small_brief(**values)


if __name__ == "__main__":
    for module_, name_, quick in QUICK:
        setattr(module_, name_, quick)
    rendering.Brief = _brief  # type: ignore[assignment, attr-defined]
    runpy.run_module("stability_mcp", run_name="__main__")
