"""`media_import(source="upload")`, as a model and a user's browser see it."""

from pathlib import Path
from typing import Any

import anyio
import httpx2
import pytest
from mcp import Client
from mcp.types import CallToolResult

import support.imaging.sample_files as make
from support.pages.local_pages import FACE, link_in
from support.server.in_memory import (
    Era,
    both_eras,
    connected,
    facts,
    fine,
    links,
    pictures,
    refused,
    text,
    until,
)

pytestmark = pytest.mark.anyio

UPLOAD = {"source": "upload"}


async def call(client: Client, **more: str) -> CallToolResult:
    """Ask for the upload."""
    return await client.call_tool("media_import", {**UPLOAD, **more})


async def send(link: str, *files: tuple[str, bytes], finish: bool = True) -> None:
    """Send files as the page does, and press Done."""
    async with httpx2.AsyncClient(trust_env=False) as http:
        for name, data in files:
            await http.post(f"{link}/files", params={"name": name}, content=data)
        if finish:
            (await http.post(f"{link}/finish")).raise_for_status()


FILES = (("Red Fox.png", make.png((90, 60))), ("liar.png", b"<html>"), ("beep.wav", make.wav(1.0)))


@both_eras
async def test_a_user_uploads_three_files_with_one_liar(era: Era, tmp_path: Path) -> None:
    """Documented (docs/files-and-folders.md): a link, then the files, named after theirs."""
    async with connected(tmp_path, era, face=FACE, view="on") as client:
        first = text(fine(await call(client)))
        await send(link_in(first), *FILES)
        result = fine(await call(client))
        answer = text(result)

    assert f"Show the user this link: {link_in(first)}\n" in first
    assert 'Then call media_import(source="upload") again: it waits' in first
    assert answer.startswith("media_import: 1 picture and 1 sound, free\n")
    assert 'upload: "Red Fox.png" = "red-fox", imported now' in answer
    assert 'not stored: "liar.png": The file is a web page, which isn\'t supported.' in answer
    assert [each["label"] for each in facts(result)["media"]] == ["red-fox", "beep"]
    assert (len(pictures(result)), len(links(result))) == (1, 2)


@both_eras
async def test_a_call_waits_until_the_user_is_done(era: Era, tmp_path: Path) -> None:
    """Chosen: the second call returns the files, so the model doesn't poll."""
    answers = []
    messages: list[str] = []

    async def note(progress: float, total: float | None, message: str | None) -> None:  # noqa: ARG001 -- the SDK's signature
        messages.append(message or "")

    async with connected(tmp_path, era, face=FACE, view="on", wait=30) as client:
        link = link_in(text(await call(client)))

        async def wait() -> None:
            answers.append(await client.call_tool("media_import", UPLOAD, progress_callback=note))

        async with anyio.create_task_group() as group:
            group.start_soon(wait)
            await until(lambda: bool(messages))
            await send(link, ("fox.png", make.png()), finish=False)
            await until(lambda: "1 file arrived; waiting for Done" in messages)
            assert answers == []
            await send(link)

    assert messages[0] == "waiting for the user to upload files"
    assert "fox  media://" in text(fine(answers[0]))


async def test_a_call_that_ends_before_the_user_is_done_repeats_the_link(tmp_path: Path) -> None:
    """Chosen: nothing is lost by calling again; what is there already can be used."""
    async with connected(tmp_path, face=FACE, view="on", wait=0.1) as client:
        link = link_in(text(await call(client)))
        none = text(fine(await call(client)))
        await send(link, *FILES[:2], finish=False)
        some = text(fine(await call(client)))
        await send(link)
        rest = text(fine(await call(client)))
        fresh = text(fine(await call(client)))

    assert none.startswith("Nothing has arrived. The user hasn't pressed Done yet.")
    assert link_in(none) == link_in(some) == link
    assert "Arrived so far: red-fox (media://" in some
    assert 'not stored: "liar.png"' in some
    assert "red-fox  media://" in rest
    assert link_in(fresh) != link


async def test_files_are_stored_even_if_no_one_calls_again(tmp_path: Path) -> None:
    """Documented (docs/files-and-folders.md): `media_list` shows them."""
    async with connected(tmp_path, face=FACE, view="on") as client:
        await send(link_in(text(await call(client))), ("fox.png", make.png()), finish=False)
        listed = text(await client.call_tool("media_list", {}))

    assert "fox" in listed


