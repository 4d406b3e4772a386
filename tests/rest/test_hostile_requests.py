"""Requests that are meant to harm: secrets, headers, numbers of fields, depth, size and time."""

import json
import re
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import httpx2
import pytest

from stability_mcp.rest import bodies, body_stream
from stability_mcp.rest.rest_face import MAX_RECEIVING
from support.imaging.sample_files import bomb_png, png
from support.rest.rest_server import PausedApi, refused, rest_server
from support.rest.server_process import http_server

CORE = "/generate/core"
ERASE = "/edit/erase"
SUITE = "/advanced/workflow/creative-suite"
MULTIPART = {"content-type": "multipart/form-data; boundary=b"}
MANY = 100_000
CONTROLS = re.compile(r"[\x00-\x1f\x7f-\x9f\u200e\u200f\u202a-\u202e\u2066-\u2069]")
"""Characters that no header may have: controls, and marks that change the direction of text."""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of the server."""
    return tmp_path_factory.mktemp("hostile")


@pytest.fixture(scope="module")
def client(folder: Path) -> Iterator[httpx2.Client]:
    """Serve for the module."""
    with rest_server(folder) as found:
        yield found


def spooled(folder: Path) -> list[Path]:
    """Return the files that wait in the spool."""
    return [each for each in (folder / "home").rglob("spool/*") if each.is_file()]


# Secrets ------------------------------------------------------------------------------------------


@pytest.mark.processes
def test_the_token_is_in_no_log_answer_or_url(tmp_path: Path) -> None:
    """Documented: nor are the secrets of webhooks and signed URLs, even with debug logs."""
    with http_server(tmp_path, STABILITY_LOG_LEVEL="DEBUG") as server:
        lines: list[str] = []
        assert server.process.stderr is not None
        reader = threading.Thread(target=lines.extend, args=(server.process.stderr,))
        reader.start()
        token = {"authorization": f"Bearer {server.token}"}
        with httpx2.Client(base_url=server.rest, headers=token, timeout=60) as client:
            hook = client.post("/webhooks", json={"url": "http://127.0.0.1:9/x?key=s3cret"}).json()
            upload = client.post("/uploads", json={"name": "a.png", "bytes": 9}).json()
            client.put(upload["url"].removeprefix("/api/stability"), content=b"too short")
            answers = [
                client.get("/user/balance"),
                client.get("/webhooks"),
                client.get(f"/webhooks/{hook['id']}/deliveries"),
                client.get("/admin/export/config"),
                client.post(CORE, json={}),
                client.post(CORE, content=b"{"),
                client.get("/nothing", params={"token": "x"}),
                client.get("/jobs", params={"token": server.token}),
                client.get("/user/balance", headers={"authorization": f"Basic {server.token}"}),
            ]
    reader.join()

    log = "".join(lines)
    signature = re.search("signature=([0-9a-f]{64})", upload["url"])
    assert signature is not None
    assert "DEBUG" in log
    for secret in (server.token, hook["secret"], signature[1]):
        assert secret not in log
    for each in answers:
        assert server.token not in each.text, each.url
        assert server.token not in str(each.headers), each.url
        assert hook["secret"] not in each.text, each.url


# Headers ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "name",
    [
        "a\r\nSet-Cookie: a=1\r\n.png",
        'a"; filename="b.html',
        "\u202egnp.exe.png",
        "<img src=x onerror=alert(1)>.png",
        "../../../etc/passwd",
        "=cmd|' /C calc'!A0.png",
        "%0d%0aSet-Cookie:%20a=1.png",
        "\U0001f600" * 200 + ".png",
    ],
)
def test_no_file_name_reaches_a_header_or_a_path(
    client: httpx2.Client, folder: Path, name: str
) -> None:
    """Documented: CR/LF, markup and RTL marks in file names; nothing is written elsewhere."""
    size = (64, 70 + len(name) % 100)
    answer = client.post(
        "/media", params={"name": name}, content=png(size), headers={"content-type": "image/png"}
    )
    assert answer.status_code == 201, answer.text
    [item] = answer.json()["media"]

    saved = client.get(f"/media/{item['id']}/content", params={"download": "true"})

    assert "set-cookie" not in saved.headers
    shown = saved.headers["content-disposition"]
    assert shown.startswith("attachment; filename")
    assert ".html" not in shown
    assert not CONTROLS.search(shown)
    assert not re.search(r"[<>/\\\\]", shown)
    assert not CONTROLS.search(item["label"])
    assert {each.name for each in folder.iterdir()} <= {"home", "out"}


def test_a_page_in_a_picture_stays_a_picture(client: httpx2.Client) -> None:
    """Documented: HTML named .png: served without an origin, and its type isn't guessed."""
    body = png((64, 99)) + b"<html><script>alert(document.domain)</script>"
    form = client.post("/media", files={"file": ("page.html", body, "text/html")})
    [item] = form.json()["media"]

    shown = client.get(f"/media/{item['id']}/content")

    assert shown.headers["content-type"] in {"image/png", "application/octet-stream"}
    assert "sandbox" in shown.headers["content-security-policy"]
    assert shown.headers["x-content-type-options"] == "nosniff"
    assert ".html" not in shown.headers["content-disposition"]
    assert "page.html" not in shown.headers["content-disposition"]


