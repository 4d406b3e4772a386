"""Retries after a timeout join the abandoned call and are charged once."""

import json
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import anyio
import pytest
from mcp import Client
from mcp.types import CallToolResult

from stability_mcp.server.app import build_server
from support.server.in_memory import (
    Era,
    Gate,
    both_eras,
    connected,
    data,
    facts,
    fine,
    give_up,
    settings_in,
    text,
    until,
)
from support.store.rows import rows

pytestmark = pytest.mark.anyio

FOX = {"prompt": "a fox"}
SEEDED = {"prompt": "a fox", "seed": 7}
CLIENT_TIMEOUTS = "SELECT key, value FROM meta WHERE key LIKE 'client_timeouts:%'"
CALLS = "SELECT count(*), count(abandoned_at) FROM calls"


def store(folder: Path) -> Path:
    """Return the folder of the emulator's store."""
    return folder / "home" / "emulator"


def charges(folder: Path) -> int:
    """Return the number of charged requests."""
    return int(rows(store(folder), "SELECT count(*) FROM charges WHERE state = 'charged'")[0][0])


async def call_and_time_out(client: Client, folder: Path, number: int = 1) -> None:
    """Make the `number`-th identical call and cancel it once it is stored."""
    home = store(folder)
    if number == 1:
        fine(await client.call_tool("media_list", {}))  # creates the store
    await give_up(client, "generate_core", FOX, lambda: rows(home, CALLS) == [(number, number - 1)])
    await until(lambda: rows(home, CALLS) == [(number, number)])


def cost(result: CallToolResult) -> float:
    """Return the credits that a result cost."""
    return float((result.meta or {})["cost"]["credits"])


@both_eras
async def test_five_retries_after_timeouts_are_charged_once(era: Era, tmp_path: Path) -> None:
    """*Chosen*: a client that timed out and retries isn't charged again."""
    gate = Gate()
    async with connected(tmp_path, era, gate=gate) as client:
        for number in range(5):
            await call_and_time_out(client, tmp_path, number + 1)
        gate.open()
        result = fine(await client.call_tool("generate_core", FOX))
        listed = data(await client.call_tool("media_list", {}))

    assert re.search(
        r"^Joined your identical call from \d\d:\d\d; charged once\.$", text(result), re.MULTILINE
    )
    assert cost(result) == 3
    assert len(listed["media"]) == 1
    assert charges(tmp_path) == 1
    assert rows(store(tmp_path), "SELECT count(*) FROM jobs") == [(1,)]


@both_eras
async def test_four_identical_concurrent_calls_are_charged_four_times(
    era: Era, tmp_path: Path
) -> None:
    """*Chosen*: while the first call is still waiting, an identical one is a new variant."""
    gate = Gate()
    async with connected(tmp_path, era, gate=gate) as client:
        fine(await client.call_tool("media_list", {}))
        async with anyio.create_task_group() as group:
            for _ in range(4):
                group.start_soon(client.call_tool, "generate_core", SEEDED)
            await until(lambda: rows(store(tmp_path), CALLS) == [(4, 0)])
            gate.open()
        listed = data(await client.call_tool("media_list", {}))

    assert len(listed["media"]) == 4
    assert charges(tmp_path) == 4


@both_eras
async def test_a_call_joins_an_identical_one_that_has_returned_its_job_id(
    era: Era, tmp_path: Path
) -> None:
    """*Chosen*: a caller that received a job id has stopped waiting."""
    gate = Gate()
    async with connected(tmp_path, era, gate=gate, wait=0) as client:
        first = fine(await client.call_tool("generate_core", FOX))
        again = fine(await client.call_tool("generate_core", FOX))
        gate.open()
        fine(await client.call_tool("job_wait", {"seconds": 20}))
        new = fine(await client.call_tool("generate_core", FOX))

    def ids(result: CallToolResult) -> list[Any]:
        return [each["id"] for each in facts(result)["jobs"]]

    assert "an identical call waits for the same result" in text(first)
    assert ids(again) == ids(first)
    assert ids(new) != ids(first)  # its result was delivered meanwhile


