"""Deferred results, with a real server process and an API that counts polls and charges."""

from pathlib import Path
from typing import Any

import pytest

from support.jobs.upstream import Upstream, counting_upstream
from support.server.host import connected, text
from support.store.rows import rows

pytestmark = pytest.mark.anyio

RAIN = {"prompt": "rain", "duration": 10}


def paid_at(upstream: Upstream, **more: str) -> dict[str, Any]:
    """Return the settings of a server that pays at the counting upstream."""
    return {
        "STABILITY_API_KEY": "sk-deferred-0123456789",
        "STABILITY_BASE_URL": upstream.url,
        "STABILITY_WAIT": "40",
        "STABILITY_CONFIRM_ABOVE": "never",
        **more,
    }


async def test_a_deferred_result_is_stored_at_most_11_s_after_it_is_ready(tmp_path: Path) -> None:
    """*Documented*: 10 s between polls. *Chosen*: the first one 10 s after the start."""
    async with (
        counting_upstream(pace=0) as upstream,
        connected(tmp_path, "auto", **paid_at(upstream)) as client,
    ):
        upstream.results_after = 0
        said = text(await client.call_tool("audio3_text_to_audio", RAIN))

    [(first, _)] = upstream.polls
    [(stored,)] = rows(tmp_path / "home", "SELECT finished_at - answered_at FROM jobs")
    assert "1 sound" in said
    assert first >= 10
    assert stored <= 11
