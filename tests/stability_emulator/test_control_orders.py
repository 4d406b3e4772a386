"""The orders that the emulator takes: clock, pace, accounts, faults; over its own HTTP."""

import time
from typing import Any

import httpx2
import pytest

from stability_emulator import EMULATOR_KEY
from stability_emulator.app import create_app
from stability_emulator.control import CONTROLS, MAX_COMMAND_BYTES
from stability_emulator.state import State

from .conftest import Clock
from .support_emulated import EMPTY_PART, caller, core, refused
from .test_generations import SOUNDS, started

pytestmark = pytest.mark.anyio

CORE = "/v2beta/stable-image/generate/core"
V1 = "/v1/generation/stable-diffusion-xl-1024-v1-0/text-to-image"


async def told(response: httpx2.Response) -> Any:  # noqa: ANN401 -- JSON
    """Return what a control answered."""
    assert response.is_success, response.text
    return response.json()


async def order(client: httpx2.AsyncClient, what: str, **body: Any) -> Any:  # noqa: ANN401 -- JSON
    """Give an order."""
    return await told(await client.post(f"/_emulator/{what}", json=body))


async def test_every_control_is_listed_and_answers(client: httpx2.AsyncClient) -> None:
    """Chosen: who finds the address finds the rest."""
    assert await told(await client.get("/_emulator/")) == CONTROLS
    for control in CONTROLS:
        method, path = control.split()
        response = await client.request(method, path, content=b"" if method == "POST" else None)
        assert response.status_code in {200, 400}, control


@pytest.mark.parametrize("control", CONTROLS)
async def test_no_control_answers_a_foreign_page(control: str, client: httpx2.AsyncClient) -> None:
    """Chosen: each of them is guarded, reading too."""
    method, path = control.split()

    for headers in ({"host": "evil.example"}, {"origin": "https://evil.example"}, {"host": "["}):
        response = await client.request(method, path, headers=headers)
        assert response.status_code == 403


async def test_the_clock_can_be_moved_on(client: httpx2.AsyncClient, clock: Clock) -> None:
    """Chosen: a day passes without waiting for it, and a generation expires."""
    generation = await started(client)
    moved = await order(client, "clock", advance=24 * 3_600)
    gone = await client.get(SOUNDS.format(id=generation))
    back = await order(client, "clock", set=clock.now)
    there = await client.get(SOUNDS.format(id=generation))

    assert moved == {"now": clock.now + 24 * 3_600}
    assert back == {"now": clock.now}
    assert (gone.status_code, there.status_code) == (404, 200)


async def test_a_lock_out_ends_when_the_clock_is_moved(client: httpx2.AsyncClient) -> None:
    """Documented: 60 s."""
    statuses = [(await client.get("/v1/user/balance")).status_code for _ in range(151)]
    await order(client, "clock", advance=60)

    assert statuses == [200] * 150 + [429]
    assert (await client.get("/v1/user/balance")).status_code == 200


async def test_accounts_are_told_by_name_and_a_new_one_has_what_was_ordered(state: State) -> None:
    """Chosen: no key is told; 25 credits unless ordered."""
    async with caller(state) as client, caller(state, key="sk-new") as other:
        set_to = await order(client, "credits", key=EMULATOR_KEY, credits=10)
        await order(client, "credits", credits=2)
        broke = await core(other)
        accounts = await told(await client.get("/_emulator/accounts"))

    assert broke.status_code == 402
    assert accounts == [{"owner": set_to["account"], "millicredits": 10_000, "locked_until": 0}]
    assert EMULATOR_KEY not in str(accounts)


async def test_latency_is_ordered_and_kept_when_pace_alone_changes(
    client: httpx2.AsyncClient, state: State
) -> None:
    """Chosen: seconds, or as measured; a reset brings back what it was at first."""
    await order(client, "pace", latency=0.3)
    began = time.monotonic()
    await core(client)
    took = time.monotonic() - began
    await order(client, "pace", polls=3)

    assert took >= 0.3
    assert (state.latency, state.pace.polls) == (0.3, 3)
    await order(client, "pace", latency="real")
    assert str(state.latency) == "real"
    await order(client, "reset")
    assert str((state.latency, state.pace.polls)) == "(0, 0)"


async def test_faults_can_be_looked_at_and_forgotten(client: httpx2.AsyncClient) -> None:
    """Chosen: with how often each still happens."""
    await order(client, "faults", path=CORE, status=500, count=3)
    await core(client)

    left = await told(await client.get("/_emulator/faults"))
    await told(await client.delete("/_emulator/faults"))

    assert left == [{"path": CORE, "status": 500, "count": 2}]
    assert (await core(client)).status_code == 200


