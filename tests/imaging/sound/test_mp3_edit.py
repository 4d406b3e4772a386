"""MP3s cut and joined at frames, decoded by two other programs and compared with the source."""

import struct
from array import array
from collections.abc import Callable
from pathlib import Path

import pytest

import support.imaging.odd_sounds as odd
from stability_mcp.imaging.containers.mp3 import HEADER_BYTES, declared_by, frame
from stability_mcp.imaging.probe import probe
from stability_mcp.imaging.sound.frame_data import area_start, borrowed_bytes
from stability_mcp.imaging.sound.frame_writer import FrameWriter
from stability_mcp.imaging.sound.mp3_edit import Mp3Sound, read_mp3, write_mp3
from stability_mcp.imaging.sound.sound_parts import Part, joined, repeated
from support.imaging.music import (
    by_dr_mp3,
    by_libsndfile,
    encoded,
    largest_difference,
    largest_step,
    shift_of,
)

FORMS = {
    "CBR 128, joint stereo": {"level": 0.66},
    "CBR 320": {"level": 0.0},
    "CBR 48": {"level": 0.95},
    "VBR": {"mode": "VARIABLE", "level": 0.2},
    "ABR": {"mode": "AVERAGE", "level": 0.6},
    "mono": {"channels": 1, "level": 0.8},
    "48 kHz": {"rate": 48_000, "level": 0.4},
    "MPEG 2": {"rate": 22_050, "level": 0.6},
    "MPEG 2, mono VBR": {"rate": 24_000, "channels": 1, "mode": "VARIABLE", "level": 0.5},
    "MPEG 2.5": {"rate": 11_025, "channels": 1, "level": 0.5},
}
each_form = pytest.mark.parametrize("form", FORMS)
each_decoder = pytest.mark.parametrize("decode", [by_libsndfile, by_dr_mp3])
Decoder = Callable[[Path], "array[float]"]
SECONDS = 1.8
SAME = 0.0001
"""Largest difference of samples that were decoded from the same data: rounding."""


def source(path: Path, form: str, seed: int = 1) -> tuple[Path, Mp3Sound]:
    """Write a sound of a form, and return it."""
    path.write_bytes(encoded(SECONDS, seed=seed, **FORMS[form]))  # type: ignore[arg-type]
    return path, read_mp3(path)


@each_form
@each_decoder
def test_a_cut_has_exactly_the_samples_of_its_source(
    form: str, decode: Decoder, tmp_path: Path
) -> None:
    """Chosen: from the first sample on, although frames borrow data from those before the cut."""
    path, mp3 = source(tmp_path / "in.mp3", form)
    whole = decode(path)
    for times in ((0, 0.6), (0.9, 1.3), (1.234, SECONDS), (0.013, 0.1)):
        seconds = write_mp3([mp3], joined([Part(0, *times)]), tmp_path / "out.mp3")
        part = decode(tmp_path / "out.mp3")
        start, end = (round(each * mp3.rate) * mp3.channels for each in times)
        assert len(part) == pytest.approx(end - start, abs=mp3.channels)
        assert largest_difference(part, whole[start:end]) < SAME
        assert seconds == pytest.approx(times[1] - times[0], abs=1 / mp3.rate)
        assert probe(tmp_path / "out.mp3").seconds == pytest.approx(seconds, abs=0.001)


@each_decoder
def test_sources_do_borrow_data(decode: Decoder, tmp_path: Path) -> None:
    """The tests above would pass without it. A cut that keeps frames only isn't decoded right."""
    path, mp3 = source(tmp_path / "in.mp3", "VBR")
    assert (
        max(borrowed_bytes(mp3.frames.body(index)) for index in range(len(mp3.frames.starts))) > 300
    )
    first = 20
    naive = tmp_path / "naive.mp3"
    naive.write_bytes(b"".join(mp3.frames.body(index) for index in range(first, 65)))

    whole, part = decode(path), decode(naive)
    start = (first * mp3.samples_per_frame - mp3.first_sample) * mp3.channels
    assert largest_difference(part[:4_000], whole[start : start + 4_000]) > 0.01


