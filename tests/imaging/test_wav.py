"""WAV: what every player plays is repaired, what has lost sound is rejected with the amount."""

import itertools
import struct
from pathlib import Path

import pytest

import support.imaging.odd_sounds as odd
from stability_mcp.errors import FileUnusableError
from stability_mcp.imaging.containers.wav import PLACEHOLDER

SAMPLES = odd.tone()
ODD_SAMPLES = odd.tone(width=1)[:-1]

BEFORE = {
    "nothing": [],
    "filler of a page": [(b"FLLR", bytes(4_000))],
    "broadcast data": [(b"bext", bytes(602)), (b"JUNK", bytes(28))],
    "list of odd length": [(b"LIST", b"INFOISFT\x05\x00\x00\x00Lavf\x00")],
    "fact": [(b"fact", struct.pack("<I", 8_000))],
}
UNKNOWN = (0, PLACEHOLDER, 0x7FFFF000, 0x7FFFFFFF, 0x80000000, 0xFFFFFFF0, 0xFFFFFFFF)
"""Lengths of the sound that were never filled in."""
RIFF = (0, 4, 36, 0x23, 4_088, 0x7FFFF024, 0x7FFFFFFF, 0xFFFFFFFF, -8, 8, 44, None)
"""Lengths of the file: placeholders, and right ones; some are off by a few bytes."""


def riff_length(size: int, riff: int | None) -> int:
    """Return a length of the file from `RIFF`."""
    return riff % 2**32 if riff not in {-8, 8, 44} and riff is not None else size - 8 + (riff or 0)


@pytest.mark.parametrize("before", BEFORE)
@pytest.mark.parametrize("padded", [True, False])
def test_an_unfinished_header_is_completed(tmp_path: Path, before: str, *, padded: bool) -> None:
    """Measured (AVAudioFile, Oboe, sBitx, sox, arecord, ffmpeg): lengths that recorders leave."""
    chunks = [*BEFORE[before], odd.form(), (b"data", SAMPLES)]
    size = len(odd.wav(chunks, padded=padded))
    for riff, data in itertools.product(RIFF, UNKNOWN):
        file = odd.wav(chunks, riff=riff_length(size, riff), data=data, padded=padded)
        facts, fixed, changes = odd.repaired(tmp_path / "sound", file)

        assert facts.seconds == 1.0, (riff, data)
        assert changes == ["its unfinished header completed: 1.0 s of sound"]
        assert fixed == odd.wav(chunks)
        assert odd.repaired(tmp_path / "again", fixed)[2] == []


@pytest.mark.parametrize("before", BEFORE)
@pytest.mark.parametrize("riff", RIFF)
@pytest.mark.parametrize("after", [[], [(b"LIST", b"INFO")], [(b"id3 ", b"ID3" + bytes(40))]])
def test_a_wrong_length_of_the_file_is_corrected(
    tmp_path: Path, before: str, riff: int | None, after: list[odd.Chunk]
) -> None:
    """Chosen: the length of the sound decides; players don't read the length of the file."""
    chunks = [*BEFORE[before], odd.form(), (b"data", SAMPLES), *after]
    right = odd.wav(chunks)
    file = odd.wav(chunks, riff=riff_length(len(right), riff))
    _, fixed, changes = odd.repaired(tmp_path / "sound", file)

    assert fixed == right
    assert changes == ([] if file == right else ["its header corrected: 1.0 s of sound"])


@pytest.mark.parametrize("off_by", [1, 2, 8, 36, 44, 68, 128])
@pytest.mark.parametrize("riff", [0, None, 0xFFFFFFFF])
def test_a_sound_that_is_a_little_too_long_in_its_header_is_accepted(
    tmp_path: Path, off_by: int, riff: int | None
) -> None:
    """Measured (node-wav, NAudio): writers count the header with the sound."""
    chunks = [odd.form(), (b"data", SAMPLES)]
    file = odd.wav(chunks, riff=riff, data=len(SAMPLES) + off_by)
    facts, fixed, _ = odd.repaired(tmp_path / "sound", file)

    assert fixed == odd.wav(chunks)
    assert facts.seconds == 1.0


@pytest.mark.parametrize("share", [0.05, 0.3, 0.6, 0.9, 0.97])
@pytest.mark.parametrize("before", BEFORE)
def test_a_sound_that_lost_data_is_rejected_with_the_amount(
    tmp_path: Path, share: float, before: str
) -> None:
    """Chosen: half a sound would be charged like a complete one."""
    file = odd.wav([*BEFORE[before], odd.form(), (b"data", SAMPLES)])
    kept = round(len(SAMPLES) * share)
    with pytest.raises(FileUnusableError) as caught:
        odd.repaired(tmp_path / "sound", file[: len(file) - len(SAMPLES) + kept])

    lost = f"{len(SAMPLES) - kept:,} of {len(SAMPLES):,} bytes of sound are missing"
    assert f"{lost} ({1 - share:.1f} of 1.0 s)" in caught.value.message
    assert "image editor" not in caught.value.hint


