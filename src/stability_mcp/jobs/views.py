"""A job as the rest of the program sees it."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

State = Literal[
    "queued",
    "paused",
    "submitting",
    "submitted",
    "storing",
    "done",
    "failed",
    "cancelled",
    "unknown",
]
FINISHED: frozenset[State] = frozenset({"done", "failed", "cancelled", "unknown"})
"""States that end by themselves never; a late answer may still turn `unknown` into `done`."""


@dataclass(frozen=True, kw_only=True)
class JobView:
    """A row of `jobs` without what only the engine needs. Times are unix seconds."""

    id: str
    seq: int
    call: str | None
    position: int
    operation: str
    arguments: Mapping[str, Any]
    state: State
    charged: Literal["no", "held", "assumed", "yes"]
    price: int
    """List price in millicredits."""
    error: str | None
    label: str | None
    upstream: str
    mine: bool
    """Whether this process's upstream started it; another's is never polled or paid here."""
    progress: str
    """What is going on, in words: `queued behind the rate limit`, `generating, 12 of ~31 s`."""
    media: tuple[str, ...]
    """Ids of the results, in order; empty until it is done."""
    collected: bool
    """Whether an answer handed the result over."""
    created_at: float
    sent_at: float | None
    finished_at: float | None

    @property
    def finished(self) -> bool:
        """Return whether nothing more happens to it by itself."""
        return self.state in FINISHED

    @property
    def awaited(self) -> bool:
        """Return whether it is worth waiting: it has not ended, and somebody carries it out."""
        return not self.finished and self.state != "paused"


@dataclass(frozen=True, kw_only=True)
class JobPage:
    """Some jobs, the newest first."""

    items: tuple[JobView, ...]
    next_cursor: str | None
    """Cursor of the next page; None at the end."""
