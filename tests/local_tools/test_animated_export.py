"""media_export with fps: several pictures as one animated file."""

import base64
from collections.abc import Mapping
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from mcp import Client
from PIL import Image, ImageDraw, ImageSequence

from stability_mcp.imaging import provenance
from stability_mcp.local_tools.export_animation import frame_groups
from support.imaging import sample_files as make
from support.server.in_memory import connected, facts, fine, pictures, refused, text

FRAMES = ["f0.png", "f1.png", "f2.png", "f3.png"]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A root with frames, the last one of another shape, and media that aren't frames."""
    for number, name in enumerate(FRAMES):
        size = (90, 90) if number == 3 else (120, 80)
        frame = Image.new("RGB", size, "#8090a0")
        ImageDraw.Draw(frame).ellipse((10 + number * 10, 20, 50 + number * 10, 60), fill="#d02020")
        frame.save(tmp_path / name)
    Image.new("RGBA", (40, 40), (200, 0, 0, 60)).save(tmp_path / "clear.png")
    Image.new("1", (2_400, 1_800)).save(tmp_path / "large.png")
    (tmp_path / "tune.wav").write_bytes(make.wav(0.2))
    (tmp_path / "moving.gif").write_bytes(make.gif(frames=3))
    return tmp_path


async def export(client: Client, **arguments: object) -> tuple[Mapping[str, Any], str]:
    """Export one file and return its facts and the answer."""
    answer = fine(await client.call_tool("media_export", dict(arguments)))
    (file,) = facts(answer)["files"]
    return file, text(answer)


def _frames(file: Mapping[str, Any]) -> list[tuple[Image.Image, int]]:
    """Return picture and duration of each frame."""
    with Image.open(file["path"]) as moving:
        return [
            (each.convert("RGBA"), each.info["duration"]) for each in ImageSequence.Iterator(moving)
        ]


@pytest.mark.anyio
@pytest.mark.parametrize("form", ["gif", "webp"])
async def test_pictures_become_one_animation(folder: Path, form: str) -> None:
    """Chosen: in order, at the size of the first; another shape is padded."""
    async with connected(folder) as client:
        answer = fine(
            await client.call_tool(
                "media_export", {"media": FRAMES, "fps": 8, "to": str(folder / f"walk.{form}")}
            )
        )
    (file,) = facts(answer)["files"]
    shown = _frames(file)

    assert Path(file["path"]) == folder / f"walk.{form}"
    assert [frame.size for frame, _ in shown] == [(120, 80)] * 4
    assert sum(duration for _, duration in shown) == 500
    assert (file["width"], file["height"]) == (120, 80)
    assert len(file["media"]) == 4
    assert "4 frames at 8 fps, 0.5 s, plays without end" in text(answer)
    assert "frame 4: resized from 90x90, padded with slate #8090a0" in text(answer)
    sheet = Image.open(BytesIO(base64.b64decode(pictures(answer)[0].data)))
    assert sheet.format == "WEBP"


@pytest.mark.anyio
async def test_a_size_a_shape_and_frames_that_come_back(folder: Path) -> None:
    """Chosen: cover crops every frame alike, so nothing jumps; the way back uses frames again."""
    there_and_back = ["f0.png", "f1.png", "f2.png", "f1.png"]
    async with connected(folder) as client:
        file, answer = await export(
            client, media=there_and_back, fps=10, width=60, height=60, fit="cover"
        )

    shown = _frames(file)
    assert Path(file["path"]).name == "f0.webp"
    assert [frame.size for frame, _ in shown] == [(60, 60)] * 4
    assert shown[1][0].tobytes() != shown[2][0].tobytes()
    assert "every frame: cropped to x " in answer


@pytest.mark.anyio
async def test_transparent_frames_stay_transparent_unless_a_background_is_given(
    folder: Path,
) -> None:
    """Chosen: as in a single file; WebP keeps half-transparent pixels, GIF can't."""
    call: dict[str, object] = {"media": ["clear.png", "f0.png"], "fps": 2}
    async with connected(folder) as client:
        soft, _ = await export(client, **call, to="a.webp")
        hard, _ = await export(client, **call, to="a.gif")
        flat, answer = await export(client, **call, to="b.webp", background="white")

    assert _frames(soft)[0][0].getpixel((5, 5)) == pytest.approx((200, 0, 0, 60), abs=4)
    assert _frames(hard)[0][0].getchannel("A").getextrema() == (0, 0)
    assert _frames(flat)[0][0].getchannel("A").getextrema() == (255, 255)
    assert "transparency flattened on white" in answer


