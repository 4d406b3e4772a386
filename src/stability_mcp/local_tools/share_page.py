"""Collects what a shared page shows: pictures and sounds small enough to send, in one file."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path

from stability_mcp.api.fields import Size
from stability_mcp.errors import ArgumentsError
from stability_mcp.imaging.export.export_formats import EXPORT_FORMATS, encode_picture
from stability_mcp.imaging.memory import estimate, run
from stability_mcp.imaging.picture import open_picture
from stability_mcp.local_tools.export_archive import Measured
from stability_mcp.local_tools.export_arguments import (
    MAX_MEDIA,
    Destination,
    MediaExport,
    PageOptions,
)
from stability_mcp.local_tools.image_compare import ImageCompare, image_compare
from stability_mcp.local_tools.local_tool import LocalResult
from stability_mcp.local_tools.share_html import (
    Embedded,
    SharedGroup,
    SharedItem,
    SharedPage,
    Standing,
    draw_page,
)
from stability_mcp.local_tools.workbench import Source, Workbench
from stability_mcp.media.export_folder import Written
from stability_mcp.media.items import MediaItem, prompt_of
from stability_mcp.media.labels import file_form
from stability_mcp.media.preview import PreviewStyle, preview_of
from stability_mcp.store.threads import in_file_thread
from stability_mcp.text import bytes_text, listed, quoted, without_paths
from stability_mcp.uris import is_run, job_id_of

MAX_PAGE_BYTES = 25_000_000
"""Largest page: the limit of most mail servers for an attachment."""
_LEVELS = ((1_600, 82), (1_200, 70), (800, 60))
"""Longest side and quality of the pictures; the first whose page fits is taken."""
_BASE64 = 4 / 3
_EMULATED = "Placeholders, drawn by a built-in emulator of the API."
_PAIR = 2


@dataclass(frozen=True, kw_only=True)
class MadePage:
    """A page before it is written."""

    name: str
    """Name of the file."""
    data: bytes = field(repr=False)
    items: Sequence[MediaItem]
    notes: Sequence[str]
    changes: Sequence[str]
    """What a reader of the answer has to know: number of items, size of the pictures."""


@dataclass(frozen=True, kw_only=True)
class _Group:
    title: str
    sources: Sequence[Source]


@dataclass(frozen=True, kw_only=True)
class _Chosen:
    """What the page is about."""

    groups: Sequence[_Group]
    title: str
    """Title of the run; "" for media."""
    blind: frozenset[str]
    """Ids of media whose prompt and price aren't shown."""
    notes: Sequence[str]

    @property
    def sources(self) -> list[Source]:
        return [each for group in self.groups for each in group.sources]


async def make_page(workbench: Workbench, arguments: MediaExport, where: Destination) -> MadePage:
    """Return the page of media, or of the results of a run.

    Raises:
        ArgumentsError: there is nothing to show, too much, or no pair to compare.
        NotFoundError: there is no such run or item.
    """
    options = arguments.page or PageOptions()
    chosen = await _choose(workbench, arguments.media)
    sources = chosen.sources
    items = [each.item for each in sources]
    _check_amount(items)
    measured = await _measured(workbench, sources) if options.compare else []
    prices = await workbench.origins.prices(items) if "prices" in options.show else {}
    fixed = {each.item.id: await _fixed(each, prices, chosen, options) for each in sources}
    title = options.title or chosen.title or where.stem or _title(items)
    page = SharedPage(
        title=title,
        text=without_paths(options.text),
        groups=(),
        measured=measured,
        tally=[Standing(**each.model_dump()) for each in options.tally],
        note=_EMULATED if any(each.emulated and each.operation for each in items) else "",
    )
    data, longest = await _fitting(page, chosen.groups, fixed)
    stem = where.stem or file_form(options.title or chosen.title) or file_form(items[0].name)
    pictures = [each for each in items if each.kind == "image"]
    count = "1 item" if len(items) == 1 else f"{len(items)} items"
    size = f"pictures up to {longest:,} pixels" if pictures else ""
    shown = f"with {listed(options.show)}" if options.show else "without prompts and prices"
    return MadePage(
        name=f"{stem or items[0].id}.html",
        data=data,
        items=items,
        notes=chosen.notes,
        changes=[each for each in (count, size, shown) if each],
    )


