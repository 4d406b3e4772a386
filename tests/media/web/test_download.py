"""Downloads: nothing but public https addresses is reached, within limits of bytes and time."""

import asyncio
import re
import time
from pathlib import Path

import pytest

from stability_mcp.errors import (
    FileForbiddenError,
    FileMissingError,
    FileUnusableError,
    InputFileError,
)
from stability_mcp.media.web.download import MAX_REDIRECTS, checked, file_name, shown
from support.media.web_server import HOST, PRIVATE, PUBLIC, WebServer, response, web_server

pytestmark = pytest.mark.anyio


@pytest.fixture
def anyio_backend() -> str:
    """Use asyncio, whose servers these tests use."""
    return "asyncio"


async def fetch(
    server: WebServer, url: str, target: Path, *, max_bytes: int = 1_000, max_seconds: float = 10
) -> bytes:
    """Download, and return the file."""
    await server.downloader(max_seconds=max_seconds).download(url, target, max_bytes=max_bytes)
    return target.read_bytes()  # noqa: ASYNC240 -- a small local file


async def test_a_file_is_downloaded_from_the_address_that_was_checked(tmp_path: Path) -> None:
    """Chosen: certificate and Host are those of the name; no cookie and no key is sent."""
    async with web_server() as server:
        server.answers["/a.png"] = response(b"picture")

        assert await fetch(server, server.url("/a.png?size=2"), tmp_path / "a") == b"picture"
        assert server.seen == [(PUBLIC, "/a.png?size=2")]
        head = server.heads[0].lower()
        assert f"host: {HOST}:{server.port}" in head
        assert "accept-encoding: identity" in head
        assert "authorization" not in head


async def test_a_name_that_changes_its_address_is_checked_at_each_connection(
    tmp_path: Path,
) -> None:
    """Chosen (DNS rebinding): the number that was checked is the number that is connected."""
    async with web_server() as server:
        server.answers["/hop"] = response(b"", "302 Found", location="/a.png")
        server.answers["/a.png"] = response(b"secret")
        server.addresses[HOST] = [[PUBLIC], [PRIVATE]]

        with pytest.raises(FileForbiddenError, match="not a public address"):
            await fetch(server, server.url("/hop"), tmp_path / "a")
        assert [address for address, _ in server.seen] == [PUBLIC]


@pytest.mark.parametrize(
    "addresses", [[PRIVATE], [PUBLIC, PRIVATE], [PRIVATE, PUBLIC], ["::1"], []]
)
async def test_one_private_address_is_enough_to_refuse(
    tmp_path: Path, addresses: list[str]
) -> None:
    """Chosen: the system would choose among them."""
    async with web_server() as server:
        server.addresses[HOST] = [addresses]

        with pytest.raises(FileForbiddenError, match=r"photos\.test") as error:
            await fetch(server, server.url("/a.png"), tmp_path / "a")
        assert "Download the file and pass its path." in str(error.value)
        assert server.seen == []


@pytest.mark.parametrize(
    "host",
    [
        *("127.0.0.1", "2130706433", "0x7f.1", "0177.0.0.1", "127.1", "localhost", "0"),
        *("[::ffff:127.0.0.1]", "[::1]", "①②⑦.0.0.1"),
    ],
)
async def test_a_redirect_to_a_private_address_is_refused_in_every_notation(
    tmp_path: Path, host: str
) -> None:
    """Chosen: each step is checked like the first."""
    async with web_server() as server:
        to = server.url("/secret", host).encode("ascii", "ignore").decode()
        server.answers["/hop"] = response(b"", "302 Found", location=to)
        server.answers["/secret"] = response(b"secret")

        with pytest.raises(InputFileError):
            await fetch(server, server.url("/hop"), tmp_path / "a")
        with pytest.raises(InputFileError):
            await fetch(server, server.url("/secret", host), tmp_path / "a")
        assert all(address == PUBLIC for address, _ in server.seen)
        assert not (tmp_path / "a").exists()


@pytest.mark.parametrize(
    "to",
    [
        *("http://photos.test/a.png", "file:///etc/passwd", "ftp://photos.test/a", "data:,x"),
        *("https://user:pw@photos.test/a.png", "https://photos.test:22/a.png", "https://[::1/"),
    ],
)
async def test_a_redirect_to_another_scheme_port_or_login_is_refused(
    tmp_path: Path, to: str
) -> None:
    """Chosen: only https on its own port."""
    async with web_server() as server:
        server.answers["/hop"] = response(b"", "307 Temporary Redirect", location=to)

        with pytest.raises(InputFileError):
            await fetch(server, server.url("/hop"), tmp_path / "a")
        assert server.seen == [(PUBLIC, "/hop")]


