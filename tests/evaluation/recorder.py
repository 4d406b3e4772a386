"""A stdio server that records the conversation with a host.

A host starts `python -m evaluation.recorder FOLDER` like the server itself. It starts the server
with the environment in `FOLDER/environment.json`, passes every message on unchanged in both
directions, and appends it to `FOLDER/transcript.jsonl` with the connection, since message ids are
unique only within one.
"""

import json
import os
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import IO

from evaluation.transcript import TRANSCRIPT

ENVIRONMENT = "environment.json"
"""Variables of the server's process, read at each start: a new key counts after a restart."""

EXIT_SECONDS = 30
"""How long the server may finish what it does after the host has left."""


class Recorder:
    """Appends messages to the transcript."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._connection = f"{os.getpid()}-{time.time_ns()}"
        self._lock = threading.Lock()

    def record(self, line: bytes) -> None:
        """Append a message; what isn't an object is passed on but not recorded."""
        try:
            message = json.loads(line)
        except ValueError:
            return
        if isinstance(message, dict):
            text = json.dumps({**message, "connection": self._connection}, ensure_ascii=False)
            with self._lock, self._path.open("a", encoding="utf-8") as file:
                file.write(text + "\n")

    def copy(self, source: IO[bytes], target: IO[bytes]) -> None:
        """Pass lines on until the source ends, then close the target."""
        try:
            for line in source:
                self.record(line)
                target.write(line)
                target.flush()
        except BrokenPipeError:
            pass
        finally:
            target.close()


def serve(folder: Path) -> int:
    """Run the server for one connection, and return its exit code."""
    environment = json.loads((folder / ENVIRONMENT).read_text(encoding="utf-8"))
    recorder = Recorder(folder / TRANSCRIPT)
    with subprocess.Popen(
        [sys.executable, "-m", "stability_mcp"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        env={**os.environ, **environment},
        cwd=folder,
    ) as server:
        assert server.stdin is not None
        assert server.stdout is not None
        # A daemon: the host may keep its end open after the server has exited.
        sending = threading.Thread(
            target=recorder.copy, args=(sys.stdin.buffer, server.stdin), daemon=True
        )
        sending.start()
        recorder.copy(server.stdout, sys.stdout.buffer)
        return server.wait(EXIT_SECONDS)


if __name__ == "__main__":
    sys.exit(serve(Path(sys.argv[1])))
