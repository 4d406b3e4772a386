"""Generated files, and deferred generations that become available when their pace allows.

A result is stored in the same transaction as its charge, so that everything charged can be fetched,
for 24 hours and with the same key. Above `MAX_KEPT_BYTES` the oldest fetched results are deleted
first; results not yet fetched are never deleted for space. Every results path serves every
generation, since it is unknown which path of the API serves which. All functions run inside a
transaction of `storage`.
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

_INVERTED_BYTES = bytes(255 - each for each in range(256))


@dataclass(frozen=True, kw_only=True)
class Artifact:
    """One picture, sound or model, ready to send.

    The body is a sequence of pieces because looped sound repeats one piece many times: ten minutes
    take no more memory than a few seconds.
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
        """Return an artifact of the same length with every bit inverted, so it can't be decoded."""
        return replace(self, pieces=[piece.translate(_INVERTED_BYTES) for piece in self.pieces])

    def joined(self) -> bytes:
        """Return the whole body."""
        return b"".join(self.pieces)


@dataclass(frozen=True, kw_only=True)
class Pace:
    """When a deferred generation is ready: immediately, after some polls or after some seconds."""

    polls: int = 0
    """Number of polls answered with `in-progress` first."""
    seconds: float = 0
    """Seconds since the start."""


@dataclass(frozen=True, kw_only=True)
class GenerationQuery:
    """A request for a generation."""

    id: str
    at: float
    """Time of the request."""
    owner: str


@dataclass(frozen=True, kw_only=True)
class Started(GenerationQuery):
    """A started generation; `at` is its start."""

    poll_path: str
    """Template of its documented results path."""
    seconds: float
    """Minimum duration, independent of the pace."""


def store(connection: Connection, started: Started, made: Artifact) -> None:
    """Store a generation with its result, and delete old ones."""
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


def poll(connection: Connection, query: GenerationQuery, pace: Pace) -> Artifact | bool:
    """Count a poll; return the result, True while the generation runs, or False if unknown."""
    found = connection.execute(
        "SELECT at, seconds, polls FROM generations WHERE id = ? AND owner = ? AND at > ?",
        (query.id, query.owner, query.at - RETENTION_SECONDS),
    ).fetchone()
    if found is None:
        return False
    connection.execute("UPDATE generations SET polls = polls + 1 WHERE id = ?", (query.id,))
    if found["polls"] < pace.polls or query.at < found["at"] + max(found["seconds"], pace.seconds):
        return True
    row = connection.execute(
        "UPDATE generations SET fetched = 1 WHERE id = ?"
        " RETURNING media_type, seed, finish_reason, body",
        (query.id,),
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
