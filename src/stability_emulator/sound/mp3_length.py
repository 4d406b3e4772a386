"""The frames of an MP3 file: their sizes, and each as a thing of its own that can stand anywhere.

The data of a frame begins in the frames before it (the bit reservoir). Taken out, a frame is its
header, its side information and its own data; `mp3.packed` puts such frames into a stream again.
"""

import io
import itertools
from collections.abc import Iterator
from typing import IO, NamedTuple

SIDE_BYTES, MONO_SIDE_BYTES = 32, 17
HEADER_BYTES, CHECKSUM_BYTES = 4, 2
GRANULE_BITS, HALF_RATE_GRANULE_BITS = 59, 63
GAIN_BITS = 8
GAIN_PLACE = 21
"""Bits of a granule's side information before its loudness."""

_KILOBITS = {
    1: (0, 32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320),
    2: (0, 8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160),
}
_RATES = {3: (44_100, 48_000, 32_000), 2: (22_050, 24_000, 16_000), 0: (11_025, 12_000, 8_000)}
MAX_GARBAGE = 65_536
"""Bytes in front of the first frame that are looked through."""
MPEG_1, MONO = 3, 3


class Frame(NamedTuple):
    """A stereo frame of 44.1 kHz with all of its data."""

    header: bytes
    side: int
    """256 bits of side information; what it says about the reservoir does not count."""
    data: bytes

    def softer(self, steps: int) -> "Frame":
        """Return the frame with its loudness so many steps of 1.5 dB lower."""
        side = self.side
        for part in range(4):
            place = 256 - 20 - part * GRANULE_BITS - GAIN_PLACE - GAIN_BITS
            gain = side >> place & 0xFF
            side += (max(0, gain - steps) - gain) << place
        return self._replace(side=side)


def frame_of(header: bytes) -> tuple[int, int, int] | None:
    """Return bytes, samples and sampling rate of a frame of layer III; None if it is none."""
    if len(header) < HEADER_BYTES or header[0] != 0xFF or header[1] & 0xE6 != 0xE2:
        return None
    version, bitrate, rate = header[1] >> 3 & 3, header[2] >> 4, header[2] >> 2 & 3
    if version not in _RATES or bitrate in {0, 15} or rate == 3:
        return None
    first = version == MPEG_1  # its frames are twice as long
    kilobits, hertz = _KILOBITS[1 if first else 2][bitrate], _RATES[version][rate]
    samples = 1_152 if first else 576
    return samples // 8 * kilobits * 1000 // hertz + (header[2] >> 1 & 1), samples, hertz


def first_frame(file: IO[bytes]) -> int | None:
    """Return where the first frame begins, behind a tag and some garbage."""
    file.seek(0)
    head = file.read(10)
    start = 0
    if head[:3] == b"ID3" and len(head) == 10:
        start = 10 + sum(
            (byte & 0x7F) << shift for byte, shift in zip(head[6:], (21, 14, 7, 0), strict=True)
        )
    file.seek(start)
    window = file.read(MAX_GARBAGE)
    for place in range(len(window) - HEADER_BYTES + 1):
        if window[place] == 0xFF and (frame := frame_of(window[place : place + HEADER_BYTES])):
            following = window[place + frame[0] : place + frame[0] + HEADER_BYTES]
            if frame_of(following):
                return start + place
    return None


def delays_in(body: bytes) -> tuple[int, int] | None:
    """Return how many samples an Info frame takes off either end; None for an audible frame."""
    for name in (b"Xing", b"Info"):
        place = body.find(name, 0, 64)
        if place < 0:
            continue
        flags = int.from_bytes(body[place + 4 : place + 8], "big")
        place += 8 + sum(size for bit, size in ((1, 4), (2, 4), (4, 100), (8, 4)) if flags & bit)
        delays = int.from_bytes(body[place + 21 : place + 24], "big")
        return (delays >> 12, delays & 0xFFF) if body[place : place + 1] == b"L" else (0, 0)
    return None


def raw_frames(file: IO[bytes]) -> Iterator[tuple[bytes, int, int]]:
    """Yield each frame as it stands in a file, its samples and sampling rate."""
    place = first_frame(file)
    while place is not None:
        file.seek(place)
        head = file.read(HEADER_BYTES)
        if (told := frame_of(head)) is None:
            return
        yield head + file.read(told[0] - HEADER_BYTES), told[1], told[2]
        place += told[0]


