"""media_export: finished files in the user's folders."""

import base64
import hashlib
import json
import zipfile
from collections.abc import Mapping
from functools import partial
from io import BytesIO
from pathlib import Path
from typing import Any

import anyio
import pytest
from mcp import Client
from mcp.client import ClientRequestContext
from mcp.types import ErrorData, ListRootsResult, Root
from PIL import IcoImagePlugin, Image, ImageDraw

from stability_mcp.imaging import provenance
from stability_mcp.imaging.export.export_presets import PRESETS
from stability_mcp.server.app import build_server
from stability_mcp.server.catalog import all_tools
from support.imaging import sample_files as make
from support.imaging.odd_pictures import press_profile
from support.server.in_memory import (
    Era,
    both_eras,
    connected,
    facts,
    fine,
    pictures,
    refused,
    settings_in,
    text,
)

MAX_SCHEMA_BYTES = 1_700


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A root with media of every kind."""
    scene = Image.effect_noise((320, 200), 40).convert("RGB")
    ImageDraw.Draw(scene).ellipse((110, 40, 209, 139), fill="#d02020")
    scene.save(tmp_path / "photo.png")
    logo = Image.new("RGBA", (200, 120))
    ImageDraw.Draw(logo).ellipse((60, 20, 139, 99), fill="#2060d0")
    logo.save(tmp_path / "logo.png")
    (tmp_path / "camera.jpg").write_bytes(make.jpeg((300, 200), orientation=6, gps=True))
    (tmp_path / "tune.wav").write_bytes(make.wav(0.2))
    (tmp_path / "chair.glb").write_bytes(make.glb())
    (tmp_path / "dot.png").write_bytes(make.png((1, 1)))
    (tmp_path / "moving.gif").write_bytes(make.gif(frames=3))
    return tmp_path


def _bytes(file: Mapping[str, Any]) -> bytes:
    return Path(file["path"]).read_bytes()


async def export(client: Client, **arguments: object) -> list[dict[str, Any]]:
    """Export and return the facts of each file, which must be on disk with its bytes and hash."""
    answer = fine(await client.call_tool("media_export", dict(arguments)))
    found = facts(answer)
    for each in found["files"]:
        if found["archive"] is None:
            data = _bytes(each)
            assert len(data) == each["bytes"]
            assert hashlib.sha256(data).hexdigest() == each["sha256"]
            assert each["path"] in text(answer)
    files: list[dict[str, Any]] = found["files"]
    return files


@pytest.mark.anyio
@both_eras
async def test_a_picture_gets_the_form_of_its_name(era: Era, folder: Path) -> None:
    """Chosen: the text is enough on its own: path, size, bytes and what was changed."""
    async with connected(folder, era) as client:
        answer = fine(
            await client.call_tool(
                "media_export", {"media": "logo.png", "to": str(folder / "site/logo.jpg")}
            )
        )

    path, shown = folder / "site/logo.jpg", text(answer)
    size = path.stat().st_size
    assert "media_export: free" in shown
    assert f"written: 1 file, {size:,} bytes" in shown
    assert f'created: folder "{folder / "site"}"' in shown
    assert (
        f'- "{path}": 200x120, {size:,} bytes, transparency flattened on white, quality 85' in shown
    )
    assert "metadata: none; provenance: full (STABILITY_METADATA)" in shown
    assert len(pictures(answer)) == 1
    with Image.open(path) as picture:
        assert (picture.format, picture.size) == ("JPEG", (200, 120))


@pytest.mark.anyio
async def test_without_options_a_file_is_copied_as_it_is(folder: Path) -> None:
    """Chosen: no pixel or sample changes; a copy is recognised as its original."""
    async with connected(folder, metadata="off") as client:
        names = ("photo.png", "tune.wav", "chair.glb", "moving.gif", "camera.jpg")
        files = await export(client, media=list(names), to="copies/")
        answer = fine(await client.call_tool("media_export", {"media": "tune.wav"}))

    assert [Path(each["path"]).name for each in files] == list(names)
    assert list(map(_bytes, files)) == [(folder / name).read_bytes() for name in names]
    assert "copied as it is" in text(answer)
    assert str(Path("exports") / "tune.wav") in text(answer)


@pytest.mark.anyio
@pytest.mark.parametrize("setting", ["full", "minimal", "off"])
async def test_an_export_records_what_the_setting_says(folder: Path, setting: str) -> None:
    """Chosen: as readable copies do; a web preset removes what a camera wrote either way."""
    async with connected(folder, metadata=setting) as client:
        shapes = [{"shape": "rectangle", "box": [0, 0, 0.5, 0.5]}]
        await client.call_tool(
            "image_mask", {"image": "photo.png", "shapes": shapes, "label": "made"}
        )
        files = await export(client, media=["made", "camera.jpg"], preset=["web-jpeg"])

    claim = provenance.read(Path(files[0]["path"])) or {}
    assert claim.get("operation") == (None if setting == "off" else "image_mask")
    assert ("arguments" in claim) == (setting == "full")
    camera = _bytes(files[1])
    assert b"Camera 1234" not in camera
    assert b"Exif" not in camera
    with Image.open(BytesIO(camera)) as picture:
        assert picture.size == (200, 300)


@pytest.mark.anyio
async def test_a_copy_says_that_it_still_has_metadata(folder: Path) -> None:
    """Chosen: a place in a published photo is noticed in time."""
    async with connected(folder) as client:
        copied = fine(await client.call_tool("media_export", {"media": "camera.jpg"}))
        cleaned = fine(
            await client.call_tool("media_export", {"media": "camera.jpg", "preset": "web"})
        )

    assert "metadata: the copies still contain EXIF and GPS" in text(copied)
    assert "metadata: EXIF and GPS removed" in text(cleaned)


@pytest.mark.anyio
async def test_a_size_in_bytes_is_met_and_an_impossible_one_named(folder: Path) -> None:
    """Chosen: the error says what could be reached, so the next call succeeds."""
    async with connected(folder) as client:
        files = await export(client, media="photo.png", to="a.jpg", max_bytes=15_000)
        error = refused(
            await client.call_tool(
                "media_export", {"media": "photo.png", "to": "b.jpg", "max_bytes": 1_500}
            )
        )
        small = await export(client, media="photo.png", to="b.jpg", max_bytes=1_500, shrink=True)
        same = await export(client, media="photo.png", max_bytes=10_000_000)

    assert 13_000 < files[0]["bytes"] <= 15_000
    assert "doesn't fit into 1,500 bytes as jpeg: at the lowest quality it has" in error
    assert "Pass shrink=true" in error
    assert small[0]["bytes"] <= 1_500
    assert small[0]["width"] < 320
    assert same[0]["changes"] == []
    assert not [path for path in _files(folder) if path.endswith(".part")]


@pytest.mark.anyio
async def test_nothing_is_overwritten_unless_asked(folder: Path) -> None:
    """Chosen: the answer says under which name the file is."""
    async with connected(folder) as client:
        call = {"media": "logo.png", "to": str(folder / "photo.png")}
        before = (folder / "photo.png").read_bytes()
        kept = fine(await client.call_tool("media_export", call))
        after = (folder / "photo.png").read_bytes()
        replaced = fine(await client.call_tool("media_export", {**call, "overwrite": True}))

    assert before == after
    assert '"photo.png" existed and was kept; overwrite=true replaces it' in text(kept)
    assert (folder / "photo (2).png").exists()
    assert "it replaced an existing file" in text(replaced)
    assert (folder / "photo.png").read_bytes() != before


@pytest.mark.anyio
async def test_one_picture_for_five_formats(folder: Path) -> None:
    """Chosen: every platform's size at once, with safe zones in text and preview."""
    presets = ["Instagram Story", "x_profile", "x-header", "facebook-cover", "link-preview"]
    call: dict[str, Any] = {"media": "photo.png", "preset": presets, "to": "social"}
    async with connected(folder) as client:
        answer = fine(await client.call_tool("media_export", call))
        cropped = await export(client, **{**call, "preset": presets[1:]}, fit="cover")

    files = facts(answer)["files"]
    sizes = [(each["width"], each["height"]) for each in files]
    assert sizes == [(1_080, 1_920), (400, 400), (1_500, 500), (851, 315), (1_200, 630)]
    assert [(each["width"], each["height"]) for each in cropped] == sizes[1:]
    assert "safe zone of instagram-story: the subject" in text(answer)
    assert "preview: what is outside a safe zone is tinted red" in text(answer)
    assert 'padded, so that nothing is cropped; fit="cover" crops around' in text(answer)
    assert all("padded" not in " ".join(each["changes"]) for each in cropped)
    for each in files:
        with Image.open(each["path"]) as picture:
            assert picture.size == (each["width"], each["height"])
    sheet = Image.open(BytesIO(base64.b64decode(pictures(answer)[0].data)))
    assert sheet.format == "WEBP"
    assert len(pictures(answer)[0].data) < 100_000


