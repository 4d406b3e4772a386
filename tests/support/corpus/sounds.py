"""Sounds and 3D models: every way to write a WAV header, MP3 with odd tags, GLB."""

import io
import json
import struct
from collections.abc import Mapping
from functools import cache, partial

import numpy as np
import soundfile

import support.imaging.odd_sounds as odd
import support.imaging.sample_files as make
from support.corpus.odd_file import OddFile, refused, sound, unsuitable

SECONDS = 7
CORRECTED = "its header corrected: 7.0 s of sound"
COMPLETED = "its unfinished header completed: 7.0 s of sound"
STRIPPED = "metadata removed before sending"
JUNK = "bytes of tags, zeros or junk before its first frame removed"
_EXTERNAL = {
    "asset": {"version": "2.0"},
    "buffers": [{"byteLength": 36, "uri": "file:///etc/passwd"}],
    "images": [{"uri": "https://internal.example/secret.png"}],
}


@cache
def _tone(width: int = 2) -> bytes:
    return odd.tone(SECONDS, width=width)


@cache
def _mp3() -> bytes:
    return make.mp3(SECONDS, rate=22_050)


def _wav(*, riff: int | None = None, data: int | None = None) -> bytes:
    return odd.wav([odd.form(), (b"data", _tone())], riff=riff, data=data)


def _of(form: odd.Chunk, width: int = 2) -> bytes:
    return odd.wav([form, (b"data", _tone(width))])


