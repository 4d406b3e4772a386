"""Puts several pictures on one page: a grid, a strip, a comic page or a moodboard."""

from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path
from types import MappingProxyType
from typing import Annotated, Any

from pydantic import BeforeValidator, ConfigDict, Field, WithJsonSchema

from stability_mcp.api.described import Described
from stability_mcp.api.fields import Size
from stability_mcp.api.tool_arguments import as_list
from stability_mcp.errors import ArgumentsError
from stability_mcp.imaging.layout.arrange import Kind
from stability_mcp.imaging.layout.bubbles import PLACES, Bubble, BubbleKind
from stability_mcp.imaging.layout.page_drawing import draw_page
from stability_mcp.imaging.layout.page_plan import (
    DEFAULT_WIDTH,
    MAX_PICTURES,
    MIN_WIDTH,
    Direction,
    Fit,
    PageStyle,
    Plan,
    plan_page,
)
from stability_mcp.imaging.memory import estimate
from stability_mcp.imaging.transform.geometry import Gravity
from stability_mcp.imaging.transform.paint import parse_paint
from stability_mcp.imaging.transform.saving import default_output, write_picture
from stability_mcp.imaging.transform.size_limits import MAX_SIDE, TransformError
from stability_mcp.local_tools.local_tool import (
    LocalResult,
    MakingArguments,
    MediaShape,
    StepFacts,
    local_tool,
)
from stability_mcp.local_tools.workbench import Made, Source, Workbench

TOOL = "image_layout"
MAX_BUBBLES = 48
"""Two for each picture."""
_PAGE_COPIES = 3
"""Pages in memory at once: while something is drawn, and while it is encoded."""
_CHANNELS = 4


class PanelBubble(Described):
    """A bubble on a picture."""

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False, defer_build=True)

    panel: int
    text: str
    gravity: Annotated[Gravity, WithJsonSchema({"type": "string"})] | None = None
    kind: BubbleKind = "speech"
    tail: list[float] | None = None
    """[x, y] of the mouth, as fractions."""


class ImageLayout(MakingArguments):
    """Put 1 to 24 pictures on one page: grid, strip, comic with bubbles, moodboard with colours.

    More: `guide` topic transform.
    """

    images: Annotated[
        list[Annotated[str, Field(min_length=1)]],
        BeforeValidator(as_list),
        Field(min_length=1, max_length=MAX_PICTURES, description="In reading order."),
    ]
    kind: Kind
    """Kind of page."""
    width: int = DEFAULT_WIDTH
    """Pixels of the page."""
    height: int | None = None
    """By default as needed."""
    columns: int | None = None
    """Of a grid or moodboard."""
    rows: list[int] | None = None
    """Pictures per row: [1, 2]."""
    direction: Direction = "row"
    """Of a strip."""
    fit: Fit = "pad"
    """crop fills the cells."""
    gap: int | None = None
    """Pixels."""
    margin: int | None = None
    """Pixels."""
    background: str | None = None
    """Colour, or transparent."""
    title: str | None = None
    """At the top."""
    captions: Annotated[list[str], Field(max_length=MAX_PICTURES)] | None = None
    """One per picture; "" for none."""
    bubbles: Annotated[list[PanelBubble], Field(max_length=MAX_BUBBLES)] | None = None
    """Speech in panels (from 1); gravity as top_left."""


LIMITS: Mapping[str, tuple[int, int]] = MappingProxyType(
    {
        "width": (MIN_WIDTH, MAX_SIDE),
        "height": (MIN_WIDTH, MAX_SIDE),
        "columns": (1, MAX_PICTURES),
        "gap": (0, 2_000),
        "margin": (0, 4_000),
    }
)
"""Lowest and highest value of each number, in pixels."""


def _predict(arguments: "ImageLayout", files: Mapping[str, MediaShape]) -> MediaShape:
    del files
    _check_limits(arguments)
    height = arguments.height
    return MediaShape(kind="image", size=None if height is None else Size(arguments.width, height))


