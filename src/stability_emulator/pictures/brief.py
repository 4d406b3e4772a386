"""Input of a renderer: the operation's values, the uploaded pictures, size and seed."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from PIL import Image

from stability_mcp.api.fields import Size
from stability_mcp.imaging.segment.masks import opaque


@dataclass(frozen=True, kw_only=True)
class Brief:
    """A picture to render."""

    operation: str
    """Name of the row, such as `edit_erase`."""
    values: Mapping[str, Any]
    pictures: Mapping[str, Image.Image]
    """By field, in the order of the row's fields; RGB, or RGBA if partly transparent."""
    size: Size
    seed: int

    @property
    def source(self) -> Image.Image:
        """Return the picture to edit: the first one, as RGB."""
        return opaque(self.first)

    def text(self, *names: str) -> str:
        """Return the first non-empty text among these fields, or ""."""
        return next((str(self.values[name]) for name in names if self.values.get(name)), "")

    def number(self, name: str, default: float) -> float:
        """Return a numeric field, or the default if it is missing."""
        value = self.values.get(name)
        return default if value is None else float(value)

    @property
    def prompt(self) -> str:
        """Return the prompt, from whichever field this operation has for it."""
        parts = self.values.get("text_prompts") or ()
        positive = [each for each in parts if each.get("weight", 1) > 0]
        positive.sort(key=lambda each: -each.get("weight", 1))
        joined = ", ".join(each["text"] for each in positive)
        return joined or self.text("prompt", "background_prompt", "search_prompt", "select_prompt")

    @property
    def negative(self) -> str:
        """Return the negative prompt, or ""."""
        parts = self.values.get("text_prompts") or ()
        joined = " ".join(each["text"] for each in parts if each.get("weight", 1) < 0)
        return joined or self.text("negative_prompt")

    @property
    def first(self) -> Image.Image:
        """Return the picture to edit as uploaded, with its transparency."""
        return next(iter(self.pictures.values()))

    @property
    def style(self) -> str:
        """Return the style preset, or ""."""
        return self.text("style_preset")
