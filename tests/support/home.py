"""A temporary home folder for tests and for the processes that they start."""

import os
from pathlib import Path

import pytest


def use_home(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Make `folder` the home folder: create it, point the variables at it, drop `XDG_*`.

    Without `XDG_*`, the data, configuration and pictures folders are all below the home folder.
    """
    folder.mkdir(exist_ok=True)
    for name in [name for name in os.environ if name.startswith("XDG_")]:
        monkeypatch.delenv(name)
    for name in ("HOME", "USERPROFILE"):
        monkeypatch.setenv(name, str(folder))
