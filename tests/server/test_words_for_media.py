"""Conversations in which media are named by words instead of labels."""

import re
from pathlib import Path

import anyio
import pytest
from mcp import Client

import support.imaging.sample_files as make
from support.server.in_memory import Era, both_eras, connected, facts, fine, refused, text
from support.store.rows import change

pytestmark = pytest.mark.anyio


async def _make(client: Client, prompt: str, **more: object) -> str:
    """Generate a picture and return its URI."""
    made = fine(await client.call_tool("generate_core", {"prompt": prompt, **more}))
    uri: str = facts(made)["media"][0]["uri"]
    return uri


async def _cut(
    client: Client, image: str, tool: str = "edit_remove_background", **more: object
) -> tuple[str, str, str]:
    """Edit what a reference means; return the URIs of source and result, and the note."""
    edited = fine(await client.call_tool(tool, {"image": image, **more}))
    found = facts(edited)
    return found["sent"][0]["uri"], found["media"][0]["uri"], found["inputs"][0]


async def _shown(client: Client, *references: str) -> list[str]:
    shown = fine(await client.call_tool("media_show", {"media": list(references)}))
    return [each["uri"] for each in facts(shown)["media"]]


async def _refused(client: Client, image: str) -> str:
    why = refused(await client.call_tool("edit_remove_background", {"image": image}))
    assert "Nothing was charged." in why
    return why


def _age(home: Path, uri: str, days: float) -> None:
    """Move an item into the past."""
    sql = "UPDATE media SET created_at = created_at - ? * 86400 WHERE id = ?"
    change(home / "home" / "emulator", sql, days, uri.removeprefix("media://"))


def _delete(home: Path, uri: str) -> None:
    sql = "UPDATE media SET deleted_at = created_at WHERE id = ?"
    change(home / "home" / "emulator", sql, uri.removeprefix("media://"))


@both_eras
async def test_the_latest_is_of_the_kind_that_the_argument_takes(era: Era, tmp_path: Path) -> None:
    """Chosen: a sound made last isn't the last image; the answer says what was taken."""
    async with connected(tmp_path, era) as client:
        await _make(client, "a hare")
        fox = await _make(client, "a fox", label="Fox")
        sound = {"prompt": "rain", "duration": 5, "label": "rain"}
        rain = fine(await client.call_tool("audio2_text_to_audio", sound))

        for words in ("latest", "the last image", "'the newest picture'", "last generated"):
            source, _, note = await _cut(client, words)
            if words == "latest":
                assert source == fox
                assert re.fullmatch(r"image: latest = Fox, made \d\d:\d\d by generate_core", note)
        assert await _shown(client, "the last sound") == [facts(rain)["media"][0]["uri"]]
        why = await _refused(client, "the last track")
        assert "image takes a picture" in why


async def test_the_previous_one_is_the_one_before_the_latest(tmp_path: Path) -> None:
    """Chosen: so that an agent can go through recent media without a list."""
    async with connected(tmp_path) as client:
        uris = [await _make(client, prompt) for prompt in ("a fox", "a hare", "a wren")]
        (tmp_path / "photo.png").write_bytes(make.png())
        photo = await client.call_tool("media_import", {"file": "photo.png"})

        found = await _shown(client, "latest", "the previous one", "the last result", "last upload")
        photo_uri = facts(fine(photo))["media"][0]["uri"]
        assert found == [photo_uri, uris[2], uris[2], photo_uri]
        why = refused(await client.call_tool("media_show", {"media": "the last two images"}))
        assert "Pass them one by one" in why


async def test_a_label_and_a_file_come_before_words(tmp_path: Path) -> None:
    """Chosen: an item labelled "latest" is what latest means."""
    async with connected(tmp_path) as client:
        named = await _make(client, "a fox", label="latest")
        await _make(client, "a hare")
        (tmp_path / "undo.png").write_bytes(make.png())

        assert await _shown(client, "Latest") == [named]
        shown = text(fine(await client.call_tool("media_show", {"media": "undo"})))
        assert "made: imported" in shown


async def test_yesterdays_fox_is_found_by_time_and_words(tmp_path: Path) -> None:
    """Chosen: by words of the label or the prompt, whole words only."""
    async with connected(tmp_path) as client:
        old = await _make(client, "a red fox in snow", label="winter")
        older = await _make(client, "a foxglove")
        await _make(client, "a blue fox")
        _age(tmp_path, old, 1)
        _age(tmp_path, older, 1)

        for words in ("yesterday's fox", "the fox from yesterday", "the red fox", "the winter fox"):
            source, cut, note = await _cut(client, words, label="cut")
            assert source == old, words
            assert "winter, made yesterday" in note.replace('"', "")
            _delete(tmp_path, cut)
        why = await _refused(client, "the fox from 40 days ago")
        assert "no media fits these words" in why
        assert "latest, the last image, yesterday's fox" in why


