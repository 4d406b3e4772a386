"""`stability-mcp doctor`: the settings in force and the state of the store; `--repair` fixes it."""

import os
import platform
import shutil
import sqlite3
import sys
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import AsyncExitStack
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import typer

from stability_mcp import __version__
from stability_mcp.cli.host_setup import host_report
from stability_mcp.done_target import read_target, shown_target
from stability_mcp.errors import StorageError, StudioError
from stability_mcp.setting_values import KEY, variable
from stability_mcp.settings import Settings, origin
from stability_mcp.text import credits_text, plain

if TYPE_CHECKING:
    from stability_mcp.studio import Retention, Spending, Status, StoreCheck, StoreTools

Mark = Literal["ok", "BAD", "note", "done"]
"""Correct; a problem that remains; a harmless leftover; a problem that was just repaired."""

LIBRARIES = ("mcp", "httpx2", "pydantic", "pillow")

NOT_SET = "not set"
NOTHING_TO_REMOVE = "retention: nothing to remove"
WORDS_FOR_NONE = {
    "budget": "none",
    "confirm_above": "never",
    "keep_days": "never",
    "keep_bytes": "never",
}
"""What one types for no limit."""


async def run_doctor(
    settings: Settings, flags: Mapping[str, object], *, repair: bool = False
) -> bool:
    """Print the report; return whether there is no problem.

    Args:
        settings: The settings in force.
        flags: Those given on the command line.
        repair: Whether to repair the store.
    """
    for line in installed():
        typer.echo(line)
    typer.echo("\nsettings")
    for line in in_force(settings, flags):
        typer.echo(line)
    typer.echo("\nhosts")
    for line in host_report(settings, flags):
        typer.echo(f"  {line}")
    typer.echo("\nchecks")
    problems = 0
    async for mark, line in store_checks(settings, repair=repair):
        problems += mark == "BAD"
        typer.echo(f"  {mark:<4} {line}")
    async for good, line in setup_checks(settings):
        problems += not good
        typer.echo(f"  {'ok ' if good else 'BAD'}  {line}")
    for notice in settings.notices:
        typer.echo(f"  note {plain(notice)}")
    return problems == 0


def installed() -> Iterator[str]:
    """Return the versions of what is installed, and how to start this program."""
    yield f"stability-mcp {__version__}, Python {platform.python_version()}, {platform.platform()}"
    libraries = [f"{name} {version(name)}" for name in LIBRARIES]
    yield ", ".join((*libraries, f"SQLite {sqlite3.sqlite_version}"))
    yield f"run as: {sys.executable} -m stability_mcp"


def in_force(settings: Settings, flags: Mapping[str, object]) -> Iterator[str]:
    """Return a line for each setting: variable, value as one would type it, and origin."""
    for field in type(settings).model_fields:
        stored = field == KEY and settings.key_source == "keyring"
        source = "keyring" if stored else origin(field, flags)
        yield f"  {variable(field):<26} {_typed(settings, field)}  ({source})"


def _typed(settings: Settings, field: str) -> str:
    """Return the value of a setting as one would type it; secrets are left out."""
    special = {
        "api_key": f"{NOT_SET}: the emulator is used" if settings.emulated else "set",
        "home": str(settings.home_dir),
        "output_dir": str(settings.copies_dir or "none"),
        "rate": "{:g}/{:g}".format(*settings.rate),
        "roots": os.pathsep.join(map(str, settings.roots)) or NOT_SET,
        "roots_only": str(int(settings.roots_only)),
    }
    if field in special:
        return special[field]
    value = getattr(settings, field)
    if isinstance(value, tuple):
        return ",".join(value) or NOT_SET
    if value is None:
        return WORDS_FOR_NONE.get(field, NOT_SET)
    if field == "on_done":
        return shown_target(value.get_secret_value())
    return f"{value:g}" if isinstance(value, float) else str(value)


