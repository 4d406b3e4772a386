"""Provenance in WAV and MP3: the samples and all other metadata stay as they are."""

import io
import struct
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile
from hypothesis import given
from hypothesis import strategies as st

import support.imaging.sample_files as make
from stability_mcp.imaging.containers import id3, riff
from stability_mcp.imaging.probe import probe
from stability_mcp.imaging.provenance import embed, embedded, read

DATA: dict[str, Any] = {
    "generator": "stability-mcp",
    "sha256": "0" * 64,
    "seed": "7",
    "arguments": {"prompt": 'rain & "thunder" äöü 日本 🌧'},
}
ODD = make.wav(0.1, channels=1)[:-1]
TEXT_FRAME = b"TIT2" + struct.pack(">I", 5) + b"\0\0\0Rain"
COVER = b"APIC" + struct.pack(">I", 300) + b"\0\0" + bytes(range(250)) + bytes(50)


def synchsafe(number: int) -> bytes:
    """Return a number in 4 bytes of 7 bits."""
    return bytes(number >> shift & 0x7F for shift in (21, 14, 7, 0))


def tagged(frames: bytes, *, version: int = 3, flags: int = 0, padding: int = 64) -> bytes:
    """Return an MP3 with an ID3v2 tag."""
    body = frames + bytes(padding)
    return b"ID3" + bytes((version, 0, flags)) + synchsafe(len(body)) + body + make.mp3(0.2)


def wav_with(*chunks: bytes, behind: bool = True) -> bytes:
    """Return a WAV with further chunks behind or before its samples."""
    plain = make.wav(0.1)
    body = b"".join(chunks)
    parts = (plain[12:], body) if behind else (plain[12:36], body, plain[36:])
    inner = b"".join(parts)
    return b"RIFF" + struct.pack("<I", 4 + len(inner)) + b"WAVE" + inner


INFO = riff.chunk(b"LIST", b"INFO" + riff.chunk(b"ICMT", b"A comment.\0"))
WAVS = {
    "wav": make.wav(0.1),
    "mono wav": make.wav(0.1, rate=22_050, channels=1),
    "wav of odd length": b"RIFF"
    + struct.pack("<I", len(ODD) - 8)
    + ODD[8:40]
    + struct.pack("<I", len(ODD) - 44)
    + ODD[44:],
    "wav with a comment": wav_with(INFO),
    "wav with a comment before its samples": wav_with(INFO, behind=False),
    "wav with a list in a list": wav_with(riff.chunk(b"LIST", b"adtl" + INFO * 3)),
}
MP3S = {
    "mp3": make.mp3(0.2),
    "mp3 with a tag": tagged(TEXT_FRAME + COVER),
    "mp3 with an empty tag": tagged(b""),
    "mp3 with a tag of version 2.4": tagged(TEXT_FRAME, version=4),
    "mp3 with unsynchronised frames": tagged(TEXT_FRAME, version=4, flags=0x80),
    "mp3 with tags at its end": make.mp3(0.2)
    + b"APETAGEX"
    + struct.pack("<IIII", 2000, 32, 0, 0)
    + bytes(8)
    + b"TAG"
    + bytes(125),
}
CARRIERS = WAVS | MP3S


def samples(path: Path) -> Any:  # noqa: ANN401 -- an array
    """Return the samples of a sound, decoded by libsndfile."""
    return soundfile.read(io.BytesIO(path.read_bytes()), dtype="int16")[0]


@pytest.mark.parametrize("name", CARRIERS)
def test_provenance_is_read_back_and_the_samples_are_the_same(tmp_path: Path, name: str) -> None:
    """Documented (RIFF, ID3v2): players skip chunks and frames that they don't know."""
    source, target = make.save(tmp_path / "source", CARRIERS[name]), tmp_path / "target"

    assert embed(source, target, DATA)

    assert read(source) is None
    assert read(target) == DATA
    before, after = samples(source), samples(target)
    assert len(before) > 1000
    assert np.array_equal(before, after)
    first, second = probe(source), probe(target)
    assert (first.seconds, first.rate, first.channels) == (
        second.seconds,
        second.rate,
        second.channels,
    )
    assert second.repairs == first.repairs


@pytest.mark.parametrize("name", CARRIERS)
def test_a_second_embedding_replaces_the_first(name: str) -> None:
    """Chosen: a file contains one provenance only, and embedding is repeatable."""
    old = embedded(CARRIERS[name], {"seed": "OLDSEED", "prompt": "x" * 500})
    again = embedded(old, DATA)

    assert b"OLDSEED" in old
    assert again == embedded(CARRIERS[name], DATA)


@pytest.mark.parametrize("name", CARRIERS)
def test_everything_else_in_the_file_is_kept_byte_for_byte(name: str) -> None:
    """Chosen: tags of other programs, such as a cover, are the user's."""
    before, after = CARRIERS[name], embedded(CARRIERS[name], DATA)

    if name in WAVS:
        assert after.startswith(before[:4])
        assert before[8:] in after
    else:
        kept = before[id3.HEADER_BYTES :] if before.startswith(b"ID3") else before
        assert after.endswith(kept)


def test_other_programs_read_the_copies(tmp_path: Path) -> None:
    """Documented: an INFO list has ISFT and ICMT, and an ID3v2 tag a TXXX frame."""
    from tinytag import TinyTag

    wav = make.save(tmp_path / "a.wav", embedded(WAVS["wav"], DATA))
    mp3 = make.save(tmp_path / "a.mp3", embedded(MP3S["mp3 with a tag"], DATA))

    with soundfile.SoundFile(wav) as sound:
        assert sound.comment.startswith('{"generator":"stability-mcp"')
        assert sound.software.startswith("stability-mcp")
    tag = TinyTag.get(mp3)
    assert tag.title == "Rain"
    assert "stability-mcp" in str(tag.as_dict())


