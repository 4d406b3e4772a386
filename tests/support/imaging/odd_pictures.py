"""Makes odd pictures for tests: rotated, with profiles, deep, cut short, camera raw."""

import io
import struct

from PIL import Image, PngImagePlugin

import support.imaging.sample_files as make

XMP = '<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:Description tiff:Orientation="{}"/></x:xmpmeta>'
ROTATED = (
    "jpeg",
    "jpeg XMP",
    "png",
    "png text",
    "png XMP",
    "webp",
    "webp XMP",
    "tiff",
    "tiff LZW",
    "BigTIFF",
    "avif",
)
"""Ways to store an orientation."""


def rotated(
    way: str,
    orientation: int,
    size: tuple[int, int] = (96, 64),
    *,
    stored: Image.Image | None = None,
) -> bytes:
    """Return a picture with an orientation, stored in one of the `ROTATED` ways."""
    image, exif = stored or make.picture(size), make.exif(orientation)
    xmp = XMP.format(orientation).encode()
    tags = {make.ORIENTATION: orientation}
    options: dict[str, tuple[str, dict[str, object]]] = {
        "jpeg": ("JPEG", {"exif": exif, "quality": 95}),
        "jpeg XMP": ("JPEG", {"xmp": xmp, "quality": 95}),
        "png": ("PNG", {"exif": exif}),
        "png text": ("PNG", {"pnginfo": _text(exif=exif)}),
        "png XMP": ("PNG", {"pnginfo": _text(xmp=xmp)}),
        "webp": ("WEBP", {"exif": exif, "lossless": True}),
        "webp XMP": ("WEBP", {"xmp": xmp, "lossless": True}),
        "tiff": ("TIFF", {"tiffinfo": tags}),
        "tiff LZW": ("TIFF", {"tiffinfo": tags, "compression": "tiff_lzw"}),
        "BigTIFF": ("TIFF", {"tiffinfo": tags, "big_tiff": True}),
        "avif": ("AVIF", {"exif": exif, "quality": 95}),
    }
    form, given = options[way]
    return make.encoded(image, form, **given)


def _text(*, exif: bytes = b"", xmp: bytes = b"") -> PngImagePlugin.PngInfo:
    """Return compressed text chunks as ImageMagick and Adobe's programs write them."""
    text = PngImagePlugin.PngInfo()
    if exif:
        digits = f"\nexif\n{len(exif):8}\n{exif.hex()}\n"
        text.add_text("Raw profile type exif", digits, zip=True)
    if xmp:
        text.add_itxt("XML:com.adobe.xmp", xmp.decode(), zip=True)
    return text


def profile(space: str, *, gamma: float = 2.2, wide: bool = False) -> bytes:
    """Return a matrix ICC profile (ICC.1:2022, 8.3 and 8.4) for RGB or GRAY.

    `wide` gives it the primaries of Display P3 instead of sRGB's.
    """
    curve = b"curv" + struct.pack(">IIH", 0, 1, round(gamma * 256)) + b"\0\0"
    tags = {b"wtpt": _xyz(0.9642, 1.0, 0.8249), b"desc": _description(b"Test")}
    if space == "GRAY":
        tags[b"kTRC"] = curve
    else:
        colours = _P3 if wide else _SRGB
        for name, colour in zip((b"rXYZ", b"gXYZ", b"bXYZ"), colours, strict=True):
            tags[name] = _xyz(*colour)
            tags[name[:1] + b"TRC"] = curve
    return _icc(b"mntr", space.encode().ljust(4), b"XYZ ", tags)


def cmyk_profile() -> bytes:
    """Return a CMYK profile of which only black changes the colour; it gives Lab greys."""
    ramp = b"".join(struct.pack(">B", n) for n in range(256))
    corners = b""
    for n in range(16):
        black = n & 1  # the last channel varies fastest
        corners += bytes((0 if black else 255, 128, 128))
    table = b"mft1" + struct.pack(">IBBBB", 0, 4, 3, 2, 0)
    table += struct.pack(">9i", *(65_536 if n % 4 == 0 else 0 for n in range(9)))
    table += ramp * 4 + corners + ramp * 3
    tags = {b"wtpt": _xyz(0.9642, 1.0, 0.8249), b"desc": _description(b"Press"), b"A2B0": table}
    return _icc(b"prtr", b"CMYK", b"Lab ", tags)


