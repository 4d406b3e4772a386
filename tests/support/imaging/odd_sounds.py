"""Makes WAV and MP3 files with the oddities that recorders, taggers and editors leave."""

import io
import struct
from collections.abc import Sequence
from pathlib import Path

import support.imaging.sample_files as make
from stability_mcp.imaging.container_repair import repair
from stability_mcp.imaging.facts import Facts
from stability_mcp.imaging.probe import probe

RATE = 8_000
PCM = 1

Chunk = tuple[bytes, bytes]


def tone(seconds: float = 1.0, *, width: int = 2, channels: int = 1) -> bytes:
    """Return samples that don't repeat soon, so that a shift by one byte is noticed."""
    count = round(seconds * RATE) * width * channels
    return bytes((n * 37 + n // 251) % 256 for n in range(count))


def form(  # noqa: PLR0913 -- the fields of a fmt chunk
    tag: int = PCM,
    bits: int = 16,
    channels: int = 1,
    *,
    block: int | None = None,
    per_second: int | None = None,
    extra: bytes = b"",
) -> Chunk:
    """Return a `fmt ` chunk; `block` and `per_second` replace the right values."""
    right = channels * bits // 8
    body = struct.pack(
        "<HHIIHH",
        tag,
        channels,
        RATE,
        RATE * right if per_second is None else per_second,
        right if block is None else block,
        bits,
    )
    return b"fmt ", body + extra


def extensible(bits: int = 24, tag: int = PCM) -> Chunk:
    """Return a `fmt ` chunk of WAVE_FORMAT_EXTENSIBLE."""
    guid = struct.pack("<H", tag) + bytes.fromhex("000000001000800000aa00389b71")
    return form(0xFFFE, bits, extra=struct.pack("<HHI", 22, bits, 4) + guid)


def wav(
    chunks: Sequence[Chunk],
    *,
    riff: int | None = None,
    data: int | None = None,
    kind: bytes = b"RIFF",
    padded: bool = True,
) -> bytes:
    """Return a WAV with these chunks; `riff` and `data` replace the right lengths."""
    body = b"".join(
        struct.pack("<4sI", name, len(content) if data is None or name != b"data" else data)
        + content
        + bytes(len(content) & 1 if padded else 0)
        for name, content in chunks
    )
    return struct.pack("<4sI4s", kind, 4 + len(body) if riff is None else riff, b"WAVE") + body


def rf64(samples: bytes, *, kind: bytes = b"RF64", known: bool = True) -> bytes:
    """Return an RF64 file; its `ds64` chunk contains the lengths if they are known."""
    lengths = (72 + len(samples), len(samples)) if known else (0, 0)
    ds64 = b"ds64", struct.pack("<QQQI", *lengths, 0, 0)
    chunks = [ds64, form(), (b"data", samples)]
    return wav(chunks, kind=kind, riff=0xFFFFFFFF, data=0xFFFFFFFF)


def ape(items: int = 100) -> bytes:
    """Return an APEv2 tag with a header."""
    return b"APETAGEX" + struct.pack("<IIII8x", 2_000, items, 1, 0xA0000000) + bytes(items)


def id3(body: int = 64, *, off_by: int = 0, sizes: bytes | None = None) -> bytes:
    """Return an ID3v2 tag; `off_by` and `sizes` make its size wrong."""
    right = make.id3(b"", padding=body + off_by)[:10]
    return right[:6] + (sizes or right[6:]) + bytes(n % 97 for n in range(body))


def repaired(path: Path, data: bytes) -> tuple[Facts, bytes, list[str]]:
    """Return the facts of a file, its bytes after the repair, and what was repaired."""
    make.save(path, data)
    facts = probe(path)
    changes = repair(path)
    return facts, path.read_bytes(), changes


def decoded(data: bytes) -> bytes:
    """Return the 16-bit samples that libsndfile decodes from a sound."""
    import soundfile

    samples, _ = soundfile.read(io.BytesIO(data), dtype="int16", always_2d=True)
    return bytes(samples.tobytes())
