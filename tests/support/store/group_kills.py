"""A process whose writes share commits, killed at random: what it acknowledged must be there.

`python -m support.store.group_kills --kills 20 --transactions 100000` does it by hand, in a
temporary folder, and prints what it saw. The process that is killed is this module, too.
"""

import argparse
import contextlib
import os
import random
import signal
import sqlite3
import subprocess
import sys
import tempfile
import time
from contextlib import closing
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import anyio

from stability_mcp.store.database import Database
from stability_mcp.store.queries import Connection
from support.store.rows import execute

MODULE = "support.store.group_kills"

WRITERS = 12
"""How many write at the same time."""

FAILING = 10
"""Every so many-th write of a writer raises after its statement."""

MAX_LATER_SECONDS = 0.02
"""A kill comes at a random time within so many seconds of the last write that was waited for."""

ACKNOWLEDGED, FAILED = "ok", "failed"

TABLE = (
    "CREATE TABLE IF NOT EXISTS numbers"
    " (round INTEGER, writer INTEGER, number INTEGER, PRIMARY KEY (round, writer, number))"
)
INSERT = "INSERT INTO numbers VALUES (:round, :writer, :number)"


@dataclass
class Seen:
    """What the rounds came to."""

    kills: int = 0
    acknowledged: int = 0
    """Writes that were acknowledged before their process was killed."""
    failed: int = 0
    """Writes whose error was acknowledged."""
    unacknowledged: int = 0
    """Writes that were committed, and whose process was killed before it said so."""


class RefusedError(Exception):
    """What a write raises that takes its rows back."""


async def write(home: Path, turn: int) -> None:
    """Write until killed, and acknowledge each write on stdout once it is committed."""
    database = Database(home)
    await database.write(lambda c: execute(c, TABLE), name="test.table")

    def insert(connection: Connection, writer: int, number: int) -> None:
        execute(connection, INSERT, round=turn, writer=writer, number=number)
        if number % FAILING == 0:
            raise RefusedError

    async def go_on(writer: int) -> None:
        number = 0
        while True:
            number += 1
            work = partial(insert, writer=writer, number=number)
            said = ACKNOWLEDGED
            try:
                await database.write(work, name="test.write", durable=writer % 2 == 0)
            except RefusedError:
                said = FAILED
            os.write(1, f"{said} {writer} {number}\n".encode())

    async with anyio.create_task_group() as group:
        for writer in range(WRITERS):
            group.start_soon(go_on, writer)


def kill_one(home: Path, turn: int, transactions: int) -> Seen:
    """Kill a process after so many writes and a random time, and compare the store with it.

    Raises:
        AssertionError: an acknowledged write is not there, one that failed is, one was lost in the
            middle, or the database is damaged.
    """
    command = [sys.executable, "-m", MODULE, "--home", str(home), "--round", str(turn)]
    lines: list[str] = []
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        for line in process.stdout:
            lines.append(line)
            if len(lines) >= transactions:
                break
        time.sleep(random.uniform(0, MAX_LATER_SECONDS))  # noqa: S311 -- no secret
        with contextlib.suppress(ProcessLookupError):
            process.send_signal(signal.SIGKILL)
        lines += process.stdout
    assert process.returncode == -signal.SIGKILL
    said: dict[str, dict[int, set[int]]] = {ACKNOWLEDGED: {}, FAILED: {}}
    for line in lines:
        outcome, writer, number = line.split()
        said[outcome].setdefault(int(writer), set()).add(int(number))
    return _compare(home, turn, said[ACKNOWLEDGED], said[FAILED])


def _compare(
    home: Path, turn: int, acknowledged: dict[int, set[int]], failed: dict[int, set[int]]
) -> Seen:
    seen = Seen(kills=1)
    with closing(sqlite3.connect(home / "store.db")) as connection:
        assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
        found = connection.execute(
            "SELECT writer, number FROM numbers WHERE round = ?", [turn]
        ).fetchall()
    for writer in range(WRITERS):
        there = {number for each, number in found if each == writer}
        wanted = acknowledged.get(writer, set())
        refused = failed.get(writer, set())
        assert wanted <= there, (turn, writer, sorted(wanted - there))
        assert not there & refused, (turn, writer, sorted(there & refused))
        assert there == {n for n in range(1, max(there, default=0) + 1) if n % FAILING}
        assert len(there - wanted) <= 1, "a writer has one write under way"
        seen.acknowledged += len(wanted)
        seen.failed += len(refused)
        seen.unacknowledged += len(there - wanted)
    return seen


def kill_often(home: Path, kills: int, transactions: int) -> Seen:
    """Kill so many processes of one store, one after the other; see `kill_one`.

    Args:
        home: Folder of the store.
        kills: How many.
        transactions: How many writes they finish together, at least.
    """
    total = Seen()
    for turn in range(kills):
        seen = kill_one(home, turn, -(-transactions // kills))
        total.kills += seen.kills
        total.acknowledged += seen.acknowledged
        total.failed += seen.failed
        total.unacknowledged += seen.unacknowledged
    return total


def main() -> None:
    """Do what the arguments say."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--home", type=Path)
    parser.add_argument("--round", type=int)
    parser.add_argument("--kills", type=int, default=20)
    parser.add_argument("--transactions", type=int, default=100_000)
    given = parser.parse_args()
    if given.home is not None:
        anyio.run(write, given.home, given.round)
        return
    with tempfile.TemporaryDirectory() as home:
        sys.stdout.write(f"{kill_often(Path(home), given.kills, given.transactions)}\n")


if __name__ == "__main__":
    main()
