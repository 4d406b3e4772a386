"""`stability-mcp budget`: anybody may look, a person at a terminal may raise it for the day."""

import os
import subprocess
import sys

import pytest

from cli.conftest import Cli

SETTINGS = {
    "STABILITY_OUTPUT_DIR": "none",
    "STABILITY_API_KEY": "sk-nobody",
    "STABILITY_BASE_URL": "http://127.0.0.1:9",
    "STABILITY_BUDGET": "100",
}


def budget(cli: Cli, *words: str) -> tuple[int, str]:
    """Run it; gives its exit code and all that it says."""
    code, out, err = cli("budget", *words, **SETTINGS)
    return code, out + err


def budget_in_a_terminal(*words: str) -> tuple[int, str]:
    """Run it as a process at a terminal of its own."""
    ours, theirs = os.openpty()
    with subprocess.Popen(
        [sys.executable, "-m", "stability_mcp", "budget", *words],
        env=os.environ | SETTINGS,
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
    ) as process:
        os.close(theirs)
        code = process.wait(60)
        said = os.read(ours, 65_536).decode()
    os.close(ours)
    return code, said


def test_it_shows_what_may_still_be_spent(cli: Cli) -> None:
    """Chosen: looking needs no terminal."""
    code, said = budget(cli)

    assert (code, said) == (
        0,
        "0 credits of 100 credits spent today, 0 credits reserved, 100 credits left\n",
    )


def test_without_a_terminal_nothing_is_raised(cli: Cli) -> None:
    """Chosen: a model with a shell has no terminal."""
    code, said = budget(cli, "1500", "--today")

    assert code == 1
    assert "raised by a person in a terminal alone" in said
    assert "of 100 credits" in budget(cli)[1]


@pytest.mark.skipif(sys.platform == "win32", reason="a pseudo-terminal")
def test_in_a_terminal_it_rises_for_today_and_never_falls(cli: Cli) -> None:
    """Chosen: the store keeps it for every process; lowering is the environment's."""
    code, said = budget_in_a_terminal("1500", "--today")
    again, refusal = budget_in_a_terminal("50", "--today")

    assert code == 0, said
    assert "1500 credits left" in said
    assert again == 1
    assert "The ceiling of today is 1500 credits already." in " ".join(refusal.split())
    assert "of 1500 credits" in budget(cli)[1]


def test_a_ceiling_needs_the_word_today(cli: Cli) -> None:
    """Chosen: nobody raises it for good by mistake."""
    assert budget(cli, "1500")[0] == 2