@local_tool(
    title="Lay out pictures",
    step=StepFacts(files={"images": "image"}, predict=_predict),
    hints={
        "image": "use images",
        "aspect": "use width and height",
        "text": "use title, captions or bubbles",
    },
)
async def image_layout(workbench: Workbench, arguments: ImageLayout) -> LocalResult:
    """Draw the page and store it."""
    sources = [
        await workbench.picture(each, argument=f"picture {n}")
        for n, each in enumerate(arguments.images, 1)
    ]
    try:
        style = _style(arguments, len(sources))
        plan = plan_page([Size(*each.facts.size) for each in sources], style)
        page = _CHANNELS * plan.size.width * plan.size.height * _PAGE_COPIES
        made = Made(
            tool=TOOL,
            arguments=_stored(arguments, sources),
            parents={f"images[{n}]": each.item for n, each in enumerate(sources)},
            label=arguments.label,
            suffix=f"-{arguments.kind}",
        )
        item, _ = await workbench.store(
            partial(_make, plan, sources),
            made,
            memory=page + max(estimate(each.facts) for each in sources),
        )
    except TransformError as error:
        raise ArgumentsError(f"{TOOL}: {error}.", hint=error.hint) from error
    form = item.media_type.rpartition("/")[2].upper()
    lines = [
        *(each.note for each in sources),
        *(_panel_line(n, box) for n, box in enumerate(plan.cells, 1)),
        f"result: {item.width}x{item.height} {form}, {item.bytes:,} bytes",
    ]
    return LocalResult(
        lines=lines,
        items=[item],
        facts={"panels": [list(box) for box in plan.cells]},
        preview=await workbench.preview([item], wanted=arguments.preview),
    )


def _panel_line(number: int, box: tuple[int, int, int, int]) -> str:
    left, top, right, bottom = box
    return f"panel {number}: {right - left}x{bottom - top} at {left},{top}"


def _check_limits(arguments: ImageLayout) -> None:
    """Raise TransformError for a number out of range, or what isn't a colour."""
    for name, (low, high) in LIMITS.items():
        value = getattr(arguments, name)
        if value is not None and not low <= value <= high:
            raise TransformError(f"{name} must be from {low} to {high:,}; got {value}")
    if arguments.background is not None:
        parse_paint(arguments.background)


def _style(arguments: ImageLayout, number: int) -> PageStyle:
    """Return what the page looks like.

    Raises:
        TransformError: arguments contradict each other or the number of pictures.
    """
    _check_limits(arguments)
    captions = arguments.captions or ()
    if len(captions) > number:
        raise TransformError(f"there are {len(captions)} captions for {number} pictures")
    rows = arguments.rows
    if rows is not None and (sum(rows) != number or min(rows) < 1):
        raise TransformError(
            f"rows {rows} are for {sum(rows)} pictures, and there are {number}",
            hint="The numbers of rows add up to the number of pictures.",
        )
    return PageStyle(
        kind=arguments.kind,
        width=arguments.width,
        height=arguments.height,
        columns=arguments.columns,
        rows=None if rows is None else tuple(rows),
        direction=arguments.direction,
        fit=arguments.fit,
        gap=arguments.gap,
        margin=arguments.margin,
        background=None if arguments.background is None else parse_paint(arguments.background),
        title=arguments.title,
        captions=(*captions, *[""] * (number - len(captions))),
        bubbles=_bubbles(arguments.bubbles or (), number),
    )


def _bubbles(given: Sequence[PanelBubble], number: int) -> tuple[tuple[int, Bubble], ...]:
    """Return the bubbles with the index of their picture; they take turns in its corners."""
    found: list[tuple[int, Bubble]] = []
    for n, each in enumerate(given, 1):
        if not 1 <= each.panel <= number:
            raise TransformError(f"bubble {n} is for panel {each.panel}, and there are {number}")
        earlier = sum(index == each.panel - 1 for index, _ in found)
        place = each.gravity or PLACES[earlier % len(PLACES)]
        bubble = Bubble(text=each.text, place=place, kind=each.kind, tail=_tail(n, each.tail))
        found.append((each.panel - 1, bubble))
    return tuple(found)


def _tail(number: int, given: Sequence[float] | None) -> tuple[float, float] | None:
    if given is None:
        return None
    if len(given) != 2 or not all(0 <= value <= 1 for value in given):  # noqa: PLR2004 -- x and y
        raise TransformError(
            f"the tail of bubble {number} must be [x, y] as fractions of the picture, from 0 to 1"
        )
    return given[0], given[1]


def _stored(arguments: ImageLayout, sources: Sequence[Source]) -> dict[str, Any]:
    """Return the arguments as they are kept with the result, with media by id."""
    given = arguments.model_dump(exclude_none=True, exclude_defaults=True)
    kept = {name: value for name, value in given.items() if name not in {"label", "preview"}}
    return {**kept, "images": [each.item.id for each in sources]}


def _make(plan: Plan, sources: Sequence[Source], path: Path) -> None:
    """Write the page to a path."""
    page = draw_page(plan, [(each.path, each.facts) for each in sources])
    types = {each.facts.media_type for each in sources}
    media_type = types.pop() if len(types) == 1 else "image/png"
    write_picture(page, path, default_output(media_type, page))
