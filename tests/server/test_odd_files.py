"""Odd files as a client sees them: what is sent, what was repaired, what is marked."""

import base64
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from mcp import Client
from mcp.types import BlobResourceContents

import support.imaging.odd_pictures as odd
import support.imaging.sample_files as make
from support.imaging.extra import heic, installed_extra
from support.imaging.field_files import FILES
from support.server.in_memory import connected, facts, fine, refused, text

pytestmark = pytest.mark.anyio

FLOAT_TIFF_OF_81_MEGAPIXELS = odd.tiff(
    {
        256: 9_000,
        257: 9_000,
        258: 32,  # bits
        259: 1,  # not compressed
        262: 1,  # black is zero
        273: 8,  # where the pixels would be
        277: 1,  # one channel
        278: 9_000,
        279: 100,
        339: 3,  # floating point
    }
)


async def _bytes_of(client: Client, uri: str) -> bytes:
    [content] = (await client.read_resource(f"{uri}/original")).contents
    assert isinstance(content, BlobResourceContents)
    return base64.b64decode(content.blob)


async def test_meta_names_each_picture_that_was_sent(tmp_path: Path) -> None:
    """Documented (MCP page): a program compares what was sent with what it meant."""
    make.save(tmp_path / "turned.jpg", FILES["turned6.jpg"]())
    make.save(tmp_path / "mask.png", FILES["mask_same_size.png"]())
    async with connected(tmp_path) as client:
        arguments = {"image": "turned.jpg", "mask": "mask.png", "prompt": "a blue ball"}
        result = fine(await client.call_tool("edit_inpaint", arguments))
        picture, mask = facts(result)["sent"]
        sent = await _bytes_of(client, picture["uri"])
        unchanged = await _bytes_of(client, mask["uri"])

    assert (picture["field"], picture["width"], picture["height"]) == ("image", 120, 160)
    assert (mask["field"], mask["width"], mask["height"]) == ("mask", 120, 160)
    assert sent != FILES["turned6.jpg"]()
    assert unchanged == FILES["mask_same_size.png"]()
    assert "image: rotated upright, EXIF removed" in text(result).splitlines()


async def test_without_pictures_nothing_was_sent(tmp_path: Path) -> None:
    """Chosen: the list is always there."""
    async with connected(tmp_path) as client:
        result = fine(await client.call_tool("generate_core", {"prompt": "a fox"}))

    assert facts(result)["sent"] == []


async def test_the_marked_share_has_its_line(tmp_path: Path) -> None:
    """Chosen: a mask that marks nearly nothing or everything is noticed."""
    make.save(tmp_path / "picture.png", make.png((160, 120)))
    make.save(tmp_path / "mask.png", make.mask((160, 120)))
    async with connected(tmp_path) as client:
        by_mask = await client.call_tool(
            "edit_inpaint", {"image": "picture.png", "mask": "mask.png", "prompt": "a ball"}
        )
        make.save(tmp_path / "half.png", make.png((160, 120), "RGBA"))
        by_alpha = await client.call_tool("edit_erase", {"image": "half.png"})

    assert "mask: 26 % of the picture is marked" in text(fine(by_mask)).splitlines()
    assert "image: 50 % of the picture is marked: it's transparent" in text(fine(by_alpha))


@pytest.mark.parametrize(
    ("name", "tool", "note"),
    [
        ("jpeg_without_eoi.jpg", "upscale_fast", "its missing end mark (EOI) was added"),
        ("gif_without_trailer.gif", "upscale_fast", "its missing end mark (trailer) was added"),
        ("webp_riff_10_too_long.webp", "upscale_fast", "the length in its header was corrected"),
        ("motion_photo.jpg", "upscale_fast", "trailing bytes removed"),
        ("stream_writer_36_0.wav", "audio2_audio_to_audio", "its unfinished header completed"),
        ("zeros_first.mp3", "audio2_audio_to_audio", "junk before its first frame removed"),
    ],
)
async def test_a_repair_is_in_the_line_of_its_input(
    name: str, tool: str, note: str, tmp_path: Path
) -> None:
    """Chosen: every answer that reads the file says what is wrong with it."""
    make.save(tmp_path / name, FILES[name]())
    arguments: dict[str, object] = {"image": name}
    if tool != "upscale_fast":
        arguments = {"audio": name, "prompt": "warm strings", "duration": 8}
    async with connected(tmp_path) as client:
        first = fine(await client.call_tool(tool, arguments))
        again = fine(await client.call_tool("media_import", {"file": name}))

    [line] = [each for each in text(first).splitlines() if note in each]
    assert line.startswith(f'{next(iter(arguments))}: "{name}" = ')
    assert note in text(again)


@pytest.mark.parametrize(
    ("name", "content", "reported"),
    [
        (
            "icon.png",
            FILES["ios_app_cgbi.png"],
            "is in Apple's own form (CgBI), as inside iOS apps, which only Apple's programs",
        ),
        (
            "scan.tiff",
            lambda: FLOAT_TIFF_OF_81_MEGAPIXELS,
            "Nothing was charged. Scale it down to 5773x5773 pixels.",
        ),
    ],
)
async def test_a_picture_that_cannot_be_read_is_refused_with_a_way_out(
    name: str, content: Callable[[], bytes], reported: str, tmp_path: Path
) -> None:
    """Chosen: what it is, that nothing was charged, and what to do."""
    make.save(tmp_path / name, content())
    async with connected(tmp_path) as client:
        result = await client.call_tool("control_structure", {"image": name, "prompt": "winter"})

    assert reported in refused(result)


async def test_the_extra_converts_files_and_the_answer_says_so(tmp_path: Path) -> None:
    """Documented (files and folders): HEIC becomes PNG, Ogg becomes WAV."""
    with installed_extra():
        make.save(tmp_path / "photo.heic", heic(make.picture((160, 120))))
        make.save(tmp_path / "voice.ogg", FILES["whatsapp_voice.ogg"]())
        async with connected(tmp_path) as client:
            picture = await client.call_tool(
                "control_structure", {"image": "photo.heic", "prompt": "winter"}
            )
            sound = await client.call_tool(
                "audio2_audio_to_audio", {"audio": "voice.ogg", "prompt": "strings", "duration": 8}
            )
            sent = await _bytes_of(client, facts(fine(picture))["sent"][0]["uri"])

    assert "imported now; converted from HEIC to PNG" in text(picture)
    assert sent.startswith(b"\x89PNG")
    assert "imported now; converted from Ogg to WAV" in text(fine(sound))


@pytest.mark.parametrize("name", ["photo.heic", "garageband.aiff", "whatsapp_voice.ogg"])
async def test_without_the_extra_the_refusal_names_it(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Documented (files and folders): the command that installs it."""
    monkeypatch.setitem(sys.modules, "pillow_heif", None)
    header = b"\0\0\0\x18ftypheic\0\0\0\0mif1heic"
    make.save(tmp_path / name, FILES.get(name, lambda: header)())
    call = ("audio2_audio_to_audio", {"audio": name, "prompt": "strings", "duration": 8})
    if name == "photo.heic":
        call = ("control_structure", {"image": name, "prompt": "winter"})
    async with connected(tmp_path) as client:
        result = await client.call_tool(*call)

    assert "Export it as" in refused(result)
    assert 'pip install "stability-mcp[formats]"' in text(result)
