"""Runs servers as separate processes during a test."""

import os
import re
import signal
import subprocess
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from queue import Queue

from support.programs import forked

TESTS = Path(__file__).parents[1]
START_SECONDS = 60
STOP_SECONDS = 20
ADDRESS = re.compile(r"http://\S+/mcp")


@contextmanager
def serving(
    command: Sequence[str],
    folder: Path,
    stop_signal: signal.Signals = signal.SIGTERM,
    **environment: str,
) -> Iterator[str]:
    """Run `python -m COMMAND` with its own store in `folder` until the block ends.

    Yields the address that the process prints; `stop_signal` stops it.
    """
    kept = {name: value for name, value in os.environ.items() if not name.startswith("STABILITY_")}
    own = {
        "PYTHONPATH": os.pathsep.join(filter(None, [str(TESTS), os.environ.get("PYTHONPATH")])),
        "STABILITY_HOME": str(folder / "served"),
        "STABILITY_OUTPUT_DIR": str(folder / "copies"),
    }
    with subprocess.Popen(
        forked(*command),
        cwd=folder,
        env=kept | own | environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    ) as process:
        output: list[str] = []
        found: Queue[str | None] = Queue()
        reading = threading.Thread(target=_read, args=(process, output, found))
        reading.start()
        try:
            address = found.get(timeout=START_SECONDS)
            assert address, f"it did not start: {''.join(output)[-2_000:]}"
            yield address
        finally:
            process.send_signal(stop_signal)
            try:
                process.wait(STOP_SECONDS)
            except subprocess.TimeoutExpired:
                process.kill()
            reading.join()


def _read(process: subprocess.Popen[str], output: list[str], found: Queue[str | None]) -> None:
    """Read all output, so that the process never blocks, and pass on the address."""
    for line in process.stdout or ():
        output.append(line)
        if address := ADDRESS.search(line):
            found.put(address[0])
    found.put(None)
