"""Finds the frames of an MP3, whatever tags, padding or junk surround them.

Sources: ISO 11172-3 and 13818-3 (frames), id3.org (ID3v2), wiki.hydrogenaud.io (APE tags, the Xing
and LAME headers). Players skip everything else, and so does this.
"""

import re
import struct
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import BinaryIO, NamedTuple

from stability_mcp.imaging.containers.piece import (
    AUDIO_EDITOR,
    Part,
    Piece,
    cut_short,
    damaged,
    read_at,
)
from stability_mcp.imaging.facts import Facts

HEADER_BYTES = 4
FRAMES_IN_A_ROW = 3
"""Four bytes that look like a frame occur anywhere; three frames in a row don't."""
MAX_JUNK_BYTES = 65_536
"""Bytes searched for the first frame of a file without a tag; mpg123 skips as many."""

_MAX_BACK_BYTES = 1_024
"""How far a tag's size may reach into the sound."""
_MAX_TAGS = 100
_MAX_TRIES = 200_000
"""Positions tried while searching for frames; a file with more is meant to waste time."""
_MAX_MISSING_SECONDS = 1.0
"""Chosen: editors cut a few frames at the end without updating the count in the header."""
_KILOBITS = {
    3: (0, 32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320),  # MPEG 1
    2: (0, 8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160),  # MPEG 2
    0: (0, 8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160),  # MPEG 2.5
}
_RATES = {3: (44_100, 48_000, 32_000), 2: (22_050, 24_000, 16_000), 0: (11_025, 12_000, 8_000)}
_SYNC = re.compile(rb"\xff[\xe2\xe3\xf2\xf3\xfa\xfb][\x10-\xef]")
_ZEROS = re.compile(rb"\x00*")
_TAG_BYTES = 32
"""Length of an APE header; the header of an ID3v2 tag has 10 bytes."""
_ID3_HEADER = 10
_APE = b"APETAGEX"
_VBRI_AT = 36
"""Position of Fraunhofer's header in the first frame; the Xing header is at 13 to 36."""


class Frame(NamedTuple):
    """The facts in the header of a frame."""

    size: int
    """Bytes, including the header."""
    samples: int
    rate: int
    channels: int


@dataclass(frozen=True)
class Track:
    """The sound of an MP3."""

    start: int
    """Position of the first frame."""
    is_clean: bool
    """Whether only one valid ID3v2 tag, or nothing, precedes the first frame."""
    runs: list[tuple[int, int]]
    """Start and end of the sections that consist of frames; bytes between them are junk."""
    samples: int
    """Audible samples: without the padding that the encoder declares."""
    rate: int
    channels: int
    missing: int
    """Samples that the header declares but the file doesn't contain."""
    delay: int = 0
    """Samples that the encoder added at the start and declares; players skip them."""

    @property
    def seconds(self) -> float:
        """Return its length in seconds."""
        return self.samples / self.rate


class Declared(NamedTuple):
    """The facts in a Xing, Info or VBRI frame; 0 for those that it doesn't contain."""

    frames: int
    size: int
    """Bytes of the frames, with its own."""
    delay: int = 0
    """Samples that the encoder added at the start."""
    padding: int = 0
    """Samples that it added at the end."""
    encoder: bytes = b""
    """LAME's part of the header, of 36 bytes."""


def frame(header: bytes) -> Frame | None:
    """Return the facts of the layer III frame that starts here; None if there is no frame."""
    if len(header) < HEADER_BYTES or header[0] != 0xFF or header[1] & 0xE0 != 0xE0:  # noqa: PLR2004
        return None
    version, layer = header[1] >> 3 & 3, header[1] >> 1 & 3
    bitrate, rate = header[2] >> 4, header[2] >> 2 & 3
    if version not in _RATES or layer != 1 or bitrate in {0, 15} or rate == 3:  # noqa: PLR2004
        return None
    samples = 1_152 if version == 3 else 576  # noqa: PLR2004 -- MPEG 1 has twice the samples
    bits, hertz = _KILOBITS[version][bitrate] * 1_000, _RATES[version][rate]
    size = samples // 8 * bits // hertz + (header[2] >> 1 & 1)
    return Frame(size, samples, hertz, 1 if header[3] >> 6 == 3 else 2)  # noqa: PLR2004


def starts_with_frames(data: bytes, at: int = 0) -> bool:
    """Return whether frames follow each other from here, as far as the data goes."""
    return _frames_in_a_row(data, at, allow_end=True) > 0


def tags_end(read: Callable[[int, int], bytes]) -> int:
    """Return where the ID3v2 and APE tags at the start of a file end; 0 if there are none.

    Args:
        read: Takes a position and a length and returns these bytes.
    """
    end = 0
    for _ in range(_MAX_TAGS):
        length = _tag_length(read(end, _TAG_BYTES))
        if not length:
            break
        end += length
    return end


