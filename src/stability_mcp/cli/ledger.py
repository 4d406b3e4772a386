"""Commands about money: the budget, spending limits, the cache, the ledger, the audit log."""

import json
import math
import sys
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any, get_args

import typer

from stability_mcp.errors import ArgumentsError, ConfigurationError
from stability_mcp.periods import Period, parse_period
from stability_mcp.setting_types import NONE_WORDS
from stability_mcp.setting_values import variable
from stability_mcp.settings import Settings
from stability_mcp.text import credits_text, listed, local_time, quoted

if TYPE_CHECKING:
    from stability_mcp.studio import JobFilter, JobOrigin, Spending, SpendLimit

HASH_CHARACTERS = 12
"""Enough of a prompt's hash to see whether two entries have the same prompt."""


async def run_budget(settings: Settings, new_budget: float | None) -> None:
    """Print what may still be spent today, after raising today's budget if a number is given.

    Raises:
        ConfigurationError: no person is at a terminal, there is no budget, or the number isn't
            higher than today's budget.
    """
    from stability_mcp.studio import open_studio

    if new_budget is not None:
        _check_terminal("raise the budget")
    async with open_studio(settings, program="stability-mcp budget") as studio:
        before = spent = await studio.spending()
        if new_budget is not None and before.limit is not None and new_budget * 1000 > before.limit:
            await studio.raise_budget(round(new_budget * 1000))
            spent = await studio.spending()
    if new_budget is not None and spent == before:
        raise _not_raised(settings, before.limit)
    typer.echo(_budget_text(settings, spent))


def _check_terminal(doing: str) -> None:
    """Check that a person is at a terminal; a model with a shell has none.

    Raises:
        ConfigurationError: there is no terminal.
    """
    if not (sys.stdin.isatty() and sys.stdout.isatty()):
        raise ConfigurationError(
            f"Only a person at a terminal can {doing}.",
            hint="Run the command yourself in a terminal.",
        )


async def run_limit(settings: Settings, amount: str, number: int | None) -> None:
    """Print the spending limits in force, after one was changed or lifted.

    Args:
        settings: The operator's settings.
        amount: Credits that a limit should allow in total; `none` lifts it; "": show them.
        number: Which limit; None: the only one.

    Raises:
        BadParameter: the amount isn't a number.
        ConfigurationError: no person is at a terminal, or no limit is meant.
    """
    from stability_mcp.studio import open_studio

    most = _millicredits(amount)
    if amount:
        _check_terminal("change a spending limit")
    async with open_studio(settings, program="stability-mcp limit") as studio:
        limits = await studio.limits.every()
        chosen = [each for each in limits if number in {None, each.id}]
        if amount and len(chosen) == 1:
            await studio.limits.change_by_person(chosen[0].id, most)
            limits = await studio.limits.every()
    if amount and len(chosen) != 1:
        raise _no_limit(len(chosen), number)
    for each in limits:
        typer.echo(_limit_line(each))
    if not limits:
        typer.echo("no spending limit is in force")


def _millicredits(amount: str) -> int | None:
    """Return an amount of credits; None: none, or not given."""
    from stability_mcp.studio import MAX_CREDITS

    if not amount or amount.casefold() in NONE_WORDS:
        return None
    try:
        number = float(amount)
    except ValueError:
        number = math.nan
    if not 0 <= number <= MAX_CREDITS:  # false for NaN
        raise typer.BadParameter(
            f"{amount!r} isn't a number of credits from 0 to {MAX_CREDITS:,}, or none"
        )
    return round(number * 1000)


def _limit_line(limit: "SpendLimit") -> str:
    """Return `1  claude-code on stdio  12 of 20 credits left until 2026-11-22 23:40`."""
    left = f"{_amount(limit.left)} of {credits_text(limit.max_credits)} left"
    left = left if limit.max_credits else "nothing may be spent"
    return f"{limit.id}  {limit.who}  {left} until {local_time(limit.ends_at)}"


def _no_limit(found: int, number: int | None) -> ConfigurationError:
    if found:
        return ConfigurationError(
            f"{found} spending limits are in force.", hint="Choose one by its number, with --id."
        )
    which = "spending limit" if number is None else f"spending limit {number}"
    return ConfigurationError(
        f"No {which} is in force.", hint="`stability-mcp limit` lists them all."
    )


def _budget_text(settings: Settings, spent: "Spending") -> str:
    if settings.emulated:
        return f"{spent.today / 1000:g} emulated credits today; nothing is charged on the emulator"
    if spent.limit is None or spent.left is None:
        return f"{credits_text(spent.today)} spent today; no daily budget"
    parts = [f"{_amount(spent.today)} of {credits_text(spent.limit)} spent today"]
    if spent.reserved:
        parts.append(f"{_amount(spent.reserved)} reserved")
    return ", ".join((*parts, f"{_amount(spent.left)} left"))


def _amount(millicredits: int) -> str:
    """Return an amount of credits without the unit."""
    return credits_text(millicredits).split()[0]


