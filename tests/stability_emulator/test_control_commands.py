"""Commands of the control API: clock, pace, accounts, faults."""

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


async def body_of(response: httpx2.Response) -> Any:  # noqa: ANN401 -- JSON
    """Return the body of a successful response."""
    assert response.is_success, response.text
    return response.json()


async def send_command(client: httpx2.AsyncClient, what: str, **body: Any) -> Any:  # noqa: ANN401 -- JSON
    """Send a command to a control."""
    return await body_of(await client.post(f"/_emulator/{what}", json=body))


async def test_every_control_is_listed_and_responds(client: httpx2.AsyncClient) -> None:
    """Chosen: the list of controls is served at their common prefix."""
    assert await body_of(await client.get("/_emulator/")) == CONTROLS
    for control in CONTROLS:
        method, path = control.split()
        response = await client.request(method, path, content=b"" if method == "POST" else None)
        assert response.status_code in {200, 400}, control


@pytest.mark.parametrize("control", CONTROLS)
async def test_every_control_rejects_requests_from_foreign_pages(
    control: str, client: httpx2.AsyncClient
) -> None:
    """Chosen: every control is protected, including the read-only ones."""
    method, path = control.split()

    for headers in ({"host": "evil.example"}, {"origin": "https://evil.example"}, {"host": "["}):
        response = await client.request(method, path, headers=headers)
        assert response.status_code == 403


async def test_the_clock_can_be_advanced(client: httpx2.AsyncClient, clock: Clock) -> None:
    """Chosen: a generation expires after a day of emulated time."""
    generation = await started(client)
    moved = await send_command(client, "clock", advance=24 * 3_600)
    gone = await client.get(SOUNDS.format(id=generation))
    back = await send_command(client, "clock", set=clock.now)
    there = await client.get(SOUNDS.format(id=generation))

    assert moved == {"now": clock.now + 24 * 3_600}
    assert back == {"now": clock.now}
    assert (gone.status_code, there.status_code) == (404, 200)


async def test_a_lock_out_ends_when_the_clock_is_advanced(client: httpx2.AsyncClient) -> None:
    """Documented: 60 s."""
    statuses = [(await client.get("/v1/user/balance")).status_code for _ in range(151)]
    await send_command(client, "clock", advance=60)

    assert statuses == [200] * 150 + [429]
    assert (await client.get("/v1/user/balance")).status_code == 200


async def test_accounts_are_listed_without_keys_and_new_ones_get_the_set_credits(
    state: State,
) -> None:
    """Chosen: no key is shown; a command sets the credits of new accounts."""
    async with caller(state) as client, caller(state, key="sk-new") as other:
        set_to = await send_command(client, "credits", key=EMULATOR_KEY, credits=10)
        await send_command(client, "credits", credits=2)
        broke = await core(other)
        accounts = await body_of(await client.get("/_emulator/accounts"))

    assert broke.status_code == 402
    assert accounts == [{"owner": set_to["account"], "millicredits": 10_000, "locked_until": 0}]
    assert EMULATOR_KEY not in str(accounts)


async def test_latency_can_be_set_and_is_kept_when_only_the_pace_changes(
    client: httpx2.AsyncClient, state: State
) -> None:
    """Chosen: seconds, or `real` for the measured ones; a reset restores the initial value."""
    await send_command(client, "pace", latency=0.3)
    began = time.monotonic()
    await core(client)
    took = time.monotonic() - began
    await send_command(client, "pace", polls=3)

    assert took >= 0.3
    assert (state.latency, state.pace.polls) == (0.3, 3)
    await send_command(client, "pace", latency="real")
    assert str(state.latency) == "real"
    await send_command(client, "reset")
    assert str((state.latency, state.pace.polls)) == "(0, 0)"


