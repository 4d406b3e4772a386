"""Streamable HTTP on loopback: token, web pages refused, body limit, both eras."""

import json
import socket
import stat
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import anyio
import httpx2
import pytest
from mcp import Client
from mcp.client.streamable_http import streamable_http_client

from stability_mcp.errors import ConfigurationError, StorageError
from stability_mcp.http.http_serving import (
    TOKEN_FILE,
    kept_token,
    listen,
    run_http,
)
from stability_mcp.settings import read_settings
from support.programs import forked
from support.server.in_memory import Era, both_eras, copies, environment_in, facts, fine, refused

PING = {"jsonrpc": "2.0", "id": 1, "method": "ping"}
HEADERS = {"Accept": "application/json, text/event-stream", "Content-Type": "application/json"}


@contextmanager
def _serving(folder: Path, *options: str) -> Iterator[tuple[str, str]]:
    """Run the server; yield its address and the line that says how to connect."""
    command = forked("stability_mcp", "serve", "--http", "--port", "0", *options)
    with subprocess.Popen(
        command, stderr=subprocess.PIPE, text=True, cwd=folder, env=environment_in(folder)
    ) as process:
        try:
            assert process.stderr is not None
            address = process.stderr.readline().split()[-1]
            yield address, process.stderr.readline()
            process.terminate()
            assert process.wait(20) in {0, -15}
        finally:
            process.kill()


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, str]]:
    """Run one server for the module; yield its address and token."""
    with _serving(tmp_path_factory.mktemp("http")) as (address, line):
        yield address, line.split()[-1]


@pytest.mark.anyio
@both_eras
async def test_a_client_with_the_token_is_served(era: Era, served: tuple[str, str]) -> None:
    """Documented (README): both eras, one server."""
    address, token = served
    headers = {"Authorization": f"Bearer {token}"}
    with anyio.fail_after(60):
        async with (
            httpx2.AsyncClient(headers=headers, timeout=60) as http,
            Client(streamable_http_client(address, http_client=http), mode=era) as client,
        ):
            made = fine(await client.call_tool("generate_core", {"prompt": "a fox"}))
            read = await client.read_resource(facts(made)["media"][0]["uri"])

    assert len(copies(made)) == 1
    assert read.contents


@pytest.mark.anyio
@both_eras
async def test_the_sheet_of_one_client_is_not_another_s(era: Era, served: tuple[str, str]) -> None:
    """Chosen: a wrong picture costs credits; a client that isn't known again has to use names."""
    address, token = served
    headers = {"Authorization": f"Bearer {token}"}
    with anyio.fail_after(60):
        async with (
            httpx2.AsyncClient(headers=headers, timeout=60) as http,
            Client(streamable_http_client(address, http_client=http), mode=era) as first,
            Client(streamable_http_client(address, http_client=http), mode=era) as second,
        ):
            arguments = {"prompt": "a fox", "count": 2, "label": f"sheet of {era}"}
            made = fine(await first.call_tool("generate_core", arguments))
            others = {"prompt": "a dog", "count": 3, "label": f"other sheet of {era}"}
            fine(await second.call_tool("generate_core", others))
            shown = await first.call_tool("media_show", {"media": ["#2"]})

    if era == "legacy":
        assert facts(fine(shown))["media"][0]["uri"] == facts(made)["media"][1]["uri"]
    else:
        assert "none were shown to this client since it connected" in refused(shown)


@pytest.mark.parametrize("given", [None, "Bearer wrong", "Bearer", "Basic dTpw", "Bearer \xff"])
def test_requests_without_the_token_are_refused(given: str | None, served: tuple[str, str]) -> None:
    """Chosen: any local program can reach the port, and calls spend money."""
    shown = {**HEADERS, **({"Authorization": given} if given is not None else {})}
    headers = [(name.encode(), value.encode("latin-1")) for name, value in shown.items()]

    answer = httpx2.post(served[0], json=PING, headers=headers)

    assert answer.status_code == 401
    assert answer.headers["www-authenticate"] == "Bearer"
    assert "Authorization: Bearer TOKEN" in answer.text


