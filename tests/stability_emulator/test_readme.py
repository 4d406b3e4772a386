"""The README's section about the emulator: its example runs, and its tables are complete."""

import re
import subprocess
import sys
from pathlib import Path

from stability_emulator.content_filter import FILTER_WORDS, REFUSALS, WORDS
from stability_emulator.control import CONTROLS
from stability_emulator.faults import Fault
from stability_emulator.state import NEW_ACCOUNT_CREDITS, UNMEASURED_SECONDS

README = (Path(__file__).parents[2] / "README.md").read_text(encoding="utf-8")
SECTION = README.partition("## Testing your own programs")[2].partition("\n## ")[0]


def test_the_example_runs_and_prints_the_stated_output(emulator_url: str) -> None:
    """Chosen: a broken example wastes the reader's time."""
    [example] = re.findall(r"```py\n(.*?)```", SECTION, re.DOTALL)
    [printed] = re.findall(r"^prints `(.*?)`", SECTION, re.MULTILINE)
    here = example.replace("http://127.0.0.1:8787", emulator_url)

    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", here],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )

    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.strip() == printed


def test_every_control_and_every_part_of_a_fault_is_documented() -> None:
    """Chosen: users can't find an undocumented control."""
    table = re.findall(r"`(GET|POST|DELETE) (\w+)`", SECTION)

    assert {f"{method} /_emulator/{name}" for method, name in table} == CONTROLS.keys()
    assert [
        part for part in Fault.model_fields if f"`{part}`" not in SECTION + "`path` `count`"
    ] == []
    assert [name for name in REFUSALS if f"`{name}`" not in SECTION] == []
    assert f"`{FILTER_WORDS}`" in SECTION
    assert all(words.startswith("emulate ") for words in WORDS)


def test_the_documented_numbers_are_current() -> None:
    """Chosen: 25 credits, 13 s."""
    assert f"an account with {NEW_ACCOUNT_CREDITS} credits" in SECTION
    assert f"({UNMEASURED_SECONDS:g} s where nobody measured)" in SECTION
