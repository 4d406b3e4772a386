"""The tables of a new store: `schema.sql` makes what the programs before it made."""

from pathlib import Path

import pytest
from sqlalchemy import create_engine

from stability_mcp.store.database import Database
from stability_mcp.store.schema import metadata
from support.store.tables import tables

pytestmark = pytest.mark.anyio


async def test_the_file_makes_the_tables_that_the_metadata_describe(tmp_path: Path) -> None:
    """*Chosen*: same columns, types, defaults, keys, checks and indexes."""
    new, described = tmp_path / "new", tmp_path / "described"
    await Database(new).close()
    described.mkdir()
    engine = create_engine(f"sqlite:///{described / 'store.db'}")
    metadata.create_all(engine)
    engine.dispose()

    assert tables(new) == tables(described)
