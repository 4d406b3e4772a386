"""Files that were cut off, contradict themselves, or are something else than their name says."""

import io
import struct
import zipfile
from collections.abc import Callable, Mapping
from functools import partial

import support.imaging.odd_pictures as odd
import support.imaging.sample_files as make
from support.corpus.odd_file import (
    FOUR,
    SIZE,
    OddFile,
    picture,
    refused,
    unsuitable,
    unusable,
)

PAYLOAD = b"<script>alert(document.domain)</script>"
"""What the other half of a file with two natures contains; it must never be sent."""

CUT = "is cut short: "
DAMAGED = "is damaged: "
NO_DECODER = "is damaged: it cannot be decoded."
TURNED_180 = (FOUR[2], FOUR[3], FOUR[0], FOUR[1])
TURNED_6 = (FOUR[3], FOUR[0], FOUR[1], FOUR[2])
UNKNOWN = "The file isn't a supported picture, sound or 3D model, whatever its name says."
STRIPPED = "metadata removed before sending"

_PNG = partial(make.png, SIZE, noise=True)
_JPEG = partial(make.jpeg, SIZE, noise=True)


def _until(data: bytes, mark: bytes, more: int = 0) -> bytes:
    """Return a file up to a marker and some bytes more."""
    return data[: data.index(mark) + more]


def _patched(data: bytes, at: int, new: bytes) -> bytes:
    return data[:at] + new + data[at + len(new) :]


def _png_with(*chunks: tuple[bytes, bytes]) -> bytes:
    """Return a PNG with chunks behind its header."""
    whole = make.png(SIZE)
    return whole[:33] + b"".join(make.png_chunk(*each) for each in chunks) + whole[33:]


def _wrong_checksum(kind: bytes) -> bytes:
    data = bytearray(make.png(SIZE))
    at = data.index(kind)
    data[at + 4 + int.from_bytes(data[at - 4 : at], "big")] ^= 0xFF
    return bytes(data)


def _jpeg_with(*segments: tuple[int, bytes]) -> bytes:
    """Return a JPEG with segments behind its first marker."""
    data = make.jpeg(SIZE)
    added = (struct.pack(">BBH", 0xFF, kind, len(body) + 2) + body for kind, body in segments)
    return data[:2] + b"".join(added) + data[2:]


def _frame(at: int, new: bytes) -> bytes:
    """Return a JPEG with other bytes in its frame header."""
    data = make.jpeg(SIZE)
    return _patched(data, data.index(b"\xff\xc0") + at, new)


def _exif(*entries: tuple[int, int, int, int], after: int = 0, count: int | None = None) -> bytes:
    """Return a JPEG with these EXIF entries: tag, type, count, value or position."""
    body = b"".join(struct.pack("<HHII", *entry) for entry in entries)
    head = b"II*\0" + struct.pack("<IH", 8, len(entries) if count is None else count)
    return _jpeg_with((0xE1, b"Exif\0\0" + head + body + struct.pack("<I", after)))


def _huge_exif() -> bytes:
    """Return a JPEG with 1.3 MB of EXIF in 20 segments, an orientation first."""
    first = b"II*\0" + struct.pack("<IHHHII", 8, 1, make.ORIENTATION, 3, 1, 6)
    blocks = [first.ljust(65_000, b"\0"), *[bytes(65_000)] * 19]
    return _jpeg_with(*((0xE1, b"Exif\0\0" + block) for block in blocks))


def _restarts(interval: int, markers: bytes = b"") -> bytes:
    """Return a JPEG that announces restart markers at an interval, and has others or none."""
    data = make.jpeg(SIZE)
    scan = data.index(b"\xff\xda")
    body = scan + 2 + int.from_bytes(data[scan + 2 : scan + 4], "big")
    announced = struct.pack(">HHH", 0xFFDD, 4, interval)
    return data[:scan] + announced + data[scan:body] + markers + data[body:]


def _profiled(profile: bytes) -> bytes:
    return make.encoded(make.picture(SIZE), "PNG", icc_profile=profile)


def _zip() -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("index.html", PAYLOAD)
    return buffer.getvalue()


def _webp_with(kind: bytes, body: bytes) -> bytes:
    data = make.webp(SIZE, exif=make.exif(1))
    whole = data + kind + struct.pack("<I", len(body)) + body + bytes(len(body) & 1)
    return _patched(whole, 4, struct.pack("<I", len(whole) - 8))


def _bytes(data: bytes) -> Callable[[], bytes]:
    return lambda: data


