"""Pauses garbage collection during imports.

A full collection of everything a server has imported stops all threads for 50 to 100 ms, and
imported modules are never freed. So imports run without collections, and later ones skip them.

Length: it is imported before anything else, so it imports nothing from the project.
"""

import gc
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def paused_collection() -> Iterator[None]:
    """Pause collection in the block; objects that exist at its end are never collected."""
    enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        gc.freeze()
        if enabled:
            gc.enable()