@pytest.mark.parametrize(
    ("header", "value", "status"),
    [("Host", "evil.example", 421), ("Origin", "https://evil.example", 403)],
)
def test_web_pages_are_refused_even_with_the_token(
    header: str, value: str, status: int, served: tuple[str, str]
) -> None:
    """Chosen: a page may make the browser send requests to loopback (DNS rebinding)."""
    address, token = served
    headers = HEADERS | {"Authorization": f"Bearer {token}", header: value}

    assert httpx2.post(address, json=PING, headers=headers).status_code == status


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (b"\xef\xbb\xbf%s", 200),
        (b"\n%s\n", 200),
        (b"not json", 400),
        (b"[1]", 400),
        (b"", 400),
    ],
)
def test_invalid_messages_are_repaired_or_answered_with_an_error(
    body: bytes, status: int, served: tuple[str, str]
) -> None:
    """Chosen: the same as on stdio."""
    address, token = served
    start = {
        "protocolVersion": "2025-06-18",
        "capabilities": {},
        "clientInfo": {"name": "test \ud83e", "version": "1"},
    }
    message = json.dumps({"jsonrpc": "2.0", "id": 1, "method": "initialize", "params": start})
    content = body.replace(b"%s", message.encode())
    headers = HEADERS | {"Authorization": f"Bearer {token}"}

    answer = httpx2.post(address, content=content, headers=headers)

    assert answer.status_code == status
    assert status == 200 or answer.json()["error"]["code"] in {-32700, -32600, -32602}


@pytest.mark.parametrize("scheme", ["Bearer", "bearer", "BEARER", "bEaReR", "Bearer "])
def test_the_scheme_is_accepted_in_any_case(scheme: str, served: tuple[str, str]) -> None:
    """Documented (RFC 9110, 11.1): the scheme is case-insensitive."""
    address, token = served
    headers = HEADERS | {"Authorization": f"{scheme} {token}"}

    assert httpx2.post(address, json=PING, headers=headers).status_code not in {401, 403, 421}


