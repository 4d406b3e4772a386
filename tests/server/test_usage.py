"""What was used and what would be: the ledger in three forms, and prices of several calls."""

import csv
import io
from pathlib import Path

import pytest

from support.server.in_memory import Era, both_eras, connected, data, facts, fine, refused, text

pytestmark = pytest.mark.anyio

FOX = {"prompt": "a fox", "label": "fox", "seed": 7}


@both_eras
async def test_what_was_used_is_told_in_three_forms(era: Era, tmp_path: Path) -> None:
    """Chosen: text to read, data for programs, CSV for a sheet; the structure is always there."""
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

    assert days.structured_content is not None
    assert "8 credits on the emulator, nothing really paid" in text(days)
    assert "8 credits, 2 jobs, 2 requests" in text(days)
    assert "cache: 1 hits, 3 credits saved" in text(days)
    assert "of 150 slots in use in 10 s" in text(days)
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


@both_eras
async def test_several_calls_are_priced_together(era: Era, tmp_path: Path) -> None:
    """Chosen: a plan of several calls is one question, not one for each."""
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
    assert "Give either tool, or calls" in neither
