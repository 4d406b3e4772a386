"""Makes the files of an export, one item after the other, and hands them to the collector."""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING, Any

from stability_mcp.api.fields import Size
from stability_mcp.imaging.export.animated import encode_animation, frame_durations
from stability_mcp.imaging.export.export_formats import level_text
from stability_mcp.imaging.export.pdf_pages import pdf_of
from stability_mcp.imaging.export.rendering import (
    Composed,
    FileSpec,
    Original,
    compose,
    fit_bytes,
    fit_pictures,
    render,
    render_page,
    thumbnail_of,
)
from stability_mcp.imaging.export.safe_zone import ZoneCheck
from stability_mcp.imaging.memory import estimate, run
from stability_mcp.imaging.picture import open_picture
from stability_mcp.imaging.provenance import FORMATS, embed, embedded
from stability_mcp.local_tools.export_animation import Animation
from stability_mcp.local_tools.export_archive import Collector, Measured
from stability_mcp.local_tools.export_plan import PDF_DPI, FilePlan, Plan
from stability_mcp.local_tools.workbench import Source, Workbench
from stability_mcp.media.items import MediaItem
from stability_mcp.store.threads import in_file_thread

if TYPE_CHECKING:
    from PIL import Image

WEB_MANIFEST = "site.webmanifest"
_CANVAS_BYTES = 16
"""Bytes per pixel of a file for its canvas, its encoder and a smaller copy."""
_FRAME_BYTES = 4
"""Bytes per pixel of a frame, which Pillow keeps with four channels."""
_KEPT_PIXELS = 8_000_000
"""Pages of a PDF with more pixels in total are decoded again for each quality that is tried."""


@dataclass(frozen=True, kw_only=True)
class Look:
    """A picture as it is in a file."""

    plan: FilePlan
    size: Size
    changes: tuple[str, ...]
    zone: ZoneCheck | None
    thumbnail: "Image.Image" = field(repr=False)


@dataclass(frozen=True, kw_only=True)
class Done:
    """A file that was collected."""

    measured: Measured
    plan: FilePlan | None = None
    """None: a text that belongs to a set."""
    looks: Sequence[Look] = ()
    """The picture in it, or its pages or frames; empty for a copy."""
    frames: bool = False
    """Whether `looks` are the frames of an animation."""
    changes: tuple[str, ...] = ()


async def write_files(workbench: Workbench, plan: Plan, collector: Collector) -> list[Done]:
    """Make every file of a plan and collect it.

    Raises:
        ArgumentsError: a file can't be as asked.
        FileUnusableError: an item can't be decoded.
        StorageError: a file can't be written.
    """
    if plan.pdf is not None:
        return [await _write_pdf(plan.files, plan.pdf, collector)]
    if plan.animation is not None:
        return [await _write_animation(workbench, plan.files, plan.animation, collector)]
    done: list[Done] = []
    for _, plans in groupby(plan.files, key=lambda each: each.source.item.id):
        done += await _write_item(workbench, list(plans), collector)
    sets = groupby(plan.files, key=lambda each: (each.group, each.preset))
    for (group, preset), plans in sets:
        if preset and plan.presets[preset].manifest:
            text = web_manifest(list(plans)).encode()
            add = partial(collector.add, WEB_MANIFEST, text, {"preset": preset}, group=group)
            done.append(Done(measured=await in_file_thread(add, of_user=True)))
    return done


async def _write_item(
    workbench: Workbench, plans: Sequence[FilePlan], collector: Collector
) -> list[Done]:
    source = plans[0].source
    provenance = workbench.provenance(source.item)
    if plans[0].as_obj:
        return await _write_obj(workbench, plans[0], collector)
    if plans[0].spec is None:
        async with workbench.temporary() as copy:
            content = await in_file_thread(partial(file_to_export, source.item, copy, provenance))
            return [await _collect(collector, plans[0], content)]
    specs = [replace(spec, provenance=provenance) for each in plans if (spec := each.spec)]
    rendered = await run(partial(_render, source, plans, specs), facts=_memory(source, specs))
    return [
        await _collect(collector, look.plan, data, looks=[look], changes=look.changes)
        for data, look in rendered
    ]


