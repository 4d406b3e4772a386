"""Commands about money: the budget, the cache, the ledger and the audit log."""

import sys

import typer

from stability_mcp.errors import ConfigurationError
from stability_mcp.settings import Settings, variable
from stability_mcp.text import CHARGES, credits_text, local_time

HASH_CHARACTERS = 12
"""Enough to see whether two entries are about the same prompt."""


async def run_budget(settings: Settings, ceiling: float | None) -> None:
    """Print what may still be spent today; raise the ceiling of today first where one is given.

    Raises:
        ConfigurationError: nobody sits at a terminal, there is no ceiling, or it is not raised.
    """
    from stability_mcp.studio import open_studio

    if ceiling is not None and not (sys.stdin.isatty() and sys.stdout.isatty()):
        raise ConfigurationError(
            "The ceiling is raised by a person in a terminal alone.",
            hint="Run the command yourself in a terminal.",
        )
    async with open_studio(settings, program="stability-mcp budget") as studio:
        before = spent = await studio.spending()
        if ceiling is not None and before.limit is not None and ceiling * 1000 > before.limit:
            await studio.raise_budget(round(ceiling * 1000))
            spent = await studio.spending()
    if ceiling is not None and spent == before:
        raise _not_raised(before.limit)
    if spent.limit is None or spent.left is None:
        where = (
            "the built-in emulator costs nothing" if settings.emulated else "there is no ceiling"
        )
        typer.echo(f"{credits_text(spent.today)} spent today; {where}")
        return
    typer.echo(
        f"{credits_text(spent.today)} of {credits_text(spent.limit)} spent today, "
        f"{credits_text(spent.reserved)} reserved, {credits_text(spent.left)} left"
    )


def _not_raised(limit: int | None) -> ConfigurationError:
    if limit is None:
        return ConfigurationError("There is no ceiling to raise.")
    return ConfigurationError(
        f"The ceiling of today is {credits_text(limit)} already.",
        hint=f"Lower it by {variable('budget')}.",
    )


async def run_cache(settings: Settings, *, clear: bool) -> None:
    """Print what can answer again, how often it did and what that saved; or clear it."""
    from stability_mcp.studio import open_studio

    async with open_studio(settings, program="stability-mcp cache") as studio:
        if clear:
            cleared = await studio.clear_cache()
            typer.echo(f"results that answer no more, and stay in the store: {cleared}")
            return
        found = await studio.cached()
    typer.echo(f"cache: {settings.cache}")
    typer.echo(f"results that can answer again: {found.entries}")
    typer.echo(f"calls answered from it: {found.hits}, {credits_text(found.saved)} saved")


async def run_log(settings: Settings, last: int) -> None:
    """Print a line for each of the newest jobs, the newest last, and the sum of today."""
    from stability_mcp.studio import open_studio

    async with open_studio(settings, program="stability-mcp log") as studio:
        page = await studio.list_jobs(limit=last)
        spent = await studio.spending()
    for job in reversed(page.items):
        paid = f"{credits_text(job.price)} {CHARGES[job.charged]}"
        typer.echo(
            f"{local_time(job.created_at)}  {job.id}  {job.operation:<28} {job.state:<10} {paid}"
        )
    limit = f" of {credits_text(spent.limit)}" if spent.limit is not None else ""
    typer.echo(f"today: {credits_text(spent.today)}{limit}")


async def run_audit(settings: Settings, last: int) -> None:
    """Print a line for each of the newest entries of the audit log, the newest last."""
    from stability_mcp.studio import open_studio

    async with open_studio(settings, program="stability-mcp log") as studio:
        entries = await studio.permissions.audited(last)
    for entry in reversed(entries):
        words = (
            local_time(entry.at),
            f"{entry.event:<9}",
            f"{entry.operation:<28}",
            entry.prompt_hash[:HASH_CHARACTERS],
            entry.detail,
        )
        typer.echo("  ".join(words))
    if not entries:
        typer.echo("nothing was refused or flagged")
