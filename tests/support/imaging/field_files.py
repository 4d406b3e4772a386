"""Makes the files of the field cases: what phones, recorders, editors and chat programs left."""

import base64
import gzip
import struct
import unicodedata
import zlib
from collections.abc import Callable, Mapping
from functools import cache
from pathlib import Path

from PIL import Image, ImageDraw, ImageOps

import support.imaging.odd_pictures as pictures
import support.imaging.odd_sounds as sounds
import support.imaging.sample_files as make

SIZE = (160, 120)
SECONDS = 8
RECORDING = Path(__file__).parents[2] / "imaging/android_recorder.m4a"


@cache
def _tone() -> bytes:
    return sounds.tone(SECONDS)


@cache
def _mp3() -> bytes:
    return make.mp3(SECONDS, rate=22_050)


def _wav(riff: int | None = None, data: int | None = None) -> bytes:
    return sounds.wav([sounds.form(), (b"data", _tone())], riff=riff, data=data)


def _gif_with_zero() -> bytes:
    """Return a GIF with a zero byte between the picture and the trailer."""
    return make.gif(SIZE)[:-1] + b"\0;"


def _long_webp() -> bytes:
    data = make.webp(SIZE)
    return data[:4] + struct.pack("<I", len(data) - 8 + 10) + data[8:]


def _cgbi_png() -> bytes:
    """Return a PNG as Xcode stores it in an app: CgBI first, raw deflate."""
    data = make.png((32, 32))
    return data[:8] + make.png_chunk(b"CgBI", b"\x50\0\x20\x06") + data[8:]


def _large_png(size: tuple[int, int] = (7_000, 5_000)) -> bytes:
    """Return an RGBA PNG of 35 megapixels and little data."""
    width, height = size
    packer = zlib.compressobj(1)
    row = bytes(1 + 4 * width)
    data = b"".join(packer.compress(row) for _ in range(height)) + packer.flush()
    head = struct.pack(">IIBBBBB", width, height, 8, 6, 0, 0, 0)
    chunks = (make.png_chunk(*each) for each in ((b"IHDR", head), (b"IDAT", data), (b"IEND", b"")))
    return b"\x89PNG\r\n\x1a\n" + b"".join(chunks)


def _animated_png() -> bytes:
    image = make.picture(SIZE)
    return make.encoded(image, "PNG", save_all=True, append_images=[image.rotate(180)])


def _motion_photo() -> bytes:
    return make.jpeg(SIZE) + b"\0\0\0\x18ftypmp42\0\0\0\0isommp42" + bytes(3_000)


def _mask(size: tuple[int, int]) -> bytes:
    image = Image.new("L", size, 0)
    ImageDraw.Draw(image).rectangle((40, 30, 90, 80), fill=255)
    return make.encoded(image, "PNG")