async def _write_obj(workbench: Workbench, plan: FilePlan, collector: Collector) -> list[Done]:
    """Convert a 3D model, and collect the OBJ, its material library and its textures."""
    from stability_mcp.imaging.model.wavefront import export_obj  # only models need it

    source = plan.source
    async with workbench.temporary() as spooled:
        convert = partial(export_obj, source.path, spooled, plan.group)
        made = await run(convert, facts=source.facts)
        changes = (f"{made.triangles:,} triangles as OBJ", *made.notes)
        whole = replace(plan, name=made.name)
        done = [await _collect(collector, whole, spooled, changes=changes)]
    for name, data in made.further.items():
        what = "its materials" if name.endswith(".mtl") else "its texture"
        belonging = replace(plan, name=name)
        done.append(await _collect(collector, belonging, data, changes=(what,)))
    return done


async def _collect(
    collector: Collector,
    plan: FilePlan,
    content: bytes | Path,
    *,
    looks: Sequence[Look] = (),
    changes: tuple[str, ...] = (),
) -> Done:
    entry = _entry(plan, looks, changes)
    add = partial(collector.add, plan.name, content, entry, group=plan.group)
    measured = await in_file_thread(add, of_user=True)
    return Done(measured=measured, plan=plan, looks=looks, changes=changes)


def _entry(plan: FilePlan, looks: Sequence[Look], changes: Sequence[str]) -> Mapping[str, Any]:
    """Return what the manifest says: no path and no label, as in provenance."""
    item = plan.source.item
    size = looks[0].size if looks else None
    if size is None and item.kind == "image":
        size = Size(*plan.source.facts.size)
    made_from = [
        {"sha256": each.sha256, "operation": each.operation}
        for each in (look.plan.source.item for look in looks)
    ] or [{"sha256": item.sha256, "operation": item.operation}]
    return {
        "width": size.width if size else None,
        "height": size.height if size else None,
        "preset": plan.preset or None,
        "made_from": made_from,
        "changes": list(changes) or None,
    }


def file_to_export(item: MediaItem, copy: Path, provenance: Mapping[str, Any] | None) -> Path:
    """Return the original, or a copy with provenance if its format can hold it; blocks."""
    if provenance is None or item.media_type not in FORMATS:
        return item.path
    embed(item.path, copy, provenance)
    return copy


def _render(
    source: Source, plans: Iterable[FilePlan], specs: Iterable[FileSpec]
) -> list[tuple[bytes, Look]]:
    original = Original(open_picture(source.path, source.facts))
    made = []
    for plan, spec in zip(plans, specs, strict=True):
        file = render(original, spec)
        look = Look(
            plan=plan,
            size=file.size,
            changes=(*_frames(source), *file.changes),
            zone=file.zone,
            thumbnail=file.thumbnail,
        )
        made.append((file.data, look))
    return made


def _frames(source: Source) -> Iterable[str]:
    frames = source.facts.frames
    return (f"only the first of {frames} frames",) if frames > 1 else ()


def _memory(source: Source, specs: Iterable[FileSpec]) -> int:
    canvases = [
        (each.wanted.width or 0) * (each.wanted.height or 0) or source.facts.pixels
        for each in specs
    ]
    return estimate(source.facts) + _CANVAS_BYTES * max(canvases)


async def _write_pdf(plans: Sequence[FilePlan], name: str, collector: Collector) -> Done:
    memory = max(_memory(each.source, [each.spec]) for each in plans if each.spec)
    memory += _CANVAS_BYTES * _KEPT_PIXELS
    data, looks, quality = await run(partial(_pdf, plans), facts=memory)
    whole = replace(plans[0], name=name, group="")
    pages = "1 page" if len(plans) == 1 else f"{len(plans)} pages"
    return await _collect(collector, whole, data, looks=looks, changes=(pages, quality))


