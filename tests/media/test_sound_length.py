"""The length of an edited sound, and the part of it that changes."""

import dataclasses
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stability_mcp.api.operation import Operation
from stability_mcp.api.operations import OPERATIONS
from stability_mcp.errors import ArgumentsError
from stability_mcp.media.items import MediaItem
from stability_mcp.media.sound_length import fill_duration

EDITS = sorted(
    name for name, row in OPERATIONS.items() if {"audio", "duration"} <= row.model_fields.keys()
)
MAX_SECONDS = {"audio2": 190, "audio3": 380}
SOUND = MediaItem(
    id="sound",
    owner="local",
    label="riff",
    media_type="audio/mpeg",
    sha256="0" * 64,
    bytes=1,
    path=Path("riff.mp3"),
    width=None,
    height=None,
    seconds=12.0,
    seed=None,
    finish_reason=None,
    origin="imported",
    operation=None,
    job=None,
    position=0,
    emulated=True,
    upstream=None,
    copy_path=None,
    created_at=0.0,
)


def _request(name: str, **more: float) -> Operation:
    part = {"mask_start": 0, "mask_end": 1} if name.endswith("inpaint") else {}
    return OPERATIONS[name].model_validate({"prompt": "rain", "audio": "riff", **part, **more})


@pytest.mark.parametrize("name", EDITS)
@given(data=st.data())
def test_the_length_of_the_sound_is_sent_and_named(name: str, data: st.DataObject) -> None:
    """*Chosen*: any sound that the API accepts has a length that it accepts for the result."""
    seconds = data.draw(st.floats(6, MAX_SECONDS[name.partition("_")[0]]))

    filled, [note] = fill_duration(
        _request(name), {"audio": dataclasses.replace(SOUND, seconds=seconds)}
    )

    assert getattr(filled, "duration") == pytest.approx(seconds, abs=0.005)  # noqa: B009
    assert filled.form()["duration"]
    assert note.startswith("duration: ")


@pytest.mark.parametrize("name", EDITS)
def test_a_given_length_is_kept(name: str) -> None:
    """*Chosen*: the caller decides."""
    request = _request(name, duration=20)

    assert fill_duration(request, {"audio": SOUND}) == (request, [])


@pytest.mark.parametrize("name", EDITS)
def test_an_unreadable_length_is_asked_for(name: str) -> None:
    """*Chosen*: guessing would cost credits."""
    with pytest.raises(ArgumentsError, match='the length of "riff" can\'t be read'):
        fill_duration(_request(name), {"audio": dataclasses.replace(SOUND, seconds=None)})


@pytest.mark.parametrize("name", [name for name in EDITS if name.endswith("inpaint")])
@given(start=st.integers(0, 188), length=st.integers(1, 188), seconds=st.integers(6, 190))
def test_a_part_is_refused_exactly_if_the_result_ends_before_it(
    name: str, start: int, length: int, seconds: int
) -> None:
    """*Chosen*: with a given length and with that of the sound."""
    part = {"mask_start": start, "mask_end": min(start + length, 190)}
    sound = {"audio": dataclasses.replace(SOUND, seconds=float(seconds))}

    if start >= seconds:
        with pytest.raises(ValueError, match="isn't before the end of the result"):
            _request(name, **part, duration=seconds)
        with pytest.raises(ArgumentsError, match="isn't before the end of the result"):
            fill_duration(_request(name, **part), sound)
    else:
        filled, [note] = fill_duration(_request(name, **part), sound)
        assert filled == _request(name, **part, duration=seconds)
        assert ("before mask_end" in note) == (part["mask_end"] > seconds)
