"""Field types that several operations share, each with unit, range and description.

Every range is the API's own (https://platform.stability.ai/docs/api-reference). A field that takes
a file carries a `File` mark with the limits of what may be sent; callers name the file by media
URI, id, label or path, and `media/` turns that into bytes that fit.

Descriptions are short because every conversation pays for them. They don't repeat ranges, defaults
or choices, which the schema shows. The schema leaves out text lengths: models don't count
characters.
"""

import math
from dataclasses import dataclass
from typing import Annotated, Any, Literal, NamedTuple

from pydantic import Field

OURS = ("allow_smaller", "full_size", "label", "count", "preview", "confirm_spend")
"""Arguments that paid tools add to the API's: whether an upscaler may return fewer pixels, whether
the full-size original is cut out as well, name of the result, number of variants, whether the
answer has a preview, and the credits that the user agreed to spend."""


class Size(NamedTuple):
    """Width and height of a picture, in pixels."""

    width: int
    height: int


MEGAPIXEL = 1_048_576
"""Pixels of 1024x1024, the API's megapixel."""


def megapixel_size(ratio: str, pixels: int, *, step: int = 1) -> Size:
    """Return a size of about `pixels` at a ratio such as `16:9`, sides rounded down to `step`.

    Each side is at least one `step`, so a very narrow ratio still gives a picture.
    """
    sides = [int(side) for side in ratio.split(":")]
    scale = math.sqrt(pixels / math.prod(sides))
    return Size(*(max(1, int(side * scale + 1e-6) // step) * step for side in sides))


@dataclass(frozen=True, kw_only=True)
class ImageLimits:
    """Limits of a picture that the API accepts. Pixels are width times height."""

    formats: tuple[str, ...] = ("jpeg", "png", "webp")
    min_side: int = 64
    max_side: int | None = None
    min_pixels: int = 4_096
    max_pixels: int | None = None
    max_aspect: float | None = None
    """Maximum ratio of longer to shorter side; None: any shape."""
    sizes: tuple[Size, ...] = ()
    """The only sizes accepted; empty: any within the other limits."""


@dataclass(frozen=True, kw_only=True)
class AudioLimits:
    """Limits of a sound that the API accepts."""

    formats: tuple[str, ...] = ("mp3", "wav")
    min_seconds: float
    max_seconds: float


@dataclass(frozen=True, kw_only=True)
class File:
    """Marks a field whose value names a file.

    A `mask_for` field is a mask of the picture in the named field: white is changed, black kept.
    The API resizes it to that picture, so the mask gets the same transforms as the picture.
    """

    limits: ImageLimits | AudioLimits
    mask_for: str | None = None

    @property
    def media(self) -> Literal["image", "audio"]:
        """The kind of file that the field takes."""
        return "image" if isinstance(self.limits, ImageLimits) else "audio"


def check_part(start: float, end: float, *, duration: float | None) -> None:
    """Check the part of a sound that inpainting regenerates, in seconds.

    Args:
        start: Its start.
        end: Its end.
        duration: Length of the result; None: not known yet.

    Raises:
        ValueError: the part is empty, or the result ends before it.
    """
    if end <= start:
        raise ValueError("mask_end must be after mask_start")
    if duration is not None and start >= duration:
        raise ValueError(
            f"mask_start {start:g} isn't before the end of the result, which lasts {duration:g} s. "
            "To continue a sound, set mask_start to where it ends, and duration and mask_end to "
            "the new length"
        )


FILE_HELP = "Label, URI or path"
"""How to name a file, in few words; the server's instructions have the details."""


def unmeasured(schema: dict[str, Any]) -> None:
    """Drop a value's bounds from its JSON schema: models stay within them anyway."""
    for bound in ("minLength", "maxLength", "minimum"):
        schema.pop(bound, None)


Text = Annotated[str, Field(min_length=1, max_length=10_000, json_schema_extra=unmeasured)]
OptionalText = Annotated[str, Field(max_length=10_000, json_schema_extra=unmeasured)]
Reference = Annotated[str, Field(min_length=1, json_schema_extra=unmeasured)]
"""A file named by media URI, id, label, path, file:// URL or data: URI.

It has no maximum length here because a data: URI holds a whole picture; the resolver has one.
"""

ImageUpTo9MP = Annotated[
    Reference,
    File(limits=ImageLimits(max_pixels=9_437_184)),
    Field(description=f"{FILE_HELP}."),
]
ImageUpTo9MPNotTooLong = Annotated[
    Reference,
    File(limits=ImageLimits(max_pixels=9_437_184, max_aspect=2.5)),
    Field(description=f"{FILE_HELP}."),
]
ImageUpTo4MP = Annotated[
    Reference,
    File(limits=ImageLimits(max_pixels=4_194_304)),
    Field(description=f"{FILE_HELP}."),
]
ImageUpTo1MP = Annotated[
    Reference,
    File(limits=ImageLimits(max_pixels=MEGAPIXEL)),
    Field(description=f"{FILE_HELP}."),
]
Mask = Annotated[
    Reference,
    File(limits=ImageLimits(min_side=1, min_pixels=1), mask_for="image"),
    Field(description="Label, URI or path; white is changed, black kept. Default: image's alpha."),
]

Prompt = Annotated[Text, Field(description="What to show, in English.")]
OptionalPrompt = Annotated[OptionalText, Field(description="What to show, in English.")]
NegativePrompt = Annotated[OptionalText, Field(description='Such as "people, text".')]
SoundPrompt = Annotated[Text, Field(description="What to hear, in English.")]
MAX_SEED = 4_294_967_294
"""Largest seed that the API accepts; 0 requests a random one."""
MAX_V1_SEED = 4_294_967_295
"""Largest seed that version 1 of the API accepts."""
MAX_VARIANTS = 8
"""Maximum results of one call: on a contact sheet of more, each would be too small to judge."""

Seed = Annotated[
    int,
    Field(ge=0, le=MAX_SEED, description="0 = random."),
]
AspectRatio = Literal["21:9", "16:9", "3:2", "5:4", "1:1", "4:5", "2:3", "9:16", "9:21"]
"""Width to height. A choice whose name and values say everything has no description."""
StylePreset = Literal[
    "enhance",
    "anime",
    "photographic",
    "digital-art",
    "comic-book",
    "fantasy-art",
    "line-art",
    "analog-film",
    "neon-punk",
    "isometric",
    "low-poly",
    "origami",
    "modeling-compound",
    "cinematic",
    "3d-model",
    "pixel-art",
    "tile-texture",
]
ImageFormat = Literal["jpeg", "png", "webp"]
TransparentFormat = Literal["png", "webp"]
AudioFormat = Literal["mp3", "wav"]
TextureResolution = Annotated[
    Literal["512", "1024", "2048"], Field(description="Texture size in pixels.")
]
Remesh = Annotated[
    Literal["none", "triangle", "quad"],
    Field(description="How to rebuild the mesh."),
]
GrowMask = Annotated[int, Field(ge=0, le=20, description="Pixels to grow the area.")]
Share = Annotated[float, Field(ge=0, le=1)]
"""A fraction from 0 to 1."""
