"""Patience: after how long a client was seen to give up on a call, so that answers come before.

Hosts cut calls off after 10 to 60 seconds and do not say so beforehand.
"""

from sqlalchemy import Connection, text

PREFIX = "patience:"
"""Of the rows of `meta` that hold it, before the name of the client; the value is seconds."""
LONGEST_NAME = 80

_READ = text("SELECT value FROM meta WHERE key = :key")
_KEEP = text(
    "INSERT INTO meta (key, value) VALUES (:key, :value) ON CONFLICT (key) DO UPDATE"
    " SET value = excluded.value WHERE CAST(excluded.value AS REAL) < CAST(value AS REAL)"
)


def patience(connection: Connection, client: str) -> float | None:
    """Return the shortest time after which a client gave up, in seconds; None: it never did."""
    found = connection.execute(_READ, {"key": _key(client)}).scalar()
    return None if found is None else float(found)


def gave_up(connection: Connection, client: str, seconds: float) -> None:
    """Note that a client gave up on a call after so many seconds."""
    connection.execute(_KEEP, {"key": _key(client), "value": f"{seconds:.3f}"})


def _key(client: str) -> str:
    return f"{PREFIX}{client.encode('utf-8', 'replace').decode()[:LONGEST_NAME]}"
