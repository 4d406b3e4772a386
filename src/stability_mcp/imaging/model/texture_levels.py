"""Decodes the textures of a model into arrays of packed pixels, at several sizes."""

import io
import math
from array import array
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from stability_mcp.api.fields import Size
from stability_mcp.errors import FileUnusableError
from stability_mcp.imaging.colour import to_srgb
from stability_mcp.imaging.memory import estimate
from stability_mcp.imaging.model.model_data import Finish, Model, Part, TextureFile
from stability_mcp.imaging.pixels import decode_image, plain_mode

if TYPE_CHECKING:
    from PIL import Image

MAX_TEXTURE_BYTES = 152_000_000
"""Memory for decoding one texture: 4096x4096 with alpha, the largest that is usual."""
MAX_SIDE = 1_024
"""Longer side of a texture as it is drawn, in pixels: more than a view has across."""
_ALL_SIDES = 2_048
"""Longer side of a texture if there were only one: several get as many pixels together."""
MAX_PIXELS = 70_000_000
"""Pixels of all textures that are decoded: four of 4096x4096, which take about 2 s."""
MIRRORED = 33_648
"""OpenGL's number for a texture that continues with its mirror image; the others are repeated."""
_GAMMA = 2.2
_SAMPLED = 400
"""Triangles that show how large a texture appears."""
_FULL = 255


@dataclass(frozen=True, kw_only=True)
class Level:
    """A texture at one size, whose sides are powers of two."""

    pixels: "array[int]"
    """Red, green, blue and alpha, packed into 32 bits each."""
    width: int
    height: int
    across: float
    """Pixels that a texture coordinate of 1 stands for; half the width of a mirrored texture."""
    down: float

    @property
    def shift(self) -> int:
        """Return the logarithm of the width."""
        return self.width.bit_length() - 1


def texture_size(texture: TextureFile) -> Size | None:
    """Return the size of a texture; None: it isn't in the file, or can't be used."""
    try:
        return texture.facts().size
    except FileUnusableError:
        return None


