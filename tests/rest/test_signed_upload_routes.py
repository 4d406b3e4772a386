"""Uploads to signed URLs over HTTP."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx2
import pytest

from stability_mcp.rest.route import PREFIX
from support.imaging.sample_files import png
from support.rest.rest_server import admin, refused, rest_server


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory) -> Iterator[httpx2.Client]:
    """Serve for the module; every other route needs the token."""
    with rest_server(tmp_path_factory.mktemp("uploads"), hosts=("studio.example",)) as found:
        found.headers["host"] = "studio.example"  # under this name, the emulator needs it, too
        yield found


def announced(client: httpx2.Client, body: bytes) -> dict[str, Any]:
    """Announce a file and return its upload."""
    answer = client.post(
        "/uploads", json={"name": "photo.png", "bytes": len(body)}, headers=admin()
    )
    assert answer.status_code == 201, answer.text
    form: dict[str, Any] = answer.json()
    return form


def put(client: httpx2.Client, upload: dict[str, Any], body: bytes) -> httpx2.Response:
    """Send a file to its URL, without the token."""
    return client.put(upload["url"].removeprefix(PREFIX), content=body)


def completed(client: httpx2.Client, upload: dict[str, Any], **more: str) -> httpx2.Response:
    """Complete an upload."""
    link = upload["complete"].removeprefix(PREFIX)
    return client.post(link, json=more, headers=admin())


def test_a_file_is_announced_sent_and_completed(client: httpx2.Client) -> None:
    """Documented: gives a media item; completing it again gives the same one."""
    body = png((90, 64))
    upload = announced(client, body)

    refused(completed(client, upload), 409, "upload_state")
    assert put(client, upload, body).json()["status"] == "received"
    first = completed(client, upload, label="sent").json()
    again = completed(client, upload).json()

    [item] = first["media"]
    assert (item["label"], item["width"]) == ("sent", 90)
    assert again["media"][0]["id"] == item["id"]


def test_a_url_takes_one_file(client: httpx2.Client) -> None:
    """Documented: once."""
    body = png((91, 64))
    upload = announced(client, body)
    put(client, upload, body)

    refused(put(client, upload, body), 409, "upload_state")


@pytest.mark.parametrize("change", ["signature", "expires", "id"])
def test_a_changed_url_is_not_found(client: httpx2.Client, change: str) -> None:
    """Documented: tampering."""
    body = png((92, 64))
    upload = announced(client, body)
    path, _, query = upload["url"].partition("?")
    expires, signature = query.split("&")
    forged = {
        "signature": f"{path}?{expires}&signature={'0' * 64}",
        "expires": f"{path}?{expires}9&{signature}",
        "id": f"{path[:-1]}{'0' if path[-1] != '0' else '1'}?{query}",
    }[change]

    refused(put(client, {"url": forged}, body), 404, "not_found")


@pytest.mark.parametrize("method", ["GET", "POST", "DELETE"])
def test_the_url_is_for_one_method(client: httpx2.Client, method: str) -> None:
    """Documented: method."""
    upload = announced(client, b"x")

    answer = client.request(method, upload["url"].removeprefix(PREFIX), headers=admin())

    refused(answer, 405, "method_not_allowed")


def test_the_announced_size_binds(client: httpx2.Client) -> None:
    """Documented: a file of another size is refused, and the URL still takes the right one."""
    body = png((93, 64))
    upload = announced(client, body)

    refused(put(client, upload, body[:-1]), 400, "unusable_file")
    refused(put(client, upload, body + b"x"), 413, "too_large")
    assert put(client, upload, body).status_code == 200


def test_only_media_are_completed(client: httpx2.Client) -> None:
    """Documented: the content is read when it is completed."""
    body = b"<html><script>alert(1)</script>"
    upload = announced(client, body)
    assert put(client, upload, body).status_code == 200

    refused(completed(client, upload), 400, "unusable_file")
    refused(completed(client, upload), 404, "not_found")


@pytest.mark.parametrize(
    ("sent", "status", "name"),
    [
        ({"name": "x.png", "bytes": 0}, 400, "invalid_arguments"),
        ({"name": "x.png", "bytes": 100_000_001}, 413, "too_large"),
        ({"name": "x.png"}, 400, "invalid_arguments"),
    ],
)
def test_sizes_are_checked_first(
    client: httpx2.Client, sent: dict[str, Any], status: int, name: str
) -> None:
    """Documented: at most 100 MB."""
    refused(client.post("/uploads", json=sent, headers=admin()), status, name)


def test_announcing_needs_the_token(client: httpx2.Client) -> None:
    """Documented: only the signed URL does without."""
    refused(client.post("/uploads", json={"name": "x", "bytes": 1}), 401, "unauthorized")


def test_a_hundred_uploads_may_be_open(tmp_path: Path) -> None:
    """Documented: 100 open uploads; then 429 with Retry-After."""
    with rest_server(tmp_path) as client:
        for _ in range(100):
            announced(client, b"x")
        answer = client.post("/uploads", json={"name": "x", "bytes": 1})

    refused(answer, 429, "too_many_uploads")
    assert 1 <= int(answer.headers["retry-after"]) <= 600
