"""Errors: text that an agent can act on, marked as errors, without our insides."""

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
    ("tool", "arguments", "said"),
    [
        ("generate_core", {}, '"prompt"'),
        ("generate_core", {"prompt": "a", "aspect_ratio": "7:3"}, '"21:9"'),
        ("generate_core", {"prompt": "a", "count": 9}, "from 1 to 8"),
        ("generate_core", {"prompt": "a", "label": "x" * 41}, "at most 40 characters"),
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
    era: Era, tool: str, arguments: dict[str, object], said: str, tmp_path: Path
) -> None:
    """Chosen: which argument, what was given, what is allowed, what was charged."""
    async with connected(tmp_path, era) as client:
        result = await client.call_tool(tool, arguments)

    told = refused(result)
    assert said.strip('"') in told
    assert "Nothing was charged." in told
    assert "pydantic" not in told
    assert "Traceback" not in told
    assert (result.meta or {})["stability-mcp/error"]["charged"] == "not charged"


async def test_numbers_booleans_and_lists_may_come_as_text(tmp_path: Path) -> None:
    """Documented (hosts): several send every argument as a string."""
    async with connected(tmp_path) as client:
        made = await client.call_tool(
            "generate_core", {"prompt": "a fox", "seed": "7", "count": "2", "label": "fox"}
        )
        shown = await client.call_tool("media_show", {"media": '["fox-1", "fox-2"]'})

    assert not made.is_error
    assert not shown.is_error


@both_eras
async def test_an_unknown_tool_guesses_and_a_hidden_one_says_how_to_get_it(
    era: Era, tmp_path: Path
) -> None:
    """Chosen: a model may remember a tool from another conversation."""
    async with connected(tmp_path, era, toolsets=("edit",)) as client:
        unknown = refused(await client.call_tool("edit_inpant", {}))
        hidden = refused(await client.call_tool("upscale_fast", {}))

    assert 'Did you mean "edit_inpaint"' in unknown
    assert "STABILITY_TOOLSETS=edit,upscale" in hidden


async def test_a_bug_of_ours_is_logged_and_its_insides_are_not_told(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """Chosen: a traceback helps no agent, and may hold what must not leave."""

    @asynccontextmanager
    async def broken(settings: Settings) -> AsyncIterator[Studio]:
        raise ZeroDivisionError(f"inside of {settings.home_dir}")
        yield

    server = build_server(settings_in(tmp_path), open_studio=broken)
    with caplog.at_level(logging.ERROR):
        async with Client(server) as client:
            result = await client.call_tool("generate_core", {"prompt": "a fox"})
            alive = await client.call_tool("guide", {"topic": "files"})

    assert "a bug in stability-mcp (ZeroDivisionError)" in refused(result)
    assert "inside of" not in text(result)
    assert "inside of" in caplog.text
    assert not alive.is_error


async def test_a_store_that_cannot_be_opened_is_an_error_and_is_tried_again(
    tmp_path: Path,
) -> None:
    """Chosen: the person may mend it while the host runs."""
    tried = 0

    @asynccontextmanager
    async def failing_once(settings: Settings) -> AsyncIterator[Studio]:
        nonlocal tried
        tried += 1
        if tried == 1:
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
    assert tried == 2


def test_an_unknown_toolset_is_refused_at_the_start(tmp_path: Path) -> None:
    """Chosen: a server with too few tools looks broken, an error at the start is read."""
    with pytest.raises(ConfigurationError, match="STABILITY_TOOLSETS"):
        build_server(settings_in(tmp_path, {"toolsets": ("upscail",)}))
