"""Commands about the store's files: `sweep`, `backup` and `restore`."""

import sys
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import anyio
import typer

from stability_mcp.errors import ArgumentsError
from stability_mcp.setting_values import KEY, variable
from stability_mcp.settings import Settings
from stability_mcp.text import bytes_text, credits_text, local_time

if TYPE_CHECKING:
    from stability_mcp.studio import Manifest, Plan, Restored

PROGRESS_SECONDS = 5.0
"""Seconds between two lines of progress; a shorter command prints none."""
MAX_DAYS = 36_500
"""As for STABILITY_KEEP_DAYS."""

ReadSettings = Callable[[typer.Context], Settings]

STORES = {True: "the emulator's store", False: "the store of the real API"}
"""By whether the emulator is used."""


def add_commands(app: typer.Typer, read: ReadSettings) -> None:
    """Add the commands to the program; `read` reads the settings of a command."""

    @app.command()
    def sweep(
        context: typer.Context,
        *,
        older: Annotated[float, typer.Option(help="Days; `0.5` is twelve hours.", max=MAX_DAYS)],
        dry_run: Annotated[
            bool, typer.Option("--dry-run", help="Only print what would be removed.")
        ] = False,
        yes: Annotated[bool, typer.Option("--yes", help="Don't ask before removing.")] = False,
    ) -> None:
        """Remove ended jobs and media that are older, once, by the rules of STABILITY_KEEP_DAYS."""
        if older <= 0:
            raise typer.BadParameter("must be above 0", param_hint="--older")
        anyio.run(partial(run_sweep, read(context), older, dry_run=dry_run, yes=yes))

    @app.command()
    def backup(
        context: typer.Context,
        file: Annotated[Path, typer.Argument(help="The file to write.")],
        *,
        force: Annotated[bool, typer.Option("--force", help="Replace an existing file.")] = False,
    ) -> None:
        """Write the database and all stored media to one file; servers may be running."""
        anyio.run(run_backup, read(context), _absolute(file), force)

    @app.command()
    def restore(
        context: typer.Context,
        file: Annotated[Path, typer.Argument(help="A file that `backup` wrote.")],
        *,
        yes: Annotated[bool, typer.Option("--yes", help="Don't ask before replacing.")] = False,
    ) -> None:
        """Replace the store by a backup; no server may be running. The old store is kept."""
        anyio.run(partial(run_restore, read(context), _absolute(file), yes=yes))


def _absolute(file: Path) -> Path:
    return file.expanduser().absolute()


async def run_sweep(settings: Settings, days: float, *, dry_run: bool, yes: bool) -> None:
    """Print what a sweep would remove, ask on a terminal, and remove it.

    Raises:
        StorageError: the store cannot be read or written.
    """
    from stability_mcp.studio import Keep, open_for_check

    async with open_for_check(settings, keep=Keep(days=days)) as store:
        plan = await store.plan()
        _print_plan(plan, days)
        if dry_run or not plan.lines() or not _approved("Remove these?", yes=yes):
            return
        swept = await store.retention.sweep()
    typer.echo(f"removed: {swept.line() or 'nothing'}; the ledger and readable copies stay")


def _print_plan(plan: "Plan", days: float) -> None:
    lines = plan.lines()
    if not lines:
        typer.echo(f"nothing to remove: everything is newer than {days:g} days, or still needed")
        return
    typer.echo(f"older than {days:g} days and not needed: {lines[0]}")
    for line in lines[1:]:
        typer.echo(f"  {line}")


def _approved(question: str, *, yes: bool) -> bool:
    """On a terminal, ask; a script isn't asked."""
    return yes or not sys.stdin.isatty() or typer.confirm(question)


async def run_backup(settings: Settings, file: Path, force: bool) -> None:  # noqa: FBT001 -- called by anyio
    """Write a backup and print what is in it.

    Raises:
        ArgumentsError: the file exists, or its folder doesn't.
        StorageError: the store can't be read, or the file can't be written.
    """
    from stability_mcp.studio import BackupTarget, back_up, store_in

    if store_in(settings, emulated=settings.emulated) is None:
        raise ArgumentsError(
            f"There is no store in {settings.home_dir} yet.",
            hint=f"Set {variable(KEY)} to back up the other store." * settings.emulated,
        )
    target = BackupTarget(file=file, data_folder=settings.base_dir, force=force)
    manifest = await back_up(settings, target, _progress("backup"))
    store = STORES[settings.emulated]
    typer.echo(f"{file}: backup of {store} in {settings.home_dir} as of {_contents(manifest)}")
    typer.echo(
        "It contains prompts and media, and no API key, token, readable copy or configuration of a "
        "host. Keep it where only you can read it."
    )
    if settings.emulated and (other := store_in(settings, emulated=False)) is not None:
        typer.echo(
            f"{STORES[False]} in {other} isn't in it: set {variable(KEY)} in this terminal to back "
            "that one up"
        )


def _contents(manifest: "Manifest") -> str:
    size = bytes_text(manifest.database_bytes + manifest.blob_bytes)
    return (
        f"{local_time(manifest.made_at)}: {_counted(manifest.media, 'media item')}, "
        f"{_counted(manifest.jobs, 'job')}, {credits_text(manifest.charged)} in the ledger ({size})"
    )


async def run_restore(settings: Settings, file: Path, *, yes: bool) -> None:
    """Replace the store by a backup, after asking on a terminal; print what was done.

    Raises:
        FileUnusableError: the file isn't a backup that this program can restore.
        StorageError: a program uses the store, or the disk is full.
    """
    from stability_mcp.studio import restore, store_in

    home = settings.home_dir
    if store_in(settings, emulated=settings.emulated) is not None:
        what = f"{STORES[settings.emulated]} in {home}"
        if not _approved(f"Replace {what}? It is kept in a folder next to it.", yes=yes):
            return
    restored = await restore(settings, file, _progress("restore"))
    for line in _restored_lines(restored, home):
        typer.echo(line)


def _restored_lines(restored: "Restored", home: Path) -> list[str]:
    manifest, jobs = restored.manifest, restored.jobs
    lines = [f"{home}: restored to {_contents(manifest)}"]
    if jobs.cancelled:
        lines.append(
            f"{_counted(jobs.cancelled, 'job')} that had not been sent then: cancelled, as they "
            "may have been sent and charged since"
        )
    if jobs.unknown:
        lines.append(f"{_counted(jobs.unknown, 'job')} in flight then: the outcome is unknown")
    if jobs.polled:
        lines.append(
            f"{_counted(jobs.polled, 'job')} started then: the next server fetches the result"
        )
    if jobs.runs:
        lines.append(
            f"{_counted(jobs.runs, 'workflow run')} working then: paused, as the next steps may "
            "have been sent and charged since"
        )
    lines.append("charges since the backup are not in the ledger, nor in today's budget")
    if restored.earlier is not None:
        lines.append(
            f"the earlier store is in {restored.earlier}; delete it when you no longer need it"
        )
    return lines


def _counted(count: int, name: str) -> str:
    return f"{count} {name}{'s' * (count != 1)}"


def _progress(name: str) -> Callable[[int, int], None]:
    """Return a function that prints a line on stderr now and then."""
    last = time.monotonic()

    def report(done: int, total: int) -> None:
        nonlocal last
        now = time.monotonic()
        if now - last >= PROGRESS_SECONDS and done < total:
            last = now
            sys.stderr.write(f"{name}: {bytes_text(done)} of {bytes_text(total)}\n")

    return report
