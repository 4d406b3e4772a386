"""One studio: what a face can ask for."""

from collections.abc import Mapping, Sequence

import anyio
from pydantic import BaseModel

from stability_mcp.api.operation import Query
from stability_mcp.api.parsing import parse
from stability_mcp.client.client import Client
from stability_mcp.errors import ArgumentsError, StorageError, StudioError
from stability_mcp.imaging.preview import Preview
from stability_mcp.jobs.jobs import Jobs
from stability_mcp.jobs.progress import Progress
from stability_mcp.jobs.reader import CallRecord
from stability_mcp.jobs.transactions.submit import Call
from stability_mcp.jobs.transactions.usage import Upstream
from stability_mcp.media.copies import without_copy
from stability_mcp.media.importer import Importer
from stability_mcp.media.inputs import prepare_inputs
from stability_mcp.media.items import MediaItem
from stability_mcp.media.labels import labels_for
from stability_mcp.media.library import MediaLibrary
from stability_mcp.media.preview import preview_of
from stability_mcp.media.roots import Roots
from stability_mcp.policy.confirmation import Confirm
from stability_mcp.settings import Settings
from stability_mcp.store.database import Database
from stability_mcp.studio.outcomes import (
    Estimate,
    Outcome,
    Price,
    Status,
    check_count,
    earlier_lines,
    known_operation,
    paid_operation,
    under_way,
)
from stability_mcp.studio.permissions import Permissions

BALANCE_SECONDS = 10
"""Longest wait for the balance: a status must not hang on a dead line."""


