"""A process that makes a call with an idempotency key, to be killed; see `support.jobs.forks`."""

from pathlib import Path

import anyio

from stability_mcp.policy.idempotency import CallKey
from stability_mcp.studio import CallOptions, Outcome, Studio, open_studio
from support.workflows.run_process import TIMING, settings_of

BEGUN = ".begun"
"""Ending of an empty file in the parent of the home, named like the key: the call begins now."""


async def send(studio: Studio, key: str) -> Outcome:
    """Make the call of a key, or get what it started; the key is the prompt."""
    options = CallOptions(wait=60, preview=False, key=CallKey(key=key, request_hash=key))
    return await studio.run("generate_core", {"prompt": key}, options)


async def main(home: Path, url: str, key: str) -> None:
    """Open the store, make the call and wait to be killed."""
    async with open_studio(settings_of(home, url), timing=TIMING) as studio:
        (home.parent / f"{key}{BEGUN}").touch()
        await send(studio, key)
        await anyio.sleep_forever()


def run(home: str, url: str, key: str) -> None:
    """Make the call in a forked process."""
    anyio.run(main, Path(home), url, key)
