"""Parses WAV sound, also with the wrong lengths that recorders leave, and RF64 (EBU Tech 3306).

A recorder writes the lengths when it stops. One that crashed, wrote to a pipe or counted wrong
leaves other numbers there; players ignore them and play what the file contains.
"""

import re
import struct
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import BinaryIO

from stability_mcp.errors import FileUnusableError
from stability_mcp.imaging.containers.piece import (
    AUDIO_EDITOR,
    MAX_PIECES,
    Part,
    Piece,
    cut_short,
    damaged,
    read_at,
)
from stability_mcp.imaging.facts import Facts

PLACEHOLDER = 0x7FFF_0000
"""Lengths from here on were never filled in: sox and espeak leave 0x7FFFF000, Oboe 0x7FFFFFFF,
arecord 0x80000000 and ffmpeg 0xFFFFFFFF; others leave 0. A real sound of 2 GB is too large."""
SLACK_BYTES = 128
"""Chosen: recorders miscount by the length of a header, which has 8 to 68 bytes."""
SLACK_SECONDS = 0.1
SLACK_SHARE = 0.02
"""Chosen: 0.1 s, or 2 % of a shorter sound, may be missing: no listener notices it."""

_HEADER = 12
_LARGE = frozenset({b"RF64", b"BW64"})
_IN_DS64 = 0xFFFF_FFFF
_MIN_FORMAT = 16
_EXTENSIBLE = 0xFFFE
PCM, FLOAT, A_LAW, MU_LAW = 1, 3, 6, 7
"""Formats of samples (RFC 2361)."""
BLOCK_FRAMES = 16_384
"""Frames that are computed at a time: 3 ms for stereo, while no other thread runs."""
_BLOCKS_READ = 16
"""Blocks that are read at a time. Each read lets other threads take over for an instant only; if
that happens more often than every 5 ms, CPython never lets them wait long enough to get a turn."""
_LINEAR = frozenset({PCM, FLOAT, A_LAW, MU_LAW})
"""Formats with a fixed number of bytes per sample."""
_BLOCK_BYTES = 64 * BLOCK_FRAMES
"""A block with more channels than the 8 that are used has fewer frames; a header can claim any."""
_MAX_SAMPLE_BYTES = 8
_CONTAINERS = frozenset({1, 2, 4, 8})
"""Bytes that a sample with fewer bits may be stored in."""
_KIND = re.compile(rb"[ -~]{4}")


@dataclass(frozen=True)
class _Chunk:
    kind: bytes
    start: int
    length: int
    """Bytes of its body in the file."""
    is_intact: bool = True
    """Whether its header says so and padding follows."""

    @property
    def body(self) -> int:
        return self.start + 8

    @property
    def end(self) -> int:
        return self.body + self.length


@dataclass(frozen=True)
class _Format:
    """The `fmt ` chunk, with derived fields computed if they are wrong."""

    tag: int
    channels: int
    rate: int
    per_second: int
    block: int
    """Bytes of one sample of all channels; 1 in compressed sound."""
    body: bytes
    is_intact: bool


@dataclass(frozen=True)
class Samples:
    """The samples of a WAV, and how they are stored."""

    start: int
    """Position of the first byte."""
    frames: int
    """Samples of each channel."""
    channels: int
    rate: int
    block: int
    """Bytes of one frame: a sample of each channel."""
    tag: int
    """The format (RFC 2361): 1 is PCM, 3 is float."""
    format_body: bytes
    """The `fmt ` chunk without its header."""

    @property
    def width(self) -> int:
        """Return the bytes of one sample."""
        return self.block // self.channels


@dataclass
class _Parsed:
    """The chunks of a file."""

    end: int
    """End of the last chunk."""
    chunks: list[_Chunk]
    form: _Format | None = None
    data: _Chunk | None = None
    unfinished: bool = False
    """Whether the length of the sound was never filled in."""


def wav_facts(file: BinaryIO, size: int, start: int = 0) -> Facts:
    """Return the facts of a WAV file, with the repair of its header if it needs one.

    Args:
        file: The file, open for reading.
        size: Its length in bytes.
        start: Position of its header; tags may precede it.

    Raises:
        FileUnusableError: It is shorter than its header claims, or contains no sound.
    """
    parsed = _Parser(file, size, start).parse()
    form, data = parsed.form, parsed.data
    if form is None or data is None:
        raise _damaged("its fmt or data chunk is missing")
    usable = data.length - data.length % form.block
    if not usable:
        raise _damaged("it contains no sound")
    seconds = round(usable / form.per_second, 3)
    changes = _changes(file, start, parsed, seconds)
    if usable != data.length:
        data = replace(data, length=usable, is_intact=False)
    chunks = [data if chunk.kind == b"data" else chunk for chunk in parsed.chunks]
    return Facts(
        media_type="audio/wav",
        bytes=size,
        end=parsed.end,
        seconds=seconds,
        rate=form.rate,
        channels=form.channels,
        repaired=_repaired(chunks, form) if changes else (),
        repairs=tuple(changes),
    )


