"""`stability-mcp doctor`: what it prints, what it mends, and which secrets it keeps to itself."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from support.server.in_memory import environment_in


def _run(folder: Path, *words: str, **more: str) -> tuple[int, str]:
    done = subprocess.run(
        [sys.executable, "-m", "stability_mcp", *words],
        env=environment_in(folder, **more),
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    return done.returncode, done.stdout + done.stderr


def _blobs(folder: Path) -> list[Path]:
    blobs = folder / "home" / "emulator" / "blobs"
    return [path for path in blobs.rglob("*") if path.is_file()]


def test_a_lost_picture_is_bad_then_deleted_and_its_copy_named(tmp_path: Path) -> None:
    """Documented (README): doctor only says it, --repair mends it and says how."""
    _run(tmp_path, "call", "generate_core", "--prompt", "a lighthouse")
    [blob] = _blobs(tmp_path)
    blob.unlink()

    code, said = _run(tmp_path, "doctor")
    assert code == 1
    assert '  BAD  "lighthouse"' in said
    assert "doctor --repair mends" in said
    assert _blobs(tmp_path) == []

    code, said = _run(tmp_path, "doctor", "--repair")
    assert code == 0
    assert '  done "lighthouse"' in said
    assert "a readable copy exists: media_import with" in said
    assert _blobs(tmp_path) == []

    code, said = _run(tmp_path, "doctor")
    assert code == 0
    assert "the store is sound; 0 of 0 stored files were compared with their hashes" in said


def test_whoever_is_told_is_shown_without_a_secret(tmp_path: Path) -> None:
    """*Chosen*: the report can be pasted into an issue."""
    told = "https://me:s3cret@hooks.test/s3cret?token=s3cret"

    code, said = _run(tmp_path, "doctor", STABILITY_ON_DONE=told, STABILITY_KEEP_DAYS="30")

    assert code == 0
    assert "s3cret" not in said
    assert "https://hooks.test  (environment)" in said
    assert "https://hooks.test is told when a job ends" in said


def test_a_command_that_is_not_there_is_bad(tmp_path: Path) -> None:
    """*Chosen*: better found here than in a log."""
    code, said = _run(tmp_path, "doctor", STABILITY_ON_DONE="no-such-program --token s3cret")

    assert code == 1
    assert '"no-such-program …" is no program here' in said
    assert "s3cret" not in said


@pytest.mark.skipif(os.name == "nt", reason="a folder that cannot be written")
def test_a_store_that_cannot_be_opened_is_said_once(tmp_path: Path) -> None:
    """*Chosen*: one cause, one line."""
    (tmp_path / "home").mkdir()
    (tmp_path / "home" / "emulator").write_text("no folder")

    code, said = _run(tmp_path, "doctor")

    assert code == 1
    assert said.count("cannot be used") == 1
