"""Conversations about tags, and lists of what belongs together."""

from pathlib import Path

import pytest
from mcp import Client

from support.imaging.sample_files import png
from support.server.in_memory import connected, data, facts, fine, refused, text

pytestmark = pytest.mark.anyio


async def _import(client: Client, folder: Path, name: str) -> dict[str, str]:
    path = folder / f"{name}.png"
    path.write_bytes(png((sum(map(ord, name)), 80)))
    found = fine(await client.call_tool("media_import", {"file": str(path)}))
    item: dict[str, str] = facts(found)["media"][0]
    return item


async def _listed(client: Client, **filters: object) -> list[str]:
    """Return the labels in a list."""
    page = data(fine(await client.call_tool("media_list", filters)))
    return [item["label"] for item in page["media"]]


async def test_tags_are_set_listed_matched_like_names_and_removed(tmp_path: Path) -> None:
    """*Chosen*: any text; case, spaces and hyphens don't matter; the whole set is replaced."""
    async with connected(tmp_path) as client:
        for name in ("fox", "hare", "owl"):
            await _import(client, tmp_path, name)
        for name, tags in (("fox", ["Summer 26", "cover", "SUMMER-26"]), ("owl", "summer26")):
            labelled = fine(await client.call_tool("media_label", {"media": name, "tags": tags}))
        shown = text(fine(await client.call_tool("media_show", {"media": "fox"})))
        listing = text(fine(await client.call_tool("media_list", {})))

        assert data(labelled)["tags"] == ["summer26"]
        assert "tags: Summer 26, cover" in shown.splitlines()
        assert "tags: Summer 26, cover" in listing
        assert await _listed(client, tag="summer-26") == ["owl", "fox"]
        assert await _listed(client, tag="Summer 26", query="fox") == ["fox"]
        assert await _listed(client, tag="summer 26", kind="audio") == []
        assert await _listed(client, tag="summer 26", since="1h") == ["owl", "fox"]
        assert await _listed(client, tag="winter") == []

        fine(await client.call_tool("media_label", {"media": "fox", "tags": []}))
        assert await _listed(client, tag="Summer 26") == ["owl"]


async def test_a_list_by_tag_has_pages(tmp_path: Path) -> None:
    """*Chosen*: the same cursors as every list."""
    async with connected(tmp_path) as client:
        for name in ("a", "bb", "ccc"):
            await _import(client, tmp_path, name)
            fine(await client.call_tool("media_label", {"media": name, "tags": ["sea"]}))
        first = data(fine(await client.call_tool("media_list", {"tag": "sea", "limit": 2})))
        rest = await _listed(client, tag="sea", limit=2, cursor=first["next_cursor"])

        assert [item["label"] for item in first["media"]] == ["ccc", "bb"]
        assert rest == ["a"]


async def test_label_and_tags_can_be_set_in_one_call(tmp_path: Path) -> None:
    """*Chosen*: one of both is needed, and an invalid tag changes nothing."""
    async with connected(tmp_path) as client:
        await _import(client, tmp_path, "fox")
        both = {"media": "fox", "label": "hero", "tags": ["cover"]}
        labelled = data(fine(await client.call_tool("media_label", both)))
        neither = refused(await client.call_tool("media_label", {"media": "hero"}))
        wrong = [
            refused(await client.call_tool("media_label", {**both, "label": "x", "tags": tags}))
            for tags in ([" "], ["t" * 41], [f"t{n}" for n in range(21)])
        ]

        assert (labelled["label"], labelled["tags"]) == ("hero", ["cover"])
        assert "needs label or tags" in neither
        assert "is blank" in wrong[0]
        assert "has 41 characters; the maximum is 40" in wrong[1]
        assert "20" in wrong[2]
        shown = facts(fine(await client.call_tool("media_show", {"media": "hero"})))
        assert shown["media"][0]["tags"] == ["cover"]


async def test_used_in_lists_the_inputs_and_their_inputs(tmp_path: Path) -> None:
    """*Chosen*: without pictures that were fitted for sending; deleted ones are left out."""
    async with connected(tmp_path) as client:
        await _import(client, tmp_path, "fox")
        await _import(client, tmp_path, "other")
        fine(await client.call_tool("upscale_fast", {"image": "fox"}))
        fine(await client.call_tool("edit_remove_background", {"image": "fox v2", "label": "cut"}))
        fine(await client.call_tool("media_label", {"media": "fox", "tags": ["mine"]}))

        assert await _listed(client, used_in="cut") == ["fox v2", "fox"]
        assert await _listed(client, used_in="cut", tag="mine") == ["fox"]
        assert await _listed(client, used_in="fox") == []
        missing = refused(await client.call_tool("media_list", {"used_in": "nothing"}))
        assert 'No media is called "nothing"' in missing
        fine(await client.call_tool("media_delete", {"media": "fox v2"}))
        assert await _listed(client, used_in="cut") == ["fox"]


async def test_tags_in_one_text_are_separated_by_commas(tmp_path: Path) -> None:
    """*Chosen*: models write lists as text; a text of commas removes none."""
    async with connected(tmp_path) as client:
        await _import(client, tmp_path, "fox")
        one = {"media": "fox", "tags": " sea, boat ,"}
        labelled = data(fine(await client.call_tool("media_label", one)))
        blank = refused(await client.call_tool("media_label", {"media": "fox", "tags": " , "}))

        assert labelled["tags"] == ["sea", "boat"]
        assert 'The tag "" is blank. Nothing was charged.' in blank
        assert await _listed(client, tag="boat") == ["fox"]
