"""`make waveforms-sheet`: previews of sounds in one picture.

Speech, music, silence and clipping are drawn, as WAV and as MP3 without a decoder. Writes
`docs/waveforms.webp`, or the path given as the first argument.
"""

import io
import sys
from collections.abc import Mapping
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from stability_mcp.imaging.sound.sound_preview import sound_preview
from support.imaging.sounds import at_level, encoded, music, padded, speech, tone

SHEET = Path(__file__).parents[1] / "docs" / "waveforms.webp"
MAX_BYTES = 150_000
RATE, COLUMNS, WIDTH, CAPTION, GAP = 44_100, 2, 560, 26, 14
BACK, FRONT = (24, 25, 28), (236, 236, 230)


def sounds() -> Mapping[str, bytes]:
    """Return files by caption."""
    fade = np.clip(3 * np.sin(np.linspace(0, np.pi, 190 * RATE)), 0, 1)
    song = np.stack([music(190, RATE) * fade, np.roll(music(190, RATE), RATE) * fade], 1)
    voice = padded(at_level(speech(8, RATE), -20), RATE, 0.6, 1.4)
    return {
        "music, stereo WAV of 190 s": encoded(at_level(song, -18), RATE),
        "that music as MP3, without a decoder": encoded(at_level(song, -18), RATE, "MP3"),
        "speech, WAV": encoded(voice, RATE),
        "that speech as MP3, without a decoder": encoded(voice, RATE, "MP3"),
        "clipped": encoded(at_level(music(5, RATE), -3), RATE),
        "silence": encoded(np.zeros((3 * RATE, 2)), RATE),
        "30 ms": encoded(at_level(tone(0.03, RATE), -10), RATE),
        "quiet": encoded(at_level(music(4, RATE), -36), RATE),
    }


def sheet() -> Image.Image:
    """Lay the previews out with captions."""
    with TemporaryDirectory(prefix="waveforms-sheet-") as name:
        path, cells = Path(name) / "sound", []
        for caption, data in sounds().items():
            path.write_bytes(data)
            drawn = Image.open(io.BytesIO(sound_preview(path).data)).convert("RGB")
            size = (WIDTH, round(drawn.height * WIDTH / drawn.width))
            cells.append((caption, drawn.resize(size, Image.Resampling.LANCZOS)))
    rows = [cells[n : n + COLUMNS] for n in range(0, len(cells), COLUMNS)]
    heights = [max(image.height for _, image in row) + CAPTION + GAP for row in rows]
    paper = Image.new("RGB", (COLUMNS * (WIDTH + GAP) + GAP, sum(heights) + GAP), BACK)
    pen, font, top = ImageDraw.Draw(paper), ImageFont.load_default(15), GAP
    for row, height in zip(rows, heights, strict=True):
        for column, (caption, image) in enumerate(row):
            left = GAP + column * (WIDTH + GAP)
            paper.paste(image, (left, top))
            pen.text((left, top + image.height + 4), caption, FRONT, font)
        top += height
    return paper


if __name__ == "__main__":
    place = Path(sys.argv[1]) if len(sys.argv) > 1 else SHEET
    drawn = sheet()
    for quality in (80, 70, 60, 50, 40):
        drawn.save(place, quality=quality, method=6)
        if place.stat().st_size <= MAX_BYTES:
            break
    print(f"{place}: {place.stat().st_size:,} bytes")
