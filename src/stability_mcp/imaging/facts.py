"""What is known of a file without decoding it."""

from dataclasses import dataclass
from typing import Literal

from stability_mcp.api.fields import Size

Metadata = Literal["EXIF", "GPS", "XMP", "text"]

_TURNED = {5, 6, 7, 8}


@dataclass(frozen=True, kw_only=True)
class Facts:
    """What a file is, as its header says. Lengths are pixels, bytes and seconds."""

    media_type: str
    bytes: int
    end: int | None = None
    """Where the container ends, in bytes; None where the format does not say."""
    width: int | None = None
    """Width as stored, before `orientation` is applied."""
    height: int | None = None
    mode: str = ""
    """How a pixel is stored, in Pillow's words: L, LA, RGB, RGBA, P, CMYK, ..."""
    depth: int = 8
    """Bits of one channel."""
    has_alpha: bool = False
    """Whether pixels can be transparent, not whether any is."""
    orientation: int = 1
    """EXIF orientation, 1 to 8; 1: upright as stored."""
    frames: int = 1
    progressive: bool = False
    metadata: frozenset[Metadata] = frozenset()
    seconds: float | None = None
    rate: int | None = None
    """Samples of sound a second."""
    channels: int | None = None

    @property
    def kind(self) -> Literal["image", "audio", "model"]:
        """Return what family of media it is."""
        family = self.media_type.partition("/")[0]
        return "image" if family == "image" else "audio" if family == "audio" else "model"

    @property
    def size(self) -> Size:
        """Return the size as a person sees it, upright; 0x0 of what is no picture."""
        stored = Size(self.width or 0, self.height or 0)
        return Size(stored.height, stored.width) if self.orientation in _TURNED else stored

    @property
    def pixels(self) -> int:
        """Return width times height."""
        return (self.width or 0) * (self.height or 0)

    @property
    def tail(self) -> int:
        """Return how many bytes follow the end of the container: no part of the media."""
        return 0 if self.end is None else self.bytes - self.end