def loudness_in(file: IO[bytes], most_seconds: float) -> Iterator[tuple[float, int]]:
    """Yield how long each audible frame is, in seconds, and its loudness in steps of 1.5 dB.

    It is 0 for a frame without data. Any rate, one channel or two.
    """
    passed = 0.0
    for index, (raw, samples, rate) in enumerate(raw_frames(file)):
        header, mono = raw[:HEADER_BYTES], raw[3] >> 6 == MONO
        first = (header[1] >> 3) & 3 == MPEG_1
        begin = HEADER_BYTES + (0 if header[1] & 1 else CHECKSUM_BYTES)
        if index == 0 and delays_in(raw[HEADER_BYTES:]) is not None:
            continue
        start = (18 if mono else 20) if first else (9 if mono else 10)
        bits, parts = (GRANULE_BITS, 2) if first else (HALF_RATE_GRANULE_BITS, 1)
        side = int.from_bytes(raw[begin : begin + SIDE_BYTES].ljust(SIDE_BYTES, b"\0"), "big")
        gains = [0]
        for part in range(parts * (1 if mono else 2)):
            place = 8 * SIDE_BYTES - start - part * bits
            if side >> place - 12 & 0xFFF:
                gains.append(side >> place - GAIN_PLACE - GAIN_BITS & 0xFF)
        yield samples / rate, max(gains)
        passed += samples / rate
        if passed > most_seconds:
            return


def separate_frames(file: IO[bytes], most: int) -> tuple[list[Frame], int]:
    """Return at most so many audible frames, each with its own data, and the encoder's delay.

    Empty for a sound that is not of 44.1 kHz: its frames cannot stand beside those of another rate.
    """
    stream, frames, delay = bytearray(), list[Frame](), 0
    for index, (raw, _, rate) in enumerate(itertools.islice(raw_frames(file), most + 1)):
        header = raw[:HEADER_BYTES]
        if header[1] >> 3 & 3 != MPEG_1 or rate != 44_100:
            return [], 0
        if index == 0 and (delays := delays_in(raw[HEADER_BYTES:])) is not None:
            delay = delays[0]
            continue
        mono = header[3] >> 6 == MONO
        begin = HEADER_BYTES + (0 if header[1] & 1 else CHECKSUM_BYTES)
        wide = MONO_SIDE_BYTES if mono else SIDE_BYTES
        side = int.from_bytes(raw[begin : begin + wide].ljust(wide, b"\0"), "big")
        start = len(stream) - (side >> wide * 8 - 9)
        stream += raw[begin + wide :]
        lengths = _lengths(side, wide * 8, mono=mono)
        size = -(-sum(lengths) // 8)
        data = bytes(stream[start : start + size]) if start >= 0 else b""
        if len(data) < size:  # what it refers to is missing, so it cannot be heard
            side, data, lengths = 0, b"", [0] * len(lengths)
        frames.append(_doubled(header, side, data, lengths) if mono else _plain(header, side, data))
    return frames, delay


def _lengths(side: int, bits: int, *, mono: bool) -> list[int]:
    start, parts = (18, 2) if mono else (20, 4)
    return [side >> bits - start - part * GRANULE_BITS - 12 & 0xFFF for part in range(parts)]


def _plain(header: bytes, side: int, data: bytes) -> Frame:
    return Frame(header, side & (1 << 256 - 9) - 1, data)


def _doubled(header: bytes, side: int, data: bytes, lengths: list[int]) -> Frame:
    """Return a frame of one channel as one of two that are alike."""
    shared = side >> MONO_SIDE_BYTES * 8 - 18 & 0xF
    parts = [
        side >> MONO_SIDE_BYTES * 8 - 18 - (part + 1) * GRANULE_BITS & (1 << GRANULE_BITS) - 1
        for part in range(2)
    ]
    told = shared << 4 | shared
    for part in (parts[0], parts[0], parts[1], parts[1]):
        told = told << GRANULE_BITS | part
    bits, total = int.from_bytes(data, "big") >> -sum(lengths) % 8, sum(lengths)
    first, second = bits >> lengths[1], bits & (1 << lengths[1]) - 1
    twice = first
    for value, length in ((first, lengths[0]), (second, lengths[1]), (second, lengths[1])):
        twice = twice << length | value
    size = -(-2 * total // 8)
    twice <<= size * 8 - 2 * total
    plain = header[:3] + bytes((header[3] & 0x3F,))
    return Frame(plain, told, twice.to_bytes(size, "big"))


def seconds_of(file: IO[bytes]) -> float | None:
    """Return the length of an MP3 by counting its frames; None if it is none."""
    end = file.seek(0, io.SEEK_END)
    samples, rate, frames, place = 0, 0, 0, first_frame(file)
    while place is not None and place + HEADER_BYTES <= end:
        file.seek(place)
        frame = frame_of(file.read(HEADER_BYTES))
        if frame is None:
            break
        size, count, rate = frame
        if frames == 0 and (delays := delays_in(file.read(size - HEADER_BYTES))) is not None:
            samples -= sum(delays)
        else:
            samples += count
        frames += 1
        place += size
    return max(samples, 0) / rate if frames > 1 and rate else None