# Sizes --------------------------------------------------------------------------------------------


def parts(count: int) -> bytes:
    """Return a multipart body with many fields."""
    one = b'--b\r\nContent-Disposition: form-data; name="f%d"\r\n\r\n1\r\n'
    return b"".join(one % number for number in range(count)) + b"--b--\r\n"


@pytest.mark.parametrize(
    ("content", "headers", "status", "name"),
    [
        (parts(MANY), MULTIPART, 413, "too_large"),
        (
            b"&".join(b"f%d=1" % number for number in range(MANY)),
            {"content-type": "application/x-www-form-urlencoded"},
            413,
            "too_large",
        ),
        (
            json.dumps({f"f{number}": 1 for number in range(MANY)}).encode(),
            {"content-type": "application/json"},
            413,
            "too_large",
        ),
    ],
    ids=["multipart", "urlencoded", "JSON"],
)
def test_a_hundred_thousand_fields_are_refused(
    client: httpx2.Client, content: bytes, headers: dict[str, str], status: int, name: str
) -> None:
    """Documented: the answer is short, too."""
    answer = client.post(CORE, content=content, headers=headers)

    refused(answer, status, name)
    assert len(answer.content) < 2_000


def test_deep_json_in_a_field_is_refused(client: httpx2.Client) -> None:
    """Documented: JSON text in a form is as limited as a body."""
    deep = "[" * MANY + "]" * MANY

    answer = client.post(SUITE, data={"workflow_steps": deep})

    assert answer.status_code == 400, answer.text
    assert len(answer.content) < 2_000


def test_a_bomb_is_refused_from_its_header(client: httpx2.Client, folder: Path) -> None:
    """Documented: bombs; 120 megapixels in a few KB are never decoded."""
    bomb = bomb_png()
    assert len(bomb) < 1_000_000

    for answer in (
        client.post(ERASE, files={"image": ("bomb.png", bomb)}),
        client.post("/media", content=bomb, headers={"content-type": "image/png"}),
    ):
        refused(answer, 400, "unusable_file")
    assert spooled(folder) == []