def mp3_facts(file: BinaryIO, size: int) -> Facts:
    """Return the facts of an MP3, with the repair that leaves only its frames if it needs one.

    Raises:
        FileUnusableError: It contains no frames, or fewer than its header declares.
    """
    track = scan(read_at(file, 0, size))
    if track is None:
        raise damaged("MP3", "it contains no sound", editor=AUDIO_EDITOR)
    if track.missing > _MAX_MISSING_SECONDS * track.rate:
        total = (track.samples + track.missing) / track.rate
        raise cut_short(
            "MP3",
            f"{track.missing / track.rate:.1f} of {total:.1f} s are missing",
            editor=AUDIO_EDITOR,
        )
    changes = []
    if not track.is_clean:
        changes.append(
            f"{track.start:,} bytes of tags, zeros or junk before its first frame removed"
        )
    junk = sum(
        after[0] - before[1] for before, after in zip(track.runs, track.runs[1:], strict=False)
    )
    if junk:
        changes.append(f"{junk:,} bytes of junk between its frames removed")
    return Facts(
        media_type="audio/mpeg",
        bytes=size,
        seconds=round(track.seconds, 3),
        rate=track.rate,
        channels=track.channels,
        repaired=tuple(Piece(b"", start, end, start) for start, end in track.runs)
        if changes
        else (),
        repairs=tuple(changes),
    )


def scan(data: bytes) -> Track | None:
    """Return the sound of an MP3; None if it contains no frames."""
    start = _first_frame(data)
    first = None if start is None else frame(data[start : start + HEADER_BYTES])
    if start is None or first is None:
        return None
    runs, samples, frames = _runs(data, start, first)
    if not runs:
        return None
    declared = declared_by(data[start : start + first.size])
    missing = 0
    if declared is not None:
        samples -= min(first.samples + declared.delay + declared.padding, samples)
        if declared.size == 0 or len(data) - start < declared.size:
            missing = max(declared.frames + 1 - frames, 0) * first.samples
    if not samples:
        return None
    return Track(
        start=start,
        is_clean=start in {0, _id3_length(data[:_ID3_HEADER])},
        runs=runs,
        samples=samples,
        rate=first.rate,
        channels=first.channels,
        missing=missing,
        delay=declared.delay if declared else 0,
    )


def sound_frames(data: bytes, track: Track) -> tuple[list[int], Declared | None]:
    """Return the positions of the frames of an MP3, and what its header frame declares.

    The header frame isn't among them.
    """
    found: list[int] = []
    for start, end in track.runs:
        at = start
        while at < end and (each := frame(data[at : at + HEADER_BYTES])):
            found.append(at)
            at += each.size
    first = frame(data[found[0] : found[0] + HEADER_BYTES])
    declared = declared_by(data[found[0] : found[0] + (first.size if first else 0)])
    return found[1:] if declared else found, declared


def first_frames(data: bytes, track: Track, seconds: float) -> tuple[list[Part], float]:
    """Return the first frames of an MP3 that together don't exceed a length, and their own length.

    A header frame, by which players know the length, is corrected; it is left out of the count.
    """
    first = frame(data[track.start : track.start + HEADER_BYTES])
    header = data[track.start : track.start + (first.size if first else 0)]
    declared = declared_by(header)
    max_samples, samples, frames = int(seconds * track.rate), 0, 0
    pieces: list[Part] = []
    length = len(header)
    for start, end in track.runs:
        at = begin = start + (len(header) if declared and start == track.start else 0)
        while (found := frame(data[at : at + HEADER_BYTES])) and at < end:
            if samples + found.samples > max_samples:
                break
            at += found.size
            samples += found.samples
            frames += 1
        if at > begin:
            pieces.append(Piece(b"", begin, at, begin))
            length += at - begin
        if at < end:
            break
    if declared:
        pieces.insert(0, _corrected_header(header, frames, length))
        samples -= declared.delay
    return pieces, samples / track.rate


