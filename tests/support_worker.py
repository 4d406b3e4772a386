"""A process that submits jobs and carries them out, to be killed: `python support_worker.py ...`.

Arguments: home, base URL of a counting upstream, how many calls, `idle` to end when nothing is left
or `on` to go on.
"""

import os
import sys
from pathlib import Path

import anyio
from pydantic import SecretStr
from sqlalchemy import text

from stability_mcp.client.client import Client
from stability_mcp.jobs.jobs import Jobs
from stability_mcp.jobs.steps.workshop import Pace
from stability_mcp.jobs.upstream import Upstream
from stability_mcp.media.store import MediaStore
from stability_mcp.operations import OPERATIONS
from stability_mcp.store.database import Database
from support_jobs import OWNER, core

OPEN = text("SELECT count(*) FROM jobs WHERE finished_at IS NULL")


async def main(home: str, base_url: str, calls: int, *, until_idle: bool) -> None:
    """Submit calls of both kinds and carry them out."""
    database = Database(Path(home))
    upstream = Upstream(id="counted", base_url=base_url, emulated=False)
    media = MediaStore(database, owner=OWNER, upstream=upstream.id, emulated=False)
    client = Client(base_url=base_url, api_key=SecretStr("sk-test"), timeout=20)
    async with client, anyio.create_task_group() as group:
        jobs = Jobs(
            database,
            client,
            media=media,
            owner=OWNER,
            upstream=upstream,
            rate=(100_000, 10.0),
            pace=Pace(poll=0.1, usual=False, pause=0.01),
        )
        await jobs.start(group)
        sys.stdout.write("at work\n")
        sys.stdout.flush()
        for number in range(calls):
            prompt = f"{os.getpid()}-{number}"
            sound = {"prompt": prompt, "duration": 10}
            deferred = OPERATIONS["audio3_text_to_audio"].model_validate(sound)
            await jobs.submit(deferred if number % 3 == 0 else core(prompt), tool="test")
        while not until_idle or await database.read(lambda c: c.execute(OPEN).scalar_one()):  # noqa: ASYNC110 -- other processes set no event here
            await anyio.sleep(0.05)
        await jobs.drain()
        group.cancel_scope.cancel()
    await database.close()


if __name__ == "__main__":
    home_, url_, calls_, end_ = sys.argv[1:]

    async def _main() -> None:
        await main(home_, url_, int(calls_), until_idle=end_ == "idle")

    anyio.run(_main)
