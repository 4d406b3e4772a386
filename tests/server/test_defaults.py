"""Conversations with default arguments: the model reads the line and decides for itself."""

from pathlib import Path
from typing import Any

import pytest
from mcp import Client

import support.imaging.sample_files as make
from stability_mcp.errors import ConfigurationError
from stability_mcp.server.app import build_server
from support.server.in_memory import (
    Era,
    both_eras,
    connected,
    copies,
    data,
    facts,
    fine,
    refused,
    settings_in,
    text,
)

pytestmark = pytest.mark.anyio

FILE = """
"*": {output_format: webp}
generate_sd3: {aspect_ratio: 16:9, model: sd3.5-flash}
media_export: {format: jpeg, quality: 80}
image_layout: {gap: 0}
"""
FOX = {"prompt": "a red fox", "seed": 7}


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """Return a file of defaults."""
    path = tmp_path / "defaults.yaml"
    path.write_text(FILE, encoding="utf-8")
    return path


async def call(client: Client, tool: str, **arguments: Any) -> str:  # noqa: ANN401 -- any JSON
    """Call a tool and return the text of its answer."""
    return text(fine(await client.call_tool(tool, arguments)))


@both_eras
async def test_a_model_sees_the_defaults_and_overrides_them(
    tmp_path: Path, file: Path, era: Era
) -> None:
    """Chosen: one line in the answer, from which the next call follows."""
    async with connected(tmp_path, era, defaults=file) as client:
        first = fine(await client.call_tool("generate_sd3", {**FOX, "label": "fox"}))
        lines = text(first).splitlines()
        assert lines[1] == (
            "defaults: output_format=webp, aspect_ratio=16:9, model=sd3.5-flash "
            "(STABILITY_DEFAULTS)"
        )
        assert "2.5 credits" in lines[0]
        assert facts(first)["inputs"] == [lines[1]]
        [media] = facts(first)["media"]
        assert media["width"] > media["height"]
        assert copies(first)[0].suffix == ".webp"

        # The model asks for a square PNG: only these two arguments change.
        second = fine(
            await client.call_tool(
                "generate_sd3", {**FOX, "aspect_ratio": "1:1", "output_format": "png"}
            )
        )
        assert text(second).splitlines()[1] == "defaults: model=sd3.5-flash (STABILITY_DEFAULTS)"
        [media] = facts(second)["media"]
        assert media["width"] == media["height"]
        assert copies(second)[0].suffix == ".png"

        # With a picture, the ratio doesn't fit; the call works without it.
        third = await call(client, "generate_sd3", prompt="in snow", image="fox", strength=0.5)
        assert "(STABILITY_DEFAULTS); aspect_ratio=16:9 was left out, as it doesn't fit (" in third


async def test_a_call_with_the_same_values_is_the_same_call(tmp_path: Path, file: Path) -> None:
    """Chosen: the filled-in call is what is joined and cached."""
    async with connected(tmp_path, defaults=file) as client:
        await call(client, "generate_core", **FOX)
        explicit = await call(client, "generate_core", **FOX, output_format="webp")
        other = await call(client, "generate_core", **FOX, output_format="png")

    assert "Cached result" in explicit
    assert "defaults:" not in explicit
    assert "Cached result" not in other


async def test_an_estimate_is_for_the_call_with_defaults(tmp_path: Path, file: Path) -> None:
    """Chosen: the price before a call is the price of the call."""
    async with connected(tmp_path, defaults=file) as client:
        arguments = {"tool": "generate_sd3", "arguments": {"prompt": "a fox", "count": 2}}
        found = data(await client.call_tool("cost_estimate", arguments))
        assert (found["each"], found["total"]) == (2.5, 5)
        assert "model=sd3.5-flash" in found["notes"][0]

        large = {"prompt": "a fox", "model": "sd3.5-large"}
        both: list[dict[str, Any]] = [
            {"tool": "generate_sd3", "arguments": large},
            {"tool": "generate_core"},
        ]
        refused(await client.call_tool("cost_estimate", {"calls": both}))
        both[1]["arguments"] = {"prompt": "a fox"}
        found = data(await client.call_tool("cost_estimate", {"calls": both}))
        assert found["calls"][0]["each"] == 6.5
        assert [each.partition(":")[0] for each in found["notes"]] == [
            "generate_sd3",
            "generate_core",
        ]


