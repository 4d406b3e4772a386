"""What is imported is left out of garbage collections."""

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


def test_nothing_is_collected_in_the_block_nor_what_it_made_later() -> None:
    """*Chosen*: a full collection stops every thread, and finds nothing in what is imported."""
    gc.enable()
    with paused_collection():
        paused = not gc.isenabled()
        made: list[object] = [{}, []]
        made.append(made)

    assert paused
    assert gc.isenabled()
    assert not any(each is made for each in gc.get_objects())


def test_a_program_that_collects_nothing_goes_on_so() -> None:
    """*Chosen*: whoever embeds the server decides."""
    gc.disable()
    with paused_collection():
        pass

    assert not gc.isenabled()


def test_blocks_of_two_threads_may_overlap() -> None:
    """*Chosen*: two calls may import at the same time; in the end garbage is collected again."""
    gc.enable()
    first, second = paused_collection(), paused_collection()
    for step in (first.__enter__, second.__enter__):
        step()
    for block in (second, first):
        block.__exit__(None, None, None)

    assert gc.isenabled()
