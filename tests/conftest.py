"""Fixtures that every test may use."""

import os
import re
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

settings.register_profile("slow", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("slow")  # no property depends on how fast the machine is

TESTS = str(Path(__file__).parent)
os.environ["PYTHONPATH"] = os.pathsep.join(filter(None, (TESTS, os.environ.get("PYTHONPATH"))))
# Programs of `support` are started with `python -m`.


@pytest.fixture
def anyio_backend() -> str:
    """Run async tests on asyncio alone: the program runs on nothing else."""
    return "asyncio"


@pytest.fixture(scope="session")
def emulator_url() -> Iterator[str]:
    """The emulator as a server in a process of its own: its address."""
    command = [sys.executable, "-m", "stability_mcp", "emulator", "--port", "0"]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as process:
        assert process.stderr is not None
        url = None
        while url is None:
            line = process.stderr.readline()
            assert line, "the emulator ended before it said where it listens"
            url = re.search(r"http://127\.0\.0\.1:\d+", line)
        drain = threading.Thread(target=process.stderr.read, daemon=True)
        drain.start()
        yield url.group()
        process.terminate()
        drain.join(10)


@pytest.fixture(autouse=True)
def _no_settings_of_this_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    """Keep the developer's own key and folders out of every test."""
    for name in [name for name in os.environ if name.startswith("STABILITY_")]:
        monkeypatch.delenv(name)
