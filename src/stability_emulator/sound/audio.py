"""Generates sound from a prompt, or from a prompt and an uploaded WAV.

There is no MP3 decoder here. A WAV result keeps the samples of an uploaded WAV; an MP3 result
follows its loudness and pitch. For an uploaded MP3, or a WAV in an unsupported encoding, the result
is made from the prompt.
"""

from array import array
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import IO

from stability_emulator.pictures.codec import UnreadableError
from stability_emulator.sound import mp3, samples, wav
from stability_emulator.sound.melody import (
    FRAME_SAMPLES,
    NOTES,
    RATE,
    SILENT,
    SILENT_CELL,
    SLOT_FRAMES,
    Cell,
    phrase,
)
from stability_emulator.sound.samples import CELL_BYTES
from stability_mcp.imaging.containers.mp3 import scan as scan_mp3

WRITERS: Mapping[str, Callable[[Sequence[Cell], float], Sequence[bytes]]] = {
    "mp3": mp3.write,
    "wav": wav.write,
}
MEDIA_TYPES = {"mp3": "audio/mpeg", "wav": "audio/wav"}
CELL_SECONDS = FRAME_SAMPLES / RATE
MIN_LOUDNESS = 0.02
"""Loudness below which a sound counts as silent, as a share of the loudest."""
TURN_CELLS = 12
"""Cells after which kept and new frames alternate, about a third of a second."""


@dataclass(frozen=True, kw_only=True)
class Remix:
    """How to change an uploaded sound."""

    prompt: str
    seed: int
    seconds: float
    form: str
    """`mp3` or `wav`."""
    strength: float = 1.0
    """0 keeps the sound, 1 ignores it."""
    replaced: tuple[float, float] | None = None
    """Start and end of the part to regenerate, in seconds; everything else is kept."""

    def kept(self, cell: int) -> float:
        """Return the share of the source that is kept in a cell, 0 to 1."""
        if self.replaced is None:
            return 1 - self.strength
        return 0.0 if self.replaced[0] <= cell * CELL_SECONDS < self.replaced[1] else 1.0

    @property
    def cells(self) -> int:
        """Return the number of cells of the whole sound, plus a small margin."""
        return round(self.seconds * RATE) // FRAME_SAMPLES + 3


def header(file: IO[bytes]) -> tuple[str, float]:
    """Return the format (`wav` or `mp3`) and the length in seconds of a sound.

    Raises:
        UnreadableError: The file is neither WAV nor MP3.
    """
    for form, measure in (("wav", wav.seconds_of), ("mp3", _mp3_seconds)):
        seconds = measure(file)
        if seconds is not None:
            return form, seconds
    raise UnreadableError


def _mp3_seconds(file: IO[bytes]) -> float | None:
    """Return the length of an MP3 in seconds; None if the file isn't an MP3."""
    file.seek(0)
    track = scan_mp3(file.read())
    return track.seconds if track else None


def play(
    prompt: str, seed: int, *, seconds: float, form: str, source: str = ""
) -> tuple[str, Sequence[bytes]]:
    """Return the media type and the pieces of a sound of exactly the given length."""
    return MEDIA_TYPES[form], WRITERS[form](phrase(prompt, seed, source), seconds)


def remixed(remix: Remix, file: IO[bytes], source: str) -> tuple[str, Sequence[bytes]]:
    """Return the media type and the pieces of a sound of exactly `remix.seconds`.

    Args:
        remix: How to change the sound.
        file: The uploaded sound, a WAV or an MP3.
        source: Identifies the uploaded sound; a different one gives a different tune.
    """
    loop = phrase(remix.prompt, remix.seed, source)
    sent = wav.samples_in(file, remix.seconds)
    if sent is None:
        return MEDIA_TYPES[remix.form], WRITERS[remix.form](loop, remix.seconds)
    new = [loop[index % len(loop)] for index in range(remix.cells)]
    if remix.form == "wav":
        return MEDIA_TYPES["wav"], wav.pack(_mixed(remix, sent, new))
    return MEDIA_TYPES["mp3"], mp3.write(_followed(remix, new, sent), remix.seconds)


def _mixed(remix: Remix, sent: bytes, new: Sequence[Cell]) -> bytes:
    """Return the samples of the upload mixed with those of the tune."""
    size = round(remix.seconds * RATE) * 4
    if remix.replaced is not None:
        return _spliced(remix, sent, new)[:size]
    if remix.strength == 0:
        return sent[:size].ljust(size, b"\0")
    whole = remix.cells * CELL_BYTES
    levels = _loudness_of_samples(sent)
    gains = [
        remix.strength * (remix.strength + (1 - remix.strength) * _at(levels, cell))
        for cell in range(remix.cells)
    ]
    padded = sent[:whole].ljust(whole, b"\0")
    return samples.mixed(padded, 1 - remix.strength, wav.rendered(new), gains)[:size]