def test_a_file_over_the_limit_is_refused_while_it_is_read(
    client: httpx2.Client, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Documented: 413 for a file over 100 MB, whose size the client didn't declare."""
    monkeypatch.setattr(bodies, "MAX_UPLOAD_BYTES", 10_000)
    head = b'--b\r\nContent-Disposition: form-data; name="image"; filename="a.png"\r\n\r\n'
    sent = iter([head, png((64, 64)), *[bytes(1_000)] * 100])

    refused(client.post(ERASE, content=sent, headers=MULTIPART), 413, "too_large")
    assert spooled(folder) == []


def test_half_sent_bodies_hold_up_posts_only_while_they_are_open(tmp_path: Path) -> None:
    """Documented: 429 with Retry-After from the 101st on; what they sent is swept."""
    with rest_server(tmp_path) as client, ExitStack() as stack:
        url = client.base_url
        head = (
            f"POST {url.path}edit/erase HTTP/1.1\r\nHost: {url.netloc.decode()}\r\n"
            "Content-Type: multipart/form-data; boundary=b\r\nContent-Length: 100000\r\n\r\n"
            '--b\r\nContent-Disposition: form-data; name="image"; filename="a.png"\r\n\r\nhalf'
        )
        for _ in range(MAX_RECEIVING):
            address = (url.host, url.port or 80)
            connection = stack.enter_context(socket.create_connection(address, timeout=20))
            connection.sendall(head.encode())
        answer = refused_post(client)
        assert "100 requests are being received" in refused(answer, 429, "too_many_uploads")
        assert int(answer.headers["retry-after"]) > 0
        assert client.get("/jobs").status_code == 200
        stack.close()
        end = time.monotonic() + 20
        while client.post(CORE, json={"prompt": "a fox"}).status_code != 200:
            assert time.monotonic() < end
    assert spooled(tmp_path) == []


def refused_post(client: httpx2.Client) -> httpx2.Response:
    """Send requests until one is refused: the server reads the half-sent bodies one by one."""
    end = time.monotonic() + 20
    while (answer := client.post(CORE, json={})).status_code == 400:
        assert time.monotonic() < end
    return answer


def test_too_many_files_are_refused(client: httpx2.Client, folder: Path) -> None:
    """Documented: 413 for over 20 files."""
    files = [("file", (f"{n}.png", png((64, 64)))) for n in range(bodies.MAX_FILES + 1)]

    refused(client.post("/media", files=files), 413, "too_large")
    assert spooled(folder) == []


# Time ---------------------------------------------------------------------------------------------


def test_a_slow_client_is_timed_out(client: httpx2.Client, monkeypatch: pytest.MonkeyPatch) -> None:
    """Chosen: a byte now and then keeps a connection only for a limited time."""
    monkeypatch.setattr(body_stream, "BODY_SECONDS", 0.2)
    url = client.base_url
    head = (
        f"POST {url.path}generate/core HTTP/1.1\r\nHost: {url.netloc.decode()}\r\n"
        "Content-Type: application/json\r\nContent-Length: 10000\r\n\r\n"
    )
    with socket.create_connection((url.host, url.port or 80), timeout=20) as connection:
        connection.sendall(head.encode())
        connection.settimeout(0.02)
        answer = b""
        for _ in range(1_000):
            connection.sendall(b" ")
            try:
                answer = connection.recv(65_536)
            except TimeoutError:
                continue
            break

    assert answer.startswith(b"HTTP/1.1 408"), answer


# Keys ---------------------------------------------------------------------------------------------


def test_a_key_is_good_for_one_call(client: httpx2.Client) -> None:
    """Documented: 422 with another body or route; the first call's answer with the same one."""
    key = {"idempotency-key": "hostile-1"}
    first = client.post(CORE, json={"prompt": "a fox"}, headers=key)
    again = client.post(CORE, data={"prompt": "a fox"}, headers=key)

    assert (first.status_code, again.status_code) == (200, 200), again.text
    assert again.headers["x-job-id"] == first.headers["x-job-id"]
    other = client.post(CORE, json={"prompt": "an owl"}, headers=key)
    refused(other, 422, "idempotency_key_used")
    elsewhere = client.post("/generate/ultra", json={"prompt": "a fox"}, headers=key)
    refused(elsewhere, 422, "idempotency_key_used")


@pytest.mark.parametrize("key", ["", "a b", "k" * 256, "s\xe9"])
def test_a_malformed_key_is_refused(client: httpx2.Client, key: str) -> None:
    """Documented: 1 to 255 visible ASCII characters."""
    headers = [(b"idempotency-key", key.encode("latin-1"))]

    refused(client.post(CORE, json={"prompt": "a fox"}, headers=headers), 400, "invalid_arguments")


def test_a_call_that_was_cut_off_is_found_by_its_key(tmp_path: Path) -> None:
    """Documented: the job continues; the same request gets its result."""
    api, key = PausedApi(), {"idempotency-key": "cut-off"}
    with rest_server(tmp_path, gate=api.gate) as client:
        with pytest.raises(httpx2.ReadTimeout):
            client.post(CORE, json={"prompt": "a fox"}, headers=key, timeout=0.5)
        [job] = client.get("/jobs").json()["jobs"]
        api.open(client)
        answer = client.post(CORE, json={"prompt": "a fox"}, headers=key)

        assert (answer.status_code, answer.headers["x-job-id"]) == (200, job["id"])
        assert len(client.get("/jobs").json()["jobs"]) == 1
