"""The newest jobs and what they cost, and what was refused, for `stability-mcp log`."""

from datetime import datetime

import typer

from stability_mcp.settings import Settings
from stability_mcp.wording import credits_text

CHARGED = {"yes": "", "held": "reserved", "assumed": "assumed", "no": "free"}
"""How a charge that is not simply charged is called."""

HASH_CHARACTERS = 12
"""Enough to see whether two entries are about the same prompt."""


async def run_log(settings: Settings, last: int) -> None:
    """Print a line for each of the newest jobs, the newest last, and the sum of today."""
    from stability_mcp.studio import open_studio

    async with open_studio(settings, program="stability-mcp log") as studio:
        page = await studio.jobs.list(limit=last)
        spent = await studio.jobs.spending()
    for job in reversed(page.items):
        paid = " ".join(filter(None, (credits_text(job.price), CHARGED[job.charged])))
        typer.echo(f"{_when(job.created_at)}  {job.id}  {job.operation:<28} {job.state:<10} {paid}")
    limit = f" of {credits_text(spent.limit)}" if spent.limit is not None else ""
    typer.echo(f"today: {credits_text(spent.today)}{limit}")


async def run_audit(settings: Settings, last: int) -> None:
    """Print a line for each of the newest entries of the audit log, the newest last."""
    from stability_mcp.studio import open_studio

    async with open_studio(settings, program="stability-mcp log") as studio:
        entries = await studio.permits.audited(last)
    for entry in reversed(entries):
        words = (
            _when(entry.at),
            f"{entry.event:<9}",
            f"{entry.operation:<28}",
            entry.prompt_hash[:HASH_CHARACTERS],
            entry.detail,
        )
        typer.echo("  ".join(words))
    if not entries:
        typer.echo("nothing was refused or flagged")


def _when(at: float) -> str:
    return datetime.fromtimestamp(at).astimezone().strftime("%Y-%m-%d %H:%M")
