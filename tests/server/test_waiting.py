"""Jobs outlive their call: they are returned while running, waited for, and never lost."""

import re
from pathlib import Path

import anyio
import pytest

from support.server.in_memory import (
    Era,
    Gate,
    both_eras,
    connected,
    data,
    facts,
    fine,
    give_up,
    refused,
    text,
)
from support.store.rows import rows

pytestmark = pytest.mark.anyio

FOX = {"prompt": "a fox", "label": "fox"}


@both_eras
async def test_a_slow_call_returns_its_job(era: Era, tmp_path: Path) -> None:
    """Chosen: a normal result that says what to do next, before any client times out."""
    gate = Gate()
    async with connected(tmp_path, era, gate=gate, wait=0) as client:
        result = fine(await client.call_tool("generate_core", FOX))
        [job] = [each["id"] for each in facts(result)["jobs"]]
        later = fine(await client.call_tool("job_wait", {"jobs": [job]}))
        gate.open()
        waited = fine(await client.call_tool("job_wait", {"jobs": [job], "seconds": 20}))

    for each in (result, later):
        assert "1 still running, 3 credits reserved (today " in text(each)
        assert f'next: call job_wait with jobs ["{job}"] until done' in text(each)
        assert facts(each)["media"] == []
    assert "job_wait: 1 picture, 3 credits" in text(waited)
    assert facts(waited)["media"][0]["label"] == "fox"


async def test_an_answer_with_done_and_running_jobs_tells_charged_from_reserved(
    tmp_path: Path,
) -> None:
    """Chosen: the two amounts are never mixed up."""
    gate = Gate(shut=False)
    async with connected(tmp_path, "auto", gate=gate, wait=3) as client:
        first = fine(await client.call_tool("generate_core", FOX))
        gate.shut()
        second = fine(await client.call_tool("generate_core", {"prompt": "a hen"}))
        jobs = [each["id"] for result in (first, second) for each in facts(result)["jobs"]]
        both = fine(await client.call_tool("job_wait", {"jobs": jobs, "seconds": 0}))
        gate.open()

    amounts = "3 credits on the emulator, 3 credits reserved (today"
    assert f"job_wait: 1 picture, 1 still running, {amounts}" in text(both)


@both_eras
async def test_progress_is_reported_on_request(era: Era, tmp_path: Path) -> None:
    """Documented (the protocol): progress increases with each notification."""
    reports: list[tuple[float, float | None, str | None]] = []
    gate = Gate()

    async def record(progress: float, total: float | None, message: str | None) -> None:
        reports.append((progress, total, message))
        if len(reports) >= 2 and "generating" in (message or ""):
            gate.open()

    async with connected(tmp_path, era, gate=gate) as client:
        fine(await client.call_tool("generate_core", FOX, progress_callback=record))

    shares = [share for share, _, _ in reports]
    assert len(reports) >= 2
    assert shares == sorted(set(shares))
    assert all(total == 1 for _, total, _ in reports)
    assert any("generating" in (message or "") for _, _, message in reports)


@both_eras
async def test_a_cancelled_call_continues_and_is_not_charged_again(
    era: Era, tmp_path: Path
) -> None:
    """Chosen: clients cancel and time out; the job outlives the request."""
    gate = Gate()
    async with connected(tmp_path, era, gate=gate) as client:
        fine(await client.call_tool("media_list", {}))  # creates the store
        home = tmp_path / "home" / "emulator"
        out = "SELECT 1 FROM jobs WHERE state = 'submitting'"
        await give_up(client, "generate_core", FOX, lambda: bool(rows(home, out)))
        gate.open()
        result = fine(await client.call_tool("job_wait", {"seconds": 20}))
        listed = data(await client.call_tool("job_list", {}))

    assert facts(result)["media"][0]["label"] == "fox"
    assert len(listed["jobs"]) == 1


async def test_every_answer_mentions_uncollected_results(tmp_path: Path) -> None:
    """Chosen: in the last line of every tool, until they are collected."""
    async with connected(tmp_path, wait=0) as client:
        fine(await client.call_tool("generate_core", FOX))
        with anyio.fail_after(30):
            while not data(await client.call_tool("job_list", {"state": "done"}))["jobs"]:
                await anyio.lowlevel.checkpoint()
        answers = [
            await client.call_tool("media_list", {}),
            await client.call_tool("guide", {"topic": "files"}),
            await client.call_tool("media_show", {"media": ["fox"]}),
            await client.call_tool("media_show", {"media": ["nothing-of-that-name"]}),
        ]
        collected = fine(await client.call_tool("job_wait", {}))
        after = fine(await client.call_tool("media_list", {}))

    for each in answers:
        assert (
            text(each).splitlines()[-1] == "1 earlier result not yet collected: fox (call job_wait)"
        )
    assert facts(collected)["media"][0]["label"] == "fox"
    assert "not yet collected" not in text(after)


async def test_job_wait_without_jobs_says_so(tmp_path: Path) -> None:
    """Chosen: an empty answer could be mistaken for a failure."""
    async with connected(tmp_path) as client:
        result = fine(await client.call_tool("job_wait", {}))

    assert text(result) == (
        "job_wait: Nothing is running and every result has been collected (today 0)."
    )


async def test_an_unknown_job_is_an_error_that_names_job_list(tmp_path: Path) -> None:
    """Chosen: the model may have invented the id."""
    async with connected(tmp_path) as client:
        result = await client.call_tool("job_wait", {"jobs": ["zzzzzzzzzz"]})

    assert "job_list" in refused(result)


async def test_four_identical_concurrent_calls_are_four_pictures(tmp_path: Path) -> None:
    """Chosen: while the first call is still waiting, an identical one is a new variant."""
    async with connected(tmp_path) as client, anyio.create_task_group() as group:
        for _ in range(4):
            group.start_soon(client.call_tool, "generate_core", {"prompt": "a fox"})
    async with connected(tmp_path) as client:
        listed = data(await client.call_tool("media_list", {}))

    assert len(listed["media"]) == 4


async def test_a_refusal_is_an_error_stated_once_for_all_variants(tmp_path: Path) -> None:
    """Documented: 403 is free; its text reaches the agent."""
    refusable = {"prompt": "a fox, emulate moderation", "label": "fox", "count": 2}
    async with connected(tmp_path) as client:
        result = await client.call_tool("generate_core", refusable)

    error = refused(result)
    assert error.startswith("generate_core: 2 failed, 0 credits")
    assert re.search(r"^failed: fox-1 \(job \w+\) and fox-2 \(job \w+\): ", error, re.MULTILINE)
    assert error.count("Nothing was charged.") == 1
    assert "moderation" in error
    assert (result.meta or {})["cost"] == {"credits": 0, "usd": 0}
