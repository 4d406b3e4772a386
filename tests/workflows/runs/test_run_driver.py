"""A run continues until every item has ended, whatever ends while the driver reads the rows."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import anyio
import pytest
from mcp import Client

from stability_mcp.server.app import build_server
from stability_mcp.settings import Settings
from stability_mcp.studio import Studio, open_studio
from support.server.in_memory import fine, settings_in, text

pytestmark = pytest.mark.anyio

PLAN = {
    "steps": [
        {
            "id": "panel",
            "tool": "generate_core",
            "foreach": ["a fox", "a hen"],
            "arguments": {"prompt": "$item"},
        },
        {
            "id": "page",
            "tool": "image_layout",
            "arguments": {"kind": "strip", "images": ["$panel"]},
        },
    ]
}


class _Late:
    """Returns the first result only when no job is unfinished any more."""

    def __init__(self, steps: Any, studio: Studio) -> None:  # noqa: ANN401 -- what it stands for
        self._steps = steps
        self._studio = studio
        self._is_first = True

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401 -- as it is there
        return getattr(self._steps, name)

    async def result(self, job: Any) -> Any:  # noqa: ANN401 -- as it is there
        if self._is_first:
            self._is_first = False
            while any(  # noqa: ASYNC110 -- nothing sets an event
                each.state != "done" for each in (await self._studio.list_jobs()).items
            ):
                await anyio.sleep(0.01)
        return await self._steps.result(job)


@asynccontextmanager
async def _late_results(settings: Settings) -> AsyncIterator[Studio]:
    async with open_studio(settings) as studio:
        runs = studio._parts.runtime.runs  # noqa: SLF001 -- the port is set where the studio opens
        inner: Callable[[str], Awaitable[Any]] = runs._steps  # noqa: SLF001 -- as above

        async def steps(run: str) -> Any:  # noqa: ANN401 -- a StepRunner
            return _Late(await inner(run), studio)

        runs._steps = steps  # noqa: SLF001 -- as above
        yield studio


async def test_an_item_that_ends_while_another_is_recorded_is_not_lost(tmp_path: Path) -> None:
    """*Chosen*: the run isn't done before its last item."""
    server = build_server(settings_in(tmp_path), open_studio=_late_results)
    with anyio.fail_after(60):
        async with Client(server) as client:
            ended = text(fine(await client.call_tool("workflow_run", {"plan": PLAN})))

    assert "panel 2/2, page 1/1" in ended
    assert " done, 1 picture" in ended
