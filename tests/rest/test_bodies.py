"""Bodies of requests: three formats, files, and everything that is refused while it is read."""

import json
import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx2
import pytest

from stability_mcp.rest import body_stream, multipart
from stability_mcp.rest.bodies import MAX_FIELDS, MAX_FILES
from stability_mcp.rest.json_body import MAX_COMMAS, MAX_JSON_BYTES
from support.imaging.sample_files import png
from support.rest.rest_server import refused, rest_server

ERASE = "/edit/erase"
CORE = "/generate/core"


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory) -> Iterator[httpx2.Client]:
    """Serve for the module."""
    with rest_server(tmp_path_factory.mktemp("bodies")) as found:
        yield found


def made(answer: httpx2.Response) -> None:
    """Check that an answer is a picture."""
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"] == "image/png"
    assert answer.content.startswith(b"\x89PNG")


def test_the_three_formats_mean_the_same(client: httpx2.Client) -> None:
    """Documented: multipart, urlencoded or JSON, as lenient as tools."""
    fields = {"prompt": "a fox in snow", "seed": "7", "aspect_ratio": " 16:9 "}

    for sent in (
        {"files": {name: (None, value) for name, value in fields.items()}},
        {"data": fields},
        {"json": {**fields, "seed": 7}},
    ):
        made(client.post(CORE, **sent))


def test_a_file_is_stored_and_sent(client: httpx2.Client) -> None:
    """Documented: file parts are imported before the call."""
    files = {"image": ("photo.png", png((128, 128))), "mask": ("mask.png", png((128, 128)))}

    made(client.post(ERASE, files=files))


def test_a_file_field_takes_text_that_names_media(client: httpx2.Client) -> None:
    """Documented: media id, media:// URI, label or data: URI."""
    first = client.post(CORE, data={"prompt": "an owl", "label": "owl of bodies"})
    media = first.headers["x-media-id"]

    for reference in (media, f"media://{media}", "owl of bodies"):
        made(client.post("/edit/remove-background", data={"image": reference}))


@pytest.mark.parametrize("reference", ["/etc/passwd", "file:///etc/passwd", "~/x.png", "../x.png"])
def test_a_path_of_the_server_is_never_read(client: httpx2.Client, reference: str) -> None:
    """Documented: never a path of the server; the answer doesn't reveal which files exist."""
    text = refused(client.post(ERASE, json={"image": reference}), 400, "file_not_allowed")

    assert "no files" in text


def test_a_private_address_is_not_fetched(client: httpx2.Client) -> None:
    """Documented: guarded https:// addresses only."""
    answer = client.post(ERASE, json={"image": "https://127.0.0.1/x.png"})

    assert answer.status_code == 400, answer.text


BROKEN: list[tuple[str, dict[str, Any], str]] = [
    ("not JSON", {"content": b"{", "headers": {"content-type": "application/json"}}, "valid JSON"),
    ("a list", {"json": ["a fox"]}, "JSON object"),
    ("NaN", {"content": b'{"seed":NaN}', "headers": {"content-type": "application/json"}}, "NaN"),
    ("NUL", {"json": {"prompt": "a\0fox"}}, "NUL"),
    ("NUL in a form", {"data": {"prompt": "a\0fox"}}, "NUL"),
    (
        "half a surrogate pair",
        {"content": b'{"prompt":"\\ud83d"}', "headers": {"content-type": "application/json"}},
        "surrogate",
    ),
    (
        "bytes that aren't UTF-8",
        {"content": b'{"prompt":"\xff"}', "headers": {"content-type": "application/json"}},
        "UTF-8",
    ),
    (
        "the same key twice",
        {
            "content": b'{"prompt":"a","prompt":"b"}',
            "headers": {"content-type": "application/json"},
        },
        "more than once",
    ),
    (
        "the same field twice",
        {
            "content": b"prompt=a&prompt=b",
            "headers": {"content-type": "application/x-www-form-urlencoded"},
        },
        "more than once",
    ),
    (
        "deep JSON",
        {
            "content": b'{"prompt":' + b"[" * 100_000 + b"]" * 100_000 + b"}",
            "headers": {"content-type": "application/json"},
        },
        "levels",
    ),
    (
        "JSON with too many values",
        {
            "content": b'{"prompt":[' + b"[]," * (MAX_COMMAS + 1) + b"[]]}",
            "headers": {"content-type": "application/json"},
        },
        "commas",
    ),
    (
        "a number with too many digits",
        {
            "content": b'{"seed":' + b"9" * 5_000 + b"}",
            "headers": {"content-type": "application/json"},
        },
        "digits",
    ),
    ("a file where text belongs", {"files": {"prompt": ("a.txt", b"a fox")}}, "takes text"),
    ("an unknown file", {"files": {"picture": ("a.png", b"x")}}, "no field"),
    (
        "a part without a name",
        {
            "content": b"--b\r\nContent-Type: text/plain\r\n\r\nx\r\n--b--\r\n",
            "headers": {"content-type": "multipart/form-data; boundary=b"},
        },
        "no name",
    ),
    (
        "a cut body",
        {
            "content": b'--b\r\nContent-Disposition: form-data; name="prompt"\r\n\r\na fox',
            "headers": {"content-type": "multipart/form-data; boundary=b"},
        },
        "ends before",
    ),
]


