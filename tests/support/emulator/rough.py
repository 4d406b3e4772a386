"""Runs the program with an emulator whose pictures have the right size and little detail.

`python -m support.emulator.rough emulator --port 0` serves clients that check sizes and formats.
"""

import runpy
from typing import Any

from PIL import Image

from stability_emulator.pictures import edits, inpainting, painting
from support.emulator.small import small, small_heal, small_scene


def rough_scene(
    prompt: str,
    seed: int,
    size: tuple[int, int],
    *look: Any,  # noqa: ANN401 -- of a scene
    negative: str = "",
) -> Image.Image:
    """Return a scene that is drawn small, then enlarged."""
    return small_scene(prompt, seed, small(size), *look, negative=negative).resize(size)


if __name__ == "__main__":
    painting.scene = rough_scene  # type: ignore[assignment, attr-defined]
    edits.healed = inpainting.healed = small_heal  # type: ignore[attr-defined]
    runpy.run_module("stability_mcp", run_name="__main__")
