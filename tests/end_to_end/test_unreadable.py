"""Complete results in unknown formats, with a real server process."""

from pathlib import Path
from typing import Any

import pytest
from mcp.types import BlobResourceContents, ImageContent, TextContent

from support.client.canned_server import answer, upstream
from support.imaging import sample_files
from support.jobs.upstream import counting_upstream
from support.server.host import connected, files, text
from support.server.in_memory import facts
from support.server.timed_server import timed
from support.store.rows import ledger, money, rows, spool

pytestmark = pytest.mark.anyio

ODD = bytes(range(200, 256)) * 400
"""Bytes of an unknown format."""
KEY: dict[str, Any] = {"STABILITY_API_KEY": "sk-unreadable-0123456789", "STABILITY_WAIT": "30"}
WARNING = "the file is stored exactly as the API sent it"

RESULTS: dict[str, tuple[str, dict[str, Any], str, str]] = {
    "sound": ("audio2_text_to_audio", {"prompt": "rain", "duration": 10}, "audio/mpeg", "mp3"),
    "picture": ("generate_core", {"prompt": "a fox"}, "image/webp", "webp"),
    "model": ("model3d_stable_fast_3d", {"image": "fox.png"}, "model/gltf-binary", "glb"),
}


@pytest.mark.parametrize("kind", RESULTS)
async def test_a_complete_result_of_unknown_format_is_kept_and_usable(
    tmp_path: Path, kind: str
) -> None:
    """*Chosen*: it has the declared type and a warning, and is never quarantined."""
    tool, arguments, media_type, suffix = RESULTS[kind]
    (tmp_path / "fox.png").write_bytes(sample_files.png((256, 256)))
    with upstream(answer(200, ODD, media_type=media_type, seed="7")) as served:
        async with connected(tmp_path, "auto", STABILITY_BASE_URL=served.url, **KEY) as client:
            made = await client.call_tool(tool, {**arguments, "label": "odd"})
            shown = text(await client.call_tool("media_show", {"media": ["odd"]}))
            listed = facts(await client.call_tool("media_list", {}))
            uri = next(each for each in listed["media"] if each["label"] == "odd")["uri"]
            [read] = (await client.read_resource(uri)).contents

    output = text(made)
    assert WARNING in output
    assert WARNING in shown
    assert served.posts == 1
    [copy] = files(made)
    assert copy.suffix == f".{suffix}"
    assert copy.read_bytes() == ODD
    assert isinstance(read, BlobResourceContents)
    assert read.mime_type == media_type
    if kind != "model":  # a model is shown with its source picture
        assert not any(isinstance(part, ImageContent) for part in made.content)
    stored = "SELECT media_type, width, height, seconds FROM media WHERE label = 'odd'"
    assert rows(tmp_path / "home", stored) == [(media_type, None, None, None)]
    assert ledger(tmp_path / "home") == ["charged"]
    assert list((tmp_path / "home" / "quarantine").iterdir()) == []


async def test_deferred_audio_of_unknown_format_is_kept(tmp_path: Path) -> None:
    """*Chosen*: it isn't fetched again until it expires."""
    async with (
        counting_upstream(pace=0) as served,
        connected(
            tmp_path,
            "auto",
            program=timed(poll_seconds=0.1),
            STABILITY_BASE_URL=served.url,
            STABILITY_CONFIRM_ABOVE="never",
            **KEY,
        ) as client,
    ):
        served.result = ("audio/mpeg", ODD)
        made = await client.call_tool("audio3_text_to_audio", {"prompt": "rain", "duration": 10})

    assert WARNING in text(made)
    [copy] = files(made)
    assert (copy.suffix, copy.read_bytes()) == (".mp3", ODD)
    assert money(tmp_path / "home") == (0, 26_000)
    assert spool(tmp_path / "home") == []


REFUSED = {
    "an HTML page": answer(200, b"<html>busy</html>", media_type="text/html"),
    "JSON": answer(200, {"status": "busy"}),
    "an HTML page declared as a picture": answer(200, b"<html></html>", media_type="image/png"),
    "nothing": answer(200, b"", media_type="image/png"),
    "half": answer(200, ODD, media_type="image/png", length=2 * len(ODD)),
    "another kind": answer(200, ODD, media_type="audio/mpeg"),
}


@pytest.mark.parametrize("case", REFUSED)
async def test_an_unusable_body_is_charged_and_quarantined(tmp_path: Path, case: str) -> None:
    """*Chosen*: its bytes are kept for inspection."""
    with upstream(REFUSED[case]) as served:
        async with connected(tmp_path, "auto", STABILITY_BASE_URL=served.url, **KEY) as client:
            made = await client.call_tool("generate_core", {"prompt": "a fox"})

    [first, *_] = made.content
    assert made.is_error
    assert isinstance(first, TextContent)
    assert "It was charged." in first.text
    assert rows(tmp_path / "home", "SELECT count(*) FROM media") == [(0,)]
    assert len(list((tmp_path / "home" / "quarantine").iterdir())) == 1
    assert money(tmp_path / "home") == (0, 3_000)
