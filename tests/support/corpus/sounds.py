"""Sounds and 3D models: every way to write a WAV header, MP3 with odd tags, GLB."""

import json
import struct
from collections.abc import Callable, Mapping
from functools import cache, partial

import support.imaging.odd_sounds as odd
import support.imaging.sample_files as make
from support.imaging import field_files

SECONDS = 7


@cache
def _tone(width: int = 2) -> bytes:
    return odd.tone(SECONDS, width=width)


@cache
def _mp3() -> bytes:
    return make.mp3(SECONDS, rate=22_050)


def _wav(**lengths: int) -> bytes:
    return odd.wav([odd.form(), (b"data", _tone())], **lengths)


def _of_bits(bits: int, tag: int = odd.PCM) -> bytes:
    return odd.wav([odd.form(tag, bits), (b"data", _tone(bits // 8))])


def _floats() -> bytes:
    samples = struct.pack("<100f", *(n / 100 for n in range(100)))
    return odd.wav([odd.form(3, 32), (b"data", samples * (SECONDS * odd.RATE // 100))])


def _vbr() -> bytes:
    """Return an MP3 whose frames have different bit rates, without a table of them."""
    import io

    import numpy as np
    import soundfile

    times = np.arange(SECONDS * 22_050) / 22_050
    tone = 0.3 * np.sin(2 * np.pi * 440 * times) * (times > 3)
    buffer = io.BytesIO()
    soundfile.write(buffer, tone, 22_050, format="MP3", bitrate_mode="VARIABLE")
    return buffer.getvalue()


def _glb(document: object, *, length: int | None = None, first: int | None = None) -> bytes:
    """Return a GLB of a JSON document; `length` and `first` replace the right lengths."""
    text = json.dumps(document).encode()
    text += b" " * (-len(text) % 4)
    head = struct.pack("<I4s", len(text) if first is None else first, b"JSON")
    total = 20 + len(text) if length is None else length
    return struct.pack("<4sII", b"glTF", 2, total) + head + text


EXTERNAL = {
    "asset": {"version": "2.0"},
    "buffers": [{"byteLength": 36, "uri": "file:///etc/passwd"}],
    "images": [{"uri": "https://internal.example/secret.png"}],
}

SOUNDS: Mapping[str, Callable[[], bytes]] = {
    "plain.wav": _wav,
    "8_bits.wav": partial(_of_bits, 8),
    "24_bits.wav": partial(_of_bits, 24),
    "24_bits_extensible.wav": field_files.FILES["pcm24.wav"],
    "32_bits.wav": partial(_of_bits, 32),
    "float.wav": _floats,
    "a_law.wav": lambda: odd.wav([odd.form(6, 8, extra=b"\0\0"), (b"data", _tone(1))]),
    "mu_law.wav": field_files.FILES["mulaw.wav"],
    "rf64.wav": lambda: odd.rf64(_tone()),
    "rf64_without_lengths.wav": lambda: odd.rf64(_tone(), known=False),
    "bw64.wav": lambda: odd.rf64(_tone(), kind=b"BW64"),
    "riff_length_0.wav": partial(_wav, riff=0),
    "data_length_0.wav": partial(_wav, riff=0, data=0),
    "data_length_unknown.wav": partial(_wav, riff=0xFFFF_FFFF, data=0xFFFF_FFFF),
    "data_length_short.wav": partial(_wav, data=8_000),
    "data_length_long.wav": partial(_wav, data=SECONDS * odd.RATE * 2 + 60),
    "wrong_block.wav": lambda: odd.wav([odd.form(block=7), (b"data", _tone())]),
    "wrong_byte_rate.wav": lambda: odd.wav([odd.form(per_second=1), (b"data", _tone())]),
    "odd_chunk_not_padded.wav": lambda: odd.wav(
        [odd.form(), (b"LIST", b"abc"), (b"data", _tone())], padded=False
    ),
    "wav_named.mp3": _wav,
    "id3_first.wav": lambda: odd.id3(64) + _wav(),
    "plain.mp3": _mp3,
    "variable_rate.mp3": _vbr,
    "two_tags.mp3": lambda: odd.id3(64) + odd.id3(64) + _mp3(),
    "tag_at_end.mp3": lambda: _mp3() + b"TAG" + bytes(125),
    "ape_tag.mp3": lambda: _mp3() + odd.ape(),
    "junk_first.mp3": lambda: odd.id3(64) + b"\x01junk" * 3 + _mp3(),
    "zeros_first.mp3": lambda: bytes(1_000) + _mp3(),
    "mp3_named.wav": _mp3,
    "cut.mp3": lambda: make.cut(_mp3(), 0.95),
}
"""Sounds that play."""

BROKEN: Mapping[str, Callable[[], bytes]] = {
    "cut.wav": lambda: make.cut(_wav()),
    "header.wav": lambda: _wav()[:12],
    "no_format.wav": lambda: odd.wav([(b"data", _tone())]),
    "no_data.wav": lambda: odd.wav([odd.form()]),
    "no_samples.wav": lambda: odd.wav([odd.form(), (b"data", b"")]),
    "no_channels.wav": lambda: odd.wav([odd.form(channels=0), (b"data", _tone())]),
    "format_cut.wav": lambda: odd.wav([(b"fmt ", b"\1\0\1\0"), (b"data", _tone())]),
    "60000_channels.wav": lambda: odd.wav([odd.form(channels=60_000, block=1, per_second=1), (b"data", _tone())]),
    "100000_chunks.wav": lambda: odd.wav(
        [odd.form(), *[(b"junk", b"")] * 100_001, (b"data", _tone())]
    ),
    "tag_only.mp3": lambda: odd.id3(64),
    "cut_tag.mp3": lambda: odd.id3(1_000_000)[:500],
    "one_frame.mp3": lambda: _mp3()[:60],
    "noise.mp3": lambda: bytes((n * 7919) % 251 for n in range(9_000)),
    "too_short.wav": lambda: make.wav(0.5, rate=8_000, channels=1),
}
"""Sounds that can't be used."""

MODELS: Mapping[str, Callable[[], bytes]] = {
    "model.glb": make.glb,
    "external_files.glb": lambda: _glb(EXTERNAL),
    "cut.glb": lambda: make.cut(make.glb()),
    "header.glb": lambda: make.glb()[:12],
    "length_too_long.glb": lambda: _glb({"asset": {"version": "2.0"}}, length=5_000),
    "length_too_short.glb": lambda: _glb({"asset": {"version": "2.0"}}, length=16),
    "chunk_too_long.glb": lambda: _glb({"asset": {"version": "2.0"}}, first=0xFFFF_FFF0),
    "version_1.glb": lambda: struct.pack("<4sII", b"glTF", 1, 20) + bytes(8),
}
