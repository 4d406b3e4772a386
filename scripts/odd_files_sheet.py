"""`make odd-files-sheet`: odd files as they are sent to the API, in one picture.

Each file goes through import and fitting, as in a call. Writes `docs/odd-files.webp`, or the path
given as the first argument. The picture in the files has a sun at the top left, a meadow at the
bottom and red, green and blue bars on the right, so a wrong side or colour shows.
"""

import io
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

from PIL import Image, ImageChops, ImageCms, ImageDraw, ImageFont, ImageOps

import support.imaging.odd_pictures as odd
import support.imaging.sample_files as make
from stability_mcp.api.fields import ImageLimits
from stability_mcp.imaging.fit import fit_image
from stability_mcp.imaging.probe import probe
from stability_mcp.media.import_copy import copy_into_spool

SHEET = Path(__file__).parents[1] / "docs" / "odd-files.webp"
SIZE, COLUMNS, CAPTION, GAP = (216, 144), 6, 34, 12
BACK, FRONT = (24, 25, 28), (236, 236, 230)
LIMITS = ImageLimits()
INVERSE = {6: 8, 8: 6}
"""Orientations that aren't their own inverse."""


def scene() -> Image.Image:
    """Draw the picture that all files contain."""
    width, height = SIZE
    image = Image.new("RGB", SIZE)
    draw = ImageDraw.Draw(image)
    for y in range(height):
        share = y / height
        draw.line((0, y, width, y), (round(90 + 120 * share), round(150 + 70 * share), 235))
    draw.polygon([(0, 115), (70, 88), (216, 120), (216, 144), (0, 144)], (70, 140, 60))
    draw.ellipse((16, 12, 60, 56), (250, 200, 40))
    for n, colour in enumerate(("red", "lime", "blue")):
        draw.rectangle((156 + 18 * n, 20, 170 + 18 * n, 84), colour)
    draw.text((72, 14), "UP", "white", ImageFont.load_default(44))
    return image


def turned(way: str, orientation: int) -> bytes:
    """Return a file whose pixels are stored turned, as its orientation says."""
    image = scene()
    exif = image.getexif()
    exif[make.ORIENTATION] = INVERSE.get(orientation, orientation)
    stored = ImageOps.exif_transpose(image)
    stored.info.clear()
    return odd.rotated(
        way, orientation, stored=Image.frombytes("RGB", stored.size, stored.tobytes())
    )


def deep(low: float, high: float, mode: str = "F", **tags: int) -> bytes:
    """Return a TIFF whose grey values go from `low` to `high`."""
    scale = (high - low) / 255
    image = scene().convert("L").convert("F").point(lambda value: value * scale + low)
    stored = image if mode == "F" else image.convert("I").convert(mode)
    return odd.deep_tiff(stored, **tags)


def wide_gamut() -> bytes:
    """Return a PNG in Display P3 that shows the scene's own colours."""
    profile = odd.profile("RGB", wide=True)
    image = ImageCms.profileToProfile(
        scene(), ImageCms.createProfile("sRGB"), ImageCms.ImageCmsProfile(io.BytesIO(profile))
    )
    return make.encoded(image or scene(), "PNG", icc_profile=profile)


def lab() -> bytes:
    """Return a Lab TIFF."""
    profiles = (ImageCms.createProfile("sRGB"), ImageCms.createProfile("LAB"))
    return make.encoded(
        ImageCms.profileToProfile(scene(), *profiles, outputMode="LAB") or scene(), "TIFF"
    )


def see_through() -> Image.Image:
    """Return the scene with a transparent lower right corner."""
    image = scene().convert("RGBA")
    alpha = Image.new("L", SIZE, 255)
    ImageDraw.Draw(alpha).polygon([(216, 70), (216, 144), (120, 144)], 0)
    image.putalpha(alpha)
    return image


def animated(form: str) -> bytes:
    """Return an animation whose later frames are upside down."""
    image = scene()
    others = [image.transpose(Image.Transpose.ROTATE_180)] * 2
    return make.encoded(image, form, save_all=True, append_images=others)


