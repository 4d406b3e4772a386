"""image_transform through a client: results, their order, format, provenance and answers."""

import io
import json
import re
from pathlib import Path
from typing import Any

import pytest
from mcp import Client
from mcp.types import CallToolResult, ImageContent, ResourceLink, TextContent
from PIL import Image, ImageCms, ImageDraw

from stability_mcp.server.plain_results import FACTS
from support.imaging import sample_files
from support.imaging.drawn import largest_difference, same
from support.server.in_memory import Era, both_eras, connected, fine, text


def _scene(size: tuple[int, int] = (160, 120), mode: str = "RGB") -> Image.Image:
    """Return a picture whose every part is different."""
    picture = Image.merge("RGB", [Image.linear_gradient("L").resize(size)] * 3)
    draw = ImageDraw.Draw(picture)
    draw.rectangle((10, 10, 60, 50), "red")
    draw.ellipse((80, 40, 150, 110), "#2060c0")
    if mode == "RGBA":
        alpha = Image.new("L", size)
        ImageDraw.Draw(alpha).ellipse((8, 8, size[0] - 8, size[1] - 8), 255)
        picture.putalpha(alpha)
    return picture


async def _made(
    client: Client, folder: Path, image: str, steps: object, **more: object
) -> tuple[Image.Image, CallToolResult]:
    """Call the tool and return the picture that it stored."""
    arguments = {"image": image, "steps": steps, "preview": "none", **more}
    answer = fine(await client.call_tool("image_transform", arguments))
    return _picture(answer, folder), answer


def _picture(answer: CallToolResult, folder: Path) -> Image.Image:
    [link] = [each for each in answer.content if isinstance(each, ResourceLink)]
    [path] = [
        line.partition(link.uri)[2].strip()
        for line in text(answer).splitlines()
        if link.uri in line
    ]
    assert Path(path).is_relative_to(folder)
    with Image.open(path) as picture:
        picture.load()
    return picture


@pytest.mark.anyio
@both_eras
async def test_the_answer_says_what_each_step_did(era: Era, tmp_path: Path) -> None:
    """Chosen: a model that sees no picture knows the result from the text."""
    _scene().save(tmp_path / "scene.png")

    async with connected(tmp_path, era) as client:
        answer = fine(
            await client.call_tool(
                "image_transform",
                {
                    "image": str(tmp_path / "scene.png"),
                    "steps": [
                        {"op": "crop", "box": [20, 10, 140, 100]},
                        {"op": "resize", "width": 60},
                        {"op": "adjust", "warmth": 30, "contrast": 10},
                        {"op": "text", "text": "SALE", "size": 12, "gravity": "top"},
                    ],
                    "label": "sale",
                },
            )
        )

    lines = text(answer).splitlines()
    assert lines[0] == "image_transform: 1 picture, free"
    assert lines[2] == "1 crop: 120x90 at 20,10"
    assert lines[3] == "2 resize: 120x90 to 60x45"
    assert lines[4] == "3 adjust: contrast 10, warmth 30"
    assert lines[5].startswith('4 text: "SALE" in Manrope 12 px, 1 line, ')
    assert lines[6].startswith("result: 60x45 PNG, ")
    assert lines[7].startswith("sale  media://")
    kinds = [type(each) for each in answer.content]
    assert kinds == [TextContent, ImageContent, ResourceLink]
    facts = (answer.meta or {})[FACTS]
    assert facts["media"][0]["width"] == 60
    assert len(facts["steps"]) == 4