@pytest.mark.parametrize(
    ("form", "decode"),
    [*((form, by_dr_mp3) for form in FORMS), ("VBR", by_libsndfile), ("MPEG 2", by_libsndfile)],
)
def test_joins_are_exact_after_a_frame_and_do_not_click(
    form: str, decode: Decoder, tmp_path: Path
) -> None:
    """Chosen: each part is where it belongs within a frame, and its samples are its source's."""
    one, two = source(tmp_path / "1.mp3", form), source(tmp_path / "2.mp3", form, seed=2)
    mp3 = one[1]
    parts = [Part(0, 0.3, 1.1), Part(1, 0.7, 1.5), Part(0, 0.2, 0.9), Part(1, 0, SECONDS)]
    seconds = write_mp3([mp3, two[1]], joined(parts), tmp_path / "out.mp3")

    sources, made = [decode(one[0]), decode(two[0])], decode(tmp_path / "out.mp3")
    size, channels = mp3.samples_per_frame, mp3.channels
    wanted = sum(part.seconds for part in parts)
    # Frames of the highest rates have no room for more, so a part may start three frames later.
    late = 4 if form in {"CBR 320", "VBR"} else 1
    assert seconds == pytest.approx(wanted, abs=late * size / mp3.rate)
    assert len(made) == round(seconds * mp3.rate) * channels
    limit = 1.2 * max(largest_step(each[:88_200], channels) for each in sources)
    begin = 0.0
    for part in parts:
        start = round((part.start + part.seconds * 0.4) * mp3.rate)
        place = round((begin + part.seconds * 0.4) * mp3.rate)
        sample = sources[part.source or 0][start * channels : (start + 2_000) * channels]
        shift = shift_of(sample, made, place, reach=5 * size, channels=channels)
        found = made[(place + shift) * channels : (place + shift + 2_000) * channels]
        assert largest_difference(found, sample) < SAME
        assert abs(shift) <= late * size
        begin += part.seconds
        border = round(begin * mp3.rate)
        around = made[(border - 3 * size) * channels : (border + 3 * size) * channels]
        assert largest_step(around, channels) < limit


@each_decoder
def test_repeats_keep_the_beat(decode: Decoder, tmp_path: Path) -> None:
    """Chosen: rounding to frames doesn't add up, and the last repeat ends at the exact sample."""
    path, mp3 = source(tmp_path / "in.mp3", "CBR 128, joint stereo")
    once = joined([Part(0, 0, 0.5)])
    seconds = write_mp3([mp3], repeated(once, 12), tmp_path / "out.mp3")

    made = decode(tmp_path / "out.mp3")
    assert len(made) == 6 * mp3.rate * 2
    assert seconds == 6
    sample = decode(path)[11_025 * 2 : 11_425 * 2]
    for number in range(12):
        place = 11_025 + number * 22_050
        place += shift_of(sample, made, place, reach=1_152, channels=2)
        assert largest_difference(made[place * 2 : place * 2 + 800], sample) < SAME, number


@each_decoder
def test_silence_between_parts_is_silent_and_loses_nothing(decode: Decoder, tmp_path: Path) -> None:
    """Chosen: frames without data; the part after them still finds what it borrows."""
    path, mp3 = source(tmp_path / "in.mp3", "VBR")
    write_mp3([mp3], joined([Part(0, 0, 0.5), Part(0, 0.5, 1.5)], gap=0.5), tmp_path / "out.mp3")

    made, whole = decode(tmp_path / "out.mp3"), decode(path)
    assert len(made) == 2 * mp3.rate * 2
    assert max(map(abs, made[26_460 * 2 : 39_690 * 2])) == 0
    sample = whole[44_100 * 2 : 46_100 * 2]
    place = 66_150 + shift_of(sample, made, 66_150, reach=1_152, channels=2)
    assert largest_difference(made[place * 2 : place * 2 + 4_000], sample) < SAME


@pytest.mark.parametrize(
    ("before", "after"), [(odd.id3(500), b"TAG" + bytes(125)), (b"", odd.ape()), (b"", b"")]
)
@each_decoder
def test_tags_and_header_frames_do_not_get_into_the_middle(
    decode: Decoder, before: bytes, after: bytes, tmp_path: Path
) -> None:
    """Chosen: only frames of sound are kept, below one new header frame."""
    path = tmp_path / "in.mp3"
    path.write_bytes(before + encoded(SECONDS) + after)
    mp3 = read_mp3(path)
    write_mp3([mp3], joined([Part(0, 0, 1), Part(0, 0.5, 1.5)]), tmp_path / "out.mp3")

    data = (tmp_path / "out.mp3").read_bytes()
    assert not any(mark in data for mark in (b"ID3", b"TAG", b"APETAGEX"))
    assert data.count(b"Info") + data.count(b"Xing") == 1
    assert len(decode(tmp_path / "out.mp3")) == 2 * mp3.rate * 2
    read = read_mp3(tmp_path / "out.mp3")
    assert read.samples == 2 * mp3.rate


def test_an_mp3_without_a_header_frame_is_cut_from_its_first_sample(tmp_path: Path) -> None:
    """Chosen: then nothing says that its first samples aren't heard, so they are kept."""
    whole = encoded(SECONDS)
    first = frame(whole[:HEADER_BYTES])
    assert first is not None
    path = tmp_path / "in.mp3"
    path.write_bytes(whole[first.size :])
    mp3 = read_mp3(path)
    assert (mp3.declared, mp3.first_sample) == (None, 0)
    write_mp3([mp3], joined([Part(0, 0, 1)]), tmp_path / "start.mp3")
    write_mp3([mp3], joined([Part(0, 0.5, 1.5)]), tmp_path / "middle.mp3")

    samples = by_dr_mp3(path)
    start, middle = by_dr_mp3(tmp_path / "start.mp3"), by_dr_mp3(tmp_path / "middle.mp3")
    assert len(start) == 44_100 * 2
    assert largest_difference(start, samples) < SAME
    assert len(middle) == 44_100 * 2
    assert largest_difference(middle, samples[22_050 * 2 :]) < SAME


