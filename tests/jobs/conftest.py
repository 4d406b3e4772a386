"""Fixtures for the tests of jobs."""

from collections.abc import Iterator

import pytest

from support.jobs.forks import Forks, forking


@pytest.fixture(scope="session")
def forks() -> Iterator[Forks]:
    """Return a server that forks processes which have already imported the program."""
    with forking() as server:
        yield server
