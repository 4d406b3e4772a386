"""The rate limit as occupied slots, on a clock that the test moves."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import anyio
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stability_mcp.jobs import rate_limit
from stability_mcp.jobs.models import MARGIN_SECONDS, NoSlotError, RateLimit
from stability_mcp.jobs.rate_limit import SlotRequest
from stability_mcp.jobs.rate_queue import SentSlots
from stability_mcp.jobs.transactions.usage import register_upstream
from stability_mcp.store.queries import Connection
from stability_mcp.store.tenancy import Upstream
from support.jobs.jobs import PAID, put, register
from support.store.observed import FailingWrites
from support.store.rows import execute, in_memory, rows

LIMIT = RateLimit(limit=3, window=10.0)
KEY = "key"
MINE = SlotRequest(upstream=KEY, process="p")


@contextmanager
def _upstream_in_memory() -> Iterator[Connection]:
    with in_memory() as found:
        register_upstream(found, Upstream(id=KEY, base_url="https://a"))
        yield found


@pytest.fixture
def connection() -> Iterator[Connection]:
    """Return a database in memory with a registered upstream."""
    with _upstream_in_memory() as found:
        yield found


def _take(connection: Connection, now: float, *, upstream: str = KEY) -> int:
    return rate_limit.take_slot(
        connection, LIMIT, SlotRequest(upstream=upstream, process="p"), now=now
    )


def test_a_slot_is_occupied_for_the_window_and_half_a_second_after_sending(
    connection: Connection,
) -> None:
    """*Chosen*: 10.5 s from the last byte sent, not from the grant."""
    for slot in [_take(connection, 100.0) for _ in range(LIMIT.limit)]:
        rate_limit.mark_sent(connection, slot, 105.0)

    with pytest.raises(NoSlotError) as refused:
        _take(connection, 110.4)

    assert refused.value.seconds == pytest.approx(5.1)
    assert _take(connection, 115.6)


def test_an_unsent_request_keeps_its_slot(connection: Connection) -> None:
    """*Chosen*: it may arrive at any time, so its slot isn't given to another request."""
    for _ in range(LIMIT.limit):
        _take(connection, 100.0)

    with pytest.raises(NoSlotError) as refused:
        _take(connection, 140.0)
    assert refused.value.seconds == LIMIT.slot_seconds
    with pytest.raises(NoSlotError) as refused:
        _take(connection, 155.0)
    assert refused.value.seconds == pytest.approx(5.0)


def test_the_slot_of_a_stopped_process_is_free_after_a_minute(connection: Connection) -> None:
    """*Chosen*: 60 s."""
    for _ in range(LIMIT.limit):
        _take(connection, 100.0)

    assert _take(connection, 160.5)


def test_a_lockout_stops_all_requests_and_ends(connection: Connection) -> None:
    """*Documented*: after a 429 the key is locked out for 60 s."""
    rate_limit.block_upstream(connection, upstream=KEY, until=160.0)
    rate_limit.block_upstream(
        connection, upstream=KEY, until=120.0
    )  # an earlier end changes nothing

    with pytest.raises(NoSlotError, match="locked this key out") as refused:
        _take(connection, 130.0)

    assert refused.value.seconds == 30.0
    assert _take(connection, 160.0)


def test_a_lockout_far_in_the_future_is_ignored(connection: Connection) -> None:
    """*Chosen*: stored times are clamped; a changed clock must not stop sending."""
    rate_limit.block_upstream(connection, upstream=KEY, until=100_000.0)

    assert _take(connection, 100.0)


def test_a_clock_set_back_does_not_occupy_slots_forever(connection: Connection) -> None:
    """*Chosen*: a sent time in the future counts as now."""
    for _ in range(LIMIT.limit):
        rate_limit.mark_sent(connection, _take(connection, 10_000.0), 10_000.0)
    with pytest.raises(NoSlotError):
        _take(connection, 100.0)

    assert _take(connection, 111.0)


def test_each_key_has_its_own_slots(connection: Connection) -> None:
    """*Documented*: the limit is per key."""
    register_upstream(connection, Upstream(id="other", base_url="https://a"))
    for _ in range(LIMIT.limit):
        _take(connection, 100.0)

    assert _take(connection, 100.0, upstream="other")


def test_requests_that_are_connecting_count_before_another_connects(
    connection: Connection,
) -> None:
    """*Chosen*: no request connects only to find no slot."""
    _take(connection, 100.0)

    rate_limit.check_slot(connection, LIMIT, MINE, now=100.0, connecting=1)
    with pytest.raises(NoSlotError):
        rate_limit.check_slot(connection, LIMIT, MINE, now=100.0, connecting=2)


def _job(connection: Connection, state: str, priority: int = 0, wake_at: float = 0) -> None:
    [job] = put(connection).job_ids
    change = (
        "UPDATE jobs SET state = :state, priority = :priority, wake_at = :wake_at WHERE id = :job"
    )
    execute(connection, change, job=job, state=state, priority=priority, wake_at=wake_at)


def _fill(connection: Connection, priority: int | None, limit: RateLimit) -> int:
    """Take slots until none is free, and return how many were taken."""
    for count in range(limit.limit + 1):
        try:
            request = SlotRequest(upstream=PAID.id, process="p", priority=priority)
            rate_limit.take_slot(connection, limit, request, now=100.0)
        except NoSlotError:
            return count
    raise AssertionError("more slots than the limit")


