"""The rows of idempotency keys: one use for each owner and key, for 30 days."""

import pytest

from stability_mcp.policy import idempotency
from stability_mcp.policy.idempotency import KEEP_SECONDS, CallKey, KeyUsedError
from support.store.rows import in_memory

KEY = CallKey(key="k", request_hash="r")
NOW = 1_000_000_000.0


def test_a_key_is_used_once_by_each_owner() -> None:
    """*Documented*: rest.md 3."""
    with in_memory() as connection:
        idempotency.record(connection, "anna", KEY, {"call": "c1"}, NOW)
        idempotency.record(connection, "ben", KEY, {"jobs": ["j1", "j2"]}, NOW)
        with pytest.raises(KeyUsedError):
            idempotency.record(connection, "anna", KEY, {"call": "c2"}, NOW)
        with pytest.raises(KeyUsedError):
            idempotency.check_unused(connection, "ben", KEY)
        idempotency.check_unused(connection, "carl", KEY)
        anna = idempotency.find(connection, "anna", "k")
        ben = idempotency.find(connection, "ben", "k")

    assert anna is not None
    assert ben is not None
    assert (anna.call, anna.run, anna.resumed) == ("c1", None, [])
    assert (ben.call, ben.run, ben.resumed) == (None, None, ["j1", "j2"])


def test_keys_are_removed_after_thirty_days_and_a_part_at_a_time() -> None:
    """*Chosen*: the oldest first, so that the write lock is held briefly."""
    days = [31.0, 29.0, 32.0, 33.0]
    with in_memory() as connection:
        for age in days:
            key = CallKey(key=f"{age}", request_hash="r")
            idempotency.record(connection, "anna", key, {"call": "c"}, NOW - age * 86_400)
        cutoff = NOW - KEEP_SECONDS
        removed = idempotency.remove_old(connection, cutoff=cutoff, limit=2)
        left = [age for age in days if idempotency.find(connection, "anna", f"{age}")]
        removed_last = idempotency.remove_old(connection, cutoff=cutoff, limit=2)
        kept = [age for age in days if idempotency.find(connection, "anna", f"{age}")]

    assert (removed, left) == (2, [31.0, 29.0])
    assert (removed_last, kept) == (1, [29.0])
