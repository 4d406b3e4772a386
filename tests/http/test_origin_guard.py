"""Who may call the REST face: Host, Origin, token, the emulator's exception, CORS and limits."""

from collections.abc import Iterator, Mapping
from pathlib import Path

import httpx2
import pytest

from support.rest.rest_server import TOKEN, admin, refused, rest_server

CORE = "/generate/core"
OTHER = "https://app.example.com"
FOX = {"prompt": "a fox"}


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory) -> Iterator[httpx2.Client]:
    """Serve for the module, with one allowed origin and one more host name."""
    folder = tmp_path_factory.mktemp("guard")
    with rest_server(folder, cors_origins=(OTHER,), hosts=("host.docker.internal",)) as found:
        yield found


def own_origin(client: httpx2.Client) -> str:
    """Return the origin of the server's own pages."""
    return f"http://{client.base_url.netloc.decode()}"


@pytest.mark.parametrize(
    "host", ["evil.example.com", "127.0.0.1.evil.example.com", "127.0.0.1@evil.example.com", ""]
)
def test_a_foreign_name_is_refused(client: httpx2.Client, host: str) -> None:
    """Documented: DNS rebinding; Host must be ours, else 421."""
    for path in (CORE, "/health", "/nothing"):
        refused(client.post(path, headers={"host": host}), 421, "misdirected_request")


@pytest.mark.parametrize(
    "headers",
    [
        {"origin": "https://evil.example.com"},
        {"origin": "null"},
        {"origin": "http://127.0.0.1:1"},
        {"origin": "http://localhost"},
        {"sec-fetch-site": "cross-site"},
        {"sec-fetch-site": "same-site"},
    ],
)
def test_a_page_of_another_site_is_refused(
    client: httpx2.Client, headers: Mapping[str, str]
) -> None:
    """Documented: a form of another page, an <img> and fetch get 403 before the body is read."""
    form = {"content-type": "application/x-www-form-urlencoded", **headers}

    refused(client.post(CORE, content="prompt=a+fox", headers=form), 403, "foreign_origin")
    refused(client.get("/health", headers=headers), 403, "foreign_origin")


def test_the_servers_own_pages_and_allowed_origins_are_served(client: httpx2.Client) -> None:
    """Documented: Origin ours or in STABILITY_CORS_ORIGINS."""
    own = client.get("/health", headers={"origin": own_origin(client)})
    other = client.get("/health", headers={"origin": OTHER, "sec-fetch-site": "cross-site"})

    assert (own.status_code, other.status_code) == (200, 200)
    assert other.headers["access-control-allow-origin"] == OTHER
    assert "access-control-allow-credentials" not in other.headers
    assert "X-Job-Id" in other.headers["access-control-expose-headers"]


def test_a_preflight_is_answered_for_allowed_origins_only(client: httpx2.Client) -> None:
    """Documented: exact origins; our request headers are allowed."""
    asked = {
        "access-control-request-method": "POST",
        "access-control-request-headers": "authorization, content-type, idempotency-key, prefer",
    }

    allowed = client.options(CORE, headers={"origin": OTHER, **asked})
    foreign = client.options(CORE, headers={"origin": "https://evil.example.com", **asked})

    assert allowed.status_code == 200, allowed.text
    assert allowed.headers["access-control-allow-origin"] == OTHER
    assert foreign.status_code == 403
    assert "access-control-allow-origin" not in foreign.headers


def test_errors_can_be_read_by_allowed_pages(client: httpx2.Client) -> None:
    """Chosen: without the header, a page would see a network error instead of the text."""
    answer = client.post(CORE, json={}, headers={"origin": OTHER})

    assert (answer.status_code, answer.headers["access-control-allow-origin"]) == (400, OTHER)


def test_the_emulator_needs_no_token_under_a_loopback_name_only(client: httpx2.Client) -> None:
    """Documented: names in STABILITY_HOSTS always need it."""
    named = {"host": "host.docker.internal"}

    assert client.get("/user/balance").status_code == 200
    answer = client.get("/user/balance", headers=named)
    refused(answer, 401, "unauthorized")
    assert answer.headers["www-authenticate"] == "Bearer"
    assert client.get("/user/balance", headers={**named, **admin()}).status_code == 200
    assert client.get("/health", headers=named).status_code == 200


@pytest.mark.parametrize(
    "authorization",
    ["", "Bearer", "Bearer wrong", f"Basic {TOKEN}", f"Bearer {TOKEN}x", "Bearer \xff"],
)
def test_a_wrong_token_is_refused(client: httpx2.Client, authorization: str) -> None:
    """Documented: 401; the answer repeats nothing of it."""
    headers = [
        (b"host", b"host.docker.internal"),
        (b"authorization", authorization.encode("latin-1")),
    ]
    answer = client.get("/user/balance", headers=headers)

    text = refused(answer, 401, "unauthorized")
    assert "wrong token" not in text
    assert TOKEN not in answer.text


def test_a_real_key_needs_the_token_everywhere(tmp_path: Path) -> None:
    """Documented: the exception is for the emulator; health stays open."""
    with rest_server(tmp_path, api_key="sk-not-a-real-key-000000000000000000000000000000") as real:
        assert real.get("/health").status_code == 200
        refused(real.get("/user/balance"), 401, "unauthorized")
        refused(real.post(CORE, json=FOX), 401, "unauthorized")


def test_a_client_that_sends_too_much_is_locked_out(tmp_path: Path) -> None:
    """Documented: the next request over the limit locks; health isn't counted."""
    with rest_server(tmp_path, client_rate=(3, 60.0), client_lockout=30) as limited:
        for left in (2, 1, 0):
            answer = limited.get("/user/balance", headers=admin())
            assert answer.status_code == 200
            assert answer.headers["x-ratelimit-remaining"] == str(left)
        assert f"r={left}" in answer.headers["ratelimit"]
        assert answer.headers["ratelimit-policy"] == '"client";q=3;w=60'
        over = limited.get("/user/balance", headers=admin())
        refused(over, 429, "client_limit")
        assert 0 < int(over.headers["retry-after"]) <= 30
        assert limited.get("/user/balance").status_code == 200, "loopback without a token"
        assert "x-ratelimit-limit" not in limited.get("/user/balance").headers


def test_unknown_paths_and_methods_are_named(client: httpx2.Client) -> None:
    """Documented: 404 and 405, as JSON like every error."""
    assert "/generate/core" in refused(client.post("/generate/cores"), 404, "not_found")
    answer = client.get(CORE)
    refused(answer, 405, "method_not_allowed")
    assert answer.headers["allow"] == "POST"


def test_every_answer_has_the_common_headers(client: httpx2.Client) -> None:
    """Documented: the caller's request id is kept if it is harmless."""
    kept = client.get("/health", headers={"x-request-id": "abc-123"})
    replaced = client.get("/health", headers={"x-request-id": "a b<script>"})

    assert kept.headers["x-request-id"] == "abc-123"
    assert replaced.headers["x-request-id"].startswith("req_")
    for name, value in (("x-content-type-options", "nosniff"), ("cache-control", "no-store")):
        assert kept.headers[name] == value
    assert kept.headers["server-timing"].startswith("total;dur=")