def test_a_length_in_samples_instead_of_bytes_is_corrected(tmp_path: Path) -> None:
    """Chosen: the rest isn't a chunk, and the length of the file includes it."""
    chunks = [odd.form(), (b"data", SAMPLES)]
    _, fixed, changes = odd.repaired(tmp_path / "s", odd.wav(chunks, data=len(SAMPLES) // 2))

    assert fixed == odd.wav(chunks)
    assert changes == ["its header corrected: 1.0 s of sound"]


def test_zeros_and_other_bytes_after_the_sound_are_removed(tmp_path: Path) -> None:
    """Chosen: players stop at the length of the sound; tinytag's samples have such zeros."""
    chunks = [odd.form(), (b"data", SAMPLES)]
    right = odd.wav(chunks)
    for tail in (bytes(5_000), b"\x00PK\x03\x04"):
        for riff in (len(right) - 8, len(right) + len(tail) - 8):
            _, fixed, changes = odd.repaired(tmp_path / "s", odd.wav(chunks, riff=riff) + tail)
            assert fixed == right
            assert changes[-1] == f"{len(tail):,} trailing bytes removed"


@pytest.mark.parametrize(
    ("chunk", "width"),
    [
        (odd.form(bits=8), 1),
        (odd.form(), 2),
        (odd.form(bits=24), 3),
        (odd.form(bits=32), 4),
        (odd.form(3, 32), 4),
        (odd.form(3, 64), 8),
        (odd.form(6, 8), 1),
        (odd.form(7, 8), 1),
        (odd.extensible(24), 3),
        (odd.extensible(32, tag=3), 4),
        (odd.form(channels=2), 4),
        (odd.form(bits=24, block=4, per_second=32_000), 4),
    ],
)
@pytest.mark.parametrize("data", [None, 0, 0xFFFFFFFF])
def test_every_encoding_keeps_its_samples(
    tmp_path: Path, chunk: odd.Chunk, width: int, data: int | None
) -> None:
    """Chosen: PCM, float, A-law and µ-law, plain or extensible, finished or not."""
    chunks = [chunk, (b"data", odd.tone(width=width))]
    facts, fixed, changes = odd.repaired(tmp_path / "sound", odd.wav(chunks, data=data))

    assert facts.seconds == 1.0
    assert fixed == odd.wav(chunks)
    assert len(changes) == (0 if data is None else 1)


@pytest.mark.parametrize(
    "wrong",
    [
        odd.form(per_second=0),
        odd.form(per_second=7),
        odd.form(block=0),
        odd.form(block=1),
        odd.form(block=7),
    ],
)
def test_a_wrong_derived_field_is_corrected(tmp_path: Path, wrong: odd.Chunk) -> None:
    """Chosen: the byte rate and the block size follow from the other fields."""
    file = odd.wav([wrong, (b"data", SAMPLES)])
    facts, fixed, changes = odd.repaired(tmp_path / "sound", file)

    assert fixed == odd.wav([odd.form(), (b"data", SAMPLES)])
    assert facts.seconds == 1.0
    assert changes == ["its header corrected: 1.0 s of sound"]


@pytest.mark.parametrize("kind", [b"RF64", b"BW64"])
@pytest.mark.parametrize("known", [True, False])
def test_rf64_becomes_a_plain_wav(tmp_path: Path, kind: bytes, *, known: bool) -> None:
    """Documented (EBU Tech 3306): RF64 moves the lengths into its first chunk."""
    facts, fixed, changes = odd.repaired(
        tmp_path / "sound", odd.rf64(SAMPLES, kind=kind, known=known)
    )

    assert facts.media_type == "audio/wav"
    assert fixed == odd.wav([odd.form(), (b"data", SAMPLES)])
    assert changes == [f"converted from {kind.decode()} to WAV"]


def test_a_tag_before_the_header_is_removed(tmp_path: Path) -> None:
    """Measured: some taggers put an ID3v2 tag before any file."""
    right = odd.wav([odd.form(), (b"data", SAMPLES)])
    for tag in (odd.id3(64), odd.id3(9_000), odd.id3(20) + odd.id3(30)):
        facts, fixed, changes = odd.repaired(tmp_path / "sound", tag + right)
        assert facts.media_type == "audio/wav"
        assert fixed == right
        assert changes == [f"{len(tag):,} bytes of tags before its header removed"]


def test_an_odd_last_chunk_without_padding_is_accepted(tmp_path: Path) -> None:
    """Measured: the padding of an odd last chunk is often missing, or not counted."""
    chunks = [odd.form(bits=8), (b"data", ODD_SAMPLES)]
    for padded, shorter in itertools.product([True, False], [0, 1]):
        size = len(odd.wav(chunks, padded=padded))
        file = odd.wav(chunks, padded=padded, riff=size - 8 - shorter)
        assert odd.repaired(tmp_path / "sound", file)[2] == []


@pytest.mark.parametrize(
    ("chunks", "problem"),
    [
        ([odd.form()], "its fmt or data chunk is missing"),
        ([(b"data", SAMPLES)], "its fmt or data chunk is missing"),
        ([odd.form(), (b"data", b"")], "it contains no sound"),
        ([odd.form(), (b"data", b""), (b"LIST", b"INFO")], "it contains no sound"),
        ([(b"fmt ", bytes(16)), (b"data", SAMPLES)], "zero channels"),
        ([(b"fmt ", bytes(8)), (b"data", SAMPLES)], "its fmt chunk is incomplete"),
        ([odd.form(bits=0), (b"data", SAMPLES)], "no valid sample size"),
        ([odd.form(channels=9_999, bits=64, block=0), (b"data", SAMPLES)], "no valid sample size"),
        ([odd.form(2, 4, per_second=0), (b"data", SAMPLES)], "zero channels"),
        ([(b"JUNK", b"")] * 100_002, "more than 100,000 parts"),
    ],
)
def test_a_wav_without_sound_is_damaged(
    tmp_path: Path, chunks: list[odd.Chunk], problem: str
) -> None:
    """Chosen: the hint names a program that can save a sound."""
    with pytest.raises(FileUnusableError, match=problem) as caught:
        odd.repaired(tmp_path / "sound", odd.wav(chunks))
    assert "audio editor" in caught.value.hint
