"""Every documented or observed error body: its class, its text, and no API key in it."""

import json
import traceback
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import SecretStr

from stability_mcp.api.operation import Operation
from stability_mcp.api.operations import OPERATIONS
from stability_mcp.client.api_errors import RequestContext, read_fault, to_error
from stability_mcp.client.client import Client
from stability_mcp.client.models import SentFile
from stability_mcp.errors import (
    GenerationGoneError,
    ModerationError,
    RateLimitedError,
    RefusedError,
    RequestError,
    UnknownOutcomeError,
)
from stability_mcp.text import plain
from support.client.error_bodies import CASES, KEY, MASKED, v1, v2
from support.client.raw_server import Recorder, answering, http, raw_server
from support.imaging import sample_files

pytestmark = pytest.mark.anyio


def _core(**more: Any) -> Operation:  # noqa: ANN401 -- arguments
    return OPERATIONS["generate_core"].model_validate({"prompt": "a red fox"} | more)


async def _refused(
    tmp_path: Path,
    status: int,
    body: bytes,
    *headers: tuple[str, str],
    request: Operation | None = None,
    files: dict[str, SentFile] | None = None,
) -> RequestError:
    async with (
        raw_server(answering(http(status, body, headers))) as server,
        Client(base_url=server.url, api_key=SecretStr(KEY)) as client,
    ):
        with pytest.raises(RequestError) as raised:
            await client.exchange(request or _core(), files or {}, tmp_path / "body", Recorder())
    return raised.value


@pytest.mark.parametrize("case", CASES)
async def test_every_known_error_body_has_its_class_and_text(tmp_path: Path, case: str) -> None:
    """Documented, or captured live (the facts' `errors` and samples); refusals are never charged.

    The text names the operation, quotes the API's reasons and says what to do.
    """
    status, body, kind, words = CASES[case]

    error = await _refused(tmp_path, status, body, ("x-request-id", "req-1"))

    assert type(error) is kind
    assert isinstance(error, RefusedError)
    assert "generate_core" in error.message
    assert words in str(error)
    assert "Nothing was charged." in str(error)
    assert error.hint
    assert error.status == status
    assert error.name == json.loads(body)["name"]
    assert error.request_id == "req-1"


@pytest.mark.parametrize("case", CASES)
async def test_error_texts_never_contain_the_key(tmp_path: Path, case: str) -> None:
    """Captured: v1's 401 echoes the key, in full or with asterisks in the middle."""
    status, body, _, _ = CASES[case]

    error = await _refused(tmp_path, status, body)

    text = "".join(traceback.format_exception(error)) + repr(vars(error))
    assert KEY not in text
    assert MASKED not in text
    assert "sk-" not in text


async def test_a_key_of_another_account_is_redacted_too(tmp_path: Path) -> None:
    """Chosen: an agent must not see anything that looks like a key."""
    body = v1("unauthorized", "key sk-somebodyelse1234 is not Bearer abcdef")

    error = await _refused(tmp_path, 401, body)

    assert "somebodyelse" not in str(error)
    assert "abcdef" not in str(error)


async def test_the_body_id_replaces_a_missing_request_id_header(tmp_path: Path) -> None:
    """Captured: the error's id equals x-request-id."""
    error = await _refused(tmp_path, 401, CASES["unauthorized"][1])

    assert isinstance(error, RefusedError)
    assert error.request_id == "ea8877d647fd34d56e00e688823294ab"


@pytest.mark.parametrize(
    ("header", "seconds"),
    [
        ("7", 7),
        (" 2.5 ", 2.5),
        ("0", 60),
        ("-3", 60),
        ("soon", 60),
        ("", 60),
        ("nan", 60),
        ("inf", 60),
        ("99999999999", 60),
        ("1" * 400, 60),
        ("Wed, 21 Oct 2026 07:28:00 GMT", 60),
        (None, 60),
    ],
)
async def test_the_wait_after_429_is_retry_after_if_plausible(
    tmp_path: Path, header: str | None, seconds: float
) -> None:
    """Documented: a lockout of 60 s. Retry-After is not, so implausible values are ignored."""
    headers = [] if header is None else [("retry-after", header)]

    error = await _refused(tmp_path, *CASES["rate"][:2], *headers)

    assert isinstance(error, RateLimitedError)
    assert error.retry_after == seconds


async def test_a_moderation_hint_names_the_likely_arguments(tmp_path: Path) -> None:
    """Chosen: moderation checks both prompts and pictures, so both are named."""
    picture = sample_files.save(tmp_path / "a.png", sample_files.png((64, 64)))
    request = OPERATIONS["edit_search_and_replace"].model_validate(
        {"prompt": "a person", "search_prompt": "a dog", "image": "a"}
    )
    files = {"image": SentFile(path=picture, media_type="image/png")}

    error = await _refused(tmp_path, *CASES["moderation"][:2], request=request, files=files)

    assert error.hint.startswith("Change prompt, search_prompt and image;")
    assert "an identical call would be refused again" in error.hint
    assert "Nothing was charged." in str(error)


