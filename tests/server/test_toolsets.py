"""Toolsets: which tools are enabled."""

import json
import re

import pytest

from stability_mcp.api import TOOLSETS
from stability_mcp.api.operations import OPERATIONS
from stability_mcp.errors import ConfigurationError
from stability_mcp.server.catalog import all_tools, enabled_tools, without
from stability_mcp.server.toolsets import ALWAYS, BASIC, ORDER, enabled, toolset_of


def test_the_folders_of_the_table_are_the_toolsets_of_operations() -> None:
    """Chosen: the two lists must agree."""
    assert ORDER[: len(TOOLSETS)] == TOOLSETS
    assert {toolset_of(name) for name in OPERATIONS} == {
        row.toolset() for row in OPERATIONS.values()
    }


def test_every_toolset_has_a_place_in_the_order() -> None:
    """Chosen: otherwise a new toolset would silently be listed last."""
    assert {toolset_of(name) for name in all_tools() if name not in ALWAYS} == set(ORDER)


def test_by_default_v1_account_and_expert_are_off() -> None:
    """Documented (README)."""
    off = all_tools().keys() - set(enabled(all_tools(), ["default"]))

    assert {toolset_of(name) for name in off} == {"v1", "account", "expert"}


def test_all_enables_every_tool() -> None:
    """Documented (README)."""
    assert set(enabled(all_tools(), ["all"])) == set(all_tools())


def test_a_toolset_has_its_own_tools_and_those_that_are_always_on() -> None:
    """Documented (README)."""
    shown = enabled(all_tools(), ["upscale"])

    assert shown[-len(ALWAYS) :] == ALWAYS
    assert {toolset_of(name) for name in shown[: -len(ALWAYS)]} == {"upscale"}


def test_basic_has_the_tools_of_most_conversations() -> None:
    """Documented (README): what most conversations need, for small tool lists."""
    shown = enabled(all_tools(), ["basic"])

    assert {toolset_of(name) for name in shown if name not in ALWAYS} == {
        *("generate", "edit", "upscale", "media", "image", "jobs"),
    }
    assert [name for name in shown if toolset_of(name) == "upscale"] == ["upscale_fast"]
    assert {"generate_core", "edit_inpaint", "media_show", "job_rerun", *ALWAYS} <= set(shown)
    assert set(shown) < set(enabled(all_tools(), ["default"]))
    assert {*ORDER, *all_tools()} >= BASIC


def test_toolsets_add_up() -> None:
    """Documented (README): `default,v1`."""
    assert set(enabled(all_tools(), ["default", "v1"])) >= {"v1_masking", "generate_core"}
    assert set(enabled(all_tools(), ["basic", "upscale"])) >= {"upscale_creative", "edit_erase"}


def test_the_order_does_not_depend_on_the_order_of_the_choice() -> None:
    """Chosen: hosts cache prompts by the exact bytes of the list."""
    assert enabled(all_tools(), ["edit", "generate"]) == enabled(all_tools(), ["generate", "edit"])


def test_an_unknown_toolset_is_an_error_with_a_suggestion() -> None:
    """Chosen: a misspelt name must not silently turn tools off."""
    with pytest.raises(ConfigurationError, match='"upscail"') as caught:
        enabled(all_tools(), ["upscail"])

    assert 'Did you mean "upscale"?' in str(caught.value)
    assert "default" in str(caught.value)


def test_a_description_names_no_disabled_tool() -> None:
    """Chosen: a model calls every tool that it reads about."""
    shown = {each.name: each.description for each in enabled_tools(["edit"])}

    assert "`edit_inpaint`" in shown["edit_erase"]
    for description in shown.values():
        assert "`upscale_" not in description
        assert "`generate_" not in description


@pytest.mark.parametrize("toolset", ["basic", "default", *ORDER])
def test_no_text_of_a_tool_names_a_disabled_tool(toolset: str) -> None:
    """Chosen: neither descriptions nor those of arguments, in backticks or without."""
    shown = enabled_tools([toolset])
    off = all_tools().keys() - {each.name for each in shown}

    for each in shown:
        text = f"{each.description} {json.dumps(each.input_schema)}"
        examples = {"upscale_creative"} if each.name == "job_adopt" else set()
        assert off.intersection(re.findall(r"\w+", text)) - examples == set(), each.name


def test_only_the_sentence_that_names_a_tool_is_dropped() -> None:
    """Chosen: the other sentences still help."""
    text = "Draws. 5 credits, about 8 s. For detail: `a_b`. Needs `no_tool`. Or `c_d` by 3.5 px."

    assert without(text, {"a_b"}) == (
        "Draws. 5 credits, about 8 s. Needs `no_tool`. Or `c_d` by 3.5 px."
    )