CUT_OFF: Mapping[str, OddFile] = {
    "nothing.png": refused(_bytes(b""), "is empty."),
    "zeros.jpg": refused(_bytes(bytes(4_096)), "The file is all zeros."),
    "signature.png": refused(lambda: make.png(SIZE)[:8], f"{CUT}its last chunk (IEND)"),
    "header.png": refused(lambda: make.png(SIZE)[:33], f"{CUT}its last chunk (IEND)"),
    "half.png": refused(lambda: make.cut(_PNG(), 0.5), f"{CUT}50 % of the picture is missing."),
    "without_iend.png": picture(
        lambda: _PNG()[:-12], shows=None, repaired="its missing last chunk (IEND) was added"
    ),
    "signature.jpg": refused(lambda: make.jpeg(SIZE)[:3], f"{CUT}its end (EOI) is missing."),
    "tables.jpg": refused(lambda: _until(_JPEG(), b"\xff\xda"), f"{CUT}its end (EOI) is missing."),
    "scan_header.jpg": refused(
        lambda: _until(_JPEG(), b"\xff\xda", 14), f"{CUT}100 % of the picture is missing."
    ),
    "half.jpg": refused(lambda: make.cut(_JPEG(), 0.5), " % of the picture is missing."),
    "without_eoi.jpg": picture(
        lambda: _JPEG()[:-2], shows=None, repaired="its missing end mark (EOI) was added"
    ),
    "half_progressive.jpg": refused(
        lambda: make.cut(make.jpeg(SIZE, noise=True, progressive=True), 0.5),
        f"{CUT}the scans with its details are missing.",
    ),
    "header.webp": refused(lambda: make.webp(SIZE)[:12], f"{CUT}144 of 156 bytes are missing."),
    "half.webp": refused(lambda: make.cut(make.webp(SIZE), 0.5), "78 of 156 bytes are missing."),
    "half_animated.webp": refused(
        lambda: make.cut(make.webp(SIZE, frames=3), 0.5), "bytes are missing."
    ),
    "header.gif": refused(lambda: make.gif(SIZE)[:13], f"{CUT}its trailer is missing."),
    "half.gif": refused(
        lambda: make.cut(make.gif(SIZE), 0.5), f"{CUT}70 % of the picture is missing."
    ),
    "header.tiff": refused(_bytes(b"II*\0\x08\0\0\0"), f"{DAMAGED}its directory cannot be read."),
    "half.tiff": unusable(
        lambda: make.cut(make.tiff(SIZE), 0.5),
        "This TIFF is cut short: the end of its picture is missing.",
    ),
    "header.bmp": refused(lambda: make.bmp(SIZE)[:26], f"This BMP {NO_DECODER}"),
    "half.bmp": unusable(
        lambda: make.cut(make.bmp(SIZE), 0.5),
        "This BMP is cut short: the end of its picture is missing.",
    ),
    "header.avif": refused(lambda: make.avif(SIZE)[:24], f"This AVIF {NO_DECODER}"),
    "half.avif": refused(lambda: make.cut(make.avif(SIZE), 0.6), f"This AVIF {NO_DECODER}"),
}

CONTRADICTORY: Mapping[str, OddFile] = {
    "checksum_of_header.png": unusable(partial(_wrong_checksum, b"IHDR"), f"This PNG {NO_DECODER}"),
    "checksum_of_pixels.png": picture(partial(_wrong_checksum, b"IDAT")),
    "no_width.png": refused(
        lambda: _patched(make.png(SIZE), 16, bytes(4)), f"{DAMAGED}its width or height is 0."
    ),
    "depth_of_3.png": refused(
        lambda: _patched(make.png(SIZE), 24, b"\3"), "an invalid colour type or bit depth."
    ),
    "two_headers.png": picture(lambda: _png_with((b"IHDR", make.png(SIZE)[16:29]))),
    "profile_of_noise.png": picture(lambda: _profiled(bytes(range(256)) * 8)),
    "profile_cut.png": picture(lambda: _profiled(odd.profile("RGB")[:200])),
    "profile_of_cmyk.png": picture(lambda: _profiled(odd.cmyk_profile())),
    "profile_not_packed.png": picture(lambda: _png_with((b"iCCP", b"x\0\0no zlib"))),
    "exif_of_1_mb.jpg": picture(_huge_exif, "rotated upright, EXIF removed", shows=TURNED_6),
    "exif_beyond_end.jpg": picture(lambda: _exif((0x8769, 4, 1, 0xFFFF_FFF0)), "EXIF removed"),
    "exif_starts_beyond_end.jpg": picture(
        lambda: _jpeg_with((0xE1, b"Exif\0\0II*\0\xff\xff\xff\x7f")), "EXIF removed"
    ),
    "exif_loop.jpg": picture(
        lambda: _exif((0x0112, 3, 1, 3), (0x8769, 4, 1, 8), (0x8825, 4, 1, 8), after=8),
        "rotated upright, EXIF and GPS removed",
        shows=TURNED_180,
    ),
    "exif_of_65535_entries.jpg": picture(lambda: _exif(count=0xFFFF), "EXIF removed"),
    "orientation_9.jpg": picture(lambda: make.jpeg(SIZE, orientation=9), "EXIF removed"),
    "restart_interval_65535.jpg": picture(partial(_restarts, 0xFFFF)),
    "restarts_missing.jpg": picture(partial(_restarts, 1), shows=None),
    "restarts_unannounced.jpg": picture(partial(_restarts, 0, b"\xff\xd3\xff\xd7"), shows=None),
    "65535_restarts.jpg": picture(partial(_restarts, 0xFFFF, b"\xff\xd0" * 65_535), shows=None),
    "segment_of_length_0.jpg": picture(
        lambda: make.jpeg(SIZE)[:2] + b"\xff\xe5\0\0" + make.jpeg(SIZE)[2:], STRIPPED
    ),
    "5_channels.jpg": refused(partial(_frame, 9, b"\5"), f"{DAMAGED}it has 5 colour channels."),
    "12_bits.jpg": unusable(partial(_frame, 4, b"\x0c"), f"This JPEG {NO_DECODER}"),
    "frame_beyond_screen.gif": unusable(
        lambda: _patched(make.gif(SIZE), 6, struct.pack("<HH", 80, 48)),
        f"{DAMAGED}it declares two different sizes.",
    ),
    "canvas_of_other_size.webp": refused(
        lambda: _patched(make.webp(SIZE, exif=make.exif(1)), 24, b"\xff\1\0"),
        f"{DAMAGED}it declares two different sizes.",
    ),
}

