"""T1: inserting a call and its jobs."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import anyio
import pytest
from hypothesis import given
from hypothesis import strategies as st

from stability_mcp.api.fields import MAX_SEED
from stability_mcp.api.operation import Operation
from stability_mcp.errors import BudgetError
from stability_mcp.jobs.transactions.call_keys import is_repeatable, spread_seeds
from stability_mcp.store.database import Database
from stability_mcp.store.queries import Connection
from support.jobs.jobs import ACCOUNT, ME, OWNER, PAID, PRICE, core, fast, put, register, row
from support.store.direct import write_now
from support.store.rows import execute, money, rows

PICTURE = "k7f3q2m9xa"


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    """Return a store with one registered process and nothing else."""
    found = Database(tmp_path)
    write_now(found, register, name="test.write")
    yield found
    anyio.run(found.close)


def _keys(database: Database, operation: Operation, **values: Any) -> tuple[str, str | None]:  # noqa: ANN401 -- fields of CallRequest
    call = write_now(database, lambda c: put(c, operation, **values), name="test.write")
    [(call_key, result_key)] = rows(
        database.home,
        "SELECT call_key, result_key FROM calls JOIN jobs ON jobs.call = calls.id"
        " WHERE calls.id = ? AND jobs.position = 0",
        call.id,
    )
    return call_key, result_key


def test_submitting_inserts_a_call_its_jobs_and_their_reservation(database: Database) -> None:
    """*Chosen*: all in one transaction."""
    made = write_now(
        database,
        lambda c: put(c, count=3, labels=["a", "b", "c"], output_dir=Path("/pictures")),
        name="test.write",
    )

    jobs = write_now(database, lambda c: [row(c, job) for job in made.job_ids], name="test.write")
    assert [(job.label, job.position, job.state, job.process) for job in jobs] == [
        ("a", 0, "queued", ME),
        ("b", 1, "queued", ME),
        ("c", 2, "queued", ME),
    ]
    assert {(job.price, job.charged, job.output_dir) for job in jobs} == {
        (PRICE, "reserved", "/pictures")
    }
    assert money(database.home) == (3 * PRICE, 0)
    assert len(made.id) == 26


def test_a_call_over_budget_inserts_no_rows(database: Database) -> None:
    """*Chosen*: all jobs of a call or none."""
    write_now(database, lambda c: put(c, budget=10_000), name="test.write")

    with pytest.raises(BudgetError):
        write_now(database, lambda c: put(c, count=3, budget=10_000), name="test.write")

    assert rows(database.home, "SELECT count(*) FROM calls") == [(1,)]
    assert rows(database.home, "SELECT count(*) FROM jobs") == [(1,)]
    assert money(database.home) == (PRICE, 0)


def test_inputs_are_recorded_so_that_retention_keeps_them(database: Database) -> None:
    """*Chosen*: retention reads `job_inputs`."""
    made = write_now(
        database, lambda c: put(c, fast(PICTURE), inputs={"image": PICTURE}), name="test.write"
    )

    assert rows(database.home, "SELECT job, field, media FROM job_inputs") == [
        (made.job_ids[0], "image", PICTURE)
    ]


def test_an_explicit_seed_counts_up_from_variant_to_variant() -> None:
    """*Chosen*: otherwise the same picture would be charged several times."""
    seeds = [getattr(each, "seed") for each in spread_seeds(core(seed=41), 3)]  # noqa: B009 -- a row's own field

    assert seeds == [41, 42, 43]


@given(st.integers(min_value=0, max_value=MAX_SEED), st.integers(min_value=1, max_value=8))
def test_spread_seeds_are_valid_and_differ(seed: int, count: int) -> None:
    """*Documented*: 0 to 4294967294, where 0 is random."""
    requests = spread_seeds(core(seed=seed), count)

    seeds = [each.model_dump()["seed"] for each in requests]
    assert len(seeds) == count
    assert seeds == [0] * count if seed == 0 else len(set(seeds)) == count
    assert all(core(seed=each) for each in seeds)


def test_a_call_key_depends_on_what_would_be_sent(database: Database) -> None:
    """*Chosen*: owner, upstream, operation, arguments with defaults, inputs, count; no label."""
    same = _keys(database, core())[0]

    assert _keys(database, core(), labels=["other"])[0] == same
    assert _keys(database, core(aspect_ratio="1:1"))[0] == same  # the default, given explicitly
    assert _keys(database, core("another"))[0] != same
    assert _keys(database, core(), count=2)[0] != same
    assert _keys(database, core(), account=replace(ACCOUNT, owner="another"))[0] != same


def test_only_a_repeatable_operation_has_a_result_key(database: Database) -> None:
    """*Chosen*: an explicit seed, or an operation without one."""
    assert _keys(database, core())[1] is None
    assert _keys(database, core(seed=5))[1] is not None
    assert _keys(database, core(seed=5))[1] == _keys(database, core(seed=5), count=2)[1]
    assert _keys(database, core(seed=5))[1] != _keys(database, core(seed=6))[1]
    assert is_repeatable(fast(PICTURE))


def test_inputs_with_equal_bytes_have_equal_keys(database: Database) -> None:
    """*Chosen*: keys contain the hashes of inputs, not their ids."""

    def import_twice(connection: Connection) -> None:
        for media in ("k7f3q2m9xa", "k7f3q2m9xb", "k7f3q2m9xc"):
            blob = "other" if media.endswith("c") else "same"
            execute(
                connection,
                "INSERT INTO blobs VALUES (:blob, 1, 'image/png', 0) ON CONFLICT DO NOTHING",
                blob=blob,
            )
            execute(
                connection,
                "INSERT INTO media (id, owner, blob, media_type, origin, created_at)"
                " VALUES (:id, 'local', :blob, 'image/png', 'imported', 0)",
                id=media,
                blob=blob,
            )

    write_now(database, import_twice, name="test.write")

    def key(media: str) -> str:
        operation = fast(media)
        return _keys(database, operation, inputs={"image": media})[0]

    assert key("k7f3q2m9xa") == key("k7f3q2m9xb") != key("k7f3q2m9xc")


def test_every_column_needed_by_later_look_ups_is_filled(database: Database) -> None:
    """*Chosen*: joining and the cache read them."""
    write_now(database, lambda c: put(c, core(seed=5)), name="test.write")

    assert rows(
        database.home,
        "SELECT calls.owner, calls.upstream, calls.process, tool, length(call_key),"
        " length(result_key), price_list IS NOT NULL, lease_version, deferred, priority"
        " FROM calls JOIN jobs ON jobs.call = calls.id",
    ) == [(OWNER, PAID.id, ME, "generate_core", 64, 64, 1, 1, 0, 0)]
