"""Links that lead to private networks or abuse the download, as a client passes them.

The server that answers has the only public address. Listeners with the same port on the private
addresses of this machine count connections, before TLS: there must never be one.
"""

import asyncio
import gzip
import ipaddress
import socket
import ssl
import zlib
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest
from mcp import Client
from mcp.types import CallToolResult

import support.imaging.sample_files as make
from stability_mcp.media.web.addresses import is_public
from stability_mcp.media.web.download import Downloader
from stability_mcp.media.web.guard import GuardedBackend
from support.media.web_server import CERTIFICATE, PRIVATE, PUBLIC, WebServer, response, web_server
from support.server.in_memory import connected, fine, refused, text

pytestmark = pytest.mark.anyio

SECONDS = 600
MAX_SECONDS = 0.5
"""Time limit of a slow download here."""
SLOW = "/slow/"
"""Start of the paths of slow downloads."""
PICTURE = make.png()

ADDRESSES = {
    "photos.test": [PUBLIC],
    "localhost": [PRIVATE, "::1"],
    "a.localhost": [PRIVATE],
    "ip6-localhost": ["::1"],
    "router.test": ["192.168.1.1"],
    "metadata.google.internal": ["169.254.169.254"],
    "mixed.test": [PUBLIC, PRIVATE],
    "mixed6.test": [PUBLIC, "::1"],
    "mapped.test": [f"::ffff:{PRIVATE}"],
    "nowhere.test": [],
}
"""What the resolver answers, in place of the system's: tests ask no name server."""


@dataclass(frozen=True)
class Web:
    """A server on a public address, and a client of our server, which may reach it."""

    server: WebServer
    client: Client

    async def ask(self, link: str) -> CallToolResult:
        """Import a link, with `{port}` replaced by the port."""
        written = link.replace("{port}", str(self.server.port))
        return await self.client.call_tool("media_import", {"file": written})


@dataclass(frozen=True)
class _Impatient:
    """Downloads with a short time limit what is meant to exceed it."""

    tls: Callable[[], ssl.SSLContext]
    backend: GuardedBackend

    async def download(self, url: str, target: Path, *, max_bytes: int) -> None:
        """Download as the product does."""
        seconds = MAX_SECONDS if SLOW in url else 60
        downloader = Downloader(tls=self.tls, backend=self.backend, max_seconds=seconds)
        await downloader.download(url, target, max_bytes=max_bytes)


async def _resolve(host: str, port: int) -> Sequence[str]:
    """Resolve as the system does: names from a table, and every notation of a number."""
    known = ADDRESSES.get(host.lower().rstrip("."))
    if known is not None:
        return known
    numeric = await asyncio.get_running_loop().getaddrinfo(host, port, flags=socket.AI_NUMERICHOST)
    return [str(each[4][0]) for each in numeric]


@pytest.fixture(scope="module")
def anyio_backend() -> str:
    """Run the module in one event loop, because its tests share a connection."""
    return "asyncio"


@pytest.fixture(scope="module")
async def web(anyio_backend: str, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Web]:  # noqa: ARG001 -- the event loop starts first
    """Serve, and connect to our server for the module."""
    folder = tmp_path_factory.mktemp("web")
    with pytest.MonkeyPatch.context() as patched:
        async with web_server() as server, connected(folder, seconds=SECONDS) as client:
            tls = server.downloader().tls
            backend = GuardedBackend(
                resolve=_resolve,
                allowed=lambda address: address == PUBLIC or is_public(address),
                ports=[server.port],
            )
            patched.setattr(
                "stability_mcp.media.importer._downloader",
                lambda: _Impatient(tls, backend),
            )
            server.answers["/a.png"] = response(PICTURE)
            yield Web(server, client)


def _teredo(address: str) -> str:
    number = int(ipaddress.IPv4Address(address)) ^ 0xFFFF_FFFF
    return str(ipaddress.IPv6Address((0x2001_0000 << 96) | number))


