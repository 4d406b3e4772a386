"""How many files a process may have open: enough for every request that is out."""

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from stability_mcp.store.disk import allow_open_files
from support.jobs.jobs import Wire, at_work

pytestmark = [
    pytest.mark.anyio,
    pytest.mark.skipif(sys.platform == "win32", reason="it has no such limit"),
]

ON_A_DESKTOP = 256


@pytest.fixture
def hard() -> Iterator[int]:
    """Allow as few as macOS does, and return how many the system would allow."""
    import resource

    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (ON_A_DESKTOP, hard))
    yield sys.maxsize if hard == resource.RLIM_INFINITY else hard
    resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


def allowed() -> int:
    """Return how many files may be open."""
    import resource

    return resource.getrlimit(resource.RLIMIT_NOFILE)[0]


def test_more_are_allowed_and_never_fewer(hard: int) -> None:
    """*Chosen*: as far as the system lets a process."""
    allow_open_files(ON_A_DESKTOP - 1)
    assert allowed() == ON_A_DESKTOP
    allow_open_files(700)
    assert allowed() == min(700, hard)
    allow_open_files(2**40)
    assert allowed() <= hard


async def test_jobs_have_files_for_all_requests_that_are_out(hard: int, tmp_path: Path) -> None:
    """*Chosen*: 120 lines and guards alone are 240, and then no answer could be written."""
    async with at_work(tmp_path, Wire([])):
        assert allowed() > min(2 * ON_A_DESKTOP, hard - 1)
