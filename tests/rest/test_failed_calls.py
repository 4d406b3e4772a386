"""What a call answers that the API refused, failed or never answered, and after our own bugs."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import anyio
import httpx2
import pytest
import uvicorn

from stability_emulator.app import create_app
from stability_emulator.faults import Fault
from stability_emulator.state import State
from stability_mcp.errors import StorageError
from stability_mcp.http.http_serving import listen
from stability_mcp.rest import rest_app
from support.rest.rest_server import admin, refused, rest_server

CORE = "/generate/core"
KEY = "sk-not-a-real-key-000000000000000000000000000000"


@dataclass(frozen=True)
class Upstream:
    """A server with a key, and the API that it uses."""

    client: httpx2.Client
    api: State


@contextmanager
def emulated_api(state: State) -> Iterator[str]:
    """Serve the emulated API in a thread; yield its address."""
    listener = listen("127.0.0.1", 0)
    server = uvicorn.Server(uvicorn.Config(create_app(state), log_config=None, lifespan="off"))
    thread = threading.Thread(target=anyio.run, args=(server.serve, [listener]), daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"
    finally:
        server.should_exit = True
        thread.join(20)
        listener.close()


@pytest.fixture(scope="module")
def upstream(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Upstream]:
    """Serve for the module."""
    state, folder = State(), tmp_path_factory.mktemp("failed")
    with (
        emulated_api(state) as address,
        rest_server(folder, api_key=KEY, base_url=address, max_retries=0) as client,
    ):
        client.headers.update(admin())
        yield Upstream(client, state)


@pytest.mark.parametrize(
    ("fault", "status", "name", "charged"),
    [
        (Fault(status=403), 403, "moderation", "not charged"),
        (Fault(status=402), 402, "out_of_credits", "not charged"),
        (Fault(status=401), 502, "api_key_rejected", "not charged"),
        (Fault(status=500), 502, "api_unavailable", "not charged"),
        (Fault(html=True), 502, "unknown", "may have been charged"),
        (Fault(status=422), 422, "refused_by_api", "not charged"),
        (Fault(status=200, body="{}"), 502, "unusable_answer", "charged"),
    ],
    ids=["403", "402", "401", "500", "gateway", "422", "unreadable"],
)
def test_an_error_of_the_api_has_a_status_a_name_and_its_charge(
    upstream: Upstream, fault: Fault, status: int, name: str, charged: str
) -> None:
    """Documented: the table of errors; the same key gets the same answer, and nothing is resent."""
    # Only the operation: a call after 401 or 402 asks for the balance first.
    upstream.api.faults.inject(fault.model_copy(update={"path": "/v2beta/*"}))
    key, body = {"idempotency-key": str(hash(fault))}, {"prompt": f"a fox, {fault}"}

    answer = upstream.client.post(CORE, json=body, headers=key)
    again = upstream.client.post(CORE, json=body, headers=key)

    refused(answer, status, name)
    assert answer.json()["charged"] == charged
    assert {**again.json(), "id": ""} == {**answer.json(), "id": ""}


def test_a_request_that_could_not_be_sent_may_be_repeated(tmp_path: Path) -> None:
    """Documented: 503 with Retry-After."""
    closed = listen("127.0.0.1", 0)
    address = f"http://127.0.0.1:{closed.getsockname()[1]}"
    closed.close()
    with rest_server(tmp_path, api_key=KEY, base_url=address, max_retries=0) as client:
        answer = client.post(CORE, json={"prompt": "a fox"}, headers=admin())

    refused(answer, 503, "request_not_sent")
    assert answer.json()["charged"] == "not charged"


@pytest.mark.parametrize(
    ("error", "status", "name"),
    [
        (StorageError("The disk is full."), 503, "storage"),
        (ZeroDivisionError("s3cret"), 500, "bug"),
    ],
)
def test_an_error_of_our_own_tells_no_details(
    upstream: Upstream, monkeypatch: pytest.MonkeyPatch, error: Exception, status: int, name: str
) -> None:
    """Documented: 503 with Retry-After if the store can't be written; a bug answers its id only."""

    async def fail(*_: object) -> None:
        raise error

    monkeypatch.setattr(rest_app, "read_arguments", fail)
    answer = upstream.client.post(CORE, json={"prompt": "a fox"})

    refused(answer, status, name)
    assert "s3cret" not in answer.text
    assert ("retry-after" in answer.headers) == (status == 503)
