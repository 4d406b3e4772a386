"""After an unknown outcome, only the user's yes leads to a second charge."""

from pathlib import Path

import pytest
from mcp import Client

from support.server.in_memory import Era, both_eras, facts, fine, refused, text
from support.server.paid import User, paying
from support.store.rows import change, rows

pytestmark = pytest.mark.anyio

FOX = {"prompt": "a fox"}


async def lose(client: Client, folder: Path) -> str:
    """Make a call, record its outcome as unknown, and return its job."""
    made = fine(await client.call_tool("generate_core", FOX))
    change(folder / "home", "UPDATE jobs SET state = 'unknown', charged = 'assumed'")
    change(folder / "home", "UPDATE charges SET state = 'assumed'")
    return str(facts(made)["jobs"][0]["id"])


@both_eras
@pytest.mark.parametrize("answer", ["yes", "no"])
async def test_the_same_call_leads_to_a_rerun_that_asks_the_user(
    era: Era, answer: str, tmp_path: Path, emulator_url: str
) -> None:
    """*Chosen*: a repeated plain call says nothing about a second charge."""
    user = User(answer)
    async with paying(tmp_path, emulator_url, era, user) as client:
        job = await lose(client, tmp_path)
        plain = refused(await client.call_tool("generate_core", FOX))
        other = fine(await client.call_tool("generate_core", {"prompt": "a hen"}))
        assert user.asked == []
        accepted = {"job": job, "accept_double_charge": True}
        rerun = await client.call_tool("job_rerun", accepted)

    assert f"may have been charged 3 credits (job {job}). Nothing was charged." in plain
    assert "call job_rerun with this job and accept_double_charge true" in plain
    assert "call again" not in plain
    assert len(facts(other)["media"]) == 1
    [question] = user.asked
    assert "will cost 3 credits" in question
    assert "The first attempt may have been charged as well" in question
    assert rerun.is_error == (answer == "no")
    made = rows(tmp_path / "home", "SELECT count(*) FROM jobs WHERE retry_of IS NOT NULL")
    assert made == [(int(answer == "yes"),)]


@both_eras
async def test_a_client_without_forms_repeats_it_by_the_argument(
    era: Era, tmp_path: Path, emulator_url: str
) -> None:
    """*Chosen*: there, `accept_double_charge` is the user's yes; then the call is free again."""
    async with paying(tmp_path, emulator_url, era) as client:
        job = await lose(client, tmp_path)
        refused(await client.call_tool("generate_core", FOX))
        accepted = {"job": job, "accept_double_charge": True}
        again = fine(await client.call_tool("job_rerun", accepted))
        variant = fine(await client.call_tool("generate_core", FOX))

    assert "may have been charged as well" in text(again)
    assert facts(variant)["media"]
