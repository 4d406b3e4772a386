"""Compares two pictures: how much changed, where, and whether an edit stayed inside its mask."""

from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from pydantic import Field

from stability_mcp.api.fields import Size
from stability_mcp.api.tool_arguments import Reference
from stability_mcp.errors import ArgumentsError
from stability_mcp.imaging.difference import MAX_PIXELS, TOLERANCE, Difference, compare
from stability_mcp.imaging.memory import estimate, run
from stability_mcp.imaging.picture import bounded_size, open_reduced
from stability_mcp.imaging.strip import atomic_write
from stability_mcp.local_tools.local_tool import LocalResult, ShowingArguments, local_tool
from stability_mcp.local_tools.workbench import Source, Workbench
from stability_mcp.text import quoted

if TYPE_CHECKING:
    from PIL import Image

MAX_ASPECT_DIFFERENCE = 0.02
"""Two pictures whose shapes differ by more are different crops: pixels can't be compared."""
_WORKING_BYTES = 12
"""Bytes per compared pixel, in addition to decoding: both pictures, the map and the mask."""
_HEAT_BRIGHTNESS = 6
"""Factor that makes small differences visible in the heat map."""
MAX_GREYS = 0.3
"""Share of a mask that soft edges may have; photos have more."""


class ImageCompare(ShowingArguments):
    """Measure what changed between two pictures, and see it on a heat map.

    With an edit's mask: whether the change stayed inside.
    """

    before: Reference
    after: Reference
    mask: Reference | None = None
    """White where change was meant."""
    tolerance: Annotated[int, Field(ge=0, le=254)] = TOLERANCE
    """Smaller differences (of 255) don't count."""


@dataclass(frozen=True, kw_only=True)
class _Compared:
    difference: Difference
    size: Size
    """The size at which the pictures were compared."""
    greys: float
    """Share of the mask that is neither black nor white."""


@local_tool(title="Compare pictures", hints={"image": "use before and after"})
async def image_compare(workbench: Workbench, arguments: ImageCompare) -> LocalResult:
    """Compare two pictures and show them next to a heat map."""
    before = await workbench.picture(arguments.before, argument="before")
    after = await workbench.picture(arguments.after, argument="after")
    mask = await workbench.picture(arguments.mask, argument="mask") if arguments.mask else None
    sources = [each for each in (before, after, mask) if each]
    for other in sources[1:]:
        _check_shape(before, other)
    async with workbench.temporary() as heat:
        work = partial(_compare, before, after, mask, arguments.tolerance, heat)
        memory = max(estimate(each.facts) for each in sources) + _WORKING_BYTES * MAX_PIXELS
        compared = await run(work, facts=memory)
        pictures = [
            (before.path, before.item.name),
            (after.path, after.item.name),
            (heat, "change"),
        ]
        shown = await workbench.sheet(
            pictures, wanted=arguments.preview, memory=[before.facts, after.facts]
        )
    notes = [each.note for each in sources]
    return LocalResult(
        lines=[*notes, *_lines(compared, before, after, arguments.tolerance)],
        facts=_facts(compared, before, after),
        preview=shown,
    )


def _check_shape(first: Source, second: Source) -> None:
    (width, height), (other_width, other_height) = first.facts.size, second.facts.size
    shapes = width / height, other_width / other_height
    if abs(shapes[0] / shapes[1] - 1) > MAX_ASPECT_DIFFERENCE:
        raise ArgumentsError(
            f"{quoted(first.item.name)} is {width}x{height} and {quoted(second.item.name)} is "
            f"{other_width}x{other_height}: pictures of different shapes can't be compared.",
            hint="Crop one of them to the shape of the other.",
        )


def _compare(
    before: Source, after: Source, mask: Source | None, tolerance: int, heat: Path
) -> _Compared:
    from PIL import Image

    sizes = (bounded_size(Size(*each.facts.size), MAX_PIXELS) for each in (before, after))
    size = min(sizes, key=lambda each: each.width * each.height)
    pictures = []
    for source in (before, after, mask):
        if source is not None:
            picture = open_reduced(source.path, source.facts, MAX_PIXELS)
            pictures.append(picture.resize(size, Image.Resampling.BOX))
    area = pictures[2].convert("L") if mask else None
    difference = compare(pictures[0], pictures[1], mask=area, tolerance=tolerance)
    with atomic_write(heat) as out:
        _heat_map(difference.map).save(out, "PNG", compress_level=1)
    return _Compared(difference=difference, size=size, greys=_share_of_greys(area))


def _share_of_greys(mask: "Image.Image | None") -> float:
    """Return the share of a mask's pixels that are neither nearly black nor nearly white."""
    counts = mask.histogram() if mask else [1]
    return sum(counts[32:224]) / sum(counts)


def _heat_map(levels: "Image.Image") -> "Image.Image":
    from PIL import ImageOps

    bright = levels.point([min(255, level * _HEAT_BRIGHTNESS) for level in range(256)])
    return ImageOps.colorize(bright, black="#101018", mid="#d04000", white="#ffff90")


def _lines(compared: _Compared, before: Source, after: Source, tolerance: int) -> list[str]:
    found = compared.difference
    lines = [
        f"difference: mean {found.mean:.1f}, largest {found.largest} of 255",
        f"structural similarity: {found.similarity:.3f} (1 = equal)",
        _changed_line(compared, before, tolerance),
    ]
    if found.inside is not None and found.outside is not None:
        verdict = "stayed inside" if found.stayed_inside else "went beyond"
        lines.append(
            f"mask: the change {verdict} the mask: {found.inside:.1%} of the masked area changed, "
            f"{found.outside:.2%} of the rest"
        )
    if compared.greys > MAX_GREYS:
        lines.append("note: the mask isn't black and white; is it the mask of the edit?")
    sizes = Size(*before.facts.size), Size(*after.facts.size)
    if sizes[0] != sizes[1] or sizes[0] != compared.size:
        width, height = compared.size
        lines.append(f"compared at {width}x{height}")
    return lines


def _changed_line(compared: _Compared, before: Source, tolerance: int) -> str:
    found = compared.difference
    box = _box(compared, before)
    if box is None:
        return f"changed: nothing by more than {tolerance} of 255"
    left, top, right, bottom = box
    return (
        f"changed: {found.changed:.1%} of the pixels, in the box x {left} to {right}, "
        f"y {top} to {bottom} of {quoted(before.item.name)}"
    )


def _box(compared: _Compared, before: Source) -> tuple[int, int, int, int] | None:
    """Return the changed box in pixels of the first picture."""
    found = compared.difference.box
    if found is None:
        return None
    width, height = before.facts.size
    across, down = width / compared.size.width, height / compared.size.height
    left, top, right, bottom = found
    return (
        int(left * across),
        int(top * down),
        min(width, round(right * across)),
        min(height, round(bottom * down)),
    )


def _facts(compared: _Compared, before: Source, after: Source) -> dict[str, object]:
    found = compared.difference
    return {
        "before": before.item.uri,
        "after": after.item.uri,
        "mean": round(found.mean, 3),
        "largest": found.largest,
        "similarity": round(found.similarity, 4),
        "changed": round(found.changed, 5),
        "box": _box(compared, before),
        "inside": found.inside,
        "outside": found.outside,
        "stayed_inside": found.stayed_inside,
    }
