"""Servers that run as processes of their own while a test lasts."""

import os
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

TESTS = Path(__file__).parents[1]
END_SECONDS = 20


@contextmanager
def serving(command: Sequence[str], folder: Path) -> Iterator[str]:
    """Run `python COMMAND`, which prints its address first, on a store of its own in `folder`."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("STABILITY_")}
    environment = kept | {
        "PYTHONPATH": str(TESTS),
        "STABILITY_HOME": str(folder / "served"),
        "STABILITY_OUTPUT_DIR": str(folder / "copies"),
    }
    with (folder / "server.log").open("w+b") as log:
        process = subprocess.Popen(
            [sys.executable, *command],
            cwd=folder,
            env=environment,
            stdout=subprocess.PIPE,
            stderr=log,
            text=True,
        )
        try:
            with process:
                try:
                    address = process.stdout.readline().strip() if process.stdout else ""
                    assert address, f"it did not start: {_tail(folder / 'server.log')}"
                    yield address
                finally:
                    process.terminate()
                    _wait(process)
        finally:
            log.flush()


def _wait(process: subprocess.Popen[str]) -> None:
    try:
        process.wait(END_SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()


def _tail(log: Path) -> str:
    return log.read_text(errors="replace")[-2_000:]
