"""The memory budget: decoded pictures together never exceed it."""

import gc
import threading
import weakref

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
    """Return the facts of a picture with that many pixels."""
    return Facts(
        media_type=media_type,
        bytes=1,
        width=pixels,
        height=1,
        mode="RGBA" if alpha else "RGB",
        has_alpha=alpha,
        progressive=progressive,
    )


def test_the_estimate_depends_on_the_format() -> None:
    """Measured: WebP takes 15.4 bytes per pixel, PNG with alpha 9, without 5, GIF 11."""
    assert estimate(facts("image/webp", 1_000)) == 15_400
    assert estimate(facts("image/webp", 1_000, alpha=True)) == 17_400
    assert estimate(facts("image/png", 1_000, alpha=True)) == 9_000
    assert estimate(facts("image/png", 1_000)) == 5_000
    assert estimate(facts("image/jpeg", 1_000, progressive=True)) == 7_500
    assert estimate(facts("image/gif", 1_000)) == 11_000


def test_several_pictures_need_as_much_memory_as_the_largest() -> None:
    """Chosen: a sheet decodes one picture after the other."""
    assert estimate([facts("image/png", 10), facts("image/png", 1_000)]) == 5_000
    assert estimate([]) == 0


async def test_reservations_never_exceed_the_budget() -> None:
    """Chosen: 256 MB for all image processing."""
    reserved, most = 0, 0

    async def work(size: int) -> None:
        nonlocal reserved, most
        async with imaging_memory(size):
            reserved += min(size, MAX_MEMORY_BYTES)
            most = max(most, reserved)
            await anyio.lowlevel.checkpoint()
            reserved -= min(size, MAX_MEMORY_BYTES)

    with anyio.fail_after(30):
        async with anyio.create_task_group() as group:
            for n in range(60):
                group.start_soon(work, (20 + 37 * n % 300) * MIB)
    assert reserved == 0
    assert MAX_MEMORY_BYTES - 20 * MIB < most <= MAX_MEMORY_BYTES


async def test_a_request_above_the_budget_waits_its_turn_and_gets_the_whole_budget() -> None:
    """Chosen: a large picture waits its turn and isn't starved by small ones."""
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


async def test_a_cancelled_request_does_not_block_others() -> None:
    """Chosen: a cancelled call leaves the queue."""
    async with imaging_memory(MAX_MEMORY_BYTES):
        with anyio.move_on_after(0):
            async with imaging_memory(MAX_MEMORY_BYTES):
                pytest.fail("no memory was free")
    with anyio.fail_after(30):
        async with imaging_memory(MAX_MEMORY_BYTES):
            pass


async def test_an_error_releases_the_memory() -> None:
    """Chosen: a damaged picture must not shrink the budget."""

    def broken() -> None:
        raise ValueError("broken")

    for _ in range(3):
        with pytest.raises(ValueError, match="broken"):
            await run(broken, facts=facts("image/webp", 16_000_000))
    with anyio.fail_after(30):
        async with imaging_memory(MAX_MEMORY_BYTES):
            pass


async def test_an_error_frees_what_its_work_held() -> None:
    """Measured: a WebP of 66 bytes left 130 MB behind until the thread had other work."""

    class Picture:
        pass

    held: list[weakref.ref[Picture]] = []

    def broken() -> None:
        picture = Picture()
        held.append(weakref.ref(picture))
        try:
            int("the decoder")
        except ValueError as error:
            raise RuntimeError("the file") from error

    gc.disable()  # only the end of a reference may free it
    try:
        with pytest.raises(RuntimeError) as error:
            await run(broken, facts=1)
        assert held[0]() is None
        assert isinstance(error.value.__cause__, ValueError)
    finally:
        gc.enable()


async def test_work_runs_in_at_most_two_threads() -> None:
    """Measured: eight concurrent previews make the event loop lag by 20 ms, two by 3 ms."""
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
