"""`stability-mcp budget` shows the budget; only a person at a terminal can raise it."""

import os
import subprocess
import sys

import pytest
from pydantic import SecretStr

from cli.conftest import Cli
from stability_mcp.cli.ledger import _budget_text
from stability_mcp.settings import Settings
from stability_mcp.studio import Spending
from support.programs import forked

SETTINGS = {
    "STABILITY_OUTPUT_DIR": "none",
    "STABILITY_API_KEY": "sk-test",
    "STABILITY_BASE_URL": "http://127.0.0.1:9",
    "STABILITY_BUDGET": "100",
}


def budget(cli: Cli, *words: str) -> tuple[int, str]:
    """Run the command; returns its exit code and output."""
    code, out, err = cli("budget", *words, **SETTINGS)
    return code, out + err


def budget_in_a_terminal(*words: str, **variables: str) -> tuple[int, str]:
    """Run the command as a process at a pseudo-terminal."""
    ours, theirs = os.openpty()
    with subprocess.Popen(
        forked("stability_mcp", "budget", *words),
        env=os.environ | SETTINGS | variables,
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
    ) as process:
        os.close(theirs)
        code = process.wait(60)
        output = os.read(ours, 65_536).decode()
    os.close(ours)
    return code, output


def test_it_shows_what_may_still_be_spent(cli: Cli) -> None:
    """Chosen: showing the budget needs no terminal."""
    assert budget(cli) == (0, "0 of 100 credits spent today, 100 left\n")


def test_on_the_emulator_there_is_no_budget(cli: Cli) -> None:
    """Chosen: nothing is charged there, so nothing has to be limited."""
    code, out, _ = cli("budget")

    assert (code, out) == (0, "0 emulated credits today; nothing is charged on the emulator\n")


def test_reserved_credits_are_shown() -> None:
    """Chosen: credits of running jobs are neither spent nor left."""
    settings = Settings(api_key=SecretStr("sk-test"))
    spent = Spending(limit=500_000, today=16_500, reserved=3_000, session=0)

    shown = _budget_text(settings, spent)

    assert shown == "16.5 of 500 credits spent today, 3 reserved, 480.5 left"


def test_without_a_terminal_the_budget_is_not_raised(cli: Cli) -> None:
    """Chosen: a model with a shell has no terminal."""
    code, output = budget(cli, "1500", "--today")

    assert code == 3
    assert "Only a person at a terminal can raise the budget." in output
    assert "of 100 credits" in budget(cli)[1]


@pytest.mark.skipif(sys.platform == "win32", reason="a pseudo-terminal")
def test_at_a_terminal_the_budget_can_be_raised_for_today_but_not_lowered(cli: Cli) -> None:
    """Chosen: the store keeps it for every process; STABILITY_BUDGET lowers it."""
    code, output = budget_in_a_terminal("1500", "--today")
    again, refusal = budget_in_a_terminal("50", "--today")

    assert code == 0, output
    assert "0 of 1500 credits spent today, 1500 left" in output
    assert again == 3
    assert "Today's budget is already 1500 credits." in " ".join(refusal.split())
    assert "of 1500 credits" in budget(cli)[1]


@pytest.mark.skipif(sys.platform == "win32", reason="a pseudo-terminal")
@pytest.mark.usefixtures("cli")
def test_without_a_key_the_error_says_that_the_emulator_is_used() -> None:
    """Chosen: the key is often set only in the configuration of the host."""
    code, output = budget_in_a_terminal("1500", "--today", STABILITY_API_KEY="")

    assert code == 3
    assert "this command uses the emulator" in " ".join(output.split())


@pytest.mark.parametrize("amount", ["1e30", "inf", "-1"])
def test_an_amount_that_must_be_a_slip_is_refused(amount: str, cli: Cli) -> None:
    """Chosen: before anything else; the store couldn't hold it."""
    code, output = budget(cli, "--today", "--", amount)

    assert code == 2
    assert "Invalid value for 'credits'" in " ".join(output.split())


def test_raising_the_budget_needs_the_flag_today(cli: Cli) -> None:
    """Chosen: the flag says that the raise ends with the day."""
    assert budget(cli, "1500")[0] == 2
