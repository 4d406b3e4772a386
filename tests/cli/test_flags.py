"""Settings are flags of the same names, anywhere on the command line."""

import pytest

from stability_mcp.__main__ import split_flags
from stability_mcp.api.operations import OPERATIONS
from stability_mcp.settings import Settings


def test_settings_are_recognised_before_and_after_the_command() -> None:
    """Chosen: `serve --http --toolsets edit` and `--toolsets edit serve --http` are the same."""
    flags = {"toolsets": "edit", "roots_only": True}

    assert split_flags(["--toolsets", "edit", "--roots-only", "serve", "--http"]) == (
        flags,
        ["serve", "--http"],
    )
    assert split_flags(["serve", "--http", "--toolsets=edit", "--roots-only"]) == (
        flags,
        ["serve", "--http"],
    )


@pytest.mark.parametrize("flag", ["--api-key", "--on-done-secret"])
def test_a_secret_is_not_a_flag(flag: str) -> None:
    """Chosen: every user of a machine can read the command lines of all processes."""
    assert split_flags([flag, "sk-1"]) == ({}, [flag, "sk-1"])


@pytest.mark.parametrize("name", OPERATIONS)
def test_no_argument_of_an_operation_has_the_name_of_a_setting(name: str) -> None:
    """Chosen: `call` would otherwise hand the argument to the settings."""
    assert not OPERATIONS[name].model_fields.keys() & Settings.model_fields.keys()
