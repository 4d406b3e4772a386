"""MP3: tags, zeros and junk before the first frame are skipped, as players do."""

import itertools
import struct
from functools import cache
from pathlib import Path

import pytest

import support.imaging.odd_sounds as odd
import support.imaging.sample_files as make
from stability_mcp.errors import FileUnusableError
from stability_mcp.imaging.containers.mp3 import MAX_JUNK_BYTES, Frame, frame, scan
from stability_mcp.imaging.probe import probe

SECONDS = 2.0


@cache
def sound() -> bytes:
    """Return an MP3 that starts with its first frame."""
    return make.mp3(SECONDS)


JUNK = bytes((n * 71 + n // 13) % 250 for n in range(777))
COVER = b"\xff\xd8\xff\xe0" + bytes((n * 31) % 255 for n in range(90_000)) + b"\xff\xd9"

BEFORE = {
    "nothing": b"",
    "a tag": odd.id3(64),
    "a tag of ID3v2.3 with a cover": odd.id3(len(COVER))[:10] + COVER,
    "an empty tag": odd.id3(0),
    "an APE tag": odd.ape(),
    "zeros": bytes(1_000),
    "many zeros": bytes(80_000),
    "junk": JUNK,
    "a tag whose size is too large": odd.id3(64, off_by=2),
    "a tag whose size is much too large": odd.id3(64, off_by=100_000),
    "a tag whose size is too small": odd.id3(64, off_by=-40),
    "a tag whose size is invalid": odd.id3(64, sizes=b"\x00\x00\x00\xff"),
}
AFTER = {
    "nothing": b"",
    "an ID3v1 tag": b"TAG" + bytes(125),
    "an APE tag": odd.ape(),
    "zeros": bytes(2_000),
    "junk": JUNK,
}
CLEAN = {"nothing", "a tag", "a tag of ID3v2.3 with a cover", "an empty tag"}


@pytest.mark.parametrize("first", BEFORE)
@pytest.mark.parametrize("second", BEFORE)
def test_whatever_precedes_the_first_frame_is_removed(
    tmp_path: Path, first: str, second: str
) -> None:
    """Measured (getID3, lofty, mutagen, tinytag): what taggers and editors leave there."""
    start = BEFORE[first] + BEFORE[second]
    if first == "junk" and len(start) > MAX_JUNK_BYTES:
        with pytest.raises(FileUnusableError, match="isn't a supported"):
            probe(make.save(tmp_path / "sound", start + sound()))
        return
    facts, fixed, changes = odd.repaired(tmp_path / "sound", start + sound())

    assert facts.media_type == "audio/mpeg"
    assert facts.seconds == pytest.approx(SECONDS, abs=0.001)
    if "nothing" in {first, second} and {first, second} <= CLEAN:
        assert (fixed, changes) == (start + sound(), [])
    else:
        assert fixed == sound()
        assert changes == [
            f"{len(start):,} bytes of tags, zeros or junk before its first frame removed"
        ]


@pytest.mark.parametrize("after", AFTER)
@pytest.mark.parametrize("before", ["nothing", "a tag", "junk"])
def test_whatever_follows_the_last_frame_does_not_count_as_sound(
    tmp_path: Path, before: str, after: str
) -> None:
    """Chosen: tags at the end stay, unless the file is rewritten anyway."""
    facts, fixed, _ = odd.repaired(tmp_path / "s", BEFORE[before] + sound() + AFTER[after])

    assert facts.seconds == pytest.approx(SECONDS, abs=0.001)
    assert odd.decoded(fixed) == odd.decoded(sound())


@pytest.mark.parametrize("rate", [16_000, 22_050, 24_000, 32_000, 44_100, 48_000])
def test_every_rate_is_measured_exactly(tmp_path: Path, rate: int) -> None:
    """Documented (ISO 11172-3, 13818-3): MPEG 1 and 2 differ in frame size and samples."""
    facts = probe(make.save(tmp_path / "sound", JUNK + make.mp3(1.5, rate=rate)))

    assert facts.seconds == pytest.approx(1.5, abs=0.001)
    assert facts.rate == rate


def test_a_cut_first_frame_is_removed(tmp_path: Path) -> None:
    """Measured: editors that cut at any byte leave the rest of a frame."""
    first = frame(sound()[:4])
    assert first is not None
    second = frame(sound()[first.size :][:4])
    assert second is not None
    for cut in (1, 5, second.size // 2, second.size - 1):
        data = sound()[first.size + cut :]
        _, fixed, changes = odd.repaired(tmp_path / "sound", data)
        assert fixed == sound()[first.size + second.size :]
        assert len(changes) == 1


def test_junk_between_frames_is_removed(tmp_path: Path) -> None:
    """Measured: recordings of web radio contain its metadata."""
    first = scan(sound())
    assert first is not None
    middle, at = len(sound()) // 2, 0
    while at < middle and (found := frame(sound()[at : at + 4])):
        at += found.size
    facts, fixed, changes = odd.repaired(tmp_path / "s", sound()[:at] + JUNK + sound()[at:])

    assert fixed == sound()
    assert facts.seconds == pytest.approx(SECONDS, abs=0.001)
    assert changes == [f"{len(JUNK):,} bytes of junk between its frames removed"]


@pytest.mark.parametrize("share", [0.1, 0.5, 0.8])
def test_a_sound_that_lost_data_is_rejected_with_the_amount(tmp_path: Path, share: float) -> None:
    """Chosen: the first frame declares how many follow and so what is missing."""
    whole = make.mp3(10)
    with pytest.raises(FileUnusableError, match=r"cut short: (\d\.\d) of 10\.0 s are missing") as e:
        probe(make.save(tmp_path / "sound", make.cut(whole, share)))
    lost = float(e.value.message.partition("short: ")[2].partition(" ")[0])
    assert lost == pytest.approx(10 * (1 - share), abs=0.4)
    assert "image editor" not in e.value.hint


def test_the_header_of_fraunhofer_is_read(tmp_path: Path) -> None:
    """Documented (codeproject.com/8295): VBRI has the bytes at 10 and the frames at 14."""
    whole = make.mp3(10)
    first = frame(whole[:4])
    assert first is not None
    count = round(10 * first.rate / first.samples)
    counts = struct.pack(">II", len(whole), count)
    header = (whole[:36] + b"VBRI" + bytes(6) + counts).ljust(first.size, b"\x00")
    data = header + whole[first.size :]

    assert probe(make.save(tmp_path / "whole", data)).seconds == pytest.approx(10, abs=0.1)
    with pytest.raises(FileUnusableError, match="s are missing"):
        probe(make.save(tmp_path / "cut", make.cut(data)))


def test_a_few_missing_frames_at_the_end_are_accepted(tmp_path: Path) -> None:
    """Chosen: players play such a file to its end."""
    assert probe(make.save(tmp_path / "sound", sound()[:-1_000])).seconds == pytest.approx(
        SECONDS, abs=0.3
    )


@pytest.mark.parametrize("after", [b"", bytes(64), b"words", b"\xff\xfb\x90\x00", JUNK])
def test_a_tag_without_sound_is_damaged(tmp_path: Path, after: bytes) -> None:
    """Chosen: the hint names a program that can save a sound."""
    with pytest.raises(FileUnusableError, match="contains no sound") as caught:
        probe(make.save(tmp_path / "sound", odd.id3(64) + after))
    assert "audio editor" in caught.value.hint


def test_the_header_of_a_frame_is_read_for_every_version_and_bit_rate() -> None:
    """Documented (ISO 11172-3, 2.4.2.3): the tables, against the size by their formula."""
    count = 0
    for version, bits, rate, padding in itertools.product((0, 2, 3), range(16), range(4), (0, 1)):
        header = struct.pack(
            ">I", 0xFFE20000 | version << 19 | bits << 12 | rate << 10 | padding << 9
        )
        found = frame(header)
        assert (found is None) == (bits in {0, 15} or rate == 3)
        if found:
            count += 1
            assert isinstance(found, Frame)
            assert found.samples == (1_152 if version == 3 else 576)
            assert 24 <= found.size <= 1_441
    assert count == 3 * 14 * 3 * 2


@pytest.mark.parametrize(
    "data",
    [
        b"\xff\xfb\x90\x00\x01" * 400_000,
        odd.id3(64) + b"\xff\xfb\x90\x00\x01" * 400_000,
        b"ID3\x04\x00\x00" + bytes(400_000),
        odd.id3(0) * 100_000,
        (b"\xff\xfb\x90\x00" + bytes(413)) * 3 + b"\xff\xfb\x90\x00\x01" * 400_000,
    ],
)
def test_a_file_made_to_waste_time_is_rejected(tmp_path: Path, data: bytes) -> None:
    """Chosen: the number of positions that are tried is limited."""
    with pytest.raises(FileUnusableError):
        probe(make.save(tmp_path / "sound", data))
