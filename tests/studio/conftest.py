"""Fixtures shared by the studio tests."""

import pytest


@pytest.fixture(autouse=True)
def _small_pictures(small_pictures: None) -> None:
    """Let the emulator draw small pictures."""