def _not_raised(settings: Settings, limit: int | None) -> ConfigurationError:
    if settings.emulated:
        return ConfigurationError(
            "There is no daily budget to raise: this command uses the emulator.",
            hint=f"Set {variable('api_key')} in this terminal too, as in the MCP client.",
        )
    if limit is None:
        return ConfigurationError("There is no daily budget to raise.")
    return ConfigurationError(
        f"Today's budget is already {credits_text(limit)}.",
        hint=f"To lower the budget, set {variable('budget')}.",
    )


async def run_cache(settings: Settings, *, clear: bool) -> None:
    """Print the number of cached results, their hits and what they saved; or clear the cache."""
    from stability_mcp.studio import open_studio

    async with open_studio(settings, program="stability-mcp cache") as studio:
        if clear:
            cleared = await studio.clear_cache()
            typer.echo(f"cached results cleared: {cleared} (the media stays in the store)")
            return
        found = await studio.cached()
    typer.echo(f"cache: {settings.cache}")
    typer.echo(f"cached results: {found.entries}")
    typer.echo(f"cache hits: {found.hits} ({credits_text(found.saved)} saved)")


@dataclass(frozen=True, kw_only=True)
class LogFilters:
    """Which jobs `log` lists."""

    operation: str | None = None
    state: "JobFilter | None" = None
    period: Period = field(default_factory=Period)


def read_filters(
    operation: str | None, state: str | None, since: str | None, until: str | None
) -> LogFilters:
    """Return the filters that were typed; None means not limited.

    Raises:
        ArgumentsError: no state has that name, or a text isn't a time.
        NotFoundError: no operation has that name.
    """
    from stability_mcp.studio import known_operation

    return LogFilters(
        operation=known_operation(operation.strip()).name() if operation else None,
        state=_state(state) if state else None,
        period=parse_period(since, until),
    )


def _state(text: str) -> "JobFilter":
    known = job_states()
    typed = text.strip().casefold()
    for each in known:
        if each == typed:
            return each
    raise ArgumentsError(
        f"There is no job state {quoted(text)}.",
        hint=f"Pass {listed(known, most=len(known), last='or')}.",
    )


def job_states() -> "tuple[JobFilter, ...]":
    """Return the states by which jobs are listed."""
    from stability_mcp.studio import JobFilter

    return get_args(JobFilter)


async def run_log(
    settings: Settings, last: int, filters: LogFilters, *, as_json: bool = False
) -> None:
    """Print a line for each of the newest jobs, the newest last, and as text today's total."""
    from stability_mcp.studio import open_studio

    async with open_studio(settings, program="stability-mcp log") as studio:
        page = await studio.list_jobs(
            limit=last, state=filters.state, operation=filters.operation, period=filters.period
        )
        origins = await studio.origins_of_jobs(page.items)
        spent = await studio.spending()
    if as_json:
        for origin in reversed(origins):
            _echo_json(_job_facts(origin))
        return
    for origin in reversed(origins):
        typer.echo(_log_line(origin))
    if spent.limit is None:
        typer.echo(f"today: {credits_text(spent.today)}")
    else:
        typer.echo(f"today: {_amount(spent.today)} of {credits_text(spent.limit)}")


def _log_line(origin: "JobOrigin") -> str:
    from stability_mcp.studio import charge_text, names_text, prompt_text, results_text

    job = origin.job
    words = (
        local_time(job.created_at),
        job.id,
        f"{job.operation:<36}",
        f"{job.state:<10}",
        charge_text(job),
        prompt_text(origin.prompt),
        names_text("from", origin.sources),
        *(results_text(origin) or (f"label {job.label}" if job.label else None,)),
    )
    return "  ".join(filter(None, words))


def _job_facts(origin: "JobOrigin") -> dict[str, Any]:
    """Return a job as in `job_list`, with the paths of its readable copies."""
    from stability_mcp.server.views import ListedJobFacts

    paths = [str(each.copy_path) for each in origin.results if each.copy_path]
    return {**ListedJobFacts.of_origin(origin).model_dump(mode="json"), "paths": paths}


def _echo_json(facts: Mapping[str, Any]) -> None:
    """Print one line of JSON, in ASCII: pipes have any encoding, file names any surrogates."""
    typer.echo(json.dumps(facts))


async def run_audit(settings: Settings, last: int, *, as_json: bool = False) -> None:
    """Print a line for each of the newest entries of the audit log, the newest last."""
    from stability_mcp.studio import open_studio

    async with open_studio(settings, program="stability-mcp log") as studio:
        entries = await studio.permissions.audited(last)
    if as_json:
        from stability_mcp.server.views import when

        for entry in reversed(entries):
            _echo_json({**asdict(entry), "at": when(entry.at)})
        return
    for entry in reversed(entries):
        words = (
            local_time(entry.at),
            f"{entry.event:<9}",
            f"{entry.operation:<36}",
            entry.prompt_hash[:HASH_CHARACTERS],
            entry.detail,
        )
        typer.echo("  ".join(words))
    if not entries:
        typer.echo("no prompt was refused or flagged")