@pytest.mark.anyio
async def test_a_logo_becomes_a_favicon_set(folder: Path) -> None:
    """Chosen: the files, the manifest, and the lines for the page."""
    async with connected(folder) as client:
        answer = fine(
            await client.call_tool(
                "media_export", {"media": "logo.png", "preset": "favicon", "to": "public"}
            )
        )

    made = {Path(each["path"]).name: Path(each["path"]) for each in facts(answer)["files"]}
    assert made.keys() == {
        "favicon.ico",
        "apple-touch-icon.png",
        "icon-192.png",
        "icon-512.png",
        "site.webmanifest",
    }
    assert {path.parent.name for path in made.values()} == {"logo-favicon"}
    with IcoImagePlugin.IcoImageFile(BytesIO(made["favicon.ico"].read_bytes())) as icon:
        assert icon.info["sizes"] == {(16, 16), (32, 32), (48, 48)}
        for side in (16, 32, 48):
            assert icon.ico.getimage((side, side)).size == (side, side)
    with Image.open(made["apple-touch-icon.png"]) as touch:
        assert (touch.mode, touch.size) == ("RGB", (180, 180))
    with Image.open(made["icon-512.png"]) as large:
        assert large.mode == "RGBA"
        assert large.getchannel("A").getbbox() == (0, 0, 512, 512)
    manifest = json.loads(made["site.webmanifest"].read_text())
    assert [each["sizes"] for each in manifest["icons"]] == ["192x192", "512x512"]
    assert '<link rel="apple-touch-icon" href="/apple-touch-icon.png">' in text(answer)


