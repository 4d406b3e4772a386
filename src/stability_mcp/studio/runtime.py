"""What a studio is made of; nothing outside this package sees it."""

from dataclasses import dataclass

from stability_mcp.client.client import Client
from stability_mcp.jobs.jobs import Jobs
from stability_mcp.jobs.transactions.usage import Upstream
from stability_mcp.media.importer import Importer
from stability_mcp.media.library import MediaLibrary
from stability_mcp.media.roots import Roots
from stability_mcp.settings import Settings
from stability_mcp.store.database import Database
from stability_mcp.studio.permissions import Permissions


@dataclass(frozen=True, kw_only=True)
class Runtime:
    """The open parts below a studio, of one user and one upstream."""

    settings: Settings
    upstream: Upstream
    database: Database
    client: Client
    media: MediaLibrary
    importer: Importer
    roots: Roots
    jobs: Jobs
    permits: Permissions