def test_frames_whose_data_is_lost_are_silent(tmp_path: Path) -> None:
    """Chosen: another program cut this MP3, so its first frames borrow from bytes that are gone."""
    _, mp3 = source(tmp_path / "in.mp3", "CBR 128, joint stereo")
    first = max(range(5, 30), key=lambda n: borrowed_bytes(mp3.frames.body(n)))
    assert borrowed_bytes(mp3.frames.body(first)) > 100
    path = tmp_path / "cut.mp3"
    path.write_bytes(b"".join(mp3.frames.body(index) for index in range(first, 65)))
    broken = read_mp3(path)
    write_mp3([mp3, broken], joined([Part(0, 0, 0.5), Part(1, 0, 1)]), tmp_path / "out.mp3")

    made, own = by_libsndfile(tmp_path / "out.mp3"), by_libsndfile(path)
    assert largest_step(made, 2) < 1.2 * largest_step(by_libsndfile(tmp_path / "in.mp3"), 2)
    sample = own[44_100 : 44_100 + 2_000]
    place = 44_100 + shift_of(sample, made, 44_100, reach=4 * 1_152, channels=2)
    assert largest_difference(made[place * 2 : place * 2 + 2_000], sample) < SAME


@each_form
def test_the_header_frame_declares_what_follows(form: str, tmp_path: Path) -> None:
    """Documented (Xing, LAME): frames, bytes, a table of positions, delays and a checksum."""
    _, mp3 = source(tmp_path / "in.mp3", form)
    write_mp3([mp3], joined([Part(0, 0.25, 1.75)]), tmp_path / "out.mp3")
    data = (tmp_path / "out.mp3").read_bytes()
    read = read_mp3(tmp_path / "out.mp3")

    first = frame(data[:HEADER_BYTES])
    assert first is not None
    declared = declared_by(data[: first.size])
    assert declared is not None
    assert (declared.frames, declared.size) == (len(read.frames.starts), len(data))
    assert declared.encoder.startswith(b"LAME")
    size = mp3.samples_per_frame
    assert declared.frames * size - declared.delay - declared.padding == round(1.5 * mp3.rate)
    at = data.find(declared.encoder)
    table = data[at - 104 : at - 4]
    assert list(table) == sorted(table)
    middle = len(read.frames.starts) // 2
    assert table[50] == pytest.approx(read.frames.starts[middle] * 256 / len(data), abs=2)
    (checksum,) = struct.unpack(">H", declared.encoder[34:36])
    assert checksum == _crc(data[: at + 34])


def _crc(data: bytes) -> int:
    """Return LAME's CRC-16 bit by bit from the left, the other way round than the program."""
    value = 0
    for byte in data:
        for bit in range(8):
            carry = value & 1 ^ byte >> bit & 1
            value = value >> 1 ^ (0xA001 if carry else 0)
    return value


def test_every_frame_finds_what_it_borrows(tmp_path: Path) -> None:
    """Chosen: read as a decoder does, by its data areas only."""
    _, one = source(tmp_path / "1.mp3", "CBR 320")
    _, two = source(tmp_path / "2.mp3", "CBR 48", seed=2)
    parts = [Part(0, 0.2, 0.7), Part(1, 0.9, 1.5), Part(0, 1.1, 1.3), Part(1, 0.1, 0.3)]
    write_mp3([one, two], joined(parts), tmp_path / "out.mp3")

    made = read_mp3(tmp_path / "out.mp3")
    areas = 0
    for index in range(len(made.frames.starts)):
        body = made.frames.body(index)
        assert borrowed_bytes(body) <= areas
        areas += len(body) - area_start(body)


def test_frames_that_borrow_more_than_there_is_are_joined() -> None:
    """Chosen: a damaged MP3 is as silent after an edit as before it."""
    header = b"\xff\xfb\x10\x40"
    empty, borrowing = ((header + side).ljust(104, b"\0") for side in (b"\0\0", b"\xff\x80"))
    writer = FrameWriter()
    writer.add([empty, borrowing], b"")
    writer.add([borrowing], b"x" * 511)
    assert [frame(body[:HEADER_BYTES]).size for body in writer.frames] == [104] * 3  # type: ignore[union-attr]
    assert b"".join(body[area_start(body) :] for body in writer.frames[:2]) == b"x" * 136
