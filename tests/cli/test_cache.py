"""`stability-mcp cache` counts cached results and clears them."""

from pathlib import Path

import pytest

from stability_mcp.cli.ledger import run_cache
from stability_mcp.settings import Settings
from stability_mcp.studio import open_studio

pytestmark = pytest.mark.anyio


async def test_it_counts_and_clears(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """*Chosen*: entries, hits and savings; clearing keeps the results."""
    settings = Settings(home=tmp_path / "home", output_dir=None)
    async with open_studio(settings) as studio:
        for _ in range(3):
            await studio.call("generate_core", {"prompt": "a fox", "seed": 7}, wait=30)

    await run_cache(settings, clear=False)
    shown = capsys.readouterr().out
    await run_cache(settings, clear=True)
    cleared = capsys.readouterr().out
    await run_cache(settings, clear=False)
    after = capsys.readouterr().out

    assert shown.splitlines() == [
        "cache: on",
        "cached results: 1",
        "cache hits: 2 (6 credits saved)",
    ]
    assert cleared == "cached results cleared: 1 (the media stays in the store)\n"
    assert "cached results: 0" in after