async def test_a_moderation_hint_names_the_argument_that_the_api_names(tmp_path: Path) -> None:
    """Chosen: `image: ...` in the API's sentence identifies the argument."""
    picture = sample_files.save(tmp_path / "a.png", sample_files.png((64, 64)))
    request = OPERATIONS["edit_inpaint"].model_validate({"prompt": "a hat", "image": "a"})
    files = {"image": SentFile(path=picture, media_type="image/png")}
    body = v2("public_figure", "image: shows a public figure")

    error = await _refused(tmp_path, 422, body, request=request, files=files)

    assert error.hint.startswith("Change image;")


async def test_a_copyright_refusal_is_about_the_audio_file(tmp_path: Path) -> None:
    """Documented: 422 copyrighted_content is about the audio that was sent."""
    sound = sample_files.save(tmp_path / "a.wav", sample_files.wav(6))
    request = OPERATIONS["audio2_audio_to_audio"].model_validate(
        {"prompt": "rain", "audio": "a", "duration": 7}
    )
    files = {"audio": SentFile(path=sound, media_type="audio/wav")}

    error = await _refused(
        tmp_path, 422, v2("copyrighted_content", "no"), request=request, files=files
    )

    assert isinstance(error, ModerationError)
    assert error.hint.startswith("Change audio;")


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"null",
        b"[]",
        b'"no"',
        b'{"message":"Forbidden"}',
        b'{"id":"a","name":"b"}',
        b'{"id":"a","name":"b","errors":"c"}',
        b'{"id":1,"name":"b","errors":["c"]}',
        b'{"id":"a","name":"","errors":["c"]}',
        b'{"errors":["c"],"id":"","name":"b"}',
        b"[" * 100_000,
        b"\xff\xfe{",
    ],
)
async def test_an_error_in_another_format_is_not_a_refusal(tmp_path: Path, body: bytes) -> None:
    """Chosen: only the API's own format proves that nothing was charged."""
    assert isinstance(await _refused(tmp_path, 400, body), UnknownOutcomeError)


async def test_a_missing_generation_is_gone(tmp_path: Path) -> None:
    """Documented: 404 also for another key's generation, and after 24 hours."""
    body = v2("generation_not_found", "id: the generation either does not exist or has expired.")

    async with (
        raw_server(answering(http(404, body))) as server,
        Client(base_url=server.url, api_key=SecretStr(KEY)) as client,
    ):
        with pytest.raises(GenerationGoneError, match="24 hours"):
            await client.fetch(
                OPERATIONS["upscale_creative"], "a" * 64, tmp_path / "body", Recorder()
            )


async def test_a_gateway_error_on_a_poll_is_a_free_request_error(tmp_path: Path) -> None:
    """Chosen: a poll costs nothing, so its outcome is never unknown."""
    async with (
        raw_server(answering(http(502, b"<html>", media_type="text/html"))) as server,
        Client(base_url=server.url, api_key=SecretStr(KEY)) as client,
    ):
        with pytest.raises(RequestError, match=r"Retrying is free\.") as raised:
            await client.fetch(
                OPERATIONS["upscale_creative"], "a" * 64, tmp_path / "body", Recorder()
            )

    assert type(raised.value) is RequestError
    assert raised.value.charged == "no"


@given(
    name=st.text(min_size=1, max_size=200),
    reasons=st.lists(st.text(max_size=2_000) | st.integers() | st.none(), max_size=30),
    number=st.text(min_size=1, max_size=200),
    status=st.integers(400, 599),
)
def test_any_error_body_becomes_a_short_clean_text(
    name: str, reasons: list[object], number: str, status: int
) -> None:
    """Chosen: foreign text is quoted and shortened, and never breaks the message."""
    body = json.dumps({"errors": reasons, "id": number, "name": name}).encode()
    fault = read_fault(body)
    context = RequestContext(operation=OPERATIONS["generate_core"], request=_core(), key=KEY)
    assert fault is not None

    error = to_error(status, {}, fault, context)

    assert len(str(error)) < 4_000
    assert plain(str(error)) == str(error)
    assert "\n" not in str(error)


def test_a_reason_that_is_a_sentence_adds_no_second_full_stop() -> None:
    """Chosen: the text stays a sentence; `reasons` keeps the API's own words."""
    body = b'{"errors":["Try again.","Later..."],"id":"abc","name":"internal_error"}'
    fault = read_fault(body)
    context = RequestContext(operation=OPERATIONS["generate_core"], request=_core(), key=KEY)
    assert fault is not None

    error = to_error(500, {}, fault, context)

    assert error.message == (
        'The API failed on generate_core (500 internal_error): "Try again"; "Later".'
    )
    assert error.reasons == ('"Try again."', '"Later..."')
