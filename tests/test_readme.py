"""The README tells the truth: its table, settings, commands, error texts and examples."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from scripts.derive import with_table

from stability_mcp.api import TOOLSETS
from stability_mcp.api.operations import OPERATIONS
from stability_mcp.cli.app import app
from stability_mcp.settings import Settings, variable

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text(encoding="utf-8")
SOURCE = "\n".join(p.read_text(encoding="utf-8") for p in sorted((ROOT / "src").rglob("*.py")))

EXAMPLES = re.findall(r"```python\n(.*?)```", README, re.DOTALL)


def test_the_table_of_tools_is_the_one_made_from_the_operations() -> None:
    """Chosen: a second hand-written copy drifts; `make schemas` writes this one."""
    assert with_table(README) == README


def test_the_number_of_operations_is_that_of_the_table() -> None:
    """Chosen: it is what people compare first."""
    assert f"{len(OPERATIONS)} operations" in README


def test_every_setting_has_a_row_and_every_row_a_setting() -> None:
    """Chosen: a setting that nobody can find does not exist."""
    rows = set(re.findall(r"^\| `(STABILITY_\w+)` \|", README, re.MULTILINE))

    assert rows == {variable(name) for name in Settings.model_fields}


def test_every_command_has_a_row() -> None:
    """Chosen: likewise for commands."""
    commands = {command.name or command.callback.__name__ for command in app.registered_commands}  # type: ignore[union-attr]  # typer fills it in
    rows = set(re.findall(r"^\| `stability-mcp (\w+)", README, re.MULTILINE))

    assert rows == commands


def test_every_toolset_is_named() -> None:
    """Chosen: the choice of tools is the README's to explain."""
    assert [name for name in TOOLSETS if f"`{name}`" not in README] == []


def test_every_error_text_of_the_troubleshooting_is_the_programs() -> None:
    """Chosen: people search for the exact text; `…` stands for what differs."""
    section = README.partition("## When something goes wrong")[2].partition("\n## ")[0]
    texts = re.findall(r"^\| `([^`]+)` \|", section, re.MULTILINE)
    strings = re.sub(r'"\s*\n\s*f?"', "", SOURCE)  # texts that the code splits over lines
    unknown = [
        text
        for text in texts
        for part in text.split("…")
        if part.strip() and part.strip(" .") not in strings
    ]

    assert len(texts) >= 8
    assert unknown == []


@pytest.mark.parametrize("example", EXAMPLES, ids=["studio", "client"])
def test_the_python_examples_run(example: str, tmp_path: Path, emulator_url: str) -> None:
    """Chosen: an example that does not run costs the reader an evening."""
    environment = {
        **os.environ,
        "STABILITY_HOME": str(tmp_path / "home"),
        "STABILITY_OUTPUT_DIR": str(tmp_path / "out"),
        "STABILITY_API_KEY": "sk-example-0123456789",
        "STABILITY_BASE_URL": emulator_url,
    }
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", example],
        cwd=tmp_path,
        env=environment,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )

    assert done.returncode == 0, done.stderr
    assert list(tmp_path.rglob("*.png"))
