"""Whatever the API, a gateway or the line does: one clear error, and whether it was charged."""

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
    """Return an error in the shape of the API."""
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
    "a gateway's page": (
        answer(502, b"<html><body>Bad gateway</body></html>", media_type="text/html"),
        ["may have been charged", "not repeated"],
        1,
    ),
    "a gateway's JSON": (
        answer(504, {"message": "Endpoint request timed out"}),
        ["may have been charged"],
        1,
    ),
    "a body cut short": (
        answer(200, PNG_START, media_type="image/png", length=5_000, seed="7"),
        ["was charged", "broke before its end"],
        1,
    ),
    "a page instead of a picture": (
        answer(200, b"<html>hello</html>", media_type="text/html"),
        ["was charged"],
        1,
    ),
    "an error of the API's own that lasts": (
        refused(500, "internal_error", "An unexpected server error has occurred"),
        ["Nothing was charged"],
        2,
    ),
}


PAUSING = ("a wrong key", "no credits")
"""After these nothing more is sent, so that each has a server of its own."""
TOGETHER = [case for case in CASES if case not in PAUSING]


@pytest.mark.parametrize(
    "cases", [TOGETHER, *([case] for case in PAUSING)], ids=lambda each: each[0]
)
async def test_the_answer_names_the_trouble_the_cure_and_the_charge(
    cases: list[str], tmp_path: Path
) -> None:
    """Chosen: a person in a chat must know what happened to their money."""
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
                _is_told(case, result, expected)
                assert 1 <= served.posts <= most_posts, case
                assert not (await client.call_tool("job_list", {})).is_error, case
                assert list((tmp_path / "home" / "spool").glob("*.part")) == [], case


def _is_told(case: str, result: CallToolResult, expected: list[str]) -> None:
    [first, *_] = result.content
    assert isinstance(first, TextContent)
    assert result.is_error, (case, first.text)
    assert [text for text in expected if text not in first.text] == [], (case, first.text)
    assert KEY not in first.text, case
    assert "Traceback" not in first.text, case


async def test_no_network_is_told_and_nothing_was_charged(tmp_path: Path) -> None:
    """Chosen: a request that never went out is safe, and the text says so."""
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
    assert str(port) in first.text
