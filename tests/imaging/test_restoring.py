"""A copy with provenance gives back the file it was made of, byte for byte."""

import hashlib
import io
from pathlib import Path

import pytest
from PIL import Image

from stability_mcp.imaging.provenance import embed, restore
from support_pictures import encoded, jpeg, picture, png, webp

XMP = (
    b'<x:xmpmeta xmlns:x="adobe:ns:meta/">'
    b'<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#"></rdf:RDF></x:xmpmeta>'
)


def _with_xmp(form: str) -> bytes:
    file = io.BytesIO()
    Image.new("RGB", (96, 64), "red").save(file, form, xmp=XMP)
    return file.getvalue()


FILES = {
    "png": png(),
    "large png": png((700, 700), noise=True),
    "jpeg": jpeg(),
    "jpeg with xmp": _with_xmp("JPEG"),
    "webp": webp(),
    "webp with alpha": encoded(picture(mode="RGBA"), "WEBP"),
    "lossless webp": encoded(picture(mode="RGBA"), "WEBP", lossless=True),
    "webp with xmp": _with_xmp("WEBP"),
    "sound": b"ID3\x04\x00\x00\x00\x00\x00\x00" + b"\xff\xfb\x90\x00" + bytes(500),
    "nothing": b"no media at all",
}


@pytest.mark.parametrize("data", FILES.values(), ids=FILES)
def test_what_was_embedded_is_taken_out_again(data: bytes, tmp_path: Path) -> None:
    """*Chosen*: the readable copy of a paid picture can replace a blob that was lost."""
    source, copy, target = (tmp_path / name for name in ("source", "copy", "target"))
    source.write_bytes(data)
    embed(source, copy, {"operation": "generate_core", "arguments": {"prompt": "a <lighthouse>"}})

    assert restore(copy, target, hashlib.sha256(data).hexdigest())
    assert target.read_bytes() == data


def test_a_copy_that_was_changed_gives_nothing_back(tmp_path: Path) -> None:
    """*Chosen*: the hash decides, so nothing else ever passes for a paid picture."""
    source, copy, target = (tmp_path / name for name in ("source", "copy", "target"))
    source.write_bytes(png())
    embed(source, copy, {"operation": "generate_core"})
    copy.write_bytes(copy.read_bytes()[:-20])

    assert not restore(copy, target, hashlib.sha256(png()).hexdigest())
    assert not target.exists()
