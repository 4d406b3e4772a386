"""Resources by URI: media, jobs, tables and the guide."""

import base64
import io
import json
from pathlib import Path

import pytest
from mcp import Client, MCPError
from mcp.types import BlobResourceContents, ReadResourceResult, TextResourceContents
from PIL import Image

from stability_mcp.api.operations import OPERATIONS
from support.imaging import sample_files
from support.server.in_memory import Era, both_eras, connected, facts, fine

pytestmark = pytest.mark.anyio


def _blob(result: ReadResourceResult) -> tuple[bytes, str]:
    first = result.contents[0]
    assert isinstance(first, BlobResourceContents)
    return base64.b64decode(first.blob), first.mime_type or ""


def _text(result: ReadResourceResult) -> str:
    last = result.contents[-1]
    assert isinstance(last, TextResourceContents)
    return last.text


async def _imported(client: Client, folder: Path, name: str, content: bytes) -> str:
    path = sample_files.save(folder / name, content)
    result = fine(await client.call_tool("media_import", {"file": str(path), "label": "it"}))
    uri: str = facts(result)["media"][0]["uri"]
    return uri


@both_eras
async def test_a_small_item_is_read_unchanged_by_id_and_label(era: Era, tmp_path: Path) -> None:
    """Documented (README): at its media:// URI."""
    content = sample_files.png((96, 64))
    async with connected(tmp_path, era) as client:
        uri = await _imported(client, tmp_path, "fox.png", content)
        by_id = _blob(await client.read_resource(uri))
        by_label = _blob(await client.read_resource("media://it"))
        original = _blob(await client.read_resource(f"{uri}/original"))

    assert by_id == by_label == original == (content, "image/png")


@both_eras
async def test_a_large_picture_is_a_labelled_rendition(era: Era, tmp_path: Path) -> None:
    """Documented (clients): resources over about 1 MB are rejected."""
    content = sample_files.png((2_000, 1_500), noise=True)
    async with connected(tmp_path, era) as client:
        uri = await _imported(client, tmp_path, "fox.png", content)
        result = await client.read_resource(uri)
        original = _blob(await client.read_resource(f"{uri}/original"))

    data, media_type = _blob(result)
    assert len(data) <= 700_000
    assert media_type == "image/webp"
    assert max(Image.open(io.BytesIO(data)).size) <= 1_568
    assert _text(result).startswith("Scaled down to 1")
    assert f"The original (2000x1500 PNG, {len(content) / 1e6:.1f} MB) is at {uri}/original" in (
        _text(result)
    )
    assert original == (content, "image/png")


async def test_large_audio_is_described_instead(tmp_path: Path) -> None:
    """Chosen: an excerpt would not represent the audio."""
    async with connected(tmp_path) as client:
        uri = await _imported(client, tmp_path, "waves.wav", sample_files.wav(10))
        result = await client.read_resource(uri)

    assert len(result.contents) == 1
    assert _text(result).startswith("Too large to show here.")
    assert f"{uri}/original" in _text(result)


@both_eras
async def test_a_job_is_read_as_json(era: Era, tmp_path: Path) -> None:
    """Chosen: the same facts as in job_list."""
    async with connected(tmp_path, era) as client:
        made = fine(await client.call_tool("generate_core", {"prompt": "a fox"}))
        [job] = facts(made)["jobs"]
        read = json.loads(_text(await client.read_resource(f"job://{job['id']}")))

    assert (read["state"], read["operation"]) == ("done", "generate_core")
    assert read["media"] == [facts(made)["media"][0]["uri"]]


@both_eras
async def test_the_tables_are_generated_from_the_rows(era: Era, tmp_path: Path) -> None:
    """Chosen: prices, durations and limits have one source."""
    async with connected(tmp_path, era) as client:
        read = await client.read_resource("stability://operations")
        styles = json.loads(_text(await client.read_resource("stability://styles")))
        guide = _text(await client.read_resource("stability://guide/masks"))

    rows = {row["tool"]: row for row in json.loads(_text(read))["operations"]}
    assert rows.keys() == OPERATIONS.keys()
    assert rows["edit_erase"]["credits"] == 5
    assert rows["generate_sd3"]["credits"] == {"from": 2.5, "to": 6.5}
    assert rows["upscale_fast"]["files"]["image"]["max_pixels"] == 1_048_576
    assert rows["v1_masking"]["enabled"] is False
    assert "anime" in styles["style_presets"]
    assert "generate_core" in styles["tools"]
    assert guide.startswith("# Masks")


@both_eras
@pytest.mark.parametrize(
    "uri",
    [
        "media://zzzzzzzzzz",
        "media://fox/thumbnail",
        "job://zzzzzzzzzz",
        "stability://guide/cost",
        "stability://nothing",
        "other://thing",
    ],
)
async def test_a_missing_resource_is_an_error(era: Era, uri: str, tmp_path: Path) -> None:
    """Documented (the protocol): invalid params, with the URI."""
    async with connected(tmp_path, era) as client:
        with pytest.raises(MCPError) as caught:
            await client.read_resource(uri)

    assert caught.value.error.code == -32602
    assert caught.value.error.data == {"uri": uri}


@both_eras
async def test_resources_and_templates_are_listed(era: Era, tmp_path: Path) -> None:
    """Chosen: static pages as resources, the rest as templates."""
    async with connected(tmp_path, era) as client:
        listed = {each.uri for each in (await client.list_resources()).resources}
        templates = (await client.list_resource_templates()).resource_templates

    assert listed == {
        "stability://operations",
        "stability://styles",
        "stability://plan",
        "stability://spending",
        "stability://media",
    }
    assert {each.uri_template for each in templates} == {
        "media://{id}",
        "media://{id}/original",
        "job://{id}",
        "stability://guide/{topic}",
    }
    assert not (tmp_path / "home").exists(), "listing must not open the store"