@pytest.mark.parametrize(
    ("sent", "text"), [each[1:] for each in BROKEN], ids=[b[0] for b in BROKEN]
)
def test_a_broken_body_is_refused_with_what_is_wrong(
    client: httpx2.Client, sent: dict[str, Any], text: str
) -> None:
    """Documented: 400, nothing is charged."""
    answer = client.post(CORE, **sent)

    assert text in refused(answer, 400, "invalid_body")
    assert answer.json()["charged"] == "not charged"


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        ({}, "prompt"),
        ({"prompt": "   "}, "blank"),
        ({"prompt": "a fox", "sed": 7}, "seed"),
        ({"prompt": "a fox", "seed": 2**32}, "from 0"),
        ({"prompt": "a fox", "seed": "seven"}, "whole number"),
        ({"prompt": "a fox", "count": 9}, "from 1 to 8"),
    ],
)
def test_wrong_arguments_are_named(
    client: httpx2.Client, arguments: dict[str, Any], text: str
) -> None:
    """Documented: unknown field, wrong type or range, blank prompt: 400 with the tools' texts."""
    assert text in refused(client.post(CORE, json=arguments), 400, "invalid_arguments")


def test_a_huge_confirm_spend_agrees_to_any_price(client: httpx2.Client) -> None:
    """Chosen: a number that a float can't hold is valid."""
    for agreed in (b"1e999", b"1e308", b'"inf"'):
        body = b'{"prompt":"an owl","confirm_spend":' + agreed + b"}"
        made(client.post(CORE, content=body, headers={"content-type": "application/json"}))


def test_two_idempotency_keys_are_refused(client: httpx2.Client) -> None:
    """Chosen: a retry that sends one of them would be paid again."""
    keys = [("idempotency-key", "one"), ("idempotency-key", "two")]

    text = refused(client.post(CORE, json={"prompt": "x"}, headers=keys), 400, "invalid_arguments")

    assert "Idempotency-Key" in text


def test_an_unusable_file_is_refused(client: httpx2.Client) -> None:
    """Documented: 400."""
    answer = client.post(ERASE, files={"image": ("page.png", b"<html><script>x()</script></html>")})

    assert "image: " in refused(answer, 400, "unusable_file")


def test_another_content_type_is_refused(client: httpx2.Client) -> None:
    """Documented: 415 names the three that are supported."""
    answer = client.post(CORE, content=b"<a/>", headers={"content-type": "text/xml"})

    assert "multipart/form-data" in refused(answer, 415, "unsupported_content_type")


def test_too_much_is_refused_while_it_is_read(client: httpx2.Client) -> None:
    """Documented: 413 for JSON over 16 MiB, over 20 files, over 100 fields."""
    large = json.dumps({"prompt": "x" * MAX_JSON_BYTES}).encode()
    fields = "&".join(f"f{number}=1" for number in range(MAX_FIELDS + 1))
    form = {"content-type": "application/x-www-form-urlencoded"}
    chosen = [("images", ("", b"")) for _ in range(MAX_FIELDS + 1)]
    files = [("images", (f"{n}.png", png((64, 64)))) for n in range(MAX_FILES + 1)]
    as_json = {"content-type": "application/json"}

    refused(client.post(CORE, content=large, headers=as_json), 413, "too_large")
    refused(client.post(CORE, content=iter([large]), headers=as_json), 413, "too_large")
    refused(client.post(CORE, content=fields, headers=form), 413, "too_large")
    refused(client.post("/advanced/batch/process-folder", files=chosen), 413, "too_large")
    answer = client.post("/advanced/batch/process-folder", files=files)
    refused(answer, 413, "too_large")


def test_a_sound_over_the_limit_of_its_operation_is_refused(client: httpx2.Client) -> None:
    """Documented: a sound is never fitted, so the limit is the operation's own."""
    block = bytes(1_000_000)
    files = {"audio": ("long.wav", b"RIFF" + block * 51)}

    answer = client.post("/audio/audio-to-audio", files=files, data={"prompt": "x", "duration": 5})

    refused(answer, 413, "too_large")