def page_result(
    page: MadePage, measured: Measured, written: Written, created: Sequence[Path]
) -> LocalResult:
    """Return the answer to an export of a page."""
    path = quoted(written.path, limit=1_000)
    lines = [*page.notes, f"written: 1 file, {measured.bytes:,} bytes"]
    if created:
        folders = listed((quoted(each, limit=300) for each in created), most=4)
        lines.append(f"created: folder{'s' * (len(created) > 1)} {folders}")
    lines.append(f"- {path}: {', '.join(page.changes)}")
    if written.replaced:
        lines.append("  it replaced an existing file")
    elif written.taken:
        taken = quoted(written.taken)
        lines.append(f"  {taken} existed and was kept; overwrite=true replaces it")
    lines.append("the page is complete: it loads nothing, runs nothing and can be sent as it is")
    file = {
        "path": str(written.path),
        "name": measured.name,
        "bytes": measured.bytes,
        "sha256": measured.sha256,
        "media": [each.uri for each in page.items],
        "preset": "",
        "width": None,
        "height": None,
        "changes": list(page.changes),
        "outside_safe_zone": None,
    }
    facts = {
        "files": [file],
        "bytes": written.bytes,
        "archive": None,
        "created": [str(each) for each in created],
    }
    return LocalResult(lines=lines, facts=facts)


async def _choose(workbench: Workbench, references: Iterable[str]) -> _Chosen:
    """Return the items in order, each once; runs as a group for each output."""
    groups: list[_Group] = []
    notes: list[str] = []
    titles: list[str] = []
    blind: frozenset[str] = frozenset()
    seen: set[str] = set()

    def add(title: str, found: Iterable[Source]) -> None:
        new = [each for each in found if each.item.id not in seen]
        seen.update(each.item.id for each in new)
        if groups and not title and not groups[-1].title:
            groups[-1] = _Group(title="", sources=[*groups[-1].sources, *new])
        elif new:
            groups.append(_Group(title=title, sources=new))

    for reference in references:
        if is_run(job_id_of(reference)):
            found = await workbench.origins.run(job_id_of(reference))
            titles.append(found.title)
            blind |= found.blind
            for output, items in found.groups:
                sources = [
                    await workbench.source(each.uri, argument="media", kind=None) for each in items
                ]
                add(output, sources)
        else:
            source = await workbench.source(reference, argument="media", kind=None)
            notes.append(source.note)
            add("", [source])
    return _Chosen(groups=groups, title=", ".join(titles), blind=blind, notes=notes[:6])


def _check_amount(items: Sequence[MediaItem]) -> None:
    if not items:
        raise ArgumentsError(
            "This run has no results to show yet.", hint="Wait for it with job_wait."
        )
    if len(items) > MAX_MEDIA:
        raise ArgumentsError(
            f"These are {len(items)} items; a page shows up to {MAX_MEDIA}.",
            hint="Pass the media themselves, in several pages.",
        )
    sounds = sum(each.bytes for each in items if each.kind == "audio") * _BASE64
    if sounds > MAX_PAGE_BYTES:
        raise _too_large(sounds, items)


def _too_large(size: float, items: Sequence[MediaItem]) -> ArgumentsError:
    largest = max(items, key=lambda each: each.bytes)
    sounds = any(each.kind == "audio" for each in items)
    return ArgumentsError(
        f"The page would have {bytes_text(round(size))}; the maximum is "
        f"{bytes_text(MAX_PAGE_BYTES)}. The largest item is {quoted(largest.name)}, "
        f"{largest.size_text}.",
        hint="Leave some out"
        + ("; audio_edit converts sounds to MP3, which is smaller." if sounds else "."),
    )