def _floats() -> bytes:
    samples = struct.pack("<100f", *(n / 100 for n in range(100)))
    return odd.wav([odd.form(3, 32), (b"data", samples * (SECONDS * odd.RATE // 100))])


def _variable_rate() -> bytes:
    """Return an MP3 whose frames have different bit rates: silence, then a tone."""
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


SOUNDS: Mapping[str, OddFile] = {
    "16_bits.wav": sound(_wav),
    "8_bits.wav": sound(partial(_of, odd.form(bits=8), 1)),
    "24_bits.wav": sound(partial(_of, odd.form(bits=24), 3)),
    "24_bits_extensible.wav": sound(partial(_of, odd.extensible(24), 3)),
    "32_bits.wav": sound(partial(_of, odd.form(bits=32), 4)),
    "float.wav": sound(_floats),
    "a_law.wav": sound(partial(_of, odd.form(6, 8, extra=b"\0\0"), 1)),
    "mu_law.wav": sound(partial(_of, odd.form(7, 8, extra=b"\0\0"), 1)),
    "rf64.wav": sound(lambda: odd.rf64(_tone()), "converted from RF64 to WAV"),
    "rf64_without_lengths.wav": sound(
        lambda: odd.rf64(_tone(), known=False), "converted from RF64 to WAV"
    ),
    "bw64.wav": sound(lambda: odd.rf64(_tone(), kind=b"BW64"), "converted from BW64 to WAV"),
    "file_length_0.wav": sound(partial(_wav, riff=0), CORRECTED),
    "both_lengths_0.wav": sound(partial(_wav, riff=0, data=0), COMPLETED),
    "lengths_unknown.wav": sound(partial(_wav, riff=0xFFFF_FFFF, data=0xFFFF_FFFF), COMPLETED),
    "length_too_short.wav": sound(partial(_wav, data=8_000), CORRECTED),
    "length_too_long.wav": sound(partial(_wav, data=SECONDS * 2 * odd.RATE + 60), CORRECTED),
    "block_of_7.wav": sound(partial(_of, odd.form(block=7)), CORRECTED),
    "byte_rate_1.wav": sound(partial(_of, odd.form(per_second=1)), CORRECTED),
    "chunk_not_padded.wav": sound(
        lambda: odd.wav([odd.form(), (b"LIST", b"abc"), (b"data", _tone())], padded=False),
        CORRECTED,
        STRIPPED,
    ),
    "tag_first.wav": sound(
        lambda: odd.id3(64) + _wav(), "74 bytes of tags before its header removed"
    ),
    "a_wav.mp3": sound(partial(_of, odd.form(bits=16))),
    "plain.mp3": sound(_mp3),
    "an_mp3.wav": sound(partial(make.mp3, SECONDS, rate=24_000)),
    "variable_rate.mp3": sound(_variable_rate),
    "two_tags.mp3": sound(lambda: odd.id3(64) + odd.id3(64) + _mp3(), f"148 {JUNK}"),
    "junk_first.mp3": sound(lambda: odd.id3(64) + b"\x01junk" * 3 + _mp3(), f"89 {JUNK}"),
    "zeros_first.mp3": sound(lambda: bytes(1_000) + _mp3(), f"1,000 {JUNK}"),
    "tag_at_end.mp3": sound(lambda: _mp3() + b"TAG" + bytes(125), changes=STRIPPED),
    "ape_tag.mp3": sound(lambda: _mp3() + odd.ape(), changes=STRIPPED),
    "last_frames_missing.mp3": sound(lambda: make.cut(_mp3(), 0.95)),
    "cut.wav": refused(
        lambda: make.cut(_wav()),
        "This WAV is cut short: 44,818 of 112,000 bytes of sound are missing (2.8 of 7.0 s).",
    ),
    "header.wav": refused(
        lambda: _wav()[:12], "This WAV is damaged: its fmt or data chunk is missing."
    ),
    "no_format.wav": refused(
        lambda: odd.wav([(b"data", _tone())]), "its fmt or data chunk is missing."
    ),
    "no_data.wav": refused(lambda: odd.wav([odd.form()]), "its fmt or data chunk is missing."),
    "no_samples.wav": refused(
        lambda: odd.wav([odd.form(), (b"data", b"")]), "This WAV is damaged: it contains no sound."
    ),
    "no_channels.wav": refused(
        partial(_of, odd.form(channels=0)), "zero channels, sample rate or byte rate."
    ),
    "format_cut.wav": refused(partial(_of, (b"fmt ", b"\1\0\1\0")), "its fmt chunk is incomplete."),
    "40000_channels.wav": refused(
        partial(_of, odd.form(channels=40_000, block=1, per_second=1)),
        "its header has no valid sample size or rate.",
    ),
    "100000_chunks.wav": refused(
        lambda: odd.wav([odd.form(), *[(b"junk", b"")] * 100_001, (b"data", _tone())]),
        "This WAV is damaged: it has more than 100,000 parts.",
    ),
    "too_short.wav": unsuitable(
        lambda: make.wav(0.5, rate=8_000, channels=1), "is 0.5 s long; it must be from 6 to 190 s."
    ),
    "tag_only.mp3": refused(lambda: odd.id3(64), "This MP3 is damaged: it contains no sound."),
    "tag_cut.mp3": refused(
        lambda: odd.id3(100_000)[:500], "This MP3 is damaged: it contains no sound."
    ),
    "less_than_a_frame.mp3": refused(
        lambda: _mp3()[:60], "This MP3 is damaged: it contains no sound."
    ),
    "noise.mp3": refused(
        lambda: bytes((n * 7919) % 251 for n in range(9_000)),
        "The file isn't a supported picture, sound or 3D model, whatever its name says.",
    ),
}

_NOT_A_PICTURE = "is a 3D model (model/gltf-binary)."

MODELS: Mapping[str, OddFile] = {
    "model.glb": unsuitable(make.glb, _NOT_A_PICTURE),
    "external_files.glb": unsuitable(partial(_glb, _EXTERNAL), _NOT_A_PICTURE),
    "half.glb": refused(
        lambda: make.cut(make.glb()), "This GLB model is cut short: 170 of 424 bytes are missing."
    ),
    "header.glb": refused(lambda: make.glb()[:12], "its header is incomplete."),
    "length_too_long.glb": refused(
        partial(_glb, {}, length=5_000), "4,976 of 5,000 bytes are missing."
    ),
    "length_too_short.glb": refused(
        partial(_glb, {}, length=16), "it doesn't start with its JSON chunk."
    ),
    "chunk_too_long.glb": refused(
        partial(_glb, {}, first=0xFFFF_FFF0), "it doesn't start with its JSON chunk."
    ),
    "version_1.glb": refused(
        lambda: struct.pack("<4sII", b"glTF", 1, 20) + bytes(8),
        "The file is a GLB model of version 1",
    ),
}
