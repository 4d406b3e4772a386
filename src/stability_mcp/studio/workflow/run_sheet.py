"""Draws the outputs of a run on one sheet, each with its number, price and time.

Sounds are drawn as waveforms, and 3D models from the front.
"""

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from stability_mcp.errors import FileUnusableError
from stability_mcp.imaging.facts import Facts
from stability_mcp.imaging.memory import run
from stability_mcp.imaging.preview import MAX_PREVIEW_SIDE, Preview
from stability_mcp.imaging.probe import probe
from stability_mcp.imaging.sheet import Captioned, captioned_sheet
from stability_mcp.media.items import MediaItem
from stability_mcp.store.threads import in_file_thread
from stability_mcp.studio.runtime import StudioParts
from stability_mcp.text import credits_text

MAX_CELLS = 24
"""Outputs on the sheet of a run. *Chosen*: with more, pictures and captions are too small."""
FEW_CELLS = 9
"""Outputs that fit a sheet of the usual size."""
LARGE_SIDE = 1_024
"""Longer side of the sheet of more outputs, in pixels."""

log = logging.getLogger(__name__)


@dataclass(frozen=True, kw_only=True)
class RunCell:
    """An output of a run on the sheet."""

    mark: str
    """The number or letter by which the user picks it."""
    media: MediaItem | None
    """None: it failed, so a grey square is drawn, or it is a file of the user's."""
    file: Path | None = None
    """A picture in a folder of the user, drawn if there is no media."""
    label: str = ""
    credits: int | None = None
    """Millicredits that it cost; None: isn't shown."""
    seconds: float | None = None
    """How long it took; None: isn't shown."""
    blind: bool = False
    """Whether only the mark is shown, so that nothing says which is which."""

    @property
    def caption(self) -> tuple[str, str]:
        """Return the lines below it: `1 · core` and `3 credits · 2.1 s`."""
        if self.blind:
            return self.mark, ""
        facts = []
        if self.credits is not None:
            facts.append(credits_text(self.credits) if self.credits else "free")
        if self.seconds is not None:
            facts.append(f"{self.seconds:.1f} s")
        return " · ".join(filter(None, (self.mark, self.label))), " · ".join(facts)


async def run_sheet(parts: StudioParts, cells: Sequence[RunCell]) -> Preview | None:
    """Return the first outputs of a run on one sheet, with the number of those left out.

    None if there is nothing to draw, or the settings want no previews. An error never delays or
    fails a run, so it is only logged.
    """
    settings = parts.settings
    shown = cells[:MAX_CELLS]
    if settings.preview == "none" or not any(cell.media or cell.file for cell in shown):
        return None
    files = [_captioned(cell) for cell in shown]
    more = len(cells) - len(shown)
    draw = partial(
        captioned_sheet,
        files,
        footer=f"and {more} more" if more else "",
        longest=MAX_PREVIEW_SIDE if len(files) <= FEW_CELLS else LARGE_SIDE,
        format=settings.preview_format,
    )
    try:
        facts = await in_file_thread(partial(_facts, files))
        return await run(draw, facts=facts)
    except Exception:  # the run continues without the sheet
        log.exception("no sheet of a run")
        return None


def _captioned(cell: RunCell) -> Captioned:
    title, note = cell.caption
    readable = cell.media is not None and not cell.media.unreadable
    path = cell.media.path if cell.media is not None and readable else cell.file
    return Captioned(path=path, title=title, note=note)


def _facts(files: Sequence[Captioned]) -> list[Facts]:
    """Return the facts of the files that can be drawn."""
    found = (_facts_of(each.path) for each in files if each.path is not None)
    return [facts for facts in found if facts is not None]


def _facts_of(path: Path) -> Facts | None:
    try:
        return probe(path)
    except (FileUnusableError, OSError):
        return None
