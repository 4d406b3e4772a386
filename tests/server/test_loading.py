"""Modules are imported in a thread, and only once."""

import sys
import threading
from pathlib import Path

import anyio
import pytest
from anyio import to_thread

from stability_mcp.server.loading import load

pytestmark = pytest.mark.anyio


@pytest.fixture
def module(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """Create a module that records which thread imports it."""
    name = f"loaded_{tmp_path.name}"
    (tmp_path / f"{name}.py").write_text("import threading\nby = threading.get_ident()\n")
    monkeypatch.syspath_prepend(tmp_path)
    return name


async def test_a_module_is_imported_off_the_event_loop(module: str) -> None:
    """*Chosen*: the server stays responsive."""
    loaded = await load(module)

    assert loaded is sys.modules[module]
    assert loaded.by != threading.get_ident()


async def test_an_imported_module_needs_no_thread(
    module: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """*Chosen*: every call loads modules this way."""
    loaded = await load(module)
    monkeypatch.delattr(to_thread, "run_sync")

    assert await load(module) is loaded


async def test_concurrent_loads_wait_for_the_complete_module(module: str) -> None:
    """*Chosen*: `sys.modules` also contains modules that are still being imported."""
    async with anyio.create_task_group() as group:
        for _ in range(5):
            group.start_soon(load, module)

    assert hasattr(sys.modules[module], "by")
