"""Writes a PDF with one picture per page, each stored as a JPEG.

Pillow needs all pages decoded at once, up to hundreds of megabytes each; this needs only their
encoded bytes. It also embeds the profile of CMYK pages, and writes no date, so that equal pages
give equal bytes. (ISO 32000-1, 7.5 and 8.9.5.)
"""

from collections.abc import Sequence
from dataclasses import dataclass, field

POINTS_PER_INCH = 72


@dataclass(frozen=True, kw_only=True)
class Page:
    """A page, as large as its picture."""

    jpeg: bytes = field(repr=False)
    width: int
    """Size of the picture, in pixels."""
    height: int
    dpi: float
    cmyk: bool = False
    profile: bytes | None = field(default=None, repr=False)


def pdf_of(pages: Sequence[Page]) -> bytes:
    """Return a PDF with these pages."""
    objects: list[bytes] = []

    def add(body: bytes) -> int:
        objects.append(body)
        return len(objects)

    catalog, tree = add(b""), add(b"")
    profiles = {
        data: add(_stream(b"/N 4 /Alternate /DeviceCMYK", data))
        for data in dict.fromkeys(page.profile for page in pages)
        if data is not None
    }
    kids = []
    for page in pages:
        image = add(_stream(_picture_entries(page, profiles), page.jpeg))
        width, height = (
            f"{side * POINTS_PER_INCH / page.dpi:.2f}" for side in (page.width, page.height)
        )
        content = add(_stream(b"", f"q {width} 0 0 {height} 0 0 cm /P Do Q".encode()))
        kids.append(
            add(
                f"<< /Type /Page /Parent {tree} 0 R /MediaBox [0 0 {width} {height}] "
                f"/Resources << /XObject << /P {image} 0 R >> >> /Contents {content} 0 R "
                ">>".encode()
            )
        )
    objects[catalog - 1] = f"<< /Type /Catalog /Pages {tree} 0 R >>".encode()
    listed = " ".join(f"{each} 0 R" for each in kids)
    objects[tree - 1] = f"<< /Type /Pages /Count {len(kids)} /Kids [{listed}] >>".encode()
    return _file(objects, catalog)


def _picture_entries(page: Page, profiles: dict[bytes, int]) -> bytes:
    space = "/DeviceCMYK" if page.cmyk else "/DeviceRGB"
    if page.profile is not None:
        space = f"[/ICCBased {profiles[page.profile]} 0 R]"
    # Pillow writes CMYK as Adobe does: with the levels inverted.
    inverted = " /Decode [1 0 1 0 1 0 1 0]" if page.cmyk else ""
    return (
        f"/Type /XObject /Subtype /Image /Width {page.width} /Height {page.height} "
        f"/ColorSpace {space} /BitsPerComponent 8 /Filter /DCTDecode{inverted}"
    ).encode()


def _stream(entries: bytes, data: bytes) -> bytes:
    length = str(len(data)).encode()
    return b"<< %b /Length %b >>\nstream\n%b\nendstream" % (entries, length, data)


def _file(objects: Sequence[bytes], root: int) -> bytes:
    # Four bytes above 127 mark the file as binary, so that no program converts line ends.
    out = bytearray(b"%PDF-1.4\n%\xe2\xe3\xcf\xd3\n")
    offsets = []
    for number, body in enumerate(objects, 1):
        offsets.append(len(out))
        out += b"%d 0 obj\n%b\nendobj\n" % (number, body)
    start = len(out)
    out += b"xref\n0 %d\n0000000000 65535 f \n" % (len(objects) + 1)
    out += b"".join(b"%010d 00000 n \n" % offset for offset in offsets)
    out += b"trailer\n<< /Size %d /Root %d 0 R >>\n" % (len(objects) + 1, root)
    out += b"startxref\n%d\n%%%%EOF\n" % start
    return bytes(out)
