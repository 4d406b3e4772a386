"""Mutated sounds: importing one never crashes, hangs or silently changes its length.

`SOAK_MUTATIONS` sets the number of files; `make soak` tries 10,000.
"""

import os
import random
import resource
import sys
import time
from pathlib import Path

import pytest

import support.imaging.odd_sounds as odd
import support.imaging.sample_files as make
from stability_mcp.errors import FileUnusableError
from stability_mcp.imaging.probe import probe
from stability_mcp.media.import_copy import ImportedFile, copy_into_spool

COUNT = int(os.environ.get("SOAK_MUTATIONS", "100"))
MAX_SECONDS = 10
"""Chosen: no file takes longer, even on a slow machine; one second is usual for all of them."""
MAX_GROWTH = 300_000_000
"""Bytes by which the memory of this process may grow."""

SAMPLES = {
    "wav": make.wav(0.5),
    "wav with chunks": odd.wav(
        [(b"JUNK", bytes(28)), odd.extensible(), (b"data", odd.tone(width=3)), (b"LIST", b"INFO")]
    ),
    "wav unfinished": odd.wav([odd.form(), (b"data", odd.tone())], riff=0, data=0),
    "rf64": odd.rf64(odd.tone()),
    "mp3": make.mp3(1.0),
    "mp3 with tags": odd.id3(64) + odd.ape() + make.mp3(1.0, rate=22_050) + b"TAG" + bytes(125),
    "flac": make.sound(0.5, "FLAC"),
    "ogg": make.sound(0.5, "OGG"),
}


def mutated(seed: int) -> bytes:
    """Return a sound with flipped, cut, inserted or spliced bytes; the seed decides."""
    chance = random.Random(seed)  # noqa: S311 -- reproducible, not secret
    data = bytearray(SAMPLES[chance.choice(sorted(SAMPLES))])
    for _ in range(chance.randint(1, 4)):
        # Headers are at the start, so most changes go there.
        at = chance.randrange(min(len(data), 80) if chance.random() < 0.7 else len(data))
        match chance.choice(["flip", "cut", "insert", "splice", "lie"]):
            case "flip":
                data[at] ^= 1 << chance.randrange(8)
            case "cut":
                del data[at : at + chance.choice([1, 2, 100, len(data)])]
            case "insert":
                data[at:at] = chance.randbytes(chance.choice([1, 4, 1_000]))
            case "splice":
                other = SAMPLES[chance.choice(sorted(SAMPLES))]
                data[at:] = other[chance.randrange(len(other)) :]
            case "lie":
                data[at : at + 4] = chance.choice([bytes(4), b"\xff" * 4, b"\xff\xff\xff\x7f"])
        data = data or bytearray(1)
    return bytes(data)


def attempt(home: Path, source: Path) -> tuple[ImportedFile | None, FileUnusableError | None]:
    """Import a file and return the result or the error."""
    try:
        with source.open("rb") as file:
            return copy_into_spool(home, file), None
    except FileUnusableError as error:
        return None, error


def peak() -> int:
    """Return the largest memory of this process so far, in bytes."""
    unit = 1 if sys.platform == "darwin" else 1_024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit


@pytest.mark.parametrize("part", range(4))
def test_a_mutated_sound_is_rejected_or_imported_whole(tmp_path: Path, part: int) -> None:
    """Chosen: whatever is accepted is stored without defects, with the reported length."""
    (tmp_path / "spool").mkdir()
    before, imported = peak(), 0
    for seed in range(part, COUNT, 4):
        source = make.save(tmp_path / "file", mutated(seed))
        started = time.monotonic()
        result, error = attempt(tmp_path, source)
        if error is not None:
            assert (error.message[-1], bool(error.hint)) == (".", True), seed
            assert "image editor" not in error.hint, seed
            assert list((tmp_path / "spool").iterdir()) == [], seed
        if result is not None:
            imported += 1
            facts = probe(result.temporary)
            assert (facts.repairs, facts.tail) == ((), 0), seed
            assert facts.seconds == result.info.seconds == probe(source).seconds, seed
            is_wav = facts.media_type == "audio/wav"
            changed = result.temporary.read_bytes() != source.read_bytes()
            assert bool(result.repairs) == changed, seed
            assert not is_wav or facts.bytes <= source.stat().st_size + 1_000, seed
            result.temporary.unlink()
        assert time.monotonic() - started < MAX_SECONDS, seed
    assert imported > COUNT // 40
    assert peak() - before < MAX_GROWTH


def test_the_mutations_are_reproducible_and_different() -> None:
    """Chosen: a failure names its seed, so the seed must determine the file."""
    assert [mutated(seed) for seed in range(20)] == [mutated(seed) for seed in range(20)]
    assert len({mutated(seed) for seed in range(50)}) > 40