@pytest.mark.parametrize(
    ("jobs", "left"),
    [
        ([], (20, 0, 0)),
        ([("submitted", 0)], (19, 0, 1)),
        ([("submitted", 1)] * 9, (18, 0, 2)),
        ([("queued", 0)], (19, 1, 0)),
        ([("queued", 0)] * 9, (18, 2, 0)),
        ([("queued", 1)] * 9, (20, 0, 0)),
        ([("queued", 0), ("submitted", 0)], (18, 1, 1)),
    ],
)
def test_slots_are_reserved_for_more_urgent_requests(
    connection: Connection, jobs: list[tuple[str, int]], left: tuple[int, int, int]
) -> None:
    """*Chosen*: a tenth for polls; batches leave another to interactive jobs, if there are any."""
    register_upstream(connection, PAID)
    register(connection)
    for state, priority in jobs:
        _job(connection, state, priority)

    limit = RateLimit(limit=20, window=10.0)
    assert tuple(_fill(connection, priority, limit) for priority in (1, 0, None)) == left


def test_no_slot_is_reserved_for_a_job_that_is_not_due(connection: Connection) -> None:
    """*Chosen*: a job waiting for its retry needs no slot yet."""
    register_upstream(connection, PAID)
    _job(connection, "queued", wake_at=160.0)

    assert _fill(connection, 1, LIMIT) == LIMIT.limit


def test_the_only_slot_of_a_limit_is_never_reserved(connection: Connection) -> None:
    """*Chosen*: otherwise nothing would be sent while a generation is running."""
    register_upstream(connection, PAID)
    _job(connection, "submitted")

    assert _fill(connection, 1, RateLimit(limit=1, window=10.0)) == 1


def test_a_request_behind_others_waits_until_its_own_slot_is_free(
    connection: Connection,
) -> None:
    """*Chosen*: each retries when its own slot is free, not all at the first."""
    for sent_at in (100.0, 101.0, 102.0):
        rate_limit.mark_sent(connection, _take(connection, 100.0), sent_at)

    waits = []
    for ahead in range(LIMIT.limit):
        with pytest.raises(NoSlotError) as refused:
            rate_limit.take_slot(connection, LIMIT, replace(MINE, ahead=ahead), now=105.0)
        waits.append(refused.value.seconds)
    assert waits == [5.5, 6.5, 7.5]


def test_a_connection_is_opened_shortly_before_its_slot_is_free(connection: Connection) -> None:
    """*Chosen*: 0.3 s."""
    for _ in range(LIMIT.limit):
        rate_limit.mark_sent(connection, _take(connection, 100.0), 100.0)

    with pytest.raises(NoSlotError) as refused:
        rate_limit.check_slot(connection, LIMIT, MINE, now=110.0, connecting=0)
    assert refused.value.seconds == pytest.approx(0.2)
    rate_limit.check_slot(connection, LIMIT, MINE, now=110.2, connecting=0)


DELAYS = st.floats(min_value=0, max_value=25)


@settings(max_examples=30)
@given(
    requests=st.lists(
        st.tuples(st.floats(min_value=0, max_value=4), DELAYS, DELAYS), min_size=5, max_size=40
    )
)
def test_no_window_at_the_api_has_more_than_the_limit(
    requests: list[tuple[float, float, float]],
) -> None:
    """*Chosen*: for any delays between grant, arrival and recording the sent time."""
    arrivals: list[float] = []
    records: list[tuple[float, int]] = []
    with _upstream_in_memory() as connection:
        now = 0.0
        for pause, until_arrival, until_recorded in requests:
            now += pause
            slot: int | None = None
            while slot is None:
                for late in sorted(record for record in records if record[0] <= now):
                    rate_limit.mark_sent(connection, late[1], late[0])
                    records.remove(late)
                try:
                    slot = _take(connection, now)
                except NoSlotError as refused:
                    now += min(refused.seconds, 1.0)
            arrived = now + until_arrival
            arrivals.append(arrived)
            # The record may come half a second before the arrival, never earlier.
            records.append((max(now, arrived - MARGIN_SECONDS) + until_recorded, slot))

    arrivals.sort()
    worst = max(
        sum(start <= other < start + LIMIT.window for other in arrivals) for start in arrivals
    )
    assert worst <= LIMIT.limit


@pytest.mark.anyio
async def test_sent_times_that_could_not_be_written_are_written_later(tmp_path: Path) -> None:
    """*Chosen*: otherwise the slots stay occupied for a minute."""
    full = FailingWrites(times={"send.sent": 1})
    database = await anyio.to_thread.run_sync(full.open, tmp_path)

    def take(connection: Connection) -> int:
        register_upstream(connection, Upstream(id=KEY, base_url="https://a"))
        return _take(connection, 100.0)

    slot = await database.write(take, name="test.write")
    sent = SentSlots(database)
    sent.add(slot, 101.0)
    await sent.flush()
    before = rows(tmp_path, "SELECT sent_at FROM requests")
    sent.add(slot, 105.0)  # recorded again: the first time counts
    await sent.flush()
    await database.close()

    assert full.failed == ["send.sent"]
    assert before == [(None,)]
    assert rows(tmp_path, "SELECT sent_at FROM requests") == [(101.0,)]