def test_a_silent_client_is_timed_out(
    client: httpx2.Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Documented: 408 when no byte of the body comes for 30 s."""
    monkeypatch.setattr(body_stream, "SILENCE_SECONDS", 0.05)
    url = client.base_url
    head = (
        f"POST {url.path}generate/core HTTP/1.1\r\nHost: {url.netloc.decode()}\r\n"
        "Content-Type: application/json\r\nContent-Length: 100\r\n\r\n{"
    )
    with socket.create_connection((url.host, url.port or 80), timeout=20) as connection:
        connection.sendall(head.encode())
        answer = connection.recv(65_536)

    assert answer.startswith(b"HTTP/1.1 408"), answer


@pytest.mark.parametrize(
    ("kind", "body"),
    [
        ("application/json", b'{"prompt":"'),
        (
            "multipart/form-data; boundary=b",
            b'--b\r\nContent-Disposition: form-data; name="prompt"\r\n\r\n',
        ),
    ],
)
def test_half_sent_bodies_fill_no_memory(
    client: httpx2.Client, monkeypatch: pytest.MonkeyPatch, kind: str, body: bytes
) -> None:
    """Chosen: what all requests keep in memory while they are received is bounded."""
    monkeypatch.setattr(body_stream, "MAX_HELD_BYTES", 150_000)
    url = client.base_url
    head = (
        f"POST {url.path}generate/core HTTP/1.1\r\nHost: {url.netloc.decode()}\r\n"
        f"Content-Type: {kind}\r\nContent-Length: 1000000\r\n\r\n"
    ).encode()
    fox = {"prompt": "a fox " + "x" * 60_000}

    with socket.create_connection((url.host, url.port or 80), timeout=20) as connection:
        connection.sendall(head + body + b"x" * 100_000)
        while (answer := client.post(CORE, json=fox)).status_code != 429:
            assert answer.status_code == 400, answer.text  # the other half wasn't read yet
        assert "retry-after" in answer.headers
        refused(answer, 429, "too_many_uploads")
    while (answer := client.post(CORE, json=fox)).status_code == 429:
        pass
    assert "10000 characters" in refused(answer, 400, "invalid_arguments")


def test_half_sent_files_leave_nothing(tmp_path: Path) -> None:
    """Documented: a client that disappears leaves no file."""
    with rest_server(tmp_path) as other:
        url = other.base_url
        body = (
            b'--b\r\nContent-Disposition: form-data; name="image"; filename="a.png"\r\n\r\n'
            + png((64, 64))[:40]
        )
        head = (
            f"POST {url.path}edit/erase HTTP/1.1\r\nHost: {url.netloc.decode()}\r\n"
            "Content-Type: multipart/form-data; boundary=b\r\nContent-Length: 100000\r\n\r\n"
        ).encode()
        for _ in range(50):
            with socket.create_connection((url.host, url.port or 80), timeout=20) as connection:
                connection.sendall(head + body)
        made(other.post(CORE, json={"prompt": "still alive"}))

    spool = [each for each in (tmp_path / "home").rglob("spool/*") if each.is_file()]
    assert spool == []


def test_headers_of_a_part_are_bounded(client: httpx2.Client) -> None:
    """Chosen: a part of headers only can't fill the memory."""
    long = b"x" * (multipart.MAX_HEADER_BYTES + 1)
    body = b'--b\r\nContent-Disposition: form-data; name="' + long + b'"\r\n\r\nx\r\n--b--\r\n'
    answer = client.post(
        CORE, content=body, headers={"content-type": "multipart/form-data; boundary=b"}
    )

    refused(answer, 400, "invalid_body")


V1 = "/v1/generation/stable-diffusion-xl-1024-v1-0/text-to-image"


@pytest.mark.parametrize("form", ["data", "files"])
def test_a_form_may_have_the_entries_of_a_list_as_fields(client: httpx2.Client, form: str) -> None:
    """Documented: v1 takes `text_prompts[0][text]` in forms; scripts for the API have it."""
    fields = {
        "text_prompts[1][text]": "fog",
        "text_prompts[1][weight]": "-0.5",
        "text_prompts[0][text]": "a fox in snow",
    }
    sent: Any = fields
    if form == "files":
        sent = {name: (None, value) for name, value in fields.items()}
    body: dict[str, Any] = {form: sent}
    answer = client.post(V1, **body, headers={"accept": "image/png"})

    made(answer)
    job = client.get(f"/jobs/{answer.headers['x-job-id']}").json()
    assert [each["text"] for each in job["arguments"]["text_prompts"]] == ["a fox in snow", "fog"]


def test_an_entry_of_a_list_is_sent_once(client: httpx2.Client) -> None:
    """Chosen: a list that is sent in two ways has no order."""
    text = ("text_prompts[0][text]", "a fox")
    whole = ("text_prompts", '[{"text": "an owl"}]')

    for fields in ([text, text], [text, whole], [("text_prompts[0]", "x"), text]):
        answer = client.post(V1, files=[(name, (None, value)) for name, value in fields])
        assert "once" in refused(answer, 400, "invalid_body")


@pytest.mark.parametrize(
    ("path", "name", "way"),
    [
        (CORE, "image", "generate_sd3 and generate_ultra do"),
        (CORE, "picture", "takes no files"),
        (ERASE, "img", "use image"),
        ("/utils/image-info", "file", "Files go into image."),
    ],
)
def test_a_file_in_an_unknown_field_is_refused_with_a_way_on(
    client: httpx2.Client, path: str, name: str, way: str
) -> None:
    """Documented: an unknown field is 400; chosen: the text says where files go."""
    answer = client.post(path, files={name: ("photo.png", png((128, 128)))})

    assert way in refused(answer, 400, "invalid_body")


def test_a_free_query_takes_no_arguments(client: httpx2.Client) -> None:
    """Documented: an unknown argument is 400."""
    answer = client.get("/user/balance", params={"currency": "usd"})

    assert '"currency"' in refused(answer, 400, "invalid_arguments")
