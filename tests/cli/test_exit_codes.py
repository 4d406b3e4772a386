"""Exit codes by kind of error."""

import errno
from pathlib import Path

import pytest
import typer

from cli.conftest import Cli
from stability_mcp import errors
from stability_mcp.cli import exit_codes
from stability_mcp.errors import (
    ArgumentsError,
    ConfigurationError,
    StorageError,
    StudioError,
    UnknownOutcomeError,
)
from stability_mcp.text import CHARGES

LIGHTHOUSE = ("call", "generate_core", "--prompt", "a lighthouse")

UNREACHABLE = {"STABILITY_API_KEY": f"sk-{'k' * 48}", "STABILITY_BASE_URL": "http://127.0.0.1:9"}
"""A key, so that money counts, and an API that must not be asked."""

COMMANDS = {
    "success": (LIGHTHOUSE, {}, exit_codes.SUCCESS),
    "an unknown argument": ((*LIGHTHOUSE, "--promt", "x"), {}, exit_codes.USAGE),
    "a word without a flag": ((*LIGHTHOUSE, "x"), {}, exit_codes.USAGE),
    "an unknown command": (("paint",), {}, exit_codes.USAGE),
    "a wrong setting": (LIGHTHOUSE, {"STABILITY_RATE": "fast"}, exit_codes.SETTING),
    "a missing file": (
        ("call", "edit_remove_background", "--image", "./no.png"),
        {},
        exit_codes.INPUT_FILE,
    ),
    "an unknown tool": (("call", "generate_cor"), {}, exit_codes.NOT_FOUND),
    "an unknown tool's help": (("call", "generate_cor", "--help"), {}, exit_codes.NOT_FOUND),
    "unknown media": (("call", "media_show", "--media", "hero"), {}, exit_codes.NOT_FOUND),
    "the budget": (LIGHTHOUSE, UNREACHABLE | {"STABILITY_BUDGET": "1"}, exit_codes.LIMIT),
    "an approval": (
        (*LIGHTHOUSE, "--count", "8"),
        UNREACHABLE | {"STABILITY_CONFIRM_ABOVE": "20"},
        exit_codes.LIMIT,
    ),
    "a refusal": (
        ("call", "generate_core", "--prompt", "emulate moderation"),
        {},
        exit_codes.API,
    ),
}


@pytest.mark.parametrize("name", COMMANDS)
def test_a_command_exits_with_the_code_of_its_error(name: str, cli: Cli) -> None:
    """Chosen: a script tells a wrong argument from a full budget without reading texts."""
    words, variables, expected = COMMANDS[name]
    code, out, err = cli(*words, **variables)

    assert code == expected, out + err
    assert bool(err) or not expected
    assert "Traceback" not in err


def test_every_error_has_a_code_and_money_comes_first() -> None:
    """Chosen: a new class of error inherits the code of its base."""
    kinds = [each for each in vars(errors).values() if isinstance(each, type)]
    for kind in kinds:
        assert exit_codes.code_of(kind.__name__, CHARGES["no"]) in exit_codes.MEANINGS
        assert exit_codes.code_of(kind.__name__, CHARGES["unknown"]) == exit_codes.MAYBE_CHARGED
        assert exit_codes.code_of(kind.__name__, CHARGES["yes"]) == exit_codes.CHARGED
    assert exit_codes.code_of("RateLimitedError", CHARGES["no"]) == exit_codes.API
    assert exit_codes.code_of("FileMissingError", CHARGES["no"]) == exit_codes.INPUT_FILE
    assert exit_codes.code_of("KeyError", CHARGES["no"]) == exit_codes.OTHER


@pytest.mark.parametrize(
    ("error", "code", "text"),
    [
        (ConfigurationError("X is wrong.", hint="Set it."), exit_codes.SETTING, "X is wrong. Set"),
        (ArgumentsError("No."), exit_codes.USAGE, "No. Nothing was charged."),
        (StorageError("Full."), exit_codes.OTHER, "Full. Nothing was charged."),
        (UnknownOutcomeError("Lost."), exit_codes.MAYBE_CHARGED, "Lost. It may have been"),
    ],
)
def test_an_error_is_one_line_on_stderr(
    error: StudioError, code: int, text: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """Chosen: the errors of commands that call no tool have the same codes."""
    with pytest.raises(SystemExit) as exited:
        exit_codes.exit_with(error)

    assert exited.value.code == code
    assert capsys.readouterr().err.startswith(f"stability-mcp: {text}")


def test_an_error_within_task_groups_is_found() -> None:
    """Chosen: anyio wraps what is raised in a task group; two errors are a bug to be shown."""
    error = ArgumentsError("No.")
    group = BaseExceptionGroup("outer", [ExceptionGroup("inner", [error])])

    assert exit_codes.studio_error_in(group) is error
    assert exit_codes.studio_error_in(ExceptionGroup("two", [error, error])) is None
    assert exit_codes.studio_error_in(KeyError("x")) is None


def test_an_unwritable_store_is_one_line(cli: Cli, tmp_path: Path) -> None:
    """Chosen: a command that opens the studio fails like one that calls a tool."""
    (tmp_path / "file").write_text("x")
    code, _, err = cli("log", STABILITY_HOME=str(tmp_path / "file"))

    assert code in exit_codes.MEANINGS
    assert code != exit_codes.SUCCESS
    assert len(err.splitlines()) == 1


def test_output_to_a_full_disk_is_one_line(monkeypatch: pytest.MonkeyPatch, cli: Cli) -> None:
    """Chosen: a cron job that writes a report gets a reason, not a traceback."""

    def fail(_: str) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(typer, "echo", fail)
    code, _, err = cli("log")

    assert (code, err) == (
        exit_codes.OTHER,
        "stability-mcp: The output could not be written: No space left on device.\n",
    )
