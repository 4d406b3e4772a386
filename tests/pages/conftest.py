"""Fixtures shared by the tests of the local pages."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from support.pages.local_pages import Pages, pages_open


@pytest.fixture(autouse=True)
def _small_pictures(small_pictures: None) -> None:
    """Have the emulator draw small pictures."""


@pytest.fixture
async def pages(tmp_path: Path) -> AsyncIterator[Pages]:
    """Serve the pages of a new studio."""
    async with pages_open(tmp_path) as opened:
        yield opened
