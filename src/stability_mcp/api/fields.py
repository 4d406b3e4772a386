"""Shared field types: unit, range and sentence of what several operations take, said once.

Every range is the API's own (https://platform.stability.ai/docs/api-reference). A field that takes
a file carries a `File` mark with the limits of what may be sent; callers name the file by media
URI, id, label or path, and `media/` turns that into bytes that fit.

Descriptions are short because every conversation pays for them, and never repeat a range, a default
or a list of values: the schema shows those. It does not show how long a text may be, since nobody
who writes one counts.
"""

import math
from dataclasses import dataclass
from typing import Annotated, Any, Literal, NamedTuple

from pydantic import Field

OURS = ("label", "count", "confirm_spend")
"""Arguments that a paid tool has beside the API's: how to call the result, how many variants, and
the credits that the user agreed to."""


class Size(NamedTuple):
    """Width and height of a picture, in pixels."""

    width: int
    height: int


MEGAPIXEL = 1_048_576
"""Pixels of 1024x1024, which the API calls one megapixel."""


def megapixel_size(ratio: str, pixels: int, *, step: int = 1) -> Size:
    """Return the size of about `pixels` at a ratio such as `16:9`, sides rounded down to `step`.

    A side has one `step` at least, so that also a strip is a picture.
    """
    sides = [int(side) for side in ratio.split(":")]
    scale = math.sqrt(pixels / math.prod(sides))
    return Size(*(max(1, int(side * scale + 1e-6) // step) * step for side in sides))


@dataclass(frozen=True, kw_only=True)
class ImageLimits:
    """What the API takes as a picture. Pixels are width times height."""

    formats: tuple[str, ...] = ("jpeg", "png", "webp")
    min_side: int = 64
    max_side: int | None = None
    min_pixels: int = 4_096
    max_pixels: int | None = None
    max_aspect: float | None = None
    """Longer side over shorter side, at most; None: any shape."""
    sizes: tuple[Size, ...] = ()
    """The only sizes taken; empty: any within the other limits."""


@dataclass(frozen=True, kw_only=True)
class AudioLimits:
    """What the API takes as sound."""

    formats: tuple[str, ...] = ("mp3", "wav")
    min_seconds: float
    max_seconds: float


@dataclass(frozen=True, kw_only=True)
class File:
    """Marks a field whose value names a file.

    A `mask_for` field is a mask of the picture in the named field: white is changed, black kept.
    The API resizes it to that picture, so it follows whatever is done to the picture.
    """

    limits: ImageLimits | AudioLimits
    mask_for: str | None = None

    @property
    def media(self) -> Literal["image", "audio"]:
        """Return what kind of file is meant."""
        return "image" if isinstance(self.limits, ImageLimits) else "audio"


FILE_HELP = "Label, media:// URI or path"
"""How a file is named, in the fewest words; the server's instructions tell the rest."""


def unmeasured(schema: dict[str, Any]) -> None:
    """Leave the bounds of a value out of its JSON schema: a model gets them right unasked."""
    for bound in ("minLength", "maxLength", "minimum"):
        schema.pop(bound, None)


Text = Annotated[str, Field(min_length=1, max_length=10_000, json_schema_extra=unmeasured)]
OptionalText = Annotated[str, Field(max_length=10_000, json_schema_extra=unmeasured)]
Reference = Annotated[str, Field(min_length=1, json_schema_extra=unmeasured)]
"""How a call names a file: media URI, id, label, path, file:// URL or data: URI.

It has no upper bound here, since a data: URI is as long as its picture; who resolves it has one.
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
    Field(description="White is changed, black kept. Default: transparent part of `image`."),
]

Prompt = Annotated[Text, Field(description="What to see, in English.")]
OptionalPrompt = Annotated[OptionalText, Field(description="What to see, in English.")]
NegativePrompt = Annotated[OptionalText, Field(description="What not to see.")]
SoundPrompt = Annotated[Text, Field(description="What to hear, in English.")]
MAX_SEED = 4_294_967_294
"""Largest seed that the API takes; 0 asks for a random one."""
MAX_V1_SEED = 4_294_967_295
"""Largest seed that version 1 of the API takes."""
MAX_VARIANTS = 8
"""Most results of one call: a contact sheet of more shows nothing."""

Seed = Annotated[
    int,
    Field(ge=0, le=MAX_SEED, description="0: random."),
]
AspectRatio = Annotated[
    Literal["21:9", "16:9", "3:2", "5:4", "1:1", "4:5", "2:3", "9:16", "9:21"],
    Field(description="Width to height."),
]
StylePreset = Annotated[
    Literal[
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
    ],
    Field(description="Overall look."),
]
ImageFormat = Annotated[Literal["jpeg", "png", "webp"], Field(description="File format.")]
TransparentFormat = Annotated[Literal["png", "webp"], Field(description="File format.")]
AudioFormat = Annotated[Literal["mp3", "wav"], Field(description="File format.")]
TextureResolution = Annotated[Literal["512", "1024", "2048"], Field(description="Pixels.")]
Remesh = Annotated[Literal["none", "triangle", "quad"], Field(description="New mesh.")]
GrowMask = Annotated[int, Field(ge=0, le=20, description="Pixels to widen the area.")]
Share = Annotated[float, Field(ge=0, le=1)]
"""A part of a whole, 0 to 1, no unit."""
