"""Measures a stored item: what it is like, and which operations take it."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import partial
from typing import Literal

from stability_mcp.api.fields import Size
from stability_mcp.api.tool_arguments import Reference
from stability_mcp.imaging.colours import NamedColour, Rgb, main_colours, plain_background
from stability_mcp.imaging.facts import Facts
from stability_mcp.imaging.measure import Measurements, measure
from stability_mcp.imaging.memory import run
from stability_mcp.imaging.picture import open_picture
from stability_mcp.imaging.pixels import transparent_share
from stability_mcp.imaging.provenance import read_maker
from stability_mcp.imaging.sniff import extension
from stability_mcp.local_tools.acceptance import (
    Acceptance,
    Suggestion,
    acceptance,
    is_offered,
    suggest_upscaler,
)
from stability_mcp.local_tools.inspect_model import inspect_model
from stability_mcp.local_tools.inspect_sound import inspect_sound
from stability_mcp.local_tools.local_tool import LocalResult, ShowingArguments, local_tool
from stability_mcp.local_tools.workbench import Source, Workbench
from stability_mcp.store.threads import in_file_thread
from stability_mcp.text import listed

_CHANNELS = {1: "mono", 2: "stereo"}
MAX_NAMED = 6
"""Operations of one kind that are named; more are only counted, or all for `unchanged`."""


class MediaInspect(ShowingArguments):
    """Measure a picture, sound or 3D model before you edit or deliver it: size, levels, flaws.

    Also which operations take it as it is. Only measures: look at it as well.
    """

    media: Reference


@dataclass(frozen=True, kw_only=True)
class _Seen:
    """What was measured on the pixels of a picture."""

    measurements: Measurements
    colours: Sequence[NamedColour]
    background: Rgb | Literal["transparent"] | None
    transparent: float | None
    """Share of pixels that aren't fully opaque; None without transparency data."""


@local_tool(
    title="Inspect media",
    hints=dict.fromkeys(("image", "sound", "audio", "model", "file", "path"), "use media"),
)
async def media_inspect(workbench: Workbench, arguments: MediaInspect) -> LocalResult:
    """Measure an item and show it."""
    source = await workbench.source(arguments.media, argument="media", kind=None)
    claim = await in_file_thread(partial(read_maker, source.path))
    claimed = [f"provenance: {claim}"] if claim and claim not in source.note else []
    lines = [source.note, _file_line(source), *claimed]
    if source.facts.kind == "model":
        return await inspect_model(workbench, source, lines, wanted=arguments.preview)
    if source.facts.kind == "audio":
        return await inspect_sound(
            workbench, source, lines, _operation_lines, wanted=arguments.preview
        )
    seen, taken, suggested = await run(partial(_judge, source), facts=source.facts)
    return LocalResult(
        lines=[
            *lines,
            *_lines(seen),
            *_operation_lines(taken, workbench.settings.toolsets),
            *_suggestion_line(suggested),
        ],
        facts=_facts(source, seen, taken, suggested),
        preview=await workbench.preview([source.item], wanted=arguments.preview),
    )


def _judge(source: Source) -> tuple[_Seen, Acceptance, Suggestion | None]:
    """Measure a picture and compare it with the limits of all operations; blocks."""
    seen = _look(source)
    suggested = suggest_upscaler(source.facts, seen.measurements.flaws)
    return seen, acceptance(source.facts), suggested


def _look(source: Source) -> _Seen:
    picture = open_picture(source.path, source.facts)
    background = plain_background(picture)
    return _Seen(
        measurements=measure(
            picture, background=background if isinstance(background, Rgb) else None
        ),
        colours=main_colours(picture),
        background=background,
        transparent=transparent_share(picture.getchannel("A")) if picture.mode == "RGBA" else None,
    )


def _file_line(source: Source) -> str:
    facts, item = source.facts, source.item
    form = extension(facts.media_type).upper()
    parts = [form, f"{facts.bytes:,} bytes"]
    if facts.kind == "image":
        width, height = facts.size
        parts[1:1] = [f"{width}x{height} ({width * height / 1e6:.2f} MP)", _pixels(facts)]
        parts += [f"{facts.frames} frames"] if facts.frames > 1 else []
        parts += [f"rotated by EXIF {facts.orientation}"] if facts.orientation > 1 else []
        parts += ["colour profile"] if facts.has_profile else []
        parts += [f"contains {each}" for each in sorted(facts.metadata)]
    if facts.kind == "audio":
        sound = (facts.seconds, facts.rate, facts.channels)
        parts += [f"{sound[0]:.2f} s"] if sound[0] is not None else []
        parts += [f"{sound[1]:,} Hz"] if sound[1] else []
        parts += [_CHANNELS.get(sound[2], f"{sound[2]} channels")] if sound[2] else []
    return f"{item.kind}: {', '.join(parts)}"


