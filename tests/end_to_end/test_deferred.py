"""Deferred results, with a real server process and an upstream that counts polls and charges."""

from pathlib import Path
from typing import Any

import anyio
import pytest
from mcp.types import TextContent

from support.jobs.upstream import Upstream, counting_upstream
from support.server.host import connected, text
from support.server.in_memory import facts
from support.server.timed_server import timed
from support.store.rows import ledger, money, rows

pytestmark = pytest.mark.anyio

RAIN = {"prompt": "rain", "duration": 10}


def paid_at(upstream: Upstream, **more: str) -> dict[str, Any]:
    """Return settings of a server that uses the counting upstream."""
    return {
        "STABILITY_API_KEY": "sk-deferred-0123456789",
        "STABILITY_BASE_URL": upstream.url,
        "STABILITY_WAIT": "40",
        "STABILITY_CONFIRM_ABOVE": "never",
        "STABILITY_TOOLSETS": "default,expert",
        **more,
    }


@pytest.mark.long(11)
async def test_a_deferred_result_is_stored_at_most_11_s_after_it_is_ready(tmp_path: Path) -> None:
    """*Documented*: 10 s between polls. *Chosen*: the first one 10 s after the start."""
    async with (
        counting_upstream(pace=0) as upstream,
        connected(tmp_path, "auto", **paid_at(upstream)) as client,
    ):
        upstream.results_after = 0
        output = text(await client.call_tool("audio3_text_to_audio", RAIN))

    [(first, _)] = upstream.polls
    [(stored,)] = rows(tmp_path / "home", "SELECT finished_at - answered_at FROM jobs")
    assert "1 sound" in output
    assert first >= 10
    assert stored <= 11


AUDIO, GENERIC = "/v2beta/audio/results", "/v2beta/results"
JOB = "SELECT state, charged, generation FROM jobs"


def soon() -> list[str]:
    """Return a command for a server that looks for a missing generation for a second."""
    return timed(poll_seconds=0.1, missing_after_seconds=1)


async def test_a_young_404_is_polled_again_on_each_results_path(tmp_path: Path) -> None:
    """*Chosen*: it means "not there yet"; a production client found its audio at the other path.

    More 404s than `STABILITY_MAX_RETRIES` don't fail the job.
    """
    async with (
        counting_upstream(pace=0) as upstream,
        connected(
            tmp_path,
            "auto",
            program=timed(poll_seconds=0.1),
            **paid_at(upstream, STABILITY_MAX_RETRIES="1"),
        ) as client,
    ):
        upstream.results_after = 0
        upstream.missing = lambda path: path == AUDIO or len(upstream.polls) < 8
        output = text(await client.call_tool("audio3_text_to_audio", RAIN))

    assert "1 sound" in output
    assert [path for _, path in upstream.polls] == [AUDIO, GENERIC] * 4
    assert upstream.posts == {"rain": 1}
    assert money(tmp_path / "home") == (0, 26_000)


async def test_the_path_that_responded_is_polled_from_then_on(tmp_path: Path) -> None:
    """*Chosen*: `in-progress` at one path means that the result will appear there."""
    async with (
        counting_upstream(pace=0) as upstream,
        connected(tmp_path, "auto", program=timed(poll_seconds=0.1), **paid_at(upstream)) as client,
    ):
        upstream.results_after = 1
        upstream.missing = lambda path: path == AUDIO
        text(await client.call_tool("audio3_text_to_audio", RAIN))

    first, *others = (path for _, path in upstream.polls)
    assert first == AUDIO
    assert set(others) == {GENERIC}
    assert len(others) > 2


async def test_a_generation_that_stays_missing_is_unknown_and_its_error_says_how_to_fetch_it(
    tmp_path: Path,
) -> None:
    """*Chosen*: the text has the id, the expiry and the free `job_wait`, not a new paid call."""
    async with (
        counting_upstream(pace=0) as upstream,
        connected(
            tmp_path,
            "auto",
            program=soon(),
            **paid_at(upstream),
        ) as client,
    ):
        upstream.missing = lambda _: True
        result = await client.call_tool("audio3_text_to_audio", RAIN)
        polls = len(upstream.polls)
        again = await client.call_tool("job_wait", {"seconds": 20})
        listed = facts(await client.call_tool("job_list", {}))
        [job] = listed["jobs"]
        rerun = await client.call_tool("job_rerun", {"job": job["id"]})

    [generation] = upstream.generations
    for answer in (result, again):
        [first, *_] = answer.content
        assert isinstance(first, TextContent)
        assert answer.is_error
        for part in (generation, "can be fetched until 2", "job_wait", "counts as spent"):
            assert part in first.text
        assert "Call the tool again" not in first.text
    [first, *_] = rerun.content
    assert isinstance(first, TextContent)
    assert first.text.index("job_wait") < first.text.index("accept_double_charge")
    assert (job["state"], job["generation"]) == ("unknown", generation)
    assert job["fetchable_until"]
    assert rows(tmp_path / "home", JOB) == [("unknown", "assumed", generation)]
    assert len(upstream.polls) == polls + 2  # one on each path
    assert upstream.posts == {"rain": 1}
    assert money(tmp_path / "home") == (0, 26_000)


