"""Generations that were started elsewhere."""

from pathlib import Path

import anyio
from sqlalchemy import text

from stability_mcp.jobs.transactions import submit
from stability_mcp.store.database import Database


def test_whether_a_generation_is_known_is_looked_up_by_an_index(tmp_path: Path) -> None:
    """*Chosen*: a store of years has a hundred thousand jobs."""
    database = Database(tmp_path)
    keys = {"owner": "local", "upstream": "paid", "generation": "g", "since": 0}
    query = text(f"EXPLAIN QUERY PLAN {submit._FIND_GENERATION}")  # noqa: SLF001 -- the query itself
    plan = database.write_now(
        lambda c: [row.detail for row in c.execute(query, keys)], name="test.write"
    )
    anyio.run(database.close)

    assert any("USING INDEX jobs_generation" in step for step in plan), plan
