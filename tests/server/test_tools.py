"""Results of the hand-written tools."""

from pathlib import Path

import pytest
from mcp import Client

from stability_mcp import __version__
from stability_mcp.server.app import build_server
from stability_mcp.server.catalog import all_tools, from_code
from support.client.canned_server import answer, upstream
from support.imaging import sample_files
from support.server.in_memory import (
    Era,
    both_eras,
    connected,
    data,
    facts,
    fine,
    pictures,
    refused,
    settings_in,
    text,
)

pytestmark = pytest.mark.anyio


@both_eras
async def test_cost_estimate_prices_a_call_without_sending_it(era: Era, tmp_path: Path) -> None:
    """Documented: the price of sd3 depends on its model; 1 credit is 0.01 USD."""
    call = {"prompt": "a fox", "model": "sd3.5-flash", "count": "4", "label": "fox"}
    async with connected(tmp_path, era) as client:
        priced = data(
            await client.call_tool("cost_estimate", {"tool": "generate_sd3", "arguments": call})
        )
        jobs = data(await client.call_tool("job_list", {}))["jobs"]

    assert (priced["each"], priced["count"], priced["total"]) == (2.5, 4, 10)
    assert priced["usd"] == 0.1
    assert priced["fits_budget"] is True
    assert jobs == [], "nothing was sent"


async def test_cost_estimate_accepts_missing_files(tmp_path: Path) -> None:
    """Chosen: a plan is priced before its first step has run."""
    call = {"image": "made by an earlier step"}
    async with connected(tmp_path) as client:
        priced = data(
            await client.call_tool("cost_estimate", {"tool": "upscale_fast", "arguments": call})
        )

    assert priced["total"] == 2


@both_eras
async def test_the_status_shows_the_configuration(era: Era, tmp_path: Path) -> None:
    """Chosen: what a person checks first."""
    async with connected(tmp_path, era, toolsets=("edit", "media")) as client:
        status = data(await client.call_tool("server_status", {}))

    assert status["note"].startswith("NO API KEY")
    assert "budget" not in status
    assert status["version"] == __version__
    assert status["emulated"] is True
    assert status["balance"] > 0
    assert status["roots"] == [str(tmp_path)]
    assert status["toolsets"] == ["edit", "media"]
    assert status["client"]


async def test_server_status_says_where_to_correct_a_rejected_key(tmp_path: Path) -> None:
    """Documented: 401 is an invalid key. Hosts read their configuration only on startup."""
    body: dict[str, object] = {"id": "1", "name": "unauthorized", "errors": ["invalid key"]}
    with upstream(answer(401, body)) as served:
        settings = settings_in(tmp_path, {"api_key": "sk-wrong", "base_url": served.url})
        async with Client(build_server(settings)) as client:
            status = data(await client.call_tool("server_status", {}))

    assert status["note"] == (
        "The API rejected this key. It comes from the environment. Set a valid STABILITY_API_KEY "
        "in the MCP client's configuration of this server and restart it."
    )
    assert status["balance_note"] == "The API rejected this key."
    assert "balance" not in status
    assert status["budget"] == 500


@both_eras
async def test_a_file_is_imported_named_and_shown(era: Era, tmp_path: Path) -> None:
    """Chosen: an agent that imports a file needs to see it."""
    sample_files.save(tmp_path / "photo.jpg", sample_files.jpeg((300, 200)))
    async with connected(tmp_path, era) as client:
        imported = fine(
            await client.call_tool("media_import", {"file": "photo.jpg", "label": "the photo"})
        )

    assert text(imported).startswith("media_import: 1 picture, free\n")
    assert "size: 300x200 JPEG" in text(imported)
    assert facts(imported)["media"][0]["label"] == "the photo"
    assert len(pictures(imported)) == 1
    assert "cost" not in (imported.meta or {})


@both_eras
async def test_a_label_that_is_taken_becomes_its_next_version(era: Era, tmp_path: Path) -> None:
    """*Documented* (design): nothing loses its label; the root means the newest."""
    async with connected(tmp_path, era) as client:
        fine(await client.call_tool("generate_core", {"prompt": "a fox", "label": "hero"}))
        second = fine(await client.call_tool("generate_core", {"prompt": "a hare"}))
        uri = facts(second)["media"][0]["uri"]
        moved = data(await client.call_tool("media_label", {"media": uri, "label": "hero"}))
        listed = data(await client.call_tool("media_list", {}))["media"]

    assert (moved["uri"], moved["label"]) == (uri, "hero v2")
    assert moved["note"] == 'named hero v2 ("hero" exists)'
    assert [each.get("label") for each in listed] == ["hero v2", "hero"]


async def test_a_blank_label_is_rejected(tmp_path: Path) -> None:
    """*Chosen*: any text is a label, but it needs a visible character."""
    async with connected(tmp_path) as client:
        fine(await client.call_tool("generate_core", {"prompt": "a fox", "label": "hero"}))
        result = await client.call_tool("media_label", {"media": "hero", "label": "\u200b"})

    assert "label" in refused(result)


@both_eras
async def test_lists_come_in_pages(era: Era, tmp_path: Path) -> None:
    """Chosen: thousands of rows must not fill the context."""
    async with connected(tmp_path, era) as client:
        fine(await client.call_tool("generate_core", {"prompt": "a fox", "count": 3}))
        for tool, key in (("media_list", "media"), ("job_list", "jobs")):
            first = data(await client.call_tool(tool, {"limit": 2}))
            more = {"limit": 2, "cursor": first["next_cursor"]}
            second = data(await client.call_tool(tool, more))

            assert (len(first[key]), len(second[key])) == (2, 1)
            assert "next_cursor" not in second
            assert not {e["id"] for e in first[key]} & {e["id"] for e in second[key]}


async def test_the_former_names_of_cursors_still_work(tmp_path: Path) -> None:
    """Documented (CHANGELOG): `before` and `next` for one more release; `cursor` wins."""
    async with connected(tmp_path) as client:
        fine(await client.call_tool("generate_core", {"prompt": "a fox", "count": 3}))
        for tool, key in (("media_list", "media"), ("job_list", "jobs")):
            first = data(await client.call_tool(tool, {"limit": 1}))
            assert first["next"] == first["next_cursor"]
            second = data(await client.call_tool(tool, {"limit": 1, "before": first["next"]}))
            both = {"limit": 1, "before": first["next"], "cursor": second["next_cursor"]}
            third = data(await client.call_tool(tool, both))

            shown = [page[key][0]["id"] for page in (first, second, third)]
            assert len(set(shown)) == 3
            assert "next" not in third


def test_tools_are_built_from_the_code_without_files(tmp_path: Path) -> None:
    """Chosen: a copy of only the sources still runs."""
    assert all_tools((tmp_path,)) == from_code()
