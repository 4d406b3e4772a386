"""All scenarios, from the modules in `scenarios/`, one for each group of conversations."""

import importlib
from collections.abc import Mapping
from functools import cache
from pathlib import Path

from evaluation.scenario import Scenario

FOLDER = Path(__file__).parent / "scenarios"


@cache
def all_scenarios() -> Mapping[str, Scenario]:
    """Return every scenario by name, in the order of groups and within them."""
    found: dict[str, Scenario] = {}
    for group in sorted(path.stem for path in FOLDER.glob("*.py")):
        module = importlib.import_module(f"evaluation.scenarios.{group}")
        for scenario in module.SCENARIOS:
            assert scenario.name not in found, f"two scenarios are called {scenario.name}"
            found[scenario.name] = scenario
    return found
