"""Media for templates without a studio: pictures, and sounds and 3D models by their names."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from stability_mcp.api.fields import Size
from stability_mcp.api.operations import OPERATIONS
from stability_mcp.local_tools.local_tool import MediaShape
from stability_mcp.workflows.plan import Plan
from stability_mcp.workflows.plan_check import CheckedPlan, check_plan
from stability_mcp.workflows.template import Template, TemplateMedia

SECONDS = 30.0
_AUDIO = ("music", "song", "jingle", "sound", "voice")
_MODELS = ("model", "mesh")


@dataclass(kw_only=True)
class FakeMedia(TemplateMedia):
    """Implements `TemplateMedia`; remembers what was looked at."""

    size: Size = field(default_factory=lambda: Size(1024, 768))
    """Of every picture without a size of its own."""
    sizes: Mapping[str, Size] = field(default_factory=dict)
    flaws: Sequence[str] = ()
    background: str | None = None
    seen: dict[str, MediaShape] = field(default_factory=dict)

    async def shape(self, reference: str) -> MediaShape:
        """Return the shape that the name stands for."""
        name = reference.casefold()
        if name.endswith((".wav", ".mp3")) or name in _AUDIO:
            shape = MediaShape(kind="audio", seconds=SECONDS)
        elif name.endswith(".glb") or name in _MODELS:
            shape = MediaShape(kind="model")
        else:
            size = self.sizes.get(reference, self.size)
            shape = MediaShape(kind="image", size=size, has_alpha=False)
        self.seen[reference] = shape
        return shape

    async def inspect(self, reference: str) -> Mapping[str, Any]:
        """Return the facts of a picture with the flaws."""
        await self.shape(reference)
        size = self.sizes.get(reference, self.size)
        return {
            "width": size.width,
            "height": size.height,
            "flaws": list(self.flaws),
            "background": self.background,
        }

    async def files(self, source: str | Sequence[str]) -> list[str]:
        """Return a list as it is, and three files for a folder or a wildcard."""
        names = [source] if isinstance(source, str) else list(source)
        return [file for name in names for file in _files_in(name)]

    def seconds(self, operation: str) -> float:
        """Return the API's own figure."""
        return OPERATIONS[operation].spec.seconds


def _files_in(name: str) -> list[str]:
    if "*" not in name and not name.endswith("/"):
        return [name]
    folder = name.rpartition("/")[0]
    return [f"{folder}/{each}.png" for each in ("one", "two", "three")]


async def planned(template: Template, given: Mapping[str, Any], media: FakeMedia) -> Plan:
    """Return the plan that a template makes of arguments as a caller writes them.

    Raises:
        ArgumentsError: the arguments are wrong.
    """
    from stability_mcp.api.parsing import parse_model

    arguments = parse_model(template.arguments, given, what=template.name)
    return await template.build(arguments, media)


def checked(plan: Plan, media: FakeMedia) -> CheckedPlan:
    """Return a plan checked with what the template looked at."""
    return check_plan(plan, {}, media=media.seen)
