"""The guide and the instructions: short, and only about what exists."""

import re
from pathlib import Path
from typing import get_args

import pytest

from stability_mcp.api.fields import StylePreset
from stability_mcp.api.operations import OPERATIONS
from stability_mcp.api.styles import STYLES
from stability_mcp.server.app import MAX_INSTRUCTIONS, instructions
from stability_mcp.server.catalog import all_tools
from stability_mcp.server.guide import TOPICS, for_enabled, guide_text
from stability_mcp.server.guide.lists import LISTS, LOCAL_STEPS
from stability_mcp.server.guide.use_cases import RECOMMENDATIONS
from stability_mcp.server.tool_schema import price_sentence
from stability_mcp.workflows.plan_notation import local_steps
from support.server.in_memory import Era, both_eras, connected, fine, text
from support.server.instruction_texts import flaws, plans, unknown_names, wrong_prices

TOOLS = all_tools()
MAX_PAGE_CHARACTERS = 3_400


@pytest.mark.parametrize("topic", TOPICS)
def test_a_page_names_only_tools_and_arguments_that_exist(topic: str) -> None:
    """Chosen: a model would try them."""
    page = guide_text(topic, frozenset(TOOLS))

    assert unknown_names(page) == set()
    assert wrong_prices(page) == []


@pytest.mark.parametrize("topic", TOPICS)
def test_every_plan_on_a_page_can_run(topic: str) -> None:
    """Chosen: a model copies what it reads."""
    page = guide_text(topic, frozenset(TOOLS))

    assert [flaws(each) for each in plans(page)] == [[]] * len(plans(page))
    assert len(plans(page)) == (2 if topic == "workflows" else 0)
    assert not [mark for mark in (*LISTS, "{with", "{end}") if mark in page]


@pytest.mark.parametrize("topic", ["director", "workflows"])
def test_the_pages_on_workflows_are_short(topic: str) -> None:
    """Chosen: about 800 tokens, read once per brief."""
    assert len(guide_text(topic, frozenset(TOOLS))) <= MAX_PAGE_CHARACTERS


def test_the_local_tools_of_workflows_are_those_of_the_planner() -> None:
    """Chosen: the page is read without the planner."""
    assert set(LOCAL_STEPS) == set(local_steps())


def test_a_section_depends_on_its_tool() -> None:
    """Chosen: without workflows the director works call by call."""
    text = "first\n{with guide}\nyes, `edit_erase`. Also.\n{without guide}\nno\n{end}\nlast"

    assert for_enabled(text, frozenset({"guide"})) == "first\nAlso.\nlast"
    assert for_enabled(text, frozenset({"edit_erase"})) == "first\nno\nlast"


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


def test_every_style_has_a_line() -> None:
    """Chosen: a model chooses a preset by its line."""
    page = guide_text("styles", frozenset(TOOLS))

    assert list(STYLES) == list(get_args(StylePreset))
    assert all(f"- {name}: " in page for name in get_args(StylePreset))
    assert "`generate_core`" in page.splitlines()[-1]


def test_the_limits_of_every_file_are_listed() -> None:
    """Chosen: each line comes from the limits that are checked."""
    page = guide_text("limits", frozenset(TOOLS))

    assert "- `upscale_fast` image: sides from 32 pixels, up to 1,536, at most 1.0 MP" in page
    for name, row in OPERATIONS.items():
        assert all(f"- `{name}` {field}: " in page for field in row.file_fields())


def test_the_choice_by_subject_leaves_out_disabled_operations() -> None:
    """Chosen: one table; a subject without an enabled operation has no line."""
    page = guide_text("choose", frozenset(TOOLS))
    only_core = guide_text("choose", frozenset({"generate_core", "guide"}))
    none = guide_text("choose", frozenset({"edit_erase", "guide"}))

    for name, found in RECOMMENDATIONS.items():
        assert f"- {name}: draft `{found.choices['draft'].operation}`" in page
    assert "- portrait: draft `generate_core`; style photographic" in only_core
    assert "- concept" not in only_core
    assert "By subject" not in none
