"""Fixtures of the evaluation."""

import pytest


@pytest.fixture(autouse=True)
def _small_pictures(small_pictures: None) -> None:
    """Have the emulator draw small pictures."""