def _pixels(name: str) -> int:
    """Return the pixels of a preset's largest file; of one without a size, none."""
    return max((each.width or 0) * (each.height or 0) for each in PRESETS[name].targets)


@pytest.mark.anyio
async def test_a_tiny_picture_fits_every_small_preset(folder: Path) -> None:
    """Chosen: one pixel is a picture; larger files take the same path, but longer."""
    names = [name for name in PRESETS if _pixels(name) < 600_000 and "print" not in name]
    async with connected(folder) as client:
        for start in range(0, len(names), 20):
            call = {"media": "dot.png", "preset": names[start : start + 20], "preview": "none"}
            assert await export(client, **call)


@pytest.mark.anyio
async def test_an_archive_has_a_manifest_and_is_opened_by_another_program(folder: Path) -> None:
    """Chosen: with a manifest of names, sizes and hashes, and no path or label of the user."""
    call = {"media": ["logo.png", "photo.png"], "preset": ["web", "favicon"], "preview": "none"}
    async with connected(folder) as client:
        first = fine(await client.call_tool("media_export", {**call, "to": str(folder / "a.zip")}))
        await export(client, **call, to=str(folder / "b.zip"))

    assert facts(first)["archive"] == str(folder / "a.zip")
    assert (folder / "a.zip").read_bytes() == (folder / "b.zip").read_bytes()
    with zipfile.ZipFile(folder / "a.zip") as archive:
        assert archive.testzip() is None
        names = archive.namelist()
        manifest = json.loads(archive.read("manifest.json"))
        for each in manifest["files"]:
            data = archive.read(each["name"])
            assert (len(data), hashlib.sha256(data).hexdigest()) == (each["bytes"], each["sha256"])
    assert names[-1] == "manifest.json"
    assert sorted(each["name"] for each in manifest["files"]) == sorted(names[:-1])
    assert str(folder) not in json.dumps(manifest)
    assert manifest["files"][0]["made_from"][0]["sha256"]
    assert not [path for path in _files(folder) if "logo-" in path]
    done = await anyio.run_process(["unzip", "-t", str(folder / "a.zip")], check=False)
    assert done.returncode == 0, done.stderr