class Studio:
    """Everything below the faces, of one user and one upstream; made by `open_studio`."""

    def __init__(  # noqa: PLR0913 -- it joins the parts, and there are so many
        self,
        *,
        settings: Settings,
        database: Database,
        client: Client,
        media: MediaLibrary,
        importer: Importer,
        roots: Roots,
        jobs: Jobs,
        permits: Permissions,
        upstream: Upstream,
    ) -> None:
        self.settings = settings
        self.database = database
        self.client = client
        self.media = media
        self.importer = importer
        self.roots = roots
        self.jobs = jobs
        self.permits = permits
        self.upstream = upstream

    async def call(  # noqa: PLR0913 -- a call and the three arguments that are ours
        self,
        name: str,
        arguments: Mapping[str, object],
        *,
        label: str | None = None,
        count: int = 1,
        wait: float,
        progress: Progress | None = None,
        comes_back: bool = False,
        confirm: Confirm | None = None,
        retry_of: str | None = None,
        said: Sequence[str] = (),
    ) -> Outcome:
        """Run one paid operation and wait for it.

        Args:
            name: Name of the operation: `generate_core`.
            arguments: Its fields; files by any reference.
            label: Name of the result, 1 to 40 characters; default: a slug of the prompt.
            count: How many variants, 1 to 8.
            wait: Seconds after which it is handed back under way.
            progress: Told what is going on.
            comes_back: Whether the caller takes the id of a call that is still under way and asks
                `called` for it, so that it goes on being waited for.
            confirm: Sees that the user agrees to the price; None: nobody needs to be asked.
            retry_of: The job that this one makes anew; no earlier result answers for it.
            said: What its answer says first.

        Raises:
            StudioError: nothing was sent; or the job failed, see `errors`.
        """
        operation = parse(paid_operation(name), arguments)
        check_count(type(operation), count)
        prepared = await prepare_inputs(
            operation, self.importer, max_file_size=self.settings.max_file_size
        )
        labels = labels_for(prepared.operation, prepared.sources, label=label, count=count)
        async with self.permits.check(prepared, count=count, confirm=confirm) as passing:
            submitted = await self.jobs.submit(
                prepared.operation,
                tool=name,
                count=count,
                labels=labels,
                output_dir=self.settings.copies_dir,
                inputs={file: item.id for file, item in prepared.files.items()},
                retry_of=retry_of,
                agree=passing.agree,
            )
        return await self._outcome(
            submitted.job_ids,
            max(wait - passing.seconds, 0),
            progress,
            said=[*said, *passing.said, *prepared.said],
            asked=submitted,
            comes_back=comes_back,
        )

    async def called(self, call: CallRecord) -> Outcome:
        """Return what came of a call whose jobs have all ended, made from rows alone.

        With this it counts as handed over.
        """
        jobs = await self.jobs.wait([job.id for job in call.jobs], 0)  # for their copies alone
        media = await self.media.many([each for job in jobs for each in job.media])
        preview = await self.preview(media)
        spent, uncollected = await self.jobs.deliver([call.id], excluding=[job.id for job in jobs])
        return Outcome(
            operation=jobs[0].operation if jobs else None,
            jobs=jobs,
            media=media,
            said=list(call.said),
            spent=spent,
            preview=preview,
            uncollected=uncollected,
            call=call.id,
            cached=call.cached,
        )

    async def wait_for(
        self, job_ids: Sequence[str], *, seconds: float, progress: Progress | None = None
    ) -> Outcome:
        """Wait for jobs, or for all that are unfinished or uncollected when none is named.

        Raises:
            NotFoundError: there is no such job.
        """
        wanted = list(job_ids) or await self.jobs.unfinished_and_uncollected()
        return await self._outcome(wanted, seconds, progress, said=[])

    async def query(self, name: str, arguments: Mapping[str, object]) -> BaseModel:
        """Ask the account something; free.

        Raises:
            RequestError: the API refused or could not be reached.
        """
        operation = parse(known_operation(name), arguments)
        if not isinstance(operation, Query):
            raise ArgumentsError(f"{name} costs credits and is no query.", hint="Use call().")
        return await self.jobs.query(operation)

    async def estimate(self, prices: Sequence[Price]) -> Estimate:
        """Set the prices of calls against budget and balance; sends nothing. See `price_of`."""
        balance, _ = await self._balance()
        spent = await self.jobs.spending()
        return Estimate(prices=tuple(prices), spent=spent, balance=balance)

    async def import_media(self, reference: str, label: str | None) -> tuple[MediaItem, str]:
        """Take a file into the store; free. Returns the item and what was done.

        Raises:
            InputFileError: it is not there, may not be read or is no media.
        """
        resolved = await self.importer.import_file(reference, label)
        return resolved.item, resolved.said

    async def status(self) -> Status:
        """Tell how the studio stands; asks the account for its balance."""
        balance, note = await self._balance()
        return Status(
            upstream=self.upstream.base_url,
            emulated=self.upstream.emulated,
            balance=balance,
            balance_note=note,
            spent=await self.jobs.spending(),
            unfinished=len(await self.jobs.unfinished_and_uncollected()),
            home=str(self.settings.home_dir),
            copies=str(self.settings.copies_dir) if self.settings.copies_dir else None,
            roots=[str(root) for root in self.roots.folders],
        )

    async def preview(self, items: Sequence[MediaItem]) -> Preview | None:
        """Return one small picture of the items; None for sound, or where previews are off."""
        if self.settings.preview == "none" or not items:
            return None
        return await preview_of(
            items,
            size=self.settings.preview,
            format=self.settings.preview_format,
            store=self.media,
        )

    async def _outcome(  # noqa: PLR0913 -- what is waited for, how long, and for whom
        self,
        job_ids: Sequence[str],
        wait: float,
        progress: Progress | None,
        *,
        said: list[str],
        asked: Call | None = None,
        comes_back: bool = False,
    ) -> Outcome:
        try:
            return await self._awaited(
                job_ids, wait, progress, said=said, asked=asked, comes_back=comes_back
            )
        except StorageError as error:
            if asked is None:
                raise
            raise under_way(asked, error) from error

    async def _awaited(  # noqa: PLR0913 -- as above
        self,
        job_ids: Sequence[str],
        wait: float,
        progress: Progress | None,
        *,
        said: list[str],
        asked: Call | None,
        comes_back: bool,
    ) -> Outcome:
        try:
            earlier = await earlier_lines(self.jobs, asked) if asked is not None else []
            views = await self.jobs.wait(job_ids, wait, progress)
            done = [view for view in views if view.state == "done"]
            media = await self.media.many([each for view in done for each in view.media])
            preview = await self.preview(media)
        except BaseException:
            # The host gave up. The jobs go on, and the next answer says that they wait.
            if asked is not None:
                with anyio.CancelScope(shield=True):
                    await self.jobs.mark_abandoned([asked.call_id])
            raise
        calls = {view.call for view in views if view.call is not None}
        finished = {call for call in calls if all(v.finished for v in views if v.call == call)}
        if asked is not None:
            finished = {asked.call_id} if all(view.finished for view in views) else set()
        spent, uncollected = await self.jobs.deliver(
            finished, excluding=[view.id for view in views]
        )
        if asked is not None and not finished:
            if comes_back:
                await self.jobs.save_notes(asked.call_id, [*said, *earlier])
            else:
                await self.jobs.mark_abandoned([asked.call_id])
        return Outcome(
            operation=views[0].operation if views else None,
            jobs=views,
            media=media,
            said=[*said, *earlier, *await without_copy(media, self.settings.copies_dir)],
            spent=spent,
            preview=preview,
            uncollected=uncollected,
            call=asked.call_id if asked else next(iter(calls), None) if len(calls) == 1 else None,
            cached=asked.cached if asked else (),
        )

    async def _balance(self) -> tuple[float | None, str]:
        known = await self.jobs.balance()
        if known is not None:
            return known.credits / 1000, "It was asked for a moment ago, and lags some minutes."
        try:
            with anyio.fail_after(BALANCE_SECONDS):
                found = await self.query("account_balance", {})
        except TimeoutError:
            return None, f"The balance was not answered within {BALANCE_SECONDS} s."
        except StudioError as error:
            return None, str(error)
        credits_left = float(found.model_dump()["credits"])
        await self.jobs.remember_balance(credits_left)
        return credits_left, "It lags some minutes behind."
