"""The format of a store: schema versions, file names, upstream ids.

Length: facts that code needs without opening a database.
"""

import hashlib
import hmac
from pathlib import Path

SCHEMA = 11
"""Version of the tables; `migrations` explains which changes are allowed."""
OLDEST_WRITER = 4
"""Oldest schema version whose programs may write to such a store."""

DATABASE = "store.db"
"""Name of the database file in the store's folder."""

EMULATOR_STATE = "upstream"
"""Name of the folder in which the built-in emulator keeps its own state."""

EMULATOR_ID = "emulator"
"""Upstream id of the built-in emulator."""

FOLDERS = ("blobs", "spool", "locks", "quarantine")
"""Stored media, responses being received, locks of living processes, unusable paid responses."""

IN_USE = "in-use.lock"
"""Name of the file on which every process that opened the database holds a shared lock."""

BACKUP_LOCK = "backup.lock"
"""Name of the file whose lock a backup holds; meanwhile no file of stored media is removed."""

BACKUP_WORK, RESTORE_WORK = "backup.tmp", "restore.tmp"
"""Names of the folders in which `backup` and `restore` work. Both remove what another run left, so
the names must not look like a place to keep backups."""

LOCK_SUFFIX = ".lock"
MAX_MISSING_PROBES = 5
"""Probes of a missing lock file before its process counts as dead: a living process recreates the
file between two probes."""


def lock_path(home: Path, process: str) -> Path:
    """Return the lock file that a process holds for as long as it lives."""
    return home / "locks" / f"{process}{LOCK_SUFFIX}"


def user_id(secret: str, owner: str) -> str:
    """Return the id by which the API may tell the users of a store apart.

    It is a keyed hash: without the store, it can't be computed and doesn't reveal the owner.

    Args:
        secret: The store's own secret, `fingerprint_secret` in `meta`.
        owner: Owner of an account.
    """
    # A base URL never starts like this, so no upstream has this hash.
    return hmac.new(secret.encode(), f"user\0{owner}".encode(), hashlib.sha256).hexdigest()[:32]


def signature(secret: str, *parts: str) -> str:
    """Return the signature of texts without NUL, such as the parts of a URL.

    Args:
        secret: The store's own secret, `fingerprint_secret` in `meta`.
        parts: The texts.
    """
    signed = "\0".join(("signature", *parts)).encode()  # no other keyed hash begins like this
    return hmac.new(secret.encode(), signed, hashlib.sha256).hexdigest()


def upstream_id(secret: str, base_url: str, key: str) -> str:
    """Return the id of an upstream: it differs for each API key and doesn't reveal the key.

    Args:
        secret: The store's own secret, `fingerprint_secret` in `meta`.
        base_url: Base URL of the API.
        key: The account's API key.
    """
    named = f"{base_url}\0{key}".encode()
    return hmac.new(secret.encode(), named, hashlib.sha256).hexdigest()[:16]
