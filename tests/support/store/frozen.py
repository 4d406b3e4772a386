"""Stores of older schemas, with the files of their blobs."""

import re
import sqlite3
from base64 import b64decode
from contextlib import closing
from pathlib import Path

from stability_mcp.store.format import FOLDERS

DATA = Path(__file__).parents[2] / "store"

STORES = sorted(DATA.glob("schema_*.sql"), key=lambda path: int(path.stem.removeprefix("schema_")))
"""One per schema, written by the version of that schema."""

SCHEMA_1, SCHEMA_3 = STORES[0], STORES[2]

EMULATOR_3 = DATA / "emulator_3.sql"
"""A store of schema 3 that was used without a key."""
EMULATED_API = DATA / "emulated_api.sql"
"""The emulated API's own database that belongs to it."""

_BLOB = re.compile(r"^-- blob ([0-9a-f]{64}) (\S+)$", re.MULTILINE)


def thaw(frozen: Path, home: Path) -> Path:
    """Create a data folder as the older version left it, and return it."""
    text = frozen.read_text(encoding="utf-8")
    for folder in FOLDERS:
        (home / folder).mkdir(parents=True, exist_ok=True)
    for name, data in _BLOB.findall(text):
        path = home / "blobs" / name[:2] / name
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(b64decode(data))
    with closing(sqlite3.connect(home / "store.db", isolation_level=None)) as connection:
        connection.executescript(text)
    return home
