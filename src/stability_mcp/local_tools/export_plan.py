"""Decides from the arguments of an export which files are written and what they are like."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from stability_mcp.api.fields import Size
from stability_mcp.errors import ArgumentsError
from stability_mcp.imaging.colours import parse_colour
from stability_mcp.imaging.export.export_formats import EXPORT_FORMATS, ExportFormat, is_available
from stability_mcp.imaging.export.export_presets import (
    MILLIMETRES_PER_INCH,
    PRINT_DPI,
    Preset,
    SafeZone,
    Target,
    find_preset,
)
from stability_mcp.imaging.export.placement import Wanted
from stability_mcp.imaging.export.rendering import WHITE, FileSpec
from stability_mcp.imaging.sniff import extension
from stability_mcp.local_tools.export_animation import (
    RECORDED,
    Animation,
    animation_format,
    frame_size,
)
from stability_mcp.local_tools.export_arguments import (
    COPIED,
    HTML,
    OBJ,
    Destination,
    MediaExport,
    check_ranges,
    destination,
)
from stability_mcp.local_tools.workbench import Source
from stability_mcp.media.items import KINDS
from stability_mcp.media.labels import file_form
from stability_mcp.text import listed, quoted

MAX_FILES = 100
"""Files of one call; they are encoded one after the other."""
PRINT_QUALITY = 92
"""Quality of lossy files for print: colours keep their full resolution."""
PDF_DPI = 150
"""Pixels per inch of a PDF page: 1,024 pixels are 17 cm, and print well."""
_PRESS_FORMATS = ("jpeg", "tiff", "pdf")
_RESOLUTION_FORMATS = ("png", "jpeg", "tiff", "pdf")
"""Formats that record pixels per inch."""
_KEPT_FORMATS = {"jpg": "jpeg", "png": "png", "webp": "webp", "avif": "avif", "tiff": "tiff"}
"""The format of a changed picture whose format isn't given, by its file ending; others become PNG,
as GIF has only 256 colours and BMP is never smaller."""


@dataclass(frozen=True, kw_only=True)
class FilePlan:
    """A file to write."""

    source: Source
    name: str
    group: str = ""
    """Folder of a set of files that belong together."""
    preset: str = ""
    spec: FileSpec | None = None
    """What it should be like; None: a copy of the original, or an OBJ."""
    as_obj: bool = False
    """Whether a 3D model is converted; `group` is then the folder of its files."""


@dataclass(frozen=True, kw_only=True)
class Plan:
    """The files to write."""

    files: Sequence[FilePlan]
    presets: Mapping[str, Preset]
    pdf: str | None
    """Name of the PDF whose pages the files are; None: they are files of their own."""
    animation: Animation | None = None
    """The animation whose frames the files are; None: they are files of their own."""


def check_options(arguments: MediaExport) -> None:
    """Raise ArgumentsError for arguments that are refused whatever the media are."""
    check_ranges(arguments)
    where = destination(arguments)
    _check_together(arguments, where, dict(find_preset(name) for name in arguments.preset or ()))
    animation_format(arguments, where.format)


def plan_export(
    arguments: MediaExport, where: Destination, sources: Sequence[Source], press: bytes | None
) -> Plan:
    """Return the files to write.

    Args:
        arguments: The arguments of the call.
        where: What its path means.
        sources: The media, each once unless they are frames.
        press: The CMYK profile.

    Raises:
        ArgumentsError: arguments contradict one another or the media.
    """
    presets = dict(find_preset(name) for name in arguments.preset or ())
    _check_together(arguments, where, presets)
    for source in sources:
        if source.item.kind != "image" or where.format in {*COPIED, OBJ}:
            _check_copied(source, arguments, where)
    moving = animation_format(arguments, where.format)
    where = replace(where, format=moving or where.format)
    canvas = frame_size(arguments, sources) if moving else None
    planner = _Planner(arguments, where, presets, press, canvas)
    names = _Names(where, sources, len(presets))
    files = [
        each
        for number, source in enumerate(sources, 1)
        for each in planner.files(source, names.stem(source, number), names)
    ]
    if len(files) > MAX_FILES:
        raise ArgumentsError(
            f"These would be {len(files)} files; the maximum is {MAX_FILES}.",
            hint="Export them in several calls.",
        )
    _check_effect(arguments, [each.spec for each in files if each.spec is not None])
    stem = where.stem or names.stem(sources[0], 1)
    pdf = f"{stem}.pdf" if where.format == "pdf" else None
    animation = None
    if moving is not None and arguments.fps is not None:
        options = arguments.model_dump(include=set(RECORDED), exclude_none=True)
        animation = Animation(
            name=f"{stem}.{moving}", form=moving, fps=arguments.fps, options=options
        )
    return Plan(files=files, presets=presets, pdf=pdf, animation=animation)


class _Planner:
    """Plans the files of one item after another.

    Args:
        arguments: The arguments of the call.
        where: What its path means.
        presets: The presets that were asked for.
        press: The CMYK profile.
        canvas: The size of each frame; None: no animation is planned.
    """

    def __init__(
        self,
        arguments: MediaExport,
        where: Destination,
        presets: Mapping[str, Preset],
        press: bytes | None,
        canvas: Size | None,
    ) -> None:
        self._arguments = arguments
        self._where = where
        self._presets = presets
        self._press = press
        self._canvas = canvas
        self._background = parse_colour(arguments.background) if arguments.background else None

    def files(self, source: Source, stem: str, names: "_Names") -> Iterator[FilePlan]:
        """Yield the files of an item."""
        if self._where.format == OBJ:
            group = names.folder(stem)
            yield FilePlan(source=source, name=f"{stem}.obj", group=group, as_obj=True)
            return
        if self._is_copied(source):
            name = names.unique(stem, extension(source.item.media_type))
            yield FilePlan(source=source, name=name)
            return
        for preset_name, preset in self._presets.items():
            named = names.with_preset(stem, preset_name)
            group = named if preset.is_set else ""
            for target in preset.targets:
                spec = self._spec(target, source)
                ending = "ico" if target.icon_sizes else spec.form.ending
                name = names.unique(target.name or named, ending, group)
                yield FilePlan(source=source, name=name, group=group, preset=preset_name, spec=spec)
        if not self._presets:
            given = self._arguments
            width, height = self._canvas or (given.width, given.height)
            exact = Target(width=width, height=height)
            spec = self._spec(exact, source)
            yield FilePlan(source=source, name=names.unique(stem, spec.form.ending), spec=spec)

    def _is_copied(self, source: Source) -> bool:
        own = extension(source.item.media_type)
        same = self._where.format in {None, own, _KEPT_FORMATS.get(own)}
        if self._where.format == "pdf" or not same:
            return False
        limit = self._arguments.max_bytes
        only_bytes = self._arguments.model_copy(update={"max_bytes": None})
        fits = limit is None or source.item.bytes <= limit
        return fits and not only_bytes.changes_pictures

    def _spec(self, target: Target, source: Source) -> FileSpec:
        given = self._arguments
        form = self._form(target, source)
        dpi = given.dpi or (PRINT_DPI if target.millimetres else None)
        limits = [each for each in (given.max_bytes, target.max_bytes) if each is not None]
        wanted = self._wanted(target, source, dpi or PRINT_DPI)
        asked = wanted if self._canvas is None else given
        is_exact = bool(asked.width or asked.height)
        background = self._background or (WHITE if target.white else None)
        return FileSpec(
            form=form,
            wanted=wanted,
            background=background,
            flatten=target.opaque or background is not None,
            on_white=target.white and self._background is None,
            quality=given.quality or self._default_quality(target, form),
            max_bytes=min(limits, default=None),
            shrink=not is_exact and (given.shrink or target.max_bytes is not None),
            dpi=dpi if form.name in _RESOLUTION_FORMATS else None,
            press=self._press,
            icon_sizes=target.icon_sizes,
            safe=target.safe,
        )

    def _default_quality(self, target: Target, form: ExportFormat) -> int | None:
        """Return the quality if none is asked for; None: the best that fits."""
        if self._arguments.max_bytes is not None:
            return None
        return PRINT_QUALITY if target.millimetres else form.default

    def _form(self, target: Target, source: Source) -> ExportFormat:
        own = _KEPT_FORMATS.get(extension(source.item.media_type), "png")
        return EXPORT_FORMATS[self._where.format or target.format or own]

    def _wanted(self, target: Target, source: Source, dpi: int) -> Wanted:
        fit = self._arguments.fit
        width, height = target.width, target.height
        if target.millimetres:
            sides = [round(side / MILLIMETRES_PER_INCH * dpi) for side in target.millimetres]
            width, height = (
                sides if source.facts.size.width < source.facts.size.height else sides[::-1]
            )
        if target.icon_sizes:
            width = height = max(target.icon_sizes)
        is_shaped = bool(self._presets) or self._canvas is not None
        return Wanted(
            width=width,
            height=height,
            longest=target.longest,
            fit=fit or ("pad" if is_shaped and width else None),
            fill=target.fill if fit is None else None,
            inside=_inside(target, width or 0) if fit is None else None,
        )


def _inside(target: Target, side: int) -> SafeZone | None:
    """Return the zone into which a cut-out subject is scaled; None: it stays as it is."""
    if target.margin is None or target.safe is not None:
        return target.safe if target.margin is not None else None
    margin = round(target.margin * side)
    return SafeZone(left=margin, top=margin, right=margin, bottom=margin)


def _check_together(
    arguments: MediaExport, where: Destination, presets: Mapping[str, Preset]
) -> None:
    given = [*arguments.picture_options, *(["shrink"] if arguments.shrink else [])]
    if where.format == HTML and given:
        raise ArgumentsError(
            f"A page has its own size and quality, so {listed(given)} can't be used with it.",
            hint=f"Leave out {listed(given)}.",
        )
    if where.format != HTML and arguments.page is not None:
        raise ArgumentsError(
            "page describes an HTML page, but none is written.",
            hint="Pass format html, or leave out page.",
        )
    sizes = [name for name in ("width", "height") if getattr(arguments, name)]
    if presets and sizes:
        raise ArgumentsError(
            f"A preset has its own size, so {listed(sizes)} can't be used with it.",
            hint=f"Leave out {listed(sizes)}, or preset.",
        )
    sized = presets or (arguments.width and arguments.height) or arguments.fps
    if arguments.fit and not sized:
        raise ArgumentsError("fit needs both width and height.", hint="Pass both, or leave it out.")
    fixed = [name for name, preset in presets.items() if preset.group == "icons"]
    if fixed and where.format is not None:
        raise ArgumentsError(
            f"The preset {fixed[0]} has fixed formats.",
            hint="Leave out format, and pass a folder as to.",
        )
    if where.format == "avif" and not is_available("avif"):
        raise ArgumentsError(
            "This installation of Pillow can't write AVIF.", hint="Use webp instead."
        )


def _check_copied(source: Source, arguments: MediaExport, where: Destination) -> None:
    """Raise an error for a sound or 3D model that would have to be changed."""
    own = extension(source.item.media_type)
    kind = KINDS[source.item.kind]
    is_obj = where.format == OBJ and source.item.kind == "model"
    if (
        where.format is not None
        and not is_obj
        and where.format != own
        and where.format != _KEPT_FORMATS.get(own)
    ):
        raise ArgumentsError(
            f"{quoted(source.item.name)} is {kind} ({own}) and can't be exported in the "
            f"format {where.format}.",
            hint=_INSTEAD[source.item.kind].format(own=own),
        )
    if arguments.changes_pictures:
        raise ArgumentsError(
            f"{quoted(source.item.name)} is {kind}, which takes no options for pictures.",
            hint=f"Export it in a call without {listed(arguments.picture_options)}.",
        )


_INSTEAD = {
    "image": "Use a format for pictures.",
    "audio": "To copy it, use the ending .{own}; audio_edit converts to WAV or MP3.",
    "model": "Use format obj, or the ending .glb to copy it.",
}
"""What to do instead of an export that isn't possible, by kind."""