MISLABELLED: Mapping[str, OddFile] = {
    "a_png.jpg": picture(lambda: make.png(SIZE, text={"a": "b"}), STRIPPED),
    "a_webp.gif": picture(partial(make.webp, SIZE)),
    "a_jpeg_without_ending": picture(lambda: make.jpeg(SIZE, quality=80)),
    "a_jpeg.wav": unsuitable(
        lambda: make.jpeg(SIZE, quality=70), 'audio takes a sound, but "a_jpeg.wav" is a picture'
    ),
    "a_model.png": unsuitable(
        make.glb, 'image takes a picture, but "a_model.png" is a 3D model (model/gltf-binary).'
    ),
    "web_page.png": refused(_bytes(b"<!DOCTYPE html><html>" + PAYLOAD), "The file is a web page"),
    "pdf.png": refused(_bytes(b"%PDF-1.7\n1 0 obj\n"), "The file is a PDF document"),
    "zip.png": refused(_zip, "The file is a ZIP archive"),
    "gzip.png": refused(_bytes(b"\x1f\x8b\x08\0" + bytes(60)), "The file is gzip-compressed data"),
    "svg.png": refused(
        _bytes(b'<svg xmlns="http://www.w3.org/2000/svg">' + PAYLOAD), "The file is an SVG drawing"
    ),
    "json.png": refused(_bytes(b'{"error": 403}'), "The file is a JSON text"),
    "xml.png": refused(_bytes(b"<?xml version='1.0'?><Error/>"), "The file is an XML text"),
    "photoshop.png": refused(_bytes(b"8BPS\0\1" + bytes(60)), "The file is a PSD picture"),
    "icon.ico": refused(
        lambda: make.encoded(make.picture((32, 32)), "ICO"), "The file is an icon (ICO)"
    ),
    "text.png": refused(_bytes(b"not a picture at all\n" * 20), UNKNOWN),
    "program.png": refused(_bytes(b"\x7fELF\2\1\1" + bytes(60)), UNKNOWN),
}

POLYGLOTS: Mapping[str, OddFile] = {
    # Width and height start with "/*": a script engine skips the picture as a comment.
    "gif_and_script.gif": unsuitable(
        lambda: b"GIF89a/*" + make.gif(SIZE)[8:] + b"*/=1;" + PAYLOAD,
        "The picture's aspect ratio is",
        repaired="44 trailing bytes removed",
    ),
    "gif_then_script.gif": picture(
        lambda: make.gif(SIZE) + PAYLOAD,
        "re-encoded as PNG",
        repaired="39 trailing bytes removed",
    ),
    "jpeg_then_zip.jpg": picture(
        lambda: make.jpeg(SIZE) + _zip(), repaired="157 trailing bytes removed"
    ),
    "jpeg_and_page.jpg": picture(lambda: _jpeg_with((0xFE, PAYLOAD)), STRIPPED),
    "jpeg_and_pdf.jpg": picture(lambda: _jpeg_with((0xFE, b"%PDF-1.4\n" + PAYLOAD)), STRIPPED),
    "jpeg_and_data_of_program.jpg": picture(lambda: _jpeg_with((0xEB, PAYLOAD)), STRIPPED),
    "png_and_page.png": picture(lambda: _png_with((b"tEXt", b"a\0" + PAYLOAD)), STRIPPED),
    "png_and_unknown_chunk.png": picture(lambda: _png_with((b"htML", PAYLOAD)), STRIPPED),
    "png_then_page.png": picture(
        lambda: make.png(SIZE) + PAYLOAD, repaired="39 trailing bytes removed"
    ),
    "webp_and_page.webp": picture(
        partial(_webp_with, b"HTML", PAYLOAD), "EXIF and other metadata removed"
    ),
    "pdf_then_jpeg.jpg": refused(
        lambda: b"%PDF-1.4\n" + make.jpeg(SIZE), "The file is a PDF document"
    ),
    "page_then_png.png": refused(
        lambda: b"<html>" + PAYLOAD + make.png(SIZE), "The file is a web page"
    ),
}
"""Files that another program reads as something else."""
