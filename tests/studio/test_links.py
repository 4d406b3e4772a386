"""Tokens of links to local pages."""

import re

import anyio
import anyio.lowlevel
import pytest

from stability_mcp.studio.links import MAX_UPLOADS, MAX_VIEWS, UPLOAD_SECONDS, VIEW_SECONDS, Links
from stability_mcp.studio.received_files import shown_name
from stability_mcp.studio.uploads import UploadedFile
from support.pages.local_pages import Clock

pytestmark = pytest.mark.anyio


@pytest.fixture
def clock() -> Clock:
    """A clock that the test sets."""
    return Clock()


@pytest.fixture
def links(clock: Clock) -> Links:
    """The links of a studio."""
    return Links(clock)


def test_a_token_has_128_bits_and_is_safe_in_a_path(links: Links) -> None:
    """Chosen: OWASP asks for 64 bits; a path has no escapes then."""
    tokens = {links.view(f"item{number}").token for number in range(100)}

    assert len(tokens) == 100
    assert all(re.fullmatch(r"[\w-]{22}", each) for each in tokens)


def test_an_item_keeps_its_link_until_it_expires(links: Links, clock: Clock) -> None:
    """Chosen: an answer that shows an item again doesn't fill the memory with links."""
    first = links.view("fox")
    clock.now += VIEW_SECONDS - 1
    assert links.view("fox") == first
    assert links.find_view(first.token) == first

    clock.now += 2
    assert links.find_view(first.token) is None
    assert links.view("fox").token != first.token


def test_the_oldest_view_link_ends_when_there_are_too_many(links: Links) -> None:
    """Chosen: memory is bounded."""
    made = [links.view(f"item{number}") for number in range(MAX_VIEWS + 1)]

    assert links.find_view(made[0].token) is None
    assert links.find_view(made[1].token) == made[1]
    assert links.find_view(made[-1].token) == made[-1]


@pytest.mark.parametrize("token", ["", "x", "\udcff", "é" * 22, "a" * 100_000])
def test_a_wrong_token_finds_nothing(links: Links, token: str) -> None:
    """Chosen: any text may be in a path."""
    links.view("fox")
    links.upload()

    assert links.find_view(token) is None
    assert links.find_upload(token) is None


def test_a_token_of_one_kind_is_not_one_of_the_other(links: Links) -> None:
    """Chosen: a view link can't be used to upload."""
    assert links.find_upload(links.view("fox").token) is None
    assert links.find_view(links.upload().token) is None


def test_an_upload_stays_the_same_until_it_ends(links: Links, clock: Clock) -> None:
    """Chosen: a repeated call doesn't take away the page that the user has open."""
    first = links.upload()
    assert links.upload() is first
    assert first.state == "open"

    first.finish()
    second = links.upload()
    assert (first.state, second.state) == ("finished", "open")
    assert second.token != first.token

    clock.now += UPLOAD_SECONDS
    assert second.state == "expired"
    assert links.upload() is not second


def test_an_upload_with_files_stays_until_a_call_returned_them(links: Links) -> None:
    """Chosen: files aren't forgotten because the user was slower than the call."""
    upload = links.upload()
    upload.add(UploadedFile(name="a.png", problem="unusable"))
    upload.finish()
    assert links.upload() is upload

    upload.delivered = True
    assert links.upload() is not upload


def test_only_the_newest_uploads_are_remembered(links: Links) -> None:
    """Chosen: memory is bounded."""
    made = []
    for _ in range(MAX_UPLOADS + 1):
        made.append(links.upload())
        made[-1].finish()

    assert links.find_upload(made[0].token) is None
    assert links.find_upload(made[1].token) is made[1]


async def test_waiting_ends_with_the_upload_or_its_time(links: Links, clock: Clock) -> None:
    """Chosen: no caller waits for a link that no one can use any more."""
    upload = links.upload()
    async with anyio.create_task_group() as group:
        group.start_soon(upload.wait, 60)
        await anyio.lowlevel.checkpoint()
        upload.finish()
    clock.now += UPLOAD_SECONDS
    with anyio.fail_after(10):
        await links.upload().wait(0.01)
    late = links.upload()
    clock.now += UPLOAD_SECONDS
    with anyio.fail_after(10):
        await late.wait(60)


@pytest.mark.parametrize(
    ("given", "shown"),
    [
        ("fox.png", "fox.png"),
        ("../../etc/passwd", "passwd"),
        ("C:\\Users\\me\\fox.png", "fox.png"),
        ("", "file"),
        ("a/", "file"),
        ("fox\x00\u202egnp.exe", "foxgnp.exe"),
        ("line\nbreak.png", "line break.png"),
        ("x" * 500 + ".png", f"{'x' * 75}….png"),
    ],
)
def test_a_file_name_is_cleaned_and_shortened(given: str, shown: str) -> None:
    """Chosen: it goes to the model and onto the page."""
    assert shown_name(given) == shown
