"""One studio: what a face can ask for. Faces reach nothing below it."""

from collections.abc import Iterable, Mapping, Sequence
from functools import partial

from pydantic import BaseModel

from stability_mcp.api.kinds import Query
from stability_mcp.api.operation import Operation
from stability_mcp.api.parsing import parse
from stability_mcp.errors import ArgumentsError
from stability_mcp.imaging.preview import Preview
from stability_mcp.jobs.budget import Spending
from stability_mcp.jobs.models import Call, JobPage, JobRecord, State
from stability_mcp.jobs.progress import Progress
from stability_mcp.jobs.transactions.cancel import CancelledJob
from stability_mcp.jobs.transactions.reuse import CacheStatistics
from stability_mcp.jobs.transactions.submit import ForeignGeneration
from stability_mcp.jobs.transactions.usage import LedgerBy, LedgerLine, RateStatus
from stability_mcp.media.items import MediaItem
from stability_mcp.media.library import Page
from stability_mcp.media.preview import PreviewSize
from stability_mcp.media.search import Kind
from stability_mcp.settings import Settings
from stability_mcp.store.changes import CachedRead
from stability_mcp.studio import calling, status
from stability_mcp.studio.calling import CallOptions, Wait
from stability_mcp.studio.outcomes import Estimate, Outcome, Price, Status, known_operation
from stability_mcp.studio.permissions import Permissions
from stability_mcp.studio.runtime import StudioParts


