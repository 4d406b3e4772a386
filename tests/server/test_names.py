"""Conversations about names: each naming rule, as a user and a model would meet it."""

import re
import sqlite3
from contextlib import closing
from pathlib import Path

import anyio
import pytest
from mcp import Client

from stability_mcp.store.migrations import migrate
from support.imaging.sample_files import png
from support.server.in_memory import connected, data, facts, fine, refused, text
from support.store import frozen

pytestmark = pytest.mark.anyio

FOX = {"prompt": "a red fox", "label": "hero"}


async def _make(client: Client, label: str | None = None, **more: object) -> dict[str, str]:
    """Generate a picture and return its facts."""
    named = {} if label is None else {"label": label}
    made = fine(await client.call_tool("generate_core", {"prompt": "a fox", **named, **more}))
    item: dict[str, str] = facts(made)["media"][0]
    return item


async def _meaning(client: Client, reference: str) -> str:
    """Return the URI of the item that a reference means in `media_show`."""
    shown = fine(await client.call_tool("media_show", {"media": reference}))
    uri: str = facts(shown)["media"][0]["uri"]
    return uri


async def test_a_label_in_use_becomes_a_version_and_the_first_line_says_so(tmp_path: Path) -> None:
    """*Documented* (design): the file has the same name; the older file isn't touched."""
    async with connected(tmp_path) as client:
        first = await _make(client, "hero")
        old_bytes = await anyio.Path(first["path"]).read_bytes()
        answer = fine(await client.call_tool("generate_core", {"prompt": "a hare", **FOX}))
        second = facts(answer)["media"][0]

    assert second["label"] == "hero v2"
    assert Path(second["path"]).name == "hero v2.png"
    assert 'named hero v2 ("hero" exists)' in text(answer).splitlines()[0]
    assert Path(first["path"]).name == "hero.png"
    assert await anyio.Path(first["path"]).read_bytes() == old_bytes


async def test_the_next_edit_uses_the_newest_item_of_that_name(tmp_path: Path) -> None:
    """*Documented* (design): and the answer says which one that was."""
    async with connected(tmp_path) as client:
        await _make(client, "hero")
        second = await _make(client, "hero")
        cut = fine(await client.call_tool("edit_remove_background", {"image": "hero"}))

    line = text(cut).splitlines()[1]
    assert re.fullmatch(r"image: hero = hero v2, made \d\d:\d\d by generate_core", line)
    assert facts(cut)["sent"][0]["uri"] == second["uri"]


async def test_an_edit_without_a_label_does_not_change_what_the_name_means(tmp_path: Path) -> None:
    """*Documented* (design): it gets the next version of its input's root."""
    async with connected(tmp_path) as client:
        hero = await _make(client, "hero")
        cut = fine(await client.call_tool("edit_remove_background", {"image": "hero"}))
        again = fine(await client.call_tool("upscale_fast", {"image": "hero v2"}))

        labels = [item["label"] for each in (cut, again) for item in facts(each)["media"]]
        assert labels == ["hero v2", "hero v4", "hero v3"], "v4 is v3 with its transparency"
        assert await _meaning(client, "hero") == hero["uri"]
        newest = fine(
            await client.call_tool("edit_remove_background", {"image": "hero v2", "label": "hero"})
        )
        assert facts(newest)["media"][0]["label"] == "hero v5"
        assert await _meaning(client, "hero") == facts(newest)["media"][0]["uri"]


async def test_a_version_a_file_name_a_path_and_a_uri_mean_exactly_one_item(tmp_path: Path) -> None:
    """*Documented* (design): in every tool that takes media."""
    async with connected(tmp_path) as client:
        first = await _make(client, "hero")
        second = await _make(client, "hero")
        for item, names in ((first, ("hero v1", "hero.png")), (second, ("hero v2", "HERO_v2.PNG"))):
            for reference in (*names, item["path"], Path(item["path"]).as_uri(), item["uri"]):
                assert await _meaning(client, reference) == item["uri"], reference
                labelled = await client.call_tool(
                    "media_label", {"media": reference, "label": item["label"]}
                )
                assert data(labelled)["uri"] == item["uri"]
                found = fine(await client.call_tool("media_list", {"query": reference}))
                assert item["uri"] in text(found), reference
        await anyio.Path(first["path"]).unlink()

        assert await _meaning(client, first["path"]) == first["uri"]
        assert await _meaning(client, "hero.png") == first["uri"]


async def test_variants_are_a_series_and_one_of_them_is_picked(tmp_path: Path) -> None:
    """*Documented* (design): the bare name lists them and asks for one."""
    async with connected(tmp_path) as client:
        made = fine(await client.call_tool("generate_core", {**FOX, "count": 3}))
        later = fine(await client.call_tool("generate_core", {**FOX, "count": 2}))
        asked = refused(await client.call_tool("edit_remove_background", {"image": "hero"}))
        shown = refused(await client.call_tool("media_show", {"media": "HERO"}))
        picked = data(
            await client.call_tool("media_label", {"media": "hero v2-1", "label": "hero"})
        )
        cut = fine(await client.call_tool("edit_remove_background", {"image": "hero"}))

        assert [each["label"] for each in facts(made)["media"]] == ["hero-1", "hero-2", "hero-3"]
        assert [each["label"] for each in facts(later)["media"]] == ["hero v2-1", "hero v2-2"]
        assert 'named hero v2-1 and hero v2-2 ("hero" exists)' in text(later).splitlines()[0]
        assert "2 variants: hero v2-1 and hero v2-2" in asked
        assert "Nothing was charged" in asked
        assert "2 variants: hero v2-1 and hero v2-2" in shown
        assert picked["label"] == "hero v2"
        assert facts(cut)["sent"][0]["uri"] == picked["uri"]
        assert await _meaning(client, "hero-3") == facts(made)["media"][2]["uri"]


