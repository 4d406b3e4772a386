"""Runs an emulator as a process that serves HTTP."""

import re
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager

from support.programs import forked


@contextmanager
def served(module: str) -> Iterator[str]:
    """Run the emulator of a module until the block ends; yield its address."""
    command = forked(module, "emulator", "--port", "0")
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as process:
        assert process.stderr is not None
        url = None
        while url is None:
            line = process.stderr.readline()
            assert line, "the emulator exited before it printed its address"
            url = re.search(r"http://127\.0\.0\.1:\d+", line)
        drain = threading.Thread(target=process.stderr.read, daemon=True)
        drain.start()
        yield url.group()
        process.terminate()
        drain.join(10)
