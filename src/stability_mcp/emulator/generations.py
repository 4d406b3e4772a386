"""Deferred generations: made when they are started, handed out when the pace says so.

What was made is stored with the charge, in one transaction, so that whatever is paid for can be
fetched: for 24 hours, by the key that started it. Beyond `KEPT_BYTES` the oldest goes first,
and never one that was not fetched yet. Every results path has every generation: where the API hands
out which is not known. All functions run inside a transaction of `storage`.
"""

from dataclasses import dataclass
from sqlite3 import Connection

from stability_mcp.emulator.made import Made

RETENTION_SECONDS = 24 * 3_600
ID_CHARACTERS = 64
KEPT_BYTES = 512 * 1_048_576
KEPT = 1_000


@dataclass(frozen=True, kw_only=True)
class Pace:
    """When a deferred generation is ready: at once, after so many polls, after so many seconds."""

    polls: int = 0
    """Polls that are answered `in-progress` first."""
    seconds: float = 0
    """Seconds from the start on."""


@dataclass(frozen=True, kw_only=True)
class Wanted:
    """A generation that is asked for."""

    id: str
    at: float
    """When it is asked for; of a generation under way, when it was started."""
    owner: str


@dataclass(frozen=True, kw_only=True)
class Started(Wanted):
    """A generation under way."""

    poll_path: str
    """Template of the path where it is documented to be."""
    seconds: float
    """How long it takes, whatever the pace."""


def keep(connection: Connection, started: Started, made: Made) -> None:
    """Store a generation with what was made for it, and make room."""
    connection.execute(
        "INSERT INTO generations (id, at, owner, poll_path, seconds, media_type, seed,"
        " finish_reason, bytes, body) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        (
            started.id,
            started.at,
            started.owner,
            started.poll_path,
            started.seconds,
            made.media_type,
            made.seed,
            made.finish_reason,
            made.length,
            made.joined(),
        ),
    )
    _make_room(connection, started.at)


def poll(connection: Connection, wanted: Wanted, pace: Pace) -> Made | bool:
    """Count a poll; return what was made, True while it is under way, False if it is not there."""
    found = connection.execute(
        "SELECT at, seconds, polls FROM generations WHERE id = ? AND owner = ? AND at > ?",
        (wanted.id, wanted.owner, wanted.at - RETENTION_SECONDS),
    ).fetchone()
    if found is None:
        return False
    connection.execute("UPDATE generations SET polls = polls + 1 WHERE id = ?", (wanted.id,))
    if found["polls"] < pace.polls or wanted.at < found["at"] + max(found["seconds"], pace.seconds):
        return True
    row = connection.execute(
        "UPDATE generations SET fetched = 1 WHERE id = ?"
        " RETURNING media_type, seed, finish_reason, body",
        (wanted.id,),
    ).fetchone()
    return Made(
        media_type=row["media_type"],
        pieces=[row["body"]],
        seed=row["seed"],
        finish_reason=row["finish_reason"],
    )


def _make_room(connection: Connection, now: float) -> None:
    connection.execute("DELETE FROM generations WHERE at <= ?", (now - RETENTION_SECONDS,))
    connection.execute(
        "DELETE FROM generations WHERE fetched = 1 AND id IN (SELECT id FROM ("
        " SELECT id, sum(bytes) OVER newest AS total, count(*) OVER newest AS number"
        " FROM generations"
        " WINDOW newest AS (ORDER BY fetched, at DESC ROWS UNBOUNDED PRECEDING)"
        ") WHERE total > ? OR number > ?)",
        (KEPT_BYTES, KEPT),
    )
