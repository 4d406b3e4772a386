"""Imports without the garbage collector, which would look at everything imported so far.

A full collection of what a server has imported stops every thread for 50 to 100 ms, and what is
imported stays: so it is done without collections, and later ones leave it out.

Length: it is imported before anything else, so it imports nothing itself.
"""

import gc
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def paused_collection() -> Iterator[None]:
    """Pause collection in the block, and exclude what exists at its end from every later one."""
    enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        gc.freeze()
        if enabled:
            gc.enable()
