"""Says what an export wrote: as text that is enough on its own, and as facts for programs."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from stability_mcp.api.fields import Size
from stability_mcp.imaging.provenance import FORMATS
from stability_mcp.imaging.sheet import Cell
from stability_mcp.imaging.sniff import extension
from stability_mcp.local_tools.export_animation import frame_groups
from stability_mcp.local_tools.export_arguments import MediaExport
from stability_mcp.local_tools.export_plan import Plan
from stability_mcp.local_tools.export_writing import WEB_MANIFEST, Done, Look
from stability_mcp.local_tools.workbench import Source
from stability_mcp.media.export_folder import Written
from stability_mcp.text import listed, quoted

MAX_NOTES = 6
"""Notes on which item a reference means; more are left out."""
MAX_SHOWN = 24
"""Pictures on the preview sheet."""
_DOCUMENTED = {f".{extension(media_type)}" for media_type in FORMATS}
"""Endings of files that can hold provenance."""


@dataclass(frozen=True, kw_only=True)
class Report:
    """What an export wrote.

    Args:
        sources: The media.
        plan: The files that were planned.
        done: The files that were made.
        written: The files on disk, in the same order; one for an archive.
        created: Folders that didn't exist before.
        press: Name of the CMYK profile; "" for RGB.
        metadata: The setting for provenance.
    """

    sources: Sequence[Source]
    plan: Plan
    done: Sequence[Done]
    written: Sequence[Written]
    created: Sequence[Path]
    press: str
    metadata: str

    @property
    def archive(self) -> Written | None:
        """Return the archive; None: each file is a file of its own."""
        is_archive = len(self.written) == 1 and self.written[0].path.suffix == ".zip"
        return self.written[0] if is_archive else None

    def lines(self, arguments: MediaExport) -> list[str]:
        """Return the answer as text."""
        lines = [source.note for source in self.sources[:MAX_NOTES]]
        lines.append(self._total_line())
        if self.created:
            folders = listed((quoted(each, limit=300) for each in self.created), most=4)
            lines.append(f"created: folder{'s' * (len(self.created) > 1)} {folders}")
        lines += self._file_lines()
        lines += self._zone_lines()
        lines += [*self._html_lines(), self._metadata_line(), *self._hints(arguments)]
        return lines

    def _total_line(self) -> str:
        count, total = len(self.done), sum(each.bytes for each in self.written)
        files = "1 file" if count == 1 else f"{count} files"
        if self.archive is None:
            return f"written: {files}, {total:,} bytes"
        where = quoted(self.archive.path, limit=1_000)
        return f"written: {where}, {total:,} bytes, with {files} and manifest.json"

    def _file_lines(self) -> list[str]:
        lines = []
        archive = self.archive
        if archive is not None:
            lines += _naming(archive)
        for number, each in enumerate(self.done):
            file = None if archive is not None else self.written[number]
            name = each.measured.name if file is None else file.path
            size = _size_of(each) or self._size_of_copy(each)
            parts = [f"{size.width}x{size.height}"] if size else []
            parts.append(f"{each.measured.bytes:,} bytes")
            parts += each.changes or _unchanged(each)
            lines.append(f"- {quoted(name, limit=1_000)}: {', '.join(filter(None, parts))}")
            lines += _naming(file) if file is not None else []
            if each.frames:
                groups = frame_groups([look.changes for look in each.looks])
                lines += [f"  {group}" for group in groups]
            elif len(each.looks) > 1:
                lines += [
                    f"  page {page}: {look.size.width}x{look.size.height}"
                    + "".join(f", {change}" for change in look.changes)
                    for page, look in enumerate(each.looks, 1)
                ]
        return lines

    @staticmethod
    def _size_of_copy(done: Done) -> Size | None:
        if done.plan is None or done.looks or done.plan.source.item.kind != "image":
            return None
        return Size(*done.plan.source.facts.size)

    @property
    def _looks(self) -> list[Look]:
        return [look for each in self.done for look in each.looks]

    def _zone_lines(self) -> list[str]:
        many = len(self.sources) > 1
        lines = [
            f"safe zone of {look.plan.preset}"
            + (f" ({look.plan.source.item.name})" if many else "")
            + f": {look.zone.text}"
            for look in self._looks
            if look.zone is not None
        ]
        return [*lines, "preview: what is outside a safe zone is tinted red"] if lines else []

    def _html_lines(self) -> list[str]:
        if not any(each.measured.name.endswith(WEB_MANIFEST) for each in self.done):
            return []
        lines = ["html, once the files are in the top folder of the site:"]
        if "favicon" in self.plan.presets:
            lines += [
                '<link rel="icon" href="/favicon.ico" sizes="32x32">',
                '<link rel="apple-touch-icon" href="/apple-touch-icon.png">',
            ]
        return [*lines, f'<link rel="manifest" href="/{WEB_MANIFEST}">']

    def _metadata_line(self) -> str:
        found = sorted({each for source in self.sources for each in source.facts.metadata})
        copied = any(each.plan and each.plan.spec is None for each in self.done)
        what = listed(found)
        if not found:
            state = "none"
        elif copied:
            state = f"the copies still contain {what}; a preset or a format removes it"
        else:
            state = f"{what} removed"
        return f"metadata: {state}; provenance: {self._provenance()}"

    def _provenance(self) -> str:
        if self.metadata == "off":
            return "none (STABILITY_METADATA=off)"
        own = [each for each in self.done if not (each.plan and each.plan.as_obj)]
        endings = {Path(each.measured.name).suffix for each in own}
        holding = sorted(endings & _DOCUMENTED)
        if not holding:
            return "none, as these formats can't hold it"
        only = f" in {listed(holding)}" if endings - _DOCUMENTED else ""
        return f"{self.metadata}{only} (STABILITY_METADATA)"

    def _hints(self, arguments: MediaExport) -> list[str]:
        hints = []
        if arguments.fit is None and any(map(self._is_padded, self._looks)):
            hints.append(
                'note: padded, so that nothing is cropped; fit="cover" crops around the subject'
            )
        if any(preset.group == "print" for preset in self.plan.presets.values()):
            colours = f"CMYK by {quoted(self.press)}" if self.press else "sRGB, as no profile given"
            hints.append(f"colours: {colours}")
        elif self.press:
            hints.append(f"colours: CMYK by {quoted(self.press)}")
        return hints

    def _is_padded(self, look: Look) -> bool:
        """Return whether a picture was padded because of the shape of a preset."""
        preset = self.plan.presets.get(look.plan.preset)
        shaped = preset is not None and preset.group in {"web", "social", "print"}
        return shaped and any(change.startswith("padded") for change in look.changes)

    def facts(self) -> dict[str, Any]:
        """Return the answer as JSON."""
        files = []
        for number, each in enumerate(self.done):
            file = self.archive or self.written[number]
            look = each.looks[0] if len(each.looks) == 1 else None
            size = _size_of(each)
            files.append(
                {
                    "path": str(file.path),
                    "name": each.measured.name,
                    "bytes": each.measured.bytes,
                    "sha256": each.measured.sha256,
                    "media": [one.plan.source.item.uri for one in each.looks]
                    or ([each.plan.source.item.uri] if each.plan else []),
                    "preset": each.plan.preset if each.plan else "",
                    "width": size.width if size else None,
                    "height": size.height if size else None,
                    "changes": list(each.changes),
                    "outside_safe_zone": look.zone.outside if look and look.zone else None,
                }
            )
        return {
            "files": files,
            "bytes": sum(each.bytes for each in self.written),
            "archive": str(self.archive.path) if self.archive else None,
            "created": [str(each) for each in self.created],
        }

    def cells(self) -> list[Cell]:
        """Return the pictures of the preview sheet."""
        cells = []
        for each in self.done:
            for page, look in enumerate(each.looks, 1):
                label = self._label(each)
                if each.frames:
                    label = f"{page}"
                elif len(each.looks) > 1:
                    label += f" p. {page}"
                size = f" {look.size.width}x{look.size.height}"
                cells.append(Cell(image=look.thumbnail, label=label, size=size))
        return cells[:MAX_SHOWN]

    def _label(self, done: Done) -> str:
        """Return what tells a picture from the others: the preset, if the rest is the same."""
        plan = done.plan
        if plan is not None and plan.preset and not plan.group and len(self.sources) == 1:
            return plan.preset
        return Path(done.measured.name).name


def _size_of(done: Done) -> Size | None:
    """Return the size of the picture, or of each frame, in a file; None: of neither."""
    return done.looks[0].size if done.frames or len(done.looks) == 1 else None


def _naming(file: Written) -> list[str]:
    if file.replaced:
        return ["  it replaced an existing file"]
    if file.taken:
        return [f"  {quoted(file.taken)} existed and was kept; overwrite=true replaces it"]
    return []


def _unchanged(done: Done) -> list[str]:
    """Return what to say about a file whose pixels are those of the source."""
    if done.plan is None:
        return []
    spec = done.plan.spec
    return ["copied as it is" if spec is None else f"encoded as {spec.form.name}"]
