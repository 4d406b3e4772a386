"""Every scenario is played to its end by the scripted agent, and its score is full."""

import json
from dataclasses import replace
from functools import partial
from pathlib import Path

import pytest

from evaluation.agent import Connect, UserAnswers, in_process, over_stdio, play
from evaluation.catalogue import all_scenarios
from evaluation.checker import Score, evidence, score
from evaluation.provenance import REFERENCES, WORDS, unlisted_references
from evaluation.recorder import ENVIRONMENT
from evaluation.scenario import Era, Scenario, World
from evaluation.transcript import TRANSCRIPT, Transcript, read_transcript
from evaluation.worlds import PreparedWorld, prepared
from stability_mcp.workflows.templates import all_templates

pytestmark = pytest.mark.anyio

SCENARIOS = all_scenarios()

CONVERSATIONS = (
    *("Logo in three variants, second one, cut out, on white, favicon", "Recolour a car"),
    *("Remove a tourist, by name", "Remove a tourist, by mask", "One picture for five formats"),
    "Six shop photos cut out, relit, square, under 500 KB, zipped",
    *("Old photo restored", "Sketch to picture", "Comic strip on one page with one character"),
    *("Jingle for a key visual", "3D model for a game", "Intro from a hummed sound"),
    *("Undo, warmer", "Which was the fox, what did it cost", "At most 20 credits", "Wrong key"),
    *("No network", "402", "403", "429", "40 MP photo", "HEIC", "Attachment", "URL", "Clipboard"),
    *("A job longer than the wait", "Cancelling", "Five steps from the director"),
    *("Batch of 20 icons", "Comparing models", "Video is not offered", "German"),
    "A file in the IDE's workspace",
)
"""The conversations that people were seen to have."""

FEWER = {
    "logo-to-favicon": 11,
    "six-shop-photos": 24,
    "five-formats": 9,
    "batch-of-20-icons": 22,
}
"""Calls of conversations before there were workflows, where they were counted."""


@pytest.fixture
def anyio_backend() -> str:
    """Use asyncio, whose servers the worlds use."""
    return "asyncio"


def _cases() -> list[tuple[str, Era]]:
    """Return every scenario with one of its eras, in turns."""
    return [
        (name, scenario.eras[number % len(scenario.eras)])
        for number, (name, scenario) in enumerate(SCENARIOS.items())
    ]


async def _scored(
    scenario: Scenario, folder: Path, era: Era, connect: Connect | None = None
) -> tuple[Score, Transcript]:
    async with prepared(scenario.world, folder) as world:
        played = await play(scenario, world, era=era, connect=connect)
        found = evidence(played.transcript, played.turns, world, asked=played.asked)
        return score(scenario, found), played.transcript


@pytest.mark.parametrize(("name", "era"), _cases())
async def test_the_scripted_agent_gets_the_full_score(name: str, era: Era, tmp_path: Path) -> None:
    """Chosen: every criterion of every scenario; the scripted agent shows that it can be met."""
    result, _ = await _scored(SCENARIOS[name], tmp_path, era)

    assert result.is_full, str(result)


@pytest.mark.processes
async def test_a_recorded_conversation_over_stdio_has_the_same_score(tmp_path: Path) -> None:
    """Chosen: a host's conversation is scored from the recorder's file, so it must be complete.

    `test_evaluate.py` records one in the newest era.
    """
    scenario = SCENARIOS["undo-and-warmer"]
    (tmp_path / ENVIRONMENT).write_text("{}")
    recorded = partial(over_stdio, program=("-m", "evaluation.recorder", str(tmp_path)))

    result, transcript = await _scored(scenario, tmp_path, "legacy", recorded)

    assert result.is_full, str(result)
    read = read_transcript(tmp_path / TRANSCRIPT, heard=len(scenario.turns))
    assert [(each.tool, each.arguments, each.text, each.is_error) for each in read.exchanges] == [
        (each.tool, each.arguments, each.text, each.is_error) for each in transcript.exchanges
    ]
    assert {tool["name"] for tool in read.tools} == {tool["name"] for tool in transcript.tools}


async def test_no_scenario_is_passed_without_work(tmp_path: Path) -> None:
    """Chosen: a criterion that an idle agent meets everywhere would check nothing."""
    for scenario in SCENARIOS.values():
        empty = replace(scenario.world, files={}, account=None)
        async with prepared(empty, tmp_path / scenario.name) as world:
            turns = [turn.says for turn in scenario.turns]
            idle = score(scenario, evidence(Transcript(), turns, world))
        unmet = {each.name for each in idle.criteria if each.flaws}
        assert "something was done" in unmet, scenario.name
        assert unmet & {"files delivered", "the answers say what matters"}, scenario.name


def test_the_scenarios_are_complete() -> None:
    """Documented (docs/evaluation.md): at least 30, with every conversation that was seen."""
    found = [scenario.conversation for scenario in SCENARIOS.values()]

    assert len(SCENARIOS) >= 30
    assert [each for each in CONVERSATIONS if each not in found] == []
    for scenario in SCENARIOS.values():
        assert scenario.good, scenario.name
        assert scenario.bad, scenario.name
        assert len(scenario.calls) <= scenario.budget.calls, scenario.name


@pytest.mark.parametrize(("name", "before"), FEWER.items())
def test_conversations_take_fewer_calls_than_before(name: str, before: int) -> None:
    """Documented (docs/evaluation.md): with room for the budget of a model too."""
    scenario = SCENARIOS[name]

    assert len(scenario.calls) <= scenario.budget.calls < before
    assert scenario.calls_before.startswith(str(before))


async def test_every_argument_that_names_something_is_checked_for_inventions(
    tmp_path: Path,
) -> None:
    """Chosen: a new tool can't be left out, since its descriptions speak of labels or paths."""
    world = PreparedWorld(folder=tmp_path, world=World())
    async with in_process(world, "auto", UserAnswers(answers=())) as client:
        listed = await client.list_tools()

    tools = listed.model_dump(mode="json", by_alias=True)["tools"]
    assert unlisted_references(tools) == set()


def test_every_text_that_a_template_takes_is_a_reference_or_words() -> None:
    """Chosen: a new template can't be left out either."""
    texts = {
        name
        for each in all_templates().values()
        for name, schema in each.arguments.model_json_schema()["properties"].items()
        if '"string"' in json.dumps(schema) and '"enum"' not in json.dumps(schema)
    }

    assert texts - REFERENCES - WORDS == set()
