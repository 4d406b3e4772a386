"""Media from https addresses, as a client passes them."""

import stat
from pathlib import Path

import pytest

import support.imaging.sample_files as make
from support.media.web_server import WebServer, response, web_server
from support.server.host import text
from support.server.in_memory import Era, both_eras, connected, refused

pytestmark = pytest.mark.anyio


@pytest.fixture
def anyio_backend() -> str:
    """Use asyncio, whose servers these tests use."""
    return "asyncio"


def _reach(server: WebServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("stability_mcp.media.importer._downloader", server.downloader)


@both_eras
async def test_a_picture_is_imported_from_a_link_and_edited(
    era: Era, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Documented (docs/files-and-folders.md): a link works wherever a path does."""
    async with web_server() as server, connected(tmp_path, era) as client:
        _reach(server, monkeypatch)
        server.answers["/old/harbour.jpg"] = response(
            b"", "301 Moved", location="/photos/harbour.jpg?signature=hidden"
        )
        server.answers["/photos/harbour.jpg"] = response(make.jpeg((300, 200)))

        link = server.url("/old/harbour.jpg?token=hidden")
        imported = text(await client.call_tool("media_import", {"file": link}))
        edited = text(await client.call_tool("edit_remove_background", {"image": f"<{link}>"}))

    assert '"https://photos.test/old/harbour.jpg"' in imported
    assert "300x200 JPEG" in imported
    assert "image: " in edited
    assert "hidden" not in imported + edited


@pytest.mark.parametrize(
    ("path", "body", "expected"),
    [
        ("/page.png", b"<!doctype html><html><title>harbour</title></html>", "a web page"),
        ("/a.png", b"\x89PNG\r\n\x1a\n" + bytes(20), "PNG"),
        ("/none.png", None, "has no such file"),
    ],
)
async def test_what_is_not_media_is_refused_by_its_bytes(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    path: str,
    body: bytes | None,
    expected: str,
) -> None:
    """Chosen: neither the ending nor the server's Content-Type is believed."""
    async with web_server() as server, connected(tmp_path, "auto") as client:
        _reach(server, monkeypatch)
        server.answers[path] = (
            response(body, content_type="image/png") if body else response(b"", "404 No")
        )
        error = refused(
            await client.call_tool("media_import", {"file": server.url(path + "?key=hidden")})
        )

    assert expected in error
    assert "hidden" not in error
    assert list((tmp_path / "home").rglob("import-*.part")) == []


async def test_plain_http_and_private_addresses_are_refused(tmp_path: Path) -> None:
    """Chosen: without a request; the downloader of the product itself is used here."""
    async with connected(tmp_path, "auto") as client:
        for link, why in {
            "http://example.com/a.png": "isn't an https address",
            "https://127.0.0.1/a.png": "is not a public address",
            "https://localhost/a.png": "is not a public address",
            "https://169.254.169.254/latest": "is not a public address",
            "https://[::1]:8787/": "port",
        }.items():
            error = refused(await client.call_tool("media_import", {"file": link}))
            assert why in error, link
            assert "download the file and pass its path" in error.casefold()


async def test_a_downloaded_file_can_be_read_only_by_the_user(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Chosen: like every other file of the store."""
    async with web_server() as server, connected(tmp_path, "auto") as client:
        _reach(server, monkeypatch)
        server.answers["/a.jpg"] = response(make.jpeg((30, 20)))
        text(await client.call_tool("media_import", {"file": server.url("/a.jpg")}))

    [blob] = [path for path in (tmp_path / "home").rglob("blobs/*/*") if path.is_file()]
    assert stat.S_IMODE(blob.stat().st_mode) == 0o600


async def test_nothing_is_downloaded_to_a_disk_that_is_nearly_full(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Chosen: paid results need the rest of the disk more."""
    monkeypatch.setattr("stability_mcp.media.import_copy.free_bytes", lambda _: 300_000_000)
    async with web_server() as server, connected(tmp_path, "auto") as client:
        _reach(server, monkeypatch)
        server.answers["/a.jpg"] = response(make.jpeg((30, 20)))
        error = refused(await client.call_tool("media_import", {"file": server.url("/a.jpg")}))

    assert "300 MB free" in error
    assert "Free disk space" in error
    assert not list((tmp_path / "home").rglob("import-*.part"))
