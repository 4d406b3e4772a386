"""Stored media over HTTP: list, store, change, delete, bytes in parts, previews."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx2
import pytest

from support.imaging.sample_files import png
from support.rest.rest_server import refused, rest_server

CORE = "/generate/core"


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory) -> Iterator[httpx2.Client]:
    """Serve for the module."""
    with rest_server(tmp_path_factory.mktemp("media")) as found:
        yield found


def fine(answer: httpx2.Response, status: int = 200) -> Any:  # noqa: ANN401 -- JSON
    """Check an answer and return its JSON."""
    assert answer.status_code == status, answer.text
    return answer.json()


def stored(client: httpx2.Client, side: int, **query: str) -> dict[str, Any]:
    """Store a picture of its own size as the body, and return its form."""
    answer = client.post(
        "/media", content=png((side, 64)), params=query, headers={"content-type": "image/png"}
    )
    form: dict[str, Any] = fine(answer, 201)["media"][0]
    return form


# Store --------------------------------------------------------------------------------------------


def test_a_raw_body_is_stored_under_its_label(client: httpx2.Client) -> None:
    """Documented: a raw body, with ?label= and ?name=."""
    form = stored(client, 65, label="raw one", name="holiday.png")

    assert (form["label"], form["width"], form["media_type"]) == ("raw one", 65, "image/png")
    assert form["origin"] == "imported"


def test_a_form_stores_several_files(client: httpx2.Client) -> None:
    """Documented: parts named file or files, in their order."""
    parts = [("file", ("a.png", png((66, 64)))), ("files", ("b.png", png((67, 64))))]

    form = fine(client.post("/media", files=parts), 201)

    assert [each["width"] for each in form["media"]] == [66, 67]


def test_a_link_is_imported_like_the_tool_does(client: httpx2.Client) -> None:
    """Documented: {"url": …}; private addresses are refused."""
    text = refused(
        client.post("/media", json={"url": "https://127.0.0.1/x.png"}), 400, "file_not_allowed"
    )

    assert "127.0.0.1" in text


@pytest.mark.parametrize("path", ["/etc/passwd", "file:///etc/passwd", "~/x.png"])
def test_files_of_the_server_are_refused(client: httpx2.Client, path: str) -> None:
    """Documented: never a server path."""
    answer = client.post("/media", json={"url": path})

    assert answer.status_code in {400, 404}
    assert "root:" not in answer.text


@pytest.mark.parametrize(
    ("sent", "status", "name"),
    [
        ({"json": {}}, 400, "invalid_arguments"),
        (
            {"content": b"<html>", "headers": {"content-type": "text/html"}},
            415,
            "unsupported_content_type",
        ),
        ({"content": b"<html>", "headers": {"content-type": "image/png"}}, 400, "unusable_file"),
        (
            {
                "files": [("file", (f"{n}.png", png((70 + n, 64)))) for n in range(2)],
                "data": {"label": "x"},
            },
            400,
            "invalid_arguments",
        ),
    ],
    ids=["nothing", "type", "html as png", "one label for two"],
)
def test_what_cant_be_stored_is_refused(
    client: httpx2.Client, sent: dict[str, Any], status: int, name: str
) -> None:
    """Documented: the table of errors."""
    refused(client.post("/media", **sent), status, name)


# List ---------------------------------------------------------------------------------------------


def test_pages_lose_and_repeat_nothing(client: httpx2.Client) -> None:
    """Documented: cursor, limit, next_cursor."""
    wanted = [stored(client, 80 + n)["id"] for n in range(5)]
    seen: list[str] = []
    cursor: dict[str, str] = {}
    while True:
        page = fine(client.get("/media", params={"limit": 2, **cursor}))
        seen += [each["id"] for each in page["media"]]
        if "next_cursor" not in page:
            break
        cursor = {"cursor": page["next_cursor"]}

    assert len(seen) == len(set(seen))
    assert [each for each in seen if each in wanted] == wanted[::-1]


def test_lists_have_parents_and_no_paths(client: httpx2.Client) -> None:
    """Documented: lineage; no server path in any JSON."""
    item = stored(client, 128, label="parent of lists")
    made = client.post("/edit/remove-background", data={"image": item["id"]})
    result = made.headers["x-media-id"]

    page = fine(client.get("/media", params={"limit": 200, "kind": "image"}))
    [listed] = [each for each in page["media"] if each["id"] == result]

    assert [each["id"] for each in listed["parents"]] == [item["id"]]
    assert fine(client.get("/media", params={"used_in": result}))["media"][0]["id"] == item["id"]
    assert "path" not in {name for each in page["media"] for name in each}


@pytest.mark.parametrize(
    "query", [{"cursor": "x"}, {"limit": 201}, {"limit": 0}, {"since": "soon"}]
)
def test_invalid_filters_are_named(client: httpx2.Client, query: dict[str, Any]) -> None:
    """Documented: 400."""
    assert next(iter(query)) in refused(
        client.get("/media", params=query), 400, "invalid_arguments"
    )


# One item -----------------------------------------------------------------------------------------


def test_an_item_shows_its_results_and_newest_version(client: httpx2.Client) -> None:
    """Documented: lineage of one item."""
    item = stored(client, 129, label="lineage")
    made = client.post("/edit/remove-background", data={"image": item["id"], "label": "lineage"})
    result = made.headers["x-media-id"]

    shown = fine(client.get(item["links"]["self"].removeprefix("/api/stability")))

    assert [each["id"] for each in shown["results"]] == [result]
    assert shown["newest"]["id"] == result
    assert shown["result_count"] == 1


def test_label_and_tags_are_changed(client: httpx2.Client) -> None:
    """Documented: PATCH label, tags."""
    item = stored(client, 130)

    changed = fine(client.patch(f"/media/{item['id']}", json={"label": "néw", "tags": ["sea"]}))

    assert (changed["label"], changed["tags"]) == ("néw", ["sea"])
    assert fine(client.get("/media", params={"tag": "Sea"}))["media"][0]["id"] == item["id"]
    assert fine(client.patch(f"/media/{item['id']}", json={"tags": []}))["tags"] == []
    refused(client.patch(f"/media/{item['id']}", json={}), 400, "invalid_arguments")


def test_a_taken_label_becomes_the_next_version(client: httpx2.Client) -> None:
    """Documented: the rule of media_label, and a note about it."""
    stored(client, 131, label="taken")
    item = stored(client, 132)

    changed = fine(client.patch(f"/media/{item['id']}", json={"label": "taken"}))

    assert changed["label"] == "taken v2"
    assert "taken" in changed["notes"][0]


def test_deleted_media_come_back(client: httpx2.Client) -> None:
    """Documented: media_delete, and its restore."""
    item = stored(client, 133, label="gone")

    gone = fine(client.delete(f"/media/{item['id']}"))

    refused(client.get(f"/media/{item['id']}/content"), 404, "not_found")
    refused(client.delete(f"/media/{item['id']}"), 404, "not_found")
    back = fine(client.post(gone["restore"].removeprefix("/api/stability")))
    assert (back["id"], back["label"]) == (item["id"], "gone")


@pytest.mark.parametrize("name", ["nothing", "latest", "undo", "..%2F..%2Fetc%2Fpasswd", "%00"])
def test_unknown_names_are_not_found(client: httpx2.Client, name: str) -> None:
    """Chosen: a path names one item, never words that mean another one tomorrow."""
    for method in ("GET", "DELETE"):
        assert client.request(method, f"/media/{name}").status_code in {400, 404}


# Bytes --------------------------------------------------------------------------------------------


def test_bytes_have_a_tag_and_no_origin(client: httpx2.Client) -> None:
    """Documented: ETag, sandbox, nosniff, private cache."""
    body = png((140, 64))
    item = fine(client.post("/media", content=body, headers={"content-type": "image/png"}), 201)
    address = f"/media/{item['media'][0]['id']}/content"

    whole = client.get(address)

    assert whole.content == body
    assert "sandbox" in whole.headers["content-security-policy"]
    assert whole.headers["x-content-type-options"] == "nosniff"
    assert whole.headers["cache-control"] == "private, no-cache"
    assert whole.headers["content-disposition"].startswith("inline")
    same = client.get(address, headers={"if-none-match": f'"x", W/{whole.headers["etag"]}'})
    assert (same.status_code, same.content) == (304, b"")
    assert same.headers["etag"] == whole.headers["etag"]
    head = client.head(address)
    assert (head.headers["content-length"], head.content) == (str(len(body)), b"")
    saved = client.get(address, params={"download": "true"})
    assert saved.headers["content-disposition"].startswith("attachment")


@pytest.mark.parametrize(
    ("header", "status", "span"),
    [
        ("bytes=0-9", 206, (0, 10)),
        ("bytes=5-", 206, (5, None)),
        ("bytes=-7", 206, (-7, None)),
        ("bytes=0-99999999", 206, (0, None)),
        ("bytes=0-1,3-4", 200, (0, None)),
        ("bytes=9-5", 200, (0, None)),
        ("bytes=-", 200, (0, None)),
        ("items=0-1", 200, (0, None)),
        ("nonsense", 200, (0, None)),
    ],
)
def test_one_range_is_served(
    client: httpx2.Client, header: str, status: int, span: tuple[int, int | None]
) -> None:
    """Documented: one Range; several, or an invalid one: the whole file."""
    body = png((141, 64))
    item = stored(client, 141)

    answer = client.get(f"/media/{item['id']}/content", headers={"range": header})

    assert answer.status_code == status
    assert answer.content == body[span[0] : span[1]]


@pytest.mark.parametrize("header", ["bytes=999999-", "bytes=-0"])
def test_a_range_behind_the_end_is_refused(client: httpx2.Client, header: str) -> None:
    """Documented: 416, with the size."""
    item = stored(client, 142)

    answer = client.get(f"/media/{item['id']}/content", headers={"range": header})

    refused(answer, 416, "range_not_satisfiable")
    assert answer.headers["content-range"] == f"bytes */{item['bytes']}"


def test_if_range_of_another_version_gets_the_whole_file(client: httpx2.Client) -> None:
    """Documented: If-Range."""
    item = stored(client, 143)
    address, part = f"/media/{item['id']}/content", {"range": "bytes=0-1"}
    tag = client.head(address).headers["etag"]

    assert client.get(address, headers={**part, "if-range": tag}).status_code == 206
    assert client.get(address, headers={**part, "if-range": '"other"'}).status_code == 200


def test_previews_are_drawn_and_cached(client: httpx2.Client) -> None:
    """Documented: a small picture, also of sounds and 3D models."""
    photo = stored(client, 1_500)
    sound = client.post("/audio/text-to-audio", data={"prompt": "rain", "duration": "1"})

    for media in (photo["id"], sound.headers["x-media-id"]):
        shown = client.get(f"/media/{media}/preview")
        assert (shown.status_code, shown.headers["content-type"]) == (200, "image/webp")
        tag = {"if-none-match": shown.headers["etag"]}
        assert client.get(f"/media/{media}/preview", headers=tag).status_code == 304


def test_markup_in_names_stays_text(client: httpx2.Client, tmp_path: Path) -> None:
    """Documented: CR/LF, markup and RTL marks in labels and file names."""
    item = stored(client, 150, label='<b>"x"</b>\u202egnp.exe\r\nSet-Cookie: a=1')

    answer = client.get(f"/media/{item['id']}/content", params={"download": "true"})

    assert "set-cookie" not in answer.headers
    assert "\u202e" not in answer.headers["content-disposition"]
    assert str(tmp_path.parent) not in answer.headers["content-disposition"]