@pytest.mark.anyio
async def test_pictures_become_the_pages_of_a_pdf(folder: Path) -> None:
    """Chosen: one page each, in order, as large as the picture or the paper."""
    async with connected(folder) as client:
        plain = fine(
            await client.call_tool(
                "media_export", {"media": ["logo.png", "photo.png"], "to": str(folder / "a.pdf")}
            )
        )
        await export(client, media=["photo.png"], preset="print-a5", to=str(folder / "b.pdf"))
        limited = await export(
            client, media=["logo.png", "photo.png"], to=str(folder / "c.pdf"), max_bytes=20_000
        )

    data = (folder / "a.pdf").read_bytes()
    assert data.count(b"/Type /Page ") == 2
    assert b"/MediaBox [0 0 96.00 57.60]" in data, "200x120 at 150 dpi"
    assert b"/MediaBox [0 0 595.20 419.52]" in (folder / "b.pdf").read_bytes(), "A5, turned"
    assert limited[0]["bytes"] <= 20_000
    assert "2 pages, quality 90" in text(plain)
    assert "  page 1: 200x120, transparency flattened on white" in text(plain)
    assert len(pictures(plain)) == 1


@pytest.mark.anyio
async def test_print_is_cmyk_by_the_given_profile(folder: Path) -> None:
    """Chosen: RGB without one, and the answer says so."""
    (folder / "press.icc").write_bytes(press_profile())
    call = {"media": "photo.png", "preset": "print-60x40", "preview": "none"}
    async with connected(folder) as client:
        rgb = fine(await client.call_tool("media_export", call))
        press = fine(await client.call_tool("media_export", {**call, "profile": "press.icc"}))
        smaller = await export(client, **call, dpi=100)

    assert "colours: sRGB" in text(rgb)
    assert 'colours: CMYK by "Press"' in text(press)
    with Image.open(facts(press)["files"][0]["path"]) as picture:
        assert picture.mode == "CMYK"
        assert picture.size == (709, 472)
        assert picture.info["icc_profile"] == press_profile()
        assert picture.info["dpi"] == (300, 300)
    assert (smaller[0]["width"], smaller[0]["height"]) == (236, 157)


@pytest.mark.anyio
async def test_names_of_several_files_never_collide(folder: Path) -> None:
    """Chosen: with overwrite too, a call never replaces its own files."""
    async with connected(folder) as client:
        await client.call_tool("media_label", {"media": "logo.png", "label": "a?b"})
        await client.call_tool("media_label", {"media": "photo.png", "label": "a*b"})
        files = await export(
            client, media=["a?b", "a*b", "a?b"], to="x", overwrite=True, format="webp"
        )
        named = await export(client, media=["a?b", "a*b"], to="x/pair.webp")

    assert [Path(each["path"]).name for each in files] == ["a b.webp", "a b (2).webp"]
    assert [Path(each["path"]).name for each in named] == ["pair-1.webp", "pair-2.webp"]


@pytest.mark.anyio
async def test_a_relative_path_is_in_the_folder_that_the_editor_has_open(folder: Path) -> None:
    """Documented (docs/files-and-folders.md): "save it as site/logo.webp" means the project."""
    project = await anyio.to_thread.run_sync(partial(_project, folder))
    settings = settings_in(folder / "server", {"roots": (), "roots_only": False})

    async def roots(context: ClientRequestContext) -> ListRootsResult | ErrorData:  # noqa: ARG001
        return ListRootsResult(roots=[Root(uri=project.as_uri())])

    with anyio.fail_after(60):
        async with Client(
            build_server(settings), mode="legacy", list_roots_callback=roots
        ) as client:
            call = {"media": "logo.png", "to": "site/logo.webp"}
            answer = fine(await client.call_tool("media_export", call))
            error = refused(
                await client.call_tool("media_export", {**call, "to": "../outside/logo.webp"})
            )

    assert f'"{project / "site/logo.webp"}"' in text(answer)
    assert f'Allowed folders: "{project}"' in error
    assert "A relative path is below the first one." in error


