"""A process that submits and runs jobs, to be killed.

Start it with `python -m support.jobs.worker_process ...`.

Arguments: home, base URL of a counting upstream, number of calls, and `idle` to end when all jobs
have finished or `on` to keep running. Optionally the concurrency; or the kind of call, the place
where it ends itself (see `end_at`) and the signal.
"""

import os
import signal
import sys
import threading
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path
from typing import Any

import anyio
from pydantic import SecretStr

from stability_mcp.api.operation import Operation
from stability_mcp.api.operations import OPERATIONS
from stability_mcp.client.client import Client
from stability_mcp.jobs.models import Timing
from stability_mcp.media.importer import Importer
from stability_mcp.media.library import MediaLibrary
from stability_mcp.media.roots import Roots
from stability_mcp.store.database import Database, Moment, Observer
from stability_mcp.store.tenancy import Upstream
from support.jobs.jobs import AccountJobs, running_jobs
from support.store.rows import execute

OPEN = "SELECT 1 FROM jobs WHERE finished_at IS NULL LIMIT 1"

KINDS: dict[str, tuple[str, Callable[[str], dict[str, object]]]] = {
    "picture": ("generate_core", lambda prompt: {"prompt": prompt}),
    "sound": ("audio3_text_to_audio", lambda prompt: {"prompt": prompt, "duration": 10}),
    "samples": (
        "v1_text_to_image",
        lambda prompt: {"text_prompts": [{"text": prompt}], "samples": 2},
    ),
    "enlarged": ("upscale_conservative", lambda prompt: {"prompt": prompt}),
    "reinvented": ("upscale_creative", lambda prompt: {"prompt": prompt}),
}
"""Immediate, deferred, several results in one response, with a file, and deferred with a file."""

MIXTURE = ("sound", "picture", "samples", "picture", "enlarged", "picture", "reinvented")
CANCELLED = "cancelled"
INPUT = "input.png"
"""The picture to send, in the parent of the home."""


TIMING = Timing(poll_seconds=0.1, retry_seconds=0.01)

RUNNING, SUBMITTED = "running", "submitted all"
"""Printed on stdout, or by a forked process into the file `lines_of` it."""


def lines_of(home: Path, process: int) -> Path:
    """Return the file with what a forked process printed, which has no stdout."""
    return home.parent / f"{process}.lines"


@asynccontextmanager
async def running_jobs_in(
    home: Path,
    base_url: str,
    observer: Observer | None = None,
    **limits: Any,  # noqa: ANN401 -- limits of AccountJobs
) -> AsyncIterator[AccountJobs]:
    """Run jobs against a counting upstream until the block ends."""
    upstream = Upstream(id="counted", base_url=base_url)
    client = Client(base_url=base_url, api_key=SecretStr("sk-test"), timeout=20)
    limits = {"timing": TIMING, "kind": partial(Database, observer=observer), **limits}
    async with client, running_jobs(home, client, upstream=upstream, **limits) as jobs:
        yield jobs


async def submit(jobs: AccountJobs, kind: str, prompt: str) -> list[str]:
    """Do what a tool does: import the file to send, and submit the call."""
    name, arguments = KINDS[kind]
    values, inputs = arguments(prompt), {}
    store = jobs.context.library
    assert isinstance(store, MediaLibrary)
    if OPERATIONS[name].file_fields():
        folder = store.home.parent
        importer = Importer(library=store, roots=Roots([folder]))
        inputs["image"] = (await importer.import_file(str(folder / INPUT), None)).item.id
    operation: Operation = OPERATIONS[name].model_validate({**values, **inputs})
    submitted = await jobs.submit(
        operation, tool="test", inputs=inputs, output_dir=store.home.parent / "out"
    )
    return submitted.job_ids


def end_at(place: str, number: int) -> Observer:
    """Return an observer that sends this process a signal the first time it reaches `place`.

    Args:
        place: A moment of a named write step: `inside finish.store`.
        number: SIGKILL or SIGSTOP.
    """
    ended = list[str]()

    def observe(moment: Moment, name: str) -> None:
        if place == f"{moment} {name}" and not ended:
            ended.append(place)
            signal.pthread_kill(
                threading.get_ident(), number
            )  # takes effect here, not a moment later

    return observe


def _print(home: Path, line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()
    if os.path.samestat(os.fstat(1), Path(os.devnull).stat()):
        with lines_of(home, os.getpid()).open("a") as file:
            file.write(f"{line}\n")


async def main(
    home: str,
    base_url: str,
    calls: int,
    *,
    until_idle: bool,
    kind: str | None = None,
    **limits: Any,  # noqa: ANN401 -- the observer, and limits of AccountJobs
) -> None:
    """Submit calls of all kinds, or of one, and run them."""
    if kind == CANCELLED:
        limits["concurrency"] = 0  # so that it stays queued
    async with running_jobs_in(Path(home), base_url, **limits) as jobs:
        _print(Path(home), RUNNING)
        for number in range(calls):
            each = kind or MIXTURE[number % len(MIXTURE)]
            made = await submit(
                jobs, "picture" if kind == CANCELLED else each, f"{os.getpid()}-{number}"
            )
            if kind == CANCELLED:
                await jobs.cancel(made)
        _print(Path(home), SUBMITTED)
        database = jobs.context.database
        while not until_idle or await database.read(lambda c: bool(execute(c, OPEN))):  # noqa: ASYNC110 -- other processes set no event
            await anyio.sleep(0.05)


def run(home: str, url: str, calls: str, end: str, *more: str) -> None:
    """Run the worker with the arguments described above."""
    rest = list(more)
    kind = rest.pop(0) if rest and not rest[0].isdigit() else None
    limits: dict[str, Any] = {}
    if kind is not None and rest:
        limits["observer"] = end_at(rest[0], signal.Signals[rest[1]])
    elif rest:
        limits["concurrency"] = int(rest[0])

    async def work() -> None:
        await main(home, url, int(calls), until_idle=end == "idle", kind=kind, **limits)

    anyio.run(work)


if __name__ == "__main__":
    run(*sys.argv[1:])
