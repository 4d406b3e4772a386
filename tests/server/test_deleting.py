"""Conversations about deleting media and bringing them back."""

from pathlib import Path

import anyio
import pytest
from mcp import Client

from support.imaging.sample_files import png
from support.server.in_memory import Gate, connected, data, facts, fine, refused, text
from support.store.rows import change, rows

pytestmark = pytest.mark.anyio


async def _make(client: Client, label: str, **more: object) -> dict[str, str]:
    made = fine(
        await client.call_tool("generate_core", {"prompt": "a fox", "label": label, **more})
    )
    item: dict[str, str] = facts(made)["media"][0]
    return item


async def _delete(client: Client, *media: str) -> str:
    return text(fine(await client.call_tool("media_delete", {"media": list(media)})))


async def _restore(client: Client, *media: str) -> str:
    found = await client.call_tool("media_delete", {"media": list(media), "restore": True})
    return text(fine(found))


async def _refused(client: Client, media: object, **more: object) -> str:
    return refused(await client.call_tool("media_delete", {"media": media, **more}))


async def test_deleted_media_are_gone_and_their_files_and_results_stay(tmp_path: Path) -> None:
    """*Chosen*: the copy in the output folder belongs to the user."""
    async with connected(tmp_path) as client:
        hero = await _make(client, "hero")
        fine(await client.call_tool("edit_remove_background", {"image": "hero", "label": "cut"}))
        answer = await _delete(client, "hero")
        gone = refused(await client.call_tool("media_show", {"media": hero["uri"]}))
        listing = text(await client.call_tool("media_list", {}))
        shown = text(fine(await client.call_tool("media_show", {"media": "cut"})))

        assert await anyio.Path(hero["path"]).is_file()
        assert f"its file stays: {hero['path']}" in answer
        assert "made from this, not deleted: cut" in answer
        assert "media_delete with restore true brings back what you name until 20" in answer
        assert "was deleted at 20" in gone
        assert "media_delete with restore true brings it back" in gone
        assert hero["uri"] not in listing
        assert "cut <- edit_remove_background <- hero (deleted) <- generate_core" in shown


async def test_restored_media_have_their_names_tags_and_bytes(tmp_path: Path) -> None:
    """*Chosen*: as if it had never been deleted."""
    async with connected(tmp_path) as client:
        hero = await _make(client, "hero")
        before = await client.read_resource(hero["uri"])
        named = {"media": "hero", "label": "cover", "tags": ["sea"]}
        fine(await client.call_tool("media_label", named))
        await _delete(client, "cover")
        answer = await _restore(client, "hero")  # an old name
        after = await client.read_resource(hero["uri"])

        assert answer.splitlines()[0] == "media_delete: 1 item restored, free"
        for name in ("hero", "cover", hero["path"]):
            shown = facts(fine(await client.call_tool("media_show", {"media": name})))
            assert (shown["media"][0]["uri"], shown["media"][0]["label"]) == (hero["uri"], "cover")
            assert shown["media"][0]["tags"] == ["sea"]
        assert after.contents == before.contents


async def test_a_name_that_was_taken_meanwhile_stays_with_its_new_item(tmp_path: Path) -> None:
    """*Chosen*: the restored item gets the next version, and the answer says so."""
    async with connected(tmp_path) as client:
        old = await _make(client, "hero")
        await _delete(client, "hero")
        new = await _make(client, "hero")
        answer = await _restore(client, old["uri"])
        shown = facts(fine(await client.call_tool("media_show", {"media": ["hero", "hero v2"]})))

        assert new["label"] == "hero"
        assert f'hero v2  {old["uri"]}  "hero" is another item now' in answer
        assert [item["uri"] for item in shown["media"]] == [new["uri"], old["uri"]]


async def test_one_bad_reference_deletes_nothing(tmp_path: Path) -> None:
    """*Chosen*: all or none, for deleting and for restoring."""
    async with connected(tmp_path) as client:
        hero = await _make(client, "hero")
        fine(await client.call_tool("generate_core", {"prompt": "a", "label": "s", "count": 2}))
        unknown = await _refused(client, ["hero", "nothing"])
        ambiguous = await _refused(client, ["hero", "s"])
        fine(await client.call_tool("media_show", {"media": "hero"}))
        await _delete(client, "hero", hero["uri"])  # the same one counts once
        again = await _refused(client, "hero")
        half = await _refused(client, ["hero", "nothing"], restore=True)

        assert "Nothing was deleted" in unknown
        assert "s-1 and s-2" in ambiguous
        assert 'No media is called "hero"' in again
        assert 'No deleted media is called "nothing"' in half
        assert hero["uri"] not in text(await client.call_tool("media_list", {}))


async def test_several_deleted_media_of_one_name_are_listed(tmp_path: Path) -> None:
    """*Chosen*: the times tell them apart."""
    async with connected(tmp_path) as client:
        uris = []
        for _ in range(2):
            uris.append((await _make(client, "hero"))["uri"])
            await _delete(client, "hero")
        asked = await _refused(client, "hero", restore=True)

        assert '2 deleted media were called "hero"' in asked
        assert all(uri in asked for uri in uris)
        assert "hero" in await _restore(client, uris[0])


async def test_a_deleted_result_never_answers_from_the_cache(tmp_path: Path) -> None:
    """*Chosen*: the user didn't want it; once restored, it does again."""
    async with connected(tmp_path) as client:
        first = await _make(client, "hero", seed=7)
        await _delete(client, "hero")
        second = await _make(client, "hero", seed=7)
        await _delete(client, second["uri"])
        await _restore(client, first["uri"])
        third = fine(await client.call_tool("generate_core", {"prompt": "a fox", "seed": 7}))

        assert first["uri"] != second["uri"]
        assert "Cached result" in text(third)
        assert facts(third)["media"][0]["uri"] == first["uri"]


