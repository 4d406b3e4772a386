"""The view page's addresses."""

from pathlib import Path

import anyio
import pytest

import support.imaging.sample_files as make
from stability_mcp.studio import CallOptions
from stability_mcp.studio.links import VIEW_SECONDS
from support.imaging.models import cube
from support.pages.local_pages import Pages

pytestmark = pytest.mark.anyio


def write(path: Path, data: bytes) -> Path:
    """Write a file and return its path."""
    path.write_bytes(data)
    return path


async def test_a_result_is_shown_with_what_it_was_made_from(pages: Pages, tmp_path: Path) -> None:
    """Documented (docs/files-and-folders.md): what the page says; sources are text only."""
    source = write(tmp_path / "harbour.png", make.png((96, 96)))
    outcome = await pages.studio.run(
        "edit_search_and_replace",
        {"image": str(source), "prompt": "a fox", "search_prompt": "a dog"},
        CallOptions(wait=30, label="fox"),
    )
    item = outcome.media[0]
    link = f"/v/{pages.studio.pages.links.view(item.id).token}"

    facts = (await pages.http.get(f"{link}/facts")).json()

    assert facts == {
        "label": "fox",
        "kind": "image",
        "media_type": item.media_type,
        "size": item.size_text,
        "width": item.width,
        "height": item.height,
        "seconds": None,
        "created": item.created_at,
        "operation": "Search and replace",
        "prompt": "a fox",
        "credits": facts["credits"],
        "made_from": [{"role": "image", "label": "harbour"}],
        "expires_at": pages.clock.now + VIEW_SECONDS,
    }
    assert facts["credits"].endswith("credits charged on the emulator")


async def test_the_file_is_shown_by_the_type_of_its_bytes(pages: Pages, tmp_path: Path) -> None:
    """Chosen: even a file that a browser would take for a page gets no rights."""
    data = make.png((40, 30))
    _, link = await pages.view(write(tmp_path / "page.html.png", data))

    shown = await pages.http.get(f"{link}/file")
    saved = await pages.http.get(f"{link}/download")

    assert shown.content == saved.content == data
    assert shown.headers["content-type"] == "image/png"
    assert shown.headers["content-security-policy"].endswith("; sandbox")
    assert shown.headers["x-content-type-options"] == "nosniff"
    assert shown.headers["content-disposition"].startswith("inline")
    assert saved.headers["content-disposition"] == 'attachment; filename="page-html.png"'


async def test_a_model_is_drawn(pages: Pages, tmp_path: Path) -> None:
    """Documented (docs/files-and-folders.md): three views; the file itself is for saving."""
    flawed = cube()
    flawed.document["nodes"] = [{}]
    _, model = await pages.view(write(tmp_path / "cube.glb", cube().glb()))
    _, empty = await pages.view(write(tmp_path / "empty.glb", flawed.glb()))
    _, picture = await pages.view(write(tmp_path / "photo.png", make.png((40, 30))))

    drawn = await pages.http.get(f"{model}/drawing")

    assert drawn.headers["content-type"] == "image/webp"
    assert drawn.headers["content-security-policy"].endswith("; sandbox")
    assert (await pages.http.get(f"{empty}/drawing")).status_code == 404
    assert (await pages.http.get(f"{picture}/drawing")).status_code == 404


async def test_sound_can_be_played_from_the_middle(pages: Pages, tmp_path: Path) -> None:
    """Documented (RFC 9110, 14): players ask for ranges."""
    data = make.wav(1.0)
    _, link = await pages.view(write(tmp_path / "beep.wav", data))

    part = await pages.http.get(f"{link}/file", headers={"range": "bytes=100-199"})
    wrong = await pages.http.get(f"{link}/file", headers={"range": "bytes=99999999-"})
    head = await pages.http.head(f"{link}/file")

    assert (part.status_code, part.content) == (206, data[100:200])
    assert part.headers["content-range"] == f"bytes 100-199/{len(data)}"
    assert wrong.status_code == 416
    assert (head.status_code, head.content) == (200, b"")


async def test_a_link_opens_one_item_only(pages: Pages, tmp_path: Path) -> None:
    """Chosen: no right beyond the item, by id, by another address or by an upload."""
    fox, link = await pages.view(write(tmp_path / "fox.png", make.png((40, 30))))
    owl, _ = await pages.view(write(tmp_path / "owl.png", make.png((30, 40))))
    upload, _ = pages.upload()

    statuses = [
        (await pages.http.get(path)).status_code
        for path in (
            f"/v/{owl}",
            f"{link}/{owl}",
            f"{link}/file?media={owl}",
            f"/v/{upload.token}/file",
            f"/u/{link.rpartition('/')[2]}/state",
        )
    ]
    kept = await pages.http.get(f"{link}/file", params={"id": owl})

    assert statuses == [404, 404, 200, 404, 404]
    assert kept.content == make.png((40, 30))
    assert fox != owl


async def test_a_link_ends_after_a_day_or_with_the_item(pages: Pages, tmp_path: Path) -> None:
    """Documented (docs/files-and-folders.md): 24 h; a deleted file is gone."""
    picture = write(tmp_path / "fox.png", make.png())
    media, link = await pages.view(picture)
    path = (await pages.studio.get_media(media)).path

    await anyio.Path(path).unlink()
    gone = await pages.http.get(f"{link}/file")
    page = await pages.http.get(link)
    pages.clock.now += VIEW_SECONDS
    late = [await pages.http.get(f"{link}{end}") for end in ("", "/facts", "/file", "/download")]

    assert (gone.status_code, page.status_code) == (404, 200)
    assert {each.status_code for each in late} == {404}
    assert "This link no longer works" in late[0].text