@pytest.mark.parametrize(
    ("path", "status", "name"),
    [
        (CORE, 400, "bad_request"),
        (CORE, 401, "unauthorized"),
        (CORE, 402, "payment_required"),
        (CORE, 403, "content_moderation"),
        (CORE, 422, "invalid_language"),
        (CORE, 429, "rate_limit_exceeded"),
        (CORE, 500, "internal_error"),
        (CORE, 503, "internal_error"),
        (V1, 403, "permission_denied"),
        (V1, 500, "server_error"),
    ],
)
async def test_a_status_has_the_name_that_the_api_has_for_it(
    client: httpx2.AsyncClient, state: State, path: str, status: int, name: str
) -> None:
    """Documented: names by status, in the shape of either version; the journal has its id."""
    await order(client, "faults", path=path, status=status)

    response = await client.post(path, json={}) if path == V1 else await core(client)

    assert (response.status_code, response.json()["name"]) == (status, name)
    assert response.headers["x-request-id"] == state.requests()[-1].id


async def test_moderation_on_order_refuses_a_row_that_has_no_words(
    client: httpx2.AsyncClient, state: State
) -> None:
    """Documented: 403 of every operation, also of those without a prompt."""
    await order(client, "faults", moderation="content_moderation")

    response = await core(client)

    assert refused(response)[:2] == (403, "content_moderation")
    assert state.charges() == []


async def test_filtering_on_order_blurs_and_charges_in_json_too(
    client: httpx2.AsyncClient, state: State
) -> None:
    """Documented: the finish reason is in the body where the body is JSON."""
    await order(client, "faults", moderation="content_filtered")
    client.headers["accept"] = "application/json"

    response = await core(client)

    assert response.json()["finish_reason"] == "CONTENT_FILTERED"
    assert len(state.charges()) == 1


async def test_a_slow_body_is_whole_in_the_end(client: httpx2.AsyncClient) -> None:
    """Chosen: in pieces, over so many seconds, each byte in its place."""
    whole = await core(client, seed="3")
    await order(client, "faults", path=CORE, slow=0.3)
    data = {"prompt": "a lighthouse", "output_format": "jpeg", "seed": "3"}

    async with client.stream("POST", CORE, data=data, files=EMPTY_PART) as slow:
        began = time.monotonic()  # the headers are there, and the picture is made
        content = await slow.aread()
        took = time.monotonic() - began

    assert content == whole.content
    assert took >= 0.28


async def test_the_answer_can_have_another_type(client: httpx2.AsyncClient) -> None:
    """Chosen: of what was made, and it is charged."""
    await order(client, "faults", path=CORE, content_type="text/plain")

    response = await core(client)

    assert response.headers["content-type"] == "text/plain"
    assert response.content.startswith(b"\xff\xd8")


async def test_connections_are_refused_for_a_while(
    client: httpx2.AsyncClient, clock: Clock, state: State
) -> None:
    """Chosen: not even counted, and the while ends by itself."""
    await order(client, "faults", refuse=5)
    with pytest.raises(httpx2.ConnectError):
        await core(client)
    clock.now += 5

    assert (await core(client)).status_code == 200
    assert len(state.requests()) == 1


@pytest.mark.parametrize(
    ("what", "body"),
    [
        ("clock", "{}"),
        ("clock", '{"advance": 1, "set": 2}'),
        ("clock", '{"advance": 1e400}'),
        ("clock", '{"advance": -1}'),
        ("faults", '{"refuse": 0}'),
        ("faults", '{"moderation": "maybe"}'),
        ("faults", '{"content_type": "a\\nb"}'),
        ("pace", '{"latency": "reel"}'),
        ("faults", '{"body": "' + "x" * MAX_COMMAND_BYTES + '"}'),
    ],
)
async def test_an_order_that_makes_no_sense_is_refused(
    client: httpx2.AsyncClient, state: State, what: str, body: str
) -> None:
    """Chosen: 400 says what is wrong with it, and nothing changes."""
    response = await client.post(f"/_emulator/{what}", content=body)

    assert (response.status_code, bool(response.json()["error"])) == (400, True)
    assert (state.now(), state.faults.remaining()) == (state.clock(), [])


async def test_a_refusal_is_heard_however_much_is_still_to_be_sent(
    client: httpx2.AsyncClient, state: State
) -> None:
    """Chosen: what is refused unread is read to its end, so that nobody waits for the other."""
    client.headers["authorization"] = "Bearer nonsense"

    response = await client.post(
        V1.replace("text-to-image", "image-to-image"), files={"init_image": bytes(3_000_000)}
    )

    assert (response.status_code, response.json()["name"]) == (401, "unauthorized")
    assert state.charges() == []


@pytest.mark.parametrize(
    ("address", "status"),
    [("127.0.0.1", 200), ("::1", 200), ("::ffff:127.0.0.1", 200), ("10.0.0.9", 403), ("x", 403)],
)
async def test_only_this_machine_gives_orders_whatever_name_it_says(
    state: State, address: str, status: int
) -> None:
    """Chosen: a `Host` is what a stranger writes into it; where he is, is not."""
    transport = httpx2.ASGITransport(create_app(state), client=(address, 5_000))
    async with httpx2.AsyncClient(transport=transport, base_url="http://127.0.0.1") as stranger:
        response = await stranger.get("/_emulator/journal")

    assert response.status_code == status