@pytest.mark.anyio
async def test_an_animation_fits_into_bytes(folder: Path) -> None:
    """Chosen: at the best quality below them, and smaller only if that is allowed."""
    call: dict[str, object] = {"media": FRAMES, "fps": 10, "to": "a.gif"}
    async with connected(folder) as client:
        whole, _ = await export(client, **call)
        fewer, answer = await export(client, **call, max_bytes=1_400)
        small, shrunk = await export(client, **call, max_bytes=1_000, shrink=True)
        error = refused(await client.call_tool("media_export", {**call, "max_bytes": 200}))

    assert whole["bytes"] > 1_400 >= fewer["bytes"]
    assert fewer["width"] == 120
    assert " colours" in answer
    assert "256 colours" not in answer
    assert small["bytes"] <= 1_000
    assert small["width"] < 120
    assert len(_frames(small)) == 4
    assert f"shrunk to {small['width']}x{small['height']} to save bytes" in shrunk
    assert "doesn't fit into 200 bytes as gif" in error


@pytest.mark.anyio
@pytest.mark.parametrize("setting", ["full", "minimal", "off"])
async def test_an_animation_records_what_it_is_made_from(folder: Path, setting: str) -> None:
    """Chosen: not the provenance of one of its frames; a path or label is never in it."""
    async with connected(folder, metadata=setting) as client:
        file, answer = await export(client, media=FRAMES, fps=10, width=60, to="a.webp")

    claim = provenance.read(Path(file["path"])) or {}
    assert claim.get("operation") == (None if setting == "off" else "media_export")
    assert claim.get("arguments") == ({"fps": 10.0, "width": 60} if setting == "full" else None)
    assert len(claim.get("inputs", ())) == (4 if setting == "full" else 0)
    assert "f0" not in str({key: claim[key] for key in claim if key != "inputs"})
    assert "sha256" not in claim
    assert f"provenance: {'none' if setting == 'off' else setting}" in answer


WRONG: Mapping[str, tuple[Mapping[str, object], str]] = {
    "fps 0": ({"fps": 0}, "fps must be from 1 to 30; you passed 0"),
    "fps 31": ({"fps": 31}, "fps must be from 1 to 30; you passed 31"),
    "fps nan": ({"fps": "nan"}, "fps must be a number"),
    "one picture": ({"media": ["f0.png"]}, "media has only one"),
    "as png": ({"to": "a.png"}, "which can't be written as png. "),
    "as pdf": ({"format": "pdf"}, "which can't be written as pdf. "),
    "a preset": ({"preset": "web"}, "so preset can't be used with it"),
    "for print": ({"dpi": 300}, "so dpi can't be used with it"),
    "a sound": ({"media": ["f0.png", "tune.wav"]}, "which takes no options for pictures"),
    "too large": (
        {"media": ["large.png", "f0.png"]},
        "2 frames of 2400x1800 are too large: each may have 4.0 megapixels",
    ),
    "too large as asked": ({"width": 4_000, "height": 4_000, "fit": "pad"}, "Pass width=2000"),
    "too many": ({"media": FRAMES * 13}, "the maximum is 50"),
    "quality of gif": ({"to": "a.gif", "quality": 50}, "quality has no effect on gif"),
    "another word": ({"duration": 100}, "use fps, the frames per second"),
}


@pytest.mark.anyio
async def test_what_cannot_be_an_animation_is_refused_and_writes_nothing(folder: Path) -> None:
    """Chosen: the error says what to pass instead."""
    wrong = {}
    async with connected(folder) as client:
        for name, (given, expected) in WRONG.items():
            call = {"media": FRAMES, "fps": 10, **given}
            found = refused(await client.call_tool("media_export", call))
            if expected not in found or "Nothing was charged." not in found:
                wrong[name] = found

    assert wrong == {}
    assert not (folder / "out").exists()


@pytest.mark.anyio
async def test_of_an_animated_picture_only_the_first_frame_is_used(folder: Path) -> None:
    """Chosen: the answer names it, as a joined animation may be expected."""
    async with connected(folder) as client:
        _, answer = await export(client, media=["moving.gif", "f0.png"], fps=10)

    assert "frame 1: only the first of 3 frames" in answer


def test_equal_changes_are_one_line() -> None:
    """Chosen: 50 frames don't fill the answer."""
    assert frame_groups([["a"], ["a"], ["a"], [], ["a"], ["b"]]) == [
        "frames 1 to 3, 5: a",
        "frame 6: b",
    ]
    assert frame_groups([["a"], ["a"]]) == ["every frame: a"]
    assert frame_groups([[], []]) == []
    assert frame_groups([[str(n)] for n in range(50)])[-1] == "and 42 more such lines"