@pytest.mark.parametrize("how", ["job_wait", "job_adopt", "a new server"])
async def test_a_missing_generation_that_appears_is_stored_and_charged_once(
    tmp_path: Path, how: str
) -> None:
    """*Chosen*: for 24 hours, every `job_wait` and every recovery polls again."""
    async with counting_upstream(pace=0) as upstream:
        settings: dict[str, Any] = {"program": soon(), **paid_at(upstream)}
        async with connected(tmp_path, "auto", **settings) as client:
            upstream.missing = lambda _: True
            await client.call_tool("audio3_text_to_audio", RAIN)
            assert rows(tmp_path / "home", "SELECT state FROM jobs") == [("unknown",)]
            upstream.missing = lambda path: path == AUDIO
            upstream.results_after = 0
            [generation] = upstream.generations
            if how == "job_wait":
                output = text(await client.call_tool("job_wait", {"seconds": 20}))
            if how == "job_adopt":
                adopted = {"generation": generation, "operation": "audio3_text_to_audio"}
                output = text(await client.call_tool("job_adopt", adopted))
        if how == "a new server":
            async with connected(tmp_path, "auto", **settings) as client:
                await client.call_tool("job_list", {})  # opens the store
                with anyio.fail_after(30):
                    while rows(tmp_path / "home", JOB)[0][0] != "done":  # noqa: ASYNC110 -- another process's row
                        await anyio.sleep(0.05)
                output = text(await client.call_tool("job_wait", {}))

    assert "1 sound" in output
    assert rows(tmp_path / "home", JOB) == [("done", "yes", generation)]
    assert upstream.posts == {"rain": 1}
    assert money(tmp_path / "home") == (0, 26_000)
    assert ledger(tmp_path / "home") == ["charged"]


async def test_two_servers_polling_at_once_store_one_result(tmp_path: Path) -> None:
    """*Chosen*: both poll, but a result is stored once per attempt."""
    async with counting_upstream(pace=0) as upstream:
        settings: dict[str, Any] = {"program": soon(), **paid_at(upstream)}
        async with (
            connected(tmp_path, "auto", **settings) as one,
            connected(tmp_path, "auto", **settings) as other,
        ):
            upstream.missing = lambda _: True
            await one.call_tool("audio3_text_to_audio", RAIN)
            upstream.missing = lambda _: False
            upstream.results_after = 0
            jobs = [job for (job,) in rows(tmp_path / "home", "SELECT id FROM jobs")]
            async with anyio.create_task_group() as group:
                for client in (one, other):
                    group.start_soon(client.call_tool, "job_wait", {"jobs": jobs, "seconds": 20})
            output = text(await other.call_tool("job_wait", {"jobs": jobs}))

    assert "1 sound" in output
    assert rows(tmp_path / "home", "SELECT count(*) FROM media") == [(1,)]
    assert money(tmp_path / "home") == (0, 26_000)
    assert list((tmp_path / "home" / "spool").glob("*.body")) == []


async def test_a_404_after_24_hours_is_final(tmp_path: Path) -> None:
    """*Documented*: results are kept for 24 hours."""
    program = timed(poll_seconds=0.1, missing_after_seconds=60, expires_after_seconds=2)
    async with (
        counting_upstream(pace=0) as upstream,
        connected(tmp_path, "auto", program=program, **paid_at(upstream)) as client,
    ):
        upstream.missing = lambda _: True
        result = await client.call_tool("audio3_text_to_audio", RAIN)
        polls = len(upstream.polls)
        await client.call_tool("job_wait", {"seconds": 20})

    [generation] = upstream.generations
    [first, *_] = result.content
    assert isinstance(first, TextContent)
    assert generation in first.text
    assert "can't be fetched any more" in first.text
    assert len(upstream.polls) == polls
    assert rows(tmp_path / "home", "SELECT state, charged FROM jobs") == [("unknown", "assumed")]
