"""Provenance in GLB: `asset.extras`, with geometry, textures and other extras as they were."""

import json
import struct
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

import support.imaging.sample_files as make
from stability_mcp.imaging.probe import probe
from stability_mcp.imaging.provenance import embed, embedded, read

DATA: dict[str, Any] = {"generator": "stability-mcp", "seed": "7", "prompt": "ä 日本 🦊"}
BINARY = make.glb()[20 + struct.unpack("<I", make.glb()[12:16])[0] :]


def document(file: bytes) -> Any:  # noqa: ANN401 -- any JSON
    """Return the JSON of a GLB, after checking every length in it."""
    magic, version, length, first, kind = struct.unpack("<4sIII4s", file[:20])
    assert (magic, version, length, kind) == (b"glTF", 2, len(file), b"JSON")
    assert first % 4 == 0
    assert file[20 + first :] == BINARY
    return json.loads(file[20 : 20 + first])


def glb(text: bytes, *, binary: bytes = BINARY) -> bytes:
    """Return a GLB with a JSON chunk."""
    text += b" " * (-len(text) % 4)
    length = 20 + len(text) + len(binary)
    return struct.pack("<4sIII4s", b"glTF", 2, length, len(text), b"JSON") + text + binary


def test_provenance_is_in_the_extras_of_the_asset(tmp_path: Path) -> None:
    """Documented (glTF 2.0, 3.3): extras are for data of applications."""
    source, target = make.save(tmp_path / "source", make.glb()), tmp_path / "target"

    assert embed(source, target, DATA)

    before, after = document(source.read_bytes()), document(target.read_bytes())
    assert after["asset"].pop("extras") == {"stability-mcp": DATA}
    assert after == before
    assert (read(source), read(target)) == (None, DATA)
    assert probe(target).media_type == "model/gltf-binary"


def test_other_values_and_extras_are_kept() -> None:
    """Chosen: numbers keep every digit, and other programs keep their extras."""
    text = (
        '{"asset":{"version":"2.0","generator":"x","extras":{"by":"me"}},'
        '"accessors":[{"max":[0.10000000149011612,-3.4028234663852886e+38,12345678901234567890]}],'
        '"extras":{"a":[null,true,"\\u00e4"]}}'
    )
    after = document(embedded(glb(text.encode()), DATA))

    assert after["asset"]["extras"] == {"by": "me", "stability-mcp": DATA}
    del after["asset"]["extras"]["stability-mcp"]
    assert json.dumps(after, separators=(",", ":")) == text


def test_a_second_embedding_replaces_the_first() -> None:
    """Chosen: a file contains one provenance only, and embedding is repeatable."""
    again = embedded(embedded(make.glb(), {"seed": "OLDSEED" * 50}), DATA)

    assert b"OLDSEED" not in again
    assert again == embedded(make.glb(), DATA)


ASSET = b'{"asset":{"version":"2.0"},'
UNCHANGED = {
    "cut": make.glb()[:-4],
    "with bytes behind its end": make.glb() + b"junk",
    "header only": make.glb()[:20],
    "half a header": make.glb()[:15],
    "chunk longer than the file": make.glb()[:12] + b"\xff\xff\xff\x7f" + make.glb()[16:],
    "no JSON": glb(b"hello"),
    "invalid UTF-8": glb(b'{"asset":{"a":"\xff"}}'),
    "no asset": glb(b"{}"),
    "asset without an object": glb(b'{"asset":[]}'),
    "other extras": glb(b'{"asset":{"version":"2.0","extras":"mine"}}'),
    "not an object": glb(b"[]"),
    "repeated names": glb(ASSET + b'"a":1,"a":2}'),
    "not a number": glb(ASSET + b'"a":NaN}'),
    "too large a number": glb(ASSET + b'"a":1e999}'),
    "too many digits": glb(ASSET + b'"a":' + b"1" * 5_000 + b"}"),
    "lone surrogate": glb(ASSET + b'"a":"\\ud800"}'),
    "deep": glb(ASSET + b'"a":' + b"[" * 100_000 + b"]" * 100_000 + b"}"),
    "long": glb(ASSET + b'"a":"' + b"x" * (2 << 20) + b'"}'),
}


@pytest.mark.parametrize("name", UNCHANGED)
def test_a_model_that_is_damaged_or_can_not_hold_it_is_copied_unchanged(
    tmp_path: Path, name: str
) -> None:
    """Chosen: a copy without provenance is better than none."""
    source = make.save(tmp_path / "source", UNCHANGED[name])

    assert not embed(source, tmp_path / "target", DATA)

    assert (tmp_path / "target").read_bytes() == UNCHANGED[name]
    assert read(tmp_path / "target") is None


def test_a_description_of_50_mb_is_not_read(tmp_path: Path) -> None:
    """Chosen: it would take a gigabyte of memory as objects of Python."""
    source = make.save(tmp_path / "source", glb(ASSET + b'"a":[' + b"[]," * (17 << 20) + b"[]]}"))

    assert not embed(source, tmp_path / "target", DATA)
    assert read(source) is None


@pytest.mark.parametrize(
    "claim", [b"1", b'"text"', b"[]", b"null", b'{"a":"' + b"x" * 300_000 + b'"}']
)
def test_a_claim_that_is_not_an_object_is_ignored(tmp_path: Path, claim: bytes) -> None:
    """Chosen: anyone may have written it."""
    text = b'{"asset":{"version":"2.0","extras":{"stability-mcp":' + claim + b"}}}"
    assert read(make.save(tmp_path / "model", glb(text))) is None


@given(st.dictionaries(st.text(), st.text() | st.integers() | st.lists(st.text()), max_size=5))
def test_any_json_is_read_back(
    tmp_path_factory: pytest.TempPathFactory, data: dict[str, object]
) -> None:
    """Chosen: provenance survives unchanged."""
    target = tmp_path_factory.getbasetemp() / "provenance.glb"
    target.write_bytes(embedded(make.glb(), data))
    assert read(target) == data


@given(st.binary(max_size=40), st.integers(0, 700))
def test_changed_bytes_never_break_reader_or_writer(junk: bytes, at: int) -> None:
    """Chosen: either the claim survives, or the file is treated as any other file."""
    file = bytearray(embedded(make.glb(), DATA))
    file[at : at + len(junk)] = junk
    assert embedded(bytes(file), DATA)
