"""The parts of a studio; private to this package."""

from dataclasses import dataclass, replace

from stability_mcp.client.client import Client
from stability_mcp.jobs.jobs import Jobs
from stability_mcp.media.importer import Importer
from stability_mcp.media.library import MediaLibrary
from stability_mcp.media.phrase_lookup import Sheet
from stability_mcp.media.roots import Roots
from stability_mcp.media.workspace import WorkspaceSource
from stability_mcp.policy.spend_limits import LimitedClient, SpendScope
from stability_mcp.settings import Settings
from stability_mcp.store.database import Database
from stability_mcp.store.liveness import Liveness
from stability_mcp.store.tenancy import Account, Upstream
from stability_mcp.studio.defaults import Defaults
from stability_mcp.studio.links import Links
from stability_mcp.studio.permissions import Permissions
from stability_mcp.workflows.runs.run_host import RunHost


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
    runs: RunHost
    """Drives the workflows of this process."""


@dataclass(frozen=True, kw_only=True)
class StudioParts:
    """The parts of one account's studio; cheap to create."""

    runtime: Runtime
    account: Account
    media: MediaLibrary
    importer: Importer
    permissions: Permissions
    spend_scope: SpendScope | None = None
    """The client that makes the calls, whose spending limits bind them; None: none do."""
    client_name: str = ""
    """What the client that makes the calls is called in lists; "": it has no name."""

    def for_client(
        self,
        source: WorkspaceSource | None,
        sheet: Sheet | None,
        scope: SpendScope | None,
        *,
        reads_files: bool = True,
        name: str = "",
    ) -> "StudioParts":
        """Return the parts for the calls of one client, or these if it adds nothing.

        Args:
            source: See `Importer.for_client`.
            sheet: See there.
            scope: The client, whose spending limits bind all calls; None: none do.
            reads_files: See `Importer.for_client`.
            name: What the client is called in lists of jobs.
        """
        allowed = None if self.settings.roots_only else source  # then the client isn't asked
        importer = self.importer
        if allowed is not None or sheet is not None or not reads_files:
            importer = importer.for_client(allowed, sheet, reads_files=reads_files)
        if (importer, scope, name) == (self.importer, self.spend_scope, self.client_name):
            return self
        return replace(self, importer=importer, spend_scope=scope, client_name=name)

    def limited_client(self, scope: SpendScope | None = None) -> LimitedClient | None:
        """Return the client of a scope, by default of `spend_scope`, to read its limits."""
        named = scope or self.spend_scope
        if named is None:
            return None
        runner = self.jobs.runner
        live = Liveness(process=runner.process)
        return LimitedClient(account=self.account, scope=named, live=live, now=runner.now)

    @property
    def settings(self) -> Settings:
        """Return the settings in use."""
        return self.runtime.settings

    @property
    def jobs(self) -> Jobs:
        """Return the jobs of the process."""
        return self.runtime.jobs
