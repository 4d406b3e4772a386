"""Runs commands in this process, which is faster than starting one for each."""

import logging
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from stability_mcp.__main__ import main
from stability_mcp.logs import QUIET

Cli = Callable[..., tuple[int, str, str]]

LOGS = (None, *QUIET)
"""Loggers that a command configures: the root and those of libraries."""


@pytest.fixture
def cli(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    small_pictures: None,  # noqa: ARG001 -- no test here looks at pictures
) -> Iterator[Cli]:
    """Run a command with a store in the test's folder; returns exit code, stdout and stderr."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("STABILITY_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("STABILITY_OUTPUT_DIR", str(tmp_path / "out"))

    def run(*words: str, **more: str) -> tuple[int, str, str]:
        capsys.readouterr()
        with monkeypatch.context() as patched:
            for name, value in more.items():
                patched.setenv(name, value)
            code = _code(words)
        output = capsys.readouterr()
        return code, output.out, output.err

    root = logging.getLogger()
    handlers, levels = list(root.handlers), {name: logging.getLogger(name).level for name in LOGS}
    yield run
    root.handlers[:] = handlers
    for name, level in levels.items():
        logging.getLogger(name).setLevel(level)


def _code(words: tuple[str, ...]) -> int:
    """Return the exit code of a command; a text exit status goes to stderr, as in Python."""
    try:
        main(list(words))
    except SystemExit as exited:
        if isinstance(exited.code, str):
            sys.stderr.write(f"{exited.code}\n")
            return 1
        return exited.code or 0
    return 0
