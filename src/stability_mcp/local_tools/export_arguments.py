"""The arguments of an export, and what their path means."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import PurePath
from types import MappingProxyType
from typing import Annotated, Literal

from pydantic import BeforeValidator, Field, WithJsonSchema

from stability_mcp.api.tool_arguments import Arguments, as_list
from stability_mcp.errors import ArgumentsError
from stability_mcp.imaging.export.animated import MAX_FPS, MIN_FPS
from stability_mcp.imaging.export.export_formats import ENDINGS
from stability_mcp.imaging.export.export_presets import Fit, FormatName
from stability_mcp.local_tools.local_tool import ShowingArguments
from stability_mcp.text import listed, plain, quoted

MAX_MEDIA = 50
MAX_SIDE = 20_000
RANGES: Mapping[str, tuple[int, int]] = MappingProxyType(
    {
        "quality": (1, 100),
        "max_bytes": (1, 1_000_000_000),
        "width": (1, MAX_SIDE),
        "height": (1, MAX_SIDE),
        "dpi": (30, 1_200),
        "fps": (MIN_FPS, MAX_FPS),
    }
)
"""Allowed values of arguments; not in the schema, which every conversation pays for."""
DEFAULT_FOLDER = "exports"
"""Folder for files without `to`, so that they don't lie among those of a project."""
MAX_NAME_BYTES = 200
"""Longest file name: every file system allows 255 bytes, and a number may follow."""
COPIED = ("wav", "mp3", "glb")
"""Formats that are only copied, never written."""
OBJ = "obj"
"""The format into which 3D models are converted."""
HTML = "html"
"""The format of a shared page."""
_MODELS = {"fbx", "gltf", "stl", "ply", "dae", "usdz", "blend", "3mf"}
_UNWRITTEN: Mapping[str, str] = MappingProxyType(
    {
        **dict.fromkeys(
            ("wav", "mp3", "flac", "ogg"),
            "sounds are copied if format is left out; audio_edit converts to WAV or MP3",
        ),
        "glb": "3D models are copied as GLB if format is left out",
        **dict.fromkeys(
            _MODELS, "3D models are written as obj, which programs such as Blender convert"
        ),
    }
)
"""What to do instead of asking for a format that isn't written."""
_OTHER = {"bmp", "svg", "psd", "heic", "jxl", "ico", "eps", "mp4", "mov", "flac", "ogg"} | _MODELS
"""Endings of files that aren't written; any other unknown ending belongs to a folder's name."""


def _check_written(value: object) -> object:
    """Return a format unchanged.

    Raises:
        ValueError: it is one of other kinds of media that isn't written.
    """
    reason = _UNWRITTEN.get(value.casefold().removeprefix(".")) if isinstance(value, str) else None
    if reason is not None:
        raise ValueError(reason)
    return value


_Counted = Annotated[int, Field(ge=0, le=100_000)]


class TallyRow(Arguments):
    """How often one setting won in blind comparisons."""

    name: Annotated[str, Field(min_length=1, max_length=200)]
    wins: _Counted
    ties: _Counted = 0
    pairs: _Counted


class PageOptions(Arguments):
    """What a shared page shows in addition to the media."""

    title: Annotated[str, Field(max_length=200)] | None = None
    text: Annotated[str, Field(max_length=5_000)] = ""
    show: Annotated[list[Literal["prompts", "prices"]], BeforeValidator(as_list)] = Field(
        default_factory=list
    )
    compare: bool = False
    """Measure how two pictures differ."""
    tally: Annotated[list[TallyRow], Field(max_length=50)] = Field(default_factory=list)


