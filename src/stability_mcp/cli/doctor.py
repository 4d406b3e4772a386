"""`stability-mcp doctor`: prints what `diagnosis` finds, as text or as JSON; tests the webhook."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import asdict
from typing import Any

import typer

from stability_mcp.cli import diagnosis
from stability_mcp.cli.diagnosis import Check, Result
from stability_mcp.cli.host_setup import host_entry, host_line
from stability_mcp.done_target import read_target
from stability_mcp.errors import ConfigurationError
from stability_mcp.hosts.installation import Found, hosts_found
from stability_mcp.setting_values import COMMAND, KEY, SIGNING, variable
from stability_mcp.settings import Settings

MARKS: Mapping[Result, str] = {"ok": "ok", "bad": "BAD", "note": "note", "done": "done"}
"""Results of checks in the text."""

NOT_SET = {variable(KEY): "not set: the emulator is used"}
"""What the text says about a setting without a value; default: `not set`."""


async def run_doctor(
    settings: Settings,
    flags: Mapping[str, object],
    *,
    repair: bool = False,
    as_json: bool = False,
) -> bool:
    """Print the report; return whether there is no problem.

    Args:
        settings: The settings in force.
        flags: Those given on the command line.
        repair: Whether to repair the store.
        as_json: Whether to print one JSON document at the end, instead of lines as they are found.
    """
    found: list[Check] = []
    if not as_json:
        for line in _head(settings, flags):
            typer.echo(line)
    async for check in diagnosis.checks(settings, repair=repair):
        found.append(check)
        if not as_json:
            typer.echo(f"  {MARKS[check.result]:<4} {check.text}")
    fine = all(each.result != "bad" for each in found)
    if as_json:
        typer.echo(json.dumps(_document(settings, flags, found, fine=fine), indent=2))
    return fine


def _head(settings: Settings, flags: Mapping[str, object]) -> Iterator[str]:
    """Return the lines before the checks."""
    from stability_mcp.studio.system_facts import installation

    about = installation()
    yield f"stability-mcp {about.version}, Python {about.python}, {about.platform}"
    yield ", ".join(f"{name} {version}" for name, version in about.libraries.items())
    yield f"run as: {' '.join(about.command)}"
    yield "\nsettings"
    yield from in_force(settings)
    yield "\nhosts"
    for line in host_entry(settings, flags).splitlines():
        yield f"  {line}"
    hosts = hosts_found()
    for each in hosts:
        yield f"  {host_line(each)}"
    if not hosts:
        yield "  no known host was found on this machine"
    yield "\nchecks"


def in_force(settings: Settings) -> Iterator[str]:
    """Return a line for each setting: variable, value as one would type it, and origin."""
    from stability_mcp.studio.settings_in_force import settings_in_force

    for each in settings_in_force(settings):
        value = NOT_SET.get(each.name, "not set") if each.value is None else each.value
        yield f"  {each.name:<26} {value}  ({each.origin})"


def _document(
    settings: Settings, flags: Mapping[str, object], checks: list[Check], *, fine: bool
) -> dict[str, Any]:
    from stability_mcp.studio.settings_in_force import settings_in_force
    from stability_mcp.studio.system_facts import installation

    return {
        "ok": fine,
        "installation": asdict(installation()),
        "settings": {
            each.name: {"value": each.value, "origin": each.origin}
            for each in settings_in_force(settings)
        },
        "entry": json.loads(host_entry(settings, flags)),
        "hosts": [_host(each) for each in hosts_found()],
        "checks": [
            {
                "check": each.subject,
                "status": each.result,
                "text": each.text,
                "data": dict(each.data),
            }
            for each in checks
        ],
    }


def _host(found: Found) -> dict[str, Any]:
    return {
        "id": found.host.id,
        "name": found.host.name,
        "path": str(found.path),
        "installed": found.installed,
    }


async def run_webhook_test(settings: Settings, *, as_json: bool = False) -> bool:
    """Send a test message to the target of STABILITY_ON_DONE; return whether it was delivered.

    Raises:
        ConfigurationError: there is no target.
    """
    from stability_mcp.studio import send_test, target_of

    if settings.on_done is None:
        raise ConfigurationError(
            f"There is no webhook to test: {variable(COMMAND)} is not set in this terminal.",
            hint="Set it as in the MCP client's configuration.",
        )
    target = target_of(settings.on_done.get_secret_value(), settings.on_done_secret)
    attempt = await send_test(target)
    if as_json:
        facts = {"target": target.name, "signed": target.signed, **asdict(attempt)}
        facts["seconds"] = round(attempt.seconds, 3)
        typer.echo(json.dumps(facts, indent=2))
        return attempt.delivered
    outcome = "delivered" if attempt.delivered else "NOT delivered"
    typer.echo(f"test message to {target.name}: {outcome}")
    typer.echo(f"  answer: {attempt.answer}, after {attempt.seconds:.2f} s")
    if target.signed:
        typer.echo("  signed: yes")
    elif isinstance(read_target(settings.on_done.get_secret_value()), str):
        typer.echo(f"  signed: no, {variable(SIGNING)} is not set")
    else:
        typer.echo("  signed: no, only messages to an address are")
    return attempt.delivered
