"""The sheet of a run: what was made, by number or letter, with price and time."""

import io
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path

import anyio
import pytest
from PIL import Image

from stability_mcp.imaging.preview import MAX_BYTES, Preview
from stability_mcp.media.items import MediaItem
from stability_mcp.studio.open import open_studio
from stability_mcp.studio.runtime import StudioParts
from stability_mcp.studio.workflow.run_sheet import RunCell, run_sheet
from support.imaging import sample_files as make
from support.server.in_memory import settings_in

pytestmark = pytest.mark.anyio

CAPTIONS = {
    ("1 · core", "3 credits · 2.1 s"): RunCell(
        mark="1", media=None, label="core", credits=3_000, seconds=2.14
    ),
    ("2 · hero", "free"): RunCell(mark="2", media=None, label="hero", credits=0),
    ("3", "6.5 credits"): RunCell(mark="3", media=None, credits=6_500),
    ("4", ""): RunCell(mark="4", media=None),
    ("B", ""): RunCell(mark="B", media=None, label="core", credits=3_000, seconds=2, blind=True),
}


@asynccontextmanager
async def opened(
    folder: Path, **settings: object
) -> AsyncIterator[tuple[StudioParts, list[MediaItem]]]:
    """Open a studio with a picture, a sound and a model."""
    Image.effect_noise((300, 200), 80).convert("RGB").save(folder / "noise.png")
    (folder / "tune.wav").write_bytes(make.wav(0.2))
    (folder / "chair.glb").write_bytes(make.glb())
    with anyio.fail_after(120):
        async with open_studio(settings_in(folder, settings)) as studio:
            parts = studio._parts  # noqa: SLF001 -- runs are drawn by the studio
            names = ("noise.png", "tune.wav", "chair.glb")
            found = [await parts.importer.import_file(str(folder / name), None) for name in names]
            yield parts, [each.item for each in found]


def seen(shown: Preview | None) -> Image.Image:
    """Return a sheet as a host shows it."""
    assert shown is not None
    assert len(shown.data) <= MAX_BYTES
    picture = Image.open(io.BytesIO(shown.data))
    assert picture.size == (shown.width, shown.height)
    return picture.convert("RGB")


def colours(picture: Image.Image, box: tuple[int, int, int, int]) -> int:
    """Return how many colours a part of a sheet has."""
    return len(picture.crop(box).getcolors(1 << 20) or ())


@pytest.mark.parametrize("lines", CAPTIONS)
async def test_a_caption_says_number_name_price_and_time(lines: tuple[str, str]) -> None:
    """Chosen: two lines, so that they fit below a small picture; nothing is shown as 0."""
    assert CAPTIONS[lines].caption == lines


async def test_pictures_sounds_and_models_are_drawn_and_failures_are_grey(tmp_path: Path) -> None:
    """Chosen: a cell for each, so that the numbers fit those of the answer."""
    async with opened(tmp_path) as (parts, items):
        cells = [RunCell(mark=str(n), media=media) for n, media in enumerate([*items, None], 1)]
        sheet = seen(await run_sheet(parts, cells))

    half, low = sheet.width // 2, sheet.height // 2
    picture, sound, model, failed = (
        colours(sheet, (left + 60, top + 60, left + half - 60, top + low - 60))
        for top in (0, low)
        for left in (0, half)
    )
    assert min(picture, sound, model) > 3
    assert failed <= 3


async def test_of_many_outputs_the_first_are_drawn_and_the_rest_is_counted(tmp_path: Path) -> None:
    """Documented (house rule for answers): at most 64 KB, whatever the run made."""
    async with opened(tmp_path) as (parts, items):
        cells = [
            RunCell(
                mark=str(n),
                media=items[1] if n in {1, 30} else None,
                label="x" * 90,
                credits=3_000,
                seconds=1,
            )
            for n in range(1, 31)
        ]
        all_shown = seen(await run_sheet(parts, cells[:24]))
        first = seen(await run_sheet(parts, cells))

    assert first.width == all_shown.width
    assert first.height == all_shown.height + 20, "one more line"
    assert max(first.size) <= 1_024


async def test_a_blind_sheet_says_nothing_but_letters(tmp_path: Path) -> None:
    """Chosen: sheets that only differ in name, price and time are equal byte for byte."""
    async with opened(tmp_path) as (parts, items):
        one = [RunCell(mark="A", media=items[0], label="core", credits=3_000, blind=True)]
        other = [RunCell(mark="A", media=items[0], label="ultra", seconds=9, blind=True)]
        named = [replace(each, blind=False) for each in one]
        sheets = [await run_sheet(parts, each) for each in (one, other, named)]

    first, second, third = (each.data for each in sheets if each is not None)
    assert first == second
    assert first != third


async def test_a_sheet_never_fails_a_run(tmp_path: Path) -> None:
    """Chosen: a damaged or missing file is a grey square; without files there is no sheet."""
    (tmp_path / "bad.png").write_bytes(b"\x89PNG\r\n\x1a\n broken")
    async with opened(tmp_path) as (parts, items):
        bad = replace(items[0], path=tmp_path / "bad.png")
        gone = replace(items[0], path=tmp_path / "gone")
        hidden = replace(items[0], unreadable=True)
        cells = [RunCell(mark="1", media=each) for each in (bad, gone, hidden)]
        sheet = seen(await run_sheet(parts, cells))
        nothing = [
            await run_sheet(parts, []),
            await run_sheet(parts, [RunCell(mark="1", media=None)]),
        ]

    assert colours(sheet, (60, 60, 200, 200)) <= 3
    assert nothing == [None, None]


async def test_no_sheet_is_drawn_if_previews_are_off(tmp_path: Path) -> None:
    """Documented (docs/settings.md): STABILITY_PREVIEW=none."""
    async with opened(tmp_path, preview="none") as (parts, items):
        assert await run_sheet(parts, [RunCell(mark="1", media=items[0])]) is None
