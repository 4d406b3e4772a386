"""Stores the result of a job (T4, T5), then writes its readable copies (T6).

The spooled body is decoded, checked and moved into the blobs, and the job's row becomes `done`. A
readable copy never changes a job: an unwritable folder doesn't lose a result, and recovery writes
the copies that a dead process did not write.
"""

import logging
import os
import shutil
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from anyio import CancelScope

from stability_mcp.client.decode import decode, find_corruption
from stability_mcp.client.models import Answer, Generation
from stability_mcp.errors import (
    FileUnusableError,
    JobError,
    StorageError,
    UnusableAnswerError,
)
from stability_mcp.jobs.engine import Done, Step
from stability_mcp.jobs.models import ASK_BEFORE_REPEATING, JobRow
from stability_mcp.jobs.steps import disk_retry, failures
from stability_mcp.jobs.steps.context import JobContext
from stability_mcp.jobs.transactions import finish as finishing
from stability_mcp.jobs.transactions import recover
from stability_mcp.jobs.transactions.finish import FinishedJob, FreshResult, JobResult
from stability_mcp.media.copies import with_copy, write_copy, written_copy
from stability_mcp.media.items import CopyFile, MediaItem
from stability_mcp.media.records import Blobs, file_info, place_blob, sync_file
from stability_mcp.store.locks import PRIVATE_FOLDER
from stability_mcp.store.threads import in_file_thread

MAX_COPY_AGE_SECONDS = 3_600.0
"""Seconds. Recovery writes no copies of older results; they are still available by label."""

log = logging.getLogger(__name__)

FinishBody = Callable[[], None]
"""Writes the rest of a body that is only in memory; blocks, and raises while the disk is full."""


async def write_missing_copies(context: JobContext) -> None:
    """Write the readable copies that ended processes did not write."""
    upstream, since = context.upstream.id, context.clock() - MAX_COPY_AGE_SECONDS
    missing = await context.database.read(
        lambda c: recover.missing_copies(c, upstream=upstream, since=since)
    )
    for job, output_dir, media in missing:
        items = await context.library.many(media)
        sources = await _sources_of(context, items)
        write = partial(_write_copies, context, job, items, Path(output_dir), sources)
        await record_copies(context, await in_file_thread(write, of_user=True))


async def record_copies(context: JobContext, copies: Mapping[str, CopyFile]) -> None:
    """Record the paths of copies; if that fails, a later process writes the copy again."""
    try:
        for media, copy in copies.items():
            await context.library.set_copy_path(media, copy.path, copy.stamp)
    except Exception:  # the result is stored; only the path of its copy is missing
        log.exception("%s: the paths of readable copies could not be recorded", ", ".join(copies))


async def _sources_of(
    context: JobContext, items: Sequence[MediaItem]
) -> dict[str, Mapping[str, MediaItem]]:
    """Return the sources of each item by role; empty if they can't be read."""
    try:
        return {item.id: await context.library.sources(item.id) for item in items}
    except StorageError as error:  # the copies get less metadata
        log.warning("the inputs of results could not be read: %s", error)
        return {}


def _write_copies(
    context: JobContext,
    job: str,
    items: Sequence[MediaItem],
    folder: Path,
    sources: Mapping[str, Mapping[str, MediaItem]],
) -> dict[str, CopyFile]:
    """Write the copies of results and return them by media id; blocks."""
    copies: dict[str, CopyFile] = {}
    try:
        for item in items:
            context.database.observer("before", "copy.write")
            path = write_copy(
                item, folder, metadata=context.settings.metadata, sources=sources.get(item.id)
            )
            context.database.observer("after", "copy.write")
            if path is not None:
                copies[item.id] = written_copy(path)
    except Exception:  # the results are stored; only a copy is missing
        log.exception("job %s: a readable copy could not be written", job)
    return copies


@dataclass
class ReceivedAnswer:
    """A completely received response.

    Args:
        job: The job, with the attempt that it answers.
        answer: Its headers.
        journal: Journals the headers, unless that is done.
        finish: See `FinishBody`; None: all of the body is in the spool.
        completed: Whether it is already renamed to `.body`, so that any process may store it.
    """

    job: JobRow
    answer: Answer
    journal: Callable[[], Awaitable[None]] | None = None
    finish: FinishBody | None = None
    completed: bool = False

    def describe_loss(self) -> str:
        """Describe what is lost if the process ends now."""
        if self.finish is not None:
            return "the end of its paid response was only in memory"
        if self.completed:
            return "its response is in the spool; the next server stores it"
        return "its paid response could not be written to disk"


async def store_result(context: JobContext, received: ReceivedAnswer) -> Step:
    """Store a response; while the disk fails, retry without a time limit."""
    return await disk_retry.with_disk_retry(
        context, received.job, partial(_store, context, received), received.describe_loss
    )


async def resume_storing(context: JobContext, job: JobRow) -> Step:
    """Store the response of a job that was interrupted after its headers were journalled."""
    answer = None if job.answer is None else Answer.from_json(job.answer)
    if answer is not None and await in_file_thread(partial(_has_body, context, job, answer)):
        return await store_result(context, ReceivedAnswer(job, answer, completed=True))
    interrupted = JobError(
        "The server stopped while receiving the API's response, which can't be fetched again.",
        job=job.id,
        charged="unknown",
        hint=ASK_BEFORE_REPEATING,
    )
    await in_file_thread(lambda: context.spool.sweep_parts(job))
    return await failures.mark_unknown(context, job, interrupted)