def _project(folder: Path) -> Path:
    project = folder / "project"
    project.mkdir()
    (folder / "logo.png").rename(project / "logo.png")
    return project


WRONG: Mapping[str, tuple[Mapping[str, object], str]] = {
    "outside": ({"to": "/etc/logo.png"}, "is outside the allowed folders"),
    "above": ({"to": "../../../../logo.png"}, "is outside the allowed folders"),
    "the data folder": ({"to": "{root}/home/logo.png"}, "data folder of this server"),
    "an unknown preset": ({"preset": "instgram-story"}, 'Did you mean "instagram-story"'),
    "another unknown preset": ({"preset": ["web", "myspace"]}, "Presets: web, web-small"),
    "a preset with a size": ({"preset": "web", "width": 9}, "A preset has its own size"),
    "icons in a format": ({"preset": "favicon", "format": "png"}, "has fixed formats"),
    "50,000 px": ({"width": 50_000, "height": 9, "fit": "pad"}, "width must be from 1 to 20,000"),
    "400 MP": ({"width": 20_000, "height": 20_000, "fit": "pad"}, "50 megapixels"),
    "one side to pad": ({"width": 9, "fit": "pad"}, "fit needs both width and height"),
    "quality of png": ({"quality": 50}, "quality has no effect on png"),
    "quality 0": ({"quality": 0, "to": "a.jpg"}, "quality must be from 1 to 100"),
    "no bytes": ({"max_bytes": 0}, "max_bytes must be from 1"),
    "few bytes": ({"max_bytes": 50, "to": "a.webp"}, "doesn't fit into 50 bytes as webp"),
    "few bytes of an exact size": (
        {"max_bytes": 400, "to": "a.jpg", "width": 300, "shrink": True},
        "Pass a larger max_bytes or a smaller size",
    ),
    "another ending": ({"to": "a.jpg", "format": "png"}, "isn't that of the format png"),
    "an ending of others": ({"to": "a.psd"}, "would be a psd file, which can't be written"),
    "an unknown format": ({"format": "tga"}, "format must be one of"),
    "a colour that isn't one": ({"background": "blurple"}, "isn't a colour"),
    "dpi of webp": ({"format": "webp", "dpi": 300}, "webp can't hold dpi"),
    "dpi 5": ({"dpi": 5}, "dpi must be from 30"),
    "CMYK as png": ({"profile": "press.icc"}, "png can't hold CMYK"),
    "no profile there": ({"profile": "x.icc", "format": "jpeg"}, "There is no file"),
    "a picture as profile": ({"profile": "logo.png", "format": "jpeg"}, "isn't an ICC profile"),
    "a profile outside": ({"profile": "/etc/passwd", "format": "tiff"}, "outside the allowed"),
    "no media": ({"media": []}, "media must"),
    "unknown media": ({"media": "nothing"}, "No media or file is called"),
    "much media": ({"media": ["logo.png"] * 51}, "the maximum is 50"),
    "sound as picture": (
        {"media": "tune.wav", "format": "png"},
        "can't be exported in the format png",
    ),
    "sound as MP3": (
        {"media": "tune.wav", "to": "tune.mp3"},
        "To copy it, use the ending .wav; audio_edit converts to WAV or MP3.",
    ),
    "a format of sounds": (
        {"media": "tune.wav", "format": "mp3"},
        "format: sounds are copied if format is left out; audio_edit converts to WAV or MP3.",
    ),
    "sound in a pdf": (
        {"media": ["logo.png", "tune.wav"], "to": "a.pdf"},
        "exported in the format pdf",
    ),
    "sound for the web": (
        {"media": "tune.wav", "preset": "web"},
        "which takes no options for pictures",
    ),
    "a model as sound": (
        {"media": "chair.glb", "to": "a.mp3"},
        "can't be exported in the format mp3",
    ),
    "a picture as sound": ({"to": "a.wav"}, "can't be exported in the format wav"),
    "zip as argument": ({"zip": True}, "end the name in to with .zip"),
    "a long name": ({"to": "x" * 250 + ".png"}, "has more than 200 bytes"),
    "a file as folder": ({"to": "{root}/photo.png/a.png"}, "not a folder"),
    "a picture too large to decode": ({"media": "bomb.png", "format": "jpeg"}, "too large"),
}


