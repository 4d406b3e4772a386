"""Public ids: random, so that nothing can be guessed from them; `seq` columns give the order.

Length: it imports nothing of ours, and jobs, media and maintenance share it.
"""

import secrets

ALPHABET = "0123456789abcdefghjkmnpqrstvwxyz"
"""Crockford's base 32: no i, l, o or u, which people misread."""

ID_CHARACTERS = 10
"""50 random bits: a collision within 100,000 rows is one in 200,000, and an insert is repeated."""

CALL_CHARACTERS = 26
"""128 bits and more: the id of a call is a capability over HTTP."""

MAX_SEQ = 2**63 - 1
"""Above every seq: SQLite's largest integer."""


def new_id(characters: int = ID_CHARACTERS) -> str:
    """Return a random id."""
    return "".join(ALPHABET[byte % len(ALPHABET)] for byte in secrets.token_bytes(characters))


def looks_like_id(text: str) -> bool:
    """Return whether a text has the shape of a public id."""
    return len(text) == ID_CHARACTERS and all(character in ALPHABET for character in text)


def seq_of(cursor: str) -> int | None:
    """Return the `seq` that the cursor of a list is; None: it can't be one."""
    if not (cursor.isascii() and cursor.isdigit() and len(cursor) <= len(str(MAX_SEQ))):
        return None
    seq = int(cursor)
    return seq if seq <= MAX_SEQ else None