def _has_body(context: JobContext, job: JobRow, answer: Answer) -> bool:
    """Return whether the complete body is in the spool, renamed to `.body`; blocks."""
    spool = context.spool
    if spool.file(job, ".body").exists():
        return True
    for part in spool.complete_parts(job, answer.length):
        if _is_readable(job, answer, part, spool.file(job, ".d")):
            spool.adopt(job, part)
            return True
    return False


def _is_readable(job: JobRow, answer: Answer, part: Path, folder: Path) -> bool:
    """Return whether a body is complete; False also if that can't be determined."""
    from stability_mcp.imaging.pixels import decode_image
    from stability_mcp.imaging.probe import probe

    if not _is_recognisable(job, answer):
        return False
    _make_empty(folder)
    try:
        generations = decode(job.kind, answer, part, folder)
        for generation in generations:
            decode_image(generation.path, probe(generation.path))
    except (UnusableAnswerError, FileUnusableError):
        return False
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    declared = answer.media_type
    return find_corruption(part, job.kind, whole=False, declared=declared) is None


def _is_recognisable(job: JobRow, answer: Answer) -> bool:
    """Return whether lost bytes in a body can be detected.

    They can be detected in a PNG, which has checksums, and in base64 within JSON. Decoders accept a
    JPEG or WebP with missing bytes.
    """
    return job.kind.answer == "artifacts" or answer.media_type == "image/png"


def _make_empty(folder: Path) -> None:
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(mode=PRIVATE_FOLDER)


async def _store(context: JobContext, received: ReceivedAnswer) -> Step:
    job = received.job
    context.copying(job.id)
    try:
        with CancelScope(shield=True):  # short local work on a paid result
            await _finish_body(received)
            results = await in_file_thread(lambda: _results(context, received))
            finished = await _finish(context, job, results)
        await _publish(context, job, finished)
    except (UnusableAnswerError, FileUnusableError) as error:
        return await failures.fail_charged(context, job, _unusable(job, error))
    finally:
        context.copied(job.id)
    return Done()


async def _finish_body(received: ReceivedAnswer) -> None:
    """Write the rest of the body and do T3; each is tried even if the other fails."""
    failure = None
    if received.finish is not None:
        try:
            await in_file_thread(received.finish)
            received.finish = None
        except OSError as error:
            failure = error
    if received.journal is not None:
        await received.journal()
    if failure is not None:
        raise failure


def _results(context: JobContext, received: ReceivedAnswer) -> list[JobResult]:
    """Do T4: make the body durable and rename it to `.body`; then decode it."""
    job, spool = received.job, context.spool
    body, folder = spool.file(job, ".body"), spool.file(job, ".d")
    if not received.completed:
        spool.complete(job, recognisable=_is_recognisable(job, received.answer))
        received.completed = True
    if job.kind.answer == "artifacts":
        _make_empty(folder)
    blobs = _blobs_of(context)
    return [_result(blobs, each, body) for each in decode(job.kind, received.answer, body, folder)]


def _blobs_of(context: JobContext) -> Blobs:
    return Blobs(home=context.database.home, observer=context.database.observer)


def _result(blobs: Blobs, generation: Generation, body: Path) -> JobResult:
    path = generation.path
    info = file_info(path, declared=generation.media_type, sha256=generation.sha256)
    if path == body:
        path = _second_name(body)
    else:
        sync_file(path)
    placed = place_blob(blobs, path, info)
    return JobResult(generation=generation, info=info, file=path, placed=placed)


def _second_name(body: Path) -> Path:
    """Link the body to a second name for T5 to move: after a rollback the body still exists."""
    link = body.with_suffix(".link")
    link.unlink(missing_ok=True)
    try:
        os.link(body, link)
    except OSError:  # a file system without hard links
        shutil.copyfile(body, link)
        sync_file(link)
    return link


async def _finish(context: JobContext, job: JobRow, results: list[JobResult]) -> FinishedJob:
    """Do T5."""
    blobs = _blobs_of(context)
    finished = await context.record(
        lambda c: finishing.store_results(c, blobs, job, results, now=context.clock()),
        name="finish.store",
    )
    context.session += finished.spent
    context.on_paid()
    context.forget(job.id)
    context.searches.pop(job.id, None)
    return finished


async def _publish(context: JobContext, job: JobRow, finished: FinishedJob) -> None:
    """Sweep the spool and write the readable copies.

    If a call of this process waits for the job, it records the paths of the copies together with
    its delivery.
    """
    folder = None if job.output_dir is None else Path(job.output_dir)
    has_sources = folder is not None and bool(job.kind.file_fields())
    sources = await _sources_of(context, finished.media) if has_sources else {}

    def work() -> dict[str, CopyFile]:
        try:
            context.spool.sweep(job)
        except OSError as error:  # the next recovery removes the files
            log.warning("job %s: the spool could not be swept: %s", job.id, error)
        return (
            {}
            if folder is None
            else _write_copies(context, job.id, finished.media, folder, sources)
        )

    copies = await in_file_thread(work, of_user=True)
    if not context.awaited[job.id]:
        await record_copies(context, copies)
        return
    items = [with_copy(item, copies.get(item.id)) for item in finished.media]
    context.fresh[job.id] = FreshResult(items=items, copies=copies, memory=finished.memory)


def _unusable(job: JobRow, error: UnusableAnswerError | FileUnusableError) -> JobError:
    prefix = f"The API's response to {job.operation} is unusable: "
    return JobError(
        error.message if isinstance(error, UnusableAnswerError) else f"{prefix}{error.message}",
        job=job.id,
        charged="yes",
        hint="The raw response is kept in the data folder under quarantine/.",
    )