@both_eras
async def test_a_repeated_call_with_a_seed_is_answered_from_the_cache(
    era: Era, tmp_path: Path
) -> None:
    """*Chosen*: at no cost, and the answer says so."""
    async with connected(tmp_path, era) as client:
        first = fine(await client.call_tool("generate_core", SEEDED))
        again = fine(await client.call_tool("generate_core", SEEDED))
        more = fine(await client.call_tool("generate_core", SEEDED | {"count": 2}))

    assert cost(first) == 3
    assert "ached" not in text(first)
    assert re.search(
        r"^Cached result from \d\d:\d\d: 0 credits, 3 credits saved\.$", text(again), re.MULTILINE
    )
    assert cost(again) == 0
    assert facts(again)["media"] == facts(first)["media"]
    assert facts(again)["spent"]["today"] == 3
    assert "1 of 2 are cached results from " in text(more)
    assert cost(more) == 3
    assert charges(tmp_path) == 2


async def test_the_cache_can_be_turned_off(tmp_path: Path) -> None:
    """*Chosen*: STABILITY_CACHE=off charges each call; a retry after a timeout still joins."""
    async with connected(tmp_path, cache="off") as client:
        for _ in range(2):
            assert cost(fine(await client.call_tool("generate_core", SEEDED))) == 3

    assert charges(tmp_path) == 2


@both_eras
async def test_keys_do_not_share_results(era: Era, tmp_path: Path, emulator_url: str) -> None:
    """*Chosen*: the emulator and two keys in one folder; each is charged for its own calls."""
    keys = (None, "sk-first", "sk-second")
    results = []
    for key in keys:
        chosen = {"api_key": key, "base_url": emulator_url} if key else {}
        async with opened(tmp_path, era, **chosen) as client:
            for arguments in (SEEDED, {"prompt": "a hen"}):
                result = fine(await client.call_tool("generate_core", arguments))
                results.append((cost(result), facts(result)["cached"], "Joined" in text(result)))
            again = fine(await client.call_tool("generate_core", SEEDED))
            results.append((cost(again), len(facts(again)["cached"]), "Joined" in text(again)))

    assert results == [(3, [], False), (3, [], False), (0, 1, False)] * 3


@asynccontextmanager
async def opened(folder: Path, era: Era, **chosen: object) -> AsyncIterator[Client]:
    """Connect to a new server with the upstream of the settings."""
    async with Client(build_server(settings_in(folder, chosen)), mode=era) as client:
        yield client


async def test_a_call_joins_one_that_an_ended_process_abandoned(tmp_path: Path) -> None:
    """*Chosen*: a caller whose process has ended has stopped waiting."""
    gate = Gate()
    async with connected(tmp_path, gate=gate) as client:
        await call_and_time_out(client, tmp_path)
        gate.open()
    async with connected(tmp_path) as client:
        result = fine(await client.call_tool("generate_core", FOX))

    assert "Joined your identical call from " in text(result)
    assert charges(tmp_path) == 1


@pytest.mark.long(6)
@both_eras
async def test_the_wait_adapts_to_the_timeout_of_the_client(era: Era, tmp_path: Path) -> None:
    """*Chosen*: 0.8 of the shortest timeout seen, at least 5 s; per client name."""
    gate = Gate()
    async with connected(tmp_path, era, gate=gate, wait=50) as client:
        called = anyio.current_time()
        await call_and_time_out(client, tmp_path)
        longest = anyio.current_time() - called
        await until(lambda: bool(rows(store(tmp_path), CLIENT_TIMEOUTS)))
        started = anyio.current_time()
        result = fine(await client.call_tool("generate_core", FOX))
        took = anyio.current_time() - started
        gate.open()

    [(name, seen)] = rows(store(tmp_path), CLIENT_TIMEOUTS)
    assert name == "client_timeouts:mcp"
    assert 0 < json.loads(seen)[0]["seconds"] < longest
    assert "1 still running, 3 credits reserved" in text(result)
    assert 4.9 < took < 40
