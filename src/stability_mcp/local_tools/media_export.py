"""Writes stored media into the user's folders, in the form that a purpose needs."""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import replace
from functools import partial

import anyio

from stability_mcp.imaging.export.press_colours import MAX_PROFILE_BYTES, press_name
from stability_mcp.imaging.memory import run
from stability_mcp.imaging.preview import Preview
from stability_mcp.local_tools.export_archive import Collector
from stability_mcp.local_tools.export_arguments import (
    HTML,
    Destination,
    MediaExport,
    check_ranges,
    destination,
)
from stability_mcp.local_tools.export_plan import Plan, check_options, plan_export
from stability_mcp.local_tools.export_report import Report
from stability_mcp.local_tools.export_writing import Done, write_files
from stability_mcp.local_tools.local_tool import LocalResult, MediaShape, StepFacts, local_tool
from stability_mcp.local_tools.share_page import make_page, page_result
from stability_mcp.local_tools.workbench import Source, Workbench
from stability_mcp.media.export_folder import ExportFiles, Written
from stability_mcp.media.export_roots import Place
from stability_mcp.media.labels import file_form
from stability_mcp.store.threads import in_file_thread

_PROFILE_BYTES = 4_000_000
"""Memory for reading a colour profile."""


def _predict(arguments: MediaExport, files: Mapping[str, MediaShape]) -> None:
    del files
    check_options(arguments)


@local_tool(
    title="Export files",
    hints={
        "image": "use media",
        "path": "use to",
        "folder": "use to",
        "size": "use width and height",
        "longest": "use width and height of this length, without fit",
        "presets": "use preset",
        "zip": "end the name in to with .zip",
        "duration": "use fps, the frames per second of an animation",
    },
    writes_files=True,
    step=StepFacts(files={"media": None}, predict=_predict),
)
async def media_export(workbench: Workbench, arguments: MediaExport) -> LocalResult:
    """Write the files, all or none, and show them."""
    check_ranges(arguments)
    where = destination(arguments)
    roots = await workbench.export_roots()
    place = await in_file_thread(partial(roots.locate, where.folder), of_user=True)
    if where.format == HTML:
        return await _export_page(workbench, arguments, where, place)
    sources = await _sources(workbench, arguments)
    press, name = await _press(workbench, arguments.profile)
    plan = plan_export(arguments, where, sources, press)
    async with _files(place, overwrite=arguments.overwrite) as files:
        done, written = await _write(workbench, plan, where, files)
        report = Report(
            sources=sources,
            plan=plan,
            done=done,
            written=written,
            created=files.created,
            press=name,
            metadata=workbench.settings.metadata,
        )
    preview = await _preview(workbench, report, arguments.preview)
    items = [each.item for each in sources]
    undrawn = await workbench.undrawn(items, preview, wanted=arguments.preview)
    return LocalResult(
        lines=[*report.lines(arguments), *undrawn], facts=report.facts(), preview=preview
    )


async def _export_page(
    workbench: Workbench, arguments: MediaExport, where: Destination, place: Place
) -> LocalResult:
    check_options(arguments)
    page = await make_page(workbench, arguments, where)
    async with _files(place, overwrite=arguments.overwrite) as files:
        add = partial(Collector(files).add, page.name, page.data, {})
        measured = await in_file_thread(add, of_user=True)
        [written] = await in_file_thread(files.finish, of_user=True)
        result = page_result(page, measured, written, files.created)
    preview = await workbench.preview(page.items, wanted=arguments.preview)
    undrawn = await workbench.undrawn(page.items, preview, wanted=arguments.preview)
    return replace(result, lines=[*result.lines, *undrawn], preview=preview)


async def _preview(workbench: Workbench, report: Report, wanted: str | None) -> Preview | None:
    """Return a sheet of what was written; of copies, a preview of the media."""
    cells = report.cells()
    if cells:
        return await workbench.sheet_of(cells, wanted=wanted)
    return await workbench.preview([each.item for each in report.sources], wanted=wanted)


async def _sources(workbench: Workbench, arguments: MediaExport) -> list[Source]:
    """Return the items in order: each once, unless they are frames, which may come back."""
    media = arguments.media
    found = [await workbench.source(each, argument="media", kind=None) for each in media]
    if arguments.fps is not None:
        return found
    return list({each.item.id: each for each in found}.values())


async def _press(workbench: Workbench, path: str | None) -> tuple[bytes | None, str]:
    """Return the CMYK profile and its name."""
    if path is None:
        return None, ""
    data = await workbench.read_file(path, max_bytes=MAX_PROFILE_BYTES)
    return data, await run(press_name, data, path, facts=_PROFILE_BYTES)


@asynccontextmanager
async def _files(place: Place, *, overwrite: bool) -> AsyncIterator[ExportFiles]:
    files = ExportFiles(place=place, overwrite=overwrite)
    try:
        yield files
    finally:
        with anyio.CancelScope(shield=True):  # what isn't finished is removed also on cancellation
            await in_file_thread(files.close, of_user=True)


async def _write(
    workbench: Workbench, plan: Plan, where: Destination, files: ExportFiles
) -> tuple[list[Done], list[Written]]:
    async with workbench.temporary() as spooled:
        archive = spooled if where.archive else None
        collector = await in_file_thread(partial(Collector, files, archive))
        done = await write_files(workbench, plan, collector)
        first = plan.files[0].source.item
        stem = where.stem or file_form(first.label or "") or first.id
        await in_file_thread(partial(collector.close_archive, f"{stem}.zip"), of_user=True)
        return done, await in_file_thread(files.finish, of_user=True)
