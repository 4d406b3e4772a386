"""The usage report in three forms, and prices of several calls."""

import base64
import csv
import io
import json
from datetime import datetime
from pathlib import Path

import pytest
from mcp.types import TextResourceContents
from PIL import Image

from support.server.in_memory import (
    Era,
    both_eras,
    connected,
    data,
    facts,
    fine,
    pictures,
    refused,
    text,
)
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


async def test_a_budget_of_any_size_is_accepted(tmp_path: Path, emulator_url: str) -> None:
    """Chosen: one that is too large for the store doesn't bind."""
    async with paying(tmp_path, emulator_url, "auto", budget=1e30) as client:
        fine(await client.call_tool("generate_core", FOX))
        report = data(await client.call_tool("usage_report", {"format": "data"}))

    assert report["spent_today"] == 3
    assert report["budget"] > 1e12


async def test_failures_and_times_are_part_of_every_form(tmp_path: Path) -> None:
    """Chosen: jobs that failed, free or charged, and jobs whose outcome is unknown."""
    async with connected(tmp_path) as client:
        for number in range(4):
            fine(await client.call_tool("generate_core", {"prompt": f"fox {number}"}))
        outcomes = [("failed", "no", "free"), ("failed", "yes", "charged")]
        for seq, (state, charged, charge) in enumerate(
            [*outcomes, ("unknown", "assumed", "assumed")]
        ):
            home = tmp_path / "home" / "emulator"
            change(
                home,
                "UPDATE jobs SET state = ?, charged = ? WHERE seq = ?",
                state,
                charged,
                seq + 1,
            )
            change(home, "UPDATE charges SET state = ? WHERE id = ?", charge, seq + 1)
        days = text(await client.call_tool("usage_report", {}))
        both = {"by": "day_operation", "format": "data"}
        [line] = data(await client.call_tool("usage_report", both))["lines"]
        jobs = text(await client.call_tool("usage_report", {"by": "job"}))
        sheet = text(await client.call_tool("usage_report", {"by": "operation", "format": "csv"}))

    words = "1 job failed (not charged), 1 job failed (charged), 1 job with unknown outcome"
    assert days.count(words) == 2, "of the day and in total"
    assert "median" not in days
    assert (line["day"], line["operation"]) == (
        datetime.now().astimezone().date().isoformat(),
        "generate_core",
    )
    assert (line["failed"], line["failed_charged"], line["unknown_jobs"]) == (1, 1, 1)
    assert line["seconds"] >= 0
    assert jobs.count(" took ") == 1, "only the job that is done"
    [row] = csv.DictReader(io.StringIO(sheet))
    assert (row["failed"], row["failed_charged"], row["unknown_jobs"]) == ("1", "1", "1")
    assert float(row["seconds"]) == line["seconds"]


@both_eras
async def test_a_chart_is_added_to_the_lines(era: Era, tmp_path: Path) -> None:
    """Chosen: one small picture that every host can show, and the text is enough without it."""
    async with connected(tmp_path, era, preview="none") as client:
        nothing = fine(await client.call_tool("usage_report", {"format": "chart"}))
        fine(await client.call_tool("generate_core", FOX))
        plain_answer = fine(await client.call_tool("usage_report", {}))
        answer = fine(await client.call_tool("usage_report", {"format": "chart"}))
        job = fine(await client.call_tool("usage_report", {"format": "chart", "by": "job"}))

    assert pictures(nothing) == []
    assert "chart: none, because nothing was spent in this time" in text(nothing)
    assert text(answer) == text(plain_answer)
    assert answer.structured_content is None
    [chart] = pictures(answer)
    assert chart.mime_type == "image/png"
    drawn = Image.open(io.BytesIO(base64.b64decode(chart.data)))
    assert drawn.width == 768
    assert pictures(job) == [chart], "the chart is the same for any kind of line"


