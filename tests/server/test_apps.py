"""MCP Apps: which tools name a page, what it is, and that no answer depends on it."""

import json
from pathlib import Path
from typing import Any

import pytest
from mcp import Client
from mcp.client.extension import advertise
from mcp.shared.exceptions import MCPError
from mcp.types import TextResourceContents

from stability_mcp.server.apps import APPS, MEDIA_TYPE
from stability_mcp.server.catalog import all_tools
from stability_mcp.server.definition import SPENDS
from support.imaging import sample_files as make
from support.server.in_memory import Era, both_eras, connected, fine

HOST = advertise(APPS, {"mimeTypes": [MEDIA_TYPE]})
PAGES = {"media_show": "viewer", "image_compare": "compare", "image_mask": "mask"}
MAX_PAGE_BYTES = 60_000
"""Chosen: a host loads it for every answer that it draws."""
MAX_META_BYTES = 400
"""Chosen: what the whole list carries for Apps; it is sent to every client."""


async def _named(client: Client) -> dict[str, str]:
    """Return the URI of each tool's App; both of its places must agree."""
    found = {}
    for tool in (await client.list_tools()).tools:
        if tool.meta is not None:
            assert tool.meta.keys() == {"ui", "ui/resourceUri"}
            assert tool.meta["ui"] == {"resourceUri": tool.meta["ui/resourceUri"]}
            found[tool.name] = tool.meta["ui/resourceUri"]
    return found


@pytest.mark.anyio
@both_eras
async def test_a_host_finds_the_extension_and_a_page_for_three_tools(
    era: Era, tmp_path: Path
) -> None:
    """Documented (2026-01-26): hosts look for the extension, then for the tools' pages."""
    async with connected(tmp_path, era, extensions=[HOST], toolsets=("all",)) as client:
        extensions = client.server_capabilities.extensions or {}
        named = await _named(client)
        pages = {uri: (await client.read_resource(uri)).contents for uri in named.values()}

    assert extensions[APPS] == {}
    assert named == {tool: f"ui://stability/{page}.html" for tool, page in PAGES.items()}
    for [page] in pages.values():
        assert isinstance(page, TextResourceContents)
        assert page.mime_type == MEDIA_TYPE
        assert page.text.startswith("<!doctype html>")
        assert len(page.text.encode()) <= MAX_PAGE_BYTES
        assert page.meta is None, "a domain or a policy of our own breaks some hosts"
    assert not (tmp_path / "home").exists(), "a page must not open the store"


@pytest.mark.anyio
@both_eras
async def test_apps_can_be_turned_off(era: Era, tmp_path: Path) -> None:
    """Chosen: STABILITY_APPS=off leaves no trace."""
    async with connected(tmp_path, era, extensions=[HOST], apps="off") as client:
        assert APPS not in (client.server_capabilities.extensions or {})
        assert await _named(client) == {}
        with pytest.raises(MCPError, match="There is no resource"):
            await client.read_resource("ui://stability/viewer.html")


@pytest.mark.anyio
async def test_paid_tools_get_a_viewer_only_if_it_is_asked_for(tmp_path: Path) -> None:
    """Chosen: where mounting fails, some models say that the user can see the result already."""
    async with connected(tmp_path, apps="all", toolsets=("all",)) as client:
        named = await _named(client)

    paid = {name for name, each in all_tools().items() if each.annotations == SPENDS}
    assert named.keys() == PAGES.keys() | paid
    assert {named[name] for name in paid} == {"ui://stability/viewer.html"}


@pytest.mark.anyio
async def test_the_tool_list_hardly_grows(tmp_path: Path) -> None:
    """Chosen: models never see `_meta`, but it is sent to every client."""
    async with connected(tmp_path) as client:
        metas = [each.meta for each in (await client.list_tools()).tools if each.meta]

    assert sum(len(json.dumps(each, separators=(",", ":"))) for each in metas) <= MAX_META_BYTES


@pytest.mark.anyio
@pytest.mark.parametrize(
    "uri", ["ui://stability/../settings.html", "ui://stability/viewer", "ui://other/viewer.html"]
)
async def test_no_other_file_is_a_page(uri: str, tmp_path: Path) -> None:
    """Chosen: a name never reaches the file system."""
    async with connected(tmp_path) as client:
        with pytest.raises(MCPError, match="There is no resource"):
            await client.read_resource(uri)


async def _answers(folder: Path, era: Era, apps: str, *, host: bool) -> list[dict[str, Any]]:
    """Return the answers to calls that don't depend on the time, and the instructions."""
    calls: list[tuple[str, dict[str, Any]]] = [
        ("media_show", {"media": ["before.png", "after.png"]}),
        ("image_compare", {"before": "before.png", "after": "after.png"}),
        (
            "image_mask",
            {"image": "before.png", "shapes": [{"shape": "rectangle", "box": [0, 0, 9, 9]}]},
        ),
    ]
    extensions = [HOST] if host else []
    async with connected(folder, era, apps=apps, extensions=extensions) as client:
        answers = [fine(await client.call_tool(*call)).model_dump(mode="json") for call in calls]
        return [*answers, {"instructions": client.instructions}]


@pytest.mark.anyio
@both_eras
async def test_answers_are_identical_with_and_without_apps(era: Era, tmp_path: Path) -> None:
    """Chosen: most hosts mount no App, and a model must not learn from the text that one would."""
    (tmp_path / "before.png").write_bytes(make.png((64, 48)))
    (tmp_path / "after.png").write_bytes(make.png((64, 48), noise=True))
    await _answers(tmp_path, era, "off", host=False)  # later calls find the files imported

    without = await _answers(tmp_path, era, "off", host=False)

    assert without == await _answers(tmp_path, era, "tools", host=True)
    assert without == await _answers(tmp_path, era, "all", host=True)
    assert without == await _answers(tmp_path, era, "tools", host=False)
