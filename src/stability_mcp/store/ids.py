"""Public ids: random, so that they can't be guessed; `seq` columns give the order."""

import secrets

from stability_mcp.periods import Period

ALPHABET = "0123456789abcdefghjkmnpqrstvwxyz"
"""Crockford's base 32: no i, l, o or u, which people misread."""

ID_CHARACTERS = 10
"""50 random bits: 1 in 200,000 for any collision among 100,000 rows; that insert is retried."""

CALL_CHARACTERS = 26
"""At least 128 random bits: over HTTP the id of a call is a capability."""

MAX_SEQ = 2**63 - 1
"""SQLite's largest integer: no seq is above it."""


def new_id(characters: int = ID_CHARACTERS) -> str:
    """Return a random id."""
    return "".join(ALPHABET[byte % len(ALPHABET)] for byte in secrets.token_bytes(characters))


def looks_like_id(text: str) -> bool:
    """Return whether a text has the form of a public id."""
    return len(text) == ID_CHARACTERS and all(character in ALPHABET for character in text)


def seq_of(cursor: str) -> int | None:
    """Return the `seq` in a list cursor; None if the text isn't a cursor."""
    if not (cursor.isascii() and cursor.isdigit() and len(cursor) <= len(str(MAX_SEQ))):
        return None
    seq = int(cursor)
    return seq if seq <= MAX_SEQ else None


def span_before(period: Period, before: int | None, created_at: float | None) -> dict[str, float]:
    """Return the parameters `since`, `at` and `before` of a list of a period.

    Such a list is in the order of (created_at, seq), and the page ends before (`at`, `before`).

    Args:
        period: The period.
        before: The seq in the cursor; None for the first page.
        created_at: When the row with that seq was created, in unix seconds.
    """
    if before is None or created_at is None or created_at >= period.until:
        # No seq is below 0, so rows created exactly at `until` are excluded.
        return {"since": period.since, "at": period.until, "before": 0}
    return {"since": period.since, "at": created_at, "before": before}
