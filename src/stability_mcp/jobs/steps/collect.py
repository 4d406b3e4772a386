"""Store what the API answered: T4, T5 and T6.

From here on nothing but this machine's own disk may hold a job up, for its result is paid.
"""

import logging
import os
import shutil
from pathlib import Path

from stability_mcp.client.answers import Answer, Generation
from stability_mcp.client.decode import decode
from stability_mcp.errors import FileUnusableError, JobError, StorageError, UnusableAnswerError
from stability_mcp.jobs.engine import Done, Later, Step
from stability_mcp.jobs.journal import done
from stability_mcp.jobs.journal.done import Finished, Result
from stability_mcp.jobs.journal.rows import JobRow
from stability_mcp.jobs.steps import ending
from stability_mcp.jobs.steps.workshop import Workshop
from stability_mcp.media.copies import write_copy
from stability_mcp.media.rows import measure, sync_file, sync_folder
from stability_mcp.store.locks import PRIVATE_FOLDER

DISK_PAUSE = 10.0
"""Seconds until storing is tried again on a disk that was full."""

log = logging.getLogger(__name__)


async def collect(shop: Workshop, job: JobRow, answer: Answer) -> Step:
    """Store a body that was received whole and lies in the spool as `.part`."""
    shop.whole[job.id] = answer
    return await _keep(shop, job, answer)


async def resume(shop: Workshop, job: JobRow) -> Step:
    """Store the answer of a job that was interrupted after its headers were journalled."""
    answer = shop.whole.get(job.id)
    if answer is None and job.answer is not None:
        whole = await shop.on_disk(shop.spool(job, ".body").exists)
        answer = Answer.from_json(job.answer) if whole else None
    if answer is not None:
        return await _keep(shop, job, answer)
    cut = JobError(
        "The API answered, and the program ended before the answer was whole; it cannot be "
        "fetched again.",
        job=job.id,
        charged="unknown",
        cure="Call the tool again to make it anew.",
    )
    await shop.on_disk(lambda: ending.sweep(shop, job))
    return await ending.lose(shop, job, cut)


async def _keep(shop: Workshop, job: JobRow, answer: Answer) -> Step:
    shop.copying(job.id)
    try:
        results = await shop.on_disk(lambda: _results(shop, job, answer))
        finished = await shop.database.write(
            lambda c: done.finish(
                c,
                shop.database.home,
                job,
                results,
                emulated=shop.upstream.emulated,
                now=shop.clock(),
            ),
            durable=True,
        )
        shop.session += finished.spent
        shop.forget(job.id)
        await shop.on_disk(lambda: ending.sweep(shop, job))
        await _write_copies(shop, job, finished)
    except (UnusableAnswerError, FileUnusableError) as error:
        return await ending.spoil(shop, job, _unusable(job, error))
    except (StorageError, OSError) as error:
        return ending.stays(shop, job, error, _retry(job, shop))
    finally:
        shop.copied(job.id)
    return Done()


def _retry(job: JobRow, shop: Workshop) -> Later:
    """Return the next step of a job whose result could not be stored.

    A generation is kept by the API, so it is fetched anew; any other result lies in the spool.
    """
    if job.generation is not None:
        return Later(seconds=max(DISK_PAUSE, shop.poll_interval()), kind="poll")
    return Later(seconds=DISK_PAUSE, kind="store")


def _results(shop: Workshop, job: JobRow, answer: Answer) -> list[Result]:
    """Do T4, and take the body apart: make it durable, then give it the name that means whole."""
    part, body, folder = (shop.spool(job, suffix) for suffix in (".part", ".body", ".d"))
    if job.id in shop.whole and part.exists():
        sync_file(part)
        part.replace(body)
        sync_folder(part.parent)
    if job.kind.answer == "artifacts":
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(mode=PRIVATE_FOLDER)
    return [_result(each, body) for each in decode(job.kind, answer, body, folder)]


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
        link = body
    return Result(generation=generation, measured=measured, file=link)


async def _write_copies(shop: Workshop, job: JobRow, finished: Finished) -> None:
    """Do T6, which never changes the job: a folder that cannot be written costs no result."""
    if job.output_dir is None or not finished.media:
        return
    try:
        for item in await shop.library.many(finished.media):
            sources = await shop.library.sources(item.id)
            path = await write_copy(
                item, Path(job.output_dir), metadata=shop.metadata, sources=sources
            )
            if path is not None:
                await shop.library.set_copy_path(item.id, path)
    except Exception:  # the result is stored: only its copy is missing
        log.exception("job %s: the readable copy could not be written", job.id)


def _unusable(job: JobRow, error: UnusableAnswerError | FileUnusableError) -> JobError:
    return JobError(
        f"The API's answer cannot be used: {error.message}",
        job=job.id,
        charged="yes",
        cure="Its bytes are kept in the data folder under quarantine/.",
    )
