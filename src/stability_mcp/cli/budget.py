"""The ceiling of a day, for `stability-mcp budget`: shown to anybody, raised by a person alone."""

import sys

import typer

from stability_mcp.errors import ConfigurationError
from stability_mcp.settings import Settings, variable
from stability_mcp.wording import credits_text


async def run_budget(settings: Settings, ceiling: float | None) -> None:
    """Print what may still be spent today; raise the ceiling of today first where one is given.

    Raises:
        ConfigurationError: nobody sits at a terminal, there is no ceiling, or it is not raised.
    """
    from stability_mcp.studio import open_studio

    if ceiling is not None and not (sys.stdin.isatty() and sys.stdout.isatty()):
        raise ConfigurationError(
            "The ceiling is raised by a person in a terminal alone.",
            cure="Run the command yourself in a terminal.",
        )
    async with open_studio(settings, program="stability-mcp budget") as studio:
        before = spent = await studio.jobs.spending()
        if ceiling is not None and before.limit is not None and ceiling * 1000 > before.limit:
            await studio.jobs.raise_ceiling(round(ceiling * 1000))
            spent = await studio.jobs.spending()
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
        f"{credits_text(spent.held)} reserved, {credits_text(spent.left)} left"
    )


def _not_raised(limit: int | None) -> ConfigurationError:
    if limit is None:
        return ConfigurationError("There is no ceiling to raise.")
    return ConfigurationError(
        f"The ceiling of today is {credits_text(limit)} already.",
        cure=f"Lower it by {variable('budget')}.",
    )
