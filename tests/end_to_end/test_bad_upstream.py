"""Faults of the API, a gateway or the connection: a clear error that states the charge."""

import socket
from pathlib import Path

import pytest
from mcp.types import CallToolResult, TextContent

from support.client.canned_server import answer, upstream
from support.server.host import connected

pytestmark = pytest.mark.anyio

KEY = "sk-test-0123456789-abcdef"
PNG_START = b"\x89PNG\r\n\x1a\n" + b"\0" * 100


def refused(status: int, name: str, *errors: str) -> bytes:
    """Return an error in the API's format."""
    return answer(status, {"errors": list(errors), "id": "0" * 32, "name": name})


CASES = {
    "a wrong key": (
        refused(401, "unauthorized", "authorization: invalid or missing header value"),
        ["STABILITY_API_KEY", "Nothing was charged"],
        1,
    ),
    "no credits": (
        refused(402, "payment_required", "You lack sufficient credits to make this request."),
        ["credits", "Nothing was charged"],
        1,
    ),
    "moderation": (
        refused(403, "content_moderation", "Your request was flagged by content moderation."),
        ["moderation", "Nothing was charged", "prompt"],
        1,
    ),
    "too large": (
        refused(413, "payload_too_large", "body: payloads cannot be larger than 10MiB in size"),
        ["10MiB", "Nothing was charged"],
        1,
    ),
    "another language": (
        refused(422, "invalid_language", "English is the only supported language"),
        ["English", "Nothing was charged"],
        1,
    ),
    "a bad parameter": (
        refused(400, "bad_request", "prompt: required"),
        ["prompt: required", "Nothing was charged"],
        1,
    ),
    "a gateway page": (
        answer(502, b"<html><body>Bad gateway</body></html>", media_type="text/html"),
        ["may have been charged", "isn't resent automatically"],
        1,
    ),
    "gateway JSON": (
        answer(504, {"message": "Endpoint request timed out"}),
        ["may have been charged"],
        1,
    ),
    "a truncated body": (
        answer(200, PNG_START, media_type="image/png", length=5_000, seed="7"),
        ["was charged", "broke before its end"],
        1,
    ),
    "an HTML page instead of a picture": (
        answer(200, b"<html>hello</html>", media_type="text/html"),
        ["was charged"],
        1,
    ),
    "a lasting API error": (
        refused(500, "internal_error", "An unexpected server error has occurred"),
        ["Nothing was charged"],
        2,
    ),
}


PAUSING = ("a wrong key", "no credits")
"""Nothing more is sent after these, so each needs its own server."""
OTHERS = [case for case in CASES if case not in PAUSING]


@pytest.mark.parametrize("cases", [OTHERS, *([case] for case in PAUSING)], ids=lambda each: each[0])
async def test_errors_state_the_cause_the_charge_and_what_to_do(
    cases: list[str], tmp_path: Path
) -> None:
    """Chosen: the user must know whether money was spent."""
    with upstream(b"") as served:
        async with connected(
            tmp_path,
            "auto",
            STABILITY_API_KEY=KEY,
            STABILITY_BASE_URL=served.url,
            STABILITY_MAX_RETRIES="1",
            STABILITY_WAIT="30",
        ) as client:
            for case in cases:
                served.reply, expected, most_posts = CASES[case]
                served.requests.clear()
                result = await client.call_tool("generate_core", {"prompt": f"a house, {case}"})
                _check_error(case, result, expected)
                assert 1 <= served.posts <= most_posts, case
                assert not (await client.call_tool("job_list", {})).is_error, case
                assert list((tmp_path / "home" / "spool").glob("*.part")) == [], case


def _check_error(case: str, result: CallToolResult, expected: list[str]) -> None:
    [first, *_] = result.content
    assert isinstance(first, TextContent)
    assert result.is_error, (case, first.text)
    assert [text for text in expected if text not in first.text] == [], (case, first.text)
    assert KEY not in first.text, case
    assert "Traceback" not in first.text, case


async def test_an_unreachable_api_is_reported_as_not_charged(tmp_path: Path) -> None:
    """Chosen: a request that was not sent is not charged, and the text says so."""
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        port = closed.getsockname()[1]
    async with connected(
        tmp_path,
        "auto",
        STABILITY_API_KEY=KEY,
        STABILITY_BASE_URL=f"http://127.0.0.1:{port}",
        STABILITY_MAX_RETRIES="0",
        STABILITY_WAIT="30",
    ) as client:
        result = await client.call_tool("generate_core", {"prompt": "a house"})

    [first, *_] = result.content
    assert isinstance(first, TextContent)
    assert result.is_error
    assert "Nothing was charged" in first.text
    assert f"Could not reach the Stability API at 127.0.0.1:{port}" in first.text