def _pixels(facts: Facts) -> str:
    return f"{facts.mode}, {facts.depth} bits"


def _lines(seen: _Seen) -> list[str]:
    found = seen.measurements
    colours = (f"{each.name} {each.rgb.hex} {each.share:.0%}" for each in seen.colours)
    whole = " without the background" if isinstance(seen.background, Rgb) else ""
    brightness = f"median {found.median:.0%}{whole}"
    lines = [
        f"colours: {', '.join(colours) or 'none, every pixel is transparent'}",
        f"background: {_background(seen)}",
        f"brightness: {brightness}, from {found.darkest:.0%} to {found.brightest:.0%}",
        f"contrast: {found.contrast:.0%}",
        f"clipped{whole}: {found.black:.1%} black, {found.white:.1%} white",
        f"sharpness at full size: {_value(found.sharpness, '.2f', ' (1 = sharp)')}",
        f"noise: {_value(found.noise, '.1f', ' of 255')}",
        f"flaws: {', '.join(found.flaws) or 'none of those that are measured'}",
    ]
    if seen.transparent is not None:
        lines.insert(0, f"transparent: {seen.transparent:.0%} of the pixels")
    return lines


def _background(seen: _Seen) -> str:
    if isinstance(seen.background, Rgb):
        return f"plain, {seen.background.hex}"
    return seen.background or "not plain"


def _value(value: float | None, form: str, unit: str) -> str:
    if value is None:
        return "not measurable, the picture is too flat"
    return f"{format(value, form)}{unit}"


def _operation_lines(taken: Acceptance, toolsets: Sequence[str]) -> list[str]:
    def offered(names: Sequence[str]) -> list[str]:
        return [name for name in names if is_offered(name, toolsets)]

    lines = []
    if unchanged := offered(taken.unchanged):
        names = listed(unchanged, most=len(unchanged))
        lines.append(f"accepted as it is by {len(unchanged)}: {names}")
    for change, every in taken.changed.items():
        lines += [f"{change} for {_names(some)}"] if (some := offered(every)) else []
    for why, every in taken.refused.items():
        lines += [f"refused by {_names(some)}: {why}"] if (some := offered(every)) else []
    return lines


def _names(names: Sequence[str]) -> str:
    return listed(names, most=MAX_NAMED)


def _suggestion_line(suggested: Suggestion | None) -> list[str]:
    if suggested is None:
        return []
    given = "".join(f", {name}={value}" for name, value in suggested.arguments.items())
    return [f"to enlarge it: {suggested.operation}(image{given}), because {suggested.reason}"]


def _ratio(size: Size) -> str:
    """Return the ratio of width to height in lowest terms: `16:9`."""
    divisor = math.gcd(*size)
    return f"{size.width // divisor}:{size.height // divisor}"


def _facts(
    source: Source, seen: _Seen, taken: Acceptance, suggested: Suggestion | None
) -> Mapping[str, object]:
    found, background = seen.measurements, seen.background
    return {
        "media": source.item.uri,
        "format": extension(source.facts.media_type),
        "mode": source.facts.mode,
        "bytes": source.facts.bytes,
        "alpha": source.facts.has_alpha,
        "pixels": source.facts.size.width * source.facts.size.height,
        "ratio": _ratio(source.facts.size),
        "width": source.facts.size.width,
        "height": source.facts.size.height,
        "transparent": seen.transparent,
        "colours": [
            {"name": each.name, "hex": each.rgb.hex, "share": round(each.share, 3)}
            for each in seen.colours
        ],
        "background": background.hex if isinstance(background, Rgb) else background,
        **asdict(found),
        "flaws": found.flaws,
        "accepted": taken.unchanged,
        "changed": taken.changed,
        "refused": taken.refused,
        "suggestion": None if suggested is None else asdict(suggested),
    }
