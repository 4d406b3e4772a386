"""Makes pictures, sounds and models for tests: real, odd and malicious ones.

Every function returns bytes; `save` writes them. Nothing is read from the network or a disk.
"""

import io
import json
import math
import random
import struct
import wave
import zlib
from functools import cache
from pathlib import Path
from typing import Literal

from PIL import Image, ImageDraw, PngImagePlugin

ORIENTATION = 0x0112
GPS = 0x8825
MAKE = 0x010F


def picture(
    size: tuple[int, int] = (96, 64), mode: str = "RGB", *, noise: bool = False
) -> Image.Image:
    """Draw a picture whose corners differ: red, green, blue, white clockwise from top left.

    With an alpha channel the right half is fully transparent. `noise` makes it hard to compress.
    """
    width, height = size
    if noise:
        grain = random.Random(7).randbytes(3 * width * height)  # noqa: S311 -- the same bytes each time
        rgb = Image.frombytes("RGB", size, grain)
    else:
        rgb = Image.new("RGB", size, "grey")
    draw = ImageDraw.Draw(rgb)
    half_width, half_height = max(width // 2, 1), max(height // 2, 1)
    if not noise:
        draw.rectangle((0, 0, half_width - 1, half_height - 1), "red")
        draw.rectangle((half_width, 0, width, half_height - 1), "lime")
        draw.rectangle((half_width, half_height, width, height), "blue")
        draw.rectangle((0, half_height, half_width - 1, height), "white")
    if mode in {"RGBA", "LA", "PA"}:
        alpha = Image.new("L", size, 255)
        ImageDraw.Draw(alpha).rectangle((half_width, 0, width, height), 0)
        rgba = rgb.convert("RGBA")
        rgba.putalpha(alpha)
        return rgba.convert(mode)
    if mode == "I;16":
        return rgb.convert("L").point([value * 257 for value in range(256)], "I").convert("I;16")
    return rgb.convert(mode)


def encoded(image: Image.Image, form: str, **options: object) -> bytes:
    """Return the picture as a file in a Pillow format."""
    buffer = io.BytesIO()
    image.save(buffer, form, **options)
    return buffer.getvalue()


def png(
    size: tuple[int, int] = (96, 64),
    mode: str = "RGB",
    *,
    noise: bool = False,
    text: dict[str, str] | None = None,
    exif: bytes | None = None,
) -> bytes:
    """Return a PNG; modes RGB, RGBA, L, LA, P, 1, I;16."""
    information = PngImagePlugin.PngInfo()
    for key, value in (text or {}).items():
        information.add_text(key, value)
    options: dict[str, object] = {"exif": exif} if exif else {}
    return encoded(picture(size, mode, noise=noise), "PNG", pnginfo=information, **options)


def exif(orientation: int = 1, *, gps: bool = False, make: str = "Camera 1234") -> bytes:
    """Return an EXIF block with an orientation, a camera and optionally a location."""
    block = Image.Exif()
    block[ORIENTATION] = orientation
    block[MAKE] = make
    if gps:
        block.get_ifd(GPS).update({1: "N", 2: (52.0, 30.0, 0.0), 3: "E", 4: (13.0, 24.0, 0.0)})
    return block.tobytes()


def jpeg(  # noqa: PLR0913 -- one argument per JPEG feature
    size: tuple[int, int] = (96, 64),
    mode: str = "RGB",
    *,
    orientation: int | None = None,
    gps: bool = False,
    progressive: bool = False,
    quality: int = 90,
    noise: bool = False,
) -> bytes:
    """Return a JPEG; modes RGB, L, CMYK. With an orientation or GPS it contains EXIF."""
    options: dict[str, object] = {"progressive": progressive, "quality": quality}
    if orientation is not None or gps:
        options["exif"] = exif(orientation or 1, gps=gps)
    return encoded(picture(size, mode, noise=noise), "JPEG", **options)


def webp(  # noqa: PLR0913 -- one argument per WebP feature
    size: tuple[int, int] = (96, 64),
    mode: str = "RGB",
    *,
    lossless: bool = False,
    exif: bytes | None = None,
    frames: int = 1,
    noise: bool = False,
) -> bytes:
    """Return a WebP: lossy or lossless, with EXIF or several frames (in the extended format)."""
    image = picture(size, mode, noise=noise)
    options: dict[str, object] = {"lossless": lossless}
    if exif:
        options["exif"] = exif
    if frames > 1:
        others = [image.transpose(Image.Transpose.ROTATE_180)] * (frames - 1)
        options |= {"save_all": True, "append_images": others}
    return encoded(image, "WEBP", **options)


def gif(size: tuple[int, int] = (96, 64), *, frames: int = 1) -> bytes:
    """Return a GIF, animated if it has several frames."""
    image = picture(size, "P")
    if frames == 1:
        return encoded(image, "GIF")
    others = [picture(size, "RGB").rotate(90 * n).convert("P") for n in range(1, frames)]
    return encoded(image, "GIF", save_all=True, append_images=others)


def bmp(size: tuple[int, int] = (96, 64)) -> bytes:
    """Return a Windows bitmap."""
    return encoded(picture(size), "BMP")


def tiff(size: tuple[int, int] = (96, 64), mode: str = "RGB") -> bytes:
    """Return a TIFF; modes RGB, RGBA, L, CMYK, I;16."""
    return encoded(picture(size, mode), "TIFF")


def avif(size: tuple[int, int] = (96, 64)) -> bytes:
    """Return an AVIF."""
    return encoded(picture(size), "AVIF")


def mask(size: tuple[int, int] = (96, 64), *, marked: bool = True, mode: str = "L") -> bytes:
    """Return a black PNG with a white square in the centre, or all black if nothing is marked."""
    image = Image.new("L", size, 0)
    if marked:
        width, height = size
        box = (width // 4, height // 4, width * 3 // 4, height * 3 // 4)
        ImageDraw.Draw(image).rectangle(box, 255)
    return encoded(image.convert(mode), "PNG")


def bomb_png(size: tuple[int, int] = (12_000, 10_000)) -> bytes:
    """Return a valid PNG of at most a few hundred kilobytes that decodes to 120 megapixels."""
    width, height = size
    packer = zlib.compressobj(9)
    row = bytes(1 + (width + 7) // 8)
    data = b"".join(packer.compress(row) for _ in range(height)) + packer.flush()
    header = struct.pack(">IIBBBBB", width, height, 1, 0, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        png_chunk(kind, body) for kind, body in ((b"IHDR", header), (b"IDAT", data), (b"IEND", b""))
    )


def png_chunk(kind: bytes, body: bytes) -> bytes:
    """Return one PNG chunk with its length and checksum."""
    checksum = zlib.crc32(kind + body)
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", checksum)


def wav(seconds: float = 1.0, *, rate: int = 44_100, channels: int = 2) -> bytes:
    """Return a WAV with a tone of 440 Hz, 16 bits per sample."""
    buffer = io.BytesIO()
    frames = round(seconds * rate)
    period = [round(8_000 * math.sin(2 * math.pi * n / 100)) for n in range(100)]
    second = b"".join(struct.pack("<h", value) * channels for value in period)
    with wave.open(buffer, "wb") as sound:
        sound.setnchannels(channels)
        sound.setsampwidth(2)
        sound.setframerate(rate)
        sound.writeframes((second * (frames // 100 + 1))[: frames * channels * 2])
    return buffer.getvalue()


SoundForm = Literal["MP3", "FLAC", "OGG"]


@cache
def sound(seconds: float = 1.0, form: SoundForm = "MP3", *, rate: int = 44_100) -> bytes:
    """Return a tone in a compressed format, made by libsndfile."""
    import numpy as np
    import soundfile

    tone = 0.3 * np.sin(2 * np.pi * 440 * np.arange(round(seconds * rate)) / rate)
    buffer = io.BytesIO()
    soundfile.write(buffer, tone, rate, format=form)
    return buffer.getvalue()


def mp3(seconds: float = 1.0, *, rate: int = 44_100) -> bytes:
    """Return an MP3 with a tone of 440 Hz."""
    return sound(seconds, "MP3", rate=rate)


def id3(body: bytes, *, padding: int = 64) -> bytes:
    """Return the sound behind an ID3v2 tag of that many empty bytes."""
    size = bytes(padding >> shift & 0x7F for shift in (21, 14, 7, 0))
    return b"ID3\x04\x00\x00" + size + bytes(padding) + body


def glb() -> bytes:
    """Return a GLB with one triangle."""
    positions = struct.pack("<9f", 0, 0, 0, 1, 0, 0, 0, 1, 0)
    document = {
        "asset": {"version": "2.0"},
        "buffers": [{"byteLength": len(positions)}],
        "bufferViews": [{"buffer": 0, "byteLength": len(positions)}],
        "accessors": [
            {
                "bufferView": 0,
                "componentType": 5126,
                "count": 3,
                "type": "VEC3",
                "min": [0, 0, 0],
                "max": [1, 1, 0],
            }
        ],
        "meshes": [{"primitives": [{"attributes": {"POSITION": 0}}]}],
        "nodes": [{"mesh": 0}],
        "scenes": [{"nodes": [0]}],
        "scene": 0,
    }
    text = json.dumps(document).encode()
    text += b" " * (-len(text) % 4)
    chunks = struct.pack("<I4s", len(text), b"JSON") + text
    chunks += struct.pack("<I4s", len(positions), b"BIN\x00") + positions
    return struct.pack("<4sII", b"glTF", 2, 12 + len(chunks)) + chunks


def cut(data: bytes, share: float = 0.6) -> bytes:
    """Return the first part of a file, as if a download had broken off."""
    return data[: int(len(data) * share)]


def save(path: Path, data: bytes) -> Path:
    """Write the bytes and return the path."""
    path.write_bytes(data)
    return path
