"""Decoding stored bodies into generations."""

import base64
import hashlib
import json
import logging
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr

from stability_mcp.api.operations import OPERATIONS
from stability_mcp.client.client import Client
from stability_mcp.client.decode import decode
from stability_mcp.client.models import Answer
from stability_mcp.errors import UnusableAnswerError
from support.client.raw_server import Recorder, answering, http, raw_server
from support.imaging import sample_files

PNG = sample_files.png((64, 64))
V1 = OPERATIONS["v1_text_to_image"]
ANSWER = Answer(status=200, media_type="image/png", length=None, seed="17", finish_reason="SUCCESS")


def _sample(picture: bytes = PNG, **more: Any) -> dict[str, Any]:  # noqa: ANN401 -- JSON
    packed = base64.b64encode(picture).decode()
    return {"base64": packed, "seed": 1, "finishReason": "SUCCESS"} | more


def _stored(folder: Path, found: object) -> Path:
    body = folder / "job.1.body"
    body.write_bytes(found if isinstance(found, bytes) else json.dumps(found).encode())
    return body


@pytest.mark.parametrize(
    ("operation", "data", "media_type"),
    [
        ("generate_core", PNG, "image/png"),
        ("generate_core", sample_files.webp((64, 64)), "image/webp"),
        ("upscale_creative", sample_files.jpeg((64, 64)), "image/jpeg"),
        ("audio3_text_to_audio", sample_files.mp3(0.5), "audio/mpeg"),
        ("audio2_text_to_audio", sample_files.wav(0.5), "audio/wav"),
        ("model3d_stable_fast_3d", sample_files.glb(), "model/gltf-binary"),
    ],
)
def test_a_media_body_is_the_generation_itself(
    tmp_path: Path, operation: str, data: bytes, media_type: str
) -> None:
    """Documented: the body is the file; its magic bytes give its type."""
    body = _stored(tmp_path, data)

    (generation,) = decode(OPERATIONS[operation], ANSWER, body, tmp_path)

    assert generation.path == body
    assert generation.media_type == media_type
    assert generation.bytes == len(data)
    assert generation.sha256 == hashlib.sha256(data).hexdigest()
    assert (generation.seed, generation.finish_reason, generation.filtered) == (
        "17",
        "SUCCESS",
        False,
    )


ODD = bytes(range(200, 256)) * 40
"""Bytes of an unknown format."""


@pytest.mark.parametrize(
    ("operation", "declared", "media_type"),
    [
        ("audio2_text_to_audio", "audio/mpeg", "audio/mpeg"),
        ("audio3_text_to_audio", "audio/mp3", "audio/mpeg"),
        ("audio2_text_to_audio", "audio/x-wav", "audio/wav"),
        ("generate_core", "image/jpg", "image/jpeg"),
        ("model3d_stable_fast_3d", "model/gltf-binary", "model/gltf-binary"),
    ],
)
def test_a_complete_body_of_unknown_format_has_the_declared_type(
    tmp_path: Path, operation: str, declared: str, media_type: str
) -> None:
    """Chosen: it was charged, and another program may be able to read it."""
    body = _stored(tmp_path, ODD)

    (generation,) = decode(
        OPERATIONS[operation], replace(ANSWER, media_type=declared), body, tmp_path
    )

    assert generation.media_type == media_type
    assert (generation.path, generation.bytes) == (body, len(ODD))


@pytest.mark.parametrize(
    ("declared", "found"),
    [
        ("text/html", ODD),
        ("application/octet-stream", ODD),
        (None, ODD),
        ("audio/mpeg", sample_files.mp3(0.5)),
        ("image/png", b"<!doctype html>\n<title>Gateway time-out</title>"),
        ("image/png", b'\xef\xbb\xbf{"errors": ["busy"]}'),
        ("image/png", b""),
    ],
)
def test_a_body_of_another_kind_or_an_error_page_is_unusable(
    tmp_path: Path, declared: str | None, found: bytes
) -> None:
    """Chosen: an error page isn't a picture, whatever its headers say."""
    body = _stored(tmp_path, found)

    with pytest.raises(UnusableAnswerError, match="isn't image data"):
        decode(OPERATIONS["generate_core"], replace(ANSWER, media_type=declared), body, tmp_path)


def test_a_sample_of_unknown_format_does_not_affect_the_others(tmp_path: Path) -> None:
    """Documented: v1 only returns PNG."""
    body = _stored(tmp_path, {"artifacts": [_sample(), _sample(ODD)]})

    first, second = decode(V1, ANSWER, body, tmp_path)

    assert [first.path.read_bytes(), second.path.read_bytes()] == [PNG, ODD]
    assert second.media_type == "image/png"
    assert second.path.suffix == ".png"