FILES: Mapping[str, Callable[[], bytes]] = {
    # Pictures
    "plain.png": lambda: make.png(SIZE),
    "turned3.avif": lambda: pictures.rotated("avif", 3, SIZE),
    "turned6.jpg": lambda: pictures.rotated("jpeg", 6, SIZE),
    "turned8.tiff": lambda: pictures.rotated("tiff", 8, SIZE),
    "float_0_to_1.tiff": lambda: pictures.deep_tiff(pictures.ramp(0, 1, SIZE)),
    "12_bits_in_16.tiff": lambda: pictures.deep_tiff(
        pictures.ramp(1_200, 3_536, SIZE).convert("I").convert("I;16")
    ),
    "mask_square.png": lambda: _mask((128, 128)),
    "mask_same_size.png": lambda: _mask((120, 160)),
    "jpeg_without_eoi.jpg": lambda: make.jpeg(SIZE)[:-2],
    "gif_without_trailer.gif": lambda: make.gif(SIZE)[:-1],
    "gif_zero_between_blocks.gif": _gif_with_zero,
    "webp_riff_10_too_long.webp": _long_webp,
    "rgba_35_mp.png": _large_png,
    "ios_app_cgbi.png": _cgbi_png,
    "grey_with_alpha.png": lambda: make.png(SIZE, "LA"),
    "cmyk.jpg": lambda: make.jpeg(SIZE, "CMYK"),
    "motion_photo.jpg": _motion_photo,
    "animated.png": _animated_png,
    # Sounds
    "plain.wav": _wav,
    "two_id3_tags.mp3": lambda: sounds.id3(64) + sounds.id3(64) + _mp3(),
    "junk_after_id3.mp3": lambda: sounds.id3(64) + b"\x01junk" * 3 + _mp3(),
    "id3_size_2_too_long.mp3": lambda: sounds.id3(64, off_by=2) + _mp3(),
    "zeros_first.mp3": lambda: bytes(1_000) + _mp3(),
    "recorder_crashed_data_0.wav": lambda: _wav(riff=0, data=0),
    "stream_writer_36_0.wav": lambda: _wav(riff=36, data=0),
    "sbitx_0x23_ffffffff.wav": lambda: _wav(riff=0x23, data=0xFFFFFFFF),
    "oboe_int32_max.wav": lambda: _wav(riff=0x7FFFFFFF, data=0x7FFFFFFF - 36),
    "piped_ffffffff.wav": lambda: _wav(riff=0xFFFFFFFF, data=0xFFFFFFFF),
    "rf64.wav": lambda: sounds.rf64(_tone()),
    "pcm24.wav": lambda: sounds.wav(
        [sounds.extensible(24), (b"data", sounds.tone(SECONDS, width=3))]
    ),
    "mulaw.wav": lambda: sounds.wav(
        [sounds.form(7, 8, extra=b"\0\0"), (b"data", sounds.tone(SECONDS, width=1))]
    ),
    "id3_chunk_odd.wav": lambda: sounds.wav(
        [sounds.form(), (b"data", _tone()), (b"id3 ", sounds.id3(5))]
    ),
    "cover_of_50_kB.mp3": lambda: sounds.id3(50_000) + _mp3(),
    "wav_named_mp3.mp3": _wav,
    "id3_without_sound.mp3": lambda: sounds.id3(64),
    "voice_memo.m4a": lambda: RECORDING.read_bytes().replace(b"ftypmp42", b"ftypM4A ", 1),
    "android_recorder.m4a": RECORDING.read_bytes,
    "whatsapp_voice.ogg": lambda: make.sound(SECONDS, "OGG"),
    # Formats that can't be used
    "clip.mp4": lambda: b"\0\0\0\x18ftypisom\0\0\x02\0isommp42",
    "browser_recording.webm": lambda: b"\x1aE\xdf\xa3\x9fB\x86\x81\x01B\x82\x84webm",
    "garageband.aiff": lambda: b"FORM\0\x01\xf4\x2eAIFFCOMM" + bytes(100),
    "memo.caf": lambda: b"caff\0\x01\0\0desc" + bytes(60),
    "song.wma": lambda: bytes.fromhex("3026b2758e66cf11a6d900aa0062ce6c") + bytes(60),
    "favicon.ico": lambda: make.encoded(make.picture((32, 32)), "ICO"),
    "scan.jp2": lambda: make.encoded(make.picture(), "JPEG2000"),
    "photo.jxl": lambda: b"\xff\x0a\xfa\x7f" + bytes(range(200)),
    "texture.exr": lambda: b"\x76\x2f\x31\x01\x02\0\0\0channels\0" + bytes(37),
    "IMG_1.jpg.icloud": lambda: b"bplist00\xd3\x01",
    "._IMG_1.jpg": lambda: b"\0\x05\x16\x07\0\x02\0\0Mac OS X        ",
    "base64_text.png": lambda: base64.b64encode(make.png()),
    "gz.png": lambda: gzip.compress(make.png()),
    # Names
    "Screenshot 2026-08-10 at 9.22.20\u202fPM.png": lambda: make.png(SIZE),
    unicodedata.normalize("NFD", "Snímek obrazovky 2026-05-15 v\xa013.05.05.png"): lambda: make.png(
        SIZE
    ),
    unicodedata.normalize("NFD", "Capture d\u2019écran 2026-01-01 à 10.00.00.png"): lambda: (
        make.png(SIZE)
    ),
    "zero\u200bwidth.png": lambda: make.png(SIZE),
}
"""Makers of the files, by name."""


def upright(orientation: int) -> Image.Image:
    """Return the picture in a turned file as people see it."""
    image = make.picture(SIZE)
    image.getexif()[make.ORIENTATION] = orientation
    return ImageOps.exif_transpose(image)
