"""The newest jobs and what they cost, for `stability-mcp log`."""

from datetime import datetime

import typer

from stability_mcp.settings import Settings
from stability_mcp.wording import credits_text

CHARGED = {"yes": "", "held": "reserved", "assumed": "assumed", "no": "free"}
"""How a charge that is not simply charged is called."""


async def run_log(settings: Settings, last: int) -> None:
    """Print a line for each of the newest jobs, the newest last, and the sum of today."""
    from stability_mcp.studio import open_studio

    async with open_studio(settings, program="stability-mcp log") as studio:
        page = await studio.jobs.list(limit=last)
        spent = await studio.jobs.spending()
    for job in reversed(page.items):
        when = datetime.fromtimestamp(job.created_at).astimezone().strftime("%Y-%m-%d %H:%M")
        paid = " ".join(filter(None, (credits_text(job.price), CHARGED[job.charged])))
        typer.echo(f"{when}  {job.id}  {job.operation:<28} {job.state:<10} {paid}")
    limit = f" of {credits_text(spent.limit)}" if spent.limit is not None else ""
    typer.echo(f"today: {credits_text(spent.today)}{limit}")
