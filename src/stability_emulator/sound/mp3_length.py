"""Measures the length of an MP3 by its frames, independent of bit rate and MPEG version."""

import io
from typing import IO

from stability_mcp.imaging.sniff import mp3_frame

HEADER_BYTES = 4
MAX_GARBAGE = 65_536
"""Maximum bytes to search for the first frame."""


def seconds_of(file: IO[bytes]) -> float | None:
    """Return the length of an MP3 in seconds; None if the file isn't an MP3."""
    end = file.seek(0, io.SEEK_END)
    samples, rate, frames, place = 0, 0, 0, _first_frame(file)
    while place is not None and place + HEADER_BYTES <= end:
        file.seek(place)
        frame = mp3_frame(file.read(HEADER_BYTES))
        if frame is None:
            break
        if frames == 0 and (cut := _cut_off(file.read(frame.size - HEADER_BYTES))) is not None:
            samples -= cut
        else:
            samples += frame.samples
        rate = frame.rate
        frames += 1
        place += frame.size
    return max(samples, 0) / rate if frames > 1 and rate else None


def _first_frame(file: IO[bytes]) -> int | None:
    """Return the position of the first frame, after a tag and possible garbage."""
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
        if window[place] == 0xFF and (frame := mp3_frame(window[place : place + HEADER_BYTES])):
            following = window[place + frame.size : place + frame.size + HEADER_BYTES]
            if mp3_frame(following):
                return start + place
    return None


def _cut_off(body: bytes) -> int | None:
    """Return how many samples an Info frame cuts at both ends; None for an audible frame."""
    for name in (b"Xing", b"Info"):
        place = body.find(name, 0, 64)
        if place < 0:
            continue
        flags = int.from_bytes(body[place + 4 : place + 8], "big")
        place += 8 + sum(size for bit, size in ((1, 4), (2, 4), (4, 100), (8, 4)) if flags & bit)
        delays = int.from_bytes(body[place + 21 : place + 24], "big")
        return (delays >> 12) + (delays & 0xFFF) if body[place : place + 1] == b"L" else 0
    return None
