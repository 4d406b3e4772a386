"""Error results: marked as errors, with text to act on and without internal details."""

import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import anyio
import pytest
from mcp import Client

from stability_mcp.errors import ConfigurationError
from stability_mcp.server.app import build_server
from stability_mcp.settings import Settings
from stability_mcp.studio import Studio, open_studio
from support.server.in_memory import Era, both_eras, connected, refused, settings_in, text

pytestmark = pytest.mark.anyio


@both_eras
@pytest.mark.parametrize(
    ("tool", "arguments", "expected"),
    [
        ("generate_core", {}, '"prompt"'),
        ("generate_core", {"prompt": "a", "aspect_ratio": "4:3"}, '"21:9"'),
        ("generate_core", {"prompt": "a", "count": 9}, "from 1 to 8"),
        ("generate_core", {"prompt": "a", "label": "\u200b"}, "blank"),
        ("generate_core", {"prompt": "a", "size": "1024x1024"}, "use aspect_ratio"),
        ("edit_erase", {"image": "fox", "prompt": "a"}, "edit_search_and_replace"),
        ("edit_remove_background", {"image": "fox", "count": 2}, "count"),
        ("edit_remove_background", {"image": "missing.png"}, "missing.png"),
        ("job_wait", {"job_id": "a"}, "use jobs"),
        ("job_wait", {"seconds": 99}, "from 0 to 50"),
        ("media_show", {"media": []}, "media"),
        ("media_import", {"path": "a.png"}, "use file"),
        ("cost_estimate", {"tool": "generate_cor"}, '"generate_core"'),
        ("cost_estimate", {"tool": "generate_core", "arguments": {"prompt": 7}}, "prompt"),
        ("guide", {"topic": "cost"}, '"costs"'),
    ],
)
async def test_wrong_arguments_say_what_is_allowed(
    era: Era, tool: str, arguments: dict[str, object], expected: str, tmp_path: Path
) -> None:
    """Chosen: which argument, what was given, what is allowed, what was charged."""
    async with connected(tmp_path, era) as client:
        result = await client.call_tool(tool, arguments)

    error = refused(result)
    assert expected.strip('"') in error
    assert "Nothing was charged." in error
    assert "pydantic" not in error
    assert "Traceback" not in error
    assert (result.meta or {})["stability-mcp/error"]["charged"] == "not charged"


async def test_numbers_booleans_and_lists_may_be_strings(tmp_path: Path) -> None:
    """Documented (hosts): several send every argument as a string."""
    async with connected(tmp_path) as client:
        made = await client.call_tool(
            "generate_core", {"prompt": "a fox", "seed": "7", "count": "2", "label": "fox"}
        )
        shown = await client.call_tool("media_show", {"media": '["fox-1", "fox-2"]'})

    assert not made.is_error
    assert not shown.is_error


@both_eras
async def test_errors_suggest_a_similar_tool_or_how_to_enable_a_disabled_one(
    era: Era, tmp_path: Path
) -> None:
    """Chosen: a model may remember a tool from another conversation."""
    async with connected(tmp_path, era, toolsets=("edit",)) as client:
        unknown = refused(await client.call_tool("edit_inpant", {}))
        disabled = refused(await client.call_tool("upscale_fast", {}))

    assert 'Did you mean "edit_inpaint"' in unknown
    assert "STABILITY_TOOLSETS=edit,upscale" in disabled


async def test_a_bug_is_logged_but_its_details_are_not_returned(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """Chosen: a traceback doesn't help an agent and may contain private data."""

    @asynccontextmanager
    async def broken(settings: Settings) -> AsyncIterator[Studio]:
        raise ZeroDivisionError(f"cannot divide {settings.home_dir}")
        yield

    server = build_server(settings_in(tmp_path), open_studio=broken)
    with caplog.at_level(logging.ERROR):
        async with Client(server) as client:
            result = await client.call_tool("generate_core", {"prompt": "a fox"})
            alive = await client.call_tool("guide", {"topic": "files"})

    assert "a bug in stability-mcp (ZeroDivisionError)" in refused(result)
    assert "cannot divide" not in text(result)
    assert "cannot divide" in caplog.text
    assert not alive.is_error


async def test_a_store_that_cannot_be_opened_is_an_error_and_the_next_call_tries_again(
    tmp_path: Path,
) -> None:
    """Chosen: the user may repair it while the client is running."""
    attempts = 0

    @asynccontextmanager
    async def failing_once(settings: Settings) -> AsyncIterator[Studio]:
        nonlocal attempts
        attempts += 1
        if attempts == 1:
            async with anyio.create_task_group():
                raise ConfigurationError("The data folder is a file.", hint="Remove it.")
        async with open_studio(settings) as studio:
            yield studio

    server = build_server(settings_in(tmp_path), open_studio=failing_once)
    async with Client(server) as client:
        first = await client.call_tool("media_list", {})
        second = await client.call_tool("media_list", {})

    assert refused(first) == "The data folder is a file. Nothing was charged. Remove it."
    assert not second.is_error
    assert attempts == 2


def test_an_unknown_toolset_is_an_error_at_startup(tmp_path: Path) -> None:
    """Chosen: missing tools would look like a fault; an error at startup says what is wrong."""
    with pytest.raises(ConfigurationError, match="STABILITY_TOOLSETS"):
        build_server(settings_in(tmp_path, {"toolsets": ("upscail",)}))
