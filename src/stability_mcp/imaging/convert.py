"""Converts HEIC pictures and AIFF, FLAC and Ogg sounds, if the extra `[formats]` is installed.

Its libraries are loaded in the thread that converts, and only for such a file. They count as
installed only together: other packages bring soundfile for purposes of their own.
"""

import re
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from importlib import import_module
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, NamedTuple

from stability_mcp.errors import FileUnusableError
from stability_mcp.imaging.containers.piece import AUDIO_EDITOR, IMAGE_EDITOR, cut_short, damaged
from stability_mcp.imaging.sniff import HEAD_BYTES, media_type
from stability_mcp.imaging.strip import atomic_write

if TYPE_CHECKING:
    from PIL import Image

LIBRARIES = ("pillow_heif", "soundfile")
"""Modules of the extra."""

MAX_PIXELS = 25_000_000
"""Largest HEIC picture. Converting one takes 9 bytes per pixel with transparency (measured) and up
to 12 with 10 bits per channel; one picture may take 300 MB."""
MAX_SECONDS = 600
"""Longest sound: the API takes at most 380 seconds."""
MAX_SAMPLES = 40_000_000
"""Most samples of all channels together: 80 MB of WAV."""
_BLOCK_FRAMES = 65_536
_BITS = 8
_IFF_HEADER = 8
"""Bytes of a FORM chunk before its data."""

_SOUNDS: Mapping[str, str] = MappingProxyType(
    {r"fLaC": "FLAC", r"OggS": "Ogg", r"FORM.{4}AIF[FC]": "AIFF"}
)
"""Sounds that libsndfile reads, by the start of the file (see `formats.py`)."""

_one_at_a_time = threading.Lock()
"""The libraries' memory isn't part of the budget in `memory.py`."""


class _Conversion(NamedTuple):
    """A kind of file that is converted."""

    name: str
    convert: Callable[[Path, str], str]
    """Replaces the file and returns what was done, as a phrase; takes its path and name."""


def convert(path: Path) -> str | None:
    """Convert a file in place, if the extra can and has to; return what was done, as a phrase.

    Raises:
        FileUnusableError: It is damaged, cut short or too large.
        OSError: It cannot be read or written.
    """
    with path.open("rb") as file:
        found = _conversion(file.read(HEAD_BYTES))
    if found is None or not is_installed():
        return None
    with _one_at_a_time:
        return found.convert(path, found.name)


def is_installed() -> bool:
    """Return whether the extra is installed and its libraries can be loaded."""
    try:
        for name in LIBRARIES:
            import_module(name)
    except (ImportError, OSError):  # OSError: soundfile without libsndfile
        return False
    return True


def _conversion(head: bytes) -> _Conversion | None:
    if media_type(head) == "image/heic":
        return _Conversion("HEIC", _picture)
    names = (name for start, name in _SOUNDS.items() if re.match(start.encode(), head, re.DOTALL))
    return next((_Conversion(name, _sound) for name in names), None)


# Pictures -----------------------------------------------------------------------------------------


def _picture(path: Path, name: str) -> str:
    """Replace a HEIC picture by a PNG with its colour profile; libheif turns it upright."""
    import pillow_heif

    with _errors(name, IMAGE_EDITOR):
        heif = pillow_heif.open_heif(path, convert_hdr_to_8bit=True)
        _check_pixels(heif.size)
        depth = heif.info["bit_depth"]
        image = heif.to_pillow()
    _check_pixels(image.size)  # the header can be wrong
    profile = image.info.get("icc_profile")
    clean = _plain(image)
    with atomic_write(path) as out:
        clean.save(out, "PNG", icc_profile=profile, compress_level=1)
    lost = f", {depth} bits per channel reduced to 8" if depth > _BITS else ""
    return f"converted from {name} to PNG{lost}"


def _plain(image: "Image.Image") -> "Image.Image":
    """Return a picture in a mode that PNG has, without metadata: HEIC may premultiply alpha."""
    plain = image.convert("RGBA") if image.mode == "RGBa" else image
    plain.info = {}
    return plain


def _check_pixels(size: tuple[int, int]) -> None:
    width, height = size
    if width * height > MAX_PIXELS:
        raise FileUnusableError(
            f"The HEIC picture is too large to convert: {width}x{height} is "
            f"{width * height / 1e6:.0f} megapixels; the maximum is {MAX_PIXELS / 1e6:.0f}.",
            hint="Export it as JPEG.",
        )


# Sounds -------------------------------------------------------------------------------------------


def _sound(path: Path, name: str) -> str:
    """Replace a sound by a WAV with 16 bits per sample and the same rate and channels."""
    import soundfile

    if name == "AIFF":
        _check_iff_length(path)
    with _errors(name, AUDIO_EDITOR), soundfile.SoundFile(path) as source:
        _check_length(name, source.frames, source.samplerate, source.channels)
        with atomic_write(path) as out:
            missing = source.frames - _copy(source, out)
            if missing > 0:
                seconds = f"{missing / source.samplerate:.1f} s of sound are missing"
                raise cut_short(name, seconds, editor=AUDIO_EDITOR)
    return f"converted from {name} to WAV"


def _copy(source: Any, out: Any) -> int:  # noqa: ANN401 -- soundfile has no types
    """Write the samples as WAV and return the number of frames."""
    import soundfile

    copied = 0
    with soundfile.SoundFile(
        out, "w", source.samplerate, source.channels, "PCM_16", format="WAV"
    ) as target:
        # Floats, because libsndfile doesn't scale floating-point files to integers.
        while block := bytes(source.buffer_read(_BLOCK_FRAMES, "float32")):
            target.buffer_write(block, "float32")
            copied += len(block) // (4 * source.channels)
    return copied


def _check_length(name: str, frames: int, rate: int, channels: int) -> None:
    if not frames or not rate:
        raise damaged(name, "it contains no sound", editor=AUDIO_EDITOR)
    seconds = frames / rate
    if seconds > MAX_SECONDS or frames * channels > MAX_SAMPLES:
        raise FileUnusableError(
            f"The {name} sound is too long to convert: {seconds:,.0f} s with {channels} channels "
            f"of {rate:,} samples per second.",
            hint=f"Trim it to {MAX_SECONDS:,} s, or export it as MP3.",
        )


def _check_iff_length(path: Path) -> None:
    """Raise FileUnusableError if an AIFF is shorter than its header states.

    libsndfile plays what is left.
    """
    with path.open("rb") as file:
        stated = int.from_bytes(file.read(_IFF_HEADER)[4:], "big") + _IFF_HEADER
    missing = stated - path.stat().st_size
    if missing > 1:  # the last chunk may lack its padding
        raise cut_short("AIFF", f"{missing:,} of {stated:,} bytes are missing", editor=AUDIO_EDITOR)


@contextmanager
def _errors(name: str, editor: str) -> Iterator[None]:
    """Turn the libraries' errors into FileUnusableError."""
    try:
        yield
    except (FileUnusableError, OSError, MemoryError):
        raise
    except Exception as error:
        raise damaged(name, "it cannot be decoded", editor=editor) from error
