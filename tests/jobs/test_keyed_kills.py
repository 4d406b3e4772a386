"""A call with a key whose server is killed, and which is sent again, is never paid twice."""

import os
import random
import signal
import sys
from collections import Counter
from pathlib import Path

import anyio
import pytest

from stability_mcp.studio import open_studio
from support.jobs.forks import Forks
from support.jobs.keyed_process import BEGUN, send
from support.jobs.killed import assert_all_accounted_for
from support.jobs.upstream import counting_upstream
from support.store.rows import rows
from support.workflows.run_process import TIMING, settings_of

pytestmark = [
    pytest.mark.anyio,
    pytest.mark.skipif(sys.platform == "win32", reason="SIGKILL"),
]

KILLS = int(os.environ.get("SOAK_KEYED_KILLS", "20"))
"""`make soak` sets 500."""
LIFE = (0.0, 0.4)
"""Seconds from the call to the kill: a call takes about 0.3 s."""
MAX_SECONDS = 60 + 3 * KILLS

CHANCE = random.Random()  # noqa: S311 -- not a secret


@pytest.mark.long(25)
async def test_a_call_that_is_sent_again_after_a_kill_is_paid_once(
    forks: Forks, tmp_path: Path
) -> None:
    """*Documented*: rest.md 3; whenever its process dies, and never a second request."""
    home, states, killed = tmp_path / "home", Counter[str](), Counter[str]()
    async with counting_upstream() as upstream:
        settings = settings_of(home, upstream.url)
        with anyio.fail_after(MAX_SECONDS):
            async with open_studio(settings, timing=TIMING) as studio:
                for number in range(KILLS):
                    key = f"k{number}"
                    where = (str(home), upstream.url, key)
                    async with forks.child("support.jobs.keyed_process:run", *where) as child:
                        begun = anyio.Path(tmp_path / f"{key}{BEGUN}")
                        while not await begun.exists():  # noqa: ASYNC110 -- other processes set no event
                            await anyio.sleep(0.005)
                        await anyio.sleep(CHANCE.uniform(*LIFE))
                        child.send_signal(signal.SIGKILL)
                        assert await child.wait() == -signal.SIGKILL
                    killed[_state(home, key)] += 1
                    found = [await send(studio, key) for _ in range(2)]
                    [(_, state)] = {(each.jobs[0].id, each.jobs[0].state) for each in found}
                    states[state] += 1

    sys.stderr.write(f"\n{KILLS} kills: {dict(killed)}; then {dict(states)}\n")
    assert rows(home, "SELECT count(*) FROM jobs") == [(KILLS,)]
    assert rows(home, "SELECT count(*) FROM calls") == [(KILLS,)]
    assert states.keys() <= {"done", "unknown"}
    assert max(upstream.heads[f"k{number}"] for number in range(KILLS)) == 1
    assert_all_accounted_for(home, upstream)


def _state(home: Path, key: str) -> str:
    """Return the state of the job of a key; "unused": its transaction wasn't committed."""
    found = rows(
        home,
        "SELECT jobs.state FROM idempotency_keys JOIN jobs ON jobs.call = idempotency_keys.call"
        " WHERE key = ?",
        key,
    )
    return str(found[0][0]) if found else "unused"
