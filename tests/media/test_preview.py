"""Previews of results: one picture, a sheet of several, a model's source; they never fail."""

import io
from pathlib import Path

import pytest
from PIL import Image

from stability_mcp.media.preview import PreviewStyle, preview_of
from support.imaging.sample_files import glb, mp3, png
from support.media.media import desk

pytestmark = pytest.mark.anyio

SMALL = PreviewStyle(size="small", format="webp")


async def test_one_picture_gets_a_small_preview(tmp_path: Path) -> None:
    """Chosen: at most 768 px, or 1024 px for large previews, and 64 KiB."""
    async with desk(tmp_path) as here:
        item = await here.generated(png((1536, 1024)))
        small = await preview_of([item], SMALL)
        large = await preview_of([item], PreviewStyle(size="large", format="jpeg"))

    assert small is not None
    assert large is not None
    assert (small.width, small.height, small.media_type) == (768, 512, "image/webp")
    assert (large.width, large.media_type) == (1024, "image/jpeg")
    assert len(small.data) <= 65_536
    assert Image.open(io.BytesIO(small.data)).size == (768, 512)


async def test_a_preview_reports_transparency(tmp_path: Path) -> None:
    """Chosen: the share of transparent pixels is part of the answer's text."""
    async with desk(tmp_path) as here:
        item = await here.generated(png((100, 100), "RGBA"))
        shown = await preview_of([item], SMALL)

    assert shown is not None
    assert shown.transparent == pytest.approx(0.5)


async def test_several_pictures_get_one_sheet(tmp_path: Path) -> None:
    """Chosen: count=4 shows four pictures in one."""
    async with desk(tmp_path) as here:
        items = [await here.generated(png((200, 100)), label="logo") for _ in range(4)]
        shown = await preview_of(items, SMALL)

    assert shown is not None
    assert shown.width <= 768
    assert shown.height > shown.width / 4


async def test_a_model_is_shown_by_the_picture_it_was_made_from(tmp_path: Path) -> None:
    """Chosen: a GLB can't be rendered here, its source can be shown."""
    async with desk(tmp_path) as here:
        source = await here.generated(png((300, 200)))
        model = await here.generated(glb(), parents={"image": source.id})
        orphan = await here.generated(glb())
        shown = await preview_of([model], SMALL, library=here.store)

        assert await preview_of([orphan], SMALL, library=here.store) is None
    assert shown is not None
    assert (shown.width, shown.height) == (300, 200)


async def test_sound_has_no_preview(tmp_path: Path) -> None:
    """Chosen: the answer has facts in text and no picture."""
    async with desk(tmp_path) as here:
        song = await here.generated(mp3(2))

        assert await preview_of([song], SMALL, library=here.store) is None
        assert await preview_of([], SMALL) is None


async def test_a_picture_that_cannot_be_previewed_causes_no_error(tmp_path: Path) -> None:
    """Chosen: a preview never fails a paid result."""
    async with desk(tmp_path) as here:
        broken = await here.generated(png((200, 200), noise=True)[:2_000])
        gone = await here.generated(png((64, 65)))
        gone.path.unlink()

        assert await preview_of([broken], SMALL) is None
        assert await preview_of([gone, broken], SMALL) is None
