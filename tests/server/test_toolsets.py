"""Which tools are on."""

import pytest

from stability_mcp.api import TOOLSETS
from stability_mcp.api.operations import OPERATIONS
from stability_mcp.errors import ConfigurationError
from stability_mcp.server.catalog import all_tools, enabled_tools, without
from stability_mcp.server.toolsets import ALWAYS, ORDER, enabled, toolset_of


def test_the_folders_of_the_table_are_the_toolsets_of_operations() -> None:
    """Chosen: two lists that must agree, compared."""
    assert ORDER[: len(TOOLSETS)] == TOOLSETS
    assert {toolset_of(name) for name in OPERATIONS} == {
        row.toolset() for row in OPERATIONS.values()
    }


def test_every_tool_is_in_a_toolset_that_has_its_place() -> None:
    """Chosen: a toolset without a place would be listed last, unnoticed."""
    assert {toolset_of(name) for name in all_tools() if name not in ALWAYS} == set(ORDER)


def test_by_default_all_but_the_first_version_the_account_and_what_experts_need_are_on() -> None:
    """Documented (README)."""
    off = all_tools().keys() - set(enabled(all_tools(), ["default"]))

    assert {toolset_of(name) for name in off} == {"v1", "account", "expert"}


def test_all_is_all() -> None:
    """Documented (README)."""
    assert set(enabled(all_tools(), ["all"])) == set(all_tools())


def test_a_choice_has_only_its_own_tools_and_those_that_are_always_on() -> None:
    """Documented (README)."""
    shown = enabled(all_tools(), ["upscale"])

    assert shown[-len(ALWAYS) :] == ALWAYS
    assert {toolset_of(name) for name in shown[: -len(ALWAYS)]} == {"upscale"}


def test_default_and_a_name_add_up() -> None:
    """Documented (README): `default,v1`."""
    assert set(enabled(all_tools(), ["default", "v1"])) >= {"v1_masking", "generate_core"}


def test_the_order_does_not_depend_on_the_order_of_the_choice() -> None:
    """Chosen: hosts cache prompts by the very bytes of the list."""
    assert enabled(all_tools(), ["edit", "generate"]) == enabled(all_tools(), ["generate", "edit"])


def test_an_unknown_toolset_is_an_error_that_guesses() -> None:
    """Chosen: a misspelt name must not silently turn tools off."""
    with pytest.raises(ConfigurationError, match='"upscail"') as caught:
        enabled(all_tools(), ["upscail"])

    assert 'Did you mean "upscale"?' in str(caught.value)
    assert "default" in str(caught.value)


def test_a_description_names_no_tool_that_is_off() -> None:
    """Chosen: a model calls what it read of."""
    shown = {each.name: each.description for each in enabled_tools(["edit"])}

    assert "`edit_inpaint`" in shown["edit_erase"]
    for description in shown.values():
        assert "`upscale_" not in description
        assert "`generate_" not in description


def test_only_the_sentence_that_names_it_is_dropped() -> None:
    """Chosen: the rest still helps."""
    said = "Draws. 5 credits, about 8 s. For detail: `a_b`. Needs `no_tool`. Or `c_d` by 3.5 px."

    assert without(said, {"a_b"}) == (
        "Draws. 5 credits, about 8 s. Needs `no_tool`. Or `c_d` by 3.5 px."
    )
