"""`stability-mcp doctor`: the settings in force and the state of the store; `--repair` fixes it."""

import os
import platform
import shutil
import sqlite3
import sys
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import AsyncExitStack
from dataclasses import asdict
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import typer

from stability_mcp import __version__
from stability_mcp.errors import StorageError, StudioError
from stability_mcp.settings import (
    Settings,
    near_misses,
    origin,
    read_target,
    shown_target,
    variable,
)
from stability_mcp.text import credits_text, plain

if TYPE_CHECKING:
    from stability_mcp.studio import Retention, StoreCheck

Mark = Literal["ok", "BAD", "note", "done"]
"""Fine; wrong and left so; a leftover that harms nobody; mended just now."""

LIBRARIES = ("mcp", "httpx2", "pydantic", "pillow")


async def examined(settings: Settings, *, repair: bool) -> AsyncIterator[tuple[Mark, str]]:
    """Yield a line for everything that is not as it should be in the store, or one that all is.

    Args:
        settings: Where the store is, and how long things are kept.
        repair: Whether to mend what is found, and to sweep what is old.
    """
    from stability_mcp.studio import open_for_check

    async with AsyncExitStack() as stack:
        try:
            store = await stack.enter_async_context(open_for_check(settings, repair=repair))
        except StorageError:
            return  # the check that opens it for work says why it cannot
        try:
            async for line in _examined(store.check, repair=repair):
                yield line
            if repair:
                yield await _sweep(store.retention)
        except StorageError as error:
            yield "BAD", str(error)
        except OSError as error:
            yield "BAD", plain(f"the store could not be examined to its end: {error}")


async def _examined(check: "StoreCheck", *, repair: bool) -> AsyncIterator[tuple[Mark, str]]:
    wrong = 0
    async for found in check.findings():
        wrong += found.bad
        mark: Mark = "BAD" if found.bad else "note"
        if repair and found.done:
            mark = "done"
        yield mark, plain(": ".join(filter(None, (found.text, found.done))))
    if not wrong:
        compared = f"{check.compared} of {check.blobs} stored files"
        yield "ok", f"the store is sound; {compared} were compared with their hashes"
    elif not repair:
        yield "note", "stability-mcp doctor --repair mends what can be mended"


async def _sweep(retention: "Retention") -> tuple[Mark, str]:
    removed = asdict(await retention.sweep())
    gone = ", ".join(f"{name} {count}" for name, count in removed.items() if count)
    if gone:
        return "done", f"swept what is old: {gone}"
    return "ok", "nothing is old enough to be swept"


if TYPE_CHECKING:
    from stability_mcp.studio import Spending


async def run_doctor(
    settings: Settings, flags: Mapping[str, object], *, repair: bool = False
) -> bool:
    """Print the report; return whether nothing is wrong.

    Args:
        settings: What is in force.
        flags: Those of the command line.
        repair: Whether to mend what is wrong with the store.
    """
    for line in facts():
        typer.echo(line)
    typer.echo("\nsettings")
    for line in in_force(settings, flags):
        typer.echo(line)
    typer.echo("\nchecks")
    problems = 0
    async for mark, line in examined(settings, repair=repair):
        problems += mark == "BAD"
        typer.echo(f"  {mark:<4} {line}")
    async for good, line in checks(settings):
        problems += not good
        typer.echo(f"  {'ok ' if good else 'BAD'}  {line}")
    for name in near_misses(os.environ):
        typer.echo(f"  note {name} is set and not read: the key belongs in {variable('api_key')}")
    return problems == 0


def facts() -> Iterator[str]:
    """Return what is installed."""
    yield f"stability-mcp {__version__}, Python {platform.python_version()}, {platform.platform()}"
    yield ", ".join(f"{name} {version(name)}" for name in LIBRARIES)
    yield f"SQLite {sqlite3.sqlite_version}; one writer at a time by our own lock"
    yield f"run as: {sys.executable}"


def in_force(settings: Settings, flags: Mapping[str, object]) -> Iterator[str]:
    """Return a line for each setting: its variable, value and origin."""
    for field in type(settings).model_fields:
        value = getattr(settings, field)
        shown = ("set" if value else "none: the emulator") if field == "api_key" else value
        if field == "home":
            shown = settings.home_dir
        elif field == "output_dir":
            shown = settings.copies_dir or "none"
        elif field == "on_done" and settings.on_done is not None:
            shown = shown_target(settings.on_done.get_secret_value())
        yield f"  {variable(field):<26} {shown}  ({origin(field, flags)})"


async def checks(settings: Settings) -> AsyncIterator[tuple[bool, str]]:
    """Try what a call needs: the store, the output folder, the disk, the key."""
    from stability_mcp.studio import MIN_FREE_BYTES, open_studio

    try:
        async with open_studio(settings, program="stability-mcp doctor") as studio:
            yield True, f"the store in {settings.home_dir} opens"
            status = await studio.status()
            yield True, ceiling(status.spent)
            yield (
                status.balance is not None,
                f"the account at {status.upstream} answers: {status.balance:g} credits"
                if status.balance is not None
                else f"the account at {status.upstream} does not answer: {status.balance_note}",
            )
    except StudioError as error:
        yield False, str(error)
    free = shutil.disk_usage(_existing(settings.home_dir)).free
    yield free > MIN_FREE_BYTES, f"{free / 1e9:.1f} GB are free for results"
    if settings.on_done is not None:
        target = read_target(settings.on_done.get_secret_value())
        found = isinstance(target, str) or shutil.which(target[0]) is not None
        target_name = shown_target(settings.on_done.get_secret_value())
        yield (
            found,
            f"{target_name} is told when a job ends"
            if found
            else f"{target_name} is no program here",
        )
    if settings.copies_dir is not None:
        folder = _existing(settings.copies_dir)
        yield os.access(folder, os.W_OK), f"readable copies can be written below {folder}"


def ceiling(spent: "Spending") -> str:
    """Return what bounds spending, and what does not."""
    if spent.limit is None:
        return "no ceiling: spending is not bounded"
    return (
        f"ceiling of {credits_text(spent.limit)} a day, {credits_text(spent.today)} spent; it is "
        "this store's: another folder or machine with the same key has one of its own"
    )


def _existing(folder: Path) -> Path:
    """Return the folder itself or the nearest one above it that exists."""
    return next(each for each in (folder, *folder.parents) if each.exists())
