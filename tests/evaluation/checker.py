"""Scores a conversation: every criterion of a scenario is met, or what is wrong is listed.

The transcript says what was called and read; the store what was charged and run; the output folder
what was delivered.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any, NamedTuple

from evaluation.delivered import flaws
from evaluation.provenance import inventions
from evaluation.scenario import Scenario
from evaluation.transcript import Transcript
from evaluation.worlds import PreparedWorld
from stability_mcp.workflows.plan_check import check_plan
from stability_mcp.workflows.plan_notation import read_plan
from support.store.rows import rows

CHARGED = frozenset({"charged", "assumed"})
"""States of charges that count as spent."""

CHARGES = """SELECT jobs.operation, charges.state, charges.credits, jobs.run
FROM charges JOIN jobs ON jobs.id = charges.job ORDER BY charges.id"""
RUNS = "SELECT id, state, plan, inputs, redo_of FROM runs ORDER BY seq"


class Criterion(NamedTuple):
    """One criterion."""

    name: str
    flaws: Sequence[str]
    """What is wrong; empty: it is met."""


@dataclass(frozen=True, kw_only=True)
class Score:
    """How well a conversation went."""

    criteria: Sequence[Criterion]
    calls: int
    bytes: int
    credits: float

    @property
    def points(self) -> int:
        """Return the number of criteria that are met."""
        return sum(not each.flaws for each in self.criteria)

    @property
    def is_full(self) -> bool:
        """Return whether all criteria are met."""
        return self.points == len(self.criteria)

    def __str__(self) -> str:
        """Return it as lines for people."""
        used = f"{self.calls} calls, {self.bytes:,} bytes, {self.credits:g} credits"
        lines = [f"{self.points} of {len(self.criteria)}: {used}"]
        for each in self.criteria:
            lines.append(f"  {'-' if each.flaws else '+'} {each.name}")
            lines += [f"      {flaw}" for flaw in each.flaws]
        return "\n".join(lines)


@dataclass(frozen=True, kw_only=True)
class ChargeRow:
    """A row of the ledger."""

    operation: str
    state: str
    credits: float
    run: str | None


@dataclass(frozen=True, kw_only=True)
class RunRow:
    """A run of a workflow."""

    id: str
    state: str
    plan: Any
    inputs: Mapping[str, Any]
    is_redo: bool = False
    """Whether it reuses the results of another run."""


@dataclass(kw_only=True)
class Evidence:
    """What a conversation left behind."""

    transcript: Transcript
    turns: Sequence[str]
    home: Path
    """The user's home folder."""
    output: Path
    """The folder of the readable copies."""
    charges: Sequence[ChargeRow] = ()
    runs: Sequence[RunRow] = ()
    asked: Sequence[str] | None = None
    """Questions of the server to the user; None: not recorded, as a person played."""

    @property
    def is_scripted(self) -> bool:
        """Return whether the scripted agent played."""
        return self.asked is not None

    @property
    def credits(self) -> float:
        """Return what was spent."""
        return sum(each.credits for each in self.charges if each.state in CHARGED)


def evidence(
    transcript: Transcript,
    turns: Sequence[str],
    world: PreparedWorld,
    *,
    asked: Sequence[str] | None = None,
) -> Evidence:
    """Return what a conversation left behind, with the rows of its store."""
    found = Evidence(
        transcript=transcript, turns=turns, home=world.folder, output=world.output, asked=asked
    )
    store = world.store
    if not (store / "store.db").exists():
        return found
    found.charges = [
        ChargeRow(operation=operation, state=state, credits=credits_ / 1000, run=run)
        for operation, state, credits_, run in rows(store, CHARGES)
    ]
    found.runs = [
        RunRow(
            id=run,
            state=state,
            plan=json.loads(plan),
            inputs=json.loads(inputs),
            is_redo=redo_of is not None,
        )
        for run, state, plan, inputs, redo_of in rows(store, RUNS)
    ]
    return found


