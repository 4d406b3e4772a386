"""How long things take: nothing unless told, or what was measured of the real API."""

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


async def test_a_paid_call_takes_as_long_as_it_is_told_and_a_query_does_not(state: State) -> None:
    """Chosen: no byte comes before the picture is ready, as with the real API."""
    async with caller(state) as client:
        state.latency = 3_600  # the client gives up long before
        balance = await client.get("/v1/user/balance")
        state.latency = 0.4
        began = time.monotonic()
        await core(client)
        ended = time.monotonic()

    assert balance.status_code == 200
    assert ended - began >= 0.4


async def test_the_real_latency_of_a_deferred_generation_is_seen_when_polling(
    clock: Clock,
) -> None:
    """Seen live: the start call answers soon, the picture is there after some 16 seconds."""
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
def test_a_latency_that_is_none_is_refused(latency: str) -> None:
    """Chosen: a typing mistake must not end in a server that answers at once, or never."""
    with pytest.raises(ValueError, match=latency):
        serve.run(host="127.0.0.1", port=0, latency=latency)


def test_nothing_heavy_is_imported_before_the_first_request() -> None:
    """Chosen: the emulator is in every install, and must not slow down its start."""
    script = (
        "import sys; from stability_emulator.transport import in_process; in_process();"
        "print(sorted({'PIL', 'starlette', 'uvicorn', 'multipart'} & set(sys.modules)))"
    )
    told = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True
    )

    assert told.stdout.strip() == "[]"


def test_what_was_never_measured_takes_as_long_as_most() -> None:
    """Chosen: the median of what was measured, for sound, models and the first version."""
    measured = [row.spec.seconds for row in OPERATIONS.values() if row.spec.seconds]
    state = State(latency="real")

    assert state.seconds(OPERATIONS["audio2_text_to_audio"]) == statistics.median(measured)
    assert state.seconds(OPERATIONS["generate_core"]) == OPERATIONS["generate_core"].spec.seconds
    state.close()


@pytest.mark.parametrize("by", [signal.SIGTERM, signal.SIGINT])
def test_the_server_leaves_nothing_behind(by: signal.Signals, tmp_path: Path) -> None:
    """Chosen: what it remembers is in a folder of its own, which goes when it ends."""
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