async def test_old_names_still_work_after_a_new_label(tmp_path: Path) -> None:
    """*Documented* (design): the conversation above still uses them."""
    async with connected(tmp_path) as client:
        hero = await _make(client, "hero")
        await client.call_tool("media_label", {"media": "hero", "label": "The fox"})
        await client.call_tool("media_label", {"media": "hero", "label": "Cover"})

        for name in ("hero", "the-fox", "COVER"):
            assert await _meaning(client, name) == hero["uri"]
            found = fine(await client.call_tool("media_list", {"query": name}))
            assert hero["uri"] in text(found)


async def test_any_text_is_a_label(tmp_path: Path) -> None:
    """*Documented* (design): the title keeps it; the file gets a safe form."""
    title = "Flour & Salt \u2013 final"
    async with connected(tmp_path) as client:
        made = await _make(client, title)
        again = await _make(client, title)
        long = await _make(client, "a very long title " * 10)

        assert (made["label"], Path(made["path"]).name) == (title, "Flour Salt - final.png")
        assert again["label"] == f"{title} v2"
        assert Path(again["path"]).name == "Flour Salt - final v2.png"
        assert long["label"] == ("a very long title " * 10).strip()
        assert len(Path(long["path"]).stem) <= 40
        for name in (title, "flour & salt-FINAL"):
            assert await _meaning(client, name) == again["uri"]
        for name in (f"{title} v1", made["path"], Path(made["path"]).name):
            assert await _meaning(client, name) == made["uri"]


async def test_a_unique_stem_of_a_file_is_that_file(tmp_path: Path) -> None:
    """*Documented* (design): as long as no item has the name."""
    (tmp_path / "Portrait of me.png").write_bytes(png((80, 80)))
    async with connected(tmp_path) as client:
        shown = fine(await client.call_tool("media_show", {"media": "Portrait of me"}))

        assert facts(shown)["media"][0]["width"] == 80


async def test_importing_a_file_never_changes_what_a_name_means(tmp_path: Path) -> None:
    """*Chosen*: the caller didn't choose the name of that file."""
    (tmp_path / "hero.png").write_bytes(png((80, 80)))
    async with connected(tmp_path) as client:
        hero = await _make(client, "hero")
        path = str(tmp_path / "hero.png")
        imported = fine(await client.call_tool("media_import", {"file": path}))

        assert facts(imported)["media"][0]["label"] == "hero v2"
        assert await _meaning(client, "hero") == hero["uri"]
        assert await _meaning(client, path) != hero["uri"]
        labelled = fine(await client.call_tool("media_import", {"file": path, "label": "hero"}))
        assert await _meaning(client, "hero") == facts(labelled)["media"][0]["uri"]


async def test_a_cached_result_gets_the_label_that_was_asked_for(tmp_path: Path) -> None:
    """*Chosen*: the caller uses that name from then on."""
    async with connected(tmp_path) as client:
        fine(await client.call_tool("generate_core", {"prompt": "a", "seed": 7, "label": "hero"}))
        again = fine(
            await client.call_tool("generate_core", {"prompt": "a", "seed": 7, "label": "cover"})
        )

        assert "Cached result" in text(again)
        assert facts(again)["media"][0]["label"] == "cover"
        assert await _meaning(client, "cover") == await _meaning(client, "hero")


async def test_labels_of_an_older_store_mean_what_they_meant(tmp_path: Path) -> None:
    """*Documented* (design): they keep their text, and an exact match wins."""
    home = frozen.thaw(frozen.STORES[4], tmp_path / "home" / "emulator")
    with closing(sqlite3.connect(home / "store.db", isolation_level=None)) as connection:
        migrate(connection, home)
        connection.execute(
            "UPDATE jobs SET state = 'failed', finished_at = 1 WHERE finished_at IS NULL"
        )
        old = dict(connection.execute("SELECT label, id FROM media WHERE label IS NOT NULL"))
    async with connected(tmp_path) as client:
        for label in ("hero", "Hero", "hero-2", "hero v2"):
            assert await _meaning(client, label) == f"media://{old[label]}"
        new = await _make(client, "hero")

        assert new["label"] == "hero v3"
        assert await _meaning(client, "hero") == new["uri"]
        assert await _meaning(client, "hero v2") == f"media://{old['hero v2']}"


async def test_a_label_that_hides_words_is_noted(tmp_path: Path) -> None:
    """Chosen: any text is a label, but "latest" then no longer means the newest item."""
    async with connected(tmp_path) as client:
        await _make(client, "hero")
        hiding = data(await client.call_tool("media_label", {"media": "hero", "label": "latest"}))
        plain = data(await client.call_tool("media_label", {"media": "hero", "label": "fox"}))

    assert hiding["note"] == 'from now on "latest" means this item, not what the words say'
    assert "note" not in plain