def press_profile() -> bytes:
    """Return a CMYK profile to convert to: only black ink, more of it the darker a colour is."""
    linear = bytes(range(256))
    unchanged = struct.pack(">9i", *(65_536 if n % 4 == 0 else 0 for n in range(9)))
    to_lab = b"mft1" + struct.pack(">IBBBB", 0, 4, 3, 2, 0) + unchanged + linear * 4
    to_lab += b"".join(bytes((0 if n & 1 else 255, 128, 128)) for n in range(16)) + linear * 3
    to_ink = b"mft1" + struct.pack(">IBBBB", 0, 3, 4, 2, 0) + unchanged + linear * 3
    # The first channel, the lightness, varies slowest.
    to_ink += b"".join(bytes((0, 0, 0, 0 if n & 4 else 255)) for n in range(8)) + linear * 4
    tags = {b"wtpt": _xyz(0.9642, 1.0, 0.8249), b"desc": _description(b"Press")}
    tags |= {b"A2B0": to_lab, b"B2A0": to_ink}
    return _icc(b"prtr", b"CMYK", b"Lab ", tags)


_P3 = ((0.51512, 0.2412, -0.00105), (0.29198, 0.69225, 0.04189), (0.1571, 0.06657, 0.78407))
_SRGB = ((0.43607, 0.22249, 0.01392), (0.38515, 0.71687, 0.09708), (0.14307, 0.06061, 0.7141))


def _xyz(*values: float) -> bytes:
    return b"XYZ \0\0\0\0" + struct.pack(">3i", *(round(value * 65_536) for value in values))


def _description(text: bytes) -> bytes:
    return b"desc" + struct.pack(">II", 0, len(text) + 1) + text + b"\0" * (1 + 4 + 4 + 3 + 67)


def _icc(kind: bytes, space: bytes, connection: bytes, tags: dict[bytes, bytes]) -> bytes:
    directory, body = struct.pack(">I", len(tags)), b""
    start = 128 + 4 + 12 * len(tags)
    for name, data in tags.items():
        padded = data + b"\0" * (-len(data) % 4)
        directory += struct.pack(">4sII", name, start + len(body), len(data))
        body += padded
    head = struct.pack(
        ">I4sI4s4s4s", start + len(body), b"\0" * 4, 0x02_40_00_00, kind, space, connection
    )
    head = head.ljust(36, b"\0") + b"acsp"
    head = head.ljust(68, b"\0") + struct.pack(">3i", 63_190, 65_536, 54_061)
    return head.ljust(128, b"\0") + directory + body


def tiff(*directories: dict[int, int | bytes], order: str = "<") -> bytes:
    """Return a TIFF with these tags (LONG values or text) in a chain of directories, no pixels."""
    data = (b"II*\0" if order == "<" else b"MM\0*") + struct.pack(f"{order}I", 8)
    for n, tags in enumerate(directories):
        entries, extra = b"", b""
        start = len(data) + 2 + 12 * len(tags) + 4
        for tag, value in sorted(tags.items()):
            if isinstance(value, bytes):
                entries += struct.pack(f"{order}HHII", tag, 2, len(value), start + len(extra))
                extra += value
            else:
                entries += struct.pack(f"{order}HHII", tag, 4, 1, value)
        following = start + len(extra) if n + 1 < len(directories) else 0
        data += struct.pack(f"{order}H", len(tags)) + entries
        data += struct.pack(f"{order}I", following) + extra
    return data


def deep_tiff(values: Image.Image, **tags: int) -> bytes:
    """Return a TIFF of a picture in mode I;16, I or F, with tags by number (`_262=0`)."""
    buffer = io.BytesIO()
    values.save(buffer, "TIFF", tiffinfo={int(name[1:]): value for name, value in tags.items()})
    return buffer.getvalue()


def ramp(low: float, high: float, size: tuple[int, int] = (80, 64)) -> Image.Image:
    """Return a picture in mode F that gets brighter from left to right."""
    width, height = size
    image = Image.new("F", (width, 1))
    image.putdata([low + (high - low) * n / (width - 1) for n in range(width)])
    return image.resize((width, height), Image.Resampling.NEAREST)
