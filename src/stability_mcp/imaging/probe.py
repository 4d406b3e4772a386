"""What a file is and how large, by its header: nothing is decoded, so nothing can blow up."""

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
"""Largest picture that is looked at, in pixels: Pillow's own guard against bombs.

The API makes at most 17 megapixels and takes less."""

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
_KNOWN = "Pictures: PNG, JPEG, WebP, GIF, BMP, TIFF, AVIF. Sound: MP3, WAV. Models: GLB."
_FOREIGN = (
    (b"<svg", "an SVG drawing", "Export it as PNG and use that."),
    (b"%pdf", "a PDF document", "Export the page as PNG and use that."),
    (b"<html", "a web page", "The address leads to a page: download the picture itself."),
    (b"<!doctype html", "a web page", "The address leads to a page: download the picture itself."),
    (b"pk\x03\x04", "an archive", "Unpack it and use the file inside."),
)


def probe(source: Path | BinaryIO) -> Facts:
    """Return what a file is, from its header.

    Args:
        source: The file, or where it is. An open file is left open, its position anywhere.

    Raises:
        FileUnusableError: It is no media, is cut short, or would unpack to too much.
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
            raise _no_media(head)
        reader = _READERS.get(media_type)
        if reader is not None:
            facts = reader(file, size)
        elif media_type.startswith("audio/"):
            facts = audio.packed_facts(file, size, media_type)
        else:
            facts = pixels.header_facts(file, size, media_type)
    if facts.kind == "image":
        _check_size(facts)
    return facts


def _check_size(facts: Facts) -> None:
    """Raise FileUnusableError for no pixels or too many."""
    name = sniff.extension(facts.media_type).upper()
    if not facts.pixels:
        raise damaged(name, "its width or height is 0")
    if facts.pixels > MAX_PIXELS:
        raise FileUnusableError(
            f"The picture is too large: {facts.width}x{facts.height} is "
            f"{facts.pixels / 1e6:.0f} megapixels, and {MAX_PIXELS / 1e6:.0f} are the most "
            "that is unpacked here.",
            hint="Scale it down and use that.",
        )


def _no_media(head: bytes) -> FileUnusableError:
    """Return the error that says what the file is instead, where that is plain."""
    if not head:
        return FileUnusableError("The file is empty.", hint="Save or download it again.")
    start = head[:1024].lstrip(b"\xef\xbb\xbf \t\r\n").lower()
    for sign, what, hint in _FOREIGN:
        # Comments and an XML declaration may come before the <svg>.
        if start.startswith(sign) or (sign == b"<svg" and start[:1] == b"<" and sign in start):
            return FileUnusableError(f"The file is {what}, not media.", hint=f"{hint} {_KNOWN}")
    return FileUnusableError(
        "The file is no picture, sound or 3D model that is known here, whatever its name says.",
        hint=_KNOWN,
    )