async def test_local_tools_take_them_and_leave_out_what_the_media_can_not_use(
    tmp_path: Path, file: Path
) -> None:
    """Chosen: a format for pictures must not prevent the export of a sound."""
    make.save(tmp_path / "tune.wav", make.wav(1))
    make.save(tmp_path / "a.png", make.png((64, 64)))
    async with connected(tmp_path, defaults=file) as client:
        picture = await call(client, "media_export", media=["a.png"])
        assert "defaults: format=jpeg, quality=80 (STABILITY_DEFAULTS)" in picture
        assert "a.jpg" in picture

        sound = await call(client, "media_export", media=["tune.wav"])
        assert "tune.wav" in sound
        assert "format=jpeg of STABILITY_DEFAULTS was left out" in sound
        assert "quality=80 of STABILITY_DEFAULTS was left out" in sound

        chosen = await call(client, "media_export", media=["a.png"], format="webp", quality=50)
        assert "defaults:" not in chosen

        sheet = await call(client, "image_layout", images=["a.png", "a.png"], kind="grid")
        assert "defaults: gap=0 (STABILITY_DEFAULTS)" in sheet


async def test_a_mistake_in_a_call_is_explained_without_defaults(
    tmp_path: Path, file: Path
) -> None:
    """Chosen: an error names a default only if it is about one."""
    async with connected(tmp_path, defaults=file) as client:
        wrong = refused(await client.call_tool("generate_sd3", {**FOX, "cfg_scale": 99}))
        assert "STABILITY_DEFAULTS" not in wrong
        assert "cfg_scale must be a number from 1 to 10; got 99." in wrong
        unknown = refused(await client.call_tool("image_layout", {"image": "a.png"}))
        assert "STABILITY_DEFAULTS" not in unknown


async def test_an_error_about_a_default_says_where_it_comes_from(tmp_path: Path) -> None:
    """Chosen: the model can't find it among its arguments, and overrides it."""
    file = tmp_path / "defaults.yaml"
    file.write_text(
        "media_export: {to: /elsewhere}\n"
        "v1_masking: {mask_source: INIT_IMAGE_ALPHA}\n"
        'image_layout: {background: "#zz"}\n'
    )
    make.save(tmp_path / "a.png", make.png((64, 64)))
    sets = "STABILITY_DEFAULTS sets "
    async with connected(tmp_path, defaults=file, toolsets=("all",)) as client:
        export = {"media": ["a.png"]}
        wrong = refused(await client.call_tool("media_export", export))
        assert f"{sets}to=/elsewhere; an argument of the call overrides it." in wrong
        await call(client, "media_export", media=["a.png"], to="exports")

        mask = {"init_image": "a.png", "mask_image": "a.png", "text_prompts": [{"text": "x"}]}
        wrong = refused(await client.call_tool("v1_masking", mask))
        assert f"{sets}mask_source=INIT_IMAGE_ALPHA; an argument" in wrong

        # What doesn't need to be decided by the model is left out.
        sheet = await call(client, "image_layout", images=["a.png", "a.png"], kind="grid")
        assert 'defaults: background="#zz" of STABILITY_DEFAULTS was left out' in sheet


async def test_a_rerun_repeats_the_job_as_it_was(tmp_path: Path, file: Path) -> None:
    """Chosen: a job keeps its arguments, also those that were left out then."""
    async with connected(tmp_path) as client:
        made = await call(client, "generate_sd3", **FOX, label="plain")
        assert "defaults" not in made
    async with connected(tmp_path, defaults=file) as client:
        again = fine(await client.call_tool("job_rerun", {"job": "plain"}))

    assert "defaults:" not in text(again)
    [media] = facts(again)["media"]
    assert media["width"] == media["height"]
    assert copies(again)[0].suffix == ".png"


async def test_the_answer_of_an_unfinished_call_says_it(tmp_path: Path, file: Path) -> None:
    """Chosen: the model can still cancel the job and choose differently."""
    async with connected(tmp_path, defaults=file, wait=0) as client:
        started = await call(client, "generate_core", **FOX)

    assert "defaults: output_format=webp (STABILITY_DEFAULTS)" in started


async def test_the_status_shows_what_is_in_force(tmp_path: Path, file: Path) -> None:
    """Chosen: as the operator wrote it."""
    async with connected(tmp_path, defaults=file) as client:
        found = data(await client.call_tool("server_status", {}))
    async with connected(tmp_path) as client:
        without = data(await client.call_tool("server_status", {}))

    assert found["defaults"] == [
        "*: output_format=webp",
        "generate_sd3: aspect_ratio=16:9, model=sd3.5-flash",
        "media_export: format=jpeg, quality=80",
        "image_layout: gap=0",
    ]
    assert "defaults" not in without


async def test_a_wrong_file_stops_the_server_before_anything_runs(tmp_path: Path) -> None:
    """Chosen: like any other wrong setting; no store is made."""
    file = tmp_path / "defaults.yaml"
    file.write_text("generate_core: {seed: 1}\ngenerate_sd3: {aspect_ration: 16:9}")

    with pytest.raises(ConfigurationError, match=r'generate_sd3: there is no argument "aspect_'):
        build_server(settings_in(tmp_path, {"defaults": file}))

    assert not (tmp_path / "home").exists()
