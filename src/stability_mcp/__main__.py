"""Entry point: `stability-mcp` without a command is the server on stdio.

Every setting is also a flag (`--toolsets edit`), anywhere on the line. The path to the server
doesn't import the command-line library or anything else it doesn't need, because the host waits for
every start.
"""

import argparse
import os
import sys
from collections.abc import Mapping
from typing import Any

from stability_mcp.errors import StudioError
from stability_mcp.logs import configure_logs
from stability_mcp.setting_values import SECRETS
from stability_mcp.settings import Settings, read_settings

COMPLETION = "_STABILITY_MCP_COMPLETE"
"""The variable by which a shell asks for completions; typer derives its name from the command."""

TERMINAL_HELP = """\
stability-mcp: the Stability AI API as MCP tools. It speaks MCP on stdin and stdout, so a host such
as Claude Desktop starts it. On a terminal, try:
  stability-mcp demo            a free tour on the built-in emulator
  stability-mcp call generate_core --prompt "a lighthouse at dusk"
  stability-mcp install cursor  add the server to a host
  stability-mcp doctor          check the configuration
  stability-mcp --help          list all commands
Waiting for an MCP client; press Ctrl-D to stop."""


def main(arguments: list[str] | None = None) -> None:
    """Run the program; exit with an error message if a setting is invalid."""
    flags, rest = split_flags(sys.argv[1:] if arguments is None else arguments)
    if rest or COMPLETION in os.environ:
        from stability_mcp.cli.app import run

        run(rest, flags)
        return
    try:
        _serve(flags)
    except StudioError as error:
        from stability_mcp.cli.exit_codes import exit_with

        exit_with(error)


def _serve(flags: Mapping[str, Any]) -> None:
    settings = read_settings(**flags)
    configure_logs(settings)
    if sys.stdin.isatty():
        sys.stderr.write(TERMINAL_HELP + "\n")
    from stability_mcp.server.garbage import paused_collection

    with paused_collection():
        from stability_mcp.cli.page_opening import open_pages
        from stability_mcp.server.stdio import run_stdio

    run_stdio(settings, open_pages)


def split_flags(arguments: list[str]) -> tuple[dict[str, Any], list[str]]:
    """Return the settings among the arguments, and the remaining arguments.

    Secrets aren't flags: every user of a machine can read the command lines of all processes.
    """
    parser = argparse.ArgumentParser(add_help=False, allow_abbrev=False)
    for name, field in Settings.model_fields.items():
        if name in SECRETS:
            continue
        flag = f"--{name.replace('_', '-')}"
        if field.annotation is bool:
            parser.add_argument(flag, action="store_const", const=True, dest=name)
        else:
            parser.add_argument(flag, dest=name)
    found, rest = parser.parse_known_args(arguments)
    return {name: value for name, value in vars(found).items() if value is not None}, rest


if __name__ == "__main__":
    main()
