"""Scores a model in a scenario: prints the brief, watches the conversation, and scores its result.

    PYTHONPATH=tests python scripts/evaluate.py --list
    PYTHONPATH=tests python scripts/evaluate.py --play                # by the scripted agent, all
    PYTHONPATH=tests python scripts/evaluate.py logo-to-favicon       # by you with your model
    PYTHONPATH=tests python scripts/evaluate.py --table               # for docs/evaluation.md

For your own model, the script prepares a home folder and prints a configuration for your host. It
contains a server that records the conversation. Paste the brief into the host, turn by turn.
"""

import argparse
import json
import sys
import tempfile
from collections.abc import Awaitable, Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import anyio
from anyio import to_thread

from evaluation.agent import LostError, play
from evaluation.catalogue import all_scenarios
from evaluation.checker import Score, evidence, score
from evaluation.recorder import ENVIRONMENT
from evaluation.scenario import Scenario
from evaluation.transcript import TRANSCRIPT, read_transcript
from evaluation.worlds import PreparedWorld, prepared

ROOT = Path(__file__).resolve().parent.parent
WATCH_SECONDS = 1.0
"""How often new calls are looked for."""
SHOWN_CHARACTERS = 160
"""Of a call's arguments."""

Ask = Callable[[str], Awaitable[str]]
"""Shows a question to the person and returns the answer."""


async def from_terminal(question: str) -> str:
    """Ask the person at the terminal."""
    return await to_thread.run_sync(input, question, abandon_on_cancel=True)


async def main(arguments: Sequence[str], ask: Ask = from_terminal) -> int:
    """Run the command, and return its exit code: 0 if every score is full."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0] if __doc__ else "")
    parser.add_argument("names", nargs="*", metavar="NAME", help="scenarios; default: all")
    parser.add_argument("--list", action="store_true", help="list the scenarios")
    parser.add_argument("--table", action="store_true", help="print the table for the docs")
    parser.add_argument("--play", action="store_true", help="have the scripted agent play")
    parser.add_argument("--folder", type=Path, help="empty folder to play in; default: a new one")
    chosen = parser.parse_args(arguments)
    scenarios = all_scenarios()
    unknown = [name for name in chosen.names if name not in scenarios]
    if unknown:
        print(f"There is no scenario {', '.join(unknown)}. --list shows all.", file=sys.stderr)
        return 2
    selected = [scenarios[name] for name in chosen.names or scenarios]
    if chosen.table:
        print("\n".join(table()))
        return 0
    if chosen.play:
        return 0 if all([await _played(scenario) for scenario in selected]) else 1
    if chosen.list or len(chosen.names) != 1:
        for scenario in selected:
            print(f"{scenario.name:32} {scenario.conversation}")
        return 0
    with _folder(chosen.folder) as folder:
        return 0 if await _guided(selected[0], folder, ask) else 1


def table() -> Iterator[str]:
    """Yield the lines of the table of scenarios."""
    yield "| scenario | conversation | calls before | calls | credits |"
    yield "|---|---|---|---|---|"
    for each in all_scenarios().values():
        before = each.calls_before or "-"
        yield (
            f"| `{each.name}` | {each.conversation} | {before} | {len(each.calls)} "
            f"| {each.budget.credits:g} |"
        )


@contextmanager
def _folder(given: Path | None) -> Iterator[Path]:
    if given is not None:
        given.mkdir(parents=True, exist_ok=True)
        yield given.resolve()
        return
    with tempfile.TemporaryDirectory(prefix="stability-evaluation-") as made:
        yield Path(made)


async def _played(scenario: Scenario) -> bool:
    """Have the scripted agent play a scenario, print its score, and return whether it is full."""
    with _folder(None) as folder:
        async with prepared(scenario.world, folder) as world:
            print(f"{scenario.name}: ", end="", flush=True)
            try:
                played = await play(scenario, world, era=scenario.eras[0])
            except LostError as error:
                print(f"not finished: {error}")
                return False
            found = evidence(played.transcript, played.turns, world, asked=played.asked)
            result = score(scenario, found)
    print(result)
    return result.is_full


async def _guided(scenario: Scenario, folder: Path, ask: Ask) -> bool:
    """Guide a person through a scenario; return whether the score is full."""
    if not scenario.world.is_for_people:
        print("Only the scripted agent can play it: its links have a certificate for tests.")
        return False
    async with prepared(scenario.world, folder) as world:
        _write_environment(world)
        print("\n".join(_preparation(scenario, world)))
        for number, turn in enumerate(scenario.turns, 1):
            for event in turn.happens:
                world.apply(event)
            _write_environment(world)
            print(f"\nTurn {number} of {len(scenario.turns)}. Paste into your host:\n")
            print(f"{turn.says}\n")
            async with anyio.create_task_group() as group:
                group.start_soon(_watch, world, len(scenario.turns))
                await ask("Press Enter when the model has answered. ")
                group.cancel_scope.cancel()
        result = _scored(scenario, world)
    print(f"\n{result}\n\nJudge yourself as well:")
    print("\n".join(f"  good: {each}" for each in scenario.good))
    print("\n".join(f"  bad: {each}" for each in scenario.bad))
    return result.is_full


def _write_environment(world: PreparedWorld) -> None:
    text = json.dumps(world.environment(), indent=2)
    (world.folder / ENVIRONMENT).write_text(text, encoding="utf-8")


def _preparation(scenario: Scenario, world: PreparedWorld) -> Iterator[str]:
    """Yield how to connect a host."""
    server = {
        "command": sys.executable,
        "args": ["-m", "evaluation.recorder", str(world.folder)],
        "env": {"PYTHONPATH": f"{ROOT / 'src'}:{ROOT / 'tests'}"},
    }
    yield f"{scenario.name}: {scenario.conversation}"
    yield "\nAdd this server to your host, without other servers that make pictures:\n"
    yield json.dumps({"mcpServers": {"stability": server}}, indent=2)
    if world.workspace is not None:
        yield f"\nOpen this folder as the workspace: {world.workspace}"
    if world.world.clipboard is not None:
        yield f"\nThe server finds {world.world.clipboard} in the clipboard."
    if any(turn.happens for turn in scenario.turns):
        yield "\nRestart the server in your host before each further turn."


def _scored(scenario: Scenario, world: PreparedWorld) -> Score:
    transcript = read_transcript(world.folder / TRANSCRIPT, heard=len(scenario.turns))
    turns = [turn.says for turn in scenario.turns]
    return score(scenario, evidence(transcript, turns, world))


async def _watch(world: PreparedWorld, heard: int) -> None:
    """Print new calls until it is cancelled."""
    path = world.folder / TRANSCRIPT
    shown = len(read_transcript(path, heard).exchanges)
    while True:
        exchanges = read_transcript(path, heard).exchanges
        for each in exchanges[shown:]:
            arguments = json.dumps(each.arguments, ensure_ascii=False)[:SHOWN_CHARACTERS]
            state = "error" if each.is_error else "ok"
            print(f"  {each.tool} {arguments}: {state}, {each.bytes:,} bytes")
        shown = len(exchanges)
        await anyio.sleep(WATCH_SECONDS)


if __name__ == "__main__":
    sys.exit(anyio.run(main, sys.argv[1:]))
