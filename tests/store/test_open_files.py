"""The limit of open files: enough for every request in flight."""

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from stability_mcp.store.disk import allow_open_files
from support.jobs.jobs import Wire, running_jobs

pytestmark = [
    pytest.mark.anyio,
    pytest.mark.skipif(sys.platform == "win32", reason="no such limit"),
]

ON_A_DESKTOP = 256


@pytest.fixture
def hard() -> Iterator[int]:
    """Set the soft limit of macOS, and return the hard limit."""
    import resource

    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (ON_A_DESKTOP, hard))
    yield sys.maxsize if hard == resource.RLIM_INFINITY else hard
    resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


def allowed() -> int:
    """Return the soft limit."""
    import resource

    return resource.getrlimit(resource.RLIMIT_NOFILE)[0]


def test_the_limit_is_raised_and_never_lowered(hard: int) -> None:
    """*Chosen*: as far as the system allows."""
    allow_open_files(ON_A_DESKTOP - 1)
    assert allowed() == ON_A_DESKTOP
    allow_open_files(700)
    assert allowed() == min(700, hard)
    allow_open_files(2**40)
    assert allowed() <= hard


async def test_jobs_can_open_files_for_all_requests_in_flight(hard: int, tmp_path: Path) -> None:
    """*Chosen*: 120 connections with their guard files are 240; no response could be written."""
    async with running_jobs(tmp_path, Wire([])):
        assert allowed() > min(2 * ON_A_DESKTOP, hard - 1)
