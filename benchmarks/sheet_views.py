"""Renders results that aren't plain pictures: transparency, comparisons, audio and models."""

import wave
from array import array
from collections.abc import Callable
from pathlib import Path

from benchmarks.model_view import model_view
from PIL import Image, ImageDraw

CELL = (232, 174)
"""Size of one picture on the sheet."""


def on_squares(path: Path) -> Image.Image:
    """Show a picture with an alpha channel on a checkerboard."""
    picture = Image.open(path).convert("RGBA")
    board = Image.new("RGB", picture.size, (226, 226, 226))
    draw = ImageDraw.Draw(board)
    side = max(8, picture.width // 32)
    for y in range(0, picture.height, side):
        for x in range((y // side % 2) * side, picture.width, 2 * side):
            draw.rectangle((x, y, x + side - 1, y + side - 1), fill=(176, 176, 176))
    board.paste(picture, (0, 0), picture)
    return board


def side_by_side(small: str) -> Callable[[Path], Image.Image]:
    """Show the centre of the source, enlarged, next to the same part of the result."""

    def shown(path: Path) -> Image.Image:
        cell = Image.new("RGB", CELL)
        half = (CELL[0] // 2, CELL[1])
        for index, each in enumerate((Path(small), path)):
            picture = Image.open(each).convert("RGB")
            high = picture.height * 0.36
            wide = high * half[0] / half[1]
            box = (picture.width * 0.5 - wide / 2, picture.height * 0.62 - high / 2)
            part = picture.resize(
                half,
                Image.Resampling.BICUBIC if index else Image.Resampling.NEAREST,
                (*box, box[0] + wide, box[1] + high),
                reducing_gap=2.0,
            )
            cell.paste(part, (index * half[0], 0))
        return cell

    return shown


def wave_form(path: Path) -> Image.Image:
    """Show the waveform of a WAV file."""
    with wave.open(str(path)) as file:
        levels = array("h", file.readframes(file.getnframes()))[::2]
    cell = Image.new("RGB", CELL, (36, 38, 44))
    draw, middle = ImageDraw.Draw(cell), CELL[1] // 2
    step = len(levels) // CELL[0]
    for x in range(CELL[0]):
        part = levels[x * step : (x + 1) * step]
        high, low = (round(side(part) / 32_768 * middle * 1.6) for side in (max, min))
        draw.line((x, middle - high, x, middle - low), fill=(96, 190, 176))
    return cell


def model(path: Path) -> Image.Image:
    """Show a GLB file from the front and above."""
    return model_view(path.read_bytes(), 420)