HOSTS = {
    "loopback in every notation": [
        *("127.0.0.1", "127.1", "127.0.1", "127.255.255.254", "0", "0.0.0.0", "0x0"),  # noqa: S104 -- not bound
        *("2130706433", "017700000001", "0x7f000001", "0x7f.0.0.1", "0177.0.0.1", "0x7F.1"),
        *("127.000.000.001", "0127.0.0.1", "127.0.0.1.", "00000177.1", "127.0x0.0.01"),
    ],
    "loopback in IPv6": [
        *("[::1]", "[::]", "[0:0:0:0:0:0:0:1]", "[0000::0001]", "[::127.0.0.1]", "[::7f00:1]"),
        *("[::ffff:127.0.0.1]", "[::ffff:7f00:1]", "[::FFFF:7F00:0001]", "[::ffff:0:127.0.0.1]"),
        *(
            "[64:ff9b::127.0.0.1]",
            "[64:ff9b:1::7f00:1]",
            "[2002:7f00:1::]",
            f"[{_teredo(PRIVATE)}]",
        ),
        *("[2a00:1450::5efe:7f00:1]", "[2a00:1450::200:5efe:7f00:1]"),
        *("[::1%25lo]", "[fe80::1%25lo]", "[fe80::1%25eth0]", "[fe80::1]"),
    ],
    "other networks": [
        *("10.0.0.1", "172.16.0.1", "192.168.0.1", "100.64.0.1", "100.100.100.200", "198.18.0.1"),
        *("169.254.169.254", "168.63.129.16", "[fd00:ec2::254]", "[fc00::1]", "[fec0::1]"),
        *("192.0.0.8", "192.0.2.1", "198.51.100.1", "203.0.113.1", "192.88.99.1"),
        *("224.0.0.1", "240.0.0.1", "255.255.255.255", "[ff02::1]", "[ff0e::1]"),
        *("[2001:db8::1]", "[3fff::1]", "[100::1]", "[2001:2::1]", "[2001:10::1]", "[5f00::1]"),
        *("[::ffff:10.0.0.1]", "[64:ff9b::10.0.0.1]", "[2002:a9fe:a9fe::]"),
    ],
    "names": [
        *("localhost", "LOCALHOST", "localhost.", "a.localhost", "a.localhost.", "ip6-localhost"),
        *("router.test", "metadata.google.internal", "metadata.google.internal."),
        *("mixed.test", "mixed6.test", "mapped.test", "nowhere.test", "photos.test.."),
    ],
    "letters like digits": [
        *("①②⑦.⓪.⓪.①", "１２７.０.０.１", "127。0。0。1", "127．0．0．1"),  # noqa: RUF001
        *("ⓛⓞⓒⓐⓛⓗⓞⓢⓣ", "ｌocalhost", "local\u00adhost", "𝟏𝟐𝟕.0.0.1", "127.0.0.1\u200b"),  # noqa: RUF001
    ],
}
WRITTEN = {
    "login and confusion": [
        "https://photos.test@127.0.0.1:{port}/a.png",
        "https://photos.test:{port}@127.0.0.1:{port}/a.png",
        "https://photos.test%40127.0.0.1:{port}/a.png",
        "https://user:pw@photos.test:{port}/a.png",
        "https://photos.test:{port}\\@127.0.0.1:{port}/a.png",
        "https://127.0.0.1:{port}\\.photos.test/a.png",
        "https://127.0.0.1:{port}\\@photos.test/a.png",
        "https:\\\\127.0.0.1:{port}\\a.png",
        "https:/127.0.0.1:{port}/a.png",
        "https:127.0.0.1:{port}/a.png",
        "https:///127.0.0.1:{port}/a.png",
        "https://[::1]@photos.test:{port}/a.png",
        "https://127.0.0.1%00.photos.test:{port}/a.png",
        "https://127.0.0.1%2f.photos.test:{port}/a.png",
        "https://127.0.0.1%23.photos.test:{port}/a.png",
        "https://%31%32%37.0.0.1:{port}/a.png",
        "https://%6cocalhost:{port}/a.png",
    ],
    "white space": [
        "https://127.0.0.1\t:{port}/a.png",
        "https://127.0.\t0.1:{port}/a.png",
        "https://local\nhost:{port}/a.png",
        "ht\ntps://127.0.0.1:{port}/a.png",
        "https://127.0.0.1:{port}\r\n.photos.test/a.png",
        "https:// 127.0.0.1:{port}/a.png",
        "https://photos.test\r\nHost: 127.0.0.1:{port}/a.png",
        "\x00https://127.0.0.1:{port}/a.png",
        "\x01https://127.0.0.1:{port}/a.png",
    ],
    "ports": [
        *(f"https://127.0.0.1:{number}/a.png" for number in ("22", "0", "65536", "-1", "99999999")),
        *(
            f"https://photos.test:{number}/a.png"
            for number in ("22", "80", "6379", "{port}:{port}")
        ),
        *(
            "https://127.0.0.1/a.png",
            "https://photos.test:/a.png",
            "https://photos.test:0x1bb/a.png",
        ),
    ],
    "schemes": [
        *(
            "http://photos.test:{port}/a.png",
            "HTTP://127.0.0.1:{port}/a.png",
            "https://",
            "https://:1/",
        ),
        *("ftp://127.0.0.1:{port}/a.png", "ws://127.0.0.1:{port}/", "gopher://127.0.0.1:{port}/_a"),
        *("dict://127.0.0.1:{port}/d:a", "ldap://127.0.0.1:{port}/a", "unix:///run/docker.sock"),
        *("https+unix://%2Frun%2Fdocker.sock/a.png", "blob:https://127.0.0.1:{port}/a"),
    ],
}


