"""Tools about the server itself: its status."""

from stability_mcp import __version__
from stability_mcp.api.tool_arguments import Arguments
from stability_mcp.server.answer_text import limit_text, low_balance_lines
from stability_mcp.server.call_context import CallContext
from stability_mcp.server.definition import QUERIES
from stability_mcp.server.tool import Data, tool
from stability_mcp.server.toolsets import ALWAYS, toolset_of
from stability_mcp.settings import Settings
from stability_mcp.studio import Status, Studio
from stability_mcp.text import credits_text


class ServerStatus(Arguments):
    """Check the server: API key or emulator, balance, credits spent today, jobs, folders; free."""


class StatusFacts(Data):
    """The server's status."""

    note: str
    """Summary in a sentence or two."""
    version: str
    upstream: str
    emulated: bool
    """True without an API key: the built-in emulator replaces the API."""
    balance: float | None = None
    """Approximate credits on the account."""
    balance_note: str
    spent_today: float
    """Credits."""
    reserved: float
    """Credits reserved by unfinished jobs."""
    budget: float | None = None
    """Daily budget in credits."""
    spend_limit: str | None = None
    """What this client's spending limit has left."""
    unfinished: int
    """Jobs that are unfinished or whose result was never returned."""
    home: str
    """Folder of the database and the media."""
    copies: str | None = None
    """Output folder of the readable copies."""
    roots: list[str]
    """Folders that files may be read from."""
    workspace: list[str] | None = None
    """Further ones, for this client only: folders of its workspace."""
    toolsets: list[str]
    """Families of tools that are enabled."""
    client: str
    """Name of the MCP client."""
    warnings: list[str] | None = None
    """Settings and folders that are ignored, and a low balance."""


@tool(title="Server status", effects=QUERIES)
async def server_status(
    studio: Studio,
    arguments: ServerStatus,  # noqa: ARG001 -- every tool takes the three
    context: CallContext,
) -> StatusFacts:
    """Collect the status; with a key this queries the account's balance."""
    status = await studio.status()
    workspace = await studio.workspace()
    spent = status.spent
    return StatusFacts(
        note=_summarize(status, context.settings),
        version=__version__,
        upstream=status.upstream,
        emulated=status.emulated,
        balance=status.balance,
        balance_note=status.balance_note,
        spent_today=spent.today / 1000,
        reserved=spent.reserved / 1000,
        budget=None if spent.limit is None else spent.limit / 1000,
        spend_limit=limit_text(spent.spend_limit) if spent.spend_limit else None,
        unfinished=status.unfinished,
        home=status.home,
        copies=status.copies,
        roots=status.roots,
        workspace=[str(folder) for folder in workspace.folders] or None,
        toolsets=sorted({toolset_of(name) for name in context.enabled.difference(ALWAYS)}),
        client=context.client,
        warnings=[
            *context.settings.notices,
            *workspace.notes,
            *low_balance_lines(_millicredits(status.balance), context.settings),
        ]
        or None,
    )


def _millicredits(balance: float | None) -> float | None:
    return None if balance is None else balance * 1000


_HOW_TO_CORRECT = {
    "environment": "Set a valid STABILITY_API_KEY in the MCP client's configuration of this server "
    "and restart it.",
    "keyring": "Run `stability-mcp login` and restart this server.",
}


def _summarize(status: Status, settings: Settings) -> str:
    if status.emulated:
        why = f" ({settings.missing_key})" if settings.missing_key else ""
        return (
            f"NO API KEY{why}: the built-in emulator makes placeholders at no cost. To use the "
            "real API, set STABILITY_API_KEY in the MCP client's configuration of this server and "
            "restart it."
        )
    if status.key_rejected:
        return (
            f"The API rejected this key. It comes from the {settings.key_source}. "
            f"{_HOW_TO_CORRECT[settings.key_source or 'environment']}"
        )
    return (
        f"Real API key from the {settings.key_source}; {credits_text(status.spent.session)} spent "
        "since this server started."
    )
