"""The cost of lists and look-ups in a store with years of data."""

import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from statistics import median

from benchmarks.processes import OURS, Server, environment, now, running
from benchmarks.table import Line, at_most

from stability_mcp.jobs.transactions import reuse
from stability_mcp.media.library import MediaLibrary
from stability_mcp.media.phrase_lookup import PhraseLookup
from stability_mcp.store.database import Database
from stability_mcp.store.queries import Connection, load
from stability_mcp.store.tenancy import LOCAL_OWNER, Account

URL = "http://127.0.0.1:9"
ROUNDS = 20
BLOB = "0" * 64
TAG = "sea"

_SQL = load(__file__)
_insert_upstream = _SQL.count("insert_upstream")
_insert_blob = _SQL.count("insert_blob")
_insert_call = _SQL.count("insert_call")
_insert_job = _SQL.count("insert_job")
_insert_media = _SQL.count("insert_media")
_insert_tags = _SQL.count("insert_tags")


async def lists(folder: Path, *, rows: int) -> list[Line]:
    """Measure the list tools on a store with `rows` finished jobs and pictures."""
    env = environment(folder, URL)
    home = Path(env["STABILITY_HOME"])
    database = Database(home)
    try:
        upstream = await database.fingerprint(URL, env["STABILITY_API_KEY"])
        await database.write(
            lambda connection: _fill(connection, upstream, rows), name="test.write"
        )
        looked_up = [
            at_most(f"{name} look-up with {rows:,} rows, ms", await milliseconds, 10, "{:.2f}")
            for name, milliseconds in (
                (
                    "join",
                    _look_up(
                        database,
                        lambda c, key: reuse.find_joinable(c, key, dead=(), alive=(), now=0),
                    ),
                ),
                ("cache", _look_up(database, lambda c, key: reuse.find_cached(c, [key]))),
                ("words as a reference", _find_by_words(database, upstream, rows)),
            )
        ]
    finally:
        await database.close()
    async with running(OURS, env) as server:
        listed = [
            at_most(
                f"{name} with {rows:,} rows, ms",
                await _time(server, tool, **arguments),
                10,
                "{:.1f}",
            )
            for name, tool, arguments in (
                ("media_list", "media_list", {}),
                ("job_list", "job_list", {}),
                ("list by tag", "media_list", {"tag": TAG}),
                ("word search", "media_list", {"query": f"lighthouse-{rows // 100}"}),
            )
        ]
    return listed + looked_up


async def _find_by_words(database: Database, upstream: str, rows: int) -> float:
    library = MediaLibrary(database, Account(owner=LOCAL_OWNER, upstream=upstream))
    lookup = PhraseLookup(library=library, clock=time.time)
    took = []
    for number in range(ROUNDS + 2):
        words = f"the last lighthouse-{rows - 1 - number} picture"
        started = now()
        await lookup.find_text(words)
        if number > 1:
            took.append(now() - started)
    return median(took)


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


async def _time(server: Server, tool: str, **arguments: object) -> float:
    took = []
    for number in range(ROUNDS + 2):
        started = now()
        await server.call(tool, **arguments)
        if number > 1:  # the first calls open the store
            took.append(now() - started)
    return median(took)


def _fill(connection: Connection, upstream: str, rows: int) -> None:
    began = time.time() - rows
    _insert_upstream(connection, upstream=upstream, base_url=URL)
    _insert_blob(connection, blob=BLOB, at=began)
    for number in range(rows):
        call, job, key = f"c{number:09}", f"j{number:09}", f"{number:064}"
        common = {"upstream": upstream, "at": began + number}
        label = f"lighthouse-{number}"
        _insert_call(connection, **common, call=call, key=key)
        _insert_job(connection, **common, job=job, call=call, key=key, label=label)
        _insert_media(
            connection,
            **common,
            media=f"m{number:09}",
            job=job,
            blob=BLOB,
            seed=str(number),
            label=label,
        )
    _insert_tags(connection, tag=TAG)
