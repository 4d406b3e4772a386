"""The emulator's control API and injected faults, over HTTP and in process."""

from typing import Any

import httpx2
import pytest

from stability_emulator import EMULATOR_KEY
from stability_emulator.state import State

from .support_emulated import BEARER, caller, core, refused
from .test_generations import SOUNDS, started

pytestmark = pytest.mark.anyio

CORE = "/v2beta/stable-image/generate/core"


async def send_command(client: httpx2.AsyncClient, what: str, body: dict[str, Any]) -> None:
    """Send a command to a control."""
    response = await client.post(f"/_emulator/{what}", json=body)
    assert response.is_success, response.text


async def test_the_journal_control_lists_requests_and_charges(client: httpx2.AsyncClient) -> None:
    """Chosen: tests can inspect a server in another process."""
    response = await core(client)

    journal = (await client.get("/_emulator/journal")).json()

    assert journal["requests"][0]["id"] == response.headers["x-request-id"]
    assert journal["charges"][0]["operation"] == "generate_core"
    assert journal["charges"][0]["millicredits"] == 3_000
    assert EMULATOR_KEY not in str(journal)


async def test_pace_credits_and_reset_take_effect_immediately(
    client: httpx2.AsyncClient, state: State
) -> None:
    """Chosen: the controls have the same effect as the methods of the state."""
    await send_command(client, "pace", {"polls": 1})
    generation = await started(client)
    polls = [await client.get(SOUNDS.format(id=generation)) for _ in range(2)]
    await send_command(client, "credits", {"key": EMULATOR_KEY, "credits": 2})
    broke = await core(client)
    await send_command(client, "reset", {})

    assert [each.status_code for each in polls] == [202, 200]
    assert broke.status_code == 402
    assert (state.charges(), state.pace.polls) == ([], 0)


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"host": "evil.example"}, 403),
        ({"host": "127.0.0.1.evil.example"}, 403),
        ({"host": "localhost:8787"}, 200),
        ({"host": "[::1]:8787"}, 200),
        ({"origin": "https://evil.example"}, 403),
        ({"origin": "null"}, 403),
        ({"host": "localhost:8787", "origin": "http://localhost:8787"}, 200),
        ({"host": "localhost:8787", "origin": "http://localhost:3000"}, 403),
    ],
)
async def test_foreign_pages_and_host_names_are_rejected(
    client: httpx2.AsyncClient, headers: dict[str, str], status: int
) -> None:
    """Chosen: neither another site's page nor a foreign name for this address has access."""
    response = await client.post("/_emulator/reset", headers=headers)

    assert response.status_code == status


@pytest.mark.parametrize(
    ("what", "body"),
    [("pace", '{"polls": -1}'), ("faults", '{"paths": "x"}'), ("credits", "nonsense")],
)
async def test_an_invalid_command_is_refused(
    client: httpx2.AsyncClient, what: str, body: str
) -> None:
    """Chosen: 400 with the problems."""
    response = await client.post(f"/_emulator/{what}", content=body)

    assert response.status_code == 400
    assert response.json()["error"]


async def test_an_injected_status_has_the_shape_of_the_api_and_is_not_charged(
    client: httpx2.AsyncClient, state: State
) -> None:
    """Chosen: it affects `count` requests to the path; later ones work normally."""
    await send_command(
        client, "faults", {"path": "/v2beta/*", "count": 2, "status": 503, "message": "busy"}
    )

    failed = [await core(client) for _ in range(2)]
    worked = await core(client)

    assert [refused(each) for each in failed] == [(503, "internal_error", ["busy"])] * 2
    assert worked.status_code == 200
    assert len(state.charges()) == 1


async def test_an_injected_gateway_page_is_html(client: httpx2.AsyncClient, state: State) -> None:
    """Chosen: like the error page of a proxy."""
    await send_command(client, "faults", {"html": True})

    response = await core(client)

    assert (response.status_code, state.charges()) == (502, [])
    assert response.headers["content-type"].startswith("text/html")


async def test_an_injected_body_is_sent_unchanged(client: httpx2.AsyncClient) -> None:
    """Chosen: with any status, type and text."""
    await send_command(
        client,
        "faults",
        {"status": 200, "body": "not a picture", "content_type": "image/png"},
    )

    response = await core(client)

    assert (response.status_code, response.text) == (200, "not a picture")
    assert response.headers["content-type"] == "image/png"


