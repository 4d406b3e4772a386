"""`stability-mcp doctor`: what it prints, what it mends, and which secrets it keeps to itself."""

import os
from pathlib import Path

import pytest

from cli.conftest import Cli


def doctor(cli: Cli, *words: str, **more: str) -> tuple[int, str]:
    """Run it; gives its exit code and all that it says."""
    code, out, err = cli("doctor", *words, **more)
    return code, out + err


def _blobs(folder: Path) -> list[Path]:
    blobs = folder / "home" / "emulator" / "blobs"
    return [path for path in blobs.rglob("*") if path.is_file()]


def test_a_lost_picture_is_bad_then_deleted_and_its_copy_named(tmp_path: Path, cli: Cli) -> None:
    """Documented (README): doctor only says it, --repair mends it and says how."""
    cli("call", "generate_core", "--prompt", "a lighthouse")
    [blob] = _blobs(tmp_path)
    blob.unlink()

    code, said = doctor(cli)
    assert code == 1
    assert '  BAD  "lighthouse"' in said
    assert "doctor --repair mends" in said
    assert _blobs(tmp_path) == []

    code, said = doctor(cli, "--repair")
    assert code == 0
    assert '  done "lighthouse"' in said
    assert "a readable copy exists: media_import with" in said
    assert _blobs(tmp_path) == []

    code, said = doctor(cli)
    assert code == 0
    assert "the store is sound; 0 of 0 stored files were compared with their hashes" in said

    assert cli("call", "generate_core", "--prompt", "a lighthouse")[0] == 0
    assert "1 of 1 stored files were compared with their hashes" in doctor(cli)[1]


def test_whoever_is_told_is_shown_without_a_secret(cli: Cli) -> None:
    """*Chosen*: the report can be pasted into an issue."""
    told = "https://me:s3cret@hooks.test/s3cret?token=s3cret"

    code, said = doctor(cli, STABILITY_ON_DONE=told, STABILITY_KEEP_DAYS="30")

    assert code == 0
    assert "s3cret" not in said
    assert "https://hooks.test  (environment)" in said
    assert "https://hooks.test is told when a job ends" in said


def test_a_command_that_is_not_there_is_bad(cli: Cli) -> None:
    """*Chosen*: better found here than in a log."""
    code, said = doctor(cli, STABILITY_ON_DONE="no-such-program --token s3cret")

    assert code == 1
    assert '"no-such-program …" is no program here' in said
    assert "s3cret" not in said


@pytest.mark.skipif(os.name == "nt", reason="a folder that cannot be written")
def test_a_store_that_cannot_be_opened_is_said_once(tmp_path: Path, cli: Cli) -> None:
    """*Chosen*: one cause, one line."""
    (tmp_path / "home").mkdir()
    (tmp_path / "home" / "emulator").write_text("no folder")

    code, said = doctor(cli)

    assert code == 1
    assert said.count("cannot be used") == 1
