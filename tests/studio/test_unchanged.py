"""Values that are polled are read again only after the store has changed."""

from pathlib import Path

import pytest

from stability_mcp.store.database import Database
from stability_mcp.studio import CallOptions, open_studio
from support.server.in_memory import settings_in

pytestmark = pytest.mark.anyio


async def test_activity_and_the_uncollected_line_are_read_only_after_a_change(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """*Chosen*: subscriptions check twice a second, and every answer has the line."""
    reads, read = 0, Database.read

    async def counting(*arguments: object) -> object:
        nonlocal reads
        reads += 1
        return await read(*arguments)  # type: ignore[arg-type]  # passed on unchanged

    settings = settings_in(tmp_path)
    async with open_studio(settings) as studio:
        before = await studio.activity(), await studio.uncollected_line()
        monkeypatch.setattr(Database, "read", counting)
        for _ in range(5):
            assert (await studio.activity(), await studio.uncollected_line()) == before
        unchanged = reads
        await studio.run("generate_core", {"prompt": "a fox"}, CallOptions(wait=0))
        after = await studio.activity()

    assert unchanged == 0
    assert after[0] > before[0][0]
