"""Exact limits on the transactions, thread hops and fsyncs of a warm paid call.

`benchmarks/counters.py` counts operations without a clock, so no limit depends on the machine.
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

TODAY = Counts(writes=5, reads=2, statements=29, hops=10, fsyncs=5)
"""Counts of a warm call on the emulator."""

DISK_SECONDS = 0.002
FILE_WRITES = {"spool.complete"}
"""Observed writes that aren't transactions."""


async def test_a_warm_call_takes_few_transactions_statements_hops_and_fsyncs(
    tmp_path: Path,
) -> None:
    """Chosen: 5 writes, 2 reads by key, 32 statements, 10 hops, 5 fsyncs for one picture.

    A count above `TODAY` fails even below the limits: raise `TODAY` only for a reason.
    """
    assert TODAY.above(MAX_COUNTS) == []
    call = await warm_call(settings_in(tmp_path))

    above = call.counts.above(TODAY)
    assert above == [], "\n".join([*above, f"writes: {', '.join(call.writes)}", *call.log])


class CallBarriers:
    """Holds requests until all have arrived, and responses until all are ready.

    Otherwise the emulator, which draws in this process, would spread concurrent calls out.
    """

    def __init__(self) -> None:
        self.expect(1)

    def expect(self, count: int) -> None:
        """Hold this many requests and their responses."""
        self._arrived, self._ready = Barrier(count), Barrier(count)

    def before(self, app: ASGIApp) -> ASGIApp:
        """Return an app whose requests and answers pass the barriers."""

        async def behind_barriers(scope: Scope, receive: Receive, send: Send) -> None:
            paid = scope["method"] == "POST"
            ready = self._ready

            async def send_held(message: Message) -> None:
                if paid and message["type"] == "http.response.start":
                    await ready.wait()
                await send(message)

            if paid:
                await self._arrived.wait()
            await app(scope, receive, send_held)

        return behind_barriers


class Barrier:
    """Releases all waiting tasks once the expected number has arrived."""

    def __init__(self, count: int) -> None:
        self._missing = count
        self._open = anyio.Event()

    async def wait(self) -> None:
        """Wait until all have arrived."""
        self._missing -= 1
        if self._missing == 0:
            self._open.set()
        await self._open.wait()


@asynccontextmanager
async def opened(settings: Settings, barriers: CallBarriers) -> AsyncIterator[Studio]:
    """Open a studio with a slow disk and an emulated API behind the barriers."""
    async with open_studio(settings, observer=_slow_disk) as studio:
        transport = studio._parts.runtime.client._transport  # noqa: SLF001 -- tests replace the emulator's app
        assert isinstance(transport, EmulatorTransport)
        app = await anyio.to_thread.run_sync(create_app, transport.state)
        transport._app = barriers.before(app)  # noqa: SLF001 -- as above
        yield studio


def _slow_disk(moment: Moment, name: str) -> None:
    """Delay each transaction like a disk; without it, commits end before the next call arrives."""
    if moment == "inside" and name not in FILE_WRITES:
        time.sleep(DISK_SECONDS)


async def test_a_hundred_concurrent_calls_share_their_commits(tmp_path: Path) -> None:
    """Chosen: 150 commits for 100 calls with 500 write transactions.

    Previews are off: drawing them one after another would spread the calls out.
    """
    barriers = CallBarriers()

    commits = await commits_at_once(
        settings_in(tmp_path, {"preview": "none"}),
        opener=partial(opened, barriers=barriers),
        begin=barriers.expect,
    )

    assert commits <= MAX_COMMITS
