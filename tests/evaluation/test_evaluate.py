"""`scripts/evaluate.py` lists scenarios, plays them, and scores a conversation with a host."""

from functools import partial
from pathlib import Path

import pytest
from scripts.evaluate import main, table

from evaluation.agent import over_stdio, play
from evaluation.catalogue import all_scenarios
from evaluation.worlds import PreparedWorld

pytestmark = pytest.mark.anyio

FREE = "undo-and-warmer"


@pytest.fixture
def anyio_backend() -> str:
    """Use asyncio, whose servers the worlds use."""
    return "asyncio"


async def test_the_list_names_every_scenario(capsys: pytest.CaptureFixture[str]) -> None:
    """Documented (docs/evaluation.md): `--list`."""
    assert await main(["--list"]) == 0

    printed = capsys.readouterr().out
    assert [name for name in all_scenarios() if name not in printed] == []
    assert await main(["logo-of-a-zebra"]) == 2
    assert "There is no scenario logo-of-a-zebra." in capsys.readouterr().err


async def test_the_scripted_agent_plays_on_request(capsys: pytest.CaptureFixture[str]) -> None:
    """Documented (docs/evaluation.md): `--play`, with the score and what was used."""
    assert await main(["--play", FREE]) == 0

    assert f"{FREE}: 13 of 13: 2 calls," in capsys.readouterr().out


@pytest.mark.processes
async def test_a_person_is_guided_through_a_scenario_and_scored(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Documented (docs/evaluation.md): here, the scripted agent is the host of the person."""
    scenario = all_scenarios()[FREE]
    asked: list[str] = []

    async def answer(question: str) -> str:
        asked.append(question)
        if len(asked) == len(scenario.turns):
            host = partial(over_stdio, program=("-m", "evaluation.recorder", str(tmp_path)))
            await play(scenario, PreparedWorld(folder=tmp_path, world=scenario.world), connect=host)
        return ""

    assert await main([FREE, "--folder", str(tmp_path)], answer) == 0

    printed = capsys.readouterr().out
    assert "evaluation.recorder" in printed
    assert [turn.says in printed for turn in scenario.turns] == [True, True]
    assert "13 of 13: 2 calls," in printed
    assert f"good: {scenario.good[0]}" in printed


async def test_a_conversation_that_never_happened_fails(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Chosen: the exit code says whether the score is full."""

    async def answer(_: str) -> str:
        return ""

    assert await main([FREE, "--folder", str(tmp_path)], answer) == 1

    assert "no tool was called" in capsys.readouterr().out


def test_the_documents_have_the_table_of_today() -> None:
    """Documented (docs/evaluation.md): `--table` prints it."""
    page = Path(__file__).parents[2] / "docs" / "evaluation.md"

    assert "\n".join(table()) in page.read_text(encoding="utf-8")
