"""What the cache holds and saved, for `stability-mcp cache`."""

import typer

from stability_mcp.settings import Settings
from stability_mcp.wording import credits_text


async def run_cache(settings: Settings, *, clear: bool) -> None:
    """Print what can answer again, how often it did and what that saved; or clear it."""
    from stability_mcp.studio import open_studio

    async with open_studio(settings, program="stability-mcp cache") as studio:
        if clear:
            cleared = await studio.jobs.clear_cache()
            typer.echo(f"results that answer no more, and stay in the store: {cleared}")
            return
        found = await studio.jobs.cached()
    typer.echo(f"cache: {settings.cache}")
    typer.echo(f"results that can answer again: {found.entries}")
    typer.echo(f"calls answered from it: {found.hits}, {credits_text(found.saved)} saved")
