"""The write lock."""

from pathlib import Path

import pytest

from support.store.processes import SPAWN, hold_lock, take_lock


@pytest.mark.processes
def test_a_lock_is_waited_for_and_given_back_when_its_holder_dies(tmp_path: Path) -> None:
    """*Documented* (flock): the kernel gives a lock back however its holder ends."""
    held, release, took = SPAWN.Event(), SPAWN.Event(), SPAWN.Event()
    path = str(tmp_path / "a.lock")
    holder = SPAWN.Process(target=hold_lock, args=(path, held, release))
    process = SPAWN.Process(target=take_lock, args=(path, took))

    holder.start()
    assert held.wait(20)
    process.start()
    assert not took.wait(0.5)
    holder.kill()

    assert took.wait(20)
    holder.join()
    process.join()
    assert process.exitcode == 0
