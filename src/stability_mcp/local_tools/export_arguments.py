"""The arguments of an export, and what their path means."""

from dataclasses import dataclass
from pathlib import PurePath
from typing import Annotated, Literal

from pydantic import BeforeValidator, Field

from stability_mcp.api.tool_arguments import Reference, as_list
from stability_mcp.errors import ArgumentsError
from stability_mcp.imaging.export.export_formats import ENDINGS
from stability_mcp.imaging.export.export_presets import Fit
from stability_mcp.local_tools.local_tool import ShowingArguments
from stability_mcp.text import listed, quoted

MAX_MEDIA = 50
MAX_SIDE = 20_000
DEFAULT_FOLDER = "exports"
"""Folder for files without `to`, so that they don't lie among those of a project."""
MAX_NAME_BYTES = 200
"""Longest file name: every file system allows 255 bytes, and a number may follow."""
COPIED = ("wav", "mp3", "glb")
"""Formats that are only copied, never written."""
_OTHER = frozenset({"bmp", "svg", "psd", "heic", "jxl", "ico", "eps", "mp4", "mov", "flac", "ogg"})
"""Endings of files that aren't written; any other unknown ending belongs to a folder's name."""


class MediaExport(ShowingArguments):
    """Write finished files into the user's folders: size, format, presets, PDF, ZIP.

    Presets (favicon, instagram-story, amazon, print-a4, ...): `guide` topic export. Without
    options, files are copied as they are.
    """

    media: Annotated[
        list[Reference], BeforeValidator(as_list), Field(min_length=1, max_length=MAX_MEDIA)
    ]
    """Labels, media:// URIs or paths."""
    to: Annotated[str, Field(min_length=1)] | None = None
    """Folder, or file name with ending; relative to the workspace."""
    preset: (
        Annotated[list[str], BeforeValidator(as_list), Field(min_length=1, max_length=20)] | None
    ) = None
    """Each gives files of its own."""
    format: (
        Literal["png", "jpeg", "webp", "avif", "gif", "tiff", "pdf", "wav", "mp3", "glb"] | None
    ) = None
    """pdf: a page per picture."""
    quality: Annotated[int, Field(ge=1, le=100)] | None = None
    """Of lossy formats."""
    max_bytes: Annotated[int, Field(ge=100)] | None = None
    """Finds the best quality below it."""
    shrink: bool = False
    """Lets max_bytes reduce the size."""
    width: Annotated[int, Field(ge=1, le=MAX_SIDE)] | None = None
    """Never distorts."""
    height: Annotated[int, Field(ge=1, le=MAX_SIDE)] | None = None
    """Never distorts."""
    longest: Annotated[int, Field(ge=1, le=MAX_SIDE)] | None = None
    """Longer side at most."""
    fit: Fit | None = None
    """Fill width x height by padding, or by cropping around the subject."""
    background: str | None = None
    """Colour of padding and behind transparency."""
    dpi: Annotated[int, Field(ge=30, le=1_200)] | None = None
    """For print."""
    profile: Annotated[str, Field(min_length=1)] | None = None
    """Path of a CMYK ICC profile."""
    overwrite: bool = False
    """Replace existing files."""
    zip: bool = False
    """One archive with a manifest."""

    @property
    def changes_pictures(self) -> bool:
        """Return whether pictures may have to be encoded again, apart from their format."""
        wanted = (self.preset, self.quality, self.max_bytes, self.width, self.height, self.longest)
        return any(
            each is not None
            for each in (*wanted, self.fit, self.background, self.dpi, self.profile)
        )


@dataclass(frozen=True, kw_only=True)
class Destination:
    """What `to` and `format` mean together."""

    folder: str
    stem: str | None
    """Name of the file without its ending; None: the names of the media."""
    format: str | None
    """The format that was asked for; None: any."""
    archive: bool


def destination(arguments: MediaExport) -> Destination:
    """Return where the files go.

    Raises:
        ArgumentsError: the ending isn't that of the format, or of no format at all.
    """
    text = (arguments.to or DEFAULT_FOLDER).replace("\\", "/") if _windows() else arguments.to
    text = text or DEFAULT_FOLDER
    path = PurePath(text)
    ending = path.suffix[1:].casefold()
    if ending in _OTHER:
        writable = (*dict.fromkeys(ENDINGS), *COPIED, "zip")
        raise ArgumentsError(
            f"to: {quoted(text)} would be a {ending} file, which can't be written.",
            hint=f"Use one of {listed(writable, most=len(writable), last='or')}.",
        )
    is_archive = ending == "zip"
    found = ENDINGS.get(ending) or (ending if ending in COPIED else None)
    if text.endswith("/") or not (found or is_archive):
        return Destination(folder=text, stem=None, format=arguments.format, archive=arguments.zip)
    if found and arguments.zip:
        raise ArgumentsError(
            f"to: {quoted(path.name)} isn't the name of an archive.",
            hint="Use a name that ends in .zip, or leave out zip.",
        )
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