def test_v1_samples_become_files_in_order(tmp_path: Path) -> None:
    """Documented: `artifacts`, each with base64, seed and finishReason."""
    other = sample_files.png((64, 65))
    samples = [_sample(), _sample(other, seed=4_294_967_295, finishReason="CONTENT_FILTERED")]
    body = _stored(tmp_path, {"artifacts": samples})

    first, second = decode(V1, ANSWER, body, tmp_path)

    assert [first.path.read_bytes(), second.path.read_bytes()] == [PNG, other]
    assert first.path.suffix == ".png"
    assert (first.seed, first.filtered) == ("1", False)
    assert (second.seed, second.filtered) == ("4294967295", True)
    assert body.exists()


def test_a_bare_list_of_samples_is_accepted(tmp_path: Path) -> None:
    """Documented: the schema of 2023 had only the list."""
    assert len(decode(V1, ANSWER, _stored(tmp_path, [_sample()]), tmp_path)) == 1


def test_decoding_again_gives_the_same_files(tmp_path: Path) -> None:
    """Chosen: recovery after a crash decodes the body again."""
    body = _stored(tmp_path, {"artifacts": [_sample(), _sample()]})

    assert decode(V1, ANSWER, body, tmp_path) == decode(V1, ANSWER, body, tmp_path)


def test_a_failed_sample_is_left_out_and_logged(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """Documented: finishReason ERROR; it has no picture."""
    samples = [_sample(), {"base64": "", "seed": 2, "finishReason": "ERROR"}, _sample(seed=3)]

    with caplog.at_level(logging.WARNING):
        generations = decode(V1, ANSWER, _stored(tmp_path, {"artifacts": samples}), tmp_path)

    assert [each.seed for each in generations] == ["1", "3"]
    assert "left out 1 of 3 pictures" in caplog.text


def test_a_response_with_only_failed_samples_is_unusable(tmp_path: Path) -> None:
    """Chosen: there is no picture, and the text says why."""
    samples = [{"seed": 2, "finishReason": "ERROR"}] * 2

    with pytest.raises(UnusableAnswerError, match="all 2 of its pictures are marked ERROR"):
        decode(V1, ANSWER, _stored(tmp_path, {"artifacts": samples}), tmp_path)


@pytest.mark.parametrize(
    "found",
    [
        {"artifacts": [_sample(base64="no base64!")]},
        {"artifacts": [_sample(base64=17)]},
        {"artifacts": [_sample(base64=None)]},
        {"artifacts": [_sample(b"")]},
        {"artifacts": [_sample(b"<html>no picture</html>")]},
        {"artifacts": []},
        {"artifacts": "none"},
        {"artifacts": ["none"]},
        {"id": "a" * 64},
        "none",
        b"",
        b'{"artifacts":[',
        b"\xff\xfe",
        b"[" * 100_000,
    ],
)
def test_garbage_is_unusable(tmp_path: Path, found: object) -> None:
    """Chosen: it counts as charged, and never crashes the program."""
    with pytest.raises(UnusableAnswerError, match="v1_text_to_image is unusable"):
        decode(V1, ANSWER, _stored(tmp_path, found), tmp_path)


@pytest.mark.parametrize("odd", ["x", -1, 2**63, 1.5, None, "\ud800", [], True])
def test_an_invalid_seed_does_not_lose_the_picture(tmp_path: Path, odd: object) -> None:
    """Chosen: the picture was charged; a seed that could not be sent is dropped."""
    body = _stored(tmp_path, {"artifacts": [_sample(seed=odd, finishReason=odd)]})

    (generation,) = decode(V1, ANSWER, body, tmp_path)

    assert generation.seed is None
    assert generation.bytes == len(PNG)


@pytest.mark.anyio
async def test_ten_large_samples_are_decoded(tmp_path: Path) -> None:
    """Documented: up to ten samples, about 24 MB of JSON."""
    picture = sample_files.png((860, 860), noise=True)
    body = json.dumps({"artifacts": [_sample(picture, seed=n) for n in range(10)]}).encode()
    request = V1.model_validate({"text_prompts": [{"text": "a fox"}], "samples": 10})

    async with (
        raw_server(answering(http(200, body, length=None))) as server,
        Client(base_url=server.url, api_key=SecretStr("sk-0123456789")) as client,
    ):
        answer = await client.exchange(request, {}, tmp_path / "body", Recorder())
    generations = decode(V1, answer, tmp_path / "body", tmp_path)

    assert len(body) > 24_000_000
    assert [each.seed for each in generations] == [str(n) for n in range(10)]
    assert {each.bytes for each in generations} == {len(picture)}


@pytest.mark.anyio
@pytest.mark.parametrize("body", [b'{"artifacts":[{"base64":""}', b"<html>", b'{"artifacts":['])
async def test_truncated_json_is_unusable_at_once(tmp_path: Path, body: bytes) -> None:
    """Chosen: without Content-Length, JSON is complete if it can be parsed."""
    request = V1.model_validate({"text_prompts": [{"text": "a fox"}]})

    async with (
        raw_server(answering(http(200, body, length=None))) as server,
        Client(base_url=server.url, api_key=SecretStr("sk-0123456789")) as client,
    ):
        with pytest.raises(UnusableAnswerError):
            await client.exchange(request, {}, tmp_path / "body", Recorder())

    assert (tmp_path / "body").read_bytes() == body
