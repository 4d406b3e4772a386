"""The daily budget with two server processes on one folder and fifty concurrent calls."""

from pathlib import Path
from typing import Any

import anyio
import pytest
from mcp import Client
from mcp.types import CallToolResult, TextContent

from support.jobs.upstream import counting_upstream
from support.server.host import ERAS, Era, connected
from support.store.rows import money, rows

pytestmark = pytest.mark.anyio

CALLS, PRICE, FITTING = 50, 3, 33
BUDGET = FITTING * PRICE + 1
"""Credits; the last one is too little for a call."""


@pytest.mark.parametrize("era", ERAS)
async def test_fifty_concurrent_calls_in_two_processes_never_exceed_the_budget(
    era: Era, tmp_path: Path
) -> None:
    """Chosen: exactly the calls that fit are sent; refusals state the remaining budget."""
    answers: list[CallToolResult] = []

    async def call(client: Client, number: int) -> None:
        arguments = {"prompt": f"fox {number}"}
        answers.append(await client.call_tool("generate_core", arguments))

    async with counting_upstream(pace=1) as upstream:
        chosen: dict[str, Any] = {
            "STABILITY_API_KEY": "sk-test",
            "STABILITY_BASE_URL": upstream.url,
            "STABILITY_BUDGET": str(BUDGET),
            "STABILITY_PREVIEW": "none",
        }
        async with (
            connected(tmp_path, era, **chosen) as one,
            connected(tmp_path, era, **chosen) as other,
        ):
            for client in (one, other):  # both stores are open before the paid calls
                await client.call_tool("job_list", {})
            async with anyio.create_task_group() as group:
                for number in range(CALLS):
                    group.start_soon(call, (one, other)[number % 2], number)

    paid = [answer for answer in answers if not answer.is_error]
    refusals = {_text(answer) for answer in answers if answer.is_error}
    assert len(paid) == FITTING
    assert set(upstream.posts.values()) == {1}
    assert len(upstream.posts) == sum(upstream.charges.values()) == FITTING
    assert money(tmp_path / "home") == (0, FITTING * PRICE * 1000)
    assert rows(tmp_path / "home", "SELECT count(*) FROM jobs") == [(FITTING,)]
    assert all(
        f"This costs {PRICE} credits, but today's budget of {BUDGET} credits has 1 credit left"
        in refusal
        and "Nothing was charged." in refusal
        for refusal in refusals
    ), refusals


async def test_a_refused_count_states_how_many_fit(tmp_path: Path) -> None:
    """Chosen: nothing is sent; a smaller count succeeds."""
    async with counting_upstream(pace=0) as upstream:
        chosen: dict[str, Any] = {
            "STABILITY_API_KEY": "sk-test",
            "STABILITY_BASE_URL": upstream.url,
            "STABILITY_BUDGET": "10",
        }
        async with connected(tmp_path, "auto", **chosen) as client:
            refused = await client.call_tool("generate_core", {"prompt": "fox", "count": 4})
            part = await client.call_tool("generate_core", {"prompt": "fox", "count": 3})

    assert refused.is_error
    assert "3 of 4 still fit now" in _text(refused)
    assert not part.is_error
    assert sum(upstream.posts.values()) == 3


def _text(result: CallToolResult) -> str:
    first = result.content[0]
    assert isinstance(first, TextContent)
    return first.text
