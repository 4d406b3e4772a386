"""Results that came whole and that nothing here can read, with a real server process."""

from pathlib import Path
from typing import Any

import pytest
from mcp.types import BlobResourceContents, ImageContent, TextContent

from support.client.canned_server import answer, upstream
from support.imaging import sample_files
from support.jobs.upstream import counting_upstream
from support.server.host import connected, files, text
from support.server.timed_server import timed
from support.store.rows import ledger, money, rows, spool

pytestmark = pytest.mark.anyio

ODD = bytes(range(200, 256)) * 400
"""Bytes of no known format."""
KEY: dict[str, Any] = {"STABILITY_API_KEY": "sk-unreadable-0123456789", "STABILITY_WAIT": "30"}
WARNING = "the file is stored exactly as the API sent it"

RESULTS: dict[str, tuple[str, dict[str, Any], str, str]] = {
    "sound": ("audio2_text_to_audio", {"prompt": "rain", "duration": 10}, "audio/mpeg", "mp3"),
    "picture": ("generate_core", {"prompt": "a fox"}, "image/webp", "webp"),
    "model": ("model3d_stable_fast_3d", {"image": "fox.png"}, "model/gltf-binary", "glb"),
}


@pytest.mark.parametrize("kind", RESULTS)
async def test_what_was_paid_and_came_whole_is_kept_and_can_be_used(
    tmp_path: Path, kind: str
) -> None:
    """*Chosen*: a result of the declared kind, with a warning, and never in quarantine."""
    tool, arguments, media_type, ending = RESULTS[kind]
    (tmp_path / "fox.png").write_bytes(sample_files.png((256, 256)))
    with upstream(answer(200, ODD, media_type=media_type, seed="7")) as served:
        async with connected(tmp_path, "auto", STABILITY_BASE_URL=served.url, **KEY) as client:
            made = await client.call_tool(tool, {**arguments, "label": "odd"})
            shown = text(await client.call_tool("media_show", {"media": ["odd"]}))
            listed = (await client.call_tool("media_list", {})).structured_content or {}
            uri = next(each for each in listed["media"] if each["label"] == "odd")["uri"]
            [read] = (await client.read_resource(uri)).contents

    said = text(made)
    assert WARNING in said
    assert WARNING in shown
    assert served.posts == 1
    [copy] = files(made)
    assert copy.suffix == f".{ending}"
    assert copy.read_bytes() == ODD
    assert isinstance(read, BlobResourceContents)
    assert read.mime_type == media_type
    if kind != "model":  # a model shows what it was made from
        assert not any(isinstance(part, ImageContent) for part in made.content)
    stored = "SELECT media_type, width, height, seconds FROM media WHERE label = 'odd'"
    assert rows(tmp_path / "home", stored) == [(media_type, None, None, None)]
    assert ledger(tmp_path / "home") == ["charged"]
    assert list((tmp_path / "home" / "quarantine").iterdir()) == []


async def test_a_deferred_sound_that_nothing_here_can_read_is_kept(tmp_path: Path) -> None:
    """*Chosen*: it is not fetched again and again until it is given up."""
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
    "a page": answer(200, b"<html>busy</html>", media_type="text/html"),
    "JSON": answer(200, {"status": "busy"}),
    "a page that is declared as a picture": answer(200, b"<html></html>", media_type="image/png"),
    "nothing": answer(200, b"", media_type="image/png"),
    "half": answer(200, ODD, media_type="image/png", length=2 * len(ODD)),
    "another kind": answer(200, ODD, media_type="audio/mpeg"),
}


@pytest.mark.parametrize("case", REFUSED)
async def test_what_is_no_result_is_charged_and_put_aside(tmp_path: Path, case: str) -> None:
    """*Chosen*: its bytes are kept for a person to look at."""
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
