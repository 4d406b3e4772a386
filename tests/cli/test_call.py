"""`stability-mcp call` runs any tool from the shell."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
import typer
from hypothesis import given
from hypothesis import strategies as st

from cli.conftest import Cli
from stability_mcp.cli.call import read_arguments


def test_words_become_arguments() -> None:
    """Chosen: `--name value` and `--name=value`; a repeated name makes a list."""
    words = ["--prompt", "a cat", "--style-preset=anime", "--jobs", "a", "--jobs", "b", "--flag"]

    assert read_arguments(words) == {
        "prompt": "a cat",
        "style_preset": "anime",
        "jobs": ["a", "b"],
        "flag": "true",
    }


def test_a_stray_word_is_refused() -> None:
    """Chosen: a missing quote must not send half a prompt."""
    with pytest.raises(typer.BadParameter, match="cat"):
        read_arguments(["--prompt", "a", "cat"])


@given(st.lists(st.text(max_size=20), max_size=8))
def test_any_command_line_is_parsed_or_refused(words: list[str]) -> None:
    """Chosen: no other exception escapes."""
    try:
        read = read_arguments(words)
    except typer.BadParameter:
        return

    assert all(isinstance(name, str) for name in read)


def _run(tmp_path: Path, *words: str) -> "subprocess.CompletedProcess[str]":
    environment = {
        **os.environ,
        "STABILITY_HOME": str(tmp_path / "home"),
        "STABILITY_OUTPUT_DIR": str(tmp_path / "out"),
    }
    return subprocess.run(
        [sys.executable, "-m", "stability_mcp", *words],
        env=environment,
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def test_a_tool_runs_from_the_shell_and_writes_its_file(tmp_path: Path) -> None:
    """Documented (docs/settings.md): runs any tool from the shell."""
    done = _run(
        tmp_path,
        "call",
        "generate_core",
        "--prompt",
        "a lighthouse",
        "--seed",
        "7",
        "--label",
        "light",
    )

    assert done.returncode == 0, done.stderr
    assert "media://" in done.stdout
    [picture] = (tmp_path / "out").rglob("light.png")
    assert str(picture) in done.stdout


def test_a_failed_call_prints_to_stderr_and_exits_with_1(cli: Cli) -> None:
    """Chosen: scripts check the exit code."""
    code, out, err = cli("call", "generate_core", "--promt", "a lighthouse")

    assert code == 1
    assert "prompt" in err
    assert "Traceback" not in err
    assert out == ""


def test_an_invalid_setting_is_one_line_on_stderr(cli: Cli) -> None:
    """Chosen: no traceback for what the user can correct."""
    code, _, err = cli("tools", "--preview", "huge")

    assert code == 1
    assert "STABILITY_PREVIEW" in err
    assert "Traceback" not in err
