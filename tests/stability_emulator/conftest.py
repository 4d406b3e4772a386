"""Fixtures of the emulator's tests."""

from collections.abc import AsyncIterator, Iterator

import httpx2
import pytest

from stability_emulator.state import State
from support.emulator.served import served

from .support_emulated import caller


class Clock:
    """A clock that only moves when a test sets it."""

    def __init__(self) -> None:
        self.now = 1_750_000_000.0

    def __call__(self) -> float:
        """Return the time."""
        return self.now


@pytest.fixture
def clock() -> Clock:
    """A stopped clock."""
    return Clock()


@pytest.fixture
def state(clock: Clock) -> Iterator[State]:
    """An emulated API in memory."""
    state = State(clock=clock)
    yield state
    state.close()


@pytest.fixture
async def client(state: State) -> AsyncIterator[httpx2.AsyncClient]:
    """A plain HTTP client of the emulated API, with a key."""
    async with caller(state) as client:
        yield client


@pytest.fixture(scope="session")
def emulator_url() -> Iterator[str]:
    """Run the emulator as it is in its own process, and yield its address."""
    with served("stability_mcp") as url:
        yield url
