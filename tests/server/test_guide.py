"""The guide and the instructions: short, and only about what exists."""

import re
from pathlib import Path

import pytest

from stability_mcp.api.operations import OPERATIONS
from stability_mcp.server.app import MAX_INSTRUCTIONS, instructions
from stability_mcp.server.catalog import all_tools
from stability_mcp.server.guide import TOPICS, guide_text
from stability_mcp.server.tool_schema import price_sentence
from support.server.in_memory import Era, both_eras, connected, fine, text

TOOLS = all_tools()
FIELDS = {field for row in OPERATIONS.values() for field in row.model_fields}


@pytest.mark.parametrize("topic", TOPICS)
def test_a_page_names_only_tools_and_arguments_that_exist(topic: str) -> None:
    """Chosen: a model would try them."""
    named = set(re.findall(r"`([a-z0-9]+(?:_[a-z0-9]+)+)`", guide_text(topic, frozenset(TOOLS))))

    assert named <= TOOLS.keys() | FIELDS


@pytest.mark.parametrize("topic", TOPICS)
def test_a_page_leaves_out_disabled_tools(topic: str) -> None:
    """Chosen: a model calls every tool that it reads about."""
    page = guide_text(topic, frozenset({"edit_inpaint", "guide"}))

    named = set(re.findall(r"`([a-z0-9]+(?:_[a-z0-9]+)+)`", page)) & TOOLS.keys()
    assert named <= {"edit_inpaint"}
    assert "\n-\n" not in page
    assert "- \n" not in page


def test_prices_are_those_of_the_table() -> None:
    """Chosen: prices come from the table, never from a second copy."""
    page = guide_text("costs", frozenset(TOOLS))

    for name, row in OPERATIONS.items():
        if row.is_paid():
            assert f"- `{name}`: {price_sentence(row)}" in page


def test_every_enabled_operation_is_explained() -> None:
    """Chosen: each line is a row's summary, so new operations appear automatically."""
    page = guide_text("choose", frozenset(TOOLS))

    for name, row in OPERATIONS.items():
        assert f"- `{name}`: {row.summary()}" in page.splitlines()


@pytest.mark.anyio
@both_eras
async def test_the_guide_needs_no_store(era: Era, tmp_path: Path) -> None:
    """Chosen: it helps even when nothing else works."""
    async with connected(tmp_path, era) as client:
        page = fine(await client.call_tool("guide", {"topic": "choose"}))

    assert text(page).startswith("# Which tool")
    assert not (tmp_path / "home").exists()


@pytest.mark.anyio
@both_eras
async def test_instructions_are_short_and_name_only_existing_tools(
    era: Era, tmp_path: Path
) -> None:
    """Chosen: every conversation pays for them."""
    async with connected(tmp_path, era) as client:
        shown = client.instructions or ""

    assert len(shown) < MAX_INSTRUCTIONS
    assert "There is no API key" in shown
    assert set(re.findall(r"`([a-z0-9]+(?:_[a-z0-9]+)+)`", shown)) <= TOOLS.keys()


def test_instructions_name_only_enabled_tools() -> None:
    """Chosen: a model calls every tool that it reads about."""
    shown = instructions({"upscale_fast", "job_wait"}, TOOLS, emulated=False)

    assert set(re.findall(r"`(\w+)`", shown)) == {"upscale_fast", "job_wait"}
    assert "no API key" not in shown
