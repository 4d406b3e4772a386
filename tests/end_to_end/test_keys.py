"""Several keys on one folder: nothing is joined, recovered, cached or charged across keys."""

import json
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path
from typing import Any

import anyio
import pytest
from mcp import Client
from mcp.types import CallToolResult, TextResourceContents

from support.jobs.upstream import Upstream, counting_upstream
from support.server.host import ERAS, Era, connected, text
from support.store.rows import rows

pytestmark = pytest.mark.anyio

SEEDED = {"prompt": "a fox", "seed": 7}
RAIN = {"prompt": "rain", "duration": 10}
WAITS = "waiting for the API key that started it"


def server(
    home: Path,
    era: Era,
    upstream: Upstream,
    key: str | None,
    **more: Any,  # noqa: ANN401 -- settings
) -> AbstractAsyncContextManager[Client]:
    """Start a server with a key, or with the built-in emulator (None)."""
    chosen: dict[str, Any] = {"STABILITY_CONFIRM_ABOVE": "never", "STABILITY_PREVIEW": "none"}
    if key is not None:
        chosen |= {"STABILITY_API_KEY": key, "STABILITY_BASE_URL": upstream.url}
    return connected(home, era, **chosen, **more)


@asynccontextmanager
async def job_left_running(home: Path, era: Era, upstream: Upstream) -> AsyncIterator[str]:
    """Start a long job with the first key and stop its server; yield the job's id."""
    upstream.results_after = 1e6
    async with server(home, era, upstream, "sk-first", STABILITY_WAIT="0") as client:
        result = await client.call_tool("audio3_text_to_audio", RAIN)
        job = str(facts(result)["jobs"][0]["id"])
        with anyio.fail_after(30):
            while rows(home / "home", "SELECT state FROM jobs") != [("submitted",)]:  # noqa: ASYNC110 -- another process's row
                await anyio.sleep(0.05)
    yield job


def facts(result: CallToolResult) -> dict[str, Any]:
    """Return the structured data of a result."""
    text(result)
    found: dict[str, Any] = (result.meta or {})["stability-mcp/result"]
    return found


def price(result: CallToolResult) -> float:
    """Return the cost stated in a result."""
    text(result)
    return float((result.meta or {})["cost"]["credits"])


@pytest.mark.parametrize("era", ERAS)
async def test_a_job_of_another_key_is_not_polled_and_says_why_it_waits(
    era: Era, tmp_path: Path
) -> None:
    """Chosen: in `job_list`, `job_wait` and the resource; with its own key it resumes."""
    async with (
        counting_upstream(pace=0) as upstream,
        job_left_running(tmp_path, era, upstream) as job,
    ):
        upstream.results_after = 0
        async with server(tmp_path, era, upstream, "sk-second", STABILITY_WAIT="1") as client:
            listed = facts(await client.call_tool("job_list", {}))
            waited = text(await client.call_tool("job_wait", {"jobs": [job], "seconds": 1}))
            collected = text(await client.call_tool("job_wait", {"seconds": 0}))
            [read] = (await client.read_resource(f"job://{job}")).contents
            same = await client.call_tool("audio3_text_to_audio", RAIN)
            foreign = rows(tmp_path / "home", "SELECT state, process FROM jobs WHERE id = ?", job)
        async with server(tmp_path, era, upstream, "sk-first") as client:
            [own] = facts(await client.call_tool("job_wait", {"jobs": [job], "seconds": 0}))["jobs"]
            driven = rows(tmp_path / "home", "SELECT process FROM jobs WHERE id = ?", job)

    assert [each["progress"] for each in listed["jobs"]] == [WAITS]
    assert WAITS in waited
    assert job not in collected
    assert isinstance(read, TextResourceContents)
    assert json.loads(read.text)["progress"] == WAITS
    assert foreign == [("submitted", None)]
    assert "Joined your identical call" not in text(same)
    assert facts(same)["jobs"][0]["id"] != job
    assert upstream.posts["rain"] == 2
    assert own["progress"].startswith("generating")
    assert driven != [(None,)]


async def test_a_running_server_does_not_recover_jobs_of_another_key(tmp_path: Path) -> None:
    """Chosen: a process with the same key would have recovered it within two seconds."""
    async with counting_upstream(pace=0) as upstream:
        async with (
            server(tmp_path, "auto", upstream, "sk-second") as other,
            job_left_running(tmp_path, "auto", upstream) as job,
        ):
            await other.call_tool("job_list", {})
            upstream.results_after = 0
            waited = text(await other.call_tool("job_wait", {"jobs": [job], "seconds": 3}))
        foreign = rows(tmp_path / "home", "SELECT state, process FROM jobs WHERE id = ?", job)

    assert WAITS in waited
    assert foreign == [("submitted", None)]


async def test_each_key_and_the_emulator_have_their_own_results_and_charges(tmp_path: Path) -> None:
    """Chosen: one after the other and at the same time; a key only uses its own cache."""
    async with counting_upstream(pace=0) as upstream:
        costs = []
        for key in (None, "sk-first"):
            async with server(tmp_path, "auto", upstream, key) as client:
                costs += [price(await client.call_tool("generate_core", SEEDED)) for _ in "ab"]
        async with (
            server(tmp_path, "auto", upstream, "sk-first") as first,
            server(tmp_path, "auto", upstream, "sk-second") as second,
        ):
            costs += [price(await second.call_tool("generate_core", SEEDED)) for _ in "ab"]
            costs += [price(await first.call_tool("generate_core", SEEDED))]
            report = facts(await second.call_tool("usage_report", {"format": "data"}))

    assert costs == [3, 0, 3, 0, 3, 0, 0]
    assert upstream.posts["a fox"] == 2
    assert report["spent_today"] == 3
    spent = rows(tmp_path / "home", "SELECT spent FROM spending ORDER BY upstream")
    assert spent == [(3_000,), (3_000,)]


async def test_an_abandoned_call_is_not_joined_by_another_key(tmp_path: Path) -> None:
    """Chosen: nor by the emulator, nor the emulator's by a key."""
    async with counting_upstream(pace=0) as upstream:
        answers = []
        for key in (None, "sk-first", "sk-second"):
            async with server(tmp_path, "auto", upstream, key, STABILITY_WAIT="0") as client:
                answers.append(await client.call_tool("generate_core", {"prompt": "a hen"}))
        async with server(tmp_path, "auto", upstream, "sk-first") as client:
            own = await client.call_tool("generate_core", {"prompt": "a hen"})

    assert not any("Joined your identical call" in text(answer) for answer in answers)
    assert "Joined your identical call" in text(own)
    made = rows(tmp_path / "home", "SELECT count(*), sum(attempt) FROM jobs GROUP BY upstream")
    assert [jobs for jobs, _ in made] == [1, 1]
    assert upstream.posts["a hen"] == sum(sent for _, sent in made) <= 2
