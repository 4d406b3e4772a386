"""The state of the store, for `stability-mcp doctor`; `--repair` mends it, a line for each."""

from collections.abc import AsyncIterator
from dataclasses import asdict
from typing import Literal

from anyio import to_thread

from stability_mcp.errors import StorageError
from stability_mcp.settings import Settings
from stability_mcp.store.database import Database
from stability_mcp.wording import plain

Mark = Literal["ok", "BAD", "note", "done"]
"""Fine; wrong and left so; a leftover that harms nobody; mended just now."""


async def examined(settings: Settings, *, repair: bool) -> AsyncIterator[tuple[Mark, str]]:
    """Yield a line for everything that is not as it should be in the store, or one that all is.

    Args:
        settings: Where the store is, and how long things are kept.
        repair: Whether to mend what is found, and to sweep what is old.
    """
    try:
        database = await to_thread.run_sync(Database, settings.home_dir)
    except StorageError:
        return  # the check that opens it for work says why it cannot
    try:
        async for line in _examined(database, repair=repair):
            yield line
        if repair:
            yield await _swept(database, settings.keep_days)
    except StorageError as error:
        yield "BAD", str(error)
    except OSError as error:
        yield "BAD", plain(f"the store could not be examined to its end: {error}")
    finally:
        await database.close()


async def _examined(database: Database, *, repair: bool) -> AsyncIterator[tuple[Mark, str]]:
    from stability_mcp.studio.mending import Mender

    mender, wrong = Mender(database, repair=repair), 0
    async for found in mender.findings():
        wrong += found.bad
        mark: Mark = "BAD" if found.bad else "note"
        if repair and found.done:
            mark = "done"
        yield mark, plain(": ".join(filter(None, (found.text, found.done))))
    if not wrong:
        compared = f"{mender.compared} of {mender.blobs} stored files"
        yield "ok", f"the store is sound; {compared} were compared with their hashes"
    elif not repair:
        yield "note", "stability-mcp doctor --repair mends what can be mended"


async def _swept(database: Database, keep_days: float | None) -> tuple[Mark, str]:
    from stability_mcp.studio.sweeper import Sweeper

    swept = asdict(await Sweeper(database, keep_days=keep_days).sweep())
    gone = ", ".join(f"{name} {count}" for name, count in swept.items() if count)
    if gone:
        return "done", f"swept what is old: {gone}"
    return "ok", "nothing is old enough to be swept"
