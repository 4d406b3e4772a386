"""Events of a stream: what happened to a job or run, new media, spending and balance, as JSON.

The data of each event is JSON on one line without any character beyond ASCII, so no label can break
the framing.
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from sse_starlette import ServerSentEvent

from stability_mcp.rest.job_form import JobForm
from stability_mcp.rest.media_form import MediaForm
from stability_mcp.rest.run_form import RunProgressForm
from stability_mcp.server.tool import Data
from stability_mcp.server.views import when
from stability_mcp.studio.change_feed import AccountFigures, Changes, StateChanges

EventName = Literal["job", "run", "media", "spending", "balance", "end"]

SEPARATOR = "\n"
"""Ends a line."""


@dataclass(frozen=True, slots=True)
class Event:
    """One event; a later one with the same subject replaces it."""

    subject: str
    """What it is about: `job:ab12cd34ef`, `spending`."""
    text: bytes
    """As it is sent, without an id."""
    is_open: bool
    """Whether its subject still changes, so that it is part of the present state."""
    ids: frozenset[str] = frozenset()
    """Of a job or run: the ids of job, call and run that it belongs to."""
    status: str = ""
    """Of a job or run: its status."""

    def numbered(self, number: str) -> bytes:
        """Return it as it is sent, with an id."""
        return f"id: {number}{SEPARATOR}".encode() + self.text


class SpendingEvent(Data):
    """Spending of the account, in credits."""

    today: float
    """Spent today, with requests that may have been charged."""
    reserved: float
    """Reserved by unfinished jobs."""
    budget: float | None = None
    """Daily budget; absent: there is none."""
    left: float | None = None
    """Left of it today."""
    limit: float | None = None
    """The spending limit of this client; absent: none is in force."""
    limit_left: float | None = None
    """Left of it."""
    limit_ends: str | None = None

    @classmethod
    def of(cls, figures: AccountFigures) -> "SpendingEvent":
        """Return spending as JSON."""
        spent = figures.spending
        limit = spent.spend_limit
        return cls(
            today=spent.today / 1000,
            reserved=spent.reserved / 1000,
            budget=None if spent.limit is None else spent.limit / 1000,
            left=None if spent.left is None else spent.left / 1000,
            limit=None if limit is None else limit.max_credits / 1000,
            limit_left=None if limit is None else limit.left / 1000,
            limit_ends=None if limit is None else when(limit.ends_at),
        )


class BalanceEvent(Data):
    """The account at the API: its balance, and whether requests are sent."""

    credits: float | None = None
    """Approximate balance; absent: not known."""
    checked: str | None = None
    """When it was queried."""
    paused: str | None = None
    """Why nothing is sent: the API rejected the key, or the account has no credits."""
    blocked_until: str | None = None
    """Until when nothing is sent because the API refused requests (429)."""

    @classmethod
    def of(cls, figures: AccountFigures) -> "BalanceEvent":
        """Return the balance as JSON."""
        known, rate = figures.balance, figures.rate
        return cls(
            credits=None if known is None else known.credits / 1000,
            checked=None if known is None else when(known.at),
            paused=rate.paused_why,
            blocked_until=when(rate.blocked_until) if rate.blocked_until else None,
        )


class EndEvent(Data):
    """That a job, call or run has ended; nothing follows."""

    id: str
    status: str


def events_of(changes: Changes) -> list[Event]:
    """Return changes as events: ends before media, and the account last."""
    found = [*_work_events(changes)]
    for item in changes.media:
        data = MediaForm.of(item)
        found.append(Event(f"media:{item.id}", framed("media", data), is_open=False))
    if isinstance(changes, StateChanges):
        spending, balance = SpendingEvent.of(changes.figures), BalanceEvent.of(changes.figures)
        found.append(Event("spending", framed("spending", spending), is_open=True))
        found.append(Event("balance", framed("balance", balance), is_open=True))
    return found


def _work_events(changes: Changes) -> Iterator[Event]:
    for run in changes.runs:
        form = RunProgressForm.of_state(run)
        yield Event(
            f"run:{form.id}",
            framed("run", form),
            is_open=run.row.finished_at is None,
            ids=frozenset({form.id}),
            status=form.status,
        )
    for job, media in changes.jobs:
        described = JobForm.of(job, media)
        yield Event(
            f"job:{job.id}",
            framed("job", described),
            is_open=not job.finished,
            ids=frozenset(filter(None, (job.id, job.call, job.run))),
            status=described.status,
        )


def framed(name: EventName, data: Data) -> bytes:
    """Return an event as it is sent."""
    text = json.dumps(data.dumped(), separators=(",", ":"))
    return ServerSentEvent(text, event=name, sep=SEPARATOR).encode()
