"""Facts about a file that are known without decoding it."""

from dataclasses import dataclass
from typing import Literal

from stability_mcp.api.fields import Size
from stability_mcp.imaging.containers.piece import Part

Metadata = Literal["EXIF", "GPS", "XMP", "text"]

SIDEWAYS = {5, 6, 7, 8}
"""EXIF orientations that swap width and height."""


@dataclass(frozen=True, kw_only=True)
class Facts:
    """The facts in a file's header. Lengths are pixels, bytes and seconds."""

    media_type: str
    bytes: int
    end: int | None = None
    """End of the container, in bytes; None if the format doesn't record it."""
    width: int | None = None
    """Width as stored, before `orientation` is applied."""
    height: int | None = None
    mode: str = ""
    """Pixel format as a Pillow mode: L, LA, RGB, RGBA, P, CMYK, ..."""
    depth: int = 8
    """Bits per channel."""
    signed: bool = False
    """Whether its samples are signed integers."""
    white_is_zero: bool = False
    """Whether the lowest value of a grey picture is white."""
    has_alpha: bool = False
    """Whether pixels can be transparent, not whether any are."""
    orientation: int = 1
    """EXIF orientation, 1 to 8; 1 means upright as stored."""
    has_profile: bool = False
    """Whether a colour profile is embedded."""
    frames: int = 1
    """Frames of an animation, or pages of a TIFF."""
    progressive: bool = False
    metadata: frozenset[Metadata] = frozenset()
    repaired: tuple[Part, ...] = ()
    """Parts of the same media without defects that players tolerate; empty if it has none."""
    repairs: tuple[str, ...] = ()
    """What the repair changes, as phrases."""
    seconds: float | None = None
    rate: int | None = None
    """Sound samples per second."""
    channels: int | None = None

    @property
    def kind(self) -> Literal["image", "audio", "model"]:
        """Return which kind of media it is."""
        family = self.media_type.partition("/")[0]
        return "image" if family == "image" else "audio" if family == "audio" else "model"

    @property
    def size(self) -> Size:
        """Return the size of the upright picture; 0x0 if it isn't a picture."""
        stored = Size(self.width or 0, self.height or 0)
        return Size(stored.height, stored.width) if self.orientation in SIDEWAYS else stored

    @property
    def pixels(self) -> int:
        """Return width times height."""
        return (self.width or 0) * (self.height or 0)

    @property
    def tail(self) -> int:
        """Return the number of bytes after the end of the container; they aren't media."""
        return 0 if self.end is None else self.bytes - self.end
