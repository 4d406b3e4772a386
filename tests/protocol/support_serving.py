"""Servers that run as processes of their own while a test lasts."""

import os
import re
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from queue import Queue

TESTS = Path(__file__).parents[1]
START_SECONDS = 60
END_SECONDS = 20
ADDRESS = re.compile(r"http://\S+/mcp")


@contextmanager
def serving(
    command: Sequence[str],
    folder: Path,
    end: signal.Signals = signal.SIGTERM,
    **environment: str,
) -> Iterator[str]:
    """Run `python COMMAND` on a store of its own in `folder`, until the block ends.

    The value is the address that the process prints; `end` is what it is ended with.
    """
    kept = {name: value for name, value in os.environ.items() if not name.startswith("STABILITY_")}
    own = {
        "PYTHONPATH": os.pathsep.join(filter(None, [str(TESTS), os.environ.get("PYTHONPATH")])),
        "STABILITY_HOME": str(folder / "served"),
        "STABILITY_OUTPUT_DIR": str(folder / "copies"),
    }
    with subprocess.Popen(
        [sys.executable, *command],
        cwd=folder,
        env=kept | own | environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    ) as process:
        said: list[str] = []
        found: Queue[str | None] = Queue()
        reading = threading.Thread(target=_read, args=(process, said, found))
        reading.start()
        try:
            address = found.get(timeout=START_SECONDS)
            assert address, f"it did not start: {''.join(said)[-2_000:]}"
            yield address
        finally:
            process.send_signal(end)
            try:
                process.wait(END_SECONDS)
            except subprocess.TimeoutExpired:
                process.kill()
            reading.join()


def _read(process: subprocess.Popen[str], said: list[str], found: Queue[str | None]) -> None:
    """Read all it says, so that it never waits for a reader, and hand on the address."""
    for line in process.stdout or ():
        said.append(line)
        if address := ADDRESS.search(line):
            found.put(address[0])
    found.put(None)
