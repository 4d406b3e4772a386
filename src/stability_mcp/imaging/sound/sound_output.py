"""Writes computed samples as WAV, or as MP3 by the extra `[formats]`."""

import sys
from collections.abc import Iterable
from pathlib import Path

from stability_mcp.imaging.containers.wav import pcm_format, wav_header
from stability_mcp.imaging.sound.sample_math import audioop
from stability_mcp.imaging.sound.sample_stream import SoundForm, rounded
from stability_mcp.imaging.strip import atomic_write

MP3_RATES = (8_000, 11_025, 12_000, 16_000, 22_050, 24_000, 32_000, 44_100, 48_000)
MAX_MP3_CHANNELS = 2
MP3_QUALITY = 0.2
"""Variable bit rate, level 2 of LAME's 0 (largest) to 9.999: about 190 kbit/s of stereo, which
listeners don't tell from the original (wiki.hydrogenaud.io, LAME). A constant rate would be larger
for the same quality."""


def nearest_mp3_rate(rate: int) -> int:
    """Return the rate at which a sound is written as MP3: the same, or the next lower one."""
    return max((each for each in MP3_RATES if each <= rate), default=MP3_RATES[0])


def write_wav(
    blocks: Iterable[bytes], form: SoundForm, *, frames: int, width: int, target: Path
) -> None:
    """Write 32-bit samples as a WAV with 2, 3 or 4 bytes per sample.

    Raises:
        OSError: `target` cannot be written.
    """
    length = frames * form.channels * width
    with atomic_write(target) as out:
        out.write(wav_header(pcm_format(form.rate, form.channels, width), length))
        for block in rounded(blocks, width):
            out.write(block if sys.byteorder == "little" else audioop().byteswap(block, width))
        out.write(bytes(length & 1))


def write_encoded_mp3(blocks: Iterable[bytes], form: SoundForm, *, target: Path) -> None:
    """Write 32-bit samples as an MP3 with a variable bit rate.

    Raises:
        OSError: `target` cannot be written.
    """
    import soundfile

    with (
        atomic_write(target) as out,
        soundfile.SoundFile(
            out,
            "w",
            form.rate,
            form.channels,
            "MPEG_LAYER_III",
            format="MP3",
            bitrate_mode="VARIABLE",
            compression_level=MP3_QUALITY,
        ) as file,
    ):
        for block in blocks:
            file.buffer_write(block, "int32")
