"""What a studio is made of; nothing outside this package sees it."""

from dataclasses import dataclass

from stability_mcp.client.client import Client
from stability_mcp.jobs.jobs import Jobs
from stability_mcp.media.importer import Importer
from stability_mcp.media.library import MediaLibrary
from stability_mcp.media.roots import Roots
from stability_mcp.settings import Settings
from stability_mcp.store.database import Database
from stability_mcp.store.tenancy import Account, Upstream
from stability_mcp.studio.permissions import Permissions


@dataclass(frozen=True, kw_only=True)
class Runtime:
    """What lives as long as the process: one store, one upstream, and the jobs that run there."""

    settings: Settings
    upstream: Upstream
    database: Database
    client: Client
    roots: Roots
    jobs: Jobs


@dataclass(frozen=True, kw_only=True)
class StudioParts:
    """What the studio of one account works with; cheap to make."""

    runtime: Runtime
    account: Account
    media: MediaLibrary
    importer: Importer
    permissions: Permissions

    @property
    def settings(self) -> Settings:
        """Return what is in force."""
        return self.runtime.settings

    @property
    def jobs(self) -> Jobs:
        """Return the jobs of the process."""
        return self.runtime.jobs
