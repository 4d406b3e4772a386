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
    """A module that notes which thread imported it."""
    name = f"loaded_{tmp_path.name}"
    (tmp_path / f"{name}.py").write_text("import threading\nby = threading.get_ident()\n")
    monkeypatch.syspath_prepend(tmp_path)
    return name


async def test_a_module_is_imported_beside_the_event_loop(module: str) -> None:
    """*Chosen*: the server goes on answering."""
    loaded = await load(module)

    assert loaded is sys.modules[module]
    assert loaded.by != threading.get_ident()


async def test_a_loaded_module_takes_no_thread(
    module: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """*Chosen*: each call asks for one."""
    loaded = await load(module)
    monkeypatch.delattr(to_thread, "run_sync")

    assert await load(module) is loaded


async def test_a_module_is_whole_for_all_who_wait_for_it(module: str) -> None:
    """*Chosen*: `sys.modules` also has those whose import goes on."""
    async with anyio.create_task_group() as group:
        for _ in range(5):
            group.start_soon(load, module)

    assert hasattr(sys.modules[module], "by")