async def test_an_estimate_says_whether_the_user_will_be_asked(
    tmp_path: Path, emulator_url: str
) -> None:
    """Documented (docs/jobs-and-money.md): by the price of the whole call, like the check."""
    async with paying(tmp_path, emulator_url, "auto", confirm_above=6) as client:
        below, at, plan, poor = [
            data(await client.call_tool("cost_estimate", arguments))
            for arguments in (
                _call("generate_core", prompt="a fox"),
                _call("generate_core", prompt="a fox", count=2),
                {"calls": [_call("generate_core", prompt=each) for each in "abc"]},
                _call("upscale_conservative", image="fox", prompt="a fox"),
            )
        ]
        refused_call = refused(await client.call_tool("generate_core", {"prompt": "a", "count": 2}))

    assert (below["needs_confirmation"], at["needs_confirmation"]) == (False, True)
    assert plan["total"] == 9
    assert plan["needs_confirmation"] is False, "each call is checked by itself"
    assert "user's approval" in refused_call
    assert (at["fits_balance"], poor["fits_balance"]) == (True, False), "a new account has 25"
    assert "fits_limit" not in at
    assert "limit_left" not in at


async def test_alternatives_are_calls_that_the_client_has(tmp_path: Path) -> None:
    """Chosen: with price, seconds and what to change; in a plan only the nearest."""
    async with connected(tmp_path, toolsets=("generate",)) as client:
        core = data(
            await client.call_tool("cost_estimate", _call("generate_core", prompt="a fox", count=2))
        )
        calls = {
            "calls": [_call("generate_core", prompt="a fox"), _call("generate_ultra", prompt="a")]
        }
        plan = data(await client.call_tool("cost_estimate", calls))
        cheaper = core["cheaper"][0]
        called = fine(
            await client.call_tool(cheaper["tool"], {"prompt": "a fox", **cheaper["arguments"]})
        )

    assert (cheaper["tool"], cheaper["each"], cheaper["total"]) == ("generate_sd3", 2.5, 5)
    assert cheaper["seconds"] == 11
    assert cheaper["when"].startswith("Make a picture from text")
    assert [each.get("when") is None for each in core["better"]] == [False, True, True, False]
    assert (called.meta or {})["cost"]["credits"] == cheaper["each"]
    assert [len(each["better"]) for each in plan["calls"] if "better" in each] == [1]
    assert [len(each["cheaper"]) for each in plan["calls"]] == [1, 1]


async def test_an_estimate_is_compared_with_the_spending_limit(
    tmp_path: Path, emulator_url: str
) -> None:
    """Chosen: what is left of it decides, as it does for the call."""
    core = _call("generate_core", prompt="a fox")
    async with paying(tmp_path, emulator_url, "auto") as client:
        fine(await client.call_tool("spend_limit", {"credits": 5}))
        before = data(await client.call_tool("cost_estimate", core))
        fine(await client.call_tool("generate_core", {"prompt": "a fox"}))
        after = data(await client.call_tool("cost_estimate", core))
        over = refused(await client.call_tool("generate_core", {"prompt": "another fox"}))

    assert (before["fits_limit"], after["fits_limit"]) == (True, False)
    assert (before["limit_left"], after["limit_left"]) == (5, 2)
    assert after["fits_budget"] is True
    assert "limit" in over


def _call(tool: str, **arguments: object) -> dict[str, object]:
    return {"tool": tool, "arguments": arguments}


async def test_a_cell_of_the_csv_is_never_a_formula(tmp_path: Path) -> None:
    """Documented (OWASP, CSV injection): a spreadsheet would run a prompt that begins with =."""
    prompts = ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "a fox = 1"]
    async with connected(tmp_path, preview="none") as client:
        for prompt in prompts:
            fine(await client.call_tool("generate_core", {"prompt": prompt}))
        sheet = text(await client.call_tool("usage_report", {"by": "job", "format": "csv"}))

    cells = [row["prompt"] for row in csv.DictReader(io.StringIO(sheet))]
    assert "a fox = 1" in cells
    assert [each for each in cells if each.startswith(("=", "+", "-", "@", "\t"))] == []
    assert {"'=1+1", "'+1", "'-1", "'@SUM(A1)"} <= {*cells}
