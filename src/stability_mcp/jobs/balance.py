"""The balance, remembered: asked for beside the calls, so that none has to wait for it.

It lags some minutes behind what was spent, so it is only ever told with an "about" and decides
nothing. It is asked for when the first call is made and when something was paid, at most once a
minute over all processes, and never while nothing happens or a batch waits for places.
"""

import logging

import anyio
from sqlalchemy import Connection

from stability_mcp.errors import StudioError
from stability_mcp.jobs import asking, lanes, rate, upstream
from stability_mcp.jobs.signals import NoPlaceError
from stability_mcp.jobs.steps.workshop import Workshop

SECONDS = 60.0
"""Between two questions, at least; for so long an answer is as good as a new one."""
SETTLE = 0.5
"""Seconds after which it is seen whether one thing was asked for, or two hundred."""
TOLD_FOR = 600.0
"""Seconds for which it is told beside what a call cost; after that it says too little."""

log = logging.getLogger(__name__)


class Balance:
    """Keeps the balance of the upstream about right.

    Args:
        shop: What the steps share.
        process: The id of this process.
    """

    def __init__(self, shop: Workshop, process: str) -> None:
        self._shop = shop
        self._process = process
        self._wanted = anyio.Event()

    def want(self) -> None:
        """Have it asked for soon: something was or will be spent."""
        self._wanted.set()

    async def run(self) -> None:
        """Ask whenever it is wanted, until cancelled."""
        while True:
            await self._wanted.wait()
            self._wanted = anyio.Event()
            await anyio.sleep(SETTLE)
            try:
                await self._ask_unless_known()
            except StudioError as error:  # nobody waits for it; the next one may succeed
                log.info("the balance could not be asked for: %s", error)
            except NoPlaceError as error:
                log.debug("the balance is asked for later: %s", error)
                self.want()
            await anyio.sleep(SECONDS)

    async def _ask_unless_known(self) -> None:
        shop, now = self._shop, self._shop.clock()

        def look(connection: Connection) -> bool:
            known = upstream.balance(connection, shop.upstream.id)
            if known is not None and known.is_fresh(now, SECONDS):
                return False
            if lanes.some_wait(connection, shop.upstream.id):
                return False  # the last of them would pay with 10 s
            # Half of the places are for those who are waited for.
            busy = shop.rate.limit - shop.rate.limit // 2 + 1
            rate.room(connection, shop.rate, upstream=shop.upstream.id, now=now, connecting=busy)
            return True

        if await shop.database.read(look):
            await asking.remember_balance(shop, await asking.balance(shop, self._process))
