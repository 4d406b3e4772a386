"""The parts of a studio; private to this package."""

from dataclasses import dataclass

from stability_mcp.client.client import Client
from stability_mcp.jobs.jobs import Jobs
from stability_mcp.media.importer import Importer
from stability_mcp.media.library import MediaLibrary
from stability_mcp.media.roots import Roots
from stability_mcp.settings import Settings
from stability_mcp.store.database import Database
from stability_mcp.store.tenancy import Account, Upstream
from stability_mcp.studio.defaults import Defaults
from stability_mcp.studio.links import Links
from stability_mcp.studio.permissions import Permissions


@dataclass(frozen=True, kw_only=True)
class Runtime:
    """Lives as long as the process: one store, one upstream and its jobs."""

    settings: Settings
    upstream: Upstream
    database: Database
    client: Client
    roots: Roots
    jobs: Jobs
    links: Links
    defaults: Defaults


@dataclass(frozen=True, kw_only=True)
class StudioParts:
    """The parts of one account's studio; cheap to create."""

    runtime: Runtime
    account: Account
    media: MediaLibrary
    importer: Importer
    permissions: Permissions

    @property
    def settings(self) -> Settings:
        """Return the settings in use."""
        return self.runtime.settings

    @property
    def jobs(self) -> Jobs:
        """Return the jobs of the process."""
        return self.runtime.jobs
