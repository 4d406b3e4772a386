"""Previews of results: one picture, a sheet of several, a drawn model; they never fail."""

import io
from pathlib import Path

import pytest
from PIL import Image

from stability_mcp.media.preview import PreviewStyle, preview_of, undrawn
from support.imaging.models import cube
from support.imaging.sample_files import mp3, png, sound, wav
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


async def test_a_model_is_drawn_and_never_replaced_by_the_picture_it_was_made_from(
    tmp_path: Path,
) -> None:
    """Chosen: three views of the model; nothing if it can't be drawn, and a line that says why."""
    flawed = cube()
    flawed.document["extensionsRequired"] = ["KHR_draco_mesh_compression"]
    async with desk(tmp_path) as here:
        source = await here.generated(png((300, 200)))
        model = await here.generated(cube().glb(), parents={"image": source.id})
        packed = await here.generated(flawed.glb(), parents={"image": source.id})
        shown = await preview_of([model], SMALL)
        large = await preview_of([model], PreviewStyle(size="large", format="jpeg"))

        assert await preview_of([packed], SMALL) is None
        [line] = await undrawn([packed], [])
        assert await undrawn([model], [shown] if shown else []) == []
    assert shown is not None
    assert large is not None
    assert (shown.width, shown.height, shown.transparent) == (768, 540, None)
    assert (large.width, large.media_type) == (1020, "image/jpeg")
    assert "compressed with Draco" in line


async def test_a_sheet_shows_models_beside_pictures(tmp_path: Path) -> None:
    """Chosen: one view of each; a model that can't be drawn is grey, and a line says why."""
    flawed = cube()
    flawed.document["accessors"][0]["count"] = 10_000
    async with desk(tmp_path) as here:
        photo = await here.generated(png((300, 200)))
        model = await here.generated(cube().glb())
        broken = await here.generated(flawed.glb())
        shown = await preview_of([photo, model, broken], SMALL)

        [line] = await undrawn([photo, model, broken], [shown] if shown else [])
    assert shown is not None
    sheet = Image.open(io.BytesIO(shown.data)).convert("RGB")
    colours = {colour for _, colour in sheet.crop((390, 0, 760, 350)).getcolors(10**6) or []}
    assert any(max(each) - min(each) > 80 for each in colours if isinstance(each, tuple))
    assert "its positions reach beyond their buffer view" in line


async def test_a_sound_is_shown_as_its_waveform(tmp_path: Path) -> None:
    """Chosen: a model that can't hear sees loudness and silence; no sounds, no picture."""
    async with desk(tmp_path) as here:
        song = await here.generated(mp3(2))
        shown = await preview_of([song], SMALL)
        large = await preview_of([song], PreviewStyle(size="large", format="jpeg"))

        assert await preview_of([], SMALL) is None
        assert await undrawn([song], [shown] if shown else []) == []
    assert shown is not None
    assert large is not None
    assert (shown.width, shown.height, shown.transparent) == (768, 230, None)
    assert (large.width, large.media_type) == (1024, "image/jpeg")


async def test_a_sheet_shows_sounds_beside_pictures(tmp_path: Path) -> None:
    """Chosen: a waveform each; a sound that can't be decoded is grey, and a line says why."""
    async with desk(tmp_path) as here:
        song = await here.generated(wav(2))
        picture = await here.generated(png((300, 200)))
        strange = await here.generated(sound(1, "OGG"))
        shown = await preview_of([song, picture, strange], SMALL)
        lines = await undrawn([song, picture, strange], [shown] if shown else [])

    assert shown is not None
    assert shown.width <= 768
    assert len(lines) == 1
    assert "The samples of this OGG can't be decoded here." in lines[0]


async def test_a_picture_that_cannot_be_previewed_causes_no_error(tmp_path: Path) -> None:
    """Chosen: a preview never fails a paid result."""
    async with desk(tmp_path) as here:
        broken = await here.generated(png((200, 200), noise=True)[:2_000])
        gone = await here.generated(png((64, 65)))
        gone.path.unlink()

        assert await preview_of([broken], SMALL) is None
        assert await preview_of([gone, broken], SMALL) is None