class MediaExport(ShowingArguments):
    """Write finished files to the user's folders; without options, copies.

    Presets (favicon, instagram-story, print-a4): `guide` topic export.
    """

    media: Annotated[list[str], BeforeValidator(as_list), Field(min_length=1)]
    """Labels, media:// URIs or paths."""
    to: str | None = None
    """Folder or file in the workspace; x.zip: archive."""
    preset: Annotated[list[str], BeforeValidator(as_list)] | None = None
    """One or several."""
    format: Annotated[
        Literal[FormatName, "obj", "html"] | None,
        BeforeValidator(
            _check_written, json_schema_input_type=Literal[FormatName, "obj", "html"] | None
        ),
    ] = None
    """pdf: page per picture; obj: 3D; html: one page, also of a run."""
    page: Annotated[PageOptions | None, WithJsonSchema({"type": "object"})] = None
    """html: title, text, show (prompts, prices), compare, tally."""
    quality: int | None = None
    """1 to 100."""
    max_bytes: int | None = None
    """At best quality."""
    shrink: bool = False
    """Let max_bytes reduce the size."""
    width: int | None = None
    """Both without fit: maximum."""
    height: int | None = None
    """As width."""
    fit: Fit | None = None
    """cover: crop around the subject."""
    background: str | None = None
    """Behind transparency and padding."""
    dpi: int | None = None
    """For print."""
    profile: str | None = None
    """CMYK profile path."""
    fps: float | None = None
    """Animate: gif, webp."""
    overwrite: bool = False
    """Replace files."""

    @property
    def changes_pictures(self) -> bool:
        """Return whether pictures may have to be encoded again, apart from their format."""
        return bool(self.picture_options)

    @property
    def picture_options(self) -> list[str]:
        """Return the names of the given options that only apply to pictures, without `format`."""
        names = (
            *("preset", "max_bytes", "width", "height", "fit"),
            *("quality", "background", "dpi", "profile", "fps"),
        )
        return [name for name in names if getattr(self, name) is not None]


@dataclass(frozen=True, kw_only=True)
class Destination:
    """What `to` and `format` mean together."""

    folder: str
    stem: str | None
    """Name of the file without its ending; None: the names of the media."""
    format: str | None
    """The format that was asked for; None: any."""
    archive: bool


def check_ranges(arguments: MediaExport) -> None:
    """Raise ArgumentsError for a number that isn't allowed, or too many media."""
    for name, (least, most) in RANGES.items():
        value = getattr(arguments, name)
        if value is not None and not least <= value <= most:
            raise ArgumentsError(
                f"{name} must be from {least} to {most:,}; you passed {value:g}.",
                hint=f"Pass {name} in this range.",
            )
    if len(arguments.media) > MAX_MEDIA:
        raise ArgumentsError(
            f"media has {len(arguments.media)} items; the maximum is {MAX_MEDIA}.",
            hint="Export them in several calls.",
        )


def destination(arguments: MediaExport) -> Destination:
    """Return where the files go.

    Raises:
        ArgumentsError: the ending isn't that of the format, or of no format at all.
    """
    text = (arguments.to or DEFAULT_FOLDER).replace("\\", "/") if _windows() else arguments.to
    text = text or DEFAULT_FOLDER
    if plain(text) != text or "\n" in text:
        raise ArgumentsError(f"to: {quoted(text)} isn't a path.", hint="Pass a folder or file.")
    path = PurePath(text)
    ending = path.suffix[1:].casefold()
    if ending in _OTHER:
        writable = (*dict.fromkeys(ENDINGS), *COPIED, OBJ, HTML, "zip")
        raise ArgumentsError(
            f"to: {quoted(text)} would be a {ending} file, which can't be written.",
            hint=f"Use one of {listed(writable, most=len(writable), last='or')}.",
        )
    is_archive = ending == "zip"
    found = ENDINGS.get(ending) or (ending if ending in {*COPIED, OBJ, HTML} else None)
    if text.endswith("/") or not (found or is_archive):
        return Destination(folder=text, stem=None, format=arguments.format, archive=False)
    if found and arguments.format not in {None, found}:
        raise ArgumentsError(
            f"to: the ending of {quoted(path.name)} isn't that of the format {arguments.format}.",
            hint="Leave out format, or correct the ending.",
        )
    if len(path.name.encode("utf-8", "replace")) > MAX_NAME_BYTES:
        raise ArgumentsError(
            f"to: the file name has more than {MAX_NAME_BYTES} bytes.", hint="Use a shorter name."
        )
    return Destination(
        folder=str(path.parent),
        stem=path.stem,
        format=found or arguments.format,
        archive=is_archive,
    )


def _windows() -> bool:
    return PurePath("a\\b").name == "b"
