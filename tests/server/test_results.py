"""The format of results: text that is complete by itself, one small picture, and links."""

import base64
import io
import json
import re
from pathlib import Path

import pytest
from mcp import Client
from PIL import Image

from stability_mcp.server.app import build_server
from stability_mcp.server.listings import EMULATED_CREDITS
from support.client.canned_server import answer, upstream
from support.imaging import sample_files
from support.server.in_memory import (
    Era,
    both_eras,
    connected,
    data,
    facts,
    fine,
    links,
    pictures,
    refused,
    settings_in,
    text,
)

pytestmark = pytest.mark.anyio

EMULATED = "NO API KEY: placeholder drawn by the built-in emulator"


@pytest.mark.full_size
@both_eras
async def test_the_text_of_a_picture_result_has_fixed_lines(era: Era, tmp_path: Path) -> None:
    """Chosen: an agent that only sees text has all the facts."""
    async with connected(tmp_path, era) as client:
        result = fine(
            await client.call_tool(
                "generate_core", {"prompt": "a fox", "label": "fox", "count": 2, "seed": 7}
            )
        )

    lines = text(result).splitlines()
    assert lines[0] == (
        f"{EMULATED}. generate_core: 2 pictures, 6 credits on the emulator "
        "(today 6, 6 since this server started)"
    )
    for number in (1, 2):
        name, uri, seed, path = lines[number].split("  ")
        assert name == f"fox-{number}"
        assert re.fullmatch(r"media://[0-9a-z]{10}", uri)
        assert seed == f"seed {6 + number}"
        assert Path(path).name == f"fox-{number}.png"
    assert re.fullmatch(r"size: 1536x1536 PNG, up to [\d.]+ [KM]B each", lines[3])
    assert len(lines) == 4, "no generic suggestion"


@pytest.mark.full_size
async def test_the_same_facts_are_json_in_meta(tmp_path: Path) -> None:
    """Chosen: `_meta` is for programs; the model does not read it, so it costs no tokens."""
    async with connected(tmp_path) as client:
        result = fine(await client.call_tool("generate_core", {"prompt": "a fox", "label": "fox"}))

    shown = facts(result)
    [item], [job] = shown["media"], shown["jobs"]
    assert (item["label"], item["width"], item["media_type"]) == ("fox", 1536, "image/png")
    assert item["job"] == job["id"]
    assert (job["state"], job["credits"], job["charged"]) == ("done", 3, "charged")
    assert shown["spent"] == {"today": 3, "session": 3, "reserved": 0, "budget": None}
    assert (result.meta or {})["cost"] == {"credits": 3, "usd": 0}, "the emulator is free"


async def test_a_3d_model_is_drawn_and_not_called_transparent(tmp_path: Path) -> None:
    """Chosen: the preview is the model itself; what is around it says nothing about it."""
    async with connected(tmp_path) as client:
        await client.call_tool("generate_core", {"prompt": "a fox", "label": "fox"})
        cut = fine(await client.call_tool("edit_remove_background", {"image": "fox"}))
        model = fine(await client.call_tool("model3d_stable_fast_3d", {"image": "fox v2"}))

    assert "transparent:" in text(cut)
    assert pictures(model)
    assert "transparent:" not in text(model)


async def test_several_results_are_previewed_on_one_sheet(tmp_path: Path) -> None:
    """Documented (clients): one picture per result would exceed the size limit."""
    async with connected(tmp_path) as client:
        result = fine(await client.call_tool("generate_core", {"prompt": "a fox", "count": 8}))

    [picture] = pictures(result)
    assert picture.mime_type == "image/webp"
    assert len(base64.b64decode(picture.data)) <= 65_536
    assert len(links(result)) == 8