@pytest.mark.anyio
async def test_a_list_of_steps_is_the_steps_one_by_one(tmp_path: Path) -> None:
    """Chosen: each step works on the result of the one before, and order counts."""
    _scene(mode="RGBA").save(tmp_path / "scene.png")
    steps = [
        {"op": "crop", "box": [0, 0, 0.5, 1]},
        {"op": "resize", "longest": 90},
        {"op": "rotate", "degrees": 90},
        {"op": "adjust", "brightness": 20, "hue": 40},
        {"op": "pad", "margin": 10, "color": "navy"},
        {"op": "flatten", "color": "white"},
    ]

    async with connected(tmp_path) as client:
        at_once, _ = await _made(client, tmp_path, str(tmp_path / "scene.png"), steps)
        name, one_by_one = str(tmp_path / "scene.png"), None
        for n, step in enumerate(steps):
            one_by_one, _ = await _made(client, tmp_path, name, [step], label=f"part {n}")
            name = f"part {n}"
        other, _ = await _made(client, tmp_path, str(tmp_path / "scene.png"), steps[::-1])

    assert one_by_one is not None
    assert same(at_once, one_by_one)
    assert at_once.size != other.size


def _sources() -> dict[str, tuple[bytes, Image.Image]]:
    """Return files in unusual forms, with what a person sees in them."""
    scene, clear = _scene(), _scene(mode="RGBA")
    grey = scene.convert("L")
    wide = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    turned = scene.transpose(Image.Transpose.ROTATE_90)
    exif = turned.getexif()
    exif[sample_files.ORIENTATION] = 6
    deep = grey.convert("I").point(lambda level: level * 257).convert("I;16")
    return {
        "L": (sample_files.encoded(grey, "PNG"), grey.convert("RGB")),
        "P": (sample_files.encoded(scene.quantize(256), "PNG"), scene.quantize(256).convert("RGB")),
        "LA": (
            sample_files.encoded(clear.convert("LA"), "PNG"),
            clear.convert("LA").convert("RGBA"),
        ),
        "1": (sample_files.encoded(scene.convert("1"), "PNG"), scene.convert("1").convert("RGB")),
        "16 bit": (sample_files.encoded(deep, "PNG"), grey.convert("RGB")),
        "CMYK": (
            sample_files.encoded(scene.convert("CMYK"), "JPEG", quality=98),
            scene.convert("CMYK").convert("RGB"),
        ),
        "profile": (sample_files.encoded(scene, "PNG", icc_profile=wide), scene),
        "rotated": (
            sample_files.encoded(turned, "JPEG", quality=98, subsampling=0, exif=exif.tobytes()),
            scene,
        ),
        "GIF": (sample_files.encoded(scene.quantize(64), "GIF"), scene.quantize(64).convert("RGB")),
        "BMP": (sample_files.encoded(scene, "BMP"), scene),
        "TIFF": (sample_files.encoded(scene, "TIFF"), scene),
        "WebP": (sample_files.encoded(scene, "WEBP", lossless=True), scene),
    }


@pytest.mark.anyio
async def test_every_kind_of_file_becomes_what_a_person_sees(tmp_path: Path) -> None:
    """Chosen: upright, in sRGB with 8 bits, with its transparency, before the first step."""
    async with connected(tmp_path) as client:
        for name, (data, shown) in _sources().items():
            path = tmp_path / f"{name} source"
            path.write_bytes(data)
            steps = [{"op": "crop", "box": [8, 4, 150, 110]}, {"op": "convert", "format": "png"}]
            done, _ = await _made(client, tmp_path, str(path), steps)

            wanted = shown.crop((8, 4, 150, 110))
            assert done.size == wanted.size, name
            assert done.mode == wanted.mode, name
            assert "icc_profile" not in done.info, name
            lossy = name in {"CMYK", "rotated"}
            visible = done.convert("RGBa") if done.mode == "RGBA" else done
            expected = wanted.convert("RGBa") if wanted.mode == "RGBA" else wanted
            apart = largest_difference(
                visible.convert("RGBA") if visible.mode == "RGBa" else visible,
                expected.convert("RGBA") if expected.mode == "RGBa" else expected,
            )
            assert apart <= (60 if lossy else 1), name