def score(scenario: Scenario, found: Evidence) -> Score:
    """Score a conversation by the criteria of its scenario."""
    exchanges = found.transcript.exchanges
    used = sum(each.bytes for each in exchanges)
    budget = scenario.budget
    criteria = {
        "something was done": [] if exchanges else ["no tool was called"],
        "only allowed tools": _forbidden(scenario, found.transcript),
        "nothing invented": inventions(found.transcript, found.turns, with_names=found.is_scripted),
        "valid plans": list(_plan_flaws(found)),
        "runs ended as expected": _run_flaws(scenario, found.runs),
        "no needless charge": list(_charge_flaws(scenario, found.charges)),
        f"at most {budget.credits:g} credits": _over(found.credits, budget.credits, "credits"),
        "files delivered": [
            flaw
            for expected in scenario.files
            for flaw in flaws(expected, home=found.home, output=found.output)
        ],
        "the answers say what matters": _untold(scenario, found.transcript),
        "enough pictures shown": _unseen(scenario, found.transcript),
        "questions to the user": _question_flaws(scenario, found.asked),
        f"at most {budget.calls} calls": _over(len(exchanges), budget.calls, "calls"),
        f"at most {budget.bytes:,} bytes": _over(used, budget.bytes, "bytes"),
    }
    return Score(
        criteria=[Criterion(name, wrong) for name, wrong in criteria.items()],
        calls=len(exchanges),
        bytes=used,
        credits=found.credits,
    )


def _forbidden(scenario: Scenario, transcript: Transcript) -> list[str]:
    called = dict.fromkeys(each.tool for each in transcript.exchanges)
    return [
        f"{tool} was called"
        for tool in called
        if not any(fnmatchcase(tool, pattern) for pattern in scenario.allowed)
    ]


def _plan_flaws(found: Evidence) -> Iterator[str]:
    """Yield the problems of plans that ran, and prices that don't bracket the charges."""
    for run in found.runs:
        read = read_plan(run.plan)
        if read.plan is None:
            yield from (f"run {run.id}: {problem}" for problem in read.problems)
            continue
        checked = check_plan(read.plan, run.inputs)
        yield from (f"run {run.id}: {problem}" for problem in checked.problems)
        low, high = (price / 1000 for price in checked.price)
        # What the user agreed to pay again came on top of the price.
        charged = sum(
            each.credits for each in found.charges if each.run == run.id and each.state == "charged"
        )
        # A run that stopped early, or reuses results, costs less than its lowest price.
        is_whole = run.state == "done" and not read.plan.reuse and not run.is_redo
        if charged > high or (is_whole and charged < low):
            yield f"run {run.id}: {charged:g} credits charged; its price was {low:g} to {high:g}"


def _run_flaws(scenario: Scenario, runs: Sequence[RunRow]) -> list[str]:
    counts = {state: sum(run.state == state for run in runs) for state in {r.state for r in runs}}
    if counts == scenario.runs:
        return []
    return [f"{counts or 'none'} instead of {dict(scenario.runs) or 'none'}"]


def _charge_flaws(scenario: Scenario, charges: Sequence[ChargeRow]) -> Iterator[str]:
    charged = [each.operation for each in charges if each.state in CHARGED]
    for pattern, count in scenario.charges.items():
        matching = [each for each in charged if fnmatchcase(each, pattern)]
        if len(matching) != count:
            yield f"{pattern}: charged {len(matching)} times instead of {count}"
    for each in dict.fromkeys(charged):
        if not any(fnmatchcase(each, pattern) for pattern in scenario.charges):
            yield f"{each} was charged"
    if any(each.state == "sent" for each in charges):
        yield "a request is still out"


def _over(used: float, most: float, unit: str) -> list[str]:
    return [f"{used:,g} {unit}" if unit == "credits" else f"{used:,} {unit}"] if used > most else []


def _untold(scenario: Scenario, transcript: Transcript) -> list[str]:
    import re

    texts = transcript.answers
    return [
        f"no answer contains {each!r}" for each in scenario.answers if not re.search(each, texts)
    ]


def _unseen(scenario: Scenario, transcript: Transcript) -> list[str]:
    seen = sum(each.pictures for each in transcript.exchanges)
    return [f"{seen} instead of {scenario.pictures} or more"] if seen < scenario.pictures else []


def _question_flaws(scenario: Scenario, asked: Sequence[str] | None) -> list[str]:
    if asked is None or len(asked) == len(scenario.user):
        return []
    return [f"{len(asked)} instead of {len(scenario.user)}: {' / '.join(asked)}"]