async def test_a_link_is_for_the_user_and_has_a_size(tmp_path: Path) -> None:
    """Chosen: a model that reads it would fill its context."""
    async with connected(tmp_path) as client:
        result = fine(await client.call_tool("generate_core", {"prompt": "a fox", "label": "fox"}))

    [link] = links(result)
    assert link.name == "fox"
    assert link.size == facts(result)["media"][0]["bytes"]
    assert link.annotations is not None
    assert link.annotations.audience == ["user"]


async def test_inputs_and_their_adjustments_are_listed_before_the_results(
    tmp_path: Path,
) -> None:
    """Chosen: a model that used the wrong picture notices at once."""
    sample_files.save(tmp_path / "large.png", sample_files.png((1_600, 1_200)))
    async with connected(tmp_path) as client:
        result = fine(await client.call_tool("upscale_fast", {"image": "large.png"}))

    lines = text(result).splitlines()
    assert lines[1].startswith('image: "large.png" = ')
    assert lines[2].startswith("image: shrunk from 1600x1200 to ")
    assert lines[3].split("  ")[1].startswith("media://")


async def test_transparency_is_stated_because_a_preview_cannot_show_it(tmp_path: Path) -> None:
    """Chosen: a checkerboard could be mistaken for a pattern."""
    sample_files.save(tmp_path / "fox.png", sample_files.png((256, 192)))
    async with connected(tmp_path) as client:
        result = fine(await client.call_tool("edit_remove_background", {"image": "fox.png"}))

    assert re.search(r"^transparent: \d+ %$", text(result), re.MULTILINE)


async def test_a_filtered_picture_is_reported_in_the_first_line_and_charged(tmp_path: Path) -> None:
    """Documented: CONTENT_FILTERED is HTTP 200, blurred and charged."""
    async with connected(tmp_path) as client:
        result = fine(await client.call_tool("generate_core", {"prompt": "a fox, emulate filter"}))

    assert "1 FILTERED (blurred by the API's moderation, charged)" in (text(result).splitlines()[0])
    assert "next: change the wording; the same call is filtered and charged again" in text(result)
    assert facts(result)["filtered"] is True
    assert (result.meta or {})["cost"]["credits"] == 3


async def test_an_audio_result_is_described_in_text_and_by_its_waveform(tmp_path: Path) -> None:
    """Chosen: text gives duration, format and size; the picture shows where it is loud."""
    async with connected(tmp_path) as client:
        result = fine(
            await client.call_tool("audio2_text_to_audio", {"prompt": "waves", "duration": 6})
        )

    assert len(pictures(result)) == 1
    assert text(result).startswith("NO API KEY: placeholder made by the built-in emulator")
    assert re.search(r"^size: 6(\.\d+)? s MP3, [\d.]+ KB$", text(result), re.MULTILINE)


async def test_a_3d_model_is_shown_as_a_drawing_of_it(tmp_path: Path) -> None:
    """Chosen: clients can't display a GLB."""
    sample_files.save(tmp_path / "fox.png", sample_files.png((256, 192)))
    async with connected(tmp_path) as client:
        result = fine(await client.call_tool("model3d_stable_fast_3d", {"image": "fox.png"}))

    assert len(pictures(result)) == 1
    assert "1 3D model" in text(result)
    assert " GLB" in text(result) or "size: GLB" in text(result)


@pytest.mark.full_size
@pytest.mark.parametrize(("preview", "longest"), [("none", None), ("small", 768), ("large", 1024)])
async def test_previews_can_be_configured(
    preview: str, longest: int | None, tmp_path: Path
) -> None:
    """Documented (README): none, small, large."""
    async with connected(tmp_path, preview=preview, preview_format="jpeg") as client:
        result = fine(await client.call_tool("generate_core", {"prompt": "a fox"}))

    sizes = [
        max(Image.open(io.BytesIO(base64.b64decode(each.data))).size) for each in pictures(result)
    ]
    assert sizes == ([] if longest is None else [longest])


