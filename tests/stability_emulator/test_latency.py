"""Latency: none by default, a number of seconds, or as measured on the real API."""

import os
import signal
import statistics
import subprocess
import sys
import time
from pathlib import Path

import pytest

from stability_emulator import serve
from stability_emulator.state import State
from stability_mcp.api.operations import OPERATIONS

from .conftest import Clock
from .support_emulated import caller, core, send
from .test_generations import RESULTS

pytestmark = pytest.mark.anyio


async def test_a_paid_call_takes_the_set_latency_and_a_query_does_not(state: State) -> None:
    """Chosen: no byte arrives before the picture is ready, as with the real API."""
    async with caller(state) as client:
        state.latency = 3_600  # far above the client's timeout
        balance = await client.get("/v1/user/balance")
        state.latency = 0.4
        began = time.monotonic()
        await core(client)
        ended = time.monotonic()

    assert balance.status_code == 200
    assert ended - began >= 0.4


async def test_the_real_latency_of_a_deferred_generation_applies_to_polling(
    clock: Clock,
) -> None:
    """Seen live: the start call returns early; the picture is ready after about 16 seconds."""
    row = OPERATIONS["edit_replace_background_and_relight"]
    operation = row.model_validate({"subject_image": "x", "background_prompt": "a beach"})
    state = State(latency="real", clock=clock)
    async with caller(state) as client:
        began = time.monotonic()
        generation = (await send(client, operation)).json()["id"]
        assert time.monotonic() - began < row.spec.seconds
        early = await client.get(RESULTS.format(id=generation))
        clock.now += row.spec.seconds
        late = await client.get(RESULTS.format(id=generation))
    state.close()

    assert (early.status_code, late.status_code) == (202, 200)


@pytest.mark.parametrize("latency", ["reel", "nan", "inf", "-1"])
def test_an_invalid_latency_is_refused(latency: str) -> None:
    """Chosen: a typo must not start a server that responds immediately, or never."""
    with pytest.raises(ValueError, match=latency):
        serve.run(host="127.0.0.1", port=0, latency=latency)


def test_slow_imports_are_deferred_to_the_first_request() -> None:
    """Chosen: every installation contains the emulator, which must not slow down its start."""
    script = (
        "import sys; from stability_emulator.transport import in_process; in_process();"
        "print(sorted({'PIL', 'starlette', 'uvicorn', 'multipart'} & set(sys.modules)))"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True
    )

    assert done.stdout.strip() == "[]"


def test_an_unmeasured_operation_takes_the_median_time() -> None:
    """Chosen: the median of the measured times, for sound, models and version 1."""
    measured = [row.spec.seconds for row in OPERATIONS.values() if row.spec.seconds]
    state = State(latency="real")

    assert state.seconds(OPERATIONS["audio2_text_to_audio"]) == statistics.median(measured)
    assert state.seconds(OPERATIONS["generate_core"]) == OPERATIONS["generate_core"].spec.seconds
    state.close()


@pytest.mark.parametrize("by", [signal.SIGTERM, signal.SIGINT])
def test_the_server_leaves_nothing_behind(by: signal.Signals, tmp_path: Path) -> None:
    """Chosen: its state is in a temporary folder, which is deleted when it stops."""
    command = [sys.executable, "-m", "stability_mcp", "emulator", "--port", "0"]
    environment = {**os.environ, "TMPDIR": str(tmp_path)}
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True, env=environment) as process:
        assert process.stderr is not None
        assert process.stderr.readline().startswith("http://")
        there = list(tmp_path.iterdir())
        process.send_signal(by)
        process.stderr.read()
        process.wait(20)

    assert (len(there), list(tmp_path.iterdir())) == (1, [])
