"""What answers say about runs that the call didn't name, and which runs changed.

It imports no plans, because every answer needs it, also in processes that never run a workflow.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from stability_mcp.store.queries import Connection, load
from stability_mcp.text import listed, quoted

_WORDS = {"review": "wait for a pick", "paused": "are paused", "failed": "failed"}
_ONE = {"review": "waits for a pick", "paused": "is paused", "failed": "failed"}


@dataclass(frozen=True, slots=True)
class _Notice:
    id: str
    title: str
    state: str

    @property
    def name(self) -> str:
        return f"{self.id} ({quoted(self.title)})" if self.title else self.id


@dataclass(frozen=True, slots=True)
class _OpenRun:
    id: str
    state: str
    changed: int


@dataclass(frozen=True, slots=True)
class OpenRun:
    """An unfinished run; it is equal to an earlier read unless the run progressed."""

    id: str
    state: str
    changed: int
    started: int
    """Items that were started."""
    ended: int
    """Items that ended, with or without a result."""


@dataclass(frozen=True, slots=True)
class StoppedRun:
    """A run that ended or stopped for review; it may continue and stop again."""

    id: str
    end_number: int
    """Orders the stops of an owner."""


_SQL = load(__file__)
_uncollected = _SQL.many("uncollected", _Notice)
_open_runs = _SQL.many("open_runs", _OpenRun)
_newest = _SQL.value("newest", int)
_open_progress = _SQL.many("open_progress", OpenRun)
_stopped_after = _SQL.many("stopped_after", StoppedRun)
_newest_stop = _SQL.value("newest_stop", int)


def uncollected_line(connection: Connection, owner: str) -> str | None:
    """Return a line about runs that no answer has shown since they stopped; None: there are none.

    Runs that wait for the user come first.
    """
    found = _uncollected(connection, owner=owner)
    lines = []
    for state in ("review", "paused", "done", "failed"):
        runs = [each for each in found if each.state == state]
        if runs:
            words = (_ONE if len(runs) == 1 else _WORDS).get(state, "done, not shown yet")
            noun = "Workflow run" if len(runs) == 1 else "Workflow runs"
            names = listed(each.name for each in runs)
            lines.append(f"{noun} {names} {words} (call workflow_run with run).")
    return "\n".join(lines) or None


def uncollected_runs(connection: Connection, owner: str) -> list[str]:
    """Return the ids of these runs and of running ones, oldest first."""
    return [each.id for each in _uncollected(connection, owner=owner)]


def activity(connection: Connection, owner: str) -> tuple[int, Mapping[str, tuple[str, int]]]:
    """Return a number that grows with each run, and a value of each open run that changes with it.

    The value has the form of a job's: its state, and a number.
    """
    runs = {each.id: (each.state, each.changed) for each in _open_runs(connection, owner=owner)}
    return _newest(connection, owner=owner) or 0, runs


def open_progress(connection: Connection, owner: str) -> Sequence[OpenRun]:
    """Return the unfinished runs and how far they are, oldest first."""
    return _open_progress(connection, owner=owner)


def stopped_after(
    connection: Connection, owner: str, number: int, *, limit: int
) -> Sequence[StoppedRun]:
    """Return runs that stopped after the stop with a number, at most `limit`, oldest first."""
    return _stopped_after(connection, owner=owner, number=number, limit=limit)


def newest_stop(connection: Connection, owner: str) -> int:
    """Return the number of the last stop of a run; 0: none stopped yet."""
    return _newest_stop(connection, owner=owner) or 0
