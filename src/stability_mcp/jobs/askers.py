"""Askers: the processes in which identical calls wait, and which of those are dead.

Asked before a call becomes rows. A process that died a second ago has not been buried yet, and a
repeat of its call must not pay again.
"""

from collections.abc import Collection
from contextlib import ExitStack
from functools import partial

import anyio

from stability_mcp.jobs.process import took
from stability_mcp.jobs.steps.workshop import Workshop
from stability_mcp.store.format import lock_path

LOOKS = 3
"""How often a lock that is held is tried: another process may be trying it at that moment."""
BETWEEN = 0.02
"""Seconds."""


async def dead_among(shop: Workshop, processes: Collection[str]) -> frozenset[str]:
    """Return the dead among the processes in which identical calls seem to wait."""
    alive, dead = set(processes), set[str]()
    for look in range(LOOKS):
        if not alive:
            break
        if look:
            await anyio.sleep(BETWEEN)
        free = await shop.on_disk(partial(_free, shop, frozenset(alive)))
        dead |= free
        alive -= free
    return frozenset(dead)


def _free(shop: Workshop, processes: frozenset[str]) -> set[str]:
    paths = {each: lock_path(shop.database.home, each) for each in processes}
    with ExitStack() as held:
        return {each for each, path in paths.items() if not path.exists() or took(path, held)}
