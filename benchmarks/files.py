"""Test files with the sizes and formats that the API accepts and returns."""

import random
import wave
from pathlib import Path
from typing import IO

SEED = 20_261_122
CHUNK = 1 << 20


def megabytes(path: Path) -> float:
    """Return the size of a file in MB (10^6 bytes)."""
    return path.stat().st_size / 1e6


def picture(path: Path, side: int, *, noise: int, height: int | None = None) -> Path:
    """Write a PNG with noise like a photograph's; more noise makes a larger file.

    Args:
        path: The file.
        side: Width in pixels, and height unless given.
        noise: Strength of the noise; 0 gives a few kilobytes, 20 the size of the API's pictures.
        height: Height in pixels.
    """
    from PIL import Image, ImageChops

    size = (side, height or side)
    across = Image.linear_gradient("L").resize(size)
    down = across.transpose(Image.Transpose.ROTATE_90).resize(size)
    round_ = Image.radial_gradient("L").resize(size)
    image = Image.merge("RGB", (across, down, round_))
    if noise:
        grain = Image.effect_noise((256, 256), noise)
        tiled = Image.new("L", size)
        for left in range(0, size[0], 256):
            for top in range(0, size[1], 256):
                tiled.paste(grain, (left, top))
        image = ImageChops.add(image, Image.merge("RGB", (tiled,) * 3), scale=2)
    image.save(path, compress_level=1)
    return path


def sound(path: Path, size: int, *, rate: int = 48_000, width: int = 3) -> Path:
    """Write a stereo WAV file of noise with about `size` bytes."""
    source = random.Random(SEED)  # noqa: S311 -- noise, not a secret
    chunk = source.randbytes(CHUNK - CHUNK % (2 * width))
    with path.open("wb") as file:
        _write(file, chunk, size, rate, width)
    return path


def _write(file: IO[bytes], chunk: bytes, size: int, rate: int, width: int) -> None:
    with wave.open(file, "wb") as out:
        out.setnchannels(2)
        out.setsampwidth(width)
        out.setframerate(rate)
        left = size - size % (2 * width)
        while left:
            piece = chunk[:left]
            out.writeframesraw(piece)
            left -= len(piece)