class Textures:
    """Decodes the base colours of a model's materials, within bounds of time and memory.

    Args:
        model: The model.
    """

    def __init__(self, model: Model) -> None:
        self._model = model
        self._pixels = MAX_PIXELS
        used = {part.finish for part in model.parts}
        textured = sum(model.finishes[each].texture is not None for each in used)
        self._side = _power_of_two(_ALL_SIDES / math.sqrt(max(1, textured)), most=MAX_SIDE)
        self._decoded: dict[int, Image.Image | str] = {}
        self.levels = {each: self._levels(model.finishes[each]) for each in sorted(used)}
        """The base colour of each material that is used, largest size first.

        Without a usable texture it is one pixel."""
        problems = (each for each in self._decoded.values() if isinstance(each, str))
        self.problems = list(dict.fromkeys(problems))
        """Why textures aren't shown, as sentences."""

    def _levels(self, finish: Finish) -> list[Level]:
        from PIL import Image

        tint = [round(_FULL * encoded(each)) for each in finish.colour[:3]]
        tint.append(round(_FULL * finish.colour[3]))
        picture = Image.new("RGBA", (1, 1), tuple(tint))
        if finish.texture is not None:
            found = self._texture(finish.texture)
            picture = picture if isinstance(found, str) else _tinted(found, tint)
        mirrored = (False, False)
        if finish.texture is not None and picture.size != (1, 1):
            across, down = self._model.textures[finish.texture].wrap
            mirrored = (across == MIRRORED, down == MIRRORED)
        levels = [_level(picture, mirrored)]
        while max(picture.size) > 1:
            half = (max(1, picture.width // 2), max(1, picture.height // 2))
            picture = picture.resize(half, Image.Resampling.BOX)
            levels.append(_level(picture, mirrored))
        return levels

    def _texture(self, index: int) -> "Image.Image | str":
        """Return a decoded texture, or why there is none."""
        if index not in self._decoded:
            try:
                self._decoded[index] = self._decode(self._model.textures[index])
            except FileUnusableError as error:
                self._decoded[index] = error.message
        return self._decoded[index]

    def _decode(self, texture: TextureFile) -> "Image.Image":
        """Return a texture with sides that are powers of two; a mirrored one is twice as large."""
        from PIL import Image

        facts = texture.facts()
        self._pixels -= facts.pixels
        if estimate(facts) > MAX_TEXTURE_BYTES or self._pixels < 0:
            raise FileUnusableError("The textures are too large to draw.")
        image = decode_image(
            io.BytesIO(texture.data or b""), facts, at_least=Size(self._side, self._side)
        )
        factor = max(image.size) // self._side
        if factor > 1 and image.mode in {"L", "LA", "RGB", "RGBA"}:  # at once, to save memory
            image = image.reduce(factor)
        size = [_power_of_two(each, most=self._side) for each in image.size]
        image = to_srgb(plain_mode(image, facts).image).image.convert("RGBA")
        image = image.resize((size[0], size[1]), Image.Resampling.BOX)
        for side, wrap in enumerate(texture.wrap):
            image = _with_mirror_image(image, side) if wrap == MIRRORED else image
        return image


def level_for(part: Part, levels: Sequence[Level], x: Sequence[float], y: Sequence[float]) -> int:
    """Return the level whose pixels are about as large as those of a view.

    Args:
        part: What is drawn.
        levels: Its texture.
        x: Where its vertices are in the view, across, in pixels.
        y: The same down.
    """
    if part.uv is None:
        return 0
    us, vs = part.uv
    step = 3 * max(1, part.triangles // _SAMPLED)
    texture = shown = 0.0
    for at in range(0, len(part.corners) - 2, step):
        corner = part.corners[at : at + 3]
        texture += _area(us, vs, corner) * levels[0].across * levels[0].down
        shown += _area(x, y, corner)
    ratio = math.sqrt(texture / shown) if shown and texture else 1.0
    return min(len(levels) - 1, round(math.log2(max(1.0, ratio))))


def _area(x: Sequence[float], y: Sequence[float], corner: Sequence[int]) -> float:
    a, b, c = corner
    return abs((x[b] - x[a]) * (y[c] - y[a]) - (x[c] - x[a]) * (y[b] - y[a]))


def encoded(linear: float) -> float:
    """Return a linear share of light as in sRGB."""
    return float(max(0.0, min(1.0, linear)) ** (1 / _GAMMA))


def _with_mirror_image(image: "Image.Image", side: int) -> "Image.Image":
    """Return a picture with its mirror image to the right (side 0) or below (side 1)."""
    from PIL import Image, ImageOps

    width, height = image.size
    whole = Image.new("RGBA", (2 * width, height) if side == 0 else (width, 2 * height))
    whole.paste(image)
    turned = ImageOps.mirror(image) if side == 0 else ImageOps.flip(image)
    whole.paste(turned, (width, 0) if side == 0 else (0, height))
    return whole


def _power_of_two(side: float, *, most: int) -> int:
    """Return the largest power of two up to a length."""
    return min(most, 1 << max(0, int(side).bit_length() - 1))


def _tinted(picture: "Image.Image", colour: Sequence[int]) -> "Image.Image":
    if all(each == _FULL for each in colour):
        return picture
    tables = [[level * each // _FULL for level in range(256)] for each in colour]
    return picture.point([level for table in tables for level in table])


def _level(picture: "Image.Image", mirrored: tuple[bool, bool]) -> Level:
    pixels = array("I")
    pixels.frombytes(picture.tobytes())
    width, height = picture.size
    return Level(
        pixels=pixels,
        width=width,
        height=height,
        across=width / (1 + mirrored[0]),
        down=height / (1 + mirrored[1]),
    )