@pytest.mark.parametrize("kind", [*HOSTS, *WRITTEN])
async def test_no_spelling_of_a_link_reaches_a_private_address(
    kind: str, web: Web, subtests: pytest.Subtests
) -> None:
    """Chosen: the address that is connected is checked, however it was written."""
    links = WRITTEN.get(kind) or [f"https://{host}:{{port}}/a.png" for host in HOSTS[kind]]
    for link in links:
        with subtests.test(ascii(link)):
            assert "Nothing was charged." in refused(await web.ask(link))
            assert web.server.intruded == 0


REDIRECTS = [
    *("https://127.0.0.1:{port}/a.png", "https://127.1:{port}/a.png", "https://[::1]:{port}/a.png"),
    *("//127.0.0.1:{port}/a.png", "\\\\127.0.0.1:{port}\\a.png", "///127.0.0.1:{port}/a.png"),
    *("https://localhost:{port}/a.png", "https://mixed.test:{port}/a.png"),
    *("https://2130706433:{port}/a.png", "https://①②⑦.0.0.1:{port}/a.png"),
    *("https://photos.test@127.0.0.1:{port}/a.png", "https://u:p@photos.test:{port}/a.png"),
    *("http://photos.test:{port}/a.png", "http://127.0.0.1:{port}/a.png", "//photos.test/a.png"),
    *("file:///etc/passwd", "ftp://photos.test/a.png", "data:image/png;base64,AAAA"),
    *("gopher://127.0.0.1:{port}/_a", "javascript:alert(1)", "https://[::1", "https://"),
    *("https://169.254.169.254:{port}/latest", "https://photos.test:22/a.png"),
    *("/hop", "?again", "https://photos.test:{port}/hop", "x" * 5_000),
]


async def test_no_redirect_reaches_a_private_address(web: Web, subtests: pytest.Subtests) -> None:
    """Chosen: each step is checked like the first."""
    for status in ("301 Moved", "302 Found", "303 See", "307 Again", "308 Moved"):
        for to in REDIRECTS if status == "302 Found" else REDIRECTS[:1]:
            location = to.replace("{port}", str(web.server.port))
            web.server.answers["/hop"] = response(b"", status, location=location)
            with subtests.test(f"{status} {ascii(to)[:60]}"):
                assert "Nothing was charged." in refused(
                    await web.ask("https://photos.test:{port}/hop")
                )
                assert web.server.intruded == 0


