"""What a warm paid call asks of the store, the threads and the disk: the limits are exact.

They do not depend on the machine: `benchmarks/counters.py` counts, no clock is involved.
"""

import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path

import anyio
import pytest
from benchmarks.counters import MAX_COMMITS, MAX_COUNTS, Counts, commits_at_once, warm_call
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from stability_emulator.app import create_app
from stability_emulator.transport import EmulatorTransport
from stability_mcp.settings import Settings
from stability_mcp.store.database import Moment
from stability_mcp.studio import Studio, open_studio
from support.server.in_memory import settings_in

pytestmark = pytest.mark.anyio

TODAY = Counts(writes=5, reads=2, statements=27, hops=10, fsyncs=5)
"""What a warm call on the emulator takes."""

DISK_SECONDS = 0.002
FILE_STEPS = {"spool.complete"}
"""Steps that are no transaction."""


async def test_a_warm_call_takes_few_transactions_statements_hops_and_fsyncs(
    tmp_path: Path,
) -> None:
    """Chosen: 5 writes, 2 reads by key, 32 statements, 10 hops, 5 fsyncs for one picture.

    Below the limits too, one more than today is an error: raise `TODAY` only with a reason.
    """
    assert TODAY.above(MAX_COUNTS) == []
    call = await warm_call(settings_in(tmp_path))

    above = call.counts.above(TODAY)
    assert above == [], "\n".join([*above, f"writes: {', '.join(call.writes)}", *call.log])


class Together:
    """Begins with requests once so many have come, and answers once all are made.

    What the emulator draws in this process would pull apart calls that are made at once.
    """

    def __init__(self) -> None:
        self.expect(1)

    def expect(self, count: int) -> None:
        """Hold back so many requests and their answers."""
        self._arriving, self._making = Barrier(count), Barrier(count)

    def before(self, app: ASGIApp) -> ASGIApp:
        """Return an app whose requests and answers pass the barriers."""

        async def held(scope: Scope, receive: Receive, send: Send) -> None:
            paid = scope["method"] == "POST"
            making = self._making

            async def send_held(message: Message) -> None:
                if paid and message["type"] == "http.response.start":
                    await making.wait()
                await send(message)

            if paid:
                await self._arriving.wait()
            await app(scope, receive, send_held)

        return held


class Barrier:
    """Lets everybody pass once so many are there."""

    def __init__(self, count: int) -> None:
        self._missing = count
        self._open = anyio.Event()

    async def wait(self) -> None:
        """Wait for the others."""
        self._missing -= 1
        if self._missing == 0:
            self._open.set()
        await self._open.wait()


@asynccontextmanager
async def opened(settings: Settings, together: Together) -> AsyncIterator[Studio]:
    """Open a studio on a slow disk, whose emulated API passes the barriers."""
    async with open_studio(settings, observer=_slow_disk) as studio:
        transport = studio._parts.runtime.client._transport  # noqa: SLF001 -- the emulator's pace is a test's to set
        assert isinstance(transport, EmulatorTransport)
        app = await anyio.to_thread.run_sync(create_app, transport.state)
        transport._app = together.before(app)  # noqa: SLF001 -- as above
        yield studio


def _slow_disk(moment: Moment, name: str) -> None:
    """Take as long as a disk does; in memory a commit is done before the next call is there."""
    if moment == "inside" and name not in FILE_STEPS:
        time.sleep(DISK_SECONDS)


async def test_a_hundred_calls_at_once_share_their_commits(tmp_path: Path) -> None:
    """Chosen: 150 commits for 100 calls, which make 500 write transactions.

    Without previews, which take turns on the processor.
    """
    together = Together()

    commits = await commits_at_once(
        settings_in(tmp_path, {"preview": "none"}),
        opener=partial(opened, together=together),
        begin=together.expect,
    )

    assert commits <= MAX_COMMITS
