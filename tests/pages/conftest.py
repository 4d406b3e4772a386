"""Fixtures of the local pages: the pages of a studio in this process, or a server and a browser.

The server and the browser are started once for all tests of a worker, because that takes seconds.
"""

from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import httpx2
import pytest

from support.browser import chromium
from support.pages.browsing import BrowserThread
from support.pages.local_pages import Pages, pages_open
from support.pages.studio_process import StudioProcess, studio_process


def pytest_runtest_setup(item: pytest.Item) -> None:
    """Skip tests in a browser where there is none: from here in one line, from a fixture in 40."""
    if isinstance(item, pytest.Function) and "chrome" in item.fixturenames:
        chromium()


@pytest.fixture(autouse=True)
def _small_pictures(small_pictures: None) -> None:
    """Have the emulator draw small pictures."""


@pytest.fixture
async def pages(tmp_path: Path) -> AsyncIterator[Pages]:
    """Serve the pages of a new studio."""
    async with pages_open(tmp_path) as opened:
        yield opened


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
    """Yield a new upload link, and use it up after the test: the next one would wait for files."""
    url = studio.upload_link()
    yield url
    httpx2.post(f"{url}/finish")  # 404 if the test used it up