async def test_no_paths_are_listed_without_copies(tmp_path: Path) -> None:
    """Documented (README): `none` turns the copies off."""
    async with connected(tmp_path, output_dir="none") as client:
        result = fine(await client.call_tool("generate_core", {"prompt": "a fox", "label": "fox"}))

    assert text(result).splitlines()[1].count("  ") == 2
    assert "path" not in facts(result)["media"][0]


async def test_structured_content_repeats_the_text(tmp_path: Path) -> None:
    """Chosen: some clients read one, some the other."""
    async with connected(tmp_path) as client:
        fine(await client.call_tool("generate_core", {"prompt": "a fox", "label": "fox"}))
        labelled = await client.call_tool("media_label", {"media": "fox", "label": "red fox"})

    assert labelled.structured_content is not None
    assert data(labelled)["label"] == "red fox"
    assert "null" not in json.dumps(data(labelled))


@both_eras
async def test_lists_have_one_line_per_item_and_facts_in_meta(era: Era, tmp_path: Path) -> None:
    """Chosen: the model reads each item once, with everything that a next call needs."""
    fox = {"prompt": "a fox", "label": "fox", "count": 2, "seed": 7}
    async with connected(tmp_path, era) as client:
        made = facts(fine(await client.call_tool("generate_core", fox)))
        media = fine(await client.call_tool("media_list", {"query": "fox", "limit": 1}))
        jobs = fine(await client.call_tool("job_list", {}))
        none = fine(await client.call_tool("media_list", {"query": "nothing like it"}))

    assert media.structured_content is None
    assert jobs.structured_content is None
    [newest], cursor = facts(media)["media"], facts(media)["next_cursor"]
    size = f"{newest['width']}x{newest['height']} PNG, 8 KB"
    assert re.sub(r"[\d.]+ [KM]B", "8 KB", text(media)).splitlines() == [
        f'media_list: 1, newest first; for older ones pass cursor "{cursor}"',
        EMULATED_CREDITS,
        (
            f"{newest['label']}  {newest['uri']}  {size}  generate_core  3 credits charged"
            f'  seed {newest["seed"]}  {_minute(newest)} (just now)  "a fox"'
        ),
    ]
    [shown] = [each for each in made["media"] if each["id"] == newest["id"]]
    assert newest == shown | {"prompt": "a fox", "credits": 3, "charged": "charged", "parents": []}
    assert text(jobs).splitlines() == [
        "job_list: 2, newest first",
        EMULATED_CREDITS,
        *(
            f"{job['id']}  generate_core  done  3 credits charged  {_minute(job)} (just now)"
            f'  "a fox"  {item["label"]} {item["uri"]}'
            for job, item in zip(reversed(made["jobs"]), reversed(made["media"]), strict=True)
        ),
    ]
    assert text(none) == "media_list: nothing found"


def _minute(facts: dict[str, str]) -> str:
    """Return when an item or a job was created, as in a line of a list."""
    return facts["created"][:16].replace("T", " ")


async def test_media_show_states_how_media_was_made(tmp_path: Path) -> None:
    """Chosen: the operation and arguments, so that it can be repeated."""
    async with connected(tmp_path, preview="none") as client:
        fine(
            await client.call_tool(
                "generate_core", {"prompt": "a red fox", "label": "fox", "aspect_ratio": "16:9"}
            )
        )
        result = fine(await client.call_tool("media_show", {"media": "fox", "size": "large"}))

    lines = text(result).splitlines()
    [item] = facts(result)["media"]
    assert lines[2].partition(" by ")[2] == (
        f'generate_core: prompt "a red fox", aspect_ratio 16:9, seed {item["seed"]}'
    )
    assert f"seed {item['seed']}" in lines[1]
    assert len(pictures(result)) == 1, "a requested preview ignores the setting"


