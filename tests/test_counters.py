"""The counters see what a call does: transactions, statements, hops and fsyncs."""

from pathlib import Path

import anyio
import pytest
from benchmarks.counters import Counts, counting

from stability_mcp.media.records import sync_folder
from stability_mcp.store.database import Database

pytestmark = pytest.mark.anyio


async def test_each_operation_is_counted_by_its_kind(tmp_path: Path) -> None:
    """Chosen: a write is a hop, and an fsync if it is durable; a read in a thread is a hop too."""
    with counting(tmp_path) as tally:
        database = await anyio.to_thread.run_sync(Database, tmp_path)
        try:
            await database.write(lambda _: None, name="test.open", durable=True)
            await database.read(lambda _: None)

            before = tally.counts()
            await database.write(lambda _: None, name="test.write")
            assert tally.counts() - before == Counts(
                writes=1, reads=0, statements=0, hops=1, fsyncs=0
            )

            before = tally.counts()
            await database.write(lambda _: None, name="test.durable", durable=True)
            assert tally.counts() - before == Counts(
                writes=1, reads=0, statements=0, hops=1, fsyncs=1
            )

            before = tally.counts()
            await database.fingerprint("https://api.stability.ai", "sk-test")
            seen = tally.counts() - before
            assert (seen.writes, seen.reads, seen.statements, seen.fsyncs) == (0, 1, 1, 0)
            assert seen.hops <= 1

            before = tally.counts()
            sync_folder(tmp_path)
            assert tally.counts() - before == Counts(
                writes=0, reads=0, statements=0, hops=0, fsyncs=1
            )
        finally:
            await database.close()


async def test_another_database_is_not_counted(tmp_path: Path) -> None:
    """Chosen: the emulator has its own store."""
    with counting(tmp_path / "home") as tally:
        database = await anyio.to_thread.run_sync(Database, tmp_path / "other")
        try:
            await database.fingerprint("https://api.stability.ai", "sk-test")
        finally:
            await database.close()
        seen = tally.counts()

    assert (seen.writes, seen.reads, seen.statements) == (0, 0, 0)


def test_counts_above_a_limit_are_named() -> None:
    """Chosen: with the count and the limit."""
    counts = Counts(writes=5, reads=3, statements=32, hops=9, fsyncs=5)
    limits = Counts(writes=5, reads=2, statements=32, hops=10, fsyncs=5)

    assert counts.above(limits) == ["reads: 3, limit 2"]