def _pdf(plans: Sequence[FilePlan]) -> tuple[bytes, list[Look], str]:
    """Return a PDF, its pages, and the quality of their pictures."""
    specs = [spec for each in plans if (spec := each.spec)]
    looks: list[Look] = []
    kept: dict[int, Composed] = {}

    def composed(number: int) -> Composed:
        if number in kept:
            return kept[number]
        source = plans[number].source
        found = compose(Original(open_picture(source.path, source.facts)), specs[number])
        pixels = sum(each.picture.width * each.picture.height for each in kept.values())
        if pixels + found.picture.width * found.picture.height <= _KEPT_PIXELS:
            kept[number] = found
        if len(looks) == number:
            looks.append(_look_of(plans[number], found, specs[number]))
        return found

    def encode(level: int) -> bytes:
        return pdf_of(
            [
                render_page(composed(number), spec, level, spec.dpi or PDF_DPI)
                for number, spec in enumerate(specs)
            ]
        )

    attempt = fit_bytes(encode, replace(specs[0], shrink=False))
    if attempt is None:  # pragma: no cover -- only if it may shrink
        raise AssertionError
    return attempt.data, looks, f"quality {attempt.level}"


def _look_of(plan: FilePlan, page: Composed, spec: FileSpec) -> Look:
    return Look(
        plan=plan,
        size=Size(*page.picture.size),
        changes=(*_frames(plan.source), *page.changes),
        zone=page.zone,
        thumbnail=thumbnail_of(page.picture, spec.safe),
    )


async def _write_animation(
    workbench: Workbench, plans: Sequence[FilePlan], animation: Animation, collector: Collector
) -> Done:
    """Decode, unify and encode the frames of an animation, and collect it."""
    specs = [spec for each in plans if (spec := each.spec)]
    pixels = (specs[0].wanted.width or 0) * (specs[0].wanted.height or 0)
    memory = max(_memory(each.source, [spec]) for each, spec in zip(plans, specs, strict=True))
    items = [each.source.item for each in plans]
    claim = workbench.provenance_of_all(items, "media_export", animation.options)
    make = partial(_animation, plans, [replace(each, provenance=claim) for each in specs])
    # The first picture stays in memory, as the others are cropped like it.
    memory += _FRAME_BYTES * (len(plans) * pixels + plans[0].source.facts.pixels)
    data, looks, level = await run(partial(make, animation), facts=memory)
    seconds = len(plans) / animation.fps
    total = f"{len(plans)} frames at {animation.fps:g} fps, {seconds:.1f} s, plays without end"
    whole = replace(plans[0], name=animation.name)
    done = await _collect(collector, whole, data, looks=looks, changes=(total, *level))
    return replace(done, frames=True)


def _animation(
    plans: Sequence[FilePlan], specs: Sequence[FileSpec], animation: Animation
) -> tuple[bytes, list[Look], list[str]]:
    """Return an animation, its frames, and what was done to all of them."""
    first: Original | None = None
    looks: list[Look] = []
    frames: list[Image.Image] = []
    for plan, spec in zip(plans, specs, strict=True):
        original = Original(open_picture(plan.source.path, plan.source.facts))
        if first is None:
            first = original
        elif original.size == first.size:
            original.follow(first)
        frame = compose(original, spec)
        looks.append(_look_of(plan, frame, spec))
        frames.append(frame.picture)
    durations = frame_durations(len(frames), animation.fps, animation.form)

    def encode(shown: "Sequence[Image.Image]", level: int) -> bytes:
        data = encode_animation(shown, animation.form, durations, level)
        return embedded(data, specs[0].provenance) if specs[0].provenance else data

    attempt, shown, shrunk = fit_pictures(frames, encode, specs[0])
    size = Size(*shown[0].size)
    looks = [replace(each, size=size) for each in looks]
    notes = [shrunk, level_text(specs[0].form, attempt.level)]
    return attempt.data, looks, [each for each in notes if each]


def web_manifest(plans: Sequence[FilePlan]) -> str:
    """Return the web app manifest of a set of icons; names and colours are the site's own."""
    icons = []
    for plan in plans:
        spec, name = plan.spec, plan.name
        if spec is None or not name.startswith("icon-"):
            continue
        icon = {
            "src": f"/{name}",
            "type": "image/png",
            "sizes": f"{spec.wanted.width}x{spec.wanted.height}",
        }
        icons.append(icon | ({"purpose": "maskable"} if spec.safe else {}))
    return json.dumps({"icons": icons}, indent=2) + "\n"
