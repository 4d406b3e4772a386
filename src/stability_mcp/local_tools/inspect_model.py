"""What `media_inspect` says about a 3D model."""

from collections.abc import Sequence
from dataclasses import asdict
from functools import partial
from typing import TYPE_CHECKING

from stability_mcp.errors import FileUnusableError
from stability_mcp.imaging.memory import run
from stability_mcp.local_tools.local_tool import LocalResult
from stability_mcp.local_tools.workbench import Source, Workbench
from stability_mcp.text import listed, plain, quoted

if TYPE_CHECKING:
    from stability_mcp.imaging.model.model_check import MaterialFacts, ModelFacts, TextureFacts

MAX_NAMED = 6
"""Materials and textures that are named; more are only counted."""


async def inspect_model(
    workbench: Workbench, source: Source, lines: Sequence[str], *, wanted: str | None
) -> LocalResult:
    """Measure a 3D model and show it.

    Args:
        workbench: The media of the call.
        source: The model.
        lines: The first lines of the answer.
        wanted: The argument `preview`.
    """
    from stability_mcp.imaging.model.model_check import check_model  # only models need it

    uri = source.item.uri
    try:
        found = await run(partial(check_model, source.path), facts=source.facts)
    except FileUnusableError as error:
        problem = f"not measured: {error.message} {error.hint}"
        return LocalResult(lines=[*lines, problem], facts={"media": uri, "problem": error.message})
    preview = await workbench.preview([source.item], wanted=wanted)
    undrawn = await workbench.undrawn([source.item], preview, wanted=wanted)
    return LocalResult(
        lines=[*lines, *_lines(found), *undrawn],
        facts={"media": uri, **asdict(found)},
        preview=preview,
    )


def _lines(found: "ModelFacts") -> list[str]:
    parts = "1 part" if found.parts == 1 else f"{found.parts:,} parts"
    lines = [
        f"geometry: {_counts(found)}, {parts}, {_closed(found)}",
        f"size: {_numbers(found.size, ' x ')} units (width x height x depth; glTF's unit is 1 m)",
        f"centre: {_numbers(found.centre, ', ')}; {_ground(found)}",
        f"materials: {_some([_material(each) for each in found.materials])}",
        f"textures: {_some([_texture(each) for each in found.textures])}",
        f"flaws: {', '.join(found.flaws) or 'none of those that are measured'}",
    ]
    lines += [f"not measured: {listed(found.ignored)}"] if found.ignored else []
    return [*lines, 'for programs that need OBJ: media_export with format="obj"']


def _counts(found: "ModelFacts") -> str:
    return f"{found.triangles:,} triangles, {found.vertices:,} vertices"


def _closed(found: "ModelFacts") -> str:
    if found.watertight is None:
        return "too many triangles to check whether it is watertight"
    return "watertight" if found.watertight else f"not watertight ({found.open_edges:,} open edges)"


def _ground(found: "ModelFacts") -> str:
    if found.on_ground:
        return "stands on the ground (y = 0)"
    if found.bottom > 0:
        return f"floats {found.bottom:.3g} above the ground (y = 0)"
    return f"reaches {-found.bottom:.3g} below the ground (y = 0)"


def _material(each: "MaterialFacts") -> str:
    name = quoted(plain(each.name), limit=40) if each.name else "without a name"
    looks = [each.colour if each.texture is None else "textured"]
    looks += ["double-sided"] if each.double_sided else []
    looks += [each.alpha] if each.alpha != "opaque" else []
    return f"{name} ({', '.join(looks)})"


def _texture(each: "TextureFacts") -> str:
    if not each.format:
        return "missing or unusable"
    return f"{each.width}x{each.height} {each.format.upper()} ({each.bytes:,} bytes)"


def _some(texts: Sequence[str]) -> str:
    return f"{len(texts)}: {listed(texts, most=MAX_NAMED)}" if texts else "none"


def _numbers(values: Sequence[float], between: str) -> str:
    return between.join(f"{round(each, 6) or 0.0:.3g}" for each in values)
