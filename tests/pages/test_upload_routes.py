"""The upload page's addresses, as a browser and as an attacker use them."""

from collections.abc import AsyncIterator
from functools import partial
from pathlib import Path

import anyio
import pytest

import support.imaging.sample_files as make
from stability_mcp.pages.limits import Limits
from stability_mcp.studio import MAX_UPLOAD_BYTES, MAX_UPLOAD_FILES
from stability_mcp.studio.links import UPLOAD_SECONDS
from stability_mcp.studio.uploads import MAX_AT_ONCE, MAX_LINK_BYTES, MAX_REFUSED, UploadedFile
from support.pages.local_pages import Pages, pages_open
from support.server.in_memory import until

pytestmark = pytest.mark.anyio

PNG_LIKE_HTML = b"<!doctype html><script>alert(1)</script>"


def spooled(folder: Path) -> list[Path]:
    """Return the files that are left in the spool."""
    return list((folder / "home").rglob("*.part"))


async def test_three_files_with_one_liar(pages: Pages, tmp_path: Path) -> None:
    """Chosen: type from the bytes; the others are stored, and the page gets a reason."""
    _, link = pages.upload()

    answers = [
        await pages.send(link, "red fox.jpg", make.jpeg((120, 90))),
        await pages.send(link, "liar.png", PNG_LIKE_HTML),
        await pages.send(link, "beep.wav", make.wav(1.0)),
    ]
    state = (await pages.http.get(f"{link}/state")).json()

    assert [each.status_code for each in answers] == [200, 415, 200]
    assert [each.json()["ok"] for each in answers] == [True, False, True]
    assert answers[0].json() == {
        "name": "red fox.jpg",
        "ok": True,
        "label": "red-fox",
        "kind": "image",
        "text": answers[0].json()["text"],
    }
    assert "120x90 JPEG" in answers[0].json()["text"]
    assert "web page" in answers[1].json()["error"]
    assert answers[1].json()["hint"]
    assert answers[2].json()["kind"] == "audio"
    assert state["files"] == [each.json() for each in answers]
    assert (state["state"], state["max_bytes"]) == ("open", 100_000_000)
    assert state["max_files"] == MAX_UPLOAD_FILES
    assert spooled(tmp_path) == []


async def test_a_link_is_used_up_when_the_upload_is_finished(pages: Pages) -> None:
    """Chosen: once; a page that is still open learns why."""
    upload, link = pages.upload()
    await pages.send(link, "a.png", make.png())

    finished = await pages.http.post(f"{link}/finish")
    again = await pages.http.get(link)
    late = await pages.send(link, "late.png", make.png((9, 9)))
    twice = await pages.http.post(f"{link}/finish")
    state = await pages.http.get(f"{link}/state")

    assert finished.json() == {"state": "finished"}
    assert again.status_code == 404
    assert "This link no longer works" in again.text
    assert late.status_code == 404
    assert late.json()["ok"] is False
    assert "new link" in late.json()["hint"]
    assert twice.status_code == 404
    assert state.json()["state"] == "finished"
    assert len(upload.files) == 1


async def test_a_link_ends_after_ten_minutes(pages: Pages) -> None:
    """Documented (docs/files-and-folders.md): 10 minutes."""
    _, link = pages.upload()
    pages.clock.now += UPLOAD_SECONDS

    late = await pages.send(link, "late.png", make.png())
    page = await pages.http.get(link)

    assert (late.status_code, page.status_code) == (404, 404)
    assert (await pages.http.get(f"{link}/state")).json()["state"] == "expired"


async def test_a_token_of_another_process_is_answered_in_plain_words(
    pages: Pages, tmp_path: Path
) -> None:
    """Chosen: links die with the process; another server may listen on the same port later."""
    async with pages_open(tmp_path / "other") as other:
        _, link = other.upload()
        page = await pages.http.get(link)
        sent = await pages.send(link, "a.png", make.png())
        state = await pages.http.get(f"{link}/state")

    assert (page.status_code, sent.status_code, state.status_code) == (404, 404, 404)
    assert "the studio was restarted" in page.text
    assert page.headers["content-type"].startswith("text/html")


async def test_101_mb_are_refused_before_they_are_received(pages: Pages, tmp_path: Path) -> None:
    """Chosen: by the declared length; nothing is stored."""
    _, link = pages.upload()

    async def body() -> AsyncIterator[bytes]:
        for _ in range(101):
            yield bytes(1_000_000)

    answer = await pages.http.post(
        f"{link}/files?name=big.wav", content=body(), headers={"content-length": "101000000"}
    )

    assert answer.status_code == 413
    assert f"{MAX_UPLOAD_BYTES:,} bytes" in answer.json()["error"]
    assert spooled(tmp_path) == []


async def test_101_mb_of_unknown_length_are_refused_by_count(pages: Pages, tmp_path: Path) -> None:
    """Chosen: a length that isn't declared, or is wrong, doesn't matter."""
    _, link = pages.upload()

    async def body() -> AsyncIterator[bytes]:
        yield make.wav(1.0)
        for _ in range(101):
            yield bytes(1_000_000)

    answer = await pages.http.post(f"{link}/files?name=big.wav", content=body())

    assert answer.status_code == 413
    assert spooled(tmp_path) == []


