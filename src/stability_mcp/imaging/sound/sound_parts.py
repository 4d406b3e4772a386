"""The parts of an edited sound: sections of sources in order, repeated, with silence in between."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple


class Part(NamedTuple):
    """A section of a sound, or silence."""

    source: int | None
    """Index of the sound; None: silence."""
    start: float
    """In seconds."""
    end: float

    @property
    def seconds(self) -> float:
        """Return the length in seconds."""
        return self.end - self.start


@dataclass(frozen=True, kw_only=True)
class Arrangement:
    """Parts in the order in which they are heard."""

    parts: tuple[Part, ...]
    crossfade: float = 0.0
    """Seconds that each part overlaps the next."""
    seconds: float
    """Length of the whole; the last parts are cut if they are longer."""

    def last_cut(self) -> Iterator[Part]:
        """Yield the parts with the last one cut at the length; for parts that don't overlap."""
        left = self.seconds
        for part in self.parts:
            if left <= 0:
                return
            yield part._replace(end=min(part.end, part.start + left))
            left -= part.seconds


def joined(sections: Sequence[Part], *, gap: float = 0.0, crossfade: float = 0.0) -> Arrangement:
    """Return sections one after the other, with silence in between or overlapping."""
    parts: list[Part] = []
    for section in sections:
        parts += [Part(None, 0.0, gap)] if gap and parts else []
        parts.append(section)
    overlap = crossfade * (len(sections) - 1)
    seconds = sum(part.seconds for part in parts) - overlap
    return Arrangement(parts=tuple(parts), crossfade=crossfade, seconds=seconds)


def repeated(once: Arrangement, times: int, *, gap: float = 0.0) -> Arrangement:
    """Return an arrangement that is played several times."""
    between = (Part(None, 0.0, gap),) if gap else ()
    parts = once.parts + (between + once.parts) * (times - 1)
    step = once.seconds + gap - once.crossfade
    return replace(once, parts=parts, seconds=once.seconds + step * (times - 1))