@pytest.mark.anyio
async def test_the_format_follows_the_source_unless_chosen(tmp_path: Path) -> None:
    """Chosen: a lossless source stays lossless, transparency needs PNG, photos stay small."""
    _scene().save(tmp_path / "a.png")
    _scene().save(tmp_path / "b.jpg")
    _scene().save(tmp_path / "c.webp")
    flip = {"op": "flip", "direction": "vertical"}

    async with connected(tmp_path) as client:
        found = {}
        for name, steps in {
            "a.png": [flip],
            "b.jpg": [flip],
            "c.webp": [flip],
            "b.jpg ": [{"op": "rotate", "degrees": 5}],
            "a.png ": [{"op": "convert", "format": "jpg", "quality": 60}],
        }.items():
            picture, answer = await _made(client, tmp_path, str(tmp_path / name.strip()), steps)
            found[name] = picture.format
        clear = [{"op": "rotate", "degrees": 5}, {"op": "convert", "format": "jpeg"}]
        white, answer = await _made(client, tmp_path, str(tmp_path / "a.png"), clear)

    assert found == {
        "a.png": "PNG",
        "b.jpg": "JPEG",
        "c.webp": "WEBP",
        "b.jpg ": "PNG",
        "a.png ": "JPEG",
    }
    assert white.format == "JPEG"
    assert white.convert("L").getpixel((0, 0)) == 255
    assert "JPEG has no transparency: it became white" in text(answer)


@pytest.mark.anyio
async def test_other_pictures_become_parents_and_are_kept_by_id(tmp_path: Path) -> None:
    """Chosen: the lineage has every picture that went into the result."""
    _scene().save(tmp_path / "base.png")
    _scene((40, 30), "RGBA").save(tmp_path / "logo.png")
    mask = Image.new("L", (160, 120))
    mask.paste(255, (0, 0, 80, 120))
    mask.save(tmp_path / "mask.png")
    steps = [
        {
            "op": "composite",
            "image": str(tmp_path / "logo.png"),
            "at": [0, 0],
            "gravity": "top_left",
        },
        {"op": "adjust", "grayscale": True, "mask": str(tmp_path / "mask.png")},
    ]

    async with connected(tmp_path) as client:
        done, answer = await _made(client, tmp_path, str(tmp_path / "base.png"), steps)
        again, _ = await _made(client, tmp_path, "base", [{"op": "flip", "direction": "vertical"}])
        shown = text(fine(await client.call_tool("media_show", {"media": "base v2"})))

    assert '1 composite: "logo" 40x30 at 0,0' in text(answer)
    assert "2 adjust: grayscale true, in 50% of the picture" in text(answer)
    left, right = done.crop((0, 0, 80, 120)), done.crop((80, 0, 160, 120))
    assert largest_difference(left.convert("L").convert("RGB"), left) <= 1
    assert same(right, _scene().crop((80, 0, 160, 120)))
    assert "image_transform" in shown
    assert str(tmp_path) not in shown.partition("made:")[2], "paths aren't kept"
    assert again.size == (160, 120)


@pytest.mark.anyio
async def test_frames_become_an_animation(tmp_path: Path) -> None:
    """Chosen: frames of one size, in order, with their duration; it plays without end."""
    for n, colour in enumerate(("red", "lime", "blue")):
        Image.new("RGB", (60 + 20 * n, 40), colour).save(tmp_path / f"{n}.png")
    others = [str(tmp_path / f"{n}.png") for n in (1, 2)]

    async with connected(tmp_path) as client:
        for form in ("webp", "gif"):
            steps = [
                {"op": "frames", "images": others, "duration": 200, "fit": "crop", "format": form}
            ]
            answer = fine(
                await client.call_tool(
                    "image_transform", {"image": str(tmp_path / "0.png"), "steps": steps}
                )
            )
            path = text(answer).splitlines()[-1].split("  ")[-1]
            with Image.open(path) as moving:
                assert moving.format == form.upper()
                assert moving.n_frames == 3  # type: ignore[attr-defined]
                assert moving.info["loop"] == 0
                colours = []
                for frame in range(3):
                    moving.seek(frame)
                    assert moving.size == (60, 40)
                    colours.append(moving.convert("RGB").crop((30, 20, 31, 21)).tobytes())
            assert [max(range(3), key=c.__getitem__) for c in colours] == [0, 1, 2]
            assert "3 frames of 200 ms" in text(answer)


