"""What doesn't fit an operation is fixed and named, or refused and named, before it is charged."""

import base64
import io
import re
from pathlib import Path
from typing import Any

import pytest
from mcp.types import BlobResourceContents
from PIL import Image

from support.imaging.sample_files import jpeg, mask, mp3, png, wav
from support.server.in_memory import connected, data, facts, fine, refused, text

pytestmark = pytest.mark.anyio

RAIN = {"prompt": "rain"}


@pytest.mark.parametrize(
    ("tool", "arguments", "file", "note"),
    [
        (
            "edit_outpaint",
            {"image": "a.png", "left": 10},
            png((48, 48)),
            "image: enlarged from 48x48 to 64x64 (minimum 64 pixels per side)\n",
        ),
        (
            "edit_outpaint",
            {"image": "a.png", "left": 10},
            png((16, 32)),
            (
                "image: enlarged from 16x32 to 64x128 (minimum 64 pixels per side); "
                "the result will be soft\n"
            ),
        ),
        (
            "upscale_creative",
            {"image": "a.png", "prompt": "a fox"},
            png((55, 60)),
            (
                "image: enlarged from 55x60 to 64x70 (minimum 64 pixels per side); "
                "upscale_fast accepts it as it is\n"
            ),
        ),
        (
            "edit_remove_background",
            {"image": "a.png"},
            jpeg((2_400, 2_000)),
            "image: shrunk from 2400x2000 to 2243x1869 (limit 4.19 MP)",
        ),
        (
            "audio2_audio_to_audio",
            {"audio": "a.png", **RAIN},
            wav(200, rate=1_000, channels=1),
            (
                "audio: cut to its first 190 of 200 s (limit 190 s), faded out over the last 10 "
                "ms; audio3_audio_to_audio accepts the whole sound\n"
                "duration: 190 s, the length of audio\n"
            ),
        ),
        (
            "audio2_audio_to_audio",
            {"audio": "a.png", **RAIN},
            mp3(200, rate=8_000),
            "audio: cut to its first 189.86 of 200 s, at an MP3 frame (limit 190 s)",
        ),
    ],
)
async def test_a_file_that_can_be_fitted_is_fitted_and_the_answer_says_how(
    tool: str, arguments: dict[str, Any], file: bytes, note: str, tmp_path: Path
) -> None:
    """*Chosen*: what was sent is a medium of its own, with the original as its parent."""
    (tmp_path / "a.png").write_bytes(file)
    async with connected(tmp_path) as client:
        made = fine(await client.call_tool(tool, arguments))
        if not facts(made)["media"]:
            made = fine(await client.call_tool("job_wait", {"seconds": 50}))
            assert note in "\n".join(facts(made)["inputs"]) + "\n" or note in text(made)
        else:
            assert note in text(made)


