"""Fixtures for the tests of maintenance."""

import pytest

from jobs.conftest import forks

__all__ = ["forks"]


@pytest.fixture(autouse=True)
def _small_pictures(small_pictures: None) -> None:
    """Let the emulator draw small pictures."""
