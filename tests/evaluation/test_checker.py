"""Each criterion fails for the mistake it is there for."""

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any
from zipfile import ZipFile

import pytest
from PIL import Image

from evaluation.checker import ChargeRow, Evidence, RunRow, Score, score
from evaluation.delivered import flaws
from evaluation.provenance import inventions
from evaluation.scenario import Budget, Call, Delivered, Scenario, Turn
from evaluation.transcript import Exchange, Transcript

PLAN = {"steps": [{"id": "fox", "tool": "generate_core", "arguments": {"prompt": "a fox"}}]}
SCENARIO = Scenario(
    name="example",
    conversation="An example",
    turns=[Turn("Draw a fox for 3 credits, into a.zip.", [Call("workflow_run", plan=PLAN)])],
    allowed=("workflow_*",),
    good=["A fox."],
    bad=["A hare."],
    budget=Budget(calls=2, bytes=1_000, credits=3),
    charges={"generate_*": 1},
    files=[Delivered(pattern="fox.png", size=(8, 8))],
    answers=["3 credits"],
    pictures=1,
    runs={"done": 1},
    user=["yes"],
)


def exchange(tool: str = "workflow_run", text: str = "3 credits", **arguments: Any) -> Exchange:  # noqa: ANN401 -- JSON
    """Return a call with its answer."""
    return Exchange(
        tool=tool, arguments=arguments, text=text, bytes=400, is_error=False, pictures=1, heard=1
    )


@pytest.fixture
def good(tmp_path: Path) -> Evidence:
    """Return what a good conversation leaves behind."""
    Image.new("RGB", (8, 8)).save(tmp_path / "fox.png")
    return Evidence(
        transcript=Transcript(exchanges=[exchange(plan=PLAN)]),
        turns=[SCENARIO.brief],
        home=tmp_path,
        output=tmp_path,
        charges=[ChargeRow(operation="generate_core", state="charged", credits=3, run="r")],
        runs=[RunRow(id="r", state="done", plan=PLAN, inputs={})],
        asked=["3 credits?"],
    )


def unmet(result: Score) -> list[str]:
    """Return the names of the criteria that aren't met."""
    return [each.name for each in result.criteria if each.flaws]


def test_a_good_conversation_gets_the_full_score(good: Evidence) -> None:
    """Chosen: otherwise the failures below would prove nothing."""
    result = score(SCENARIO, good)

    assert result.is_full, str(result)
    assert result.points == len(result.criteria) == 13
    assert str(result).startswith("13 of 13: 1 calls, 400 bytes, 3 credits")


def _another_call(good: Evidence, **call: str) -> Evidence:
    exchanges = [*good.transcript.exchanges, exchange(**call)]
    return replace(good, transcript=replace(good.transcript, exchanges=exchanges))


def _another_charge(good: Evidence, **charge: Any) -> Evidence:  # noqa: ANN401 -- fields of a row
    one = replace(good.charges[0], **charge)
    return replace(good, charges=[*good.charges, one])


def _another_plan(good: Evidence, *steps: object) -> Evidence:
    return replace(good, runs=[replace(good.runs[0], plan={"steps": list(steps)})])


