"""Reads what every command is started with: the settings.

Length: one function, in a module that all modules with commands can import.
"""

import typer

from stability_mcp.logs import configure_logs
from stability_mcp.settings import Settings, read_settings


def settings_of(context: typer.Context, *, keyring: bool = True) -> Settings:
    """Return the settings in force for a command, and configure the logs.

    Raises:
        ConfigurationError: a value is invalid.
    """
    settings = read_settings(keyring=keyring, **context.obj)
    configure_logs(settings)
    return settings
