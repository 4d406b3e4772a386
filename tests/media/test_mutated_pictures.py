"""Mutated pictures: no crash, no hang, little memory, and never another picture than Pillow shows.

`SOAK_MUTATIONS` sets the number of files; `make soak` tries 10,000.
"""

import io
import os
import random
import resource
import sys
import time
import warnings
from pathlib import Path

import pytest
from PIL import Image, ImageChops, ImageOps, ImageStat

import support.imaging.sample_files as make
from stability_mcp.api.fields import ImageLimits
from stability_mcp.errors import FileUnusableError
from stability_mcp.imaging.fit import fit_image
from stability_mcp.imaging.levels import DEEP_MODES
from stability_mcp.imaging.probe import probe
from stability_mcp.media.import_copy import copy_into_spool
from support.imaging.odd_pictures import profile, rotated

COUNT = int(os.environ.get("SOAK_MUTATIONS", "200"))
MAX_SECONDS = 5
MAX_GROWTH = 300 * 1024 * 1024
"""Bytes by which the peak memory of this process may grow."""
MAX_DIFFERENCE = 12
"""Mean difference of 255 that is rounding: noise from damage changes when JPEG is encoded again."""
LIMITS = ImageLimits(min_side=8, min_pixels=64)

SIZE = (90, 60)
SAMPLES = {
    "png": rotated("png", 6, SIZE),
    "png text": rotated("png text", 8, SIZE),
    "png P": make.png(SIZE, "P"),
    "png 16": make.png(SIZE, "I;16"),
    "png RGBA": make.png(SIZE, "RGBA"),
    "png profile": make.encoded(make.picture(SIZE), "PNG", icc_profile=profile("RGB", wide=True)),
    "jpeg": rotated("jpeg", 6, SIZE),
    "jpeg XMP": rotated("jpeg XMP", 3, SIZE),
    "jpeg progressive": make.jpeg(SIZE, progressive=True),
    "jpeg CMYK": make.jpeg(SIZE, "CMYK"),
    "webp": rotated("webp", 6, SIZE),
    "webp RGBA": make.webp(SIZE, "RGBA", lossless=True),
    "webp animated": make.webp(SIZE, frames=3),
    "gif": make.gif(SIZE),
    "gif animated": make.gif(SIZE, frames=3),
    "bmp": make.bmp(SIZE),
    "tiff": rotated("tiff", 8, SIZE),
    "tiff LZW": rotated("tiff LZW", 5, SIZE),
    "tiff 16": make.tiff(SIZE, "I;16"),
    "BigTIFF": rotated("BigTIFF", 7, SIZE),
    "avif": rotated("avif", 3, SIZE),
}


def mutated(seed: int) -> bytes:
    """Return a picture with one to three mutations: flip, cut, insert, splice."""
    chance = random.Random(seed)  # noqa: S311 -- no secret
    data = bytearray(SAMPLES[chance.choice(sorted(SAMPLES))])
    for _ in range(chance.randint(1, 3)):
        # Headers are at the start, so two of five mutations go there.
        last = len(data) if chance.random() < 0.6 else min(len(data), 200)
        at = chance.randrange(last + 1)
        match chance.choice(("flip", "cut", "insert", "splice")):
            case "flip":
                data[at : at + 1] = bytes(b ^ 1 << chance.randrange(8) for b in data[at : at + 1])
            case "cut":
                del data[at : at + chance.choice((1, 2, 7, 50, len(data)))]
            case "insert":
                data[at:at] = chance.randbytes(chance.choice((1, 2, 7, 40)))
            case _:
                other = SAMPLES[chance.choice(sorted(SAMPLES))]
                start = chance.randrange(len(other))
                data[at : at + 20] = other[start : start + 20]
    return bytes(data)


def upright_by_pillow(data: bytes) -> Image.Image | None:
    """Return a picture as Pillow reads it; None if it can't, or in modes it would clip."""
    try:
        image = ImageOps.exif_transpose(Image.open(io.BytesIO(data)))
        return None if image.mode in DEEP_MODES else image.convert("RGBA")
    except Exception:  # noqa: BLE001 -- Pillow raises anything for damaged files
        return None


def on_black(image: Image.Image) -> Image.Image:
    """Return a picture without transparency and fine noise."""
    ground = Image.new("RGBA", image.size, "black")
    return Image.alpha_composite(ground, image).reduce(4).convert("RGB")


def check(home: Path, data: bytes) -> str:
    """Import and fit a file, and return the outcome: refused, same or explained."""
    target = home / "target"
    try:
        imported = copy_into_spool(home, io.BytesIO(data))
        path = imported.temporary
        fitted = fit_image(path, probe(path), LIMITS, max_bytes=10**7, target=target, check=True)
    except FileUnusableError:
        return "refused"
    seen = upright_by_pillow(data)
    if seen is None:
        # Deep, repaired, or equal to a file that Pillow can't read as a whole.
        return "explained"
    with Image.open(target if fitted else path) as image:
        sent = image.convert("RGBA")
    notes = fitted.changes if fitted else []
    if any("to sRGB" in note for note in notes):
        return "explained"
    if any(note.startswith(("enlarged", "shrunk")) for note in notes):
        sent = sent.resize(seen.size)
    assert sent.size == seen.size, notes
    found = ImageStat.Stat(ImageChops.difference(on_black(sent), on_black(seen)))
    assert max(found.mean) <= MAX_DIFFERENCE, notes
    return "same"


def peak_memory() -> int:
    """Return the peak memory of this process, in bytes."""
    unit = 1 if sys.platform == "darwin" else 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit


@pytest.mark.filterwarnings("ignore")
def test_a_mutated_picture_is_refused_or_sent_as_seen(tmp_path: Path) -> None:
    """Chosen: whatever bytes arrive, the request carries what people see, or the call is free."""
    (tmp_path / "spool").mkdir()
    before = peak_memory()
    outcomes = {"refused": 0, "same": 0, "explained": 0}
    for seed in range(COUNT):
        started = time.monotonic()
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # Pillow warns about its repairs
            try:
                outcomes[check(tmp_path, mutated(seed))] += 1
            except Exception as error:
                error.add_note(f"seed {seed}")
                raise
        assert time.monotonic() - started < MAX_SECONDS, f"seed {seed}"
        for left in (tmp_path / "spool").iterdir():
            left.unlink()
    assert outcomes["same"] >= COUNT / 20
    assert outcomes["refused"] >= COUNT / 20
    assert peak_memory() - before < MAX_GROWTH
