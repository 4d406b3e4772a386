"""The write lock."""

from pathlib import Path

import pytest

from support.store.processes import SPAWN, hold_lock, take_lock


@pytest.mark.processes
def test_a_lock_is_waited_for_and_released_when_its_holder_dies(tmp_path: Path) -> None:
    """*Documented* (flock): the kernel releases a lock however its holder ends."""
    held, release, refused, took = (SPAWN.Event() for _ in range(4))
    path = str(tmp_path / "a.lock")
    holder = SPAWN.Process(target=hold_lock, args=(path, held, release))
    process = SPAWN.Process(target=take_lock, args=(path, refused, took))

    holder.start()
    assert held.wait(30)
    process.start()
    assert refused.wait(30)
    assert not took.wait(0.5)  # it is running, and waits for the lock
    holder.kill()

    assert took.wait(30)
    holder.join()
    process.join()
    assert process.exitcode == 0