async def test_a_name_that_changes_its_address_is_never_followed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Chosen (DNS rebinding): a connection goes to the address that was checked."""
    async with web_server() as server, connected(tmp_path) as client:
        monkeypatch.setattr("stability_mcp.media.importer._downloader", server.downloader)
        server.answers["/a.png"] = response(PICTURE)
        server.answers["/hop"] = response(b"", "302 Found", location="/a.png")
        server.addresses["photos.test"] = [[PUBLIC], [PRIVATE]]
        good = await client.call_tool("media_import", {"file": server.url("/a.png")})
        asked = len(server.seen)
        again = await client.call_tool("media_import", {"file": server.url("/a.png?again")})
        server.addresses["photos.test"] = [[PUBLIC], [PRIVATE], [PUBLIC]]
        hop = await client.call_tool("media_import", {"file": server.url("/hop")})

    fine(good)
    assert "is not a public address" in refused(again)
    assert "is not a public address" in refused(hop)
    assert asked == 1


Answer = bytes | Callable[[asyncio.StreamWriter], Awaitable[None]]


def _drip(first: bytes, again: bytes, *, pause: float = 0.05) -> Answer:
    """Return a response that never ends."""

    async def answer(writer: asyncio.StreamWriter) -> None:
        writer.write(first)
        while not writer.is_closing():
            writer.write(again)
            await writer.drain()
            await asyncio.sleep(pause)

    return answer


def _head(*lines: str, status: str = "200 OK") -> bytes:
    return "\r\n".join([f"HTTP/1.1 {status}", "Connection: close", *lines, "", ""]).encode()


BOMB = gzip.compress(bytes(50_000_000))
TOOK_TOO_LONG = "took too long; the time limit is 0.5 s."
UNREACHABLE = "cannot be reached"
ENDLESS: Mapping[str, Answer] = {
    "silence": _drip(b"", b""),
    "status line": _drip(b"HTTP/1.1 200 O", b"O"),
    "headers": _drip(b"HTTP/1.1 200 OK\r\n", b"A: b\r\n"),
    "hints": _drip(b"", _head(status="103 Early Hints")),
    "body": _drip(_head(), b"x"),
    "body of a known length": _drip(_head("Content-Length: 999"), b"x"),
    "chunks": _drip(_head("Transfer-Encoding: chunked"), b"1\r\nx\r\n"),
    "redirect": _drip(_head("Location: /slow/silence", status="302 Found"), b"x"),
}
"""Responses that continue slowly."""
RESPONSES: Mapping[str, tuple[Answer, str]] = {
    "endless headers": (_drip(b"HTTP/1.1 200 OK\r\n", b"A: b\r\n" * 999, pause=0), UNREACHABLE),
    "endless header": (_drip(b"HTTP/1.1 200 OK\r\nA: ", b"a" * 9_999, pause=0), UNREACHABLE),
    "endless chunk size": (
        _drip(_head("Transfer-Encoding: chunked"), b"0" * 99, pause=0),
        UNREACHABLE,
    ),
    "no response": (b"", UNREACHABLE),
    "not HTTP": (b"SSH-2.0-OpenSSH_9.2\r\n", UNREACHABLE),
    "too short for its length": (_head("Content-Length: 9999") + PICTURE, UNREACHABLE),
    "negative length": (_head("Content-Length: -1") + PICTURE, UNREACHABLE),
    "two lengths": (_head("Content-Length: 1", "Content-Length: 2") + PICTURE, UNREACHABLE),
    "huge chunk": (
        _head("Transfer-Encoding: chunked") + b"F" * 30 + b"\r\n" + PICTURE,
        UNREACHABLE,
    ),
    "header with a line break": (_head("A: b\n c: d\r e") + PICTURE, UNREACHABLE),
    "length cuts it": (_head("Content-Length: 60") + PICTURE, "This PNG is cut short"),
    "gzip": (response(BOMB, content_encoding="gzip"), "The file is gzip-compressed data"),
    "deflate": (
        response(zlib.compress(bytes(50_000_000)), content_encoding="deflate"),
        "The file isn't a supported picture",
    ),
    "page": (response(b"<!doctype html>", content_type="image/png"), "The file is a web page"),
    "nothing": (response(b"", content_type="image/png"), "The file is empty."),
    "partial": (response(PICTURE, "206 Partial"), "the server answers 206"),
    "switching protocols": (_head(status="101 Switching Protocols"), ""),
}


async def test_a_response_that_never_ends_takes_no_longer_than_the_limit(
    web: Web, subtests: pytest.Subtests
) -> None:
    """Chosen: one limit for all of a download, whatever continues slowly."""
    answers: dict[str, CallToolResult] = {}

    async def play(name: str) -> None:
        path = SLOW + name.replace(" ", "-")
        web.server.answers[path] = ENDLESS[name]
        answers[name] = await web.ask(f"https://photos.test:{{port}}{path}")

    async with asyncio.TaskGroup() as group:
        for name in ENDLESS:
            group.create_task(play(name))

    for name, answer in answers.items():
        with subtests.test(name):
            assert f"{TOOK_TOO_LONG} Nothing was charged." in refused(answer)


async def test_a_response_that_abuses_the_download_is_refused(
    web: Web, subtests: pytest.Subtests
) -> None:
    """Chosen: bytes and headers are bounded; lengths and types aren't believed."""
    for name, (answer, reason) in RESPONSES.items():
        path = "/" + name.replace(" ", "-")
        web.server.answers[path] = answer
        with subtests.test(name):
            reported = refused(await web.ask(f"https://photos.test:{{port}}{path}"))
            assert reason in reported
            assert "Nothing was charged." in reported


