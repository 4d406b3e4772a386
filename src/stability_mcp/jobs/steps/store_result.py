"""Stores the result of a job (T4, T5), then writes its readable copies (T6).

The spooled body is decoded, checked and moved into the blobs, and the job's row becomes `done`. A
readable copy never changes a job: a folder that can't be written costs no result, and the process
that takes over from a dead one writes the copies that it left out.
"""

import logging
import os
import shutil
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from anyio import CancelScope

from stability_mcp.client.decode import decode
from stability_mcp.client.models import Answer, Generation
from stability_mcp.errors import FileUnusableError, JobError, UnusableAnswerError
from stability_mcp.jobs.engine import Done, Step
from stability_mcp.jobs.models import JobRow
from stability_mcp.jobs.steps import disk_retry, failures
from stability_mcp.jobs.steps.context import JobContext
from stability_mcp.jobs.transactions import finish as finishing
from stability_mcp.jobs.transactions import recover
from stability_mcp.jobs.transactions.finish import FinishedJob, JobResult
from stability_mcp.media.copies import write_copy
from stability_mcp.media.records import Blobs, file_info, sync_file
from stability_mcp.store.locks import PRIVATE_FOLDER

MAX_COPY_AGE_SECONDS = 3_600.0
"""Seconds. Who looks for what was finished longer ago asks for it by its label."""

log = logging.getLogger(__name__)

FinishBody = Callable[[], None]
"""Writes the end of a body that is only in memory; blocks, and raises while the disk is full."""


async def write_copies(
    context: JobContext,
    job: str,
    output_dir: str | None,
    media: Sequence[str],
    *,
    has_sources: bool = True,
) -> None:
    """Write the copies of the results of a job.

    Args:
        context: What the steps share.
        job: Whose results.
        output_dir: The folder; None: there are to be no copies.
        media: The results.
        has_sources: Whether they may be made of other media.
    """
    if output_dir is None or not media:
        return
    try:
        for item in await context.library.many(list(media)):
            sources = await context.library.sources(item.id) if has_sources else {}
            context.database.observer("before", "copy.write")
            path = await write_copy(
                item, Path(output_dir), metadata=context.settings.metadata, sources=sources
            )
            context.database.observer("after", "copy.write")
            if path is not None:
                await context.library.set_copy_path(item.id, path)
    except Exception:  # the result is stored: only its copy is missing
        log.exception("job %s: the readable copy could not be written", job)


async def write_missing_copies(context: JobContext) -> None:
    """Write the copies that ended processes owe."""
    upstream, since = context.upstream.id, context.clock() - MAX_COPY_AGE_SECONDS
    missing = await context.database.read(
        lambda c: recover.missing_copies(c, upstream=upstream, since=since)
    )
    for job, output_dir, media in missing:
        await write_copies(context, job, output_dir, media)


@dataclass
class ReceivedAnswer:
    """An answer that came whole.

    Args:
        job: The job, with the attempt that it answers.
        answer: Its headers.
        journal: Journals the headers, unless they are.
        finish: See `FinishBody`; None: all of the body is in the spool.
        completed: Whether its name is `.body` already, so that any process may go on with it.
    """

    job: JobRow
    answer: Answer
    journal: Callable[[], Awaitable[None]] | None = None
    finish: FinishBody | None = None
    completed: bool = False

    def describe_loss(self) -> str:
        """Say what is lost if the process ends now."""
        if self.finish is not None:
            return "the end of its answer, which is paid, was only in memory"
        if self.completed:
            return "its answer is in the spool, where the next program takes it up"
        return "its answer, which is paid, could not be made durable or journalled"


async def store_result(context: JobContext, received: ReceivedAnswer) -> Step:
    """Store an answer, however long the disk does not take it."""
    return await disk_retry.with_disk_retry(
        context, received.job, partial(_store, context, received), received.describe_loss
    )


async def resume_storing(context: JobContext, job: JobRow) -> Step:
    """Store the answer of a job that was interrupted after its headers were journalled."""
    if job.answer is not None and await context.on_disk(context.spool.file(job, ".body").exists):
        return await store_result(
            context, ReceivedAnswer(job, Answer.from_json(job.answer), completed=True)
        )
    cut = JobError(
        "The API answered, and the program ended before the answer was whole; it cannot be "
        "fetched again.",
        job=job.id,
        charged="unknown",
        hint="Call the tool again to make it anew.",
    )
    await context.on_disk(lambda: context.spool.sweep(job))
    return await failures.mark_unknown(context, job, cut)


async def _store(context: JobContext, received: ReceivedAnswer) -> Step:
    job = received.job
    context.copying(job.id)
    try:
        with CancelScope(shield=True):  # local, short, and paid
            await _finish_body(context, received)
            results = await context.on_disk(lambda: _results(context, received))
            finished = await _finish(context, job, results)
        has_sources = bool(job.kind.file_fields())
        await write_copies(context, job.id, job.output_dir, finished.media, has_sources=has_sources)
    except (UnusableAnswerError, FileUnusableError) as error:
        return await failures.fail_charged(context, job, _unusable(job, error))
    finally:
        context.copied(job.id)
    return Done()


async def _finish_body(context: JobContext, received: ReceivedAnswer) -> None:
    """Do T3 and write the end of the body, each whether or not the disk takes the other."""
    failure = None
    if received.finish is not None:
        try:
            await context.on_disk(received.finish)
            received.finish = None
        except OSError as error:
            failure = error
    if received.journal is not None:
        await received.journal()
    if failure is not None:
        raise failure


def _results(context: JobContext, received: ReceivedAnswer) -> list[JobResult]:
    """Do T4, and take the body apart: make it durable, then give it the name that means whole."""
    job, spool = received.job, context.spool
    body, folder = spool.file(job, ".body"), spool.file(job, ".d")
    if not received.completed:
        spool.complete(job)
        received.completed = True
    if job.kind.answer == "artifacts":
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(mode=PRIVATE_FOLDER)
    return [_result(each, body) for each in decode(job.kind, received.answer, body, folder)]


def _result(generation: Generation, body: Path) -> JobResult:
    info = file_info(generation.path, declared=generation.media_type)
    if generation.path != body:
        sync_file(generation.path)
        return JobResult(generation=generation, info=info, file=generation.path)
    # A second name: the transaction moves it, and when that is rolled back the body is still here.
    link = body.with_suffix(".link")
    link.unlink(missing_ok=True)
    try:
        os.link(body, link)
    except OSError:  # a file system without hard links
        shutil.copyfile(body, link)
    return JobResult(generation=generation, info=info, file=link)


async def _finish(context: JobContext, job: JobRow, results: list[JobResult]) -> FinishedJob:
    """Do T5, and remove what is left in the spool."""
    blobs = Blobs(home=context.database.home, observer=context.database.observer)
    now = context.clock()
    finished = await context.record(
        lambda c: finishing.store_results(c, blobs, job, results, now=now), name="finish.store"
    )
    context.session += finished.spent
    context.on_paid()
    context.forget(job.id)
    context.searches.pop(job.id, None)
    try:
        await context.on_disk(lambda: context.spool.sweep(job))
    except OSError as error:  # the next process that takes something over removes it
        log.warning("job %s: the spool could not be swept: %s", job.id, error)
    return finished


def _unusable(job: JobRow, error: UnusableAnswerError | FileUnusableError) -> JobError:
    return JobError(
        f"The API's answer cannot be used: {error.message}",
        job=job.id,
        charged="yes",
        hint="Its bytes are kept in the data folder under quarantine/.",
    )
