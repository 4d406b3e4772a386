"""Defines the commands about jobs and money; `ledger` does the work."""

from functools import partial
from typing import Annotated, Literal

import anyio
import typer

from stability_mcp.cli.invocation import settings_of

MAX_BUDGET = 1_000_000_000
"""Highest budget for a day in credits, 10 million USD: a larger number is a slip."""


def cache(
    context: typer.Context,
    action: Annotated[
        Literal["show", "clear"],
        typer.Argument(help="`clear` empties the cache; the results stay stored."),
    ] = "show",
) -> None:
    """Show how many results are cached and what they saved, or clear the cache."""
    from stability_mcp.cli.ledger import run_cache

    anyio.run(partial(run_cache, settings_of(context), clear=action == "clear"))


def _complete_operation(incomplete: str) -> list[str]:
    from stability_mcp.api.operations import OPERATIONS

    return [each for each in OPERATIONS if each.startswith(incomplete)]


def _complete_state(incomplete: str) -> list[str]:
    from stability_mcp.cli.ledger import job_states

    return [each for each in job_states() if each.startswith(incomplete)]


def log(  # noqa: PLR0913 -- one parameter per option
    context: typer.Context,
    *,
    last: Annotated[
        int, typer.Option("--last", "--limit", help="Number of entries.", min=1, max=1_000)
    ] = 20,
    operation: Annotated[
        str | None,
        typer.Option(
            help="Only jobs of this operation, e.g. generate_core.",
            autocompletion=_complete_operation,
        ),
    ] = None,
    state: Annotated[
        str | None,
        typer.Option(
            help="Only jobs in this state: queued, paused, running, done, failed, cancelled or "
            "unknown.",
            autocompletion=_complete_state,
        ),
    ] = None,
    since: Annotated[
        str | None,
        typer.Option(
            help="From this time on: 2026-11-22, 2026-11-22T14:00, today, 2h or 3d (ago)."
        ),
    ] = None,
    until: Annotated[str | None, typer.Option(help="Up to this time; a day is included.")] = None,
    audit: Annotated[
        bool, typer.Option("--audit", help="List refused and flagged prompts instead.")
    ] = False,
    as_json: Annotated[
        bool, typer.Option("--json", help="Print JSON Lines: one object for each entry.")
    ] = False,
) -> None:
    """List the newest jobs: time, operation, state, cost, prompt, inputs and results."""
    from stability_mcp.cli.ledger import read_filters, run_audit, run_log

    if audit and (operation or state or since or until):
        raise typer.BadParameter(
            "--audit can't be combined with --operation, --state, --since or --until"
        )
    settings = settings_of(context)
    if audit:
        anyio.run(partial(run_audit, settings, last, as_json=as_json))
    else:
        filters = read_filters(operation, state, since, until)
        anyio.run(partial(run_log, settings, last, filters, as_json=as_json))


def budget(
    context: typer.Context,
    credits: Annotated[  # noqa: A002 -- shown in the help text
        float | None, typer.Argument(help="Today's new budget.", min=0, max=MAX_BUDGET)
    ] = None,
    *,
    today: Annotated[
        bool,
        typer.Option(
            "--today", help="Required to raise the budget; it returns to normal tomorrow."
        ),
    ] = False,
) -> None:
    """Show today's budget; `budget 1500 --today` raises it, in a terminal only."""
    from stability_mcp.cli.ledger import run_budget

    if (credits is None) == today:
        raise typer.BadParameter("to raise the budget, pass both a number and --today")
    anyio.run(run_budget, settings_of(context), credits)


def limit(
    context: typer.Context,
    amount: Annotated[str, typer.Argument(help="New total in credits; none lifts it.")] = "",
    number: Annotated[int | None, typer.Option("--id", help="Which, if there are several.")] = None,
) -> None:
    """Show spending limits set in chats; `limit 50` or `limit none` changes one, in a terminal."""
    from stability_mcp.cli.ledger import run_limit

    anyio.run(run_limit, settings_of(context), amount, number)