async def test_media_show_prints_only_the_differences_in_a_series(tmp_path: Path) -> None:
    """Chosen: settings are printed once; each seed is in the line of its picture."""
    async with connected(tmp_path) as client:
        made = fine(await client.call_tool("generate_core", {"prompt": "a fox", "count": 2}))
        style = {"style_preset": "anime"}
        job = facts(made)["jobs"][0]["id"]
        fine(await client.call_tool("job_rerun", {"job": job, "changes": style, "label": "ink"}))
        result = text(
            fine(await client.call_tool("media_show", {"media": ["fox-1", "fox-2", "ink"]}))
        )

    lines = [line for line in result.splitlines() if line.startswith("made: ")]
    first = facts(made)["media"][0]
    assert lines[0].endswith(f'by generate_core: prompt "a fox", seed {first["seed"]}')
    assert lines[1].endswith(" like fox-1")
    assert lines[2].endswith(" like fox-1 with style_preset anime")
    assert "seed 0" not in result


async def test_no_seed_is_printed_if_the_operation_takes_none(tmp_path: Path) -> None:
    """Documented: the API returns a seed even for operations without that parameter."""
    sample_files.save(tmp_path / "fox.png", sample_files.png((256, 192)))
    async with connected(tmp_path) as client:
        cut = fine(await client.call_tool("edit_remove_background", {"image": "fox.png"}))
        uri = facts(cut)["media"][0]["uri"]
        shown = fine(await client.call_tool("media_show", {"media": [uri]}))
        listed = fine(await client.call_tool("media_list", {}))

    for each in (cut, shown, listed):
        assert "seed " not in text(each)
        assert "seed" not in facts(each)["media"][0]
    assert 'by edit_remove_background: image "fox"' in text(shown)
    follows = "next: edit_replace_background_and_relight can use this result"
    assert follows in text(cut).splitlines()


async def test_an_input_named_by_uri_is_printed_by_its_label(tmp_path: Path) -> None:
    """Chosen: the caller knows the URI; the label says what it is."""
    async with connected(tmp_path) as client:
        made = fine(await client.call_tool("generate_core", {"prompt": "a fox", "label": "hero"}))
        [item] = facts(made)["media"]
        for reference in (item["uri"], item["id"]):
            cut = await client.call_tool("edit_remove_background", {"image": reference})
            assert (
                text(fine(cut)).splitlines()[1].startswith(f'image: "{reference}" = "hero", made ')
            )


@pytest.mark.parametrize("preview", ["small", "none"])
async def test_an_empty_cut_out_is_reported_in_the_second_line(
    preview: str, tmp_path: Path
) -> None:
    """Chosen: a checkerboard in the preview looks like a result."""
    empty, full = ((0, 0, 0, 0), (9, 9, 9, 1))
    answers = []
    for colour in (empty, full):
        picture = io.BytesIO()
        Image.new("RGBA", (96, 64), colour).save(picture, "PNG")
        folder = tmp_path / str(colour[3])
        folder.mkdir()
        sample_files.save(folder / "fox.png", sample_files.png((96, 64)))
        key = {"api_key": "sk-test", "preview": preview}
        with upstream(answer(200, picture.getvalue(), media_type="image/png")) as served:
            settings = settings_in(folder, {**key, "base_url": served.url})
            async with Client(build_server(settings)) as client:
                result = await client.call_tool("edit_remove_background", {"image": "fox.png"})
                answers.append((text(fine(result)).splitlines(), facts(result)))

    (lines, found), (other_lines, other) = answers
    assert lines[1] == ("NOTHING LEFT: fox v2 is entirely transparent; no subject was found")
    assert found["empty"] == [found["media"][0]["id"]]
    assert not any(line.startswith("next:") for line in lines)
    assert not any("NOTHING LEFT" in line for line in other_lines)
    assert other["empty"] == []


async def test_media_show_suggests_similar_labels(tmp_path: Path) -> None:
    """Chosen: models often misspell their own labels."""
    async with connected(tmp_path) as client:
        fine(await client.call_tool("generate_core", {"prompt": "a fox", "label": "red-fox"}))
        result = await client.call_tool("media_show", {"media": ["red-foxx"]})

    assert '"red-fox"' in refused(result)
