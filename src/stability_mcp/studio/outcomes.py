"""The outcome of a call, prices, status, and notes on joined or cached results."""

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from stability_mcp.api.fields import MAX_VARIANTS
from stability_mcp.api.not_offered import suggest
from stability_mcp.api.operation import Operation
from stability_mcp.api.operations import OPERATIONS
from stability_mcp.api.parsing import parse
from stability_mcp.errors import ArgumentsError, JobError, NotFoundError, StorageError
from stability_mcp.imaging.preview import Preview
from stability_mcp.jobs.budget import Spending
from stability_mcp.jobs.models import Call, JobRecord
from stability_mcp.media.items import MediaItem
from stability_mcp.studio.alternatives import Alternatives
from stability_mcp.studio.defaults import NO_DEFAULTS, Defaults
from stability_mcp.studio.runtime import StudioParts
from stability_mcp.text import credits_text, describe_time, listed, name_key, quoted


def known_operation(name: str) -> type[Operation]:
    """Return an operation by name.

    Raises:
        NotFoundError: no operation has that name.
    """
    try:
        return OPERATIONS[name]
    except KeyError:
        raise NotFoundError(
            f"There is no operation {quoted(name)}.", hint=suggest(name, OPERATIONS)
        ) from None


def operation_named(name: str) -> type[Operation]:
    """Return an operation by its name, which may leave out the family: `ultra`, `outpaint`.

    Raises:
        NotFoundError: no operation has that name, or several families have one.
    """
    key = name_key(name)
    found = [each for each in OPERATIONS if name_key(each) == key]
    found = found or [each for each in OPERATIONS if name_key(each.partition("_")[2]) == key]
    if len(found) > 1:
        names = listed(found, last="or")
        raise NotFoundError(f"{quoted(name)} can be {names}.", hint="Write the whole name.")
    return known_operation(found[0] if found else name)


def paid_operation(name: str) -> type[Operation]:
    """Return an operation that costs credits.

    Raises:
        NotFoundError: no operation has that name, or it is a free query.
    """
    row = known_operation(name)
    if not row.is_paid():
        raise NotFoundError(f"{name} is a free query, not a job.", hint="Use query().")
    return row


def check_count(row: type[Operation], count: int) -> None:
    """Check the number of variants.

    Raises:
        ArgumentsError: the operation doesn't allow that many.
    """
    most = MAX_VARIANTS if row.takes_count() else 1
    if not 1 <= count <= most:
        raise ArgumentsError(
            f"count must be from 1 to {most} for {row.name()}; got {count}."
            if most > 1
            else f"count must be 1 for {row.name()}; got {count}.",
            hint="Make more variants with another call."
            if most > 1
            else "Without a seed, every result would be the same; leave count out.",
        )


@dataclass(frozen=True, kw_only=True)
class Price:
    """The price of one call; money in millicredits."""

    operation: str
    each: int
    count: int
    seconds: float
    """How long one usually takes; 0: not known."""
    request: Operation
    notes: Sequence[str] = ()
    """Which default arguments the price is for."""

    @property
    def total(self) -> int:
        """Return the price of all variants."""
        return self.each * self.count


def price_of(
    name: str, arguments: Mapping[str, object], count: int, defaults: Defaults = NO_DEFAULTS
) -> Price:
    """Price a call.

    Args:
        name: Name of the operation.
        arguments: Its fields.
        count: Number of variants.
        defaults: The operator's default arguments.

    Raises:
        NotFoundError: no operation has that name.
        ArgumentsError: the arguments are invalid.
    """
    row = known_operation(name)
    check_count(row, count)
    filled = defaults.fill(name, arguments)
    with filled.explained():
        request = parse(row, filled.arguments)
    return Price(
        operation=name,
        each=request.price(),
        count=count,
        seconds=row.spec.seconds,
        request=request,
        notes=filled.notes,
    )


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """The state of a call and its results so far."""

    operation: str | None
    jobs: list[JobRecord]
    media: list[MediaItem]
    """Results of the finished jobs, in job order."""
    notes: list[str] = field(default_factory=list)
    """Lines for the answer: what each input resolved to and how it was fitted."""
    sent: tuple[tuple[str, MediaItem], ...] = ()
    """The pictures in the requests, with the field of each."""
    spent: Spending
    preview: Preview | None = None
    restored: Mapping[str, MediaItem] = field(default_factory=dict)
    """The originals of the pictures whose transparency was put back, by id of the picture, which
    precedes its paid result in `media`."""
    empty: tuple[str, ...] = ()
    """Ids of the results in which every pixel is transparent."""
    uncollected: str | None = None
    """One line about earlier results that were never delivered."""
    call: str | None = None
    """Id of the call, if there is one."""
    cached: tuple[str, ...] = ()
    """Jobs whose cached results answer this call at no cost."""

    @property
    def finished(self) -> bool:
        """Return whether all jobs of the call have ended."""
        return all(job.finished for job in self.jobs)


@dataclass(frozen=True, kw_only=True)
class Estimate:
    """The price of several calls together; money in millicredits."""

    prices: tuple[Price, ...]
    alternatives: tuple[Alternatives, ...]
    """Of each call."""
    seconds: Mapping[str, float]
    """How long a job of each operation named here usually takes; 0: not known."""
    spent: Spending
    balance: float | None
    """Approximate credits on the account; None: unknown."""

    @property
    def total(self) -> int:
        """Return the total price."""
        return sum(price.total for price in self.prices)

    @property
    def fits(self) -> bool:
        """Return whether today's remaining budget covers the total."""
        left = self.spent.left
        return left is None or self.total <= left

    @property
    def fits_limit(self) -> bool | None:
        """Return whether the client's spending limit covers the total; None: there is none."""
        limit = self.spent.spend_limit
        return None if limit is None else self.total <= limit.left

    @property
    def fits_balance(self) -> bool | None:
        """Return whether the balance covers the total; None: the balance is unknown."""
        return None if self.balance is None else self.total <= self.balance * 1000


@dataclass(frozen=True, kw_only=True)
class Status:
    """The status of the studio."""

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
    defaults: list[str]
    """The operator's default arguments, a line for each entry."""


async def earlier_lines(parts: StudioParts, submitted: Call) -> list[str]:
    """Return notes for the answer if the call joined another call or used cached results."""
    read, account = parts.jobs.reader.records, parts.account
    notes = []
    if submitted.joined is not None:
        first = (await read(account, submitted.job_ids))[0]
        at = describe_time(first.created_at, time.time())
        notes.append(f"Joined your identical call from {at}; charged once.")
    if submitted.cached:
        found = await read(account, submitted.cached)
        count, of = len(found), len(submitted.job_ids)
        which = "Cached result" if of == 1 else f"{count} of {of} are cached results"
        at = describe_time(found[0].created_at, time.time())
        saved = credits_text(sum(job.price for job in found))
        notes.append(f"{which} from {at}: 0 credits, {saved} saved.")
    return notes


def unreadable_error(submitted: Call, error: StorageError) -> JobError:
    """Return the error for a submitted call whose rows cannot be read any more."""
    jobs = submitted.job_ids
    named = f"Job {jobs[0]} continues" if len(jobs) == 1 else f"Jobs {listed(jobs)} continue"
    return JobError(
        f"{named}, but the state cannot be read: {error.message}",
        job=jobs[0],
        charged="unknown",
        hint="Don't repeat the call; job_wait gets the result. First free disk space or fix the "
        "permissions of the data folder.",
    )
