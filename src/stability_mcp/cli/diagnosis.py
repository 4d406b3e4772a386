"""Collects the checks of `doctor` as data.

A check is one line of the report. To add one, yield a `Check` from `store_checks`, which reads only
the store, or from `setup_checks`, which also opens what a call needs.
"""

import os
import shutil
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import AsyncExitStack
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from stability_mcp.done_target import read_target, shown_target
from stability_mcp.errors import ConfigurationError, StorageError, StudioError
from stability_mcp.setting_values import variable
from stability_mcp.settings import CREDITS_URL, Settings
from stability_mcp.text import credits_text, plain

if TYPE_CHECKING:
    from stability_mcp.studio import (
        ResponseTime,
        Retention,
        Spending,
        Status,
        StoreCheck,
        StoreTools,
    )

NOTHING_TO_REMOVE = "retention: nothing to remove"
Result = Literal["ok", "bad", "note", "done"]
"""Correct; a problem that remains; a harmless leftover; a problem that was just repaired."""


@dataclass(frozen=True, kw_only=True)
class Check:
    """The result of one check."""

    subject: str
    """What was checked, in one word, for programs."""
    result: Result
    text: str
    """A line for people."""
    data: Mapping[str, object] = field(default_factory=dict)
    """Its figures, as JSON."""


async def checks(settings: Settings, *, repair: bool) -> AsyncIterator[Check]:
    """Yield the result of every check, as soon as it is known.

    Args:
        settings: The settings in force.
        repair: Whether to repair the store and apply retention.
    """
    async for found in store_checks(settings, repair=repair):
        yield found
    async for found in setup_checks(settings):
        yield found
    for notice in settings.notices:
        yield Check(subject="setting", result="note", text=plain(notice))


