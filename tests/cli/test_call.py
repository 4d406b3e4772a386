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
    """Chosen: as people write them; a repeated name makes a list."""
    words = ["--prompt", "a cat", "--style-preset=anime", "--jobs", "a", "--jobs", "b", "--flag"]

    assert read_arguments(words) == {
        "prompt": "a cat",
        "style_preset": "anime",
        "jobs": ["a", "b"],
        "flag": "true",
    }


def test_a_word_that_is_no_argument_is_refused() -> None:
    """Chosen: a forgotten quote must not send half a prompt."""
    with pytest.raises(typer.BadParameter, match="cat"):
        read_arguments(["--prompt", "a", "cat"])


@given(st.lists(st.text(max_size=20), max_size=8))
def test_no_line_does_harm(words: list[str]) -> None:
    """Chosen: a line is read or refused in words."""
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


def test_a_tool_runs_from_the_shell_and_leaves_its_file(tmp_path: Path) -> None:
    """Documented (README): any tool from the shell."""
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


def test_a_failure_goes_to_stderr_and_into_the_exit_code(cli: Cli) -> None:
    """Chosen: a script must see it."""
    code, out, err = cli("call", "generate_core", "--promt", "a lighthouse")

    assert code == 1
    assert "prompt" in err
    assert "Traceback" not in err
    assert out == ""


def test_a_wrong_setting_is_one_line_on_stderr(cli: Cli) -> None:
    """Chosen: no traceback for what a person can mend."""
    code, _, err = cli("tools", "--preview", "huge")

    assert code == 1
    assert "STABILITY_PREVIEW" in err
    assert "Traceback" not in err


def test_doctor_says_what_is_in_force_and_that_it_works(cli: Cli) -> None:
    """Documented (README): what is in force and where it came from."""
    code, out, _ = cli("doctor", "--timeout", "77")

    assert code == 0, out
    assert "STABILITY_TIMEOUT" in out
    assert "(flag)" in out
    assert "BAD" not in out


def test_the_log_lists_what_was_made_and_what_it_cost(cli: Cli) -> None:
    """Documented (README): the newest jobs and what they cost."""
    cli("call", "generate_core", "--prompt", "a lighthouse")

    _, out, _ = cli("log")

    assert "generate_core" in out
    assert "today: 3 credits" in out


def test_tools_lists_what_is_on(cli: Cli) -> None:
    """Documented (README): the tools that are on."""
    _, out, _ = cli("tools", "--toolsets", "upscale")

    assert "upscale_fast" in out
    assert "generate_core" not in out