def wav_samples(file: BinaryIO, size: int) -> Samples | None:
    """Return where the samples of a WAV are; None if it is compressed or has none.

    Args:
        file: The file, open for reading, without tags before its header.
        size: Its length in bytes.

    Raises:
        FileUnusableError: It is shorter than its header claims.
    """
    parsed = _Parser(file, size, 0).parse()
    form, data = parsed.form, parsed.data
    if form is None or data is None or form.tag not in _LINEAR:
        return None
    frames = data.length // form.block
    return Samples(data.body, frames, form.channels, form.rate, form.block, form.tag, form.body)


def sample_blocks(file: BinaryIO, samples: Samples, start: int, end: int) -> Iterator[bytes]:
    """Yield the samples between two frames as they are stored, in blocks."""
    most = min(BLOCK_FRAMES, _BLOCK_BYTES // samples.block)
    for first in range(start, end, most * _BLOCKS_READ):
        count = min(most * _BLOCKS_READ, end - first)
        data = read_at(file, samples.start + first * samples.block, count * samples.block)
        for at in range(0, len(data), most * samples.block):
            yield data[at : at + most * samples.block]


def pcm_format(rate: int, channels: int, width: int) -> bytes:
    """Return the `fmt ` chunk of PCM, without its header."""
    block = channels * width
    return struct.pack("<HHIIHH", PCM, channels, rate, rate * block, block, width * 8)


def wav_header(format_body: bytes, length: int) -> bytes:
    """Return everything in a WAV before its samples.

    Args:
        format_body: The `fmt ` chunk, without its header.
        length: Bytes of the samples.
    """
    body = format_body + bytes(len(format_body) & 1)
    chunks = struct.pack("<4sI", b"fmt ", len(format_body)) + body
    chunks += struct.pack("<4sI", b"data", length)
    size = 4 + len(chunks) + length + (length & 1)
    return struct.pack("<4sI4s", b"RIFF", size, b"WAVE") + chunks


def _changes(file: BinaryIO, start: int, parsed: _Parsed, seconds: float) -> list[str]:
    """Return what a repair changes, as phrases; nothing if the file is fine."""
    kind, claimed = struct.unpack("<4sI", read_at(file, start, 8))
    changes = []
    if start:
        changes.append(f"{start:,} bytes of tags before its header removed")
    if kind in _LARGE:
        changes.append(f"converted from {kind.decode()} to WAV")
    # The padding of an odd last chunk is often missing, or not counted.
    elif (
        abs(start + 8 + claimed - parsed.end) > 1
        or not all(chunk.is_intact for chunk in parsed.chunks)
        or not (parsed.form and parsed.form.is_intact)
    ):
        what = "its unfinished header completed" if parsed.unfinished else "its header corrected"
        changes.append(f"{what}: {seconds:.1f} s of sound")
    return changes


def _repaired(chunks: list[_Chunk], form: _Format) -> tuple[Part, ...]:
    """Return the parts of a file with the same chunks and correct lengths."""
    parts: list[Part] = []
    length = 4
    for chunk in chunks:
        body: Part = Piece(chunk.kind, chunk.body, chunk.end, chunk.body)
        count = chunk.length
        if chunk.kind == b"fmt ":
            body, count = form.body, len(form.body)
        elif chunk.kind == b"ds64":
            continue
        parts += [struct.pack("<4sI", chunk.kind, count), body, bytes(count & 1)]
        length += 8 + count + (count & 1)
    return (struct.pack("<4sI4s", b"RIFF", length, b"WAVE"), *parts)


class _Parser:
    """Walks the chunks of a file and determines their real lengths."""

    def __init__(self, file: BinaryIO, size: int, start: int) -> None:
        self._file = file
        self._size = size
        self._start = start
        kind, length = struct.unpack("<4sI", read_at(file, start, 8))
        self._is_large = kind in _LARGE
        self._claimed_end = start + 8 + length
        self._data_length = _IN_DS64

    def parse(self) -> _Parsed:
        """Return the chunks up to the first bytes that aren't one."""
        parsed = _Parsed(end=self._start + _HEADER, chunks=[])
        while (at := parsed.end) + 8 <= self._size and self._is_chunk(at, any_length=True):
            if len(parsed.chunks) > MAX_PIECES:
                raise _damaged(f"it has more than {MAX_PIECES:,} parts")
            kind, length = struct.unpack("<4sI", read_at(self._file, at, 8))
            chunk = _Chunk(kind, at, length)
            if kind == b"data" and parsed.data is None:
                chunk = self._data(chunk, parsed)
            elif chunk.end > self._size:
                break  # it was cut off after the sound, or isn't a chunk
            self._read(chunk, parsed)
            parsed.end, is_padded = self._next(chunk)
            parsed.chunks.append(chunk if is_padded else replace(chunk, is_intact=False))
        return parsed

    def _read(self, chunk: _Chunk, parsed: _Parsed) -> None:
        """Read the chunks that describe the sound."""
        if chunk.kind == b"fmt " and parsed.form is None:
            parsed.form = _format(read_at(self._file, chunk.body, min(chunk.length, 1 << 16)))
        elif chunk.kind == b"ds64" and self._is_large:
            riff, data = struct.unpack("<QQ", read_at(self._file, chunk.body, 16).ljust(16, b"\0"))
            self._claimed_end, self._data_length = self._start + 8 + riff, data
        elif chunk.kind == b"data" and parsed.data is None:
            parsed.data = chunk

    def _data(self, chunk: _Chunk, parsed: _Parsed) -> _Chunk:
        """Return the data chunk with its real length.

        Raises:
            FileUnusableError: More of its sound is missing than a wrong header explains.
        """
        there = self._size - chunk.body
        length = chunk.length
        if self._is_large and length == _IN_DS64:
            length = self._data_length
        per_second = parsed.form.per_second if parsed.form else 0
        slack = max(SLACK_BYTES, min(per_second * SLACK_SECONDS, length * SLACK_SHARE))
        if length >= PLACEHOLDER or (not length and not self._ends_in_chunks(chunk.body)):
            parsed.unfinished = True
            return replace(chunk, length=there, is_intact=False)
        if length > there:
            missing = length - there
            says_complete = abs(self._claimed_end - self._size) <= SLACK_BYTES
            if missing > slack and not says_complete:
                lost = f"{missing:,} of {length:,} bytes of sound are missing"
                if per_second:
                    lost += f" ({missing / per_second:.1f} of {length / per_second:.1f} s)"
                raise cut_short("WAV", lost, editor=AUDIO_EDITOR)
            return replace(chunk, length=there, is_intact=False)
        rest = min(self._claimed_end, self._size) - chunk.body - length
        if rest > slack and not self._is_followed(chunk.body + length):
            return replace(chunk, length=length + rest, is_intact=False)
        return replace(chunk, length=length, is_intact=length == chunk.length or self._is_large)

    def _next(self, chunk: _Chunk) -> tuple[int, bool]:
        """Return where the next chunk starts, and whether this one is padded if it has to be."""
        end = chunk.end
        if not chunk.length & 1:
            return end, True
        if self._is_chunk(end) and not self._is_chunk(end + 1):
            return end, False
        return min(end + 1, self._size), True

    def _is_followed(self, end: int) -> bool:
        """Return whether a chunk or only zeros follow."""
        if self._is_chunk(end) or self._is_chunk(end + 1):
            return True
        return not read_at(self._file, end, self._size - end).strip(b"\x00")

    def _ends_in_chunks(self, at: int) -> bool:
        """Return whether the rest of the file, if any, consists of chunks."""
        for _ in range(MAX_PIECES):
            if at + 8 > self._size or not self._is_chunk(at):
                break
            length = int.from_bytes(read_at(self._file, at + 4, 4), "little")
            at += 8 + length + (length & 1)
        return at >= self._size

    def _is_chunk(self, at: int, *, any_length: bool = False) -> bool:
        """Return whether a chunk starts here and fits into the file."""
        header = read_at(self._file, at, 8)
        if len(header) < 8 or not _KIND.match(header):  # noqa: PLR2004 -- kind and length
            return False
        length = int.from_bytes(header[4:], "little")
        return any_length or header.startswith(b"data") or at + 8 + length <= self._size


def _format(body: bytes) -> _Format:
    """Return the format of the sound.

    Raises:
        FileUnusableError: The format is incomplete.
    """
    if len(body) < _MIN_FORMAT:
        raise _damaged("its fmt chunk is incomplete")
    tag, channels, rate, per_second, block, bits = struct.unpack("<HHIIHH", body[:_MIN_FORMAT])
    if tag == _EXTENSIBLE and len(body) >= 26:  # noqa: PLR2004 -- the format's own tag is at 24
        tag = int.from_bytes(body[24:26], "little")
    if not channels or not rate or not (per_second or tag in _LINEAR):
        raise _damaged("its header has zero channels, sample rate or byte rate")
    if tag not in _LINEAR:
        return _Format(tag, channels, rate, per_second, 1, body, is_intact=True)
    needed = (bits + 7) // 8
    sample, rest = divmod(block, channels)
    # 24 bits may be stored in 4 bytes, so a larger block can be right.
    is_plausible = not rest and sample > 0 and sample in {needed, *_CONTAINERS} and sample >= needed
    right = block if is_plausible else channels * needed
    if not 0 < right <= min(channels * _MAX_SAMPLE_BYTES, 0xFFFF) or rate * right >= 1 << 32:
        raise _damaged("its header has no valid sample size or rate")
    is_intact = (block, per_second) == (right, rate * right)
    fixed = body[:8] + struct.pack("<IH", rate * right, right) + body[14:]
    return _Format(tag, channels, rate, rate * right, right, fixed, is_intact)


def _damaged(how: str) -> FileUnusableError:
    return damaged("WAV", how, editor=AUDIO_EDITOR)
