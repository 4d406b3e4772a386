"""A process whose writes share commits, killed at random: acknowledged writes must be there.

Run by hand: `python -m support.store.group_kills --kills 20 --transactions 100000` uses a temporary
folder and prints the counts. The killed process is this module, too.
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
"""Concurrent writers."""

FAILING = 10
"""Every tenth write of a writer raises after its statement."""

MAX_LATER_SECONDS = 0.02
"""A kill comes at a random time within this many seconds after the last awaited write."""

ACKNOWLEDGED, FAILED = "ok", "failed"

TABLE = (
    "CREATE TABLE IF NOT EXISTS numbers"
    " (round INTEGER, writer INTEGER, number INTEGER, PRIMARY KEY (round, writer, number))"
)
INSERT = "INSERT INTO numbers VALUES (:round, :writer, :number)"


@dataclass
class Seen:
    """Counts over all rounds."""

    kills: int = 0
    acknowledged: int = 0
    """Writes acknowledged before their process was killed."""
    failed: int = 0
    """Writes whose error was acknowledged."""
    unacknowledged: int = 0
    """Writes committed by a process that was killed before it acknowledged them."""


class RefusedError(Exception):
    """Raised by a write to roll back its rows."""


async def write(home: Path, turn: int) -> None:
    """Write until killed, and acknowledge each write on stdout once it is committed."""
    database = Database(home)
    await database.write(lambda c: execute(c, TABLE), name="test.table")

    def insert(connection: Connection, writer: int, number: int) -> None:
        execute(connection, INSERT, round=turn, writer=writer, number=number)
        if number % FAILING == 0:
            raise RefusedError

    async def run_writer(writer: int) -> None:
        number = 0
        while True:
            number += 1
            work = partial(insert, writer=writer, number=number)
            outcome = ACKNOWLEDGED
            try:
                await database.write(work, name="test.write", durable=writer % 2 == 0)
            except RefusedError:
                outcome = FAILED
            os.write(1, f"{outcome} {writer} {number}\n".encode())

    async with anyio.create_task_group() as group:
        for writer in range(WRITERS):
            group.start_soon(run_writer, writer)


def kill_one(home: Path, turn: int, transactions: int) -> Seen:
    """Kill a process after `transactions` writes and a random time, and check the store.

    Raises:
        AssertionError: an acknowledged write is missing, a failed one is there, there is a gap, or
            the database is damaged.
    """
    command = [sys.executable, "-m", MODULE, "--home", str(home), "--round", str(turn)]
    lines: list[str] = []
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        for line in process.stdout:
            lines.append(line)
            if len(lines) >= transactions:
                break
        time.sleep(random.uniform(0, MAX_LATER_SECONDS))  # noqa: S311 -- not a secret
        with contextlib.suppress(ProcessLookupError):
            process.send_signal(signal.SIGKILL)
        lines += process.stdout
    assert process.returncode == -signal.SIGKILL
    outcomes: dict[str, dict[int, set[int]]] = {ACKNOWLEDGED: {}, FAILED: {}}
    for line in lines:
        outcome, writer, number = line.split()
        outcomes[outcome].setdefault(int(writer), set()).add(int(number))
    return _compare(home, turn, outcomes[ACKNOWLEDGED], outcomes[FAILED])


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
        expected = acknowledged.get(writer, set())
        refused = failed.get(writer, set())
        assert expected <= there, (turn, writer, sorted(expected - there))
        assert not there & refused, (turn, writer, sorted(there & refused))
        assert there == {n for n in range(1, max(there, default=0) + 1) if n % FAILING}
        assert len(there - expected) <= 1, "a writer has one write in progress"
        seen.acknowledged += len(expected)
        seen.failed += len(refused)
        seen.unacknowledged += len(there - expected)
    return seen


def kill_often(home: Path, kills: int, transactions: int) -> Seen:
    """Kill processes of one store, one after the other; see `kill_one`.

    Args:
        home: Folder of the store.
        kills: Number of processes.
        transactions: Minimum of writes they finish together.
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
    """Run the command line."""
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
