"""Imports a module in a thread on first use, so that the server keeps answering.

Length: one function that every part of the server uses.
"""

import importlib
from types import ModuleType

from anyio import to_thread

from stability_mcp.server.garbage import paused_collection

_loaded: dict[str, ModuleType] = {}
"""Completely imported modules; `sys.modules` also has incomplete ones."""


async def load(name: str) -> ModuleType:
    """Return a module; once loaded, it is returned at once, without a thread."""
    module = _loaded.get(name)
    if module is None:
        module = _loaded[name] = await to_thread.run_sync(_import, name)
    return module


def _import(name: str) -> ModuleType:
    with paused_collection():
        return importlib.import_module(name)
