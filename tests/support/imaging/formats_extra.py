"""Turns the extra `[formats]` on and off in a test, whether or not it is installed.

Length: two switches.
"""

import sys
from types import ModuleType

import pytest


def with_formats(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the extra count as installed: soundfile is, and pillow-heif is only looked for."""
    if "pillow_heif" not in sys.modules:
        monkeypatch.setitem(sys.modules, "pillow_heif", ModuleType("pillow_heif"))


def without_formats(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the extra count as missing."""
    monkeypatch.setitem(sys.modules, "pillow_heif", None)
