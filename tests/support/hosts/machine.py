"""Changes configurations in a temporary folder as the commands do."""

from pathlib import Path

from stability_mcp.hosts.backups import Backups
from stability_mcp.hosts.entry import Connection, additions
from stability_mcp.hosts.installation import (
    Change,
    apply_install,
    apply_uninstall,
    plan_install,
    plan_uninstall,
)
from stability_mcp.hosts.known import Host

CONNECTION = Connection(command=("/opt/py/bin/stability-mcp",), env={"STABILITY_BUDGET": "50"})


class Machine:
    """Installs and uninstalls as the commands do, without their output.

    Args:
        folder: Holds the backups and, in `config`, a configuration.
    """

    def __init__(self, folder: Path) -> None:
        self.backups = Backups(folder / "data")
        self.config = folder / "config"
        self.config.mkdir(exist_ok=True)

    def install(self, host: Host, path: Path, *, create: bool = True) -> None:
        """Add the server to a configuration."""
        parts = additions(host, CONNECTION)

        def plan() -> Change:
            return plan_install(host, path, parts, create=create)

        apply_install(host, plan, self.backups)

    def uninstall(self, host: Host, path: Path) -> None:
        """Remove the server from a configuration."""

        def plan() -> Change:
            return plan_uninstall(host, path, self.backups)

        apply_uninstall(host, plan, self.backups)

    @property
    def leftovers(self) -> list[Path]:
        """Return the temporary files in the folder of the configuration."""
        return list(self.config.rglob("*-tmp"))
