"""The rate limit: 150 requests in 10 s per key, then 60 s of refusals."""

import httpx2
import pytest

from stability_emulator.state import State

from .conftest import Clock
from .support_emulated import caller

pytestmark = pytest.mark.anyio

LIMIT, WINDOW, LOCKED = 150, 10, 60
BALANCE = "/v1/user/balance"


async def statuses(client: httpx2.AsyncClient, number: int) -> list[int]:
    """Send a number of requests and return their statuses."""
    return [(await client.get(BALANCE)).status_code for _ in range(number)]


async def test_the_request_after_150_in_ten_seconds_locks_the_key_out_for_a_minute(
    client: httpx2.AsyncClient, clock: Clock
) -> None:
    """Documented: the numbers and the penalty."""
    assert await statuses(client, LIMIT) == [200] * LIMIT
    assert await statuses(client, 2) == [429, 429]

    clock.now += LOCKED - 0.01
    assert await statuses(client, 1) == [429]
    clock.now += 0.01
    assert await statuses(client, LIMIT + 1) == [200] * LIMIT + [429]


async def test_a_request_leaves_the_window_after_ten_seconds(
    client: httpx2.AsyncClient, clock: Clock
) -> None:
    """Documented: 150 in any 10 seconds."""
    await statuses(client, 100)
    clock.now += WINDOW
    assert await statuses(client, LIMIT) == [200] * LIMIT
    assert await statuses(client, 1) == [429]


async def test_keys_do_not_share_a_limit(client: httpx2.AsyncClient, state: State) -> None:
    """Documented by third parties: the limit applies per key."""
    await statuses(client, LIMIT + 1)

    async with caller(state, key="sk-another-user") as other:
        assert await statuses(other, 1) == [200]


async def test_both_versions_refuse_in_their_own_shape(client: httpx2.AsyncClient) -> None:
    """Documented: id and name are both the literal `rate_limit_exceeded`."""
    await statuses(client, LIMIT)

    first = await client.get(BALANCE)
    second = await client.get(f"/v2beta/results/{'0' * 64}")

    name = "rate_limit_exceeded"
    assert (first.status_code, second.status_code) == (429, 429)
    assert list(first.json()) == ["id", "message", "name"]
    assert list(second.json()) == ["errors", "id", "name"]
    assert (first.json()["id"], first.json()["name"]) == (name, name)
    assert (second.json()["id"], second.json()["name"]) == (name, name)
    assert "150 requests" in second.json()["errors"][0]


async def test_setting_the_clock_back_before_a_lock_out_ends_it(
    client: httpx2.AsyncClient, clock: Clock
) -> None:
    """Chosen: requests and lockouts later than the current time don't count."""
    assert await statuses(client, LIMIT + 1) == [200] * LIMIT + [429]

    clock.now -= 86_400
    assert await statuses(client, LIMIT + 1) == [200] * LIMIT + [429]
