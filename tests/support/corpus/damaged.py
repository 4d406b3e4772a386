"""Files that were cut off, damaged or named wrongly, and files that are two things at once."""

import io
import struct
import zipfile
import zlib
from collections.abc import Callable, Mapping
from functools import partial

import support.imaging.odd_pictures as odd
import support.imaging.sample_files as make

SIZE = (96, 64)
PAYLOAD = b"<script>alert(document.domain)</script>"
"""What the other half of a file with two natures contains; it must never be sent."""

_PNG = partial(make.png, SIZE, noise=True)
_JPEG = partial(make.jpeg, SIZE, noise=True)


def _until(made: Callable[[], bytes], mark: bytes, more: int = 0) -> bytes:
    """Return a file up to a marker and some bytes more."""
    data = made()
    return data[: data.index(mark) + more]


def _text_png(data: bytes) -> bytes:
    """Return a PNG with a chunk of these bytes behind its header."""
    whole = make.png(SIZE)
    return whole[:33] + data + whole[33:]


def _damaged_checksum(kind: bytes) -> bytes:
    data = bytearray(make.png(SIZE))
    at = data.index(kind)
    length = int.from_bytes(data[at - 4 : at], "big")
    data[at + 4 + length] ^= 0xFF
    return bytes(data)


def _zip() -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("index.html", PAYLOAD)
    return buffer.getvalue()


def _patched(data: bytes, at: int, new: bytes) -> bytes:
    return data[:at] + new + data[at + len(new) :]


def _jpeg_with(segment: bytes) -> bytes:
    """Return a JPEG with segments behind its first marker."""
    data = make.jpeg(SIZE)
    return data[:2] + segment + data[2:]


def _segment(kind: int, body: bytes) -> bytes:
    return struct.pack(">BBH", 0xFF, kind, len(body) + 2) + body


def _exif(*entries: tuple[int, int, int, int], after: int = 0) -> bytes:
    """Return EXIF with these entries: tag, type, count, value or position."""
    body = b"".join(struct.pack("<HHII", *entry) for entry in entries)
    return b"II*\0" + struct.pack("<IH", 8, len(entries)) + body + struct.pack("<I", after)


def _jpeg_exif(block: bytes) -> bytes:
    return _jpeg_with(_segment(0xE1, b"Exif\0\0" + block))


def _huge_exif() -> bytes:
    """Return a JPEG with 1.3 MB of EXIF in 20 segments, an orientation first."""
    first = _exif((0x0112, 3, 1, 6)).ljust(65_000, b"\0")
    rest = (_segment(0xE1, b"Exif\0\0" + bytes(65_000)) for _ in range(19))
    return _jpeg_with(_segment(0xE1, b"Exif\0\0" + first) + b"".join(rest))


def _restarts(interval: int, markers: bytes = b"") -> bytes:
    """Return a JPEG that announces restart markers at an interval, and has others or none."""
    data = make.jpeg(SIZE)
    scan = data.index(b"\xff\xda")
    body = scan + 2 + int.from_bytes(data[scan + 2 : scan + 4], "big")
    return data[:scan] + _segment(0xDD, struct.pack(">H", interval)) + data[scan:body] + markers + data[body:]


def _profiled(profile: bytes) -> bytes:
    return make.encoded(make.picture(SIZE), "PNG", icc_profile=profile)


CUT: Mapping[str, Callable[[], bytes]] = {
    "empty.png": lambda: b"",
    "zeros.jpg": lambda: bytes(4_096),
    "signature.png": lambda: make.png(SIZE)[:8],
    "header.png": lambda: make.png(SIZE)[:33],
    "half.png": lambda: make.cut(_PNG(), 0.5),
    "without_iend.png": lambda: _PNG()[:-12],
    "signature.jpg": lambda: make.jpeg(SIZE)[:3],
    "tables.jpg": lambda: _until(_JPEG, b"\xff\xda"),
    "scan_header.jpg": lambda: _until(_JPEG, b"\xff\xda", 14),
    "half.jpg": lambda: make.cut(_JPEG(), 0.5),
    "without_eoi.jpg": lambda: _JPEG()[:-2],
    "half_progressive.jpg": lambda: make.cut(make.jpeg(SIZE, noise=True, progressive=True), 0.5),
    "header.webp": lambda: make.webp(SIZE)[:12],
    "half.webp": lambda: make.cut(make.webp(SIZE, noise=True), 0.5),
    "half_animated.webp": lambda: make.cut(make.webp(SIZE, frames=3, noise=True), 0.5),
    "header.gif": lambda: make.gif(SIZE)[:13],
    "half.gif": lambda: make.cut(make.gif(SIZE), 0.5),
    "half.tiff": lambda: make.cut(make.tiff(SIZE), 0.5),
    "header.tiff": lambda: b"II*\0\x08\0\0\0",
    "half.bmp": lambda: make.cut(make.bmp(SIZE), 0.5),
    "header.bmp": lambda: make.bmp(SIZE)[:26],
    "half.avif": lambda: make.cut(make.avif(SIZE), 0.6),
    "header.avif": lambda: make.avif(SIZE)[:24],
}
"""Files that end too early."""