def long_webp() -> bytes:
    """Return a WebP whose header states ten bytes more than there are."""
    data = make.encoded(scene(), "WEBP", quality=90)
    return data[:4] + (len(data) + 2).to_bytes(4, "little") + data[8:]


def odd_files() -> dict[str, bytes]:
    """Return the files by caption."""
    jpeg = make.encoded(scene(), "JPEG", quality=92)
    gif = make.encoded(scene(), "GIF")
    inverted = ImageChops.invert(scene().convert("L"))
    return {
        "JPEG, EXIF orientation 6": turned("jpeg", 6),
        "JPEG, XMP orientation 5": turned("jpeg XMP", 5),
        "PNG, orientation 8 as text": turned("png text", 8),
        "WebP, orientation 7": turned("webp", 7),
        "TIFF (LZW), orientation 8": turned("tiff LZW", 8),
        "BigTIFF, orientation 2": turned("BigTIFF", 2),
        "AVIF, orientation 3": turned("avif", 3),
        "AVIF, orientation 6": turned("avif", 6),
        "TIFF, floating point 0 to 1": deep(0, 1),
        "TIFF, 12 bits in 16": deep(0, 4_095, "I;16"),
        "TIFF, 16 bits, white is 0": odd.deep_tiff(
            inverted.convert("I").point(lambda value: value * 257).convert("I;16"), _262=0
        ),
        "TIFF in Lab": lab(),
        "JPEG in CMYK": make.encoded(scene().convert("CMYK"), "JPEG", quality=92),
        "PNG in Display P3": wide_gamut(),
        "PNG, grey with gamma 1.0": make.encoded(
            scene().convert("L").point([round(255 * (n / 255) ** 2.2) for n in range(256)]),
            "PNG",
            icc_profile=odd.profile("GRAY", gamma=1.0),
        ),
        "PNG, palette of 64 colours": make.encoded(scene().quantize(64), "PNG"),
        "PNG, grey with alpha": make.encoded(see_through().convert("LA"), "PNG"),
        "PNG, 1 bit": make.encoded(scene().convert("1"), "PNG"),
        "GIF, animated": animated("GIF"),
        "WebP, animated": animated("WEBP"),
        "GIF without its end mark": gif[:-1],
        "JPEG without its end mark": jpeg[:-2],
        "JPEG, then a video": jpeg + b"\0\0\0\x18ftypmp42" + bytes(5_000),
        "WebP, length 10 too large": long_webp(),
    }


def sent(home: Path, data: bytes) -> Image.Image:
    """Return a file as it is sent, after import and fitting."""
    imported = copy_into_spool(home, io.BytesIO(data))
    target = imported.temporary.with_suffix(".sent")
    fitted = fit_image(
        imported.temporary, probe(imported.temporary), LIMITS, max_bytes=10**7, target=target
    )
    with Image.open(target if fitted else imported.temporary) as image:
        return image.convert("RGBA")


def sheet(files: dict[str, bytes]) -> Image.Image:
    """Lay the files out as they are sent, with captions."""
    width, height = SIZE[0] + GAP, SIZE[1] + CAPTION
    rows = -(-len(files) // COLUMNS)
    page = Image.new("RGB", (COLUMNS * width + GAP, rows * height + GAP), BACK)
    draw, font = ImageDraw.Draw(page), ImageFont.load_default(14)
    with TemporaryDirectory(prefix="odd-files-") as name:
        home = Path(name)
        (home / "spool").mkdir()
        for n, (caption, data) in enumerate(files.items()):
            left, top = GAP + n % COLUMNS * width, GAP + n // COLUMNS * height
            image = sent(home, data)
            image.thumbnail(SIZE)
            page.paste(image, (left, top), image)
            draw.text((left, top + SIZE[1] + 4), caption, FRONT, font)
    return page


if __name__ == "__main__":
    place = Path(sys.argv[1]) if len(sys.argv) > 1 else SHEET
    sheet(odd_files()).save(place, quality=80, method=6)
    print(f"{place}: {place.stat().st_size:,} bytes")