@pytest.mark.anyio
async def test_wrong_calls_are_refused_and_write_nothing(folder: Path) -> None:
    """Chosen: one clear error, not charged, and the folders are as before."""
    (folder / "press.icc").write_bytes(press_profile())
    (folder / "bomb.png").write_bytes(make.bomb_png())
    wrong = {}
    async with connected(folder) as client:
        await export(client, media="logo.png", to="first.png")
        before = _files(folder)
        for name, (given, expected) in WRONG.items():
            call = {"media": "logo.png", **given}
            call = {
                key: value.replace("{root}", str(folder)) if isinstance(value, str) else value
                for key, value in call.items()
            }
            found = refused(await client.call_tool("media_export", call))
            if expected not in found or "Nothing was charged." not in found:
                wrong[name] = found
        after = _files(folder)

    assert wrong == {}
    assert after == before


def _files(folder: Path) -> dict[str, bytes]:
    """Return the files that aren't in the data folder."""
    home = folder / "home"
    found = [path for path in folder.rglob("*") if path.is_file()]
    return {str(path): path.read_bytes() for path in found if not path.is_relative_to(home)}


def test_its_definition_is_small_and_says_that_it_can_replace_files() -> None:
    """Documented (MCP, tool annotations): hosts ask the user before a destructive call."""
    definition = all_tools()["media_export"]
    shown = {
        "name": definition.name,
        "description": definition.description,
        "inputSchema": definition.input_schema,
    }

    assert len(json.dumps(shown, separators=(",", ":")).encode()) < MAX_SCHEMA_BYTES
    assert definition.annotations["destructiveHint"]
    assert not definition.annotations["readOnlyHint"]


@pytest.mark.parametrize("name", ["a\0b.png", "a\nb.png"])
@pytest.mark.anyio
async def test_a_file_name_with_control_characters_is_refused(folder: Path, name: str) -> None:
    """Chosen: one clear error; nothing is written."""
    async with connected(folder) as client:
        answer = await client.call_tool("media_export", {"media": ["logo.png"], "to": name})
    assert "isn't a path" in refused(answer)


@pytest.mark.parametrize(
    ("name", "colour"),
    [("white", (255, 255, 255)), ("navy", (0, 0, 128)), ("dark blue", (0, 0, 139))],
)
@pytest.mark.anyio
async def test_a_background_is_the_css_colour(
    folder: Path, name: str, colour: tuple[int, int, int]
) -> None:
    """Chosen: the same as image_transform paints; what people call white is #fafafa."""
    async with connected(folder) as client:
        (file,) = await export(client, media=["logo.png"], format="png", background=name)
    with Image.open(BytesIO(_bytes(file))) as picture:
        assert picture.convert("RGB").getpixel((2, 2)) == colour


@pytest.mark.anyio
async def test_shrinking_to_save_bytes_keeps_the_shape(folder: Path) -> None:
    """Chosen: rounding errors of several steps must not add up."""
    async with connected(folder) as client:
        (file,) = await export(
            client, media=["photo.png"], format="png", max_bytes=3_000, shrink=True
        )
    with Image.open(BytesIO(_bytes(file))) as picture:
        assert picture.height == round(picture.width * 200 / 320)


@pytest.mark.anyio
async def test_a_converted_file_is_not_called_a_copy(folder: Path) -> None:
    """Chosen: a JPEG that becomes a PNG has other bytes, whatever its pixels."""
    async with connected(folder) as client:
        answer = await client.call_tool("media_export", {"media": ["dot.png"], "format": "tiff"})
    assert "encoded as tiff" in text(fine(answer))
    assert "copied as it is" not in text(answer)
