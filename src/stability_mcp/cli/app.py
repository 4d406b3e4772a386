"""Defines the commands; the other modules of this package do the work."""

import sys
from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import Annotated, Any

import anyio
import typer

from stability_mcp import __version__
from stability_mcp.cli import exit_codes, ledger_commands
from stability_mcp.cli.invocation import settings_of
from stability_mcp.cli.store_commands import add_commands
from stability_mcp.cli.usage_table import usage
from stability_mcp.errors import NotFoundError

app = typer.Typer(
    name="stability-mcp",
    help="The whole Stability AI API as MCP tools. Without a command, runs the MCP server on "
    "stdio. Every setting except the API key is also a flag (--toolsets edit,upscale).",
    no_args_is_help=True,
    add_completion=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)

EMULATOR_PORT = 8787
HTTP_PORT = 8788

HELP_FLAGS = frozenset({"-h", "--help"})


def run(arguments: list[str], flags: Mapping[str, Any]) -> None:
    """Run one command; a `StudioError` becomes one line on stderr and an exit code of its kind."""
    _suggest_call(arguments)
    try:
        app(args=arguments, obj=dict(flags), prog_name="stability-mcp")
    except Exception as error:
        found = exit_codes.studio_error_in(error)
        if found is None:
            _exit_if_full(error)
            raise
        exit_codes.exit_with(found)


def _exit_if_full(error: Exception) -> None:
    """Exit with a sentence if the output went to a full disk; a call may have been charged."""
    from stability_mcp.studio import is_full

    if isinstance(error, OSError) and is_full(error):
        sys.stderr.write(f"stability-mcp: The output could not be written: {error.strerror}.\n")
        sys.exit(exit_codes.OTHER)


def _suggest_call(arguments: list[str]) -> None:
    """Exit with a suggestion if the name of a tool was used as a command."""
    first = arguments[0] if arguments else ""
    if not first or first.startswith("-") or first in typer.main.get_group(app).commands:
        return
    from stability_mcp.cli.tool_help import no_command

    if text := no_command(first):
        sys.stderr.write(f"stability-mcp: {text}\n")
        sys.exit(exit_codes.USAGE)


def _version(shown: bool) -> None:  # noqa: FBT001 -- the signature of a typer callback
    if shown:
        typer.echo(__version__)
        raise typer.Exit


@app.callback()
def _root(
    *,
    version: Annotated[
        bool,
        typer.Option(
            "--version", callback=_version, is_eager=True, help="Print the version and exit."
        ),
    ] = False,
) -> None:
    pass