async def test_a_body_without_a_length_is_a_picture(web: Web) -> None:
    """Chosen: old servers end a body by closing the connection; nothing else is wrong with it."""
    web.server.answers["/closed"] = _head() + PICTURE
    web.server.answers["/chunked"] = (
        _head("Transfer-Encoding: chunked")
        + f"{len(PICTURE):x}\r\n".encode()
        + PICTURE
        + b"\r\n0\r\n\r\n"
    )
    web.server.answers["/type"] = response(PICTURE, content_type="text/html", a="b" * 9_000)
    for path in ("/closed", "/chunked", "/type"):
        answer = fine(await web.ask(f"https://photos.test:{{port}}{path}"))
        assert "96x64 PNG" in text(answer)


@pytest.mark.parametrize("kind", ["untrusted", "plain", "silent"])
async def test_a_server_without_a_valid_certificate_is_not_read(
    kind: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Chosen: an unknown authority, HTTP without TLS, and a handshake that never ends."""

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if kind == "silent":
            await reader.read()  # until the client gives up
        else:
            writer.write(response(PICTURE))
        writer.close()
        answered.set()

    answered = asyncio.Event()

    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    CERTIFICATE.configure_cert(tls)
    listener = await asyncio.start_server(
        answer, PUBLIC, 0, ssl=tls if kind == "untrusted" else None
    )
    port = listener.sockets[0].getsockname()[1]
    downloader = Downloader(
        tls=ssl.create_default_context,
        backend=GuardedBackend(resolve=_resolve, allowed=PUBLIC.__eq__, ports=[port]),
        max_seconds=MAX_SECONDS,
    )
    monkeypatch.setattr("stability_mcp.media.importer._downloader", lambda: downloader)
    async with listener, connected(tmp_path) as client:
        link = f"https://photos.test:{port}/a.png"
        result = await client.call_tool("media_import", {"file": link})
        if kind != "untrusted":  # else TLS ends before a handler is called
            await answered.wait()

    assert (TOOK_TOO_LONG if kind == "silent" else UNREACHABLE) in refused(result)
