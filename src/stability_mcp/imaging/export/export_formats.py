"""The file formats of exports, and how a picture is encoded in each."""

import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from stability_mcp.imaging.export.export_presets import FormatName

if TYPE_CHECKING:
    from PIL import Image

LOSSLESS = 1_000
"""The level of a format that loses nothing; other levels are a quality or a number of colours."""
_COLOURS = (16, 32, 64, 128, 256)
_MIN_QUALITY = 20
"""Below it, blocks hide what the picture shows."""
_MAX_QUALITY = 95
"""Above it, files grow by half without a visible difference."""
_CHROMA_QUALITY = 90
"""From here on JPEG keeps the full resolution of colours: red text stays sharp."""


@dataclass(frozen=True, kw_only=True)
class ExportFormat:
    """A format that pictures are written in."""

    name: FormatName
    ending: str
    plugin: str
    """Module of Pillow that encodes it."""
    levels: tuple[int, ...]
    """Levels of quality, worst first."""
    default: int
    """Level if none is asked for."""
    good: int
    """Worst level before a picture should rather be made smaller."""
    alpha: bool = True
    lossy: bool = False
    max_side: int = 65_535

    def levels_from(self, worst: int, best: int) -> Sequence[int]:
        """Return the levels in a range; at least one."""
        return [each for each in self.levels if worst <= each <= best] or [best]


_LOSSY = tuple(range(_MIN_QUALITY, _MAX_QUALITY + 1))

EXPORT_FORMATS: Mapping[str, ExportFormat] = MappingProxyType(
    {
        each.name: each
        for each in (
            ExportFormat(
                name="png",
                ending="png",
                plugin="Png",
                levels=(*_COLOURS, LOSSLESS),
                default=LOSSLESS,
                good=256,
            ),
            ExportFormat(
                name="jpeg",
                ending="jpg",
                plugin="Jpeg",
                levels=_LOSSY,
                default=85,
                good=60,
                alpha=False,
                lossy=True,
            ),
            ExportFormat(
                name="webp",
                ending="webp",
                plugin="WebP",
                levels=_LOSSY,
                default=82,
                good=60,
                lossy=True,
                max_side=16_383,
            ),
            ExportFormat(
                name="avif",
                ending="avif",
                plugin="Avif",
                levels=_LOSSY,
                default=70,
                good=45,
                lossy=True,
            ),
            ExportFormat(
                name="gif",
                ending="gif",
                plugin="Gif",
                levels=_COLOURS,
                default=256,
                good=128,
            ),
            ExportFormat(
                name="tiff",
                ending="tiff",
                plugin="Tiff",
                levels=(LOSSLESS,),
                default=LOSSLESS,
                good=LOSSLESS,
            ),
            ExportFormat(
                name="pdf",
                ending="pdf",
                plugin="Jpeg",
                levels=_LOSSY,
                default=90,
                good=60,
                alpha=False,
                lossy=True,
            ),
        )
    }
)
"""Every format by name. The default qualities are those at which a photo shows no artefacts at its
size on a screen (chosen; compared on the pictures of the emulator)."""

ENDINGS: Mapping[str, FormatName] = MappingProxyType(
    {
        **{each.ending: each.name for each in EXPORT_FORMATS.values()},
        "jpeg": "jpeg",
        "jpe": "jpeg",
        "tif": "tiff",
    }
)
"""The format of each file name ending, without a dot."""


def is_available(name: FormatName) -> bool:
    """Return whether Pillow was built with a format."""
    from PIL import features

    return bool(features.check("avif")) if name == "avif" else True


def level_text(form: ExportFormat, level: int) -> str:
    """Return a level as a phrase: `quality 82`, `64 colours`, or "" if nothing is lost."""
    if level == LOSSLESS:
        return ""
    return f"quality {level}" if form.lossy else f"{level} colours"


def encode_picture(
    picture: "Image.Image",
    form: ExportFormat,
    level: int,
    *,
    dpi: int | None = None,
    profile: bytes | None = None,
) -> bytes:
    """Encode a picture without metadata; equal pictures give equal bytes. Blocks.

    Args:
        picture: RGB, RGBA or CMYK; its `info` is empty.
        form: The format; of `pdf`, the JPEG of one page.
        level: The level of quality.
        dpi: Pixels per inch to record.
        profile: Colour profile to embed.
    """
    from importlib import import_module

    import_module(f"PIL.{form.plugin}ImagePlugin")
    options = _options(form, level)
    if not form.lossy and level != LOSSLESS:
        picture = few_colours(picture, level, with_alpha=form.name == "png")
        if "transparency" in picture.info:
            options["transparency"] = picture.info["transparency"]
    if dpi is not None:
        options["dpi"] = (dpi, dpi)
    if profile is not None:
        options["icc_profile"] = profile
    buffer = io.BytesIO()
    picture.save(buffer, form.plugin.upper(), **options)
    return buffer.getvalue()


def _options(form: ExportFormat, level: int) -> dict[str, Any]:
    if form.plugin == "Jpeg":
        sampling = 0 if level >= _CHROMA_QUALITY else 2
        return {"quality": level, "subsampling": sampling, "optimize": True, "progressive": True}
    if form.plugin == "WebP":
        return {"quality": level, "method": 4}
    if form.plugin == "Avif":
        # Speed 8 takes a third of the time of the default for a few percent more bytes.
        return {"quality": level, "speed": 8}
    return {"compression": "tiff_deflate"} if form.plugin == "Tiff" else {}


def few_colours(picture: "Image.Image", colours: int, *, with_alpha: bool) -> "Image.Image":
    """Return a picture with a palette; without alpha, one colour of it is transparent."""
    from PIL import Image

    if picture.mode != "RGBA":
        return picture.quantize(colours, Image.Quantize.MEDIANCUT)
    if with_alpha:
        return picture.quantize(colours, Image.Quantize.FASTOCTREE)
    clear = colours - 1
    reduced = picture.convert("RGB").quantize(clear, Image.Quantize.MEDIANCUT)
    hidden = picture.getchannel("A").point([255] * 128 + [0] * 128)
    reduced.paste(clear, mask=hidden)
    reduced.info = {"transparency": clear}
    return reduced


def encode_icon(pictures: "Sequence[Image.Image]") -> bytes:
    """Encode square pictures as one ICO file, which holds each of them."""
    from PIL import IcoImagePlugin  # noqa: F401 -- registers the format

    ordered = sorted(pictures, key=lambda each: -each.width)
    buffer = io.BytesIO()
    ordered[0].save(buffer, "ICO", sizes=[each.size for each in ordered], append_images=ordered[1:])
    return buffer.getvalue()