MISTAKES: dict[str, tuple[Callable[[Evidence], Evidence], list[str]]] = {
    "nothing is called": (
        lambda good: replace(good, transcript=Transcript()),
        ["something was done", "the answers say what matters", "enough pictures shown"],
    ),
    "another tool": (
        lambda good: _another_call(good, tool="job_list"),
        ["only allowed tools"],
    ),
    "an invented run": (
        lambda good: _another_call(good, run="k7f3q2m9xa"),
        ["nothing invented"],
    ),
    "a plan with a mistake": (
        lambda good: _another_plan(good, {"id": "fox", "tool": "edit_inpaint"}),
        ["valid plans"],
    ),
    "a plan that isn't one": (lambda good: _another_plan(good, "fox"), ["valid plans"]),
    "charged more than its price": (
        lambda good: _another_charge(good, credits=0.5),
        ["valid plans", "no needless charge", "at most 3 credits"],
    ),
    "charged less than its price": (
        lambda good: replace(good, charges=[replace(good.charges[0], credits=1)]),
        ["valid plans"],
    ),
    "a run that failed": (
        lambda good: replace(good, runs=[replace(good.runs[0], state="failed")]),
        ["runs ended as expected"],
    ),
    "a second run": (
        lambda good: replace(
            good, runs=[*good.runs, replace(good.runs[0], id="s", state="paused")]
        ),
        ["runs ended as expected"],
    ),
    "paid outside the run": (
        lambda good: _another_charge(good, run=None, credits=0),
        ["no needless charge"],
    ),
    "another operation": (
        lambda good: _another_charge(good, run=None, credits=0, operation="upscale_fast"),
        ["no needless charge"],
    ),
    "a request without an answer": (
        lambda good: _another_charge(good, run=None, state="sent"),
        ["no needless charge"],
    ),
    "no answer says the price": (
        lambda good: replace(good, transcript=Transcript(exchanges=[exchange(text="done")])),
        ["the answers say what matters"],
    ),
    "no picture is shown": (
        lambda good: replace(
            good, transcript=Transcript(exchanges=[replace(exchange(), pictures=0)])
        ),
        ["enough pictures shown"],
    ),
    "the user wasn't asked": (lambda good: replace(good, asked=[]), ["questions to the user"]),
    "too many calls": (
        lambda good: replace(
            good,
            transcript=Transcript(exchanges=[replace(each, bytes=1) for each in [exchange()] * 3]),
        ),
        ["at most 2 calls"],
    ),
    "too many bytes": (
        lambda good: replace(
            good, transcript=Transcript(exchanges=[replace(exchange(), bytes=1_001)])
        ),
        ["at most 1,000 bytes"],
    ),
}


@pytest.mark.parametrize("mistake", MISTAKES)
def test_a_mistake_costs_the_points_of_its_criteria(mistake: str, good: Evidence) -> None:
    """Chosen: no criterion is met by everything."""
    spoil, expected = MISTAKES[mistake]

    assert unmet(score(SCENARIO, spoil(good))) == expected


def test_every_criterion_has_a_mistake(good: Evidence) -> None:
    """Chosen: a new criterion needs one too."""
    found = {name for _, names in MISTAKES.values() for name in names}

    assert found | {"files delivered"} == {each.name for each in score(SCENARIO, good).criteria}


@pytest.mark.parametrize(
    ("expected", "flaw"),
    [
        (Delivered(pattern="a.png"), ""),
        (Delivered(pattern="~/a.png", format="PNG", size=(20, 10)), ""),
        (Delivered(pattern="a.zip!*.png", count=2, min_size=(20, 10)), ""),
        (Delivered(pattern="b.png"), "0 instead of 1 files: none"),
        (Delivered(pattern="*.png", count=2), "1 instead of 2 files: a.png"),
        (Delivered(pattern="a.zip!*.png"), "2 instead of 1 files"),
        (Delivered(pattern="a.png", format="JPEG"), "PNG instead of JPEG"),
        (Delivered(pattern="a.png", size=(20, 11)), "20x10 instead of 20x11"),
        (Delivered(pattern="a.png", min_size=(21, 5)), "smaller than 21x5"),
        (Delivered(pattern="a.png", is_square=True), "isn't square"),
        (Delivered(pattern="a.png", has_transparency=True), "has no transparency"),
        (Delivered(pattern="a.zip!1.png", has_transparency=False), "has transparency"),
        (Delivered(pattern="a.png", max_bytes=20), "instead of at most 20"),
        (Delivered(pattern="note.txt", format="PNG"), "not a picture"),
        (Delivered(pattern="a.wav", format="WAV", seconds=1), ""),
        (Delivered(pattern="a.wav", seconds=2), "1.00 s instead of 2 s"),
        (Delivered(pattern="a.wav", format="MP3"), "WAV instead of MP3"),
    ],
)
def test_files_are_checked(expected: Delivered, flaw: str, tmp_path: Path) -> None:
    """Chosen: existence, number, format, dimensions, transparency, size and length."""
    from support.imaging.sample_files import wav

    Image.new("RGB", (20, 10)).save(tmp_path / "a.png")
    (tmp_path / "a.wav").write_bytes(wav(1.0, rate=8_000))
    (tmp_path / "note.txt").write_text("not a picture")
    with ZipFile(tmp_path / "a.zip", "w") as archive:
        for name, alpha in (("1.png", 0), ("2.png", 255)):
            with archive.open(name, "w") as member:
                Image.new("RGBA", (20, 10), (0, 0, 0, alpha)).save(member, "PNG")

    found = flaws(expected, home=tmp_path, output=tmp_path)

    assert [flaw in each for each in found] == [True] * bool(flaw), found


