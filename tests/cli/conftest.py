"""Commands in this process: what a command says needs no process of its own."""

import logging
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from stability_mcp.__main__ import main
from stability_mcp.logs import QUIET

Cli = Callable[..., tuple[int, str, str]]

LOGS = (None, *QUIET)
"""Those that a command sets up: the root's and those of libraries."""


@pytest.fixture
def cli(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    small_pictures: None,  # noqa: ARG001 -- nothing here looks at them
) -> Iterator[Cli]:
    """Run a command with a store in the folder of this test; gives exit code, stdout and stderr."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("STABILITY_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("STABILITY_OUTPUT_DIR", str(tmp_path / "out"))

    def run(*words: str, **more: str) -> tuple[int, str, str]:
        capsys.readouterr()
        with monkeypatch.context() as patched:
            for name, value in more.items():
                patched.setenv(name, value)
            code = _code(words)
        told = capsys.readouterr()
        return code, told.out, told.err

    root = logging.getLogger()
    handlers, levels = list(root.handlers), {name: logging.getLogger(name).level for name in LOGS}
    yield run
    root.handlers[:] = handlers
    for name, level in levels.items():
        logging.getLogger(name).setLevel(level)


def _code(words: tuple[str, ...]) -> int:
    """Return the exit code of a command; a text goes to stderr, as the interpreter has it."""
    try:
        main(list(words))
    except SystemExit as ended:
        if isinstance(ended.code, str):
            sys.stderr.write(f"{ended.code}\n")
            return 1
        return ended.code or 0
    return 0
