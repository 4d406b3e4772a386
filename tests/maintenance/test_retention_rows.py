"""Which media may be deleted, and how long one transaction continues to delete."""

import pytest

from stability_mcp.maintenance.retention_rows import Removed, is_renamed, run_within


@pytest.mark.parametrize(
    ("label", "requested", "by_hand"),
    [
        ("lighthouse", "lighthouse", False),
        ("lighthouse-2", "lighthouse", False),
        ("lighthouse-41", "lighthouse", False),
        ("hero", "lighthouse", True),
        ("lighthouse-hero", "lighthouse", True),
        ("lighthouse-2-hero", "lighthouse", True),
        (None, "lighthouse", False),
        ("lighthouse v2", "lighthouse", False),
        ("lighthouse v2-1", "lighthouse", False),
        ("lighthouse vase", "lighthouse", True),
        ("hero", None, True),
    ],
)
def test_a_label_counts_as_renamed_unless_the_job_requested_it(
    label: str | None, requested: str | None, *, by_hand: bool
) -> None:
    """*Chosen*: a label that is taken gets a version automatically, which isn't a rename."""
    assert is_renamed(label, requested) == by_hand


def test_a_sweep_runs_at_least_one_step_and_stops_at_its_time_limit() -> None:
    """*Chosen*: meanwhile all other writers wait for the write lock."""
    done: list[str] = []

    def step(each: str) -> int | None:
        done.append(each)
        return None if each == "b" else 7

    assert run_within(["a", "b", "c"], -1, step) == (1, Removed(1, 7))
    assert run_within(["b", "c"], 60, step) == (2, Removed(1, 7))
    assert done == ["a", "b", "c"]
