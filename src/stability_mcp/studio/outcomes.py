"""What a call gives: known operations, prices, the outcome, and what to say of earlier results."""

import time
from collections.abc import Mapping
from dataclasses import dataclass, field

from stability_mcp.api.fields import MAX_VARIANTS
from stability_mcp.api.operation import Operation
from stability_mcp.api.operations import OPERATIONS
from stability_mcp.api.parsing import parse
from stability_mcp.errors import ArgumentsError, JobError, NotFoundError, StorageError
from stability_mcp.imaging.preview import Preview
from stability_mcp.jobs.budget import Spending
from stability_mcp.jobs.models import Call, JobRecord
from stability_mcp.media.importer import describe_time
from stability_mcp.media.items import MediaItem
from stability_mcp.studio.runtime import StudioParts
from stability_mcp.text import credits_text, did_you_mean, listed, quoted


def known_operation(name: str) -> type[Operation]:
    """Return an operation by name.

    Raises:
        NotFoundError: there is none of that name.
    """
    try:
        return OPERATIONS[name]
    except KeyError:
        raise NotFoundError(
            f"There is no operation {quoted(name)}.", hint=did_you_mean(name, OPERATIONS)
        ) from None


def paid_operation(name: str) -> type[Operation]:
    """Return an operation that costs credits.

    Raises:
        NotFoundError: there is none of that name, or it is a query.
    """
    row = known_operation(name)
    if not row.is_paid():
        raise NotFoundError(f"{name} is a query and runs no job.", hint="Use query().")
    return row


def check_count(row: type[Operation], count: int) -> None:
    """See that so many variants are possible.

    Raises:
        ArgumentsError: they are not.
    """
    most = MAX_VARIANTS if row.takes_count() else 1
    if not 1 <= count <= most:
        raise ArgumentsError(
            f"count: {count} is not possible for {row.name()}, which takes 1 to {most}.",
            hint="Make further variants with further calls."
            if most > 1
            else "It has no seed, so every result would be the same: leave count out.",
        )


@dataclass(frozen=True, kw_only=True)
class Price:
    """The price of one call; money in millicredits."""

    operation: str
    each: int
    count: int
    seconds: float
    """How long one usually takes; 0: nobody measured it."""

    @property
    def total(self) -> int:
        """Return the price of all variants."""
        return self.each * self.count


def price_of(name: str, arguments: Mapping[str, object], count: int) -> Price:
    """Price a call.

    Raises:
        NotFoundError: there is no operation of that name.
        ArgumentsError: the arguments break a rule.
    """
    row = known_operation(name)
    check_count(row, count)
    each = parse(row, arguments).price()
    return Price(operation=name, each=each, count=count, seconds=row.spec.seconds)


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """What came of a call, so far."""

    operation: str | None
    jobs: list[JobRecord]
    media: list[MediaItem]
    """Results of the jobs that are done, in their order."""
    notes: list[str] = field(default_factory=list)
    """What each input resolved to and how it was made to fit."""
    spent: Spending
    preview: Preview | None = None
    uncollected: str | None = None
    """One line about earlier results that no answer delivered."""
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
    spent: Spending
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
    key_rejected: bool
    """Whether the API rejected the key when asked for the balance."""
    spent: Spending
    unfinished: int
    home: str
    copies: str | None
    roots: list[str]


async def earlier_lines(parts: StudioParts, submitted: Call) -> list[str]:
    """Return a line where the call took over another, and one where the cache answers for it."""
    read, account = parts.jobs.reader.records, parts.account
    notes = []
    if submitted.joined is not None:
        first = (await read(account, submitted.job_ids))[0]
        at = describe_time(first.created_at, time.time())
        notes.append(f"took over the same call of {at}, which nobody waits for: it is paid once")
    if submitted.cached:
        found = await read(account, submitted.cached)
        every = len(found) == len(submitted.job_ids)
        saved = credits_text(sum(job.price for job in found)).split()[0]
        notes.append(
            f"{'' if every else f'{len(found)} of {len(submitted.job_ids)} '}from the cache: "
            f"0 credits, saved {saved}; made {describe_time(found[0].created_at, time.time())}"
        )
    return notes


def under_way(submitted: Call, error: StorageError) -> JobError:
    """Return what is said of a call that was written and of which nothing more can be read."""
    jobs = submitted.job_ids
    named = f"Job {jobs[0]}" if len(jobs) == 1 else f"Jobs {listed(jobs)}"
    return JobError(
        f"{named} {'goes' if len(jobs) == 1 else 'go'} on, and what came of it cannot be told: "
        f"{error.message}",
        job=jobs[0],
        charged="unknown",
        hint="Do not call the tool again: job_wait gets the result. "
        "Free disk space or fix the permissions of the data folder first.",
    )
