"""Imports pause garbage collection, and imported objects are never collected."""

import gc
from collections.abc import Iterator

import pytest

from stability_mcp.server.garbage import paused_collection


@pytest.fixture(autouse=True)
def _collector() -> Iterator[None]:
    enabled = gc.isenabled()
    yield
    gc.unfreeze()
    (gc.enable if enabled else gc.disable)()


def test_the_block_pauses_collection_and_its_objects_are_never_collected() -> None:
    """*Chosen*: a full collection stops all threads and never frees imported modules."""
    gc.enable()
    with paused_collection():
        paused = not gc.isenabled()
        made: list[object] = [{}, []]
        made.append(made)

    assert paused
    assert gc.isenabled()
    assert not any(each is made for each in gc.get_objects())


def test_disabled_collection_stays_disabled() -> None:
    """*Chosen*: the program that embeds the server decides."""
    gc.disable()
    with paused_collection():
        pass

    assert not gc.isenabled()


def test_blocks_of_two_threads_may_overlap() -> None:
    """*Chosen*: two calls may import at the same time; collection is enabled afterwards."""
    gc.enable()
    first, second = paused_collection(), paused_collection()
    for step in (first.__enter__, second.__enter__):
        step()
    for block in (second, first):
        block.__exit__(None, None, None)

    assert gc.isenabled()
