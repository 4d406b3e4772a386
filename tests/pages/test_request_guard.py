"""Which requests the local pages refuse, whatever token they have."""

from pathlib import Path

import pytest

import support.imaging.sample_files as make
from stability_mcp.pages.request_guard import HEADERS
from support.pages.local_pages import Pages

pytestmark = pytest.mark.anyio


@pytest.mark.parametrize(
    "host",
    ["evil.test", "evil.test:{port}", "127.0.0.1", "127.0.0.1:1", "localhost.evil.test:{port}", ""],
)
async def test_another_host_name_is_refused(pages: Pages, host: str) -> None:
    """Chosen: DNS rebinding makes a foreign name lead here; browsers then send that name."""
    _, link = pages.upload()

    answer = await pages.http.get(link, headers={"host": host.format(port=pages.port)})

    assert answer.status_code == 421


@pytest.mark.parametrize("host", ["localhost", "LOCALHOST", "127.0.0.1", "[::1]"])
async def test_every_name_of_this_machine_is_accepted(pages: Pages, host: str) -> None:
    """Chosen: users write any of them, and forwarded ports use localhost."""
    _, link = pages.upload()

    answer = await pages.http.get(link, headers={"host": f"{host}:{pages.port}"})

    assert answer.status_code == 200


@pytest.mark.parametrize(
    "origin",
    [
        "https://evil.test",
        "null",
        "http://127.0.0.1:1",
        "https://127.0.0.1:{port}",
        "http://evil:1",
    ],
)
async def test_another_origin_is_refused_and_stores_nothing(pages: Pages, origin: str) -> None:
    """Chosen: any web page can make a browser send requests here."""
    upload, link = pages.upload()
    headers = {"origin": origin.format(port=pages.port)}

    answers = [
        await pages.http.get(link, headers=headers),
        await pages.http.post(f"{link}/files?name=a.png", content=make.png(), headers=headers),
        await pages.http.post(f"{link}/finish", headers=headers),
    ]

    assert [each.status_code for each in answers] == [403, 403, 403]
    assert (upload.files, upload.state) == ([], "open")


@pytest.mark.parametrize("site", ["cross-site", "same-site", "none"])
async def test_a_file_must_come_from_the_page_itself(pages: Pages, site: str) -> None:
    """Chosen: a form of another page sends no Origin in some browsers, but says where it is."""
    upload, link = pages.upload()
    headers = {"sec-fetch-site": site}

    sent = await pages.http.post(f"{link}/files?name=a.png", content=make.png(), headers=headers)
    opened = await pages.http.get(link, headers=headers)

    assert (sent.status_code, opened.status_code) == (403, 200)
    assert upload.files == []


async def test_our_own_origin_is_accepted(pages: Pages) -> None:
    """Chosen: browsers name the origin of the page in each request with a body."""
    upload, link = pages.upload()
    headers = {"origin": f"http://127.0.0.1:{pages.port}", "sec-fetch-site": "same-origin"}

    sent = await pages.http.post(f"{link}/files?name=a.png", content=make.png(), headers=headers)

    assert sent.status_code == 200
    assert len(upload.items) == 1


async def test_every_answer_has_the_protective_headers(pages: Pages, tmp_path: Path) -> None:
    """Chosen: errors are pages too; no cookie is ever set."""
    picture = tmp_path / "fox.png"
    picture.write_bytes(make.png())
    _, view = await pages.view(picture)
    _, upload = pages.upload()
    paths = [upload, f"{upload}/state", view, f"{view}/facts", f"{view}/file", "/u/x", "/nothing"]

    answers = [await pages.http.get(path) for path in (*paths, "/static/theme.css")]
    answers.append(await pages.http.post(view))
    answers.append(await pages.http.get("/", headers={"origin": "https://evil.test"}))

    for answer in answers:
        missing = {name for name in HEADERS if name not in answer.headers}
        assert missing == set(), answer.request.url
        assert "set-cookie" not in answer.headers
        assert "server" not in answer.headers
        assert answer.headers["cache-control"] == "no-store"


OTHER_PATHS = (
    "/",
    "/u",
    "/u/",
    "/u/x/../../etc/passwd",
    "/u/%2e%2e/state",
    "/static",
    "/static/",
    "/static/upload.html",
    "/static/../site.py",
    "/static/..%2fsite.py",
    "/static/%2e%2e%2fsite.py",
    "/static/theme.css%00",
    "/static/theme.css/",
    "/v/",
    "/docs",
    "/openapi.json",
    "//evil.test/",
)


async def test_any_other_address_is_not_found(pages: Pages) -> None:
    """Chosen: there is nothing else, and no redirect."""
    for path in OTHER_PATHS:
        answer = await pages.http.get(f"http://127.0.0.1:{pages.port}{path}")
        assert answer.status_code == 404, path
        assert "This link no longer works" in answer.text


async def test_a_longer_or_shorter_token_finds_nothing(pages: Pages) -> None:
    """Chosen: a token is compared as a whole."""
    upload, link = pages.upload()

    paths = [f"{link}x", link[:-1], f"/u/{upload.token}%00", f"/u/{upload.token.swapcase()}", link]
    answers = [(await pages.http.get(path)).status_code for path in paths]

    assert answers == [404, 404, 404, 404, 200]


async def test_other_methods_are_refused(pages: Pages) -> None:
    """Chosen: no preflight is answered, so no other page may send anything unusual."""
    _, link = pages.upload()

    for method in ("PUT", "DELETE", "PATCH", "OPTIONS", "POST", "TRACE"):
        answer = await pages.http.request(method, link)
        assert answer.status_code == 405, method
        assert "access-control-allow-origin" not in answer.headers