async def test_a_label_names_one_file_and_numbers_several(tmp_path: Path) -> None:
    """Chosen: the label is wanted for what arrives, however many files that are."""
    async with connected(tmp_path, face=FACE, view="on") as client:
        first = text(await call(client, label="hero"))
        await send(link_in(first), ("a.png", make.png((20, 30))))
        one = facts(await call(client, label="hero"))
        await send(
            link_in(text(await call(client, label="set"))),
            ("a.png", make.png((21, 30))),
            ("b.png", make.png((22, 30))),
        )
        two = facts(await call(client, label="set"))

    assert 'media_import(source="upload", label="hero")' in first
    assert [each["label"] for each in one["media"]] == ["hero"]
    assert [each["label"] for each in two["media"]] == ["set-1", "set-2"]


async def test_a_file_that_was_deleted_meanwhile_does_not_hold_up_the_others(
    tmp_path: Path,
) -> None:
    """Chosen: the answer counts it, and the label names what is left."""
    async with connected(tmp_path, face=FACE, view="on") as client:
        link = link_in(text(await call(client)))
        await send(link, ("fox.png", make.png((90, 60))), ("owl.png", make.png((60, 90))))
        fine(await client.call_tool("media_delete", {"media": ["fox"]}))
        answer = fine(await call(client, label="bird"))

    assert [each["label"] for each in facts(answer)["media"]] == ["bird"]
    assert "deleted meanwhile: 1 of the files" in text(answer)


async def test_done_without_a_file_is_reported(tmp_path: Path) -> None:
    """Chosen: the model doesn't wait for what won't come, and hears what else works."""
    async with connected(tmp_path, face=FACE, view="on", wait=30) as client:
        link = link_in(text(await call(client)))
        answers = []

        async def wait() -> None:
            answers.append(text(fine(await call(client))))

        async with anyio.create_task_group() as group:
            group.start_soon(wait)
            await send(link)
        await send(link_in(text(await call(client))))
        again = text(await call(client))
        await send(link_in(again), FILES[1])
        liars = text(fine(await call(client)))

    assert "pressed Done without a file" in answers[0]
    assert "pass its path" in answers[0]
    assert again.startswith(
        "Nothing arrived through the earlier link; it has ended.\nShow the user"
    )
    assert liars.startswith("Nothing was imported.\nnot stored: ")


@pytest.mark.parametrize(
    ("chosen", "environment", "why"),
    [
        ({"view": "off"}, {}, "STABILITY_VIEW=off"),
        ({}, {"SSH_CONNECTION": "1.2.3.4 5 6.7.8.9 22"}, "runs in an SSH session"),
        ({}, {"SSH_CONNECTION": "", "CODESPACES": "true"}, "runs in GitHub Codespaces"),
    ],
)
async def test_where_no_page_can_be_opened_the_answer_says_what_works(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    chosen: dict[str, Any],
    environment: dict[str, str],
    why: str,
) -> None:
    """Documented (docs/files-and-folders.md): a path or a link instead."""
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    async with connected(tmp_path, face=FACE, **chosen) as client:
        error = refused(await call(client))

    assert "No upload page can be opened." in error
    assert why in error
    assert "pass its path, or pass an https link" in error


async def test_a_command_that_ends_with_the_call_has_no_page(tmp_path: Path) -> None:
    """Chosen: `stability-mcp call` would print a link that is dead at once."""
    async with connected(tmp_path, view="on") as client:
        error = refused(await call(client))

    assert "this command ends with the call" in error


async def test_file_and_source_together_are_refused(tmp_path: Path) -> None:
    """Chosen: the error names both sources."""
    async with connected(tmp_path, face=FACE, view="on") as client:
        error = refused(await call(client, file="a.png"))

    assert 'source="clipboard"' in error
    assert 'source="upload"' in error


async def test_many_uploads_have_some_links_and_say_where_the_others_are(tmp_path: Path) -> None:
    """Chosen: a result stays short, and nothing is left out silently."""
    files = [(f"{number}.png", make.png((20 + number, 30))) for number in range(10)]
    async with connected(tmp_path, face=FACE, view="on") as client:
        await send(link_in(text(await call(client))), *files)
        lines = text(fine(await call(client))).splitlines()

    assert lines[0] == "media_import: 10 pictures, free"
    assert len([each for each in lines if "/v/" in each]) == 8
    assert "view: media_show has the links of the other 2" in lines
