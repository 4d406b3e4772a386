"""Responses are encoded while they are sent, and still form one document."""

import base64
import json

import anyio
from hypothesis import given
from hypothesis import strategies as st
from starlette.responses import Response, StreamingResponse

from stability_emulator.generations import SUCCESS, Artifact
from stability_emulator.responses import CHUNK, first_version, media

BYTES = bytes(range(256)) * (CHUNK // 256 + 1)
PIECES = st.lists(st.integers(0, CHUNK + 4).map(lambda size: BYTES[:size]), max_size=3)


def artifact(pieces: list[bytes], media_type: str) -> Artifact:
    """Return a generated file."""
    return Artifact(media_type=media_type, pieces=pieces, seed=7, finish_reason=SUCCESS)


def sent(response: Response) -> list[bytes]:
    """Return the pieces of a response; checks its content length."""
    assert isinstance(response, StreamingResponse)

    async def read() -> list[bytes]:
        return [piece async for piece in response.body_iterator if isinstance(piece, bytes)]

    pieces = anyio.run(read)
    assert int(response.headers["content-length"]) == sum(map(len, pieces))
    return pieces


@given(PIECES)
def test_a_sound_sent_as_json_in_pieces_is_one_document(pieces: list[bytes]) -> None:
    """Documented: the fields; chosen: no piece is larger than a chunk."""
    answer = media(artifact(pieces, "audio/wav"), accept="application/json", request_id="r")
    parts = sent(answer)

    body = json.loads(b"".join(parts))
    assert list(body) == ["audio", "seed", "finish_reason"]
    assert base64.b64decode(body["audio"], validate=True) == b"".join(pieces)
    assert max(map(len, parts)) <= CHUNK


@given(st.lists(PIECES, min_size=1, max_size=3))
def test_several_pictures_are_sent_as_one_json_document(pictures: list[list[bytes]]) -> None:
    """Documented: a list of artifacts with these fields."""
    listed = [artifact(pieces, "image/png") for pieces in pictures]
    answer = first_version(listed, accept="application/json", request_id="r")

    body = json.loads(b"".join(sent(answer)))
    assert [base64.b64decode(each["base64"]) for each in body["artifacts"]] == [
        b"".join(pieces) for pieces in pictures
    ]
    assert all(list(each) == ["base64", "seed", "finishReason"] for each in body["artifacts"])