@pytest.fixture(scope="module")
def opened(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Run one server that accepts further host names and an origin; yield its address."""
    options = (
        *("--token", "token"),
        *("--hosts", "host.docker.internal,gateway:9000"),
        *("--cors-origins", "https://app.test"),
    )
    with _serving(tmp_path_factory.mktemp("open"), *options) as (address, _):
        yield address


RIGHT = HEADERS | {"Authorization": "Bearer token"}


@pytest.mark.parametrize(
    ("host", "refused"),
    [
        ("host.docker.internal:8788", False),
        ("host.docker.internal", False),
        ("gateway:9000", False),
        ("gateway:9001", True),
        ("gateway", True),
        ("evil.host.docker.internal:8788", True),
        ("host.docker.internal.evil:8788", True),
    ],
)
def test_further_host_names_are_accepted_with_the_token(
    host: str, *, refused: bool, opened: str
) -> None:
    """Documented (docs/http-hosts.md): STABILITY_HOSTS."""
    answer = httpx2.post(opened, json=PING, headers=RIGHT | {"Host": host})
    without = httpx2.post(opened, json=PING, headers=HEADERS | {"Host": host})

    assert (answer.status_code == 421) == refused
    assert without.status_code == 401


def test_further_host_names_are_refused_without_a_token() -> None:
    """Documented (docs/http-hosts.md): a container is not the user."""
    with pytest.raises(ConfigurationError, match="--no-auth") as caught:
        run_http(read_settings(hosts="gateway"), address=("127.0.0.1", 0), auth=False)

    assert "STABILITY_HOSTS" in str(caught.value)


PREFLIGHT = {
    "Access-Control-Request-Method": "POST",
    "Access-Control-Request-Headers": "authorization,content-type,mcp-session-id,"
    "mcp-protocol-version,last-event-id",
}


def test_a_page_of_an_allowed_origin_can_use_the_server(opened: str) -> None:
    """Documented (docs/http-hosts.md): STABILITY_CORS_ORIGINS; preflights have no token."""
    page = {"Origin": "https://app.test"}
    preflight = httpx2.options(opened, headers=PREFLIGHT | page)
    answer = httpx2.post(opened, json=PING, headers=RIGHT | page)
    without = httpx2.post(opened, json=PING, headers=HEADERS | page)

    assert preflight.status_code == 200
    assert answer.status_code not in {401, 403, 421}
    assert without.status_code == 401
    for each in (preflight, answer, without):
        assert each.headers["access-control-allow-origin"] == "https://app.test"


@pytest.mark.parametrize(
    "origin",
    [
        "https://evil.test",
        "null",
        "http://app.test",
        "https://app.test:8443",
        "https://app.test.evil",
    ],
)
def test_pages_of_other_origins_are_still_refused(origin: str, opened: str) -> None:
    """Chosen: origins are compared exactly."""
    preflight = httpx2.options(opened, headers=PREFLIGHT | {"Origin": origin})
    answer = httpx2.post(opened, json=PING, headers=RIGHT | {"Origin": origin})

    assert preflight.status_code == 400
    assert "access-control-allow-origin" not in preflight.headers
    assert answer.status_code == 403
    assert "access-control-allow-origin" not in answer.headers


@pytest.mark.parametrize(("size", "status"), [(15 * 1024**2, 400), (17 * 1024**2, 413)])
def test_bodies_up_to_16_mib_are_accepted(size: int, status: int, served: tuple[str, str]) -> None:
    """Chosen: a data: URI of 10 MiB fits, and memory is limited."""
    address, token = served
    headers = HEADERS | {"Authorization": f"Bearer {token}"}

    answer = httpx2.post(address, content=b" " * size, headers=headers, timeout=30)

    assert answer.status_code == status


def test_no_auth_prints_a_warning(tmp_path: Path) -> None:
    """Documented (README): --no-auth."""
    with _serving(tmp_path, "--no-auth") as (address, line):
        answer = httpx2.post(address, json=PING, headers=HEADERS)

    assert "every user of this machine can spend your credits" in line
    assert answer.status_code != 401


def test_a_given_token_is_used(tmp_path: Path) -> None:
    """Documented (README): --token."""
    with _serving(tmp_path, "--token", "mine") as (address, _):
        right = httpx2.post(address, json=PING, headers=HEADERS | {"Authorization": "Bearer mine"})

    assert right.status_code != 401
    assert not list((tmp_path / "home").rglob(TOKEN_FILE))


def test_the_token_is_created_once_and_readable_only_by_the_user(tmp_path: Path) -> None:
    """Chosen: it is as powerful as the key."""
    token = kept_token(tmp_path / "home")

    assert len(token) >= 32
    assert kept_token(tmp_path / "home") == token
    assert stat.S_IMODE((tmp_path / "home" / TOKEN_FILE).stat().st_mode) == 0o600


def test_a_token_that_cannot_be_stored_is_an_error(tmp_path: Path) -> None:
    """Chosen: a token that changes at every start would lock out all clients."""
    (tmp_path / "file").write_text("")

    with pytest.raises(StorageError, match="STABILITY_HOME"):
        kept_token(tmp_path / "file" / "home")


@pytest.mark.parametrize("host", ["0.0.0.0", "192.168.1.7", "example.com", "::", ""])  # noqa: S104 -- refused
def test_only_loopback_addresses_are_accepted(host: str) -> None:
    """Chosen: anyone who reaches the port could spend credits."""
    with pytest.raises(ConfigurationError, match="isn't a loopback address"):
        listen(host, 0)


def test_answers_are_sent_at_once() -> None:
    """*Measured*: a call took 48 ms without TCP_NODELAY, and 2 ms with it."""
    with listen("127.0.0.1", 0) as listener, socket.create_connection(listener.getsockname()):
        accepted, _ = listener.accept()
        with accepted:
            assert accepted.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)


def test_a_port_in_use_is_an_error() -> None:
    """Chosen: one sentence instead of a traceback."""
    with listen("127.0.0.1", 0) as taken, pytest.raises(ConfigurationError, match="--port"):
        listen("localhost", taken.getsockname()[1])
