"""Store what the API answered: T4, T5 and T6.

From here on nothing but this machine's own disk may hold a job up, for its result is paid.
"""

import logging
import os
import shutil
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from anyio import CancelScope

from stability_mcp.client.answers import Answer, Generation
from stability_mcp.client.decode import decode
from stability_mcp.errors import FileUnusableError, JobError, UnusableAnswerError
from stability_mcp.jobs.engine import Done, Step
from stability_mcp.jobs.journal import done
from stability_mcp.jobs.journal.done import Finished, Result
from stability_mcp.jobs.journal.rows import JobRow
from stability_mcp.jobs.steps import ending, waiting
from stability_mcp.jobs.steps.copying import write_copies
from stability_mcp.jobs.steps.workshop import Workshop
from stability_mcp.media.rows import measure, sync_file
from stability_mcp.store.locks import PRIVATE_FOLDER

Finish = Callable[[], None]
"""Writes the end of a body that is only in memory; blocks, and raises while the disk is full."""

log = logging.getLogger(__name__)


@dataclass
class Received:
    """An answer that came whole.

    Args:
        job: The job, with the attempt that it answers.
        answer: Its headers.
        journal: Journals the headers, unless they are.
        finish: See `Finish`; None: all of the body is in the spool.
        kept: Whether its name is `.body` already, so that any process may go on with it.
    """

    job: JobRow
    answer: Answer
    journal: Callable[[], Awaitable[None]] | None = None
    finish: Finish | None = None
    kept: bool = False

    def lost(self) -> str:
        """Say what is lost if the process ends now."""
        if self.finish is not None:
            return "the end of its answer, which is paid, was only in memory"
        if self.kept:
            return "its answer is in the spool, where the next program takes it up"
        return "its answer, which is paid, could not be made durable or journalled"


async def collect(shop: Workshop, received: Received) -> Step:
    """Store an answer, however long the disk does not take it."""
    return await waiting.written(shop, received.job, partial(_keep, shop, received), received.lost)


async def resume(shop: Workshop, job: JobRow) -> Step:
    """Store the answer of a job that was interrupted after its headers were journalled."""
    if job.answer is not None and await shop.on_disk(shop.spool.file(job, ".body").exists):
        return await collect(shop, Received(job, Answer.from_json(job.answer), kept=True))
    cut = JobError(
        "The API answered, and the program ended before the answer was whole; it cannot be "
        "fetched again.",
        job=job.id,
        charged="unknown",
        cure="Call the tool again to make it anew.",
    )
    await shop.on_disk(lambda: shop.spool.sweep(job))
    return await ending.lose(shop, job, cut)


async def _keep(shop: Workshop, received: Received) -> Step:
    job = received.job
    shop.copying(job.id)
    try:
        with CancelScope(shield=True):  # local, short, and paid
            await _land(shop, received)
            results = await shop.on_disk(lambda: _results(shop, received))
            finished = await _finish(shop, job, results)
        made_of = bool(job.kind.file_fields())
        await write_copies(shop, job.id, job.output_dir, finished.media, made_of=made_of)
    except (UnusableAnswerError, FileUnusableError) as error:
        return await ending.spoil(shop, job, _unusable(job, error))
    finally:
        shop.copied(job.id)
    return Done()


async def _land(shop: Workshop, received: Received) -> None:
    """Do T3 and write the end of the body, each whether or not the disk takes the other."""
    failure = None
    if received.finish is not None:
        try:
            await shop.on_disk(received.finish)
            received.finish = None
        except OSError as error:
            failure = error
    if received.journal is not None:
        await received.journal()
    if failure is not None:
        raise failure


def _results(shop: Workshop, received: Received) -> list[Result]:
    """Do T4, and take the body apart: make it durable, then give it the name that means whole."""
    job, spool = received.job, shop.spool
    body, folder = spool.file(job, ".body"), spool.file(job, ".d")
    if not received.kept:
        spool.complete(job)
        received.kept = True
    if job.kind.answer == "artifacts":
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(mode=PRIVATE_FOLDER)
    return [_result(each, body) for each in decode(job.kind, received.answer, body, folder)]


def _result(generation: Generation, body: Path) -> Result:
    measured = measure(generation.path)
    if generation.path != body:
        sync_file(generation.path)
        return Result(generation=generation, measured=measured, file=generation.path)
    # A second name: the transaction moves it, and when that is rolled back the body is still here.
    link = body.with_suffix(".link")
    link.unlink(missing_ok=True)
    try:
        os.link(body, link)
    except OSError:  # a file system without hard links
        shutil.copyfile(body, link)
    return Result(generation=generation, measured=measured, file=link)


async def _finish(shop: Workshop, job: JobRow, results: list[Result]) -> Finished:
    """Do T5, and remove what is left in the spool."""
    home, observer = shop.database.home, shop.database.observer
    emulated, now = shop.upstream.emulated, shop.clock()
    finished = await shop.record(
        lambda c: done.finish(c, home, job, results, emulated=emulated, now=now, observer=observer),
        name="finish.store",
    )
    shop.session += finished.spent
    shop.paid()
    shop.forget(job.id)
    try:
        await shop.on_disk(lambda: shop.spool.sweep(job))
    except OSError as error:  # the next process that takes something over removes it
        log.warning("job %s: the spool could not be swept: %s", job.id, error)
    return finished


def _unusable(job: JobRow, error: UnusableAnswerError | FileUnusableError) -> JobError:
    return JobError(
        f"The API's answer cannot be used: {error.message}",
        job=job.id,
        charged="yes",
        cure="Its bytes are kept in the data folder under quarantine/.",
    )
