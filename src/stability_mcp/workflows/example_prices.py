"""Prices the example of each template, for a list: what it would cost with ordinary files.

Nothing is read: a file of an example is taken for a picture of common size, or for a short sound.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from stability_mcp.api.fields import Size
from stability_mcp.api.operations import OPERATIONS
from stability_mcp.api.parsing import parse_model
from stability_mcp.local_tools.local_tool import MediaShape
from stability_mcp.workflows.plan_check import check_plan
from stability_mcp.workflows.template import Template, TemplateMedia

PICTURE = MediaShape(kind="image", size=Size(1024, 1024), has_alpha=False)
"""As the operations make it by default."""
SOUND = MediaShape(kind="audio", seconds=30.0)
FILES = 3
"""Files in a folder of an example."""

_SOUND_WORDS = ("music", "song", "jingle", "sound", "voice", ".wav", ".mp3")


@dataclass(frozen=True, kw_only=True)
class PricedExample:
    """The plan that a template makes of its example."""

    low: int
    """Lowest price in millicredits."""
    high: int
    """Highest price in millicredits."""
    tools: tuple[str, ...]
    """Names of the tools that its steps call, in their order."""


class ExampleMedia(TemplateMedia):
    """Stands for the files of an example."""

    def __init__(self) -> None:
        self.shapes: dict[str, MediaShape] = {}
        """What was looked at, by reference."""

    async def shape(self, reference: str) -> MediaShape:
        """Return the shape that the name suggests."""
        is_sound = any(word in reference.casefold() for word in _SOUND_WORDS)
        return self.shapes.setdefault(reference, SOUND if is_sound else PICTURE)

    async def inspect(self, reference: str) -> Mapping[str, Any]:
        """Return the facts of a picture without flaws."""
        await self.shape(reference)
        width, height = PICTURE.size or Size(0, 0)
        return {"width": width, "height": height, "flaws": [], "background": None}

    async def files(self, source: str | Sequence[str]) -> list[str]:
        """Return a list as it is, and some files for a folder or a wildcard."""
        names = [source] if isinstance(source, str) else list(source)
        return [file for name in names for file in _files_in(name)]

    def seconds(self, operation: str) -> float:
        """Return the API's own figure."""
        return OPERATIONS[operation].spec.seconds


def _files_in(name: str) -> list[str]:
    if "*" not in name and not name.endswith("/"):
        return [name]
    return [f"{name.rpartition('/')[0]}/{number}.png" for number in range(1, FILES + 1)]


_PRICED: dict[str, PricedExample] = {}
"""By template; neither templates nor list prices change while the program runs."""


async def priced_example(template: Template) -> PricedExample:
    """Return the price and the tools of a built-in template's example."""
    if template.name not in _PRICED:
        _PRICED[template.name] = await _price(template)
    return _PRICED[template.name]


async def _price(template: Template) -> PricedExample:
    media = ExampleMedia()
    arguments = parse_model(template.arguments, template.example, what=template.name)
    plan = await template.build(arguments, media)
    low, high = check_plan(plan, {}, media=media.shapes).price
    return PricedExample(
        low=low, high=high, tools=tuple(dict.fromkeys(step.tool for step in plan.steps))
    )
