"""What lists and look-ups cost in a store that is years old."""

import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from statistics import median

from benchmarks.processes import OURS, Server, environment, now, running
from benchmarks.table import Line, at_most
from sqlalchemy import Connection, insert

from stability_mcp.jobs.transactions import reuse
from stability_mcp.store import schema
from stability_mcp.store.database import Database

URL = "http://127.0.0.1:9"
ROUNDS = 20
BATCH = 10_000


async def lists(folder: Path, *, rows: int) -> list[Line]:
    """Time the tools that list, over a store with so many finished jobs and pictures."""
    env = environment(folder, URL)
    home = Path(env["STABILITY_HOME"])
    database = Database(home)
    try:
        upstream = await database.fingerprint(URL, env["STABILITY_API_KEY"])
        await database.write(
            lambda connection: _fill(connection, upstream, rows), name="test.write"
        )
        looked_up = [
            at_most(f"{name} look-up with {rows:,} rows, ms", await took, 10, "{:.2f}")
            for name, took in (
                (
                    "join",
                    _look_up(database, lambda c, key: reuse.find_joinable(c, key, dead=(), now=0)),
                ),
                ("cache", _look_up(database, lambda c, key: reuse.find_cached(c, [key]))),
            )
        ]
    finally:
        await database.close()
    async with running(OURS, env) as server:
        listed = [
            at_most(f"{tool} with {rows:,} rows, ms", await _time(server, tool), 10, "{:.1f}")
            for tool in ("media_list", "job_list")
        ]
    return listed + looked_up


async def _look_up(database: Database, work: Callable[[Connection, str], object]) -> float:
    took = []
    for number in range(ROUNDS + 2):
        started = now()
        await database.read(partial(_call_with, work, f"{number * 40:064}"))
        if number > 1:
            took.append(now() - started)
    return median(took)


def _call_with(
    work: Callable[[Connection, str], object], key: str, connection: Connection
) -> object:
    return work(connection, key)


async def _time(server: Server, tool: str) -> float:
    took = []
    for number in range(ROUNDS + 2):
        started = now()
        await server.call(tool)
        if number > 1:  # the first open the store
            took.append(now() - started)
    return median(took)


def _fill(connection: Connection, upstream: str, rows: int) -> None:
    at = time.time() - rows
    connection.execute(insert(schema.upstreams), [{"id": upstream, "base_url": URL, "emulated": 0}])
    connection.execute(
        insert(schema.blobs),
        [{"sha256": "0" * 64, "bytes": 3_117_216, "media_type": "image/png", "created_at": at}],
    )
    for first in range(0, rows, BATCH):
        numbers = range(first, min(first + BATCH, rows))
        connection.execute(insert(schema.calls), [_call(n, upstream, at + n) for n in numbers])
        connection.execute(insert(schema.jobs), [_job(n, upstream, at + n) for n in numbers])
        connection.execute(insert(schema.media), [_media(n, upstream, at + n) for n in numbers])


def _call(number: int, upstream: str, at: float) -> dict[str, object]:
    return {
        "id": f"c{number:09}",
        "owner": "local",
        "upstream": upstream,
        "process": "p",
        "tool": "generate_core",
        "call_key": f"{number:064}",
        "created_at": at,
        "handed_at": at,
    }


def _job(number: int, upstream: str, at: float) -> dict[str, object]:
    return {
        "id": f"j{number:09}",
        "owner": "local",
        "upstream": upstream,
        "call": f"c{number:09}",
        "operation": "generate_core",
        "arguments": '{"prompt":"a lighthouse at dusk"}',
        "result_key": f"{number:064}",
        "deferred": 0,
        "state": "done",
        "day": "2026-11-22",
        "price": 3_000,
        "price_list": "2026-11",
        "charged": "yes",
        "label": f"lighthouse-{number}",
        "created_at": at,
        "sent_at": at,
        "answered_at": at,
        "finished_at": at,
    }


def _media(number: int, upstream: str, at: float) -> dict[str, object]:
    return {
        "id": f"m{number:09}",
        "owner": "local",
        "upstream": upstream,
        "job": f"j{number:09}",
        "blob": "0" * 64,
        "media_type": "image/png",
        "width": 1536,
        "height": 1536,
        "seed": str(number),
        "finish_reason": "SUCCESS",
        "origin": "generated",
        "operation": '{"operation":"generate_core","arguments":{"prompt":"a lighthouse at dusk"}}',
        "label": f"lighthouse-{number}",
        "created_at": at,
    }
