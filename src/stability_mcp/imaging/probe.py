"""Reads a file's type and size from its header, without decoding it: no decompression bombs."""

from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager, nullcontext
from functools import partial
from pathlib import Path
from types import MappingProxyType
from typing import BinaryIO

from stability_mcp.errors import FileUnusableError
from stability_mcp.imaging import audio, formats, pixels, sniff
from stability_mcp.imaging.containers import gif, glb, jpeg, mp3, png, riff, wav
from stability_mcp.imaging.containers.piece import damaged, read_at
from stability_mcp.imaging.facts import Facts

MAX_PIXELS = 89_478_485
"""Largest accepted picture, in pixels: Pillow's own limit against decompression bombs.

The API makes at most 17 megapixels and accepts less."""

_READERS: Mapping[str, Callable[[BinaryIO, int], Facts]] = MappingProxyType(
    {
        "image/png": png.facts,
        "image/jpeg": jpeg.facts,
        "image/webp": riff.webp_facts,
        "image/gif": gif.facts,
        "audio/mpeg": mp3.mp3_facts,
        "model/gltf-binary": glb.facts,
    }
)
_SUPPORTED = (
    "Supported: PNG, JPEG, WebP, GIF, BMP, TIFF and AVIF pictures, MP3 and WAV sound, GLB models."
)


def probe(source: Path | BinaryIO) -> Facts:
    """Return the facts in a file's header.

    Args:
        source: The file or its path. An open file is left open, at an arbitrary position.

    Raises:
        FileUnusableError: It isn't media, is cut short, or is too large when decoded.
        OSError: It cannot be opened or read.
    """
    opened: AbstractContextManager[BinaryIO] = (
        source.open("rb") if isinstance(source, Path) else nullcontext(source)
    )
    with opened as file:
        size = file.seek(0, 2)
        media_type, start = _media_type(file, size)
        reader = _READERS.get(media_type)
        if media_type == "audio/wav":
            facts = wav.wav_facts(file, size, start)
        elif reader is not None:
            facts = reader(file, size)
        elif media_type.startswith("audio/"):
            facts = audio.compressed_facts(file, size, media_type)
        else:
            facts = pixels.header_facts(file, size, media_type)
    if facts.kind == "image":
        _check_size(facts)
    return facts


def _check_size(facts: Facts) -> None:
    """Raise FileUnusableError if a picture has no pixels or too many."""
    name = sniff.extension(facts.media_type).upper()
    if not facts.pixels:
        raise damaged(name, "its width or height is 0")
    if facts.pixels > MAX_PIXELS:
        raise FileUnusableError(
            f"The picture is too large: {facts.width}x{facts.height} is "
            f"{facts.pixels / 1e6:.0f} megapixels; the maximum is {MAX_PIXELS / 1e6:.0f}.",
            hint="Scale it down with another program first.",
        )


def _media_type(file: BinaryIO, size: int) -> tuple[str, int]:
    """Return the type of a file and the position of its first byte after tags.

    Raises:
        FileUnusableError: It isn't media that can be used.
    """
    start = mp3.tags_end(partial(read_at, file))
    found = sniff.media_type(read_at(file, start, sniff.HEAD_BYTES))
    if found is not None and (not start or found.startswith("audio/")):
        return found, start
    foreign = formats.identify(file, size, start)
    if foreign is formats.ISO_VIDEO and formats.has_only_sound(file, size):
        return "audio/mp4", start
    if foreign is not None:
        raise FileUnusableError(foreign.description, hint=foreign.way_out.value)
    # Anything may precede an MP3, so it is the last guess; a tag is a sign of one.
    if start or mp3.scan(read_at(file, 0, size)) is not None:
        return "audio/mpeg", start
    raise _unsupported(file, size)


def _unsupported(file: BinaryIO, size: int) -> FileUnusableError:
    """Return the error for a file of an unknown format."""
    if not size:
        return FileUnusableError(
            "The file is empty.",
            hint="Save or download it again; a cloud folder may not have downloaded it yet.",
        )
    if not read_at(file, 0, size).strip(b"\x00"):
        return FileUnusableError(formats.ZEROS.description, hint=formats.ZEROS.way_out.value)
    return FileUnusableError(
        "The file isn't a supported picture, sound or 3D model, whatever its name says.",
        hint=_SUPPORTED,
    )
