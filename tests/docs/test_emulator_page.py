"""The emulator's page is correct: its example runs and it names every control and fault."""

import re
import subprocess
import sys

from stability_emulator.content_filter import FILTER_WORDS, REFUSALS, WORDS
from stability_emulator.control import CONTROLS
from stability_emulator.faults import Fault
from stability_emulator.state import NEW_ACCOUNT_CREDITS, UNMEASURED_SECONDS
from support.docs.pages import Page, code_words

PAGE = Page("docs/emulator.md")
TEXT = PAGE.text


def test_the_example_prints_what_the_page_says(emulator_url: str) -> None:
    """*Chosen*: readers compare their output with the page."""
    [example] = PAGE.blocks("py")
    [printed] = re.findall(r"^This prints `(.*?)`", TEXT, re.MULTILINE)
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


def test_every_control_and_every_part_of_a_fault_is_named() -> None:
    """*Chosen*: what isn't documented isn't found."""
    table = re.findall(r"`(GET|POST|DELETE) (\w+)`", PAGE.section("## Control it"))
    faults = set(code_words(PAGE.section("## Faults")))

    assert {f"{method} /_emulator/{name}" for method, name in table} == CONTROLS.keys()
    assert Fault.model_fields.keys() <= faults
    assert REFUSALS.keys() <= faults
    assert {*WORDS, FILTER_WORDS} <= faults


def test_numbers_are_those_in_force() -> None:
    """*Chosen*: the credits of a new account and the time of an operation without measurement."""
    assert f"an account with {NEW_ACCOUNT_CREDITS} credits" in TEXT
    assert f"({UNMEASURED_SECONDS:g} s where there is no measurement)" in TEXT