async def store_checks(settings: Settings, *, repair: bool) -> AsyncIterator[Check]:
    """Yield a result for each problem in the store, or one if there is none.

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
            async for found in _findings(store.check, repair=repair):
                yield found
            if repair:
                yield await _apply_retention(store.retention)
            async for found in _size_and_retention(store, repaired=repair):
                yield found
        except StorageError as error:
            yield Check(subject="store", result="bad", text=str(error))
        except OSError as error:
            text = plain(f"the check of the store stopped early: {error}")
            yield Check(subject="store", result="bad", text=text)


async def _findings(check: "StoreCheck", *, repair: bool) -> AsyncIterator[Check]:
    problems = 0
    async for found in check.findings():
        problems += found.bad
        result: Result = "bad" if found.bad else "note"
        if repair and found.done:
            result = "done"
        text = plain(": ".join(filter(None, (found.text, found.done))))
        yield Check(subject="store", result=result, text=text)
    if not problems:
        compared = f"{check.compared} of {check.blobs} stored files"
        yield Check(
            subject="store",
            result="ok",
            text=f"the store is consistent; {compared} compared with their hashes",
            data={"files": check.blobs, "compared": check.compared},
        )
    elif not repair:
        yield Check(
            subject="store",
            result="note",
            text="stability-mcp doctor --repair repairs what it can",
        )


async def _apply_retention(retention: "Retention") -> Check:
    swept = await retention.sweep()
    removed = swept.line()
    text = f"retention removed {removed}" if removed else NOTHING_TO_REMOVE
    return Check(
        subject="retention", result="done" if removed else "ok", text=text, data=asdict(swept)
    )


async def _size_and_retention(store: "StoreTools", *, repaired: bool) -> AsyncIterator[Check]:
    """Yield what the store takes on the disk, and what retention would remove next."""
    measured = await store.size()
    size, *replaced = measured.lines()
    facts = asdict(measured) | {"replaced": [str(each) for each in measured.replaced]}
    yield Check(subject="store_size", result="ok", text=size, data=facts)
    for line in replaced:
        yield Check(subject="store_size", result="note", text=line)
    if repaired or store.keep == type(store.keep)():
        return
    plan = await store.plan()
    lines = plan.lines()
    text = f"the next sweep removes {'; '.join(lines)}" if lines else NOTHING_TO_REMOVE
    yield Check(subject="retention", result="ok", text=text, data=asdict(plan.swept))
    if excess := plan.swept.excess_line():
        yield Check(subject="retention", result="note", text=excess)


async def setup_checks(settings: Settings) -> AsyncIterator[Check]:
    """Check what a call needs: the store, the account, disk space, the output folder."""
    from stability_mcp.studio import open_studio

    try:
        async with open_studio(settings, program="stability-mcp doctor") as studio:
            text = f"the store in {settings.home_dir} opens"
            yield Check(subject="data_folder", result="ok", text=text)
            status = await studio.status()
            yield _budget(settings, status.spent)
            yield _account(settings, status)
            if status.balance is not None:  # else each request would wait for its time limit
                for found in await studio.response_times():
                    yield _response_time(found)
            for line in status.defaults:
                yield Check(
                    subject="defaults", result="ok", text=plain(f"default arguments: {line}")
                )
    except ConfigurationError as error:
        yield Check(subject="settings", result="bad", text=error.startup_text)
    except StudioError as error:
        yield Check(subject="data_folder", result="bad", text=str(error))
    for check in _machine_checks(settings):
        yield check


def _machine_checks(settings: Settings) -> Iterator[Check]:
    from stability_mcp.studio import MIN_FREE_BYTES

    off = f"off ({variable('roots_only')})"
    named = "those that the MCP client names; server_status lists them"
    folders = f"workspace folders: {off if settings.roots_only else named}"
    yield Check(subject="workspace", result="ok", text=folders)
    free = shutil.disk_usage(_existing(settings.home_dir)).free
    yield Check(
        subject="disk",
        result="ok" if free > MIN_FREE_BYTES else "bad",
        text=f"{free / 1e9:.1f} GB free for results",
        data={"free_bytes": free},
    )
    if settings.on_done is not None:
        yield _webhook(settings, settings.on_done.get_secret_value())
    if settings.copies_dir is not None:
        folder = _existing(settings.copies_dir)
        writable = os.access(folder, os.W_OK)
        yield Check(
            subject="output_folder",
            result="ok" if writable else "bad",
            text=f"readable copies {'can' if writable else 'cannot'} be written below {folder}",
        )


def _webhook(settings: Settings, text: str) -> Check:
    target, name = read_target(text), shown_target(text)
    is_address = isinstance(target, str)
    if not is_address and shutil.which(target[0]) is None:
        return Check(subject="webhook", result="bad", text=f"{name} was not found")
    signed = is_address and settings.on_done_secret is not None
    kind = f", by {'signed' if signed else 'unsigned'} messages" if is_address else ""
    return Check(
        subject="webhook",
        result="ok",
        text=f"{name} is notified when a job ends{kind}",
        data={"target": name, "signed": signed},
    )


def _budget(settings: Settings, spent: "Spending") -> Check:
    """Return what limits spending."""
    if settings.emulated:
        text = "emulator: nothing is charged, so no budget applies"
    elif spent.limit is None:
        text = f"no daily budget; {credits_text(spent.today)} spent today"
    else:
        text = (
            f"daily budget: {spent.today / 1000:g} of {credits_text(spent.limit)} spent today; it "
            "covers this data folder only, not other folders or machines with the same key"
        )
    limit = None if spent.limit is None else spent.limit / 1000
    return Check(
        subject="budget",
        result="ok",
        text=text,
        data={"spent_today": spent.today / 1000, "budget": limit},
    )


def _account(settings: Settings, status: "Status") -> Check:
    """Return whether the account answers, its balance, and where to buy credits if it is low."""
    if status.balance is None:
        text = f"the account at {status.upstream} does not answer: {status.balance_note}"
    elif status.emulated:
        text = "the built-in emulator answers"
    else:
        low = settings.low_balance_millicredits
        more = f"; buy more at {CREDITS_URL}" if low and status.balance * 1000 < low else ""
        text = f"the account at {status.upstream} answers: {status.balance:.2f} credits left{more}"
    return Check(
        subject="account",
        result="bad" if status.balance is None else "ok",
        text=text,
        data={"upstream": status.upstream, "credits": status.balance, "emulated": status.emulated},
    )


def _response_time(found: "ResponseTime") -> Check:
    result: Result = "ok"
    if found.rate_limited:
        result, text = "note", f"{found.endpoint} was not timed: {found.error}"
    elif found.seconds is None:
        result, text = "bad", f"{found.endpoint} does not answer: {found.error}"
    else:
        text = (
            f"{found.endpoint} answers in {found.seconds * 1000:.3g} ms (median of "
            f"{found.requests} requests)"
        )
    return Check(subject="response_time", result=result, text=text, data=asdict(found))


def _existing(folder: Path) -> Path:
    """Return the folder itself or its nearest ancestor that exists."""
    return next(each for each in (folder, *folder.parents) if each.exists())
