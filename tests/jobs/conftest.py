"""Fixtures for the tests of jobs."""

from collections.abc import Iterator

import pytest

from support.jobs.forks import Forks, forking


@pytest.fixture(scope="session")
def forks() -> Iterator[Forks]:
    """Give what forks a process that has imported the program already."""
    with forking() as server:
        yield server
