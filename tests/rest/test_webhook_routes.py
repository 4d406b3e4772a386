"""Routes of webhooks: who may change them, what is refused, and signed messages to a receiver."""

import json
import time
from collections.abc import Iterator

import httpx2
import pytest
from standardwebhooks import Webhook

from support.notify.receivers import listening
from support.rest.rest_server import admin, refused, rest_server

CORE = "/generate/core"
SECONDS = 20


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory) -> Iterator[httpx2.Client]:
    """Serve for the module."""
    with rest_server(tmp_path_factory.mktemp("webhooks")) as found:
        yield found


def test_only_the_token_changes_webhooks(client: httpx2.Client) -> None:
    """Documented: changes of /webhooks need the token even on the emulator; lists don't."""
    for method, path in (
        ("POST", "/webhooks"),
        ("PATCH", "/webhooks/x"),
        ("DELETE", "/webhooks/x"),
        ("POST", "/webhooks/x/rotate"),
        ("POST", "/webhooks/x/enable"),
        ("POST", "/webhooks/x/test"),
    ):
        refused(client.request(method, path), 401, "unauthorized")
    assert client.get("/webhooks").json() == {"webhooks": []}


@pytest.mark.parametrize(
    "url",
    ["http://example.com/x", "https://10.0.0.1/x", "https://127.0.0.1.nip.io:x/", "ftp://a/b", "x"],
)
def test_a_url_that_is_not_public_is_refused(client: httpx2.Client, url: str) -> None:
    """Documented: 422; public https, or http to this machine."""
    answer = client.post("/webhooks", json={"url": url}, headers=admin())

    assert answer.status_code == 422, answer.text


def test_a_webhook_is_created_tested_rotated_changed_and_deleted(client: httpx2.Client) -> None:
    """Documented: the secret is shown once; only the token shows paths; a test is sent at once."""
    with listening() as listener:
        host, url = listener.url, f"{listener.url}/secret-path"
        body = {"url": url, "events": ["job.ended"], "description": "mine"}
        made = client.post("/webhooks", json=body, headers=admin())
        name, secret = made.json()["id"], made.json()["secret"]

        assert (made.status_code, made.headers["location"]) == (
            201,
            f"/api/stability/webhooks/{name}",
        )
        shown = client.get(f"/webhooks/{name}")
        assert "secret" not in shown.json()
        listed = client.get("/webhooks").json()["webhooks"]
        configured = client.get("/admin/webhooks/config").json()["endpoints"]
        assert {each["url"] for each in (shown.json(), *listed, *configured)} == {host}
        known = client.get(f"/webhooks/{name}", headers=admin()).json()["url"]
        assert known == made.json()["url"] == url
        assert secret not in client.get("/webhooks").text
        tested = client.post(f"/webhooks/{name}/test", headers=admin()).json()
        assert (tested["delivered"], tested["status"]) == (True, 204), tested
        rotated = client.post(f"/webhooks/{name}/rotate", headers=admin()).json()["secret"]
        assert rotated != secret
        changed = client.patch(f"/webhooks/{name}", json={"description": "new"}, headers=admin())
        assert changed.json()["description"] == "new"

        job = client.post(CORE, data={"prompt": "a fox with a webhook"}).headers["x-job-id"]
        end = time.monotonic() + SECONDS
        while not (found := client.get(f"/webhooks/{name}/deliveries").json()["deliveries"]) or (
            found[0]["state"] != "delivered"
        ):
            assert time.monotonic() < end, found
            time.sleep(0.05)  # the delivery is recorded in the server's own time
        assert (found[0]["type"], found[0]["subject"]) == ("job.ended", job)
        for each in (secret, rotated):  # both sign for 24 hours
            Webhook(each).verify(listener.bodies[-1], listener.headers[-1])
        message = listener.received[-1]
        assert (message["type"], message["data"]["job"]) == ("job.ended", job)
        assert "path" not in json.dumps(message)

    assert client.delete(f"/webhooks/{name}", headers=admin()).status_code == 204
    refused(client.get(f"/webhooks/{name}"), 404, "not_found")
