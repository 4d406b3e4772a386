"""One browser and one server for all tests of pages in a worker: starting them takes seconds."""

from collections.abc import Iterator

import httpx2
import pytest

from support.pages.browsing import BrowserThread
from support.pages.studio_process import StudioProcess, studio_process


@pytest.fixture(scope="session")
def chrome() -> Iterator[BrowserThread]:
    """Run Chromium."""
    started = BrowserThread()
    yield started
    started.close()


@pytest.fixture(scope="session")
def studio(tmp_path_factory: pytest.TempPathFactory) -> Iterator[StudioProcess]:
    """Run a server with a client."""
    with studio_process(tmp_path_factory.mktemp("studio")) as started:
        yield started


@pytest.fixture
def upload_url(studio: StudioProcess) -> Iterator[str]:
    """Yield a new upload link, and use it up after the test."""
    url = studio.upload_link()
    yield url
    httpx2.post(f"{url}/finish")  # 404 if the test used it up