def _check_effect(arguments: MediaExport, specs: Sequence[FileSpec]) -> None:
    """Raise an error for an option that would have no effect on any file."""
    forms = list(dict.fromkeys(spec.form.name for spec in specs))
    shown = listed(forms)
    if arguments.quality is not None and not any(spec.form.lossy for spec in specs):
        raise ArgumentsError(
            f"quality has no effect on {shown}, which is lossless.",
            hint="Use jpeg, webp or avif, or pass max_bytes.",
        )
    if arguments.profile is not None and not set(forms) <= set(_PRESS_FORMATS):
        raise ArgumentsError(
            f"{shown} can't hold CMYK.", hint=f"Use {listed(_PRESS_FORMATS, last='or')}."
        )
    if arguments.dpi is not None and not set(forms) & set(_RESOLUTION_FORMATS):
        raise ArgumentsError(
            f"{shown} can't hold dpi.", hint=f"Use {listed(_RESOLUTION_FORMATS, last='or')}."
        )


class _Names:
    """Gives every file of a call its own name."""

    def __init__(self, where: Destination, sources: Sequence[Source], presets: int) -> None:
        self._where = where
        self._many = len(sources) > 1
        self._presets = presets
        self._taken: set[str] = set()

    def stem(self, source: Source, number: int) -> str:
        """Return the name of an item's files, without preset and ending."""
        given = None if self._where.archive else self._where.stem
        if given is None:
            return file_form(source.item.label or "") or source.item.id
        return f"{given}-{number}" if self._many else given

    def folder(self, stem: str) -> str:
        """Return the name of a folder that no other file or folder of the call has."""
        number, name = 1, stem
        while name.casefold() in self._taken:
            number += 1
            name = f"{stem} ({number})"
        self._taken.add(name.casefold())
        return name

    def unique(self, stem: str, ending: str, group: str = "") -> str:
        """Return a file name that no other file of the call has."""
        number, name = 1, f"{stem}.{ending}"
        while f"{group}/{name}".casefold() in self._taken:
            number += 1
            name = f"{stem} ({number}).{ending}"
        self._taken.add(f"{group}/{name}".casefold())
        return name

    def with_preset(self, stem: str, preset: str) -> str:
        """Return the name of a file of a preset; the only preset may use a given name."""
        only = self._presets == 1 and self._where.stem is not None and not self._where.archive
        return stem if only else f"{stem}-{preset}"
