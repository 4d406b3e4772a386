"""What the tests of maintenance share."""

import pytest


@pytest.fixture(autouse=True)
def _small_pictures(small_pictures: None) -> None:
    """Have the emulator draw small pictures."""