async def test_faults_can_be_listed_and_removed(client: httpx2.AsyncClient) -> None:
    """Chosen: each is listed with its remaining count."""
    await send_command(client, "faults", path=CORE, status=500, count=3)
    await core(client)

    remaining = await body_of(await client.get("/_emulator/faults"))
    await body_of(await client.delete("/_emulator/faults"))

    assert remaining == [{"path": CORE, "status": 500, "count": 2}]
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
async def test_an_injected_status_has_the_error_name_of_the_api(
    client: httpx2.AsyncClient, state: State, path: str, status: int, name: str
) -> None:
    """Documented: the names, and the shape of each version; the request log has the request id."""
    await send_command(client, "faults", path=path, status=status)

    response = await client.post(path, json={}) if path == V1 else await core(client)

    assert (response.status_code, response.json()["name"]) == (status, name)
    assert response.headers["x-request-id"] == state.requests()[-1].id


async def test_injected_moderation_refuses_requests_without_trigger_words(
    client: httpx2.AsyncClient, state: State
) -> None:
    """Documented: every operation can answer 403, even without a prompt."""
    await send_command(client, "faults", moderation="content_moderation")

    response = await core(client)

    assert refused(response)[:2] == (403, "content_moderation")
    assert state.charges() == []


async def test_injected_filtering_blurs_and_charges_in_json_too(
    client: httpx2.AsyncClient, state: State
) -> None:
    """Documented: JSON responses have the finish reason in the body."""
    await send_command(client, "faults", moderation="content_filtered")
    client.headers["accept"] = "application/json"

    response = await core(client)

    assert response.json()["finish_reason"] == "CONTENT_FILTERED"
    assert len(state.charges()) == 1


async def test_a_slow_body_arrives_complete(client: httpx2.AsyncClient) -> None:
    """Chosen: it arrives in pieces over the given seconds, with unchanged content."""
    whole = await core(client, seed="3")
    await send_command(client, "faults", path=CORE, slow=0.3)
    data = {"prompt": "a lighthouse", "output_format": "jpeg", "seed": "3"}

    async with client.stream("POST", CORE, data=data, files=EMPTY_PART) as slow:
        began = time.monotonic()  # the headers have arrived, and the picture is rendered
        content = await slow.aread()
        took = time.monotonic() - began

    assert content == whole.content
    assert took >= 0.28


async def test_the_response_can_have_another_content_type(client: httpx2.AsyncClient) -> None:
    """Chosen: the body is the normal result."""
    await send_command(client, "faults", path=CORE, content_type="text/plain")

    response = await core(client)

    assert response.headers["content-type"] == "text/plain"
    assert response.content.startswith(b"\xff\xd8")


async def test_connections_can_be_refused_for_some_seconds(
    client: httpx2.AsyncClient, clock: Clock, state: State
) -> None:
    """Chosen: refused requests aren't logged, and the fault ends by itself."""
    await send_command(client, "faults", refuse=5)
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
async def test_an_invalid_command_is_refused(
    client: httpx2.AsyncClient, state: State, what: str, body: str
) -> None:
    """Chosen: 400 with the problems, and nothing changes."""
    response = await client.post(f"/_emulator/{what}", content=body)

    assert (response.status_code, bool(response.json()["error"])) == (400, True)
    assert (state.now(), state.faults.remaining()) == (state.clock(), [])


async def test_the_client_receives_an_early_refusal_despite_a_large_body(
    client: httpx2.AsyncClient, state: State
) -> None:
    """Chosen: the body is read to its end, so that client and server don't deadlock."""
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
async def test_only_local_clients_have_access_whatever_host_they_send(
    state: State, address: str, status: int
) -> None:
    """Chosen: a client can forge the `Host` header, but not its address."""
    transport = httpx2.ASGITransport(create_app(state), client=(address, 5_000))
    async with httpx2.AsyncClient(transport=transport, base_url="http://127.0.0.1") as client:
        response = await client.get("/_emulator/journal")

    assert response.status_code == status
