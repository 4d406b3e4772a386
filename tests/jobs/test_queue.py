"""The order in which jobs are drawn: by kind, priority and turn."""

from itertools import count

import pytest

from stability_mcp.jobs.engine import Kind
from stability_mcp.jobs.queue import JobQueue, ScheduledJob

NUMBERS = count(1)


def job(group: str, kind: Kind = "send", priority: int = 0) -> ScheduledJob:
    """Return a job, newer than those before."""
    number = next(NUMBERS)
    return ScheduledJob(f"{group}{number}", number, priority, group, kind, 1)


def order(queues: JobQueue, *, most: int = 1000) -> list[str]:
    """Draw jobs, and return their groups."""
    found: list[str] = []
    while len(found) < most and queues.first(now=10.0) is not None:
        found.append(queues.draw().group)
    return found


def put(queues: JobQueue, *jobs: ScheduledJob) -> None:
    """Queue jobs that are due now."""
    for each in jobs:
        queues.put(each, 1.0)


def test_a_single_job_does_not_wait_for_the_whole_of_a_large_call() -> None:
    """*Chosen*: calls take turns within a priority."""
    queues = JobQueue()
    put(queues, *(job("many") for _ in range(200)))
    first = order(queues, most=50)
    put(queues, job("single"))

    assert first == ["many"] * 50
    assert order(queues)[:3] == ["many", "single", "many"]


def test_calls_of_one_priority_take_turns_and_single_jobs_go_by_age() -> None:
    """*Chosen*: first come, first served among calls with one job."""
    queues = JobQueue()
    put(queues, *(job("a") for _ in range(3)), *(job("b") for _ in range(2)), job("c"))

    assert order(queues) == ["a", "b", "c", "a", "b", "a"]


def test_a_call_without_queued_jobs_saves_up_no_turns() -> None:
    """*Chosen*: otherwise it would delay all others when it comes back."""
    queues = JobQueue()
    put(queues, job("away"), *(job("here") for _ in range(100)))
    order(queues, most=50)
    put(queues, *(job("away") for _ in range(3)))

    assert order(queues, most=6) == ["here", "away", "here", "away", "here", "away"]


def test_a_job_that_found_no_slot_keeps_its_turn() -> None:
    """*Chosen*: it does not go behind jobs that came later."""
    queues = JobQueue()
    first = job("first")
    put(queues, first)
    queues.first(now=10.0)
    assert queues.draw() is first
    put(queues, *(job(name) for name in "abc"))
    queues.first(now=10.0)
    put(queues, first)

    assert order(queues)[0] == "first"


@pytest.mark.parametrize("priorities", [(0, 1), (1, 0)])
def test_jobs_that_a_caller_waits_for_go_before_batches(priorities: tuple[int, int]) -> None:
    """*Chosen*: storing and polls go before both."""
    queues = JobQueue()
    put(
        queues,
        *(job(str(priority), priority=priority) for priority in priorities),
        job("poll", "poll", 1),
    )
    put(queues, job("store", "store", 1))

    assert order(queues) == ["store", "poll", "0", "1"]
