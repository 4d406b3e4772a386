"""Checks files that the user gets: their number, format, dimensions, size and length."""

import io
import zipfile
from collections.abc import Iterator
from fnmatch import fnmatchcase
from pathlib import Path

import soundfile
from PIL import Image, UnidentifiedImageError

from evaluation.scenario import Delivered

HOME = "~/"
"""Begins a pattern for files below the home folder."""
MEMBER = "!"
"""Separates an archive from its member in a pattern."""
SECONDS_TOLERANCE = 0.1

SOUNDS = {b"RIFF": "WAV", b"ID3\x03": "MP3", b"ID3\x04": "MP3", b"\xff\xfb": "MP3", b"glTF": "GLB"}
"""Formats that Pillow doesn't read, by their first bytes."""


def flaws(expected: Delivered, *, home: Path, output: Path) -> list[str]:
    """Return what is wrong with the files that a pattern stands for; [] if nothing is.

    Args:
        expected: The files.
        home: The user's home folder.
        output: The folder of the readable copies.
    """
    folder = home if expected.pattern.startswith(HOME) else output
    files = dict(_matching(expected.pattern.removeprefix(HOME), folder))
    found = []
    if len(files) != expected.count:
        names = ", ".join(sorted(files)) or "none"
        found.append(f"{expected.pattern}: {len(files)} instead of {expected.count} files: {names}")
    for name, content in files.items():
        found += [f"{name}: {flaw}" for flaw in _flaws(expected, content)]
    return found


def _matching(pattern: str, folder: Path) -> Iterator[tuple[str, bytes]]:
    outer, _, inner = pattern.partition(MEMBER)
    for path in sorted(folder.glob(outer if "/" in outer else f"**/{outer}")):
        name = path.relative_to(folder).as_posix()
        if not inner:
            if path.is_file():
                yield name, path.read_bytes()
            continue
        with zipfile.ZipFile(path) as archive:
            for member in archive.namelist():
                if fnmatchcase(member, inner):
                    yield f"{name}{MEMBER}{member}", archive.read(member)


def _flaws(expected: Delivered, content: bytes) -> Iterator[str]:
    if expected.max_bytes is not None and len(content) > expected.max_bytes:
        yield f"{len(content):,} bytes instead of at most {expected.max_bytes:,}"
    other = next((form for start, form in SOUNDS.items() if content.startswith(start)), None)
    if other is not None and content[8:12] != b"WEBP":
        yield from _other_flaws(expected, content, other)
        return
    try:
        with Image.open(io.BytesIO(content)) as picture:
            picture.load()
            yield from _picture_flaws(expected, picture)
    except (UnidentifiedImageError, OSError) as error:
        if expected.format not in {None, "CSV", "JSON"}:
            yield f"not a picture: {error}"


def _other_flaws(expected: Delivered, content: bytes, form: str) -> Iterator[str]:
    if expected.format not in {None, form}:
        yield f"{form} instead of {expected.format}"
    if expected.seconds is not None:
        seconds = float(soundfile.info(io.BytesIO(content)).duration)
        if abs(seconds - expected.seconds) > SECONDS_TOLERANCE:
            yield f"{seconds:.2f} s instead of {expected.seconds:g} s"


def _picture_flaws(expected: Delivered, picture: Image.Image) -> Iterator[str]:
    width, height = picture.size
    shown = f"{width}x{height}"
    if expected.format not in {None, picture.format}:
        yield f"{picture.format} instead of {expected.format}"
    if expected.size is not None and picture.size != expected.size:
        yield f"{shown} instead of {expected.size[0]}x{expected.size[1]}"
    if expected.min_size and (width < expected.min_size[0] or height < expected.min_size[1]):
        yield f"{shown} is smaller than {expected.min_size[0]}x{expected.min_size[1]}"
    if expected.is_square and width != height:
        yield f"{shown} isn't square"
    if expected.has_transparency is not None:
        lowest = picture.convert("RGBA").getchannel("A").getextrema()[0]
        is_transparent = lowest != 255
        if is_transparent != expected.has_transparency:
            yield "has transparency" if is_transparent else "has no transparency"
