"""The README is short, its table is derived from the code, and its conversation is true."""

from pathlib import Path
from typing import Any

import httpx2
import pytest
from mcp import Client
from scripts.derive import PURPOSES, TABLES, families, with_table

from stability_mcp.api.operations import OPERATIONS
from support.docs.pages import ROOT, Page
from support.server.in_memory import facts, fine, text
from support.server.paid import User, paying

README = Page("README.md")
MAX_LINES = 150


def test_the_readme_is_short() -> None:
    """*Chosen*: a stranger reads one screen or two; details have pages of their own."""
    assert len(README.text.splitlines()) <= MAX_LINES


def test_ci_runs_the_readmes_test_command() -> None:
    """*Chosen*: what a reader types is what is checked."""
    script = (ROOT / ".ci" / "run").read_text(encoding="utf-8")

    assert "make test" in README.commands()
    assert script.endswith("\nmake test\n")


@pytest.mark.parametrize("name", TABLES)
def test_the_tables_of_tools_are_derived_from_the_code(name: str) -> None:
    """*Chosen*: `make schemas` writes them, so no copy can differ."""
    assert with_table(name, Page(name).text) == Page(name).text


def test_every_family_of_tools_has_a_purpose() -> None:
    """*Chosen*: the summary of its first tool is only a fallback."""
    assert families().keys() == PURPOSES.keys()


def test_the_number_of_operations_is_correct() -> None:
    """*Chosen*: readers compare it first."""
    assert f" {len(OPERATIONS)} operations" in README.text


@pytest.mark.anyio
@pytest.mark.long(8)
async def test_the_first_conversation_is_true(tmp_path: Path, emulator_url: str) -> None:
    """*Documented* (README): tools, prices, the question, the size and what is left of the day."""
    story = README.section("## A first conversation")
    user = User("yes")
    order = {"key": f"sk-test-{tmp_path.name}", "credits": 100}
    httpx2.post(f"{emulator_url}/_emulator/credits", json=order).raise_for_status()
    async with paying(tmp_path, emulator_url, "auto", user, confirm_above=25) as client:
        logos = await _call(
            client,
            "generate_core",
            prompt="logo of a bakery called Flour & Salt",
            count=3,
            label="flour-salt",
        )
        cut = await _call(client, "edit_remove_background", image="flour-salt-2", label="logo")
        large = await _call(
            client, "upscale_conservative", image="logo", prompt="a bakery logo", label="print"
        )
        estimate = await client.call_tool(
            "cost_estimate",
            {"tool": "upscale_creative", "arguments": {"image": "logo", "prompt": "a logo"}},
        )

    assert [each["label"] for each in logos["media"]] == [f"flour-salt-{n}" for n in (1, 2, 3)]
    assert [each["cost"] for each in (logos, cut, large)] == [9, 5, 40]
    assert all(f"**{price} credits**" in story for price in (9, 5, 40))
    [question] = user.asked
    assert "upscale_conservative will cost 40 credits (0.40 USD)." in question
    assert "*upscale_conservative will cost 40 credits (0.40 USD).*" in story
    assert "3112x3112" in large["text"]
    assert "3112x3112" in story
    price = estimate.structured_content or {}
    assert (price["total"], price["spent_today"], price["left_today"]) == (60, 54, 446)
    assert "60 credits. You spent 54 of today's 500 credits; 446 are left." in story


async def _call(client: Client, tool: str, **arguments: object) -> dict[str, Any]:
    result = fine(await client.call_tool(tool, arguments))
    cost = (result.meta or {})["cost"]["credits"]
    return {**facts(result), "text": text(result), "cost": cost}