async def test_words_that_fit_several_media_list_them(tmp_path: Path) -> None:
    """Chosen: nothing is guessed, as the call is paid; versions of one name aren't different."""
    async with connected(tmp_path) as client:
        for number in range(7):
            await _make(client, f"fox number {number}", label=f"beast {'abcdefg'[number]}")
        why = await _refused(client, "the fox")
        assert '"the fox" fits 7 different media: "beast g" (' in why
        assert 'generate_core "fox number 6"); "beast f" (' in why
        assert '"beast c"' in why
        assert '"beast b"' not in why
        assert "Pass the name of one of them" in why

        hare = await _make(client, "a hare", label="hop")
        _, cut, _ = await _cut(client, hare)
        source, newest, note = await _cut(client, "the hare")
        assert source == cut
        assert "the hare = hop v2, made" in note
        assert await _shown(client, "hop", "the hop") == [hare, newest]


async def test_a_cut_out_is_still_the_fox(tmp_path: Path) -> None:
    """Chosen: an edit without a prompt of its own; of its variants, none is guessed."""
    async with connected(tmp_path) as client:
        hero = await _make(client, "a fox", label="hero")
        _, cut, _ = await _cut(client, hero)
        assert await _shown(client, "the fox") == [cut]
        call = {"image": "hero", "prompt": "a snowman", "search_prompt": "animal"}
        fine(await client.call_tool("edit_search_and_replace", call))
        assert await _shown(client, "the fox") == [hero]
        fine(await client.call_tool("edit_outpaint", {"image": hero, "left": 8, "count": 2}))
        assert "2 variants: hero v4-1 and hero v4-2" in await _refused(client, "the fox")


async def test_undo_says_that_the_original_was_deleted(tmp_path: Path) -> None:
    """Chosen: neither the copy fitted for sending nor an older picture takes its place."""
    async with connected(tmp_path) as client:
        (tmp_path / "photo.bmp").write_bytes(make.bmp())
        await _cut(client, "photo.bmp")
        [photo] = await _shown(client, "undo")
        _delete(tmp_path, photo)

        assert "what it was made from was deleted" in await _refused(client, "undo")


async def test_variants_are_named_by_their_place(tmp_path: Path) -> None:
    """Chosen: `the second one` is a place on what was shown or made together last."""
    async with connected(tmp_path) as client:
        why = await _refused(client, "the second one")
        assert "none were shown to this client since it connected" in why
        made = facts(
            fine(await client.call_tool("generate_core", {"prompt": "a wren", "count": 3}))
        )
        uris = [each["uri"] for each in made["media"]]
        listed = r'fits 3 different media: "wren-1" .*; "wren-2" .*; "wren-3"'
        for words in ("the wren", "latest", "the last wren"):
            assert re.search(listed, await _refused(client, words))
        source, _, note = await _cut(client, "the second one")
        assert source == uris[1]
        assert note.endswith("number 2 of 3 shown last")
        assert await _shown(client, "#3") == [uris[2]]
        assert await _shown(client, "the last one of the sheet") == [uris[2]]
        assert await _shown(client, "the first wren") == [uris[0]]
        assert "wren-1, wren-2 and wren-3" in await _refused(client, "#4")
        assert 'is "wren-2"' in await _refused(client, "the second fox")

        await _shown(client, "wren-3", "wren-1")
        assert await _shown(client, "the second one") == [uris[0]]


async def test_deleted_and_fitted_media_are_never_meant(tmp_path: Path) -> None:
    """Chosen: a picture fitted for sending is internal."""
    async with connected(tmp_path) as client:
        (tmp_path / "photo.bmp").write_bytes(make.bmp())
        (tmp_path / "other.png").write_bytes(make.png())
        fitted, result, _ = await _cut(client, "photo.bmp")
        other = await client.call_tool("media_import", {"file": "other.png"})
        _delete(tmp_path, facts(fine(other))["media"][0]["uri"])

        [original] = await _shown(client, "photo v1")
        assert fitted != original
        assert await _shown(client, "latest", "the previous one") == [result, original]
        assert await _shown(client, "undo") == [original]


@both_eras
async def test_undo_returns_to_what_the_last_edit_was_made_from(era: Era, tmp_path: Path) -> None:
    """*Documented* (docs/files-and-folders.md): undo, then make it blue."""
    async with connected(tmp_path, era) as client:
        hero = await _make(client, "a fox", label="hero")
        _, cut, _ = await _cut(client, hero)
        source, blue, note = await _cut(client, "undo", "upscale_fast", label="blue")
        assert source == hero
        assert note.endswith("; the image that hero v2 was made from")

        _, third, _ = await _cut(client, cut)
        assert await _shown(client, "before that edit") == [cut]
        assert await _shown(client, "the previous version of hero", "hero before") == [cut, cut]
        assert await _shown(client, "the original of hero", "the original") == [hero, hero]
        assert await _shown(client, "the previous version of blue") == [hero]
        assert await _shown(client, "the previous version of hero v2") == [hero]
        assert await _shown(client, "the version before the last image") == [cut]
        assert third != blue

        why = await _refused(client, "the previous version of hero v1")
        assert '"hero" has no earlier version; it was made by generate_core from text' in why
        assert 'No media or file is called "nothing"' in await _refused(client, "undo nothing")


