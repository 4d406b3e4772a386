"""The studio: the interface that faces use. They reach nothing below it.

Length: one method for each thing that faces ask for; each only delegates.
"""

from collections.abc import Iterable, Mapping, Sequence
from importlib import import_module
from typing import TYPE_CHECKING

from pydantic import BaseModel

from stability_mcp.api.kinds import Query
from stability_mcp.api.operation import Operation
from stability_mcp.api.parsing import parse
from stability_mcp.errors import ArgumentsError
from stability_mcp.imaging.preview import Preview
from stability_mcp.jobs.budget import Spending
from stability_mcp.jobs.models import Call, JobCriteria, JobFilter, JobPage, JobRecord
from stability_mcp.jobs.progress import Progress
from stability_mcp.jobs.transactions.cancel import CancelledJob
from stability_mcp.jobs.transactions.reuse import CacheStatistics
from stability_mcp.jobs.transactions.submit import ForeignGeneration
from stability_mcp.jobs.transactions.usage import LedgerBy, LedgerLine, LedgerQuery, RateStatus
from stability_mcp.media.folders import FolderPage, FolderQuery, list_folder
from stability_mcp.media.items import MediaItem
from stability_mcp.media.library import Page
from stability_mcp.media.phrase_lookup import Sheet
from stability_mcp.media.preview import PreviewSize
from stability_mcp.media.search import Kind
from stability_mcp.media.workspace import Workspace, WorkspaceSource
from stability_mcp.periods import Period
from stability_mcp.policy.idempotency import CallKey
from stability_mcp.policy.spend_limits import SpendLimit, SpendScope
from stability_mcp.settings import Settings
from stability_mcp.store.changes import CachedRead
from stability_mcp.studio import calling, combining, origins, response_times, status
from stability_mcp.studio.calling import CallOptions, Wait
from stability_mcp.studio.limit_actions import LimitActions
from stability_mcp.studio.local_pages import LocalPages
from stability_mcp.studio.media_actions import MediaActions
from stability_mcp.studio.origins import JobOrigin, MediaOrigin
from stability_mcp.studio.outcomes import Estimate, Outcome, Price, Status, known_operation
from stability_mcp.studio.permissions import Permissions
from stability_mcp.studio.response_times import ResponseTime
from stability_mcp.studio.runtime import StudioParts
from stability_mcp.studio.usage_figures import UsageFigures
from stability_mcp.workflows.runs import run_notices

if TYPE_CHECKING:
    from stability_mcp.studio.change_feed import ChangeFeed
    from stability_mcp.studio.keyed_calls import KeyedCalls
    from stability_mcp.studio.signed_uploads import SignedUploads
    from stability_mcp.studio.upkeep import Upkeep
    from stability_mcp.studio.webhook_actions import WebhookActions
    from stability_mcp.studio.workflow.work_list import WorkList
    from stability_mcp.studio.workflow.workflow_plans import WorkflowPlans
    from stability_mcp.studio.workflow.workflow_runs import WorkflowRuns

_LATE = {
    "changes": ("change_feed", "ChangeFeed"),
    "keys": ("keyed_calls", "KeyedCalls"),
    "plans": ("workflow.workflow_plans", "WorkflowPlans"),
    "runs": ("workflow.workflow_runs", "WorkflowRuns"),
    "signed_uploads": ("signed_uploads", "SignedUploads"),
    "upkeep": ("upkeep", "Upkeep"),
    "webhooks": ("webhook_actions", "WebhookActions"),
    "work": ("workflow.work_list", "WorkList"),
}
"""Module and class of each part that is imported late."""


