"""The usage report in three forms, and prices of several calls."""

import csv
import io
import json
from pathlib import Path

import pytest
from mcp.types import TextResourceContents

from support.server.in_memory import Era, both_eras, connected, data, facts, fine, refused, text
from support.server.paid import paying
from support.store.rows import change

pytestmark = pytest.mark.anyio

FOX = {"prompt": "a fox", "label": "fox", "seed": 7}


@both_eras
async def test_usage_is_reported_in_three_forms(era: Era, tmp_path: Path) -> None:
    """Chosen: text to read, data for programs, CSV for sheets; all have the facts in `_meta`."""
    async with connected(tmp_path, era) as client:
        made = fine(await client.call_tool("generate_core", FOX))
        fine(await client.call_tool("edit_remove_background", {"image": "fox"}))
        fine(await client.call_tool("generate_core", FOX))
        days = fine(await client.call_tool("usage_report", {}))
        jobs = data(await client.call_tool("usage_report", {"by": "job", "format": "data"}))
        operations = data(
            await client.call_tool("usage_report", {"by": "operation", "format": "data"})
        )
        requests = fine(await client.call_tool("usage_report", {"by": "request", "format": "csv"}))

    assert days.structured_content is None
    assert facts(days)["total"]["credits"] == 8
    assert "8 emulated credits (no real charge)" in text(days)
    assert "8 credits charged, 2 jobs, 2 requests" in text(days)
    assert "cache: 1 hit, 3 credits saved" in text(days)
    assert "of 150 requests used in the last 10 s" in text(days)
    assert facts(made)["media"][0]["job"] in {each["job"] for each in jobs["lines"]}
    assert {each["operation"]: each["credits"] for each in operations["lines"]} == {
        "generate_core": 3,
        "edit_remove_background": 5,
    }
    rows = list(csv.DictReader(io.StringIO(text(requests))))
    assert [(row["operation"], row["state"], row["credits"]) for row in rows] == [
        ("edit_remove_background", "charged", "5.0"),
        ("generate_core", "charged", "3.0"),
    ]
    assert jobs["total"]["credits"] == jobs["spent_today"] == 8


@pytest.mark.parametrize(
    ("of_job", "of_request", "words"),
    [
        ("yes", "charged", "charged"),
        ("no", "free", "not charged"),
        ("reserved", "sent", "reserved"),
        ("assumed", "assumed", "may have been charged"),
    ],
)
async def test_all_answers_use_the_same_words_for_charges(
    of_job: str, of_request: str, words: str, tmp_path: Path
) -> None:
    """Chosen: one vocabulary for lists, jobs, usage and cancelled jobs."""
    async with connected(tmp_path) as client:
        [job] = facts(fine(await client.call_tool("generate_core", FOX)))["jobs"]
        home = tmp_path / "home" / "emulator"
        change(home, "UPDATE jobs SET charged = ?", of_job)
        change(home, "UPDATE charges SET state = ?", of_request)
        jobs = fine(await client.call_tool("job_list", {}))
        [content] = (await client.read_resource(f"job://{job['id']}")).contents
        report = {"by": "request", "format": "data"}
        usage = data(await client.call_tool("usage_report", report))
        cancelled = data(await client.call_tool("job_cancel", {"jobs": job["id"]}))

    assert isinstance(content, TextResourceContents)
    assert facts(jobs)["jobs"][0]["charged"] == words
    assert f"  3 credits {words}  " in text(jobs)
    assert json.loads(content.text)["charged"] == words
    assert usage["lines"][0]["state"] == words
    assert cancelled["jobs"][0]["said"] == f"already finished (done): 3 credits {words}"


@both_eras
async def test_several_calls_are_priced_together(era: Era, tmp_path: Path) -> None:
    """Chosen: pricing a plan of several calls takes one call."""
    calls = [
        {"tool": "generate_core", "arguments": {"prompt": "a fox", "count": 4}},
        {"tool": "upscale_fast", "arguments": {"image": "fox"}},
    ]
    async with connected(tmp_path, era) as client:
        both = data(await client.call_tool("cost_estimate", {"calls": calls}))
        one = data(await client.call_tool("cost_estimate", calls[0]))
        neither = refused(await client.call_tool("cost_estimate", {}))

    assert [(each["tool"], each["count"]) for each in both["calls"]] == [
        ("generate_core", 4),
        ("upscale_fast", 1),
    ]
    assert both["total"] == sum(each["total"] for each in both["calls"])
    assert (one["tool"], one["each"], one["count"], one["total"]) == ("generate_core", 3, 4, 12)
    assert "calls" not in one
    assert "Pass either tool, for one call, or calls, for several." in neither


async def test_the_report_shows_todays_budget(tmp_path: Path, emulator_url: str) -> None:
    """Chosen: spent, budget and rest in one line, and nothing is called emulated."""
    async with paying(tmp_path, emulator_url, "auto", budget=20) as client:
        fine(await client.call_tool("generate_core", FOX))
        report = text(await client.call_tool("usage_report", {}))

    assert "3 of 20 credits spent today, 17 left" in report
    assert "emulated" not in report