WRONG: Mapping[str, Callable[[], bytes]] = {
    "checksum_of_header.png": partial(_damaged_checksum, b"IHDR"),
    "checksum_of_data.png": partial(_damaged_checksum, b"IDAT"),
    "no_pixels.png": lambda: _patched(make.png(SIZE), 16, bytes(4)),
    "depth_3.png": lambda: _patched(make.png(SIZE), 24, b"\3"),
    "two_headers.png": lambda: _text_png(make.png(SIZE)[8:33]),
    "profile_of_noise.png": lambda: _profiled(bytes(range(256)) * 8),
    "profile_cut.png": lambda: _profiled(odd.profile("RGB")[:200]),
    "profile_of_other_colours.png": lambda: _profiled(odd.cmyk_profile()),
    "profile_not_compressed.png": lambda: _text_png(make.png_chunk(b"iCCP", b"x\0\0" + b"no zlib")),
    "exif_huge.jpg": _huge_exif,
    "exif_beyond_end.jpg": lambda: _jpeg_exif(_exif((0x8769, 4, 1, 0xFFFF_FFF0))),
    "exif_starts_beyond_end.jpg": lambda: _jpeg_exif(b"II*\0" + struct.pack("<I", 0x7FFF_FFFF)),
    "exif_loop.jpg": lambda: _jpeg_exif(
        _exif((0x0112, 3, 1, 3), (0x8769, 4, 1, 8), (0x8825, 4, 1, 8), after=8)
    ),
    "exif_65535_entries.jpg": lambda: _jpeg_exif(b"II*\0" + struct.pack("<IH", 8, 0xFFFF) + bytes(600)),
    "exif_orientation_9.jpg": lambda: make.jpeg(SIZE, orientation=9),
    "restart_65535.jpg": partial(_restarts, 0xFFFF),
    "restart_missing.jpg": partial(_restarts, 1),
    "restart_unexpected.jpg": partial(_restarts, 0, b"\xff\xd3\xff\xd7\xff\xd0"),
    "restart_many.jpg": partial(_restarts, 0xFFFF, b"\xff\xd0" * 65_535),
    "segment_of_zero.jpg": lambda: _jpeg_with(b"\xff\xe5\0\0"),
    "five_channels.jpg": lambda: _patched(
        make.jpeg(SIZE), make.jpeg(SIZE).index(b"\xff\xc0") + 9, b"\5"
    ),
    "twelve_bits.jpg": lambda: _patched(
        make.jpeg(SIZE), make.jpeg(SIZE).index(b"\xff\xc0") + 4, b"\x0c"
    ),
    "frame_beside_screen.gif": lambda: _patched(make.gif(SIZE), 6, struct.pack("<HH", 4, 4)),
    "canvas_of_other_size.webp": lambda: _patched(
        make.webp(SIZE, exif=make.exif(1)), 24, (599).to_bytes(3, "little")
    ),
}
"""Files that contradict themselves."""

MISLABELLED: Mapping[str, Callable[[], bytes]] = {
    "png_named.jpg": partial(make.png, SIZE),
    "webp_named.gif": partial(make.webp, SIZE),
    "jpeg_named.wav": partial(make.jpeg, SIZE),
    "picture_without_ending": partial(make.png, SIZE),
    "web_page.png": lambda: b"<!DOCTYPE html><html><body>" + PAYLOAD,
    "pdf.png": lambda: b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n1 0 obj\n",
    "zip.png": _zip,
    "svg.png": lambda: b'<svg xmlns="http://www.w3.org/2000/svg">' + PAYLOAD + b"</svg>",
    "text.png": lambda: b"not a picture at all\n" * 20,
    "json.png": lambda: b'{"error": {"code": 403}}',
    "program.png": lambda: b"\x7fELF\2\1\1" + bytes(60),
    "windows_program.png": lambda: b"MZ\x90\0" + bytes(60) + b"PE\0\0",
    "gzip.png": lambda: b"\x1f\x8b\x08\0" + bytes(60),
    "icon.ico": lambda: make.encoded(make.picture((32, 32)), "ICO"),
    "xml.png": lambda: b"<?xml version='1.0'?><Error><Code>AccessDenied</Code></Error>",
    "glb.png": make.glb,
    "photoshop.png": lambda: b"8BPS\0\1" + bytes(60),
}
"""Files of another kind than their name says."""

POLYGLOTS: Mapping[str, Callable[[], bytes]] = {
    "gif_and_script.gif": lambda: (
        # Width and height 0x2A2F, "/*": a script engine skips the picture as a comment.
        b"GIF89a/*" + make.gif(SIZE)[8:] + b"*/=1;" + PAYLOAD
    ),
    "gif_then_script.gif": lambda: make.gif(SIZE) + PAYLOAD,
    "jpeg_and_zip.jpg": lambda: make.jpeg(SIZE) + _zip(),
    "jpeg_and_page.jpg": lambda: _jpeg_with(_segment(0xFE, PAYLOAD)),
    "png_and_page.png": lambda: _text_png(make.png_chunk(b"tEXt", b"Comment\0" + PAYLOAD)),
    "png_and_unknown_chunk.png": lambda: _text_png(make.png_chunk(b"htML", PAYLOAD)),
    "png_then_page.png": lambda: make.png(SIZE) + PAYLOAD,
    "webp_and_page.webp": lambda: _riff_with(make.webp(SIZE, exif=make.exif(1)), b"HTML", PAYLOAD),
    "pdf_then_jpeg.jpg": lambda: b"%PDF-1.4\n" + make.jpeg(SIZE),
    "jpeg_and_pdf.jpg": lambda: _jpeg_with(_segment(0xFE, b"%PDF-1.4\n" + PAYLOAD)),
    "page_then_png.png": lambda: b"<html>" + PAYLOAD + make.png(SIZE),
}
"""Files that another program reads as something else."""


def _riff_with(data: bytes, kind: bytes, body: bytes) -> bytes:
    whole = data + kind + struct.pack("<I", len(body)) + body + bytes(len(body) & 1)
    return _patched(whole, 4, struct.pack("<I", len(whole) - 8))
