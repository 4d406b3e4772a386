"""`stability-mcp demo`, which `make demo` runs, makes every kind of result."""

import subprocess
import sys
from pathlib import Path

import pytest

from support.server.in_memory import environment_in

pytestmark = [pytest.mark.processes, pytest.mark.long(20)]


def test_the_demo_makes_every_kind_of_result_free_of_charge(tmp_path: Path) -> None:
    """*Documented* (README): pictures, a sound and a 3D model, with nothing but the emulator."""
    done = subprocess.run(
        [sys.executable, "-m", "stability_mcp", "demo"],
        cwd=tmp_path,
        env=environment_in(tmp_path),
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    made = sorted(path.suffix for path in (tmp_path / "out" / "emulated").rglob("*.*"))

    assert done.returncode == 0, done.stderr
    assert made == [".glb", ".mp3", ".png", ".png", ".png", ".png"]
    assert "Nothing was charged. With a key this costs 100 credits (1.00 USD)." in done.stdout
    assert f"The files are in {tmp_path / 'out' / 'emulated'}." in done.stdout
    assert not (tmp_path / "home").exists(), "the demo has a temporary data folder"