def _corrected_header(header: bytes, frames: int, length: int) -> bytes:
    """Return a Xing, Info or VBRI frame for another number of frames and bytes."""
    fixed = bytearray(header)
    if header[_VBRI_AT:].startswith(b"VBRI"):
        _overwrite(fixed, _VBRI_AT + 10, struct.pack(">II", length, frames))
        return bytes(fixed)
    at = max(header.find(name, 0, 64) for name in (b"Xing", b"Info"))
    flags = int.from_bytes(header[at + 4 : at + 8], "big")
    at += 8
    fields = (
        (1, struct.pack(">I", frames)),
        (2, struct.pack(">I", length)),
        (4, bytes(index * 256 // 100 for index in range(100))),  # for seeking: as if constant
        (8, b""),
    )
    for bit, value in fields:
        if flags & bit:
            _overwrite(fixed, at, value)
            at += len(value) or 4
    if header[at : at + 1] == b"L":  # the encoder's padding at the end was cut off
        _overwrite(fixed, at + 22, bytes([each & 0xF0 for each in header[at + 22 : at + 23]]))
        _overwrite(fixed, at + 23, b"\x00")
    return bytes(fixed)


def _overwrite(header: bytearray, at: int, value: bytes) -> None:
    """Replace bytes of a header frame; a damaged one may be too short for them."""
    header[at : at + len(value)] = value[: max(len(header) - at, 0)]


def _tag_length(header: bytes) -> int:
    """Return the length of the ID3v2 or APE tag that starts here; 0 if there is none."""
    if header.startswith(_APE) and len(header) == _TAG_BYTES:
        return _TAG_BYTES + int.from_bytes(header[12:16], "little")
    length = _id3_length(header)
    # With an invalid size the frames are found by searching.
    return _ID3_HEADER if length is None else length


def _id3_length(header: bytes) -> int | None:
    """Return the length of the ID3v2 tag that starts here; 0 if there is none, None if invalid."""
    if len(header) < _ID3_HEADER or header[:3] != b"ID3" or header[3] not in {2, 3, 4}:
        return 0
    sizes = header[6:_ID3_HEADER]
    if max(sizes) > 0x7F:  # noqa: PLR2004 -- 7 bits a byte
        return None
    footer = _ID3_HEADER if header[3] == 4 and header[5] & 0x10 else 0  # noqa: PLR2004
    size = sizes[0] << 21 | sizes[1] << 14 | sizes[2] << 7 | sizes[3]
    return _ID3_HEADER + size + footer


def _first_frame(data: bytes) -> int | None:
    """Return the position of the first frame after any tags, zeros and junk."""
    at, after_zeros = 0, _after_zeros(data, 0)
    for _ in range(_MAX_TAGS):
        length = _tag_length(data[after_zeros : after_zeros + _TAG_BYTES])
        if not length:
            break
        at = after_zeros + length
        after_zeros = _after_zeros(data, at)
    if starts_with_frames(data, at):
        return at
    tries = iter(range(_MAX_TRIES))
    found = _search(data, max(at - _MAX_BACK_BYTES, 0), after_zeros + MAX_JUNK_BYTES, tries)
    if found is None and at:  # a tag says that this is an MP3; only its size can be wrong
        found = _search(data, _ID3_HEADER, len(data), tries)
    return found


def _after_zeros(data: bytes, at: int) -> int:
    match = _ZEROS.match(data, at)
    return match.end() if match else at


def _search(data: bytes, start: int, end: int, tries: Iterator[int]) -> int | None:
    """Return the position of the first frames in a row between two positions.

    Args:
        data: The file.
        start: Where to begin.
        end: Where to stop.
        tries: Yields once for each position that may still be tried.
    """
    for _, match in zip(tries, _SYNC.finditer(data, start, min(end, len(data))), strict=False):
        if _frames_in_a_row(data, match.start(), allow_end=False):
            return match.start()
    return None


def _frames_in_a_row(data: bytes, at: int, *, allow_end: bool) -> int:
    """Return how many frames of one sampling rate follow each other, up to `FRAMES_IN_A_ROW`.

    Return 0 if something else follows. `allow_end` accepts fewer frames at the end of the data.
    """
    rate = 0
    for count in range(FRAMES_IN_A_ROW):
        found = frame(data[at : at + HEADER_BYTES])
        if found is None or found.rate != rate != 0:
            ends = len(data) - at < HEADER_BYTES
            return count if ends and allow_end else 0
        rate = found.rate
        at += found.size
    return FRAMES_IN_A_ROW


def _runs(data: bytes, start: int, first: Frame) -> tuple[list[tuple[int, int]], int, int]:
    """Return the sections of frames, their samples and the number of frames; none for noise."""
    runs: list[tuple[int, int]] = []
    at: int | None = start
    samples = frames = 0
    tries = iter(range(_MAX_TRIES))
    while at is not None:
        begin = at
        while (found := frame(data[at : at + HEADER_BYTES])) and found.rate == first.rate:
            if at + found.size > len(data):
                break
            at += found.size
            samples += found.samples
            frames += 1
        if at > begin:
            runs.append((begin, at))
        at = _search(data, at + 1, len(data), tries)
    if next(tries, None) is None:  # the search ended early, so frames may have been missed
        return [], 0, 0
    return runs, samples, frames


def declared_by(body: bytes) -> Declared | None:
    """Return what a Xing, Info or VBRI frame declares; None for a frame of sound."""
    if body[_VBRI_AT:].startswith(b"VBRI"):
        size, frames = struct.unpack(">II", body[_VBRI_AT + 10 : _VBRI_AT + 18].ljust(8, b"\x00"))
        return Declared(frames, size)
    for name in (b"Xing", b"Info"):
        at = body.find(name, 0, 64)
        if at < 0:
            continue
        flags = int.from_bytes(body[at + 4 : at + 8], "big")
        at += 8
        counts = []
        for bit, length in ((1, 4), (2, 4), (4, 100), (8, 4)):
            present = flags & bit
            counts.append(int.from_bytes(body[at : at + 4], "big") if present else 0)
            at += length if present else 0
        encoder = body[at : at + 36] if body[at : at + 1] == b"L" else b""
        delays = int.from_bytes(encoder[21:24], "big")
        return Declared(counts[0], counts[1], delays >> 12, delays & 0xFFF, encoder)
    return None
