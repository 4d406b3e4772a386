"""Files that scenarios put on the machine: photos, a sketch, a hummed tune."""

import io
from collections.abc import Callable, Mapping
from functools import cache, partial

from PIL import Image, ImageDraw

from stability_emulator.scenery.scene import scene
from support.imaging import sample_files
from support.imaging.sounds import at_level, encoded, tone

Make = Callable[[], bytes]

SMALL = (240, 180)
"""Pixels of pictures of which a scenario has many."""
LARGE = (7_300, 5_500)
"""40 megapixels, as recent phones take."""


def photo(words: str, size: tuple[int, int] = (320, 240), *, form: str = "PNG") -> Make:
    """Return a maker of a picture of what the words say."""
    return partial(_photo, words, size, form)


def photos(name: str, words: str, count: int) -> Mapping[str, Make]:
    """Return makers of several pictures, by path: `chair 1.png`."""
    return {
        f"{name} {number}.png": photo(f"{words} {number}", SMALL) for number in range(1, count + 1)
    }


@cache
def _photo(words: str, size: tuple[int, int], form: str) -> bytes:
    return _saved(scene(words, 3, size).convert("RGB"), form)


def _saved(picture: Image.Image, form: str) -> bytes:
    file = io.BytesIO()
    picture.save(file, form)
    return file.getvalue()


@cache
def large_photo() -> bytes:
    """Return a JPEG of 40 megapixels: a fox on a plain meadow, which is quick to encode."""
    picture = Image.new("RGB", LARGE, "#7a9a4a")
    picture.paste(scene("a red fox", 3, (640, 480)).convert("RGB"), (3_000, 2_500))
    return _saved(picture, "JPEG")


@cache
def sketch() -> bytes:
    """Return a line drawing of a house."""
    page = Image.new("RGB", (600, 400), "white")
    draw = ImageDraw.Draw(page)
    draw.rectangle((200, 180, 400, 340), outline="black", width=4)
    draw.line((190, 180, 300, 90, 410, 180), fill="black", width=4)
    draw.rectangle((280, 260, 320, 340), outline="black", width=4)
    return _saved(page, "PNG")


@cache
def old_photo() -> bytes:
    """Return a small faded photo."""
    faded = scene("a portrait of a woman", 5, (360, 270)).convert("L").convert("RGB")
    return _saved(Image.blend(faded, Image.new("RGB", faded.size, "#c8b48c"), 0.4), "JPEG")


@cache
def hummed() -> bytes:
    """Return a tune of four tones, 8 s, as WAV."""
    import numpy as np

    rate = 22_050
    tune = np.concatenate([tone(2, rate, hertz) for hertz in (262, 330, 392, 330)])
    return encoded(at_level(tune, -20), rate)


def heic() -> bytes:
    """Return the start of a HEIC photo, as a phone writes it."""
    return b"\0\0\0\x18ftypheic\0\0\0\0mif1heic" + bytes(2_000)


jpeg = sample_files.jpeg
