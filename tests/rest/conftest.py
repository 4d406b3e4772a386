"""Fixtures of the REST tests."""

from collections.abc import Iterator

import pytest

from support.rest.server_process import HttpServer, http_server


@pytest.fixture(scope="session")
def rest_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[HttpServer]:
    """Run one server for all tests of a worker that need no store of their own."""
    with http_server(tmp_path_factory.mktemp("rest")) as started:
        yield started


@pytest.fixture(autouse=True)
def _small_pictures(small_pictures: None) -> None:
    """Draw thumbnails: no test here looks at pictures."""
