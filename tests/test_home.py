"""Tests never see the home folder of the machine that they run on."""

import subprocess
import sys
from pathlib import Path

import pytest

PRINT_FOLDERS = """
import os
from pathlib import Path
from stability_mcp.media.roots import Roots
from stability_mcp.settings import Settings
settings = Settings()
print(os.environ["USERPROFILE"], settings.home_dir, settings.copies_dir)
print(*Roots.of(settings).folders)
"""


def test_the_home_folder_is_an_empty_temporary_folder(
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    """Holds in the test's own process."""
    assert Path.home().is_relative_to(tmp_path_factory.getbasetemp())
    assert not list(Path.home().iterdir())


@pytest.mark.processes
def test_a_process_uses_only_folders_below_the_temporary_home_folder(tmp_path: Path) -> None:
    """A file in the developer's own pictures folder must not change a result."""
    command = [sys.executable, "-c", PRINT_FOLDERS]
    run = subprocess.run(command, capture_output=True, text=True, check=True, cwd=tmp_path)

    folders = [Path(each) for each in run.stdout.split()]
    assert len(folders) > 3
    allowed = (Path.home(), tmp_path)
    assert [each for each in folders if not any(map(each.is_relative_to, allowed))] == []
