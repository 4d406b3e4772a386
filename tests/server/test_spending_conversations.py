"""Conversations about what may be spent, played by a client that only reads texts."""

import re
from pathlib import Path

import pytest
from mcp import Client
from mcp.types import CallToolResult

from support.server.in_memory import Era, both_eras, fine, refused, text
from support.server.limited import chatting, draw, limit, spent
from support.server.paid import User

pytestmark = pytest.mark.anyio


async def _make(client: Client, *prompts: str) -> list[CallToolResult]:
    return [await draw(client, prompt) for prompt in prompts]


def _left(result: CallToolResult) -> float:
    found = re.search(r"spending limit: ([0-9.]+) of", text(result))
    assert found is not None, text(result)
    return float(found[1])


@both_eras
async def test_at_most_20_credits(era: Era, tmp_path: Path) -> None:
    """Asked: "At most 20 credits": six pictures at 3 fit, the user allows a seventh, then stops."""
    user = User("yes")
    async with chatting(tmp_path, era, user) as client:
        fine(await limit(client, credits=20))
        made = await _make(client, "fox", "hare", "owl", "deer", "lynx", "bear")
        seventh = refused((await _make(client, "wolf"))[0])
        cheaper = fine(await client.call_tool("upscale_fast", {"image": "fox"}))
        fine(await limit(client, credits=25))
        wolf = fine((await _make(client, "wolf"))[0])
        fine(await limit(client, credits=0))
        last = refused((await _make(client, "seal"))[0])

    assert [_left(fine(each)) for each in made] == [17, 14, 11, 8, 5, 2]
    assert "the spending limit of 20 credits has 2 credits left" in seventh
    assert _left(cheaper) == 0
    assert len(user.asked) == 1
    assert ", 20 credits used. Then: 25 credits until " in user.asked[0]
    assert _left(wolf) == 2
    assert "Nothing was charged." in last
    assert spent(tmp_path) == 23


@both_eras
async def test_ten_more_is_not_ten_in_total(era: Era, tmp_path: Path) -> None:
    """Asked: "you may spend 10 more": the model passes 10; the error has the total to pass."""
    user = User("yes")
    async with chatting(tmp_path, era, user) as client:
        fine(await limit(client, credits=12))
        fine(await draw(client, "fox", count=4))
        error = refused(await limit(client, credits=10))
        total = re.search(r"To allow 10 credits more, pass (\d+)", error)
        assert total is not None
        fine(await limit(client, credits=total[1]))
        made = fine(await draw(client, "hare"))

    assert _left(made) == 7
    assert len(user.asked) == 1