@pytest.mark.parametrize(
    ("tool", "arguments", "file", "why"),
    [
        (
            "edit_outpaint",
            {"image": "a.png", "left": 10},
            png((1_200, 200)),
            (
                "image: The picture's aspect ratio is 6.00:1 (1200x200); from 1:2.5 to 2.5:1 is "
                "accepted. Nothing was charged. Crop it to 500x200 or pad it to 1200x480: "
                'image_transform(image="media://*", steps=[{"op": "crop", "aspect": "500:200"}] or '
                '[{"op": "pad", "width": 1200, "height": 480}]); its shape is accepted by '
                "edit_erase, edit_inpaint and edit_remove_background."
            ),
        ),
        (
            "upscale_conservative",
            {"image": "a.png", "prompt": "a wall"},
            png((200, 900)),
            (
                "image: The picture's aspect ratio is 1:4.50 (200x900); from 1:2.5 to 2.5:1 is "
                "accepted. Nothing was charged. Crop it to 200x500 or pad it to 360x900: "
                'image_transform(image="media://*", steps=[{"op": "crop", "aspect": "200:500"}] or '
                '[{"op": "pad", "width": 360, "height": 900}]); its shape is accepted by '
                "upscale_creative and upscale_fast."
            ),
        ),
        (
            "edit_remove_background",
            {"image": "a.png"},
            png((1, 1)),
            (
                "image: The picture is only 1x1: enlarged to the minimum of 64 pixels per side, it "
                "would be nothing but a blur. Nothing was charged. Use a picture with at least 8"
            ),
        ),
        (
            "upscale_fast",
            {"image": "a.png"},
            png((20_000, 1)),
            "image: The picture is only 20000x1: enlarged to the minimum of 32 pixels per side",
        ),
        (
            "upscale_fast",
            {"image": "a.png"},
            png((20_000, 100)),
            (
                "image: The picture's aspect ratio is 200.00:1 (20000x100); from 1:48 to 48:1 is "
                "accepted. Nothing was charged. Crop it to 4800x100 or pad it to 20000x417"
            ),
        ),
        (
            "audio2_audio_to_audio",
            {"audio": "a.png", **RAIN},
            wav(3, rate=1_000, channels=1),
            (
                'audio: "a" is 3.0 s long; it must be from 6 to 190 s. Nothing was charged. Use a '
                "longer sound, or repeat this one in an audio editor"
            ),
        ),
    ],
)
async def test_a_file_that_cannot_be_fitted_is_refused_with_the_way_out(
    tool: str, arguments: dict[str, Any], file: bytes, why: str, tmp_path: Path
) -> None:
    """*Chosen*: nothing is cropped, padded or lengthened automatically, and nothing is charged."""
    (tmp_path / "a.png").write_bytes(file)
    async with connected(tmp_path) as client:
        shown = refused(await client.call_tool(tool, arguments))
        assert why in re.sub(r"media://\w+", "media://*", shown)
        assert data(await client.call_tool("job_list", {}))["jobs"] == []


async def test_a_mask_of_another_size_is_resized_without_new_levels(tmp_path: Path) -> None:
    """*Chosen*: the levels set how much is changed, so a black-and-white mask stays that."""
    (tmp_path / "photo.png").write_bytes(png((300, 200)))
    (tmp_path / "mask.png").write_bytes(mask((90, 60)))
    async with connected(tmp_path) as client:
        made = fine(
            await client.call_tool("edit_erase", {"image": "photo.png", "mask": "mask.png"})
        )
        sent = {each["field"]: each["uri"] for each in facts(made)["sent"]}
        [contents] = (await client.read_resource(sent["mask"])).contents

    assert "mask: enlarged from 90x60 to 300x200, the size of its picture" in text(made)
    assert isinstance(contents, BlobResourceContents)
    with Image.open(io.BytesIO(base64.b64decode(contents.blob))) as picture:
        assert picture.size == (300, 200)
        assert set(picture.convert("L").get_flattened_data()) == {0, 255}


async def test_a_mask_of_another_shape_is_refused_with_both_sizes(tmp_path: Path) -> None:
    """*Chosen*: stretched over the picture, it would mark another area."""
    (tmp_path / "photo.png").write_bytes(png((300, 200)))
    (tmp_path / "mask.png").write_bytes(mask((300, 300)))
    async with connected(tmp_path) as client:
        why = refused(
            await client.call_tool("edit_erase", {"image": "photo.png", "mask": "mask.png"})
        )

    assert "another aspect ratio (300x300) than its picture (300x200)" in why
    assert "Nothing was charged." in why


async def test_a_rerun_says_that_its_input_was_fitted(tmp_path: Path) -> None:
    """*Chosen*: the user never imported that file."""
    (tmp_path / "a.png").write_bytes(png((48, 48)))
    async with connected(tmp_path) as client:
        edit = {"image": "a.png", "left": 10, "label": "wide"}
        fine(await client.call_tool("edit_outpaint", edit))
        again = text(fine(await client.call_tool("job_rerun", {"job": "wide"})))

    [line] = [each for each in again.splitlines() if each.startswith("image: ")]
    assert ", fitted for sending " in line
    assert "imported" not in line