def _spliced(remix: Remix, sent: bytes, new: Sequence[Cell]) -> bytes:
    """Return the upload with one part regenerated; the samples around it are unchanged."""
    start, end = (round(side * RATE) * 4 for side in remix.replaced or (0, 0))
    size = round(remix.seconds * RATE) * 4
    start, end = min(start, size), min(end, size)
    cells = -(-(end - start) // CELL_BYTES)
    fade = [0.5] + [1.0] * (cells - 1)
    fade[-1:] = [0.0] if cells else []
    made = samples.scaled(wav.rendered(new[:cells]), fade) if cells else b""
    kept = sent[:size].ljust(size, b"\0")
    return kept[:start] + made[: end - start].ljust(end - start, b"\0") + kept[end:]


def _followed(remix: Remix, new: Sequence[Cell], sent: bytes) -> list[Cell]:
    """Return cells with the upload's notes where it is kept, and the tune elsewhere."""
    levels = _loudness_of_samples(sent)
    played = _as_notes(levels, _pitches(sent, levels))
    cells = list[Cell]()
    for index, kept, keeping in _alternation(remix):
        if keeping and played:
            cells.append(played[index] if index < len(played) else SILENT_CELL)
        else:
            cells.append(_softened(new[index], _at(levels, index), kept))
    return cells


def _alternation(remix: Remix) -> Iterator[tuple[int, float, bool]]:
    """Yield for each cell its index, the share that is kept, and whether the upload is played."""
    due, keeping = 0.0, False
    for index in range(remix.cells):
        kept = remix.kept(index)
        if remix.replaced is not None:
            keeping = kept > 0
        elif index % TURN_CELLS == 0:
            due += kept
            keeping = due >= 1 - 1e-9
            due -= keeping
        yield index, kept, keeping


def _as_notes(levels: Sequence[float], pitches: Sequence[int]) -> list[Cell]:
    """Return the notes nearest to a sound, as loud as it is; a rise in loudness starts a note."""
    cells, place = list[Cell](), 0
    for index, level in enumerate(levels):
        pitch = pitches[index] if index < len(pitches) else 0
        before = levels[index - 1] if index else 0.0
        struck = level > before * 1.5 + MIN_LOUDNESS or place >= SLOT_FRAMES // 2
        struck = struck or (bool(cells) and cells[-1].sound != pitch)
        place = 0 if struck else place + 1
        cells.append(_softened(Cell(pitch, place, 0), level, 1.0))
    return cells


def _softened(cell: Cell, level: float, follow: float) -> Cell:
    """Return a cell softened to a level; `follow` sets how closely it follows the level."""
    share = 1 - follow + follow * level
    if share < MIN_LOUDNESS or cell.steps >= SILENT:
        return cell._replace(steps=SILENT)
    steps = next((step for step in range(SILENT) if wav.gain_of(step) <= share), SILENT)
    return cell._replace(steps=min(SILENT, cell.steps + steps))


def _at(levels: Sequence[float], index: int) -> float:
    return levels[index] if index < len(levels) else 1.0


def _loudness_of_samples(sent: bytes) -> list[float]:
    """Return the loudness of each cell as a share of the loudest."""
    left = array("h", sent)[::2]
    peaks = [
        max(abs(max(part)), abs(min(part)))
        for start in range(0, len(left), FRAME_SAMPLES)
        if (part := left[start : start + FRAME_SAMPLES])
    ]
    highest = max(peaks, default=0) or 1
    return [peak / highest for peak in peaks]


def _pitches(sent: bytes, levels: Sequence[float]) -> list[int]:
    """Return the note nearest to each cell's pitch, estimated from zero crossings."""
    left = array("h", sent)[::2]
    notes = list[int]()
    for index, level in enumerate(levels):
        part = left[index * FRAME_SAMPLES : (index + 1) * FRAME_SAMPLES : 2]
        if level < MIN_LOUDNESS or len(part) < FRAME_SAMPLES // 4:
            notes.append(notes[-1] if notes else 0)
            continue
        crossings = sum(one < 0 <= other for one, other in pairwise(part))
        hertz = crossings * RATE / 2 / len(part)
        while hertz and hertz < NOTES[0] * 0.97:
            hertz *= 2
        while hertz > NOTES[-1] * 1.03:
            hertz /= 2
        notes.append(min(range(len(NOTES)), key=lambda note: abs(NOTES[note] - hertz)))
    return notes
