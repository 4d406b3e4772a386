"""What the tests of the studio share."""

import pytest


@pytest.fixture(autouse=True)
def _no_large_pictures(request: pytest.FixtureRequest) -> None:
    """Have pictures drawn small, unless a test looks at their size."""
    if request.node.get_closest_marker("full_size") is None:
        request.getfixturevalue("small_pictures")
