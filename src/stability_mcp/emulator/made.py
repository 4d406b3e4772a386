"""What an operation made, before anybody decides how it is sent."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

SUCCESS = "SUCCESS"
FILTERED = "CONTENT_FILTERED"

_TURNED_OVER = bytes(255 - each for each in range(256))


@dataclass(frozen=True, kw_only=True)
class Made:
    """One picture, sound or model, ready to be sent.

    The body is a sequence of pieces because a loop of sound is the same piece many times: ten
    minutes of it take no more memory than a few seconds.
    """

    media_type: str
    pieces: Sequence[bytes]
    seed: int | None = None
    finish_reason: str | None = None

    @property
    def length(self) -> int:
        """Return the number of bytes."""
        return sum(map(len, self.pieces))

    def scrambled(self) -> "Made":
        """Return the same with every bit turned over: as long, and nothing that can be read."""
        return replace(self, pieces=[piece.translate(_TURNED_OVER) for piece in self.pieces])

    def joined(self) -> bytes:
        """Return the whole body."""
        return b"".join(self.pieces)
