"""A server that is killed: a request sent again with its key is never paid for twice."""

import random
import re
import threading
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor, wait
from contextlib import contextmanager
from pathlib import Path

import anyio
import httpx2
import pytest
import uvicorn
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from stability_emulator.app import create_app
from stability_emulator.state import State
from stability_mcp.http.http_serving import listen
from support.imaging.sample_files import png
from support.rest.server_process import HttpServer, http_server

KEY = "sk-not-a-real-key-000000000000000000000000000000"
ANSWERED = (0, 1, 2, 3)
"""Answers after which the server of each round is killed."""
CALLS = 5
"""In each round; the first ones have ended at the kill, the others are at 20 random moments."""
MAX_PAUSE = 0.15
"""Seconds between two calls of a round at most: about half of what a call takes."""

pytestmark = pytest.mark.processes


class CountingApi:
    """The emulated API, which counts paid requests by the number in their prompt."""

    def __init__(self) -> None:
        self.arrived: Counter[int] = Counter()
        self._app: ASGIApp = create_app(State())

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Count a request while it is read, and answer it."""

        async def counted() -> Message:
            message = await receive()
            for number in re.findall(rb"killed fox (\d+)", message.get("body", b"")):
                self.arrived[int(number)] += 1
            return message

        await self._app(scope, counted, send)


@contextmanager
def counting_api() -> Iterator[tuple[str, CountingApi]]:
    """Serve the API in a thread; yield its address and what counts."""
    api, listener = CountingApi(), listen("127.0.0.1", 0)
    server = uvicorn.Server(uvicorn.Config(api, log_config=None, lifespan="off"))
    thread = threading.Thread(target=anyio.run, args=(server.serve, [listener]), daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{listener.getsockname()[1]}", api
    finally:
        server.should_exit = True
        thread.join(20)
        listener.close()


def _post(server: HttpServer, number: int) -> httpx2.Response | None:
    """Send a call with its key; None: the server was killed meanwhile."""
    headers = {"authorization": f"Bearer {server.token}", "idempotency-key": f"key-{number}"}
    try:
        with httpx2.Client(base_url=server.rest, headers=headers, timeout=60) as client:
            return client.post("/generate/core", data={"prompt": f"killed fox {number}"})
    except httpx2.HTTPError:
        return None


def _killed_round(
    server: HttpServer, threads: ThreadPoolExecutor, numbers: range, *, answered: int
) -> None:
    """Send calls one after the other, and kill the server when some were answered."""
    chance = random.Random(numbers.start)  # noqa: S311 -- the same pauses each time
    pending: list[Future[httpx2.Response | None]] = []
    for number in numbers:
        pending.append(threads.submit(_post, server, number))
        time.sleep(chance.uniform(0, MAX_PAUSE))
    open_calls = set(pending)
    while len(pending) - len(open_calls) < answered:
        open_calls = wait(open_calls, return_when="FIRST_COMPLETED").not_done
    server.kill()
    wait(pending)


def test_a_killed_call_is_never_paid_for_twice(tmp_path: Path) -> None:
    """Documented: after a kill the key finds the call; 20 random moments."""
    answers: list[httpx2.Response | None] = []
    with counting_api() as (address, api), ThreadPoolExecutor(2 * CALLS) as threads:
        chosen = {
            "STABILITY_API_KEY": KEY,
            "STABILITY_BASE_URL": address,
            "STABILITY_OUTPUT_DIR": "none",
        }
        for round_number, answered in enumerate((*ANSWERED, None)):
            numbers = range(round_number * CALLS, (round_number + 1) * CALLS)
            with http_server(tmp_path, **chosen) as server:
                earlier = range(max(numbers.start - CALLS, 0), numbers.start)
                again = [threads.submit(_post, server, each) for each in earlier]
                answers += [each.result() for each in again]
                if answered is not None:
                    _killed_round(server, threads, numbers, answered=answered)

    assert len(answers) == len(ANSWERED) * CALLS
    found = Counter("killed" if each is None else each.status_code for each in answers)
    assert found.keys() <= {200, 502}, found
    for each in answers:
        assert each is not None
        if each.status_code != 200:
            assert each.json()["name"] == "unknown", each.text
    assert max(api.arrived.values()) == 1, "a call was sent twice"
    assert found[200] >= sum(ANSWERED)


def test_a_result_survives_a_restart_between_202_and_the_result(tmp_path: Path) -> None:
    """Documented: the job continues in the next process, and its links stay valid."""
    files = {"image": ("a.png", png((64, 64)))}
    with http_server(tmp_path, STABILITY_OUTPUT_DIR="none") as server:
        answer = httpx2.post(
            f"{server.rest}/upscale/creative", files=files, data={"prompt": "sharper"}
        )
        assert answer.status_code == 202, answer.text
        job = answer.json()["id"]
    with http_server(tmp_path, STABILITY_OUTPUT_DIR="none") as server:
        headers = {"prefer": "wait=60"}
        found = httpx2.get(f"{server.rest}/results/{job}", headers=headers, timeout=90)

    assert found.status_code == 200, found.text
    assert found.headers["x-job-id"] == job
