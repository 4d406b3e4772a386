"""Processes killed while they migrate a store.

`python -m support.store.migrating <home>` forks a child for each statement of a migration and kills
it as that statement begins, until one reaches the end. It prints a line of JSON for each: the
signal that ended it, and a hash of the store. It has one thread and imports little.
"""

import hashlib
import json
import os
import signal
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

from stability_mcp.store.migrations import migrate

MAX_STATEMENTS = 200


def update(home: Path) -> None:
    """Run every migration step."""
    with closing(sqlite3.connect(home / "store.db", isolation_level=None)) as connection:
        migrate(connection, home)


def contents(home: Path) -> str:
    """Return a hash of all tables and rows."""
    with closing(sqlite3.connect(home / "store.db")) as connection:
        return hashlib.sha256("\n".join(connection.iterdump()).encode()).hexdigest()


def kill_at_every_statement(home: Path) -> list[tuple[int, str]]:
    """Run the command above: the signal of each child, and the hash of the store after it."""
    command = [sys.executable, "-m", "support.store.migrating", str(home)]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    done = subprocess.run(command, env=environment, check=True, capture_output=True, text=True)
    return [tuple(json.loads(line)) for line in done.stdout.splitlines()]


def _killed_at(home: Path, statement: int) -> None:
    left = statement

    def count(_: str) -> None:
        nonlocal left
        left -= 1
        if left < 0:
            os.kill(os.getpid(), signal.SIGKILL)

    with closing(sqlite3.connect(home / "store.db", isolation_level=None)) as connection:
        connection.set_trace_callback(count)
        migrate(connection, home)
        connection.set_trace_callback(None)


def _main(home: Path) -> None:
    for statement in range(MAX_STATEMENTS):
        child = os.fork()
        if child == 0:
            _killed_at(home, statement)
            os._exit(0)
        _, status = os.waitpid(child, 0)
        sys.stdout.write(json.dumps([os.WTERMSIG(status), contents(home)]) + "\n")
        if status == 0:
            return


if __name__ == "__main__":
    _main(Path(sys.argv[1]))
