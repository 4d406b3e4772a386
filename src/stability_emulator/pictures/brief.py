"""What a renderer is told: the operation's values, the pictures sent with it, size and seed."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from PIL import Image

from stability_mcp.api.fields import Size
from stability_mcp.imaging.segment.masks import opaque


@dataclass(frozen=True, kw_only=True)
class Brief:
    """One picture to make."""

    operation: str
    """Name of the row: `edit_erase`."""
    values: Mapping[str, Any]
    pictures: Mapping[str, Image.Image]
    """By field, in the order of the row's fields; RGB, or RGBA where some of it is transparent."""
    size: Size
    seed: int

    @property
    def source(self) -> Image.Image:
        """Return the picture that is worked on: the first one, as RGB."""
        return opaque(self.first)

    def text(self, *names: str) -> str:
        """Return the first of these texts that was given."""
        return next((str(self.values[name]) for name in names if self.values.get(name)), "")

    def number(self, name: str, default: float) -> float:
        """Return a number that was given."""
        value = self.values.get(name)
        return default if value is None else float(value)

    @property
    def prompt(self) -> str:
        """Return what is to be seen, from whatever this operation calls it."""
        parts = self.values.get("text_prompts") or ()
        wanted = [each for each in parts if each.get("weight", 1) > 0]
        wanted.sort(key=lambda each: -each.get("weight", 1))
        spoken = ", ".join(each["text"] for each in wanted)
        return spoken or self.text("prompt", "background_prompt", "search_prompt", "select_prompt")

    @property
    def negative(self) -> str:
        """Return what is not to be seen; "" without."""
        parts = self.values.get("text_prompts") or ()
        spoken = " ".join(each["text"] for each in parts if each.get("weight", 1) < 0)
        return spoken or self.text("negative_prompt")

    @property
    def first(self) -> Image.Image:
        """Return the picture that is worked on as it was sent, with its transparency."""
        return next(iter(self.pictures.values()))

    @property
    def style(self) -> str:
        """Return the style preset; "" without one."""
        return self.text("style_preset")
