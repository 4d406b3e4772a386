"""Reads a file's type and size from its header, without decoding it: no decompression bombs."""

from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from types import MappingProxyType
from typing import BinaryIO

from stability_mcp.errors import FileUnusableError
from stability_mcp.imaging import audio, pixels, sniff
from stability_mcp.imaging.containers import gif, glb, jpeg, png, riff
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
        "audio/wav": audio.wav_facts,
        "model/gltf-binary": glb.facts,
    }
)
_SUPPORTED = (
    "Supported: PNG, JPEG, WebP, GIF, BMP, TIFF and AVIF pictures, MP3 and WAV sound, GLB models."
)
_UNSUPPORTED = (
    (b"<svg", "an SVG drawing", "Export it as PNG."),
    (b"%pdf", "a PDF document", "Export the page as PNG."),
    (b"<html", "a web page", "Download the picture itself instead of its page."),
    (b"<!doctype html", "a web page", "Download the picture itself instead of its page."),
    (b"pk\x03\x04", "an archive", "Unpack it and use the file inside."),
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
        head = read_at(file, 0, sniff.HEAD_BYTES)
        media_type = sniff.media_type(head)
        if media_type is None:
            raise _unsupported(head)
        reader = _READERS.get(media_type)
        if reader is not None:
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
            hint="Scale it down first.",
        )


def _unsupported(head: bytes) -> FileUnusableError:
    """Return the error for an unsupported file; it names the format if that is obvious."""
    if not head:
        return FileUnusableError("The file is empty.", hint="Save or download it again.")
    start = head[:1024].lstrip(b"\xef\xbb\xbf \t\r\n").lower()
    for sign, what, hint in _UNSUPPORTED:
        # Comments and an XML declaration may come before the <svg>.
        if start.startswith(sign) or (sign == b"<svg" and start[:1] == b"<" and sign in start):
            return FileUnusableError(f"The file is {what}, not media.", hint=f"{hint} {_SUPPORTED}")
    return FileUnusableError(
        "The file isn't a supported picture, sound or 3D model, whatever its name says.",
        hint=_SUPPORTED,
    )