class Studio:
    """Everything below the faces, of one user and one upstream; made by `open_studio`.

    To repeat jobs, resume paused ones, cancel them or adopt generations by what a user calls them,
    see `reruns`.
    """

    def __init__(self, parts: StudioParts) -> None:
        self._parts = parts
        self._account = parts.account
        self._jobs = parts.jobs
        self._media = parts.media
        database, reader = parts.runtime.database, parts.jobs.reader
        self._activity = CachedRead(database, partial(reader.activity, parts.account))
        self._uncollected = CachedRead(database, partial(reader.uncollected_line, parts.account))

    @property
    def settings(self) -> Settings:
        """Return what is in force."""
        return self._parts.settings

    @property
    def permissions(self) -> Permissions:
        """Return the questions to the user about prices, with their answers, and the audit log."""
        return self._parts.permissions

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
            name: Name of the operation: `generate_core`.
            arguments: Its fields; files by any reference.
            label: Name of the result, 1 to 40 characters; default: a slug of the prompt.
            count: Number of variants, 1 to 8.
            wait: Seconds after which the outcome is returned while its jobs go on.

        Raises:
            StudioError: nothing was sent; or the job failed, see `errors`.
        """
        return await self.run(name, arguments, CallOptions(label=label, count=count, wait=wait))

    async def run(
        self, name: str, arguments: Mapping[str, object], options: CallOptions
    ) -> Outcome:
        """Run one paid operation and wait for it; raises what `call` raises."""
        return await calling.run(self._parts, name, arguments, options)

    async def called(self, call: Call) -> Outcome:
        """Return the outcome of a call whose jobs have all ended; then it counts as delivered."""
        return await calling.called(self._parts, call)

    async def find_call(self, call_id: str) -> Call | None:
        """Return a call, or None if there is none of that id."""
        return await self._jobs.reader.call(self._account, call_id)

    async def cancel_call(self, call_id: str) -> bool:
        """Note that the caller wants no outcome; False: the call had ended before."""
        return await self._jobs.cancel_call(call_id)

    async def abandon_call(self, call_id: str) -> None:
        """Note that no caller waits for a call any more; its jobs go on."""
        await self._jobs.mark_abandoned([call_id])

    async def keep_notes(self, call_id: str, notes: Sequence[str]) -> None:
        """Keep lines for the outcome that `called` returns later."""
        await self._jobs.save_notes(call_id, notes)

    async def query(self, name: str, arguments: Mapping[str, object]) -> BaseModel:
        """Ask the account something; free.

        Raises:
            RequestError: the API refused or could not be reached.
        """
        operation = parse(known_operation(name), arguments)
        if not isinstance(operation, Query):
            raise ArgumentsError(f"{name} costs credits and is no query.", hint="Use call().")
        return await self._jobs.query(operation)

    # Jobs

    async def wait_for(
        self, job_ids: Sequence[str], *, seconds: float, progress: Progress | None = None
    ) -> Outcome:
        """Wait for jobs, or for all that are unfinished or uncollected when none is named.

        Raises:
            NotFoundError: there is no such job.
        """
        wanted = list(job_ids) or await self._jobs.reader.unfinished_and_uncollected(self._account)
        return await calling.collect(self._parts, wanted, Wait(seconds=seconds, progress=progress))

    async def list_jobs(
        self, *, limit: int = 20, cursor: str | None = None, state: State | None = None
    ) -> JobPage:
        """Return a page of jobs, the newest first.

        Raises:
            NotFoundError: the cursor is not one of this list.
        """
        return await self._jobs.reader.list(self._account, limit=limit, cursor=cursor, state=state)

    async def get_jobs(self, job_ids: Sequence[str]) -> list[JobRecord]:
        """Return jobs in the order given.

        Raises:
            NotFoundError: there is no such job.
        """
        return await self._jobs.reader.records(self._account, job_ids)

    async def paused_jobs(self) -> list[str]:
        """Return the ids of the jobs that wait until the user resumes or cancels them."""
        return (await self._jobs.reader.paused(self._account)).jobs

    async def resume_jobs(self, job_ids: Sequence[str]) -> list[str]:
        """Queue paused jobs again, all or none, and return those that were paused.

        Raises:
            BudgetError: they would pass today's ceiling; says how many fit.
        """
        return await self._jobs.resume(job_ids)

    async def cancel_jobs(
        self, job_ids: Sequence[str], *, caller: str | None = None
    ) -> list[CancelledJob]:
        """Cancel what wasn't sent, free of charge; what was sent is finished and kept.

        Args:
            job_ids: The jobs.
            caller: The call for which they are cancelled; None: the one that started each.

        Raises:
            NotFoundError: there is no such job.
        """
        return await self._jobs.cancel(self._account, job_ids, caller=caller)

    async def adopt_generation(
        self, kind: type[Operation], generation: str, *, label: str
    ) -> tuple[str, bool]:
        """Poll for a generation that was started elsewhere with the same key.

        Returns:
            The job, and whether it is new: a generation that is known here has its job.
        """
        folder = self.settings.copies_dir
        found = ForeignGeneration(
            account=self._account,
            kind=kind,
            generation=generation,
            label=label,
            output_dir=folder,
        )
        return await self._jobs.adopt(found)

    async def activity(self) -> tuple[int, dict[str, tuple[str, int]]]:
        """Return a number that rises with every new job, and (state, attempt) of the unfinished."""
        return await self._activity.get()

    async def uncollected_line(self) -> str | None:
        """Return the line about paused jobs and results that no answer delivered, or None."""
        return await self._uncollected.get()

    # Media

    async def list_media(
        self,
        *,
        limit: int = 20,
        cursor: str | None = None,
        kind: Kind | None = None,
        query: str | None = None,
    ) -> Page:
        """Return a page of the media, the newest first; see `MediaLibrary.list`.

        Raises:
            ArgumentsError: the cursor is not one of this list.
        """
        return await self._media.list(limit=limit, cursor=cursor, kind=kind, query=query)

    async def get_media(self, reference: str) -> MediaItem:
        """Return the item that a URI, an id or a label names.

        Raises:
            NotFoundError: there is none, or it was deleted.
        """
        return await self._media.get(reference)

    async def find_media(self, reference: str) -> MediaItem | None:
        """Return the item that a URI, an id or a label names, or None."""
        return await self._media.find(reference)

    async def media_of(self, ids: Iterable[str]) -> list[MediaItem]:
        """Return the items of these ids, in their order, without deleted ones."""
        return await self._media.many(ids)

    async def label_media(self, reference: str, label: str) -> MediaItem:
        """Move a label to an item; an item that had it gets it with a number.

        Raises:
            ArgumentsError: it cannot be a label.
            NotFoundError: there is no such item.
        """
        return await self._media.set_label(await self._media.get(reference), label)

    async def import_media(self, reference: str, label: str | None) -> tuple[MediaItem, str]:
        """Take a file into the store; free. Returns the item and what was done.

        Raises:
            InputFileError: it is not there, may not be read or is no media.
        """
        resolved = await self._parts.importer.import_file(reference, label)
        return resolved.item, resolved.note

    async def preview(
        self, items: Sequence[MediaItem], size: PreviewSize | None = None
    ) -> Preview | None:
        """Return one small picture of the items; None for sound, or if the settings say so.

        Args:
            items: What to show.
            size: How large it may be, whatever the settings say; None: as they say.
        """
        return await calling.preview(self._parts, items, size)

    # Money and limits

    async def estimate(self, prices: Sequence[Price]) -> Estimate:
        """Set the prices of calls against budget and balance; sends nothing. See `price_of`."""
        return await status.estimate(self._parts, prices)

    async def status(self) -> Status:
        """Return how the studio stands; asks the account for its balance."""
        return await status.status(self._parts)

    async def spending(self) -> Spending:
        """Return today's spending and its ceiling."""
        return await self._jobs.reader.spending(self._account)

    async def raise_budget(self, limit: int) -> None:
        """Raise today's budget, in millicredits; for a person, never for a tool."""
        await self._jobs.raise_budget(self._account, limit)

    async def usage(
        self, *, since: str, by: LedgerBy, limit: int
    ) -> tuple[list[LedgerLine], LedgerLine]:
        """Return at most `limit` lines of the ledger since a day, the newest first, and the sum."""
        return await self._jobs.reader.ledger(self._account, since=since, by=by, limit=limit)

    async def rate_status(self) -> RateStatus:
        """Return how the rate limit stands, over all processes."""
        return await self._jobs.reader.rate_status()

    async def cached(self) -> CacheStatistics:
        """Return how many results can answer again, how often one did and what that saved."""
        return await self._jobs.reader.cached(self._account)

    async def clear_cache(self) -> int:
        """Let no finished job answer again, and return how many could; their results stay."""
        return await self._jobs.clear_cache(self._account)

    async def client_timeout(self, client: str) -> float | None:
        """Return the seconds after which a client gave up on a call, or None if it never did."""
        return await self._jobs.reader.give_up_seconds(client)

    async def client_gave_up(self, client: str, seconds: float) -> None:
        """Note that a client gave up on a call after some seconds."""
        await self._jobs.record_give_up(client, seconds)