async def _measured(workbench: Workbench, sources: Sequence[Source]) -> list[str]:
    pictures = [each for each in sources if each.item.kind == "image"]
    if len(pictures) != _PAIR or len(sources) != _PAIR:
        raise ArgumentsError(
            "compare takes two pictures.", hint="Pass two pictures as media, or leave it out."
        )
    before, after = (each.item.uri for each in pictures)
    arguments = ImageCompare(before=before, after=after, preview="none")
    result = await image_compare.function(workbench, arguments)
    notes = {each.note for each in sources}
    return [
        each
        for each in result.lines
        if each not in notes and not each.startswith(("before:", "after:"))
    ]


async def _fixed(
    source: Source, prices: Mapping[str, str], chosen: _Chosen, options: PageOptions
) -> SharedItem:
    """Return what an item shows whatever the size of the pictures."""
    item = source.item
    is_open = item.id not in chosen.blind
    prompt = prompt_of(item.arguments) if is_open and "prompts" in options.show else None
    parts = [_about(item, source.facts.size), prices.get(item.id, "") if is_open else ""]
    shown = SharedItem(
        name=without_paths(item.name),
        facts=" · ".join(filter(None, parts)),
        prompt=without_paths(prompt or ""),
    )
    if item.kind == "image" or item.unreadable:
        return shown
    drawn = await preview_of([item], PreviewStyle(size="large", format="webp"))
    if drawn is not None:
        picture = Embedded(media_type=drawn.media_type, data=drawn.data)
        shown = replace(shown, picture=picture)
    if item.kind == "audio":
        data = await in_file_thread(item.path.read_bytes)
        shown = replace(shown, sound=Embedded(media_type=item.media_type, data=data))
    return shown


def _about(item: MediaItem, size: tuple[int, int]) -> str:
    if item.kind == "image":
        return f"{size[0]}x{size[1]}"
    return item.dimensions if item.kind == "audio" else "3D model, drawn"


async def _fitting(
    page: SharedPage, groups: Sequence[_Group], fixed: Mapping[str, SharedItem]
) -> tuple[bytes, int]:
    """Return the page with the largest pictures that fit, and their longest side."""
    sources = [each for group in groups for each in group.sources]
    total = 0
    for longest, quality in _LEVELS:
        shown: dict[str, SharedItem] = {}
        total = 0
        for source in sources:
            item = fixed[source.item.id]
            if source.item.kind == "image":
                encode = partial(_encoded, source, longest, quality)
                data, size = await run(encode, facts=estimate(source.facts))
                picture = Embedded(media_type="image/webp", data=data)
                item = replace(item, picture=picture, size=size)
            shown[source.item.id] = item
            total += sum(len(each.data) for each in (item.picture, item.sound) if each is not None)
            if total * _BASE64 > MAX_PAGE_BYTES:
                break  # the rest need not be encoded to know it
        if total * _BASE64 > MAX_PAGE_BYTES:
            continue
        drawn = [
            SharedGroup(title=each.title, items=[shown[one.item.id] for one in each.sources])
            for each in groups
        ]
        return draw_page(replace(page, groups=drawn)), longest
    raise _too_large(total * _BASE64, [each.item for each in sources])


def _encoded(source: Source, longest: int, quality: int) -> tuple[bytes, Size]:
    """Return a picture without metadata, and its size; blocks."""
    from PIL import Image

    picture = open_picture(source.path, source.facts)
    picture.thumbnail((longest, longest), Image.Resampling.LANCZOS, reducing_gap=3)
    picture.info = {}
    return encode_picture(picture, EXPORT_FORMATS["webp"], quality), Size(*picture.size)


def _title(items: Sequence[MediaItem]) -> str:
    return items[0].name if len(items) == 1 else f"{len(items)} items"