async def test_redirects_are_followed_up_to_a_limit(tmp_path: Path) -> None:
    """Chosen: picture hosts redirect to their storage; a loop ends."""
    async with web_server() as server:
        for step in range(MAX_REDIRECTS):
            server.answers[f"/{step}"] = response(b"", "302 Found", location=f"/{step + 1}")
        server.answers[f"/{MAX_REDIRECTS}"] = response(b"end")
        server.answers["/loop"] = response(b"", "302 Found", location="/loop")

        assert await fetch(server, server.url("/0"), tmp_path / "a") == b"end"
        with pytest.raises(FileMissingError, match="redirects more than 5 times"):
            await fetch(server, server.url("/loop"), tmp_path / "b")


async def test_a_body_that_is_too_large_is_not_read_to_its_end(tmp_path: Path) -> None:
    """Chosen: neither the announced nor the real size can fill the disk."""

    async def endless(writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n")
        while True:
            writer.write(b"x" * 10_000)
            await writer.drain()

    async with web_server() as server:
        server.answers["/endless"] = endless
        server.answers["/exact"] = response(b"x" * 1_000)

        with pytest.raises(FileUnusableError, match=r"larger than the maximum of 1,000 bytes"):
            await fetch(server, server.url("/endless"), tmp_path / "a")
        assert len(await fetch(server, server.url("/exact"), tmp_path / "b")) == 1_000


async def test_a_body_that_trickles_ends_at_the_time_limit(tmp_path: Path) -> None:
    """Chosen: a byte now and then would keep a call open without a time limit."""

    async def slow(writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n")
        while True:
            writer.write(b"x")
            await writer.drain()
            await asyncio.sleep(0.05)

    async with web_server() as server:
        server.answers["/slow"] = slow
        began = time.monotonic()

        with pytest.raises(FileUnusableError, match=r"took too long; the time limit is 0\.5 s"):
            await fetch(server, server.url("/slow"), tmp_path / "a", max_seconds=0.5)
        assert time.monotonic() - began < 5


@pytest.mark.parametrize(
    ("status", "problem"),
    [
        ("401 Unauthorized", "needs a login"),
        ("403 Forbidden", "refuses access"),
        ("404 Not Found", "has no such file"),
        ("410 Gone", "has no such file any more"),
        ("429 Too Many", "receives too many requests"),
        ("500 Error", "answers 500"),
        ("206 Partial Content", "answers 206"),
        ("304 Not Modified", "answers 304"),
    ],
)
async def test_an_error_of_the_server_is_reported_without_the_query(
    tmp_path: Path, status: str, problem: str
) -> None:
    """Chosen: the query of a signed link is a secret."""
    async with web_server() as server:
        server.answers["/a.png"] = response(b"", status)

        with pytest.raises(FileMissingError, match=problem) as error:
            await fetch(server, server.url("/a.png?signature=hidden"), tmp_path / "a")
        assert "hidden" not in str(error.value)
        assert "photos.test/a.png" in str(error.value)


async def test_a_wrong_certificate_or_a_closed_port_is_reported(tmp_path: Path) -> None:
    """Chosen: the certificate must be that of the name."""
    async with web_server() as server:
        server.addresses["other.test"] = [[PUBLIC]]
        with pytest.raises(FileMissingError, match="cannot be reached"):
            await fetch(server, server.url("/a.png", "other.test"), tmp_path / "a")
        url = server.url("/a.png")
    with pytest.raises(FileMissingError, match="cannot be reached"):
        await fetch(server, url, tmp_path / "a")


async def test_proxies_of_the_environment_are_not_used(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Chosen: a proxy would resolve the name again, without the check."""
    for name in ("HTTPS_PROXY", "ALL_PROXY", "https_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    async with web_server() as server:
        server.answers["/a.png"] = response(b"picture")

        assert await fetch(server, server.url("/a.png"), tmp_path / "a") == b"picture"


@pytest.mark.parametrize(
    "url",
    [
        "http://example.com/a.png",
        "https://user@example.com/a.png",
        "https://:pw@example.com/a.png",
        "https:///a.png",
        f"https://example.com/{'a' * 3_000}",
        "https://[::1/",
    ],
)
def test_invalid_addresses_are_refused_before_any_request(url: str) -> None:
    """Chosen: with one sentence that shows no password."""
    with pytest.raises(InputFileError) as error:
        checked(url)
    assert "pw" not in error.value.message


def test_an_address_is_shown_without_its_secrets() -> None:
    """Chosen: texts are kept in chats and logs."""
    assert shown("https://u:pw@a.test/b.png?sig=1#c") == "https://a.test/b.png"
    assert file_name("https://a.test/photos/harbour.jpg?x=1") == "harbour"


@pytest.mark.parametrize(
    ("url", "what", "hint"),
    [
        ("http://photos.test/a.png", "isn't an https address", "Try the same address with https, "),
        ("https:///a.png", 'https:///a.png" names no server', "Check the address, or download "),
    ],
)
def test_an_address_that_is_not_requested_has_a_hint_that_works(
    url: str, what: str, hint: str
) -> None:
    """Chosen: what to change, or what to do instead."""
    with pytest.raises(InputFileError, match=re.escape(what)) as refused:
        checked(url)
    assert refused.value.hint is not None
    assert refused.value.hint.startswith(hint)
    assert refused.value.hint.endswith("ownload the file and pass its path.")
