"""`stability-mcp limit` shows spending limits; only a person at a terminal can change them."""

import io
import os
import subprocess
import sys
from pathlib import Path

import pytest

from cli.conftest import Cli
from stability_mcp.cli import ledger
from stability_mcp.errors import ConfigurationError
from stability_mcp.studio import LimitWish, open_studio
from support.programs import forked
from support.server.in_memory import settings_in


def _limit_in_a_terminal(*words: str) -> tuple[int, str]:
    """Run the command as a process at a pseudo-terminal."""
    ours, theirs = os.openpty()
    with subprocess.Popen(
        forked("stability_mcp", "limit", *words),
        env=os.environ,
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
    ) as process:
        os.close(theirs)
        code = process.wait(60)
        output = os.read(ours, 65_536).decode()
    os.close(ours)
    return code, " ".join(output.split())


class _Terminal(io.StringIO):
    def isatty(self) -> bool:
        """Return that a person is there."""
        return True


def _set(cli: Cli, credits: str) -> None:  # noqa: A002 -- the argument's name
    assert cli("call", "spend_limit", "--credits", credits)[0] == 0


def test_it_shows_limits_to_anyone(cli: Cli) -> None:
    """Chosen: showing them needs no terminal."""
    before = cli("limit")
    _set(cli, "20")
    code, out, _ = cli("limit")

    assert before[:2] == (0, "no spending limit is in force\n")
    assert code == 0
    assert out.startswith("1  ")
    assert "stability-mcp on stdio  20 of 20 credits left until 20" in out


def test_calls_from_the_shell_are_a_client_of_their_own(cli: Cli) -> None:
    """Documented (docs/jobs-and-money.md): one call sets a limit, and it binds the next one."""
    _set(cli, "2")
    code, _, err = cli("call", "generate_core", "--prompt", "a fox")

    assert code == 6
    assert "but the spending limit of 2 credits" in err


@pytest.mark.parametrize("amount", ["50", "none"])
def test_without_a_terminal_none_is_changed(amount: str, cli: Cli) -> None:
    """Chosen: a model with a shell has no terminal."""
    _set(cli, "20")
    code, _, err = cli("limit", amount)

    assert code == 3
    assert "Only a person at a terminal can change a spending limit." in err
    assert "20 of 20 credits left" in cli("limit")[1]


@pytest.mark.skipif(sys.platform == "win32", reason="a pseudo-terminal")
def test_at_a_terminal_it_is_changed_and_lifted(cli: Cli) -> None:
    """Chosen: the only one needs no number."""
    _set(cli, "20")
    raised = _limit_in_a_terminal("50")
    stopped = _limit_in_a_terminal("0")
    lifted = _limit_in_a_terminal("none", "--id", "1")

    assert raised[0] == 0
    assert "50 of 50 credits left" in raised[1]
    assert "on stdio nothing may be spent until 20" in stopped[1]
    assert lifted == (0, "no spending limit is in force")


@pytest.mark.anyio
async def test_a_limit_that_is_not_in_force_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Chosen: the number, and the command that lists them."""
    monkeypatch.setattr(sys, "stdin", _Terminal())
    monkeypatch.setattr(sys, "stdout", _Terminal())
    settings = settings_in(tmp_path)
    with pytest.raises(ConfigurationError, match="No spending limit 7 is in force"):
        await ledger.run_limit(settings, "none", 7)
    async with open_studio(settings) as studio:
        for scope in (studio.limits.stdio_scope("one"), await studio.limits.http_scope("two")):
            await studio.for_client(None, None, scope).limits.change(LimitWish(credits=5_000))
    with pytest.raises(
        ConfigurationError,
        match=r"2 spending limits are in force\. .* with --id\.",
    ):
        await ledger.run_limit(settings, "none", None)


@pytest.mark.parametrize("amount", ["many", "-3", "inf", "nan", "1e30", "100001"])
def test_a_wrong_amount_is_refused(amount: str, cli: Cli) -> None:
    """Chosen: before anything else."""
    code, _, err = cli("limit", "--", amount)

    assert code == 2
    assert "isn't a number of credits from 0 to 100,000, or none" in " ".join(err.split())
