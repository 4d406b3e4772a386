"""Patience: after how long a client was seen to give up on a call, so that answers come before.

Hosts cut calls off after 10 to 60 seconds and do not say so beforehand. A user who presses stop
looks the same, and would make every later call of this client come back too soon. A host gives up
after the same time again and again, and a user after any: so what was seen once is believed for a
day, and what was seen to repeat itself for a month. What is believed no more is tried out by
itself, for calls then wait longer; a host that has not changed costs one call that is cut off and
taken over by its repeat.
"""

import json
from dataclasses import asdict, dataclass

from sqlalchemy import Connection, text

PREFIX = "patience:"
"""Of the rows of `meta` that hold it, before the name of the client; the value is JSON."""
LONGEST_NAME = 80

DAY = 86_400.0
BELIEVED_ONCE, BELIEVED_AGAIN = DAY, 30 * DAY
"""Seconds for which a time is believed that was seen once, and one that repeated itself."""
REMEMBERED = 60 * DAY
"""Seconds for which a time is kept: seen again by then, it repeats itself."""
ALIKE = 0.15
"""Share by which two times differ at most that are the same host's: it is busy now and then."""
MOST = 8
"""Times that are kept of a client."""

_READ = text("SELECT value FROM meta WHERE key = :key")
_KEEP = text(
    "INSERT INTO meta (key, value) VALUES (:key, :value)"
    " ON CONFLICT (key) DO UPDATE SET value = excluded.value"
)


@dataclass(frozen=True, kw_only=True)
class Seen:
    """A time after which a client gave up."""

    seconds: float
    """The shortest of those that are alike."""
    at: float
    """When it was seen last, in unix seconds."""
    times: int
    """How often it was seen."""

    def is_like(self, seconds: float) -> bool:
        """Return whether another time may be the same host's."""
        return abs(seconds - self.seconds) <= ALIKE * max(seconds, self.seconds)

    def is_believed(self, now: float) -> bool:
        """Return whether calls must be answered before it."""
        return now - self.at < (BELIEVED_ONCE if self.times == 1 else BELIEVED_AGAIN)


def patience(connection: Connection, client: str, *, now: float) -> float | None:
    """Return the shortest time after which a client gives up, in seconds; None: it does not."""
    believed = [each.seconds for each in _read(connection, client) if each.is_believed(now)]
    return min(believed, default=None)


def gave_up(connection: Connection, client: str, seconds: float, *, now: float) -> None:
    """Note that a client gave up on a call after so many seconds."""
    kept = [each for each in _read(connection, client) if now - each.at < REMEMBERED]
    alike = [each for each in kept if each.is_like(seconds)]
    others = [each for each in kept if each not in alike]
    seen = Seen(
        seconds=round(min([seconds, *(each.seconds for each in alike)]), 3),
        at=now,
        times=1 + sum(each.times for each in alike),
    )
    newest = sorted([*others, seen], key=lambda each: each.at)[-MOST:]
    value = json.dumps([asdict(each) for each in newest])
    connection.execute(_KEEP, {"key": _key(client), "value": value})


def _read(connection: Connection, client: str) -> list[Seen]:
    found = connection.execute(_READ, {"key": _key(client)}).scalar()
    if found is None:
        return []
    rows = json.loads(found)
    return [Seen(**row) for row in rows] if isinstance(rows, list) else []


def _key(client: str) -> str:
    return f"{PREFIX}{client.encode('utf-8', 'replace').decode()[:LONGEST_NAME]}"
