"""The ceiling of a day over two server processes on one folder, and fifty calls at once."""

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
"""Credits; one is left over, which no call fits into."""


@pytest.mark.parametrize("era", ERAS)
async def test_fifty_calls_at_once_over_two_processes_never_pass_the_budget_by_a_credit(
    era: Era, tmp_path: Path
) -> None:
    """Chosen: exactly what fits is sent; each refusal says how much that still is."""
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
            for client in (one, other):  # both stores are open before anything is called
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
        f"This costs {PRICE} credits, and the budget of {BUDGET} credits a day has 1 credit left"
        in said
        and "Nothing was charged." in said
        for said in refusals
    ), refusals


async def test_a_call_of_several_that_does_not_fit_is_told_how_many_do(tmp_path: Path) -> None:
    """Chosen: nothing of it is sent, and the part that fits can be asked for."""
    async with counting_upstream(pace=0) as upstream:
        chosen: dict[str, Any] = {
            "STABILITY_API_KEY": "sk-test",
            "STABILITY_BASE_URL": upstream.url,
            "STABILITY_BUDGET": "10",
        }
        async with connected(tmp_path, "auto", **chosen) as client:
            said = await client.call_tool("generate_core", {"prompt": "fox", "count": 4})
            part = await client.call_tool("generate_core", {"prompt": "fox", "count": 3})

    assert said.is_error
    assert "3 of 4 still fit now" in _text(said)
    assert not part.is_error
    assert sum(upstream.posts.values()) == 3


def _text(result: CallToolResult) -> str:
    first = result.content[0]
    assert isinstance(first, TextContent)
    return first.text
