"""The format of a store: versions of its tables, names of its files, ids of upstreams.

Length: facts that are needed where no database is opened.
"""

import hashlib
import hmac
from pathlib import Path

SCHEMA = 4
"""Version of the tables; `migrations` says what a change may be."""
OLDEST_WRITER = 4
"""The oldest version whose programs may write such a store."""

DATABASE = "store.db"
"""The file of the database, in the folder of the store."""

EMULATOR_ID = "emulator"
"""The id of the built-in emulator as an upstream."""

LOCK_SUFFIX = ".lock"
MAX_MISSING_PROBES = 5
"""Probes of a lock file that is missing, until its process counts as dead: a living one makes the
file again between two of them."""


def lock_path(home: Path, process: str) -> Path:
    """Return the lock file of a process, which it holds for as long as it lives."""
    return home / "locks" / f"{process}{LOCK_SUFFIX}"


def upstream_id(secret: str, base_url: str, key: str) -> str:
    """Return the id of an upstream: it tells keys apart and cannot be turned back into one.

    Args:
        secret: The store's own, `fingerprint_secret` in `meta`.
        base_url: Where the API is.
        key: Key of the account.
    """
    named = f"{base_url}\0{key}".encode()
    return hmac.new(secret.encode(), named, hashlib.sha256).hexdigest()[:16]
