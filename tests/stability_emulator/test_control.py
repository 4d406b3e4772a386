"""The emulator's own controls and the faults that can be ordered, over HTTP and in process."""

from typing import Any

import httpx2
import pytest

from stability_emulator import EMULATOR_KEY
from stability_emulator.state import State

from .support_emulated import BEARER, caller, core, refused
from .test_generations import SOUNDS, started

pytestmark = pytest.mark.anyio

CORE = "/v2beta/stable-image/generate/core"


async def order(client: httpx2.AsyncClient, what: str, body: dict[str, Any]) -> None:
    """Use one control."""
    response = await client.post(f"/_emulator/{what}", json=body)
    assert response.is_success, response.text


async def test_the_journal_tells_requests_and_charges(client: httpx2.AsyncClient) -> None:
    """Chosen: what a test asks a server in another process."""
    response = await core(client)

    journal = (await client.get("/_emulator/journal")).json()

    assert journal["requests"][0]["id"] == response.headers["x-request-id"]
    assert journal["charges"][0]["operation"] == "generate_core"
    assert journal["charges"][0]["millicredits"] == 3_000
    assert EMULATOR_KEY not in str(journal)


async def test_pace_credits_and_reset_are_in_force_at_once(
    client: httpx2.AsyncClient, state: State
) -> None:
    """Chosen: the same as on the state itself."""
    await order(client, "pace", {"polls": 1})
    generation = await started(client)
    polls = [await client.get(SOUNDS.format(id=generation)) for _ in range(2)]
    await order(client, "credits", {"key": EMULATOR_KEY, "credits": 2})
    broke = await core(client)
    await order(client, "reset", {})

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
async def test_no_foreign_page_or_name_controls_it(
    client: httpx2.AsyncClient, headers: dict[str, str], status: int
) -> None:
    """Chosen: a page of somebody else, or a name that points here, has no business here."""
    response = await client.post("/_emulator/reset", headers=headers)

    assert response.status_code == status


@pytest.mark.parametrize(
    ("what", "body"),
    [("pace", '{"polls": -1}'), ("faults", '{"paths": "x"}'), ("credits", "nonsense")],
)
async def test_an_order_that_makes_no_sense_is_refused(
    client: httpx2.AsyncClient, what: str, body: str
) -> None:
    """Chosen: 400 says what is wrong with it."""
    response = await client.post(f"/_emulator/{what}", content=body)

    assert response.status_code == 400
    assert response.json()["error"]


async def test_a_status_on_order_has_the_shape_of_the_api_and_costs_nothing(
    client: httpx2.AsyncClient, state: State
) -> None:
    """Chosen: so often, for this path, and then as before."""
    await order(
        client, "faults", {"path": "/v2beta/*", "count": 2, "status": 503, "message": "busy"}
    )

    failed = [await core(client) for _ in range(2)]
    worked = await core(client)

    assert [refused(each) for each in failed] == [(503, "internal_error", ["busy"])] * 2
    assert worked.status_code == 200
    assert len(state.charges()) == 1


async def test_a_gateway_page_on_order_is_html(client: httpx2.AsyncClient, state: State) -> None:
    """Chosen: what a proxy in between would say."""
    await order(client, "faults", {"html": True})

    response = await core(client)

    assert (response.status_code, state.charges()) == (502, [])
    assert response.headers["content-type"].startswith("text/html")


async def test_a_body_on_order_is_sent_as_it_is(client: httpx2.AsyncClient) -> None:
    """Chosen: any status, any type, any text."""
    await order(
        client,
        "faults",
        {"status": 200, "body": "not a picture", "content_type": "image/png"},
    )

    response = await core(client)

    assert (response.status_code, response.text) == (200, "not a picture")
    assert response.headers["content-type"] == "image/png"