async def test_all_files_of_a_link_are_limited_together(pages: Pages) -> None:
    """Chosen: one link can't fill the disk, not even with files that are refused."""
    upload, link = pages.upload()
    picture = make.png()

    await pages.send(link, "liar.png", PNG_LIKE_HTML)
    upload.count(MAX_LINK_BYTES - len(PNG_LIKE_HTML) - len(picture))
    sent = [await pages.send(link, f"{n}.png", picture) for n in range(2)]

    assert [each.status_code for each in sent] == [200, 413]
    assert "another link" in sent[-1].json()["hint"]


async def test_a_link_takes_a_limited_number_of_files(pages: Pages) -> None:
    """Documented (docs/files-and-folders.md): 20 files, the same one counted each time."""
    upload, link = pages.upload()

    sent = [
        await pages.send(link, f"{n}.png", make.png((9 + n // 2, 9)))
        for n in range(MAX_UPLOAD_FILES + 1)
    ]

    assert [each.status_code for each in sent] == [200] * MAX_UPLOAD_FILES + [429]
    assert len(upload.files) == MAX_UPLOAD_FILES


NAMES = ("../../../a.png", "..\\a.png", "/etc/passwd", "\u202egnp.a", "", "a" * 4_000, "\x00")


def outside(folder: Path) -> set[Path]:
    """Return everything outside the store."""
    return {each for each in folder.rglob("*") if "home" not in each.parts}


async def test_a_file_name_leads_nowhere(pages: Pages, tmp_path: Path) -> None:
    """Chosen: a name only becomes a label."""
    _, link = pages.upload()
    before = outside(tmp_path)

    sent = [await pages.send(link, name, make.png((9 + n, 9))) for n, name in enumerate(NAMES)]

    assert {each.status_code for each in sent} == {200}
    assert max(len(each.json()["name"]) for each in sent) <= 80
    assert outside(tmp_path) == before


async def test_the_same_file_twice_is_one_item(pages: Pages) -> None:
    """Chosen: as for every import."""
    upload, link = pages.upload()

    sent = [await pages.send(link, name, make.png()) for name in ("fox.png", "copy.png")]

    assert [each.json()["label"] for each in sent] == ["fox", "fox"]
    assert len(upload.items) == 1


async def test_an_empty_file_is_refused(pages: Pages) -> None:
    """Chosen: with words, as for every import."""
    _, link = pages.upload()

    answer = await pages.send(link, "empty.png", b"")

    assert answer.status_code == 415
    assert "empty" in answer.json()["error"]


async def test_a_slow_body_is_given_up(tmp_path: Path) -> None:
    """Chosen: a connection that sends nothing must not hold a file and a thread."""
    async with pages_open(tmp_path, Limits(silence=0.2)) as pages:
        upload, link = pages.upload()

        async def body() -> AsyncIterator[bytes]:
            yield make.png()[:100]
            while not upload.files:
                await upload.wait(10)

        answer = await pages.http.post(f"{link}/files?name=slow.png", content=body())

    assert answer.status_code == 408
    assert "too long" in answer.json()["error"]
    assert [each.problem for each in upload.files] == ["interrupted"]
    assert spooled(tmp_path) == []


async def test_only_a_few_files_are_received_at_a_time(pages: Pages, tmp_path: Path) -> None:
    """Chosen: each takes a file, a thread and memory; the page sends two at a time."""
    upload, link = pages.upload()
    tried = anyio.Event()

    async def body() -> AsyncIterator[bytes]:
        yield make.png()[:100]
        await tried.wait()

    async with anyio.create_task_group() as group:
        for number in range(MAX_AT_ONCE):
            url = f"{link}/files?name={number}.png"
            group.start_soon(partial(pages.http.post, url, content=body()))
        await until(lambda: len(spooled(tmp_path)) == MAX_AT_ONCE)
        busy = await pages.send(link, "one more.png", make.png())
        tried.set()
    after = await pages.send(link, "one more.png", make.png())

    assert (busy.status_code, after.status_code) == (429, 200)
    assert "at a time" in busy.json()["error"]
    assert len(upload.refused) == MAX_AT_ONCE


async def test_refused_files_are_limited_too(pages: Pages) -> None:
    """Chosen: a folder dropped by mistake must not fill the answer to the model."""
    upload, link = pages.upload()

    for _ in range(MAX_REFUSED - 1):
        upload.add(UploadedFile(name="notes.txt", problem="unusable"))
    sent = [await pages.send(link, "notes.txt", b"text") for _ in range(2)]

    assert [each.status_code for each in sent] == [415, 429]
    assert len(upload.files) == MAX_REFUSED


async def test_a_browser_that_goes_away_leaves_nothing(pages: Pages, tmp_path: Path) -> None:
    """Chosen: the partial file is removed, and the model hears of it."""
    upload, link = pages.upload()
    stream = await anyio.connect_tcp("127.0.0.1", pages.port)
    head = f"POST {link}/files?name=cut.png HTTP/1.1\r\nHost: 127.0.0.1:{pages.port}\r\n"
    await stream.send(f"{head}Content-Length: 1000\r\n\r\nabc".encode())
    await stream.aclose()

    while not upload.files:
        await upload.wait(10)

    assert "stopped sending" in upload.files[0].error
    assert spooled(tmp_path) == []
