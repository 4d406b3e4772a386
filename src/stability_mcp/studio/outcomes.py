"""What the studio tells its callers: what came of a call, what one would cost, how it stands."""

from dataclasses import dataclass, field

from stability_mcp.imaging.preview import Preview
from stability_mcp.jobs.spending import Spent
from stability_mcp.jobs.views import JobView
from stability_mcp.media.items import MediaItem
from stability_mcp.studio.pricing import Price


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """What came of a call, so far."""

    operation: str | None
    jobs: list[JobView]
    media: list[MediaItem]
    """Results of the jobs that are done, in their order."""
    said: list[str] = field(default_factory=list)
    """What each input resolved to and how it was made to fit."""
    spent: Spent
    preview: Preview | None = None
    uncollected: str | None = None
    """One line about earlier results that no answer handed over yet."""
    call: str | None = None
    """Id of the call, where there is one."""
    cached: tuple[str, ...] = ()
    """Jobs that were finished for an earlier call: they cost this one nothing."""

    @property
    def finished(self) -> bool:
        """Return whether every job of it has ended."""
        return all(job.finished for job in self.jobs)


@dataclass(frozen=True, kw_only=True)
class Estimate:
    """What calls would cost together; money in millicredits."""

    prices: tuple[Price, ...]
    spent: Spent
    balance: float | None
    """Credits on the account, about; None where it could not be asked."""

    @property
    def total(self) -> int:
        """Return the price of all of them."""
        return sum(price.total for price in self.prices)

    @property
    def fits(self) -> bool:
        """Return whether the budget of today still covers them."""
        left = self.spent.left
        return left is None or self.total <= left


@dataclass(frozen=True, kw_only=True)
class Status:
    """How the studio stands."""

    upstream: str
    emulated: bool
    balance: float | None
    balance_note: str
    spent: Spent
    unfinished: int
    home: str
    copies: str | None
    roots: list[str]