@pytest.mark.parametrize(("when", "charged"), [("before", 0), ("after", 1)])
async def test_a_connection_on_order_is_dropped_before_or_after_charging(
    client: httpx2.AsyncClient, state: State, when: str, charged: int
) -> None:
    """Chosen: no answer, and only the journal knows what became of it."""
    await order(client, "faults", {"path": CORE, "reset": when})

    with pytest.raises(httpx2.RemoteProtocolError, match="without sending a response"):
        await core(client)

    assert len(state.charges()) == charged
    assert [each.status for each in state.requests()] == [None]


async def test_an_answer_on_order_is_cut_short(client: httpx2.AsyncClient, state: State) -> None:
    """Chosen: headers and some bytes, charged, and then nothing more."""
    await order(client, "faults", {"path": CORE, "cut": 1_000})

    async with client.stream("POST", CORE, data={"prompt": "x"}, files={"none": b""}) as response:
        with pytest.raises(httpx2.RemoteProtocolError, match="complete message body"):
            await response.aread()
        got = response.num_bytes_downloaded

    assert (response.status_code, got) == (200, 1_000)
    assert int(response.headers["content-length"]) > 1_000
    assert len(state.charges()) == 1


async def test_polls_and_queries_can_fail_too(client: httpx2.AsyncClient) -> None:
    """Chosen: faults are ordered by path, whatever is there."""
    generation = await started(client)
    await order(client, "faults", {"path": "/v2beta/audio/results/*", "status": 500})
    await order(client, "faults", {"path": "/v1/user/balance", "cut": 3})

    failed = await client.get(SOUNDS.format(id=generation))
    worked = await client.get(SOUNDS.format(id=generation))
    with pytest.raises(httpx2.RemoteProtocolError):
        await client.get("/v1/user/balance")

    assert (failed.status_code, worked.status_code) == (500, 200)


class TestOverASocket:
    """The same over HTTP, where the connection is a real one."""

    async def test_connections_break_as_ordered(self, emulator_url: str) -> None:
        """Chosen: dropped without an answer, or in the middle of one."""
        headers = {"authorization": "Bearer sk-socket"}
        async with httpx2.AsyncClient(base_url=emulator_url, headers=headers) as client:
            await order(client, "faults", {"path": CORE, "reset": "after"})
            with pytest.raises(httpx2.RemoteProtocolError, match="without sending a response"):
                await core(client)
            await order(client, "faults", {"path": CORE, "cut": 1_000})
            with pytest.raises(httpx2.RemoteProtocolError, match="complete message body"):
                await core(client)
            balance = await client.get("/v1/user/balance")

        assert balance.json() == {"credits": 25 - 3 - 3}

    async def test_a_new_key_is_a_new_account(self, emulator_url: str) -> None:
        """Documented: 25 credits; any key that looks like one opens an account here."""
        async with httpx2.AsyncClient(base_url=emulator_url, headers=BEARER) as client:
            key = {"authorization": "Bearer sk-brand-new"}
            response = await client.get("/v1/user/balance", headers=key)

        assert response.json() == {"credits": 25}

    async def test_a_large_body_is_refused_in_words(self, emulator_url: str) -> None:
        """Chosen: the refusal is heard because the body is read to its end."""
        async with httpx2.AsyncClient(base_url=emulator_url, headers=BEARER) as client:
            response = await client.post(
                "/v2beta/stable-image/edit/erase", files={"image": bytes(12_000_000)}
            )

        assert refused(response)[:2] == (413, "payload_too_large")

    async def test_in_process_and_over_a_socket_answer_alike(
        self, emulator_url: str, state: State
    ) -> None:
        """Chosen: same request, same seed, same bytes and same headers of ours."""
        async with (
            caller(state) as inside,
            httpx2.AsyncClient(base_url=emulator_url, headers=BEARER) as outside,
        ):
            answers = [await core(client, seed="11") for client in (inside, outside)]

        told = [
            {name: each.headers[name] for name in ("content-type", "seed", "finish-reason")}
            for each in answers
        ]
        assert answers[0].content == answers[1].content
        assert told[0] == told[1]
