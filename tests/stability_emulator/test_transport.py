"""The in-process transport behaves like a real connection, with the same trace events."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import anyio
import httpx2
import pytest

from stability_emulator.faults import Fault
from stability_emulator.state import State
from stability_emulator.transport import EmulatorTransport

from .support_emulated import BEARER, EMPTY_PART, HOST, caller, core

pytestmark = pytest.mark.anyio

CORE = "/v2beta/stable-image/generate/core"
BALANCE = "/v1/user/balance"
SENDING = ["send_request_headers", "send_request_body"]
RECEIVING = ["receive_response_headers", "receive_response_body", "response_closed"]


class Trace:
    """A trace hook that records its events and can fail at one of them."""

    def __init__(self, fail_at: str | None = None) -> None:
        self.names: list[str] = []
        self.infos: list[dict[str, Any]] = []
        self._fail_at = fail_at

    async def __call__(self, name: str, info: dict[str, Any]) -> None:
        """Record an event."""
        self.names.append(name)
        self.infos.append(info)
        if name == self._fail_at:
            raise RuntimeError(name)


def events(*steps: str) -> list[str]:
    """Return the event names of successful steps."""
    return [f"http11.{step}.{end}" for step in steps for end in ("started", "complete")]


async def test_the_trace_equals_that_of_a_real_connection(
    client: httpx2.AsyncClient, emulator_url: str
) -> None:
    """Chosen: same event names and info keys as httpcore2 over a socket."""
    inside, outside = Trace(), Trace()
    await client.get(BALANCE, extensions={"trace": inside})
    async with httpx2.AsyncClient(base_url=emulator_url, headers=BEARER) as real:
        await real.get(BALANCE, extensions={"trace": outside})

    names = [name for name in outside.names if name.startswith("http11.")]
    keys = [
        set(info) for name, info in zip(outside.names, outside.infos, strict=True) if name in names
    ]
    assert inside.names == names == events(*SENDING, *RECEIVING)
    assert [set(info) for info in inside.infos] == keys
    assert inside.infos[0]["request"].method == b"GET"
    assert inside.infos[5]["return_value"][1] == 200


async def test_a_hook_that_fails_before_the_headers_prevents_the_request(
    client: httpx2.AsyncClient, state: State
) -> None:
    """Chosen: the exception reaches the caller, and the API does not see the request."""
    trace = Trace(fail_at="http11.send_request_headers.started")

    with pytest.raises(RuntimeError, match="send_request_headers"):
        await client.post(CORE, data={"prompt": "x"}, files=EMPTY_PART, extensions={"trace": trace})

    assert (state.requests(), state.charges()) == ([], [])
    assert trace.names[-2:] == events("response_closed")


async def test_an_error_while_producing_the_body_disconnects_and_is_not_charged(
    state: State,
) -> None:
    """Chosen: the API sees a disconnect and does not charge."""

    async def broken() -> AsyncIterator[bytes]:
        yield b"--b\r\n"
        raise OSError("the disk is gone")

    headers = BEARER | {"content-type": "multipart/form-data; boundary=b"}
    async with httpx2.AsyncClient(transport=EmulatorTransport(state), base_url=HOST) as client:
        with pytest.raises(OSError, match="the disk is gone"):
            await client.post(CORE, content=broken(), headers=headers)

    assert [each.status for each in state.requests() if each.status is not None] == []
    assert state.charges() == []


async def test_request_and_response_are_streamed(client: httpx2.AsyncClient) -> None:
    """Chosen: the transport never holds a whole body in memory."""
    async with client.stream(
        "POST",
        "/v2beta/audio/stable-audio-2/text-to-audio",
        data={"prompt": "x", "duration": "30", "output_format": "wav"},
        files=EMPTY_PART,
    ) as response:
        sizes = [len(chunk) async for chunk in response.aiter_raw()]

    assert sum(sizes) == int(response.headers["content-length"]) > 5_000_000
    assert max(sizes) <= 65_536


async def test_an_unread_response_can_be_closed(client: httpx2.AsyncClient) -> None:
    """Chosen: closing early neither hangs nor leaves a task behind."""
    before = len(asyncio.all_tasks())
    with anyio.fail_after(30):
        async with client.stream("POST", CORE, data={"prompt": "x"}, files=EMPTY_PART) as response:
            assert response.status_code == 200

    assert len(asyncio.all_tasks()) == before


async def test_a_cancelled_request_is_not_charged(client: httpx2.AsyncClient, state: State) -> None:
    """Seen live: a request cancelled by its client was not charged."""
    state.latency = 3_600
    before = len(asyncio.all_tasks())

    with anyio.move_on_after(0.5) as scope:
        await core(client)

    assert scope.cancelled_caught
    assert (len(asyncio.all_tasks()), state.charges()) == (before, [])


async def test_the_read_timeout_applies(client: httpx2.AsyncClient, state: State) -> None:
    """Chosen: the read timeout of a request works as on a socket."""
    state.faults.inject(Fault(path=CORE, hang=3_600))

    with pytest.raises(httpx2.ReadTimeout):
        await client.post(
            CORE,
            data={"prompt": "x"},
            files=EMPTY_PART,
            timeout=httpx2.Timeout(5, read=0.05),
        )

    assert state.charges() == []


async def test_the_transport_can_be_reused_after_it_was_closed(state: State) -> None:
    """Chosen: a pooled client and one for paid requests share it, and each closes it."""
    transport = EmulatorTransport(state)
    for _ in range(2):
        async with httpx2.AsyncClient(transport=transport, base_url=HOST, headers=BEARER) as client:
            response = await client.get(BALANCE)
            assert response.json() == {"credits": 1_000_000}


@pytest.mark.usefixtures("small_pictures")
async def test_many_concurrent_requests_are_all_answered(state: State) -> None:
    """Chosen: the few worker threads don't deadlock."""
    answers: list[int] = []

    async def one(key: int) -> None:
        async with caller(state, key=f"sk-{key}") as client:
            answers.append((await core(client, aspect_ratio="9:21")).status_code)

    with anyio.fail_after(60):
        async with anyio.create_task_group() as group:
            for key in range(20):
                group.start_soon(one, key)

    assert answers == [200] * 20


async def test_a_response_sent_before_the_body_is_read_reaches_the_client(
    client: httpx2.AsyncClient,
) -> None:
    """Chosen: as over a socket, the rest of the body is discarded."""

    async def pieces() -> AsyncIterator[bytes]:
        for _ in range(20):
            yield bytes(1_000)

    headers = {"origin": "https://evil.example"}
    with anyio.fail_after(30):
        response = await client.post("/_emulator/faults", content=pieces(), headers=headers)

    assert response.status_code == 403
