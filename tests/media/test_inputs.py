"""Preparing a call: files are adapted with a note or rejected with a hint, before any charge."""

import re
from pathlib import Path
from typing import Any

import pytest

from stability_mcp.api.operation import MIB
from stability_mcp.api.operations import OPERATIONS
from stability_mcp.errors import ArgumentsError, FileUnusableError, NotFoundError
from stability_mcp.imaging.probe import probe
from support.imaging.sample_files import bmp, gif, jpeg, mask, mp3, png, sound, tiff, wav, webp
from support.media.media import desk

pytestmark = pytest.mark.anyio


async def test_a_picture_that_fits_is_sent_unchanged(tmp_path: Path) -> None:
    """Chosen: encoding it again would cost quality."""
    async with desk(tmp_path) as here:
        item = await here.generated(png((512, 512)), label="hero")
        ready = await here.prepare("upscale_fast", image="hero")

    assert ready.files["image"] == ready.sources["image"]
    assert ready.files["image"].id == item.id
    assert ready.operation.model_dump()["image"] == item.id
    [note] = ready.notes
    assert note.startswith('image: "hero", made ')


async def test_a_request_without_files_is_unchanged(tmp_path: Path) -> None:
    """Chosen: most calls have no files."""
    async with desk(tmp_path) as here:
        ready = await here.prepare("generate_core", prompt="a cat")

    assert (ready.files, ready.notes) == ({}, [])


async def test_the_note_on_a_shrunk_picture_names_a_tool_that_accepts_its_full_size(
    tmp_path: Path,
) -> None:
    """Documented: fast accepts 1,048,576 pixels, conservative 9,437,184."""
    async with desk(tmp_path) as here:
        item = await here.generated(png((1536, 1536)), label="hero")
        ready = await here.prepare("upscale_fast", image="hero")
        sent = ready.files["image"]
        parents = await here.store.parents(sent.id)

        assert probe(sent.path).size == (1024, 1024)
        assert here.spool() == []
    assert ready.notes[1] == (
        "image: shrunk from 1536x1536 to 1024x1024 (limit 1.05 MP); "
        "upscale_conservative accepts the full size"
    )
    assert (sent.origin, sent.label) == ("fitted", None)
    assert [parent.id for parent in parents.values()] == [item.id]
    assert ready.sources["image"].id == item.id
    assert ready.operation.model_dump()["image"] == sent.id


async def test_fitting_a_picture_twice_gives_the_same_item(tmp_path: Path) -> None:
    """Chosen: a repeated call is identical only if its input is the same item."""
    async with desk(tmp_path) as here:
        await here.generated(png((1536, 1536)), label="hero")
        first = await here.prepare("upscale_fast", image="hero")
        second = await here.prepare("upscale_fast", image="hero")

    assert first.operation == second.operation


@pytest.mark.parametrize(
    ("name", "data"),
    [("a.gif", gif(frames=2)), ("a.bmp", bmp()), ("a.tiff", tiff(mode="CMYK"))],
)
async def test_other_formats_are_converted_to_one_that_the_api_accepts(
    name: str, data: bytes, tmp_path: Path
) -> None:
    """Documented: JPEG, PNG and WebP are accepted."""
    async with desk(tmp_path) as here:
        here.file(name, data)
        ready = await here.prepare("edit_remove_background", image=name)

    assert ready.files["image"].media_type in {"image/png", "image/jpeg", "image/webp"}
    assert any("re-encoded as" in note for note in ready.notes)


async def test_exif_is_removed_and_the_picture_is_rotated_upright(tmp_path: Path) -> None:
    """Chosen: EXIF reveals the camera and where a picture was taken."""
    async with desk(tmp_path) as here:
        here.file("a.jpg", jpeg((320, 240), orientation=6, gps=True))
        ready = await here.prepare("edit_remove_background", image="a.jpg")
        facts = probe(ready.files["image"].path)

    assert (facts.size, facts.orientation, facts.metadata) == ((240, 320), 1, frozenset())
    assert ready.notes[1] == "image: rotated upright, EXIF and GPS removed"


