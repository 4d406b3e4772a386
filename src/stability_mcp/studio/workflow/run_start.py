"""Starts a run: imports its files, gets the user's yes to its highest price, writes its row."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any, NamedTuple, TypeVar

import anyio

from stability_mcp.errors import NotFoundError, StudioError
from stability_mcp.jobs.progress import Progress
from stability_mcp.jobs.transactions.reuse import MAX_AGE_SECONDS
from stability_mcp.policy import idempotency
from stability_mcp.policy.confirmation import Confirm, quote_of_change
from stability_mcp.policy.idempotency import CallKey
from stability_mcp.store.queries import Connection
from stability_mcp.studio.runtime import StudioParts
from stability_mcp.studio.workflow.plan_report import PlanReport
from stability_mcp.studio.workflow.workflow_delivery import delivery_folder
from stability_mcp.text import quoted
from stability_mcp.workflows.named_files import named_files
from stability_mcp.workflows.plan import Plan
from stability_mcp.workflows.runs import run_rows
from stability_mcp.workflows.runs.run_rows import NewRun, RedoFacts

TOOL = "workflow_run"
MAX_IMPORTING = 4
"""Files that are imported at once when a run starts."""

T = TypeVar("T")


@dataclass(frozen=True, kw_only=True)
class RunOptions:
    """Options of a call about a run."""

    wait: float
    """Seconds after which the outcome is returned while the run continues."""
    progress: Progress | None = None
    confirm: Confirm | None = None
    """Gets the user's approval of the price; None: no approval is needed."""
    preview: bool = True
    """Whether the outcome has a sheet, if the settings allow one."""
    key: CallKey | None = None
    """The idempotency key: a request with a key that was used gets the run of the first one."""


@dataclass(frozen=True, kw_only=True)
class RunStart:
    """What a run starts with."""

    report: PlanReport
    plan: Plan
    inputs: Mapping[str, Any]
    redo_of: str | None = None
    redo: RedoFacts | None = None
    files: Mapping[str, str] = field(default_factory=dict)
    """Ids of files that are known already, by what they are called."""
    price: int | None = None
    """Highest price in millicredits; None: that of the whole plan."""


async def start_run(parts: StudioParts, start: RunStart, options: RunOptions) -> str:
    """Write a run after the user has agreed to its price; return its id.

    A host that timed out and calls again must not pay again: if the caller of an equal run was cut
    off, and no answer has shown its outcome since, that run is returned. With an idempotency key,
    only the key decides.

    Raises:
        ConfirmationError: the user didn't agree to the price.
        KeyUsedError: the idempotency key was used; nothing was written.
        StudioError: its delivery folder can't be written.
    """
    plan = start.plan
    most = start.report.price[1] if start.price is None else start.price
    if plan.budget is not None:
        most = min(most, round(plan.budget * 1000))
    if plan.deliver is not None:
        await delivery_folder(parts, plan.deliver.to)
    files = await _import_files(parts, start, options.progress)
    subject = {"plan": plan.model_dump(mode="json"), "inputs": start.inputs, "files": files}
    importer = parts.importer
    folders = [str(each) for each in (await importer.files.workspace()).folders]
    new = NewRun(
        account=parts.account,
        process=parts.jobs.runner.process,
        template=start.report.template,
        plan=plan,
        inputs=start.inputs,
        files=files,
        max_credits=most,
        spend_scope=parts.spend_scope,
        workspace=folders if importer.reads_files else None,
        redo_of=start.redo_of,
        redo=start.redo,
    )
    abandoned = await _abandoned(parts, new) if options.key is None else None
    if abandoned is not None:
        return abandoned
    database, now = parts.runtime.database, parts.jobs.runner.now

    def insert(connection: Connection) -> str:
        run = run_rows.insert_run(connection, new, now)
        if options.key is not None:
            idempotency.record(connection, parts.account.owner, options.key, {"run": run}, now)
        return run

    async def write() -> str:
        return await database.write(insert, name="workflow.start", durable=True)

    return await confirmed(parts, options, Change(subject, most, _named(start)), write)


def _named(start: RunStart) -> str:
    title = f" {quoted(start.plan.title)}" if start.plan.title else ""
    if start.redo_of is not None:
        return f"The changed workflow{title}"
    paid = start.report.jobs
    return f"The workflow{title} ({paid} paid result{'s' * (paid != 1)})"


async def _abandoned(parts: StudioParts, new: NewRun) -> str | None:
    """Return an equal run of this process whose caller was cut off."""
    for run in sorted(parts.runtime.runs.abandoned):
        read = partial(run_rows.find_run, account=parts.account, name=run)
        try:
            row = await parts.runtime.database.read(read)
        except NotFoundError:  # removed by retention
            parts.runtime.runs.abandoned.discard(run)
            continue
        is_recent = row.created_at > parts.jobs.runner.now - MAX_AGE_SECONDS
        is_usable = row.state not in {"failed", "cancelled"} and row.cancel_at is None
        is_unseen = is_recent and row.collected_at is None
        if is_usable and is_unseen and run_rows.is_same_start(row, new):
            return run
    return None


class Change(NamedTuple):
    """What the user agrees to."""

    subject: Mapping[str, Any]
    """Facts that identify it: an approval covers nothing else."""
    price: int
    """Highest price in millicredits."""
    what: str
    """What it is, for the question to the user."""


async def confirmed(
    parts: StudioParts, options: RunOptions, change: Change, write: Callable[[], Awaitable[T]]
) -> T:
    """Write something that may cost credits, after the user has agreed."""
    confirm, used = options.confirm, None
    if confirm is not None and change.price > confirm.free_limit:
        quote = quote_of_change(parts.account, TOOL, change.subject, change.price)
        used = await confirm(replace(quote, what=change.what))
    try:
        return await write()
    except BaseException:
        if used is not None:
            with anyio.CancelScope(shield=True):
                await parts.permissions.give_back(used)
        raise


async def _import_files(
    parts: StudioParts, start: RunStart, progress: Progress | None
) -> dict[str, str]:
    """Import the files that a plan names; an unusable one only fails the items that need it.

    Words such as `the last image` keep the meaning that they had in the run that is redone.
    """
    found = dict(start.files)
    every = dict.fromkeys(each.reference for each in named_files(start.plan, start.inputs))
    named = [each for each in every if each not in found]
    limiter = anyio.CapacityLimiter(MAX_IMPORTING)

    async def add(reference: str) -> None:
        async with limiter:
            try:
                resolved = await parts.importer.import_file(reference, None)
            except StudioError:
                return
        found[reference] = resolved.item.id
        if progress is not None and len(named) > MAX_IMPORTING:
            await progress(f"{len(found)} of {len(named)} files imported", 0.0)

    async with anyio.create_task_group() as group:
        for each in named:
            group.start_soon(add, each)
    return found
