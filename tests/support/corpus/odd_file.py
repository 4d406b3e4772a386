"""One file of the corpus, and what must become of it."""

from collections.abc import Callable
from dataclasses import dataclass

Colour = tuple[int, int, int, int]
Corners = tuple[Colour, Colour, Colour, Colour]
"""Colours near the corners, clockwise from top left, with alpha."""

SIZE = (96, 64)

RED, GREEN, BLUE, WHITE = (255, 0, 0, 255), (0, 255, 0, 255), (0, 0, 255, 255), (255, 255, 255, 255)
BLACK, CLEAR = (0, 0, 0, 255), (0, 0, 0, 0)

FOUR: Corners = (RED, GREEN, BLUE, WHITE)
"""What `sample_files.picture` draws."""
HALF: Corners = (RED, CLEAR, CLEAR, WHITE)
"""The same with alpha; the right half is transparent."""
LEFT_BLACK: Corners = (BLACK, WHITE, WHITE, BLACK)


def greys(*levels: int) -> Corners:
    """Return four opaque greys."""
    one, two, three, four = ((level, level, level, 255) for level in levels)
    return (one, two, three, four)


GREY = greys(76, 150, 29, 255)
"""The four colours as grey (ITU-R BT.601)."""


@dataclass(frozen=True, kw_only=True)
class OddFile:
    """A file and its outcome. Texts are exact, or the beginning of a sentence for errors."""

    make: Callable[[], bytes]
    refused: str = ""
    """The error of the import and of any call."""
    unusable: str = ""
    """Why a picture that can be imported can't be sent; the import says so as well."""
    unsuitable: str = ""
    """Why this operation can't take a file that is intact."""
    repaired: str = ""
    """What the import repaired."""
    changes: str = ""
    """What was changed for sending; empty: it is sent as imported."""
    shows: Corners | None = None
    """What the picture that is sent shows; None: not compared."""


def picture(
    make: Callable[[], bytes],
    changes: str = "",
    *,
    shows: Corners | None = FOUR,
    repaired: str = "",
) -> OddFile:
    """Return a picture that can be used."""
    return OddFile(make=make, changes=changes, shows=shows, repaired=repaired)


def sound(make: Callable[[], bytes], repaired: str = "", changes: str = "") -> OddFile:
    """Return a sound that can be used."""
    return OddFile(make=make, repaired=repaired, changes=changes)


def refused(make: Callable[[], bytes], error: str) -> OddFile:
    """Return a file that can't be imported."""
    return OddFile(make=make, refused=error)


def unusable(make: Callable[[], bytes], error: str) -> OddFile:
    """Return a picture that can be imported but not decoded."""
    return OddFile(make=make, unusable=error)


def unsuitable(make: Callable[[], bytes], error: str, *, repaired: str = "") -> OddFile:
    """Return an intact file that the operation can't take."""
    return OddFile(make=make, unsuitable=error, repaired=repaired)
