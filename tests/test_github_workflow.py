"""The workflow that runs the tests on GitHub: valid, and the same commands as here."""

import subprocess
import sys
from typing import Any

import pytest
import yaml

from support.checkout import ROOT

WORKFLOW = ROOT / ".github/workflows/tests.yml"


@pytest.mark.processes
def test_the_workflow_follows_githubs_schema() -> None:
    """Documented (GitHub): the schema that check-jsonschema ships."""
    command = [sys.executable, "-m", "check_jsonschema", "--builtin-schema"]
    checked = subprocess.run(
        [*command, "vendor.github-workflows", str(WORKFLOW)],
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )

    assert checked.returncode == 0, checked.stdout


def test_the_workflow_covers_three_systems_and_every_supported_python() -> None:
    """Chosen: Linux runs `make test`, macOS and Windows run what needs neither make nor Node."""
    jobs: dict[str, Any] = yaml.safe_load(WORKFLOW.read_text("utf-8"))["jobs"]
    commands = {
        name: [step["run"] for step in job["steps"] if "run" in step] for name, job in jobs.items()
    }

    for job in jobs.values():
        assert job["strategy"]["matrix"]["python"] == ["3.11", "3.12", "3.13", "3.14"]
    assert jobs["linux"]["runs-on"] == "ubuntu-latest"
    assert jobs["desktop"]["strategy"]["matrix"]["os"] == ["macos-latest", "windows-latest"]
    assert commands["linux"] == ["make test"]
    assert commands["desktop"][-1] == "python -m pytest --fast"
