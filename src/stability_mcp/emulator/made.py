"""What an operation made, before anybody decides how it is sent."""

from collections.abc import Sequence
from dataclasses import dataclass

SUCCESS = "SUCCESS"
FILTERED = "CONTENT_FILTERED"


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

    def joined(self) -> bytes:
        """Return the whole body."""
        return b"".join(self.pieces)