class Studio:
    """Everything below the faces, for one user and one upstream; created by `open_studio`.

    `reruns` repeats, resumes, cancels and adopts jobs by the names that users give. `library`
    labels, tags, deletes and restores media. `limits` changes spending limits. `figures` reports
    what was used.
    """

    plans: "WorkflowPlans"
    """The checks of workflows."""
    runs: "WorkflowRuns"
    """The runs of workflows."""
    work: "WorkList"
    """The lists of jobs and runs together."""
    webhooks: "WebhookActions"
    """The webhooks of the account."""
    keys: "KeyedCalls"
    """The idempotency keys."""
    signed_uploads: "SignedUploads"
    """The uploads to signed URLs."""
    changes: "ChangeFeed"
    """A new reader of changes, for a stream of events."""
    upkeep: "Upkeep"
    """What the operator of the store asks for."""

    def __init__(self, parts: StudioParts) -> None:
        self._parts, self._account = parts, parts.account
        self._jobs = parts.jobs
        self._media = parts.media
        self.pages = LocalPages(parts)
        self.library, self.figures = MediaActions(parts), UsageFigures(parts)
        self.limits, self.defaults = LimitActions(parts), parts.runtime.defaults
        self._database = parts.runtime.database
        self._activity = CachedRead(self._database, self._read_activity)
        self._uncollected = CachedRead(self._database, self._read_uncollected)

    @property
    def settings(self) -> Settings:
        """Return the settings in use."""
        return self._parts.settings

    def __getattr__(self, name: str) -> object:
        """Return a part whose module is imported late, as most processes don't need it."""
        if name not in _LATE:
            raise AttributeError(f"{type(self).__name__} has no attribute {name}")
        module, part = _LATE[name]
        return getattr(import_module(f"stability_mcp.studio.{module}"), part)(self._parts)

    @property
    def permissions(self) -> Permissions:
        """Return the checks of calls, with price questions and the audit log."""
        return self._parts.permissions

    def for_client(
        self,
        source: WorkspaceSource | None,
        sheet: Sheet | None,
        scope: SpendScope | None = None,
        *,
        reads_files: bool = True,
        name: str = "",
    ) -> "Studio":
        """Return a view for the calls of one client; see `StudioParts.for_client`."""
        parts = self._parts.for_client(source, sheet, scope, reads_files=reads_files, name=name)
        return Studio(parts)

    async def workspace(self) -> Workspace:
        """Return the workspace folders of the client, asking it if necessary.

        `first` is the folder that relative paths refer to.
        """
        return await self._parts.importer.files.workspace()

    # Calls

    async def call(
        self,
        name: str,
        arguments: Mapping[str, object],
        *,
        label: str | None = None,
        count: int = 1,
        wait: float,
    ) -> Outcome:
        """Run one paid operation and wait for it; `run` takes more options.

        Args:
            name: Name of the operation, such as `generate_core`.
            arguments: Its fields; files by any reference.
            label: Name of the result, any text; default: a slug of the prompt.
            count: Number of variants, from 1 to 8.
            wait: Seconds after which the outcome is returned while jobs continue.

        Raises:
            StudioError: the call was refused; see `errors`.
        """
        return await self.run(name, arguments, CallOptions(label=label, count=count, wait=wait))

    async def run(
        self, name: str, arguments: Mapping[str, object], options: CallOptions
    ) -> Outcome:
        """Run one paid operation and wait for it; raises the errors of `call`.

        Raises:
            KeyConflictError: the key of the options was used for another request.
        """
        if options.key is not None:
            return await self.keys.run(name, arguments, options)
        return await calling.run(self._parts, name, arguments, options)

    async def called(self, call: Call, *, preview: bool = True) -> Outcome:
        """Return the outcome of a call whose jobs have all ended, and mark it as delivered."""
        return await calling.called(self._parts, call, preview=preview)

    async def find_call(self, call_id: str) -> Call | None:
        """Return a call by id, or None."""
        return await self._jobs.reader.call(self._account, call_id)

    async def cancel_call(self, call_id: str) -> bool:
        """Mark a call as cancelled by its caller; False: it had already ended."""
        return await self._jobs.cancel_call(call_id)

    async def abandon_call(self, call_id: str) -> None:
        """Record that no caller waits for a call any more; its jobs continue."""
        await self._jobs.mark_abandoned([call_id])

    async def keep_notes(self, call_id: str, notes: Sequence[str]) -> None:
        """Save lines for the outcome that `called` returns later."""
        await self._jobs.save_notes(call_id, notes)

    async def query(self, name: str, arguments: Mapping[str, object]) -> BaseModel:
        """Run a free query about the account.

        Raises:
            RequestError: the API refused it or could not be reached.
        """
        operation = parse(known_operation(name), arguments)
        if not isinstance(operation, Query):
            raise ArgumentsError(f"{name} is a paid operation, not a query.", hint="Use call().")
        return await self._jobs.query(operation)

    # Jobs

    async def wait_for(
        self,
        job_ids: Sequence[str],
        *,
        seconds: float,
        progress: Progress | None = None,
        preview: bool = True,
    ) -> Outcome:
        """Wait for jobs; without any, for all unfinished and uncollected ones.

        Raises:
            NotFoundError: a job doesn't exist.
        """
        wanted = list(job_ids) or await self._jobs.reader.unfinished_and_uncollected(self._account)
        wait = Wait(seconds=seconds, progress=progress, preview=preview)
        return await calling.wait_for(self._parts, wanted, wait)

    async def has_uncollected_jobs(self) -> bool:
        """Return whether jobs outside workflows are unfinished or were never delivered."""
        return bool(await self._jobs.reader.unfinished_and_uncollected(self._account))

    async def list_jobs(
        self,
        *,
        limit: int = 20,
        cursor: str | None = None,
        state: JobFilter | None = None,
        operation: str | None = None,
        period: Period | None = None,
    ) -> JobPage:
        """Return a page of jobs, newest first.

        Args:
            limit: Maximum jobs on the page.
            cursor: The previous page's `next_cursor`.
            state: Only jobs in this state, or in any running state.
            operation: Only jobs of this operation.
            period: Only jobs created in this period.

        Raises:
            NotFoundError: the cursor is invalid, or no operation has that name.
        """
        name = known_operation(operation).name() if operation else None
        criteria = JobCriteria(state=state, operation=name, period=period or Period())
        return await self._jobs.reader.list(
            self._account, limit=limit, cursor=cursor, criteria=criteria
        )

    async def origins_of_jobs(self, jobs: Sequence[JobRecord]) -> list[JobOrigin]:
        """Return prompt, inputs and results of jobs, in order, for a list."""
        return await origins.of_jobs(self._media, jobs)

    async def get_jobs(self, job_ids: Sequence[str]) -> list[JobRecord]:
        """Return jobs, in the order of the ids.

        Raises:
            NotFoundError: a job doesn't exist.
        """
        return await self._jobs.reader.records(self._account, job_ids)

    async def paused_jobs(self) -> list[str]:
        """Return the ids of the paused jobs."""
        return (await self._jobs.reader.paused(self._account)).jobs

    async def resume_jobs(self, job_ids: Sequence[str], key: CallKey | None = None) -> list[str]:
        """Queue paused jobs again, all or none, and return the resumed ones.

        Raises:
            BudgetError: they would exceed today's budget or a limit; says how many fit.
            KeyUsedError: the idempotency key was used; see `KeyedCalls.once`.
        """
        client = self._parts.limited_client()
        if key is None:
            return await self._jobs.resume(job_ids, client)
        return await self._jobs.resume(job_ids, client, self.keys.recording(key, {"jobs": job_ids}))

    async def cancel_jobs(
        self, job_ids: Sequence[str], *, caller: str | None = None
    ) -> list[CancelledJob]:
        """Cancel jobs that weren't sent, free of charge; sent ones run to the end.

        Args:
            job_ids: The jobs.
            caller: The call that cancels them; None: the call that started each.

        Raises:
            NotFoundError: a job doesn't exist.
        """
        return await self._jobs.cancel(self._account, job_ids, caller=caller)

    async def adopt_generation(
        self, kind: type[Operation], generation: str, *, label: str
    ) -> tuple[str, bool]:
        """Poll for a generation that another program started with the same key.

        Return the job id, and whether the job is new; a known generation already has one.
        """
        found = ForeignGeneration(
            account=self._account,
            kind=kind,
            generation=generation,
            label=label,
            output_dir=self.settings.copies_dir,
            client_name=self._parts.client_name,
        )
        return await self._jobs.adopt(found)

    async def activity(self) -> tuple[int, dict[str, tuple[str, int]]]:
        """Return a number that grows with each new job or run, and what is unfinished.

        Of each unfinished job or run: its state, and a number that changes with it.
        """
        return await self._activity.get()

    async def _read_activity(self) -> tuple[int, dict[str, tuple[str, int]]]:
        newest, jobs = await self._jobs.reader.activity(self._account)
        owner = self._account.owner
        runs, open_runs = await self._database.read(lambda c: run_notices.activity(c, owner))
        return newest + runs, {**jobs, **open_runs}

    async def uncollected_line(self) -> str | None:
        """Return the lines about what is paused or wasn't delivered, or None."""
        return await self._uncollected.get()

    async def _read_uncollected(self) -> str | None:
        jobs = await self._jobs.reader.uncollected_line(self._account)
        owner = self._account.owner
        runs = await self._database.read(lambda c: run_notices.uncollected_line(c, owner))
        return "\n".join(filter(None, (jobs, runs))) or None

    async def uncollected_runs(self) -> list[str]:
        """Return the ids of runs that are running, or have stopped and weren't shown since."""
        owner = self._account.owner
        return await self._database.read(lambda c: run_notices.uncollected_runs(c, owner))

    # Media

    async def list_media(
        self,
        *,
        limit: int = 20,
        cursor: str | None = None,
        kind: Kind | None = None,
        query: str | None = None,
        period: Period | None = None,
    ) -> Page:
        """Return a page of media, newest first; see `MediaLibrary.list`.

        A query that no label or prompt contains may also be a URI, an id, a path or an old name.

        Raises:
            ArgumentsError: the cursor is invalid.
        """
        page = await self._media.list(
            limit=limit, cursor=cursor, kind=kind, query=query, period=period
        )
        if page.items or query is None or cursor is not None:
            return page
        item = await self._parts.importer.find(query)
        if item is None or kind not in {None, item.kind}:
            return page
        inside = period is None or period.since <= item.created_at < period.until
        return Page([item], None) if inside else page

    async def list_folder(self, folder: str, wanted: FolderQuery) -> FolderPage:
        """Return a page of the media files in a folder; see `media.folders.list_folder`."""
        files, output = self._parts.importer.files, self.settings.copies_dir
        return await list_folder(files, self._media, folder, wanted, output)

    async def origins_of_media(self, items: Sequence[MediaItem]) -> list[MediaOrigin]:
        """Return prompt, sources and price of media, in order, for a list."""
        return await origins.of_media(self._media, self._jobs.reader, self._account, items)

    async def get_media(self, reference: str) -> MediaItem:
        """Return the item with a URI, id or label; raises NotFoundError if there is none."""
        return await self._media.get(reference)

    async def find_media(self, reference: str) -> MediaItem | None:
        """Return the item that a reference names, or None; raises the errors of `PhraseLookup`."""
        found = await self._media.find(reference) or await self._parts.importer.find(reference)
        return found or await self._parts.importer.phrases.find_text(reference)

    async def paid_result(self, item: MediaItem) -> MediaItem:
        """Return the paid result that a picture was combined from locally, or the item itself."""
        return await combining.paid_result(self._parts, item)

    async def media_of(self, ids: Iterable[str]) -> list[MediaItem]:
        """Return the items with these ids, in order, without deleted ones."""
        return await self._media.many(ids)

    async def label_media(self, reference: str, label: str) -> MediaItem:
        """Give an item a label; see `MediaActions.label`."""
        return (await self.library.label(reference, label, None))[0]

    async def import_media(self, reference: str | None, label: str | None) -> tuple[MediaItem, str]:
        """Import a file; free. Return the item and a note on what was done.

        Args:
            reference: The file; None imports from the clipboard.
            label: Name for the item; None: derived from the file name.

        Raises:
            InputFileError: the file doesn't exist, isn't allowed or isn't media.
        """
        files = self._parts.importer
        found = (
            files.import_file(reference, label)
            if reference is not None
            else files.import_clipboard(label)
        )
        resolved = await found
        return resolved.item, resolved.note

    async def preview(
        self, items: Sequence[MediaItem], size: PreviewSize | None = None
    ) -> Preview | None:
        """Return one small picture of the items; None if they can't be drawn, or previews are off.

        Args:
            items: The items to show.
            size: Size, regardless of the settings; None: as set.
        """
        return await calling.preview(self._parts, items, size)

    # Money and limits

    async def estimate(
        self, prices: Sequence[Price], tools: frozenset[str] = frozenset()
    ) -> Estimate:
        """Compare the prices of calls with budget, balance and the alternatives in `tools`."""
        return await status.estimate(self._parts, prices, tools)

    async def status(self) -> Status:
        """Return the status of the studio; queries the balance."""
        return await status.status(self._parts)

    async def response_times(self) -> list[ResponseTime]:
        """Measure the response times of two endpoints; the requests are free."""
        return await response_times.measure(self._parts)

    async def spending(self) -> Spending:
        """Return today's spending and budget, and the spending limit of this view's client."""
        return await status.spending(self._parts)

    async def spend_limit(self, scope: SpendScope | None = None) -> SpendLimit | None:
        """Return the strictest limit in force of a client, by default of this view's."""
        return (await status.spending(self._parts, scope)).spend_limit

    async def raise_budget(self, limit: int) -> None:
        """Raise today's budget, in millicredits; for a person, never for a tool."""
        await self._jobs.raise_budget(self._account, limit)

    async def usage(
        self, *, since: str, by: LedgerBy, limit: int, period: Period | None = None
    ) -> tuple[list[LedgerLine], LedgerLine]:
        """Return lines of the ledger, newest first, and the total; `figures.report` has more."""
        query = LedgerQuery(since=since, by=by, limit=limit, period=period or Period())
        return await self._jobs.reader.ledger(self._account, query)

    async def origins_of_job_ids(self, job_ids: Iterable[str]) -> Mapping[str, JobOrigin]:
        """Return prompt, inputs and results of jobs by id; deleted jobs are omitted."""
        found = await self._jobs.reader.found(self._account, job_ids)
        return {each.job.id: each for each in await origins.of_jobs(self._media, found)}

    async def rate_status(self) -> RateStatus:
        """Return the use of the rate limit, over all processes."""
        return await self._jobs.reader.rate_status()

    async def cached(self) -> CacheStatistics:
        """Return the number of cached results and cache hits, and the credits saved."""
        return await self._jobs.reader.cached(self._account)

    async def clear_cache(self) -> int:
        """Clear the cache and return the number of cached results; their media stay."""
        return await self._jobs.clear_cache(self._account)

    async def client_timeout(self, client: str) -> float | None:
        """Return the seconds after which a client gives up on a call, or None if it never did."""
        return await self._jobs.reader.client_timeout_seconds(client)

    async def client_gave_up(self, client: str, seconds: float) -> None:
        """Record that a client gave up on a call after some seconds."""
        await self._jobs.record_client_timeout(client, seconds)
