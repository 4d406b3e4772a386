"""Tools about the server itself: how it stands."""

from stability_mcp import __version__
from stability_mcp.server.call_context import CallContext
from stability_mcp.server.definition import QUERIES
from stability_mcp.server.tool import Arguments, Data, tool
from stability_mcp.server.toolsets import ALWAYS, toolset_of
from stability_mcp.studio import Studio
from stability_mcp.text import credits_text


class ServerStatus(Arguments):
    """Check that everything works: key or emulator, credits left, spent today, jobs, folders."""


class StatusFacts(Data):
    """How the server stands."""

    note: str
    """In one sentence."""
    version: str
    upstream: str
    emulated: bool
    """Whether the built-in emulator stands in for the API."""
    balance: float | None = None
    """Credits on the account."""
    balance_note: str
    spent_today: float
    """Credits."""
    reserved: float
    """Credits of jobs under way."""
    budget: float | None = None
    """Most credits a day."""
    unfinished: int
    """Jobs under way or not yet collected."""
    home: str
    """Where everything is kept."""
    copies: str | None = None
    """Where readable copies go."""
    roots: list[str]
    """Folders that files may be read from."""
    toolsets: list[str]
    """Families of tools that are on."""
    client: str
    """The program that asks."""


@tool(title="Server status", effects=QUERIES)
async def server_status(
    studio: Studio,
    arguments: ServerStatus,  # noqa: ARG001 -- every tool takes the three
    context: CallContext,
) -> StatusFacts:
    """Ask the studio, which asks the account."""
    status = await studio.status()
    spent = status.spent
    note = (
        "NO API KEY: placeholders are drawn by the built-in emulator, at no cost. The person who "
        "runs the server sets STABILITY_API_KEY."
        if status.emulated
        else f"Real key; {credits_text(spent.session)} spent since this server started."
    )
    return StatusFacts(
        note=note,
        version=__version__,
        upstream=status.upstream,
        emulated=status.emulated,
        balance=status.balance,
        balance_note=status.balance_note,
        spent_today=spent.today / 1000,
        reserved=spent.reserved / 1000,
        budget=None if spent.limit is None else spent.limit / 1000,
        unfinished=status.unfinished,
        home=status.home,
        copies=status.copies,
        roots=status.roots,
        toolsets=sorted({toolset_of(name) for name in context.enabled.difference(ALWAYS)}),
        client=context.client,
    )