async def test_a_request_with_several_files_stays_below_the_limit(tmp_path: Path) -> None:
    """Documented: 10 MiB for the whole body; two pictures and the text share it."""
    async with desk(tmp_path) as here:
        here.file("a.png", png((1_800, 1_800), noise=True))
        here.file("b.png", png((1_500, 1_500), noise=True))
        ready = await here.prepare(
            "control_style_transfer", init_image="a.png", style_image="b.png"
        )
        sent = sum(item.bytes for item in ready.files.values())

    assert sent < 10 * MIB - 2_000
    assert sent > 4 * MIB
    assert sum(" MB instead of " in note for note in ready.notes) >= 1


async def test_a_smaller_limit_set_by_the_user_is_kept(tmp_path: Path) -> None:
    """Chosen: STABILITY_MAX_FILE_SIZE limits requests that send pictures."""
    async with desk(tmp_path) as here:
        here.file("a.png", png((600, 600), noise=True))
        ready = await here.prepare("upscale_fast", image="a.png", max_file_size=100_000)

    assert ready.files["image"].bytes < 100_000
    assert ready.notes[1].endswith("; requests are limited to 0.1 MiB")


@pytest.mark.parametrize(
    ("name", "size", "note"),
    [
        (
            "upscale_fast",
            (1_900, 400),
            "shrunk from 1900x400 to 1536x323 (limit 1536 pixels per side)",
        ),
        (
            "edit_remove_background",
            (40, 50),
            "enlarged from 40x50 to 64x80 (minimum 64 pixels per side)",
        ),
        (
            "v1_image_to_image",
            (2_048, 2_048),
            "shrunk from 2048x2048 to 1024x1024 (only certain sizes are accepted)",
        ),
    ],
)
async def test_the_note_on_a_resized_picture_states_the_limit(
    name: str, size: tuple[int, int], note: str, tmp_path: Path
) -> None:
    """Documented: sides from 32 to 1536 for fast, from 64 elsewhere, SDXL's own sizes in v1."""
    async with desk(tmp_path) as here:
        here.file("a.png", png(size))
        v1 = {"init_image": "a.png", "text_prompts": [{"text": "a cat"}]}
        given: dict[str, Any] = v1 if name.startswith("v1") else {"image": "a.png"}
        ready = await here.prepare(name, **given)

    assert note in ready.notes[1]


async def test_a_picture_that_is_too_long_is_rejected_with_sizes_to_crop_or_pad(
    tmp_path: Path,
) -> None:
    """Documented: an aspect ratio of at most 2.5. Chosen: pictures are never cropped here."""
    async with desk(tmp_path) as here:
        here.file("a.png", png((1_200, 200)))
        with pytest.raises(FileUnusableError, match=r"image: .*[Cc]rop it to 500x200 or pad it"):
            await here.prepare("edit_outpaint", image="a.png", left=10)

        assert here.spool() == []


async def test_a_mask_is_rotated_and_scaled_with_its_picture(tmp_path: Path) -> None:
    """Chosen: a mask drawn over the stored picture is rotated and scaled with it."""
    async with desk(tmp_path) as here:
        here.file("a.jpg", jpeg((320, 240), orientation=6))
        here.file("m.png", mask((320, 240), mode="RGB"))
        ready = await here.prepare("edit_erase", image="a.jpg", mask="m.png")
        sizes = [probe(item.path).size for item in ready.files.values()]

    assert sizes == [(240, 320), (240, 320)]
    assert ready.notes[-1] == "mask: rotated with its picture, converted to greyscale"


async def test_a_picture_with_nothing_marked_is_rejected_before_any_charge(tmp_path: Path) -> None:
    """Documented: without a mask the transparent area is changed. Chosen: one of them is needed."""
    async with desk(tmp_path) as here:
        here.file("a.png", png((128, 128)))
        here.file("clear.png", png((128, 128), "RGBA"))
        here.file("black.png", mask((128, 128), marked=False))

        with pytest.raises(ArgumentsError, match="nothing is marked") as error:
            await here.prepare("edit_erase", image="a.png")
        assert "edit_search_and_replace" in str(error.value)
        assert "Pass mask" in str(error.value)
        with pytest.raises(ArgumentsError, match=r"mask: .* is entirely black"):
            await here.prepare("edit_inpaint", prompt="x", image="a.png", mask="black.png")
        ready = await here.prepare("edit_erase", image="clear.png")
    assert ready.files["image"].media_type == "image/png"


