"""Generated files, and deferred generations that are handed out when the pace says so.

What was generated is stored with the charge, in one transaction, so that whatever is paid for can
be fetched: for 24 hours, by the key that started it. Beyond `MAX_KEPT_BYTES` the oldest goes first,
and never one that was not fetched yet. Every results path has every generation: where the API hands
out which is not known. All functions run inside a transaction of `storage`.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from sqlite3 import Connection

RETENTION_SECONDS = 24 * 3_600
ID_CHARACTERS = 64
MAX_KEPT_BYTES = 512 * 1_048_576
MAX_KEPT = 1_000

SUCCESS = "SUCCESS"
FILTERED = "CONTENT_FILTERED"

_TURNED_OVER = bytes(255 - each for each in range(256))


@dataclass(frozen=True, kw_only=True)
class Artifact:
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

    def scrambled(self) -> "Artifact":
        """Return the same with every bit turned over: as long, and nothing that can be read."""
        return replace(self, pieces=[piece.translate(_TURNED_OVER) for piece in self.pieces])

    def joined(self) -> bytes:
        """Return the whole body."""
        return b"".join(self.pieces)


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


def keep(connection: Connection, started: Started, made: Artifact) -> None:
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


def poll(connection: Connection, wanted: Wanted, pace: Pace) -> Artifact | bool:
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
    return Artifact(
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
        (MAX_KEPT_BYTES, MAX_KEPT),
    )