def test_a_tag_that_was_written_again_by_an_editor_is_still_read(tmp_path: Path) -> None:
    """Chosen: tag editors change the encoding and the order of frames."""
    value = '{"seed": "7"}'
    bodies = [
        b"\x01" + "stability-mcp\0".encode("utf-16") + value.encode("utf-16"),
        b"\x02" + f"stability-mcp\0{value}\0".encode("utf-16-be"),
        b"\x03" + f"stability-mcp\0{value}".encode(),
    ]
    for version, sized in ((3, lambda n: struct.pack(">I", n)), (4, synchsafe)):
        for body in bodies:
            frame = b"TXXX" + sized(len(body)) + b"\0\0" + body
            before = b"TIT2" + sized(5) + b"\0\0\0Rain"
            path = make.save(tmp_path / "a.mp3", tagged(before + frame, version=version))
            assert read(path) == {"seed": "7"}
            assert embedded(path.read_bytes(), DATA).count(value.encode()) == 0


CHUNK = embedded(make.wav(0.1), DATA)[len(make.wav(0.1)) :]
UNCHANGED = {
    "wav that was never finished": make.wav(0.1)[:4]
    + b"\xff" * 4
    + make.wav(0.1)[8:40]
    + b"\xff" * 4
    + make.wav(0.1)[44:],
    "wav that is cut": make.wav(0.1)[:-500],
    "wav with bytes behind its end": make.wav(0.1) + b"junk",
    "wav with a chunk that is too long": wav_with(b"LIST\xff\xff\xff\x7fINFO"),
    "wav without samples": b"RIFF\x04\0\0\0WAVE",
    "wav with an empty name": wav_with(bytes(8)) + b"\0",
    "rf64": b"RF64" + make.wav(0.1)[4:],
    "mp3 with a tag of version 2.2": tagged(b"TT2\0\0\x05\0Rain", version=2),
    "mp3 with an extended header": tagged(b"\0\0\0\x06" + bytes(6), flags=0x40),
    "mp3 with a footer": tagged(TEXT_FRAME, version=4, flags=0x10),
    "mp3 with an unsynchronised tag": tagged(TEXT_FRAME, flags=0x80),
    "mp3 with a tag longer than the file": b"ID3\x03\0\0" + b"\x7f" * 4 + make.mp3(0.2),
    "mp3 with an invalid size": b"ID3\x03\0\0" + b"\xff" * 4 + make.mp3(0.2),
    "mp3 of nothing but a tag": b"ID3\x03\0\0" + synchsafe(5000) + bytes(5000),
}


@pytest.mark.parametrize("name", UNCHANGED)
def test_a_file_that_is_damaged_or_can_not_hold_it_is_copied_unchanged(
    tmp_path: Path, name: str
) -> None:
    """Chosen: a copy without provenance is better than none."""
    source = make.save(tmp_path / "source", UNCHANGED[name])

    assert not embed(source, tmp_path / "target", DATA)

    assert (tmp_path / "target").read_bytes() == UNCHANGED[name]
    assert read(tmp_path / "target") is None


HOSTILE = {
    "a claim that is not JSON": b"x" * 59_000,
    "a claim that is nested": b"[" * 100_000,
    "a claim that is too long": b'{"a": "' + b"x" * 400_000 + b'"}',
    "a claim that is not an object": b"[1]",
    "an empty claim": b"",
}


@pytest.mark.parametrize("name", HOSTILE)
def test_a_claim_that_is_not_an_object_is_ignored(tmp_path: Path, name: str) -> None:
    """Chosen: anyone may have written it, even to break the reader."""
    claim = HOSTILE[name]
    software = riff.chunk(b"ISFT", b"stability-mcp\0")
    chunk = riff.chunk(b"LIST", b"INFO" + software + riff.chunk(b"ICMT", claim + b"\0"))
    body = b"\0stability-mcp\0" + claim
    frame = b"TXXX" + struct.pack(">I", len(body)) + b"\0\0" + body

    assert read(make.save(tmp_path / "wav", wav_with(chunk))) is None
    assert read(make.save(tmp_path / "mp3", tagged(frame))) is None


def test_a_tag_with_many_frames_is_read_in_bounded_time(tmp_path: Path) -> None:
    """Chosen: a frame needs ten bytes, so that a file of 10 MB could have a million of them."""
    empty = b"TXXX" + struct.pack(">I", 2) + b"\0\0\0x"
    source = make.save(tmp_path / "source", tagged(empty * 100_000))

    assert read(source) is None
    assert embed(source, tmp_path / "target", DATA)
    assert read(tmp_path / "target") == DATA


@given(st.binary(max_size=200), st.integers(0, 400))
def test_changed_bytes_never_break_reader_or_writer(junk: bytes, at: int) -> None:
    """Chosen: either the claim survives, or the file is treated as any other file."""
    for name in ("wav", "mp3"):
        file = bytearray(embedded(CARRIERS[name], DATA))
        start = at if name == "mp3" else max(len(file) - at, 0)
        file[start : start + len(junk)] = junk
        assert embedded(bytes(file), DATA)


def test_nothing_heavy_is_imported_for_a_copy() -> None:
    """Chosen: copies are written in every process that makes results."""
    code = (
        "import sys; from stability_mcp.imaging import provenance; "
        "print({'numpy', 'soundfile', 'PIL'} & sys.modules.keys())"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "set()"