@pytest.mark.anyio
async def test_only_the_first_frame_of_an_animation_is_changed(tmp_path: Path) -> None:
    """Chosen: the answer says so, because the others are lost."""
    frames = [Image.new("RGB", (20, 20), c) for c in ("red", "blue")]
    frames[0].save(tmp_path / "a.gif", save_all=True, append_images=frames[1:])

    async with connected(tmp_path) as client:
        done, answer = await _made(
            client,
            tmp_path,
            str(tmp_path / "a.gif"),
            [{"op": "resize", "percent": 50}],
        )

    assert done.size == (10, 10)
    assert '"a" has 2 frames; only the first one is used' in text(answer)


@pytest.mark.anyio
async def test_forms_that_models_write_are_understood(tmp_path: Path) -> None:
    """Chosen: the meaning is certain, so no call is lost to notation."""
    _scene().save(tmp_path / "a.png")
    forms: list[Any] = [
        [{"crop": {"box": ["0", "0", "80", "60"]}}],
        {"op": "crop", "box": [0, 0, 0.5, 0.5]},
        '[{"op": "Crop", "box": [0, 0, 80, 60]}]',
        [{"op": "crop", "aspect": "4:3", "gravity": "Top-Left"}, {"op": "resize", "percent": "50"}],
        [{"op": "resize", "width": 80, "height": 60, "colour": "red", "fit": None}],
    ]

    async with connected(tmp_path) as client:
        for steps in forms:
            done, _ = await _made(client, tmp_path, str(tmp_path / "a.png"), steps)
            assert done.size == (80, 60), steps
        done, answer = await _made(
            client, tmp_path, str(tmp_path / "a.png"), ["flatten", {"text": "HI"}]
        )

    assert '2 text: "HI"' in text(answer)


@pytest.mark.anyio
async def test_metadata_of_the_source_is_gone(tmp_path: Path) -> None:
    """Chosen: the place where a photo was taken isn't passed on unseen."""
    exif = Image.Exif()
    exif[0x9286] = "secret place"
    buffer = io.BytesIO()
    _scene().save(buffer, "JPEG", exif=exif.tobytes())
    (tmp_path / "a.jpg").write_bytes(buffer.getvalue())

    async with connected(tmp_path) as client:
        await _made(client, tmp_path, str(tmp_path / "a.jpg"), [{"op": "resize", "percent": 50}])

    [copy] = (tmp_path / "out").rglob("*.jpg")
    assert b"secret place" not in copy.read_bytes()


@pytest.mark.anyio
async def test_the_error_about_a_shape_has_the_calls_that_correct_it(tmp_path: Path) -> None:
    """Chosen: both of them work as they are printed, and the paid call then succeeds."""
    _scene((1_200, 200)).save(tmp_path / "a.png")
    outpaint = {"left": 10, "prompt": "a wall", "preview": "none"}

    async with connected(tmp_path) as client:
        refused = await client.call_tool(
            "edit_outpaint", {**outpaint, "image": str(tmp_path / "a.png")}
        )
        shown = text(refused)
        [call] = re.findall(
            r'image_transform\(image="(media://\w+)", steps=(.*?) or (.*?)\);', shown
        )
        sizes = []
        for steps in call[1:]:
            made, answer = await _made(client, tmp_path, call[0], json.loads(steps))
            sizes.append(made.size)
            [link] = [each.uri for each in answer.content if isinstance(each, ResourceLink)]
            fine(await client.call_tool("edit_outpaint", {**outpaint, "image": link}))

    assert refused.is_error
    assert sizes == [(500, 200), (1_200, 480)]
