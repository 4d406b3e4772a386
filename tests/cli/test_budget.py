"""`stability-mcp budget`: anybody may look, a person at a terminal may raise it for the day."""

import os
import subprocess
import sys
from pathlib import Path

import pytest


def _run(folder: Path, *words: str, terminal: bool = False) -> tuple[int, str]:
    environment = os.environ | {
        "STABILITY_HOME": str(folder / "home"),
        "STABILITY_OUTPUT_DIR": "none",
        "STABILITY_API_KEY": "sk-nobody",
        "STABILITY_BASE_URL": "http://127.0.0.1:9",
        "STABILITY_BUDGET": "100",
    }
    command = [sys.executable, "-m", "stability_mcp", *words]
    if not terminal:
        done = subprocess.run(
            command, env=environment, capture_output=True, text=True, timeout=60, check=False
        )
        return done.returncode, done.stdout + done.stderr
    ours, theirs = os.openpty()
    with subprocess.Popen(
        command, env=environment, stdin=theirs, stdout=theirs, stderr=theirs
    ) as process:
        os.close(theirs)
        code = process.wait(60)
        said = os.read(ours, 65_536).decode()
    os.close(ours)
    return code, said


def test_it_shows_what_may_still_be_spent(tmp_path: Path) -> None:
    """Chosen: looking needs no terminal."""
    code, said = _run(tmp_path, "budget")

    assert (code, said) == (
        0,
        "0 credits of 100 credits spent today, 0 credits reserved, 100 credits left\n",
    )


def test_without_a_terminal_nothing_is_raised(tmp_path: Path) -> None:
    """Chosen: a model with a shell has no terminal."""
    code, said = _run(tmp_path, "budget", "1500", "--today")

    assert code == 1
    assert "raised by a person in a terminal alone" in said
    assert "of 100 credits" in _run(tmp_path, "budget")[1]


@pytest.mark.skipif(sys.platform == "win32", reason="a pseudo-terminal")
def test_in_a_terminal_it_rises_for_today_and_never_falls(tmp_path: Path) -> None:
    """Chosen: the store keeps it for every process; lowering is the environment's."""
    code, said = _run(tmp_path, "budget", "1500", "--today", terminal=True)
    again, refusal = _run(tmp_path, "budget", "50", "--today", terminal=True)

    assert code == 0, said
    assert "1500 credits left" in said
    assert again == 1
    assert "The ceiling of today is 1500 credits already." in " ".join(refusal.split())
    assert "of 1500 credits" in _run(tmp_path, "budget")[1]


def test_a_ceiling_needs_the_word_today(tmp_path: Path) -> None:
    """Chosen: nobody raises it for good by mistake."""
    assert _run(tmp_path, "budget", "1500")[0] == 2
