"""The scene that a brief asks for, as a picture of its own or as material for an edit."""

from PIL import Image

from stability_mcp.emulator.render.brief import Brief
from stability_mcp.emulator.render.palette import chance, words_of
from stability_mcp.emulator.render.scene import scene
from stability_mcp.emulator.render.toning import without
from stability_mcp.fields import Size


def painted(brief: Brief, size: tuple[int, int], *, prompt: str | None = None) -> Image.Image:
    """Return a scene of that size without what the negative prompt names.

    Args:
        brief: Whose prompt, style, seed and negative prompt count.
        size: Width and height in pixels.
        prompt: What is to be seen, instead of the brief's prompt.
    """
    words = brief.prompt if prompt is None else prompt
    if not brief.negative:
        return scene(words, brief.seed, Size(*size), brief.style)
    unwanted = set(words_of(brief.negative))
    kept = " ".join(word for word in words.split() if unwanted.isdisjoint(words_of(word)))
    seed = chance("without", brief.seed, brief.negative).randrange(2**32)
    return without(scene(kept, seed, Size(*size), brief.style), brief.negative)