async def test_undo_takes_the_main_picture_of_several(tmp_path: Path) -> None:
    """Chosen: not the mask; the answer names the argument."""
    async with connected(tmp_path) as client:
        assert "nothing was made yet" in await _refused(client, "undo")
        (tmp_path / "mask.png").write_bytes(make.mask((1536, 1536)))
        hero = await _make(client, "a fox", label="hero")
        call = {"image": "hero", "mask": "mask.png", "prompt": "a hat"}
        fine(await client.call_tool("edit_inpaint", call))

        source, _, note = await _cut(client, "undo")
        assert source == hero
        assert "the image that hero v2 was made from" in note


async def test_a_misspelt_label_isnt_a_phrase(tmp_path: Path) -> None:
    """Chosen: it stays an error with a suggestion."""
    async with connected(tmp_path) as client:
        await _make(client, "a fox", label="hero2")
        for name in ("hero3", "her2"):
            why = await _refused(client, name)
            assert f'No media or file is called "{name}". ' in why
            assert 'Did you mean "hero2"?' in why


async def test_words_mean_the_same_in_every_process_but_not_the_sheet(tmp_path: Path) -> None:
    """Chosen: what was shown is known only to the process that showed it."""
    async with connected(tmp_path) as one, connected(tmp_path) as two:
        made = fine(await one.call_tool("generate_core", {"prompt": "a wren", "count": 2}))
        second = facts(made)["media"][1]["uri"]
        hare = await _make(one, "a hare")
        source, cut, _ = await _cut(two, "latest")
        assert source == hare
        assert await _shown(one, "latest") == [cut]
        assert await _shown(one, "undo") == [hare]
        assert await _shown(one, "#2") == [second]
        assert "none were shown" in await _refused(two, "#2")


async def test_a_job_is_repeated_by_words_for_its_result(tmp_path: Path) -> None:
    """Chosen: every tool that takes media takes words."""
    async with connected(tmp_path) as client:
        await _make(client, "a fox", label="hero")
        again = fine(await client.call_tool("job_rerun", {"job": "the last image"}))
        assert facts(again)["media"][0]["label"] == "hero v2"
        labelled = await client.call_tool("media_label", {"media": "the last image", "label": "b"})
        assert '"label":"b"' in text(labelled)
        assert await _shown(client, "b") == [facts(again)["media"][0]["uri"]]


@both_eras
async def test_words_for_media_that_do_not_exist_yet_say_so(era: Era, tmp_path: Path) -> None:
    """Chosen: a hint never recommends the words that have just failed."""
    async with connected(tmp_path, era) as client:
        nothing = refused(await client.call_tool("media_show", {"media": "latest"}))
        await _make(client, "a fox")
        no_sound = refused(await client.call_tool("media_show", {"media": "the last sound"}))
        on_disk = await _refused(client, "my latest download")

    assert '"latest" fits nothing: there are no media yet. Nothing was charged.' in nothing
    assert 'media_list with folder "Downloads"' in nothing
    assert "there are no sounds yet" in no_sound
    assert on_disk.endswith('media_list with folder "Downloads" shows files on disk.')


async def test_words_that_fit_several_name_the_argument(tmp_path: Path) -> None:
    """Chosen: a call may have several files."""
    async with connected(tmp_path) as client:
        await _make(client, "a fox", label="one")
        await _make(client, "a fox", label="two")
        why = await _refused(client, "the fox")

    assert why.startswith('image: "the fox" fits 2 different media')


async def test_the_list_says_that_credits_of_the_emulator_cost_nothing(tmp_path: Path) -> None:
    """Chosen: `3 credits charged` without a note reads as paid."""
    async with connected(tmp_path) as client:
        nothing = text(fine(await client.call_tool("media_list", {})))
        await _make(client, "a fox")
        listed = text(fine(await client.call_tool("media_list", {})))

    assert nothing == "media_list: nothing found"
    assert listed.splitlines()[1].endswith("built-in emulator; nothing was really paid.")


async def test_undo_goes_back_from_a_copy_edited_on_disk(tmp_path: Path) -> None:
    """*Chosen*: an edit by hand, newer than the last result, is the last edit."""
    async with connected(tmp_path) as client:
        made = await client.call_tool("generate_core", {"prompt": "a fox", "label": "fox"})
        hero = facts(fine(made))["media"][0]
        await anyio.Path(hero["path"]).write_bytes(make.png((200, 200)))
        await _shown(client, "fox")
        source, _, note = await _cut(client, "undo", label="cut")
        again = await _shown(client, "undo")

    assert source == hero["uri"]
    assert note.endswith("; the version that fox v2 was made from")
    assert again == [hero["uri"]]