async def store_checks(settings: Settings, *, repair: bool) -> AsyncIterator[tuple[Mark, str]]:
    """Yield a line for each problem in the store, or one line if there is none.

    Args:
        settings: Where the store is, and how long things are kept.
        repair: Whether to repair what is found and apply retention.
    """
    from stability_mcp.studio import open_for_check

    async with AsyncExitStack() as stack:
        try:
            store = await stack.enter_async_context(open_for_check(settings, repair=repair))
        except StorageError:
            return  # `setup_checks` opens the store too and reports why it can't
        try:
            async for line in _findings(store.check, repair=repair):
                yield line
            if repair:
                yield await _apply_retention(store.retention)
            async for line in _size_and_retention(store, repaired=repair):
                yield line
        except StorageError as error:
            yield "BAD", str(error)
        except OSError as error:
            yield "BAD", plain(f"the check of the store stopped early: {error}")


async def _findings(check: "StoreCheck", *, repair: bool) -> AsyncIterator[tuple[Mark, str]]:
    problems = 0
    async for found in check.findings():
        problems += found.bad
        mark: Mark = "BAD" if found.bad else "note"
        if repair and found.done:
            mark = "done"
        yield mark, plain(": ".join(filter(None, (found.text, found.done))))
    if not problems:
        compared = f"{check.compared} of {check.blobs} stored files"
        yield "ok", f"the store is consistent; {compared} compared with their hashes"
    elif not repair:
        yield "note", "stability-mcp doctor --repair repairs what it can"


async def _apply_retention(retention: "Retention") -> tuple[Mark, str]:
    removed = (await retention.sweep()).line()
    return ("done", f"retention removed {removed}") if removed else ("ok", NOTHING_TO_REMOVE)


async def _size_and_retention(
    store: "StoreTools", *, repaired: bool
) -> AsyncIterator[tuple[Mark, str]]:
    """Yield what the store takes on the disk, and what retention would remove next."""
    size, *replaced = (await store.size()).lines()
    yield "ok", size
    for line in replaced:
        yield "note", line
    if repaired or store.keep == type(store.keep)():
        return
    plan = await store.plan()
    lines = plan.lines()
    yield "ok", f"the next sweep removes {'; '.join(lines)}" if lines else NOTHING_TO_REMOVE
    if excess := plan.swept.excess_line():
        yield "note", excess


async def setup_checks(settings: Settings) -> AsyncIterator[tuple[bool, str]]:
    """Check what a call needs: the store, the account, disk space, the output folder."""
    from stability_mcp.studio import MIN_FREE_BYTES, open_studio

    try:
        async with open_studio(settings, program="stability-mcp doctor") as studio:
            yield True, f"the store in {settings.home_dir} opens"
            status = await studio.status()
            yield True, budget_line(settings, status.spent)
            yield account_line(status)
    except StudioError as error:
        yield False, str(error)
    off = f"off ({variable('roots_only')})"
    named = "those that the MCP client names; server_status lists them"
    yield True, f"workspace folders: {off if settings.roots_only else named}"
    free = shutil.disk_usage(_existing(settings.home_dir)).free
    yield free > MIN_FREE_BYTES, f"{free / 1e9:.1f} GB free for results"
    if settings.on_done is not None:
        target = read_target(settings.on_done.get_secret_value())
        name = shown_target(settings.on_done.get_secret_value())
        found = isinstance(target, str) or shutil.which(target[0]) is not None
        yield found, f"{name} is notified when a job ends" if found else f"{name} was not found"
    if settings.copies_dir is not None:
        folder = _existing(settings.copies_dir)
        writable = os.access(folder, os.W_OK)
        can = "can" if writable else "can't"
        yield writable, f"readable copies {can} be written below {folder}"


def budget_line(settings: Settings, spent: "Spending") -> str:
    """Return what limits spending."""
    if settings.emulated:
        return "emulator: nothing is charged, so no budget applies"
    if spent.limit is None:
        return f"no daily budget; {credits_text(spent.today)} spent today"
    return (
        f"daily budget: {spent.today / 1000:g} of {credits_text(spent.limit)} spent today; it "
        "covers this data folder only, not other folders or machines with the same key"
    )


def account_line(status: "Status") -> tuple[bool, str]:
    """Return whether the account answers, and its balance."""
    if status.emulated:
        return status.balance is not None, "the built-in emulator answers"
    if status.balance is None:
        return False, f"the account at {status.upstream} does not answer: {status.balance_note}"
    return True, f"the account at {status.upstream} answers: {status.balance:.2f} credits left"


def _existing(folder: Path) -> Path:
    """Return the folder itself or its nearest ancestor that exists."""
    return next(each for each in (folder, *folder.parents) if each.exists())