@pytest.mark.parametrize(
    ("arguments", "invented"),
    [
        ({"image": "beach.png"}, ""),
        ({"image": "BEACH"}, ""),
        ({"image": "beach 2"}, "'beach 2' of image"),
        ({"image": "media://k7f3q2m9xa"}, ""),
        ({"image": "media://k7f3q2m9xb"}, "of image"),
        ({"images": ["beach.png", "lake.png"]}, "'lake.png' of images"),
        ({"label": "red beach"}, ""),
        ({"label": "blue beach"}, "'blue beach' of label: blue"),
        ({"confirm_spend": 14}, ""),
        ({"confirm_spend": 41}, "the price 41"),
        ({"budget": 14.5}, "the price 14.5"),
        ({"to": "shop.zip"}, "'shop.zip' of to"),
        ({"prompt": "a beach like in /home/me/a.png"}, "in prompt"),
        ({"prompt": "a beach at night, 3 boats"}, ""),
        ({"run": "0sh3negtvn"}, ""),
        ({"jobs": ["0sh3negtvx"]}, "of jobs"),
        ({"plan": {"steps": [{"id": "a", "tool": "x", "arguments": {"image": "$a"}}]}}, ""),
        ({"plan": {"steps": [{"id": "a", "tool": "x", "arguments": {"image": "$b"}}]}}, "'$b'"),
        ({"plan": json.dumps({"steps": [{"id": "a", "arguments": {"image": "c"}}]})}, "'c'"),
        ({"plan": [{"id": "a", "tool": "x", "image": "lake"}]}, "'lake' of image"),
        ({"plan": {"inputs": {"p": {"type": "image", "default": "lake"}}, "steps": []}}, "'lake'"),
        ({"inputs": {"sky": "Pictures/lake.png"}}, "in sky"),
    ],
)
def test_what_an_agent_never_read_is_found(arguments: dict[str, Any], invented: str) -> None:
    """Chosen: ids, labels, paths, addresses and prices; words of a prompt are the agent's own."""
    earlier = exchange(
        "media_list", "beach  media://k7f3q2m9xa  14 credits, red; run 0sh3negtvn is running"
    )
    transcript = Transcript(exchanges=[earlier, exchange("any_tool", **arguments)])

    found = inventions(transcript, ["Take beach.png"])

    assert [invented in each for each in found] == [True] * bool(invented), found


def test_a_model_may_choose_new_names_but_not_what_they_refer_to() -> None:
    """Chosen: only the scripted agent has to take its names from the conversation."""
    called = Transcript(exchanges=[exchange(label="hero"), exchange(image="heron")])

    assert len(inventions(called, ["Go."])) == 2
    assert inventions(called, ["Go."], with_names=False) == [
        "call 2, workflow_run: 'heron' of image"
    ]


def test_a_later_answer_is_not_known_yet() -> None:
    """Chosen: a value that an answer returns can't have been copied from it before."""
    called = Transcript(exchanges=[exchange(run="0sh3negtvn", text="run 0sh3negtvn")])

    assert len(inventions(called, ["Go."])) == 1
    later = Transcript(exchanges=[exchange(run="0sh3negtvn")])
    assert len(inventions(later, ["Go.", "0sh3negtvn"])) == 1
