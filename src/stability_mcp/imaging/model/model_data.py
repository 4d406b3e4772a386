"""A 3D model in memory: triangles in world coordinates, materials, and encoded textures."""

import io
from array import array
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property

from stability_mcp.errors import FileUnusableError
from stability_mcp.imaging.facts import Facts
from stability_mcp.imaging.model.transforms import Coordinates
from stability_mcp.imaging.probe import probe
from stability_mcp.imaging.sniff import HEAD_BYTES, media_type

CORNERS = 3
"""Corners of a triangle."""


@dataclass(frozen=True, kw_only=True)
class Finish:
    """The colours of a material."""

    name: str = ""
    colour: tuple[float, float, float, float] = (1.0, 1.0, 1.0, 1.0)
    """Red, green, blue (linear) and alpha, each 0 to 1."""
    texture: int | None = None
    """Index in the textures of the model."""
    cutoff: float | None = None
    """Alpha below which nothing is drawn; None: there are no holes."""
    blended: bool = False
    """Whether alpha makes it translucent."""
    double_sided: bool = False
    unlit: bool = False


@dataclass(frozen=True, kw_only=True)
class TextureFile:
    """A picture that materials use."""

    name: str
    data: memoryview | None = field(repr=False)
    """As encoded in the file; None: it isn't in the file."""
    wrap: tuple[int, int] = (10_497, 10_497)
    """How it continues to the sides, and above and below: numbers of OpenGL."""

    def facts(self) -> Facts:
        """Return the facts of the picture; blocks.

        Raises:
            FileUnusableError: it isn't in the file, isn't a picture, or is damaged.
        """
        if isinstance(self._probed, FileUnusableError):
            raise self._probed
        return self._probed

    @cached_property
    def _probed(self) -> Facts | FileUnusableError:
        if self.data is None:
            return FileUnusableError("A texture isn't in the file.")
        # Other files aren't parsed: an MP3 takes seconds.
        if not (media_type(bytes(self.data[:HEAD_BYTES])) or "").startswith("image/"):
            return FileUnusableError("A texture isn't a picture.")
        try:
            return probe(io.BytesIO(self.data))
        except FileUnusableError as error:
            return error


@dataclass(frozen=True, kw_only=True)
class Part:
    """Triangles with one material."""

    name: str
    points: Coordinates
    normals: Coordinates | None
    """Not necessarily of length 1."""
    uv: "tuple[array[float], array[float]] | None"
    """Texture coordinates from the upper left corner, those of the base colour."""
    colours: Coordinates | None
    """Red, green and blue (linear) of each vertex, which multiply the material's."""
    corners: "array[int]"
    """Three vertices for each triangle, counter-clockwise seen from outside."""
    finish: int
    """Index of its material."""

    @property
    def triangles(self) -> int:
        """Return the number of triangles."""
        return len(self.corners) // CORNERS


@dataclass(frozen=True, kw_only=True)
class Model:
    """All that a GLB shows."""

    parts: Sequence[Part]
    finishes: Sequence[Finish]
    """The materials; the last one is that of parts without a material."""
    textures: Sequence[TextureFile]
    ignored: Sequence[str]
    """What isn't read, as phrases."""

    @property
    def triangles(self) -> int:
        """Return the number of triangles."""
        return sum(each.triangles for each in self.parts)

    @property
    def vertices(self) -> int:
        """Return the number of vertices; at edges of a texture there are several at one place."""
        return sum(len(each.points[0]) for each in self.parts)

    @property
    def box(self) -> tuple[tuple[float, float, float], tuple[float, float, float]]:
        """Return the smallest and the largest coordinates."""
        low, high = (
            tuple(choose(choose(each.points[axis]) for each in self.parts) for axis in range(3))
            for choose in (min, max)
        )
        return low, high  # type: ignore[return-value]

    @property
    def size(self) -> tuple[float, float, float]:
        """Return width, height and depth."""
        low, high = self.box
        return high[0] - low[0], high[1] - low[1], high[2] - low[2]
