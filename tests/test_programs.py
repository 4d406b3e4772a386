"""Forked programs end like those that Python starts."""

import signal
import subprocess
import sys
from pathlib import Path

import pytest

from support.programs import forked

pytestmark = [
    pytest.mark.processes,
    pytest.mark.skipif(sys.platform == "win32", reason="POSIX signals"),
]

ENDS = {
    "by itself": "print('end')",
    "with a code": "import sys; print('end'); sys.exit(7)",
    "with a text": "import sys; sys.exit('why')",
    "with an error": "raise ValueError('why')",
    "interrupted": "raise KeyboardInterrupt",
    "killed": "import os; os.kill(os.getpid(), 9)",
    "after a thread": "import threading, time\nthreading.Timer(0.05, print, ['end']).start()",
    "after an exit handler": "import atexit; atexit.register(print, 'end')",
}


@pytest.mark.parametrize("end", ENDS)
def test_a_forked_program_ends_as_it_does_in_a_new_interpreter(end: str, tmp_path: Path) -> None:
    """*Chosen*: with the same exit code or signal, after the same output."""
    (tmp_path / "program.py").write_text(ENDS[end], encoding="utf-8")

    results = [
        subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
        for command in (forked("program"), [sys.executable, "-m", "program"])
    ]

    one, other = ((each.returncode, each.stdout, each.stderr[-4:]) for each in results)
    assert one == other


def test_a_stand_in_that_is_killed_stops_nothing_else(tmp_path: Path) -> None:
    """*Chosen*: also at the moment when its program ends."""
    (tmp_path / "program.py").write_text("print('end')", encoding="utf-8")
    for _ in range(20):
        with subprocess.Popen(
            forked("program"), cwd=tmp_path, stdout=subprocess.PIPE, text=True
        ) as process:
            assert process.stdout is not None
            process.stdout.readline()
            process.send_signal(signal.SIGKILL)

    done = subprocess.run(forked("program"), cwd=tmp_path, capture_output=True, check=False)

    assert (done.returncode, done.stdout) == (0, b"end\n")