@pytest.mark.parametrize(("when", "charged"), [("before", 0), ("after", 1)])
async def test_an_injected_reset_drops_the_connection_before_or_after_charging(
    client: httpx2.AsyncClient, state: State, when: str, charged: int
) -> None:
    """Chosen: there is no response, so only the journal control shows the outcome."""
    await send_command(client, "faults", {"path": CORE, "reset": when})

    with pytest.raises(httpx2.RemoteProtocolError, match="without sending a response"):
        await core(client)

    assert len(state.charges()) == charged
    assert [each.status for each in state.requests()] == [None]


async def test_an_injected_cut_truncates_the_body(client: httpx2.AsyncClient, state: State) -> None:
    """Chosen: the call is charged, but only the headers and some bytes arrive."""
    await send_command(client, "faults", {"path": CORE, "cut": 1_000})

    async with client.stream("POST", CORE, data={"prompt": "x"}, files={"none": b""}) as response:
        with pytest.raises(httpx2.RemoteProtocolError, match="complete message body"):
            await response.aread()
        received = response.num_bytes_downloaded

    assert (response.status_code, received) == (200, 1_000)
    assert int(response.headers["content-length"]) > 1_000
    assert len(state.charges()) == 1


async def test_polls_and_queries_can_fail_too(client: httpx2.AsyncClient) -> None:
    """Chosen: faults apply to any path."""
    generation = await started(client)
    await send_command(client, "faults", {"path": "/v2beta/audio/results/*", "status": 500})
    await send_command(client, "faults", {"path": "/v1/user/balance", "cut": 3})

    failed = await client.get(SOUNDS.format(id=generation))
    worked = await client.get(SOUNDS.format(id=generation))
    with pytest.raises(httpx2.RemoteProtocolError):
        await client.get("/v1/user/balance")

    assert (failed.status_code, worked.status_code) == (500, 200)


class TestOverASocket:
    """Faults over a real connection."""

    async def test_an_injected_fault_breaks_a_real_connection(self, emulator_url: str) -> None:
        """Chosen: dropped without a response, or in the middle of one."""
        headers = {"authorization": "Bearer sk-socket"}
        async with httpx2.AsyncClient(base_url=emulator_url, headers=headers) as client:
            await send_command(client, "faults", {"path": CORE, "reset": "after"})
            with pytest.raises(httpx2.RemoteProtocolError, match="without sending a response"):
                await core(client)
            await send_command(client, "faults", {"path": CORE, "cut": 1_000})
            with pytest.raises(httpx2.RemoteProtocolError, match="complete message body"):
                await core(client)
            balance = await client.get("/v1/user/balance")

        assert balance.json() == {"credits": 25 - 3 - 3}

    async def test_a_new_key_is_a_new_account(self, emulator_url: str) -> None:
        """Documented: 25 credits; in the emulator any well-formed key opens an account."""
        async with httpx2.AsyncClient(base_url=emulator_url, headers=BEARER) as client:
            key = {"authorization": "Bearer sk-brand-new"}
            response = await client.get("/v1/user/balance", headers=key)

        assert response.json() == {"credits": 25}

    async def test_the_client_receives_the_refusal_of_a_body_that_is_too_large(
        self, emulator_url: str
    ) -> None:
        """Chosen: the client gets the error because the server reads the body to its end."""
        async with httpx2.AsyncClient(base_url=emulator_url, headers=BEARER) as client:
            response = await client.post(
                "/v2beta/stable-image/edit/erase", files={"image": bytes(12_000_000)}
            )

        assert refused(response)[:2] == (413, "payload_too_large")

    async def test_responses_in_process_and_over_a_socket_are_equal(
        self, emulator_url: str, state: State
    ) -> None:
        """Chosen: the same request and seed give the same bytes and headers."""
        async with (
            caller(state) as inside,
            httpx2.AsyncClient(base_url=emulator_url, headers=BEARER) as outside,
        ):
            answers = [await core(client, seed="11") for client in (inside, outside)]

        headers = [
            {name: each.headers[name] for name in ("content-type", "seed", "finish-reason")}
            for each in answers
        ]
        assert answers[0].content == answers[1].content
        assert headers[0] == headers[1]
