"""Messages in an invalid form: repaired, or answered with an error."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from mcp.types import INVALID_REQUEST, PARSE_ERROR, JSONRPCError

from stability_mcp.server.messages import (
    Message,
    MessageReader,
    as_message,
    repaired_body,
    repaired_text,
)

PING = {"jsonrpc": "2.0", "id": 7, "method": "ping"}
LINE = json.dumps(PING)

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=8,
)


def _read(*lines: str) -> list[Message]:
    reader = MessageReader()
    found = [each for line in lines for each in reader.feed(line)]
    return [*found, *reader.flush()]


def _codes(found: list[Message]) -> list[Any]:
    return [each.error.code if isinstance(each, JSONRPCError) else each for each in found]


@given(JSON)
def test_valid_json_is_not_changed(value: object) -> None:
    """Chosen: a repair never touches what is right."""
    for text in (json.dumps(value), json.dumps(value, ensure_ascii=False)):
        assert json.loads(repaired_text(text)) == value


@given(st.text(alphabet=st.characters(codec=None), max_size=30))
def test_every_text_with_surrogates_becomes_valid(text: str) -> None:
    """Chosen: wherever they are; pairs keep their meaning."""
    body = repaired_body(json.dumps(text).encode())

    assert json.loads(body) == text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")


@pytest.mark.parametrize("text", [r'"\\ud83e"', r'"\\\\ud83e"', r'"\ud83e\udd8a"', '"\U0001f98a"'])
def test_what_only_looks_like_a_lone_surrogate_stays(text: str) -> None:
    """Chosen: an escaped backslash, and a pair."""
    assert repaired_text(text) == text


@pytest.mark.parametrize(
    "lines",
    [
        [f"\ufeff{LINE}\n"],
        [f"{line}\n" for line in json.dumps(PING, indent=2).splitlines()],
        ["\n", "\r\n", f"{LINE}\n"],
        [f"[{LINE}]\n"],
        ["{\n", f"{LINE[1:]}\n"],
    ],
)
def test_a_message_whose_meaning_is_certain_is_read(lines: list[str]) -> None:
    """Chosen: mark, several lines, empty lines, batch."""
    assert _read(*lines) == [PING]


@given(JSON, st.integers(0, 8))
def test_a_message_may_have_any_layout(value: object, indent: int) -> None:
    """Chosen: however a writer breaks lines."""
    message = {**PING, "params": {"value": value}}

    lines = json.dumps(message, indent=indent).split("\n")

    assert _read(*(f"{line}\n" for line in lines)) == [message]


def test_a_line_break_inside_a_string_is_read() -> None:
    """Chosen: some writers do not escape it."""
    assert _read('{"jsonrpc": "2.0", "id": 7, "method": "a\n', 'b"}\n') == [
        {"jsonrpc": "2.0", "id": 7, "method": "a\nb"}
    ]


@pytest.mark.parametrize(
    ("lines", "codes"),
    [
        (["hello\n"], [PARSE_ERROR]),
        (["{]\n"], [PARSE_ERROR]),
        (['{"jsonrpc": "2.0", "id": 7, "meth\n', f"{LINE}\n"], [PARSE_ERROR, PING]),
        (['{"jsonrpc": "2.0",\n'], [PARSE_ERROR]),
        (["[]\n"], [INVALID_REQUEST]),
        (["[1, 2]\n"], [INVALID_REQUEST, INVALID_REQUEST]),
        ([f"[{LINE}, 3, {LINE}]\n"], [PING, INVALID_REQUEST, PING]),
        (["[" * 100_000 + "\n", "]" * 100_000 + "\n"], [PARSE_ERROR]),
    ],
)
def test_anything_else_gets_an_error(lines: list[str], codes: list[object]) -> None:
    """Documented (JSON-RPC 2.0): an error with id null."""
    found = _read(*lines)

    assert _codes(found) == codes
    assert all(each.id is None for each in found if isinstance(each, JSONRPCError))


@pytest.mark.parametrize(
    ("message", "number"),
    [
        ({"jsonrpc": "2.0", "id": 7}, 7),
        ({"id": "a", "method": "ping"}, "a"),
        ({}, None),
    ],
)
def test_an_object_that_isnt_a_message_gets_an_error_with_its_id(
    message: dict[str, Any], number: object
) -> None:
    """Chosen: the client then knows which request failed."""
    answer = as_message(message)

    assert isinstance(answer, JSONRPCError)
    assert (answer.error.code, answer.id) == (INVALID_REQUEST, number)