async def test_the_input_of_an_unfinished_job_is_not_deleted(tmp_path: Path) -> None:
    """*Chosen*: nothing that may be charged loses its input, also if that was fitted."""
    gate = Gate()
    (tmp_path / "big.png").write_bytes(png((1600, 1200)))
    async with connected(tmp_path, gate=gate, wait=0.1) as client:
        fine(await client.call_tool("media_import", {"file": "big.png"}))
        running = fine(await client.call_tool("upscale_fast", {"image": "big"}))
        [job] = [each["id"] for each in facts(running)["jobs"]]
        why = await _refused(client, "big")
        gate.open()
        fine(await client.call_tool("job_wait", {"jobs": [job]}))
        answer = await _delete(client, "big")

        assert f"can't be deleted while job {job} uses it. Nothing was deleted." in why
        assert f'job_wait with jobs ["{job}"]' in why
        assert "made from this, not deleted: big v2" in answer
    home = tmp_path / "home" / "emulator"
    # the picture that was fitted for sending went with its original
    assert rows(home, "SELECT origin FROM media WHERE deleted_at IS NULL") == [("generated",)]


async def test_waiting_for_a_job_says_that_its_result_was_deleted(tmp_path: Path) -> None:
    """*Chosen*: its charge is still shown."""
    async with connected(tmp_path) as client:
        hero = await _make(client, "hero")
        await _delete(client, "hero")
        answer = text(fine(await client.call_tool("job_wait", {"jobs": [hero["job"]]})))

        assert answer.startswith("job_wait: 1 result deleted, 3 credits")


async def test_two_servers_on_one_store_see_the_same(tmp_path: Path) -> None:
    """*Documented* (design): what one deletes, the other restores."""
    async with connected(tmp_path) as one, connected(tmp_path) as two:
        hero = await _make(one, "hero")
        await _delete(two, "hero")
        assert "was deleted" in refused(await one.call_tool("media_show", {"media": hero["uri"]}))
        async with anyio.create_task_group() as group:
            for client in (one, two):
                group.start_soon(_restore_once, client, hero["uri"])
        fine(await one.call_tool("media_show", {"media": "hero"}))
        fine(await two.call_tool("media_show", {"media": "hero"}))


async def _restore_once(client: Client, uri: str) -> None:
    """Restore an item that another client may have restored just before."""
    answer = await client.call_tool("media_delete", {"media": uri, "restore": True})
    assert not answer.is_error or "deleted media" in text(answer) or "meanwhile" in text(answer)


async def test_lost_bytes_are_reported_before_anything_is_restored(tmp_path: Path) -> None:
    """*Chosen*: a restored item always has its bytes."""
    async with connected(tmp_path) as client:
        hero = await _make(client, "hero")
        await _delete(client, "hero")
        change(tmp_path / "home" / "emulator", "UPDATE blobs SET bytes = bytes + 1")
        why = await _refused(client, hero["uri"], restore=True)

        assert "its bytes are gone. Nothing was restored." in why


async def test_the_tool_says_that_it_is_destructive(tmp_path: Path) -> None:
    """*Documented* (MCP): hosts ask the user before such a tool."""
    async with connected(tmp_path) as client:
        tools = {tool.name: tool for tool in (await client.list_tools()).tools}
        hero = await _make(client, "hero")
        deleted = fine(await client.call_tool("media_delete", {"media": "hero"}))

        assert tools["media_delete"].annotations is not None
        assert tools["media_delete"].annotations.destructive_hint
        found = deleted.structured_content or {}
        assert [item["uri"] for item in found["deleted"]] == [hero["uri"]]
        assert found["restorable_until"] > hero["created"]
        assert data(await client.call_tool("media_list", {}))["media"] == []


async def test_undo_never_deletes_what_should_be_gone_back_to(tmp_path: Path) -> None:
    """*Chosen*: `undo` means the item before the edit; the edit itself has a name."""
    async with connected(tmp_path) as client:
        hero = await _make(client, "hero")
        fine(await client.call_tool("edit_remove_background", {"image": "hero", "label": "cut"}))
        errors = [await _refused(client, each) for each in ("undo", ["cut", "'Undo that'"])]
        await _delete(client, "latest")
        listing = text(await client.call_tool("media_list", {}))
        await _make(client, "undo")
        deleted = await _delete(client, "undo")

    for error in errors:
        assert "Nothing was deleted. Nothing was charged." in error
        assert 'pass "latest" or its label' in error
    assert hero["uri"] in listing
    assert "cut " not in listing
    assert "undo  media://" in deleted


async def test_a_deleted_copy_is_not_reported_as_kept(tmp_path: Path) -> None:
    """*Chosen*: an answer names no file that isn't there."""
    async with connected(tmp_path) as client:
        hero = await _make(client, "hero")
        await anyio.Path(hero["path"]).unlink()
        deleted = await _delete(client, "hero")

    assert f"hero  {hero['uri']}" in deleted
    assert "its file stays" not in deleted


async def test_importing_the_copy_of_deleted_media_says_how_to_restore_them(tmp_path: Path) -> None:
    """*Chosen*: the copy is a file of the user and may be used; it has no history."""
    async with connected(tmp_path) as client:
        hero = await _make(client, "hero")
        await _delete(client, "hero")
        shown = text(fine(await client.call_tool("media_show", {"media": "hero"})))
        again = text(fine(await client.call_tool("media_show", {"media": "hero"})))
        restored = await _restore(client, hero["uri"])

    assert "imported now" in shown
    assert f'the copy of "hero", which was deleted: media_delete with media {hero["uri"]}' in shown
    assert "deleted" not in again
    assert f"hero v2  {hero['uri']}" in restored
