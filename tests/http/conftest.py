"""Fixtures of the tests of the HTTP server."""

import pytest


@pytest.fixture(autouse=True)
def _small_pictures(small_pictures: None) -> None:
    """Draw thumbnails: no test here looks at pictures."""