@app.command()
def serve(  # noqa: PLR0913 -- an option each
    context: typer.Context,
    *,
    http: Annotated[
        bool, typer.Option("--http", help="Serve streamable HTTP instead of stdio.")
    ] = False,
    host: Annotated[str, typer.Option(help="Address to listen on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(help="Port to listen on; 0 picks a free one.")] = HTTP_PORT,
    token: Annotated[
        str | None,
        typer.Option(help="Bearer token clients must send; default: generated once and kept."),
    ] = None,
    no_auth: Annotated[
        bool,
        typer.Option("--no-auth", help="Require no token: any local user can spend your credits."),
    ] = False,
) -> None:
    """Run the MCP server on stdio, or over HTTP on this machine."""
    from stability_mcp.cli.page_opening import open_pages

    settings = settings_of(context)
    if not http:
        from stability_mcp.server.stdio import run_stdio

        run_stdio(settings, open_pages)
        return
    from stability_mcp.http.http_serving import run_http

    run_http(settings, address=(host, port), token=token, auth=not no_auth, open_pages=open_pages)


@app.command()
def ui(
    context: typer.Context,
    *,
    port: Annotated[
        int | None,
        typer.Option(
            help="Port to listen on; 0 picks a free one.  [default: that of the last run]",
            show_default=False,
        ),
    ] = None,
    no_open: Annotated[
        bool, typer.Option("--no-open", help="Only print the link; open no browser.")
    ] = False,
) -> None:
    """Open the web page: gallery, jobs, masks, workflows, comparison and usage."""
    from stability_mcp.cli.page_opening import open_pages
    from stability_mcp.cli.web_page import run_ui

    settings = settings_of(context)
    anyio.run(partial(run_ui, settings, port=port, opens=not no_open, open_pages=open_pages))


@app.command()
def demo(
    context: typer.Context,
    image: Annotated[Path | None, typer.Option(help="Also cut out your own picture.")] = None,
) -> None:
    """Connect a real MCP client to a server and produce every kind of result."""
    from stability_mcp.cli.demo import run_demo

    found = image.expanduser().absolute() if image else None
    anyio.run(run_demo, settings_of(context, keyring=False), found)


@app.command()
def emulator(
    port: Annotated[
        int, typer.Option(help="Port to listen on; 0 picks a free one.")
    ] = EMULATOR_PORT,
    host: Annotated[str, typer.Option(help="Address to listen on.")] = "127.0.0.1",
    latency: Annotated[
        str,
        typer.Option(
            help="Seconds a paid call takes; `none`; `real` uses the API's measured times."
        ),
    ] = "none",
) -> None:
    """Run the API emulator as a server, to test programs without the API."""
    from stability_emulator.serve import run as run_emulator

    try:
        run_emulator(host=host, port=port, latency=latency)
    except ValueError:
        raise typer.BadParameter(
            "must be none, real or a number of seconds", param_hint="--latency"
        ) from None


class CallCommand(typer.core.TyperCommand):
    """`call`, whose flags are the arguments of the tool it names."""

    def shell_complete(self, ctx: Any, incomplete: str) -> list[Any]:  # noqa: ANN401 -- typer's click is private
        """Return its own completions and the arguments of the tool."""
        from stability_mcp.cli.tool_help import complete_argument

        own = super().shell_complete(ctx, "--")
        item = type(own[0])  # typer exports no name for this class
        found = complete_argument(ctx.params.get("tool") or "", ctx.args, incomplete)
        return [
            *(each for each in own if each.value.startswith(incomplete)),
            *(item(value, help=text) for value, text in found),
        ]


def _complete_tool(incomplete: str) -> list[tuple[str, str]]:
    from stability_mcp.cli.tool_help import complete_tool

    return complete_tool(incomplete)


@app.command(
    cls=CallCommand,
    add_help_option=False,
    context_settings={"allow_extra_args": True, "ignore_unknown_options": True},
)
def call(
    context: typer.Context,
    tool: Annotated[
        str,
        typer.Argument(help="Name of the tool; `tools` lists them.", autocompletion=_complete_tool),
    ],
    *,
    as_json: Annotated[
        bool, typer.Option("--json", help="Print the result as JSON, for programs.")
    ] = False,
) -> None:
    """Run a tool with its arguments as flags: `call generate_core --prompt "a lighthouse"`.

    `call TOOL --help` lists the arguments of a tool.
    """
    from stability_mcp.cli.call import read_arguments, run_call

    if tool in HELP_FLAGS:
        typer.echo(context.get_help())
        return
    if HELP_FLAGS & set(context.args):
        _print_tool_help(tool)
        return
    arguments = read_arguments(context.args)
    code = anyio.run(partial(run_call, settings_of(context), tool, arguments, as_json=as_json))
    if code:
        raise typer.Exit(code)


def _print_tool_help(tool: str) -> None:
    from stability_mcp.cli.tool_help import no_tool, tool_help

    text = tool_help(tool)
    if text is None:
        raise NotFoundError(no_tool(tool))
    typer.echo(text)


@app.command()
def tools(context: typer.Context) -> None:
    """List the enabled tools and what they are for."""
    from stability_mcp.cli.call import list_tools

    for line in list_tools(settings_of(context)):
        typer.echo(line)


@app.command()
def doctor(  # noqa: PLR0913 -- an option each
    context: typer.Context,
    document: Annotated[
        str | None,
        typer.Argument(help="With --drift: file or URL of an OpenAPI document to compare instead."),
    ] = None,
    *,
    repair: Annotated[
        bool, typer.Option("--repair", help="Repair the store and report each repair.")
    ] = False,
    drift: Annotated[
        bool,
        typer.Option(
            "--drift", help="Compare the tools with the OpenAPI document the API publishes."
        ),
    ] = False,
    test_webhook: Annotated[
        bool, typer.Option("--test-webhook", help="Send a test message to STABILITY_ON_DONE.")
    ] = False,
    as_json: Annotated[
        bool, typer.Option("--json", help="Print the report as one JSON document.")
    ] = False,
) -> None:
    """Print the settings in force and check the store, the account and the folders."""
    if drift + repair + test_webhook > 1:
        raise typer.BadParameter("use only one of --drift, --repair and --test-webhook")
    if drift and as_json:
        raise typer.BadParameter("--json can't be combined with --drift")
    if document is not None and not drift:
        raise typer.BadParameter("a document needs --drift")
    settings = settings_of(context)
    if drift:
        from stability_mcp.cli.drift import run_drift

        fine = anyio.run(run_drift, settings, document)
    elif test_webhook:
        from stability_mcp.cli.doctor import run_webhook_test

        fine = anyio.run(partial(run_webhook_test, settings, as_json=as_json))
    else:
        from stability_mcp.cli.doctor import run_doctor

        fine = anyio.run(partial(run_doctor, settings, context.obj, repair=repair, as_json=as_json))
    if not fine:
        raise typer.Exit(1)


@app.command()
def login(context: typer.Context) -> None:
    """Store your API key in the keyring of the operating system, after checking it."""
    from stability_mcp.cli.login import run_login

    run_login(settings_of(context, keyring=False))


@app.command()
def logout(context: typer.Context) -> None:
    """Remove the API key from the keyring."""
    from stability_mcp.cli.login import run_logout

    run_logout(settings_of(context, keyring=False))


@app.command()
def install(  # noqa: PLR0913 -- an option each
    context: typer.Context,
    host: Annotated[str, typer.Argument(help="The host, such as cursor; docs/hosts.md lists all.")],
    *,
    show: Annotated[bool, typer.Option("--print", help="Only print what would be added.")] = False,
    url: Annotated[
        str, typer.Option(help="Connect to a running server over HTTP instead of starting one.")
    ] = "",
    secrets: Annotated[
        bool, typer.Option("--secrets", help="Write the API key, with --url the token, as text.")
    ] = False,
    file: Annotated[
        Path | None, typer.Option(help="Configuration file to change instead of the host's own.")
    ] = None,
    create: Annotated[
        bool, typer.Option("--create", help="Create the configuration's folder if it is missing.")
    ] = False,
    yes: Annotated[bool, typer.Option("--yes", help="Don't ask before writing.")] = False,
) -> None:
    """Add this server to the configuration of an MCP host, such as Cursor."""
    from stability_mcp.cli.host_setup import InstallOptions, run_install

    options = InstallOptions(show=show, url=url, secrets=secrets, file=file, create=create, yes=yes)
    if not run_install(settings_of(context), context.obj, host, options):
        raise typer.Exit(1)


@app.command()
def uninstall(
    context: typer.Context,
    host: Annotated[str, typer.Argument(help="The host, such as cursor; docs/hosts.md lists all.")],
    *,
    file: Annotated[
        Path | None, typer.Option(help="Configuration file to change instead of the host's own.")
    ] = None,
    yes: Annotated[bool, typer.Option("--yes", help="Don't ask before writing.")] = False,
) -> None:
    """Remove this server from the configuration of an MCP host."""
    from stability_mcp.cli.host_setup import run_uninstall

    if not run_uninstall(settings_of(context), host, file=file, yes=yes):
        raise typer.Exit(1)


for _command in (
    ledger_commands.cache,
    ledger_commands.log,
    ledger_commands.budget,
    ledger_commands.limit,
    usage,
):
    app.command()(_command)

add_commands(app, settings_of)
