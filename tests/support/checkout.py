"""A copy of the project, to test what a change to its source regenerates."""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

ROOT = Path(__file__).parent.parent.parent
COPIED = (
    "src",
    "scripts",
    "tool_schemas",
    "README.md",
    "pyproject.toml",
    "tests/conftest.py",
    "tests/support/home.py",
    "tests/support/programs.py",
    "tests/support/stand_in.py",
    "tests/support/emulator",
    "tests/docs/test_reference.py",
    "tests/support/docs",
    "CONTRIBUTING.md",
    "docs",
)
MAX_SECONDS = 120
COMMANDS = """
import io, json, os, sys
from contextlib import redirect_stderr, redirect_stdout
from stability_mcp.__main__ import main

ended = []
for words, variables in json.loads(sys.argv[1]):
    out, err, code = io.StringIO(), io.StringIO(), 0
    os.environ.update(variables)
    with redirect_stdout(out), redirect_stderr(err):
        try:
            main(words)
        except SystemExit as stopped:
            code = stopped.code or 0
    for name in variables:
        del os.environ[name]
    ended.append([code, out.getvalue(), err.getvalue()])
print(json.dumps(ended))
"""


class Checkout:
    """A copy of the source and its generated files; runs the program from there.

    Args:
        folder: Holds the copy and the program's data.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.root = folder / "checkout"
        self.out = folder / "out"
        for name in COPIED:
            source, target = ROOT / name, self.root / name
            target.parent.mkdir(parents=True, exist_ok=True)
            if source.is_dir():
                shutil.copytree(source, target, ignore=shutil.ignore_patterns("node_modules"))
            else:
                shutil.copy(source, target)
        self.environment = {
            **os.environ,
            "PYTHONPATH": os.pathsep.join(map(str, (self.root / "src", self.root / "tests"))),
            "STABILITY_HOME": str(folder / "home"),
            "STABILITY_OUTPUT_DIR": str(self.out),
            "STABILITY_ROOTS": str(folder),
        }

    def add(self, name: str, text: str) -> None:
        """Add a file to the package `stability_mcp`; `name` is its path in the package."""
        path = self.root / "src" / "stability_mcp" / name
        assert not path.exists(), path
        path.write_text(text.lstrip(), encoding="utf-8")

    def derive(self) -> None:
        """Regenerate files, as `make schemas` does."""
        self.python("-m", "scripts.derive").check_returncode()

    def changed(self) -> set[str]:
        """Return the files that differ from the project's or are new."""
        paths = {
            path.relative_to(self.root)
            for path in self.root.rglob("*")
            if path.is_file() and "__pycache__" not in path.parts
        }
        return {
            path.as_posix()
            for path in paths
            if not (ROOT / path).exists()
            or (ROOT / path).read_bytes() != (self.root / path).read_bytes()
        }

    def python(self, *words: str, **more: str) -> "subprocess.CompletedProcess[str]":
        """Run Python in the copy; `more` is added to its environment."""
        return subprocess.run(
            [sys.executable, *words],
            cwd=self.root,
            env={**self.environment, **more},
            capture_output=True,
            text=True,
            timeout=MAX_SECONDS,
            check=False,
        )

    def run(self, *words: str, **more: str) -> "subprocess.CompletedProcess[str]":
        """Run a command of `stability-mcp`."""
        return self.python("-m", "stability_mcp", *words, **more)

    def run_all(
        self, *commands: tuple[Sequence[str], Mapping[str, str]]
    ) -> "list[subprocess.CompletedProcess[str]]":
        """Run commands with their variables in one process, which saves a second for each."""
        done = self.python("-c", COMMANDS, json.dumps(commands))
        done.check_returncode()
        return [
            subprocess.CompletedProcess(words, *ended)
            for (words, _), ended in zip(commands, json.loads(done.stdout), strict=True)
        ]