async def test_v1_masks_are_checked_according_to_mask_source(tmp_path: Path) -> None:
    """Documented: INIT_IMAGE_ALPHA uses the transparent area, MASK_IMAGE_BLACK the black one."""
    prompts = [{"text": "a cat"}]
    async with desk(tmp_path) as here:
        here.file("a.png", png((1024, 1024)))
        here.file("black.png", mask((512, 512), marked=False))

        with pytest.raises(ArgumentsError, match="nothing is marked"):
            await here.prepare(
                "v1_masking",
                init_image="a.png",
                mask_source="INIT_IMAGE_ALPHA",
                text_prompts=prompts,
            )
        ready = await here.prepare(
            "v1_masking",
            init_image="a.png",
            mask_image="black.png",
            mask_source="MASK_IMAGE_BLACK",
            text_prompts=prompts,
        )
        sizes = [probe(item.path).size for item in ready.files.values()]

    assert sizes == [(1024, 1024)] * 2


@pytest.mark.parametrize(
    ("name", "data", "why"),
    [
        ("s.wav", wav(2, rate=8_000), r"2\.0 s long; it must be from 6 to 190 s"),
        ("s.flac", sound(7, "FLAC"), r"FLAC; only MP3 and WAV are accepted"),
    ],
)
async def test_sound_that_does_not_fit_is_rejected_with_a_hint(
    name: str, data: bytes, why: str, tmp_path: Path
) -> None:
    """Documented: from 6 to 190 s, MP3 or WAV. Chosen: sound is not lengthened or converted."""
    async with desk(tmp_path) as here:
        here.file(name, data)
        with pytest.raises(FileUnusableError, match=f"audio: .*{why}"):
            await here.prepare("audio2_audio_to_audio", audio=name, prompt="x", duration=10)


async def test_the_size_limit_for_pictures_does_not_apply_to_sound(tmp_path: Path) -> None:
    """Documented: 50 MB for Stable Audio 2."""
    async with desk(tmp_path) as here:
        here.file("s.mp3", mp3(8))
        ready = await here.prepare(
            "audio2_audio_to_audio", audio="s.mp3", prompt="x", duration=10, max_file_size=10_000
        )

    assert ready.files["audio"].bytes > 10_000


async def test_an_error_names_its_argument(tmp_path: Path) -> None:
    """Chosen: some operations take several files."""
    async with desk(tmp_path) as here:
        here.file("a.png", png((128, 128)))
        with pytest.raises(NotFoundError, match=r"^mask: .*unknown"):
            await here.prepare("edit_erase", image="a.png", mask="unknown")
        here.file("broken.png", png((128, 128))[:100])
        with pytest.raises(FileUnusableError, match=r'^mask "broken.png": '):
            await here.prepare("edit_erase", image="a.png", mask="broken.png")


async def test_every_operation_accepts_an_awkward_picture_in_every_file_field(
    tmp_path: Path,
) -> None:
    """Chosen: a chain of edits just works, whatever the previous picture was."""
    needed = re.compile(r"^(prompt|search_prompt|select_prompt|subject|background_prompt)$")
    async with desk(tmp_path) as here:
        here.file("a.webp", webp((1_400, 1_300), "RGBA", frames=2))
        done = []
        for name, operation in OPERATIONS.items():
            marks = operation.file_fields()
            if not marks or any(mark.media != "image" for mark in marks.values()):
                continue
            if any(mark.limits.sizes for mark in marks.values()):  # type: ignore[union-attr]  # pictures only
                continue
            given: dict[str, Any] = dict.fromkeys(marks, "a.webp")
            for field, info in operation.model_fields.items():
                if needed.match(field) and (info.is_required() or name.endswith("relight")):
                    given[field] = "a house"
            extra = {"edit_outpaint": {"left": 5}}
            given |= extra.get(name, {})
            if "strength" in operation.model_fields:
                given["strength"] = 0.5
            ready = await here.prepare(name, **given)
            done.append(name)
            for field, item in ready.files.items():
                facts = probe(item.path)
                assert facts.media_type in {"image/png", "image/jpeg", "image/webp"}, (name, field)
                assert facts.frames == 1, (name, field)

    assert len(done) > 12
