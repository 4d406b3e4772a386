"""The purse of memory: unpacked pictures together never take more than it holds."""

import threading

import anyio
import pytest

from stability_mcp.imaging.facts import Facts
from stability_mcp.imaging.memory import (
    MAX_MEMORY_BYTES,
    MAX_THREADS,
    estimate,
    imaging_memory,
    run,
)

pytestmark = pytest.mark.anyio

MIB = 1024 * 1024


def facts(media_type: str, pixels: int, *, alpha: bool = False, progressive: bool = False) -> Facts:
    """Return the facts of a picture of that many pixels."""
    return Facts(
        media_type=media_type,
        bytes=1,
        width=pixels,
        height=1,
        mode="RGBA" if alpha else "RGB",
        has_alpha=alpha,
        progressive=progressive,
    )


def test_the_estimate_follows_the_format() -> None:
    """Measured: WebP takes 15.4 bytes a pixel, PNG with alpha 9, without 5."""
    assert estimate(facts("image/webp", 1_000)) == 15_400
    assert estimate(facts("image/webp", 1_000, alpha=True)) == 17_400
    assert estimate(facts("image/png", 1_000, alpha=True)) == 9_000
    assert estimate(facts("image/png", 1_000)) == 5_000
    assert estimate(facts("image/jpeg", 1_000, progressive=True)) == 7_500


def test_several_pictures_need_what_the_largest_needs() -> None:
    """Chosen: a sheet unpacks one after the other."""
    assert estimate([facts("image/png", 10), facts("image/png", 1_000)]) == 5_000
    assert estimate([]) == 0


async def test_no_more_is_lent_than_there_is() -> None:
    """Chosen: 256 MB over all imaging work."""
    lent, most = 0, 0

    async def work(size: int) -> None:
        nonlocal lent, most
        async with imaging_memory(size):
            lent += min(size, MAX_MEMORY_BYTES)
            most = max(most, lent)
            await anyio.lowlevel.checkpoint()
            lent -= min(size, MAX_MEMORY_BYTES)

    with anyio.fail_after(30):
        async with anyio.create_task_group() as group:
            for n in range(60):
                group.start_soon(work, (20 + 37 * n % 300) * MIB)
    assert lent == 0
    assert MAX_MEMORY_BYTES - 20 * MIB < most <= MAX_MEMORY_BYTES


async def test_who_asks_for_more_than_there_is_gets_all_of_it_in_turn() -> None:
    """Chosen: a large picture waits for its turn and is not passed by small ones for ever."""
    order: list[str] = []

    async def work(name: str, size: int) -> None:
        async with imaging_memory(size):
            order.append(name)
            await anyio.lowlevel.checkpoint()

    with anyio.fail_after(30):
        async with anyio.create_task_group() as group:
            group.start_soon(work, "first", 200 * MIB)
            group.start_soon(work, "large", MAX_MEMORY_BYTES * 2)
            group.start_soon(work, "small", MIB)
    assert order == ["first", "large", "small"]


async def test_who_gives_up_waiting_holds_up_nobody() -> None:
    """Chosen: a cancelled call leaves the line."""
    async with imaging_memory(MAX_MEMORY_BYTES):
        with anyio.move_on_after(0):
            async with imaging_memory(MAX_MEMORY_BYTES):
                pytest.fail("there was nothing to lend")
    with anyio.fail_after(30):
        async with imaging_memory(MAX_MEMORY_BYTES):
            pass


async def test_an_error_gives_the_memory_back() -> None:
    """Chosen: a damaged picture must not shrink the purse."""

    def broken() -> None:
        raise ValueError("broken")

    for _ in range(3):
        with pytest.raises(ValueError, match="broken"):
            await run(broken, facts=facts("image/webp", 16_000_000))
    with anyio.fail_after(30):
        async with imaging_memory(MAX_MEMORY_BYTES):
            pass


async def test_work_runs_in_two_threads_at_most() -> None:
    """Measured: eight previews at once make the event loop lag by 20 ms, two by 3."""
    lock, threads, at_once, most = threading.Lock(), set[int](), 0, 0
    both = threading.Barrier(MAX_THREADS)

    def work(number: int) -> int:
        nonlocal at_once, most
        with lock:
            at_once += 1
            most = max(most, at_once)
            threads.add(threading.get_ident())
        both.wait(30)
        with lock:
            at_once -= 1
        return number

    results: list[int] = []

    async def one(number: int) -> None:
        results.append(await run(work, number, facts=facts("image/png", 100)))

    with anyio.fail_after(30):
        async with anyio.create_task_group() as group:
            for number in range(8):
                group.start_soon(one, number)
    assert sorted(results) == list(range(8))
    assert most == MAX_THREADS
    assert threading.get_ident() not in threads
