"""A process that submits jobs and carries them out, to be killed.

Start it by `python -m support.jobs.worker_process ...`.

Arguments: home, base URL of a counting upstream, how many calls, `idle` to end when nothing is left
or `on` to go on. Then, if need be, how many requests are in flight at most; or what it asks for,
where it ends itself (see `end_at`), and by which signal.
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
from support.jobs.jobs import Desk, at_work
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
"""At once, deferred, several results in one answer, with a file to send, and deferred with one."""

MIXTURE = ("sound", "picture", "samples", "picture", "enlarged", "picture", "reinvented")
CANCELLED = "cancelled"
INPUT = "input.png"
"""The picture that is sent, beside the home."""


TIMING = Timing(poll_seconds=0.1, retry_seconds=0.01)

AT_WORK, ASKED = "at work", "asked for all"
"""Said on stdout."""


@asynccontextmanager
async def at_work_in(
    home: Path,
    base_url: str,
    observer: Observer | None = None,
    **limits: Any,  # noqa: ANN401 -- limits of Desk
) -> AsyncIterator[Desk]:
    """Carry out jobs at an upstream that counts, until the block ends."""
    upstream = Upstream(id="counted", base_url=base_url)
    client = Client(base_url=base_url, api_key=SecretStr("sk-test"), timeout=20)
    limits = {"timing": TIMING, "kind": partial(Database, observer=observer), **limits}
    async with client, at_work(home, client, upstream=upstream, **limits) as jobs:
        yield jobs


async def submit(jobs: Desk, kind: str, prompt: str) -> list[str]:
    """Do what a tool does: import the file that is sent, and write the call."""
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
    """Return an observer that sends this process a signal, the first time it is at a place.

    Args:
        place: A moment of a named write step: `inside finish.store`.
        number: SIGKILL or SIGSTOP.
    """
    ended = list[str]()

    def observe(moment: Moment, name: str) -> None:
        if place == f"{moment} {name}" and not ended:
            ended.append(place)
            signal.pthread_kill(threading.get_ident(), number)  # it ends here, not a moment later

    return observe


def _say(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


async def main(
    home: str,
    base_url: str,
    calls: int,
    *,
    until_idle: bool,
    kind: str | None = None,
    **limits: Any,  # noqa: ANN401 -- the observer, and limits of Desk
) -> None:
    """Submit calls of all kinds, or of one, and carry them out."""
    if kind == CANCELLED:
        limits["concurrency"] = 0  # so that it is still queued
    async with at_work_in(Path(home), base_url, **limits) as jobs:
        _say(AT_WORK)
        for number in range(calls):
            each = kind or MIXTURE[number % len(MIXTURE)]
            made = await submit(
                jobs, "picture" if kind == CANCELLED else each, f"{os.getpid()}-{number}"
            )
            if kind == CANCELLED:
                await jobs.cancel(made)
        _say(ASKED)
        database = jobs.context.database
        while not until_idle or await database.read(lambda c: bool(execute(c, OPEN))):  # noqa: ASYNC110 -- other processes set no event here
            await anyio.sleep(0.05)


def run(home: str, url: str, calls: str, end: str, *more: str) -> None:
    """Do what the arguments say; see above."""
    rest = list(more)
    kind = rest.pop(0) if rest and not rest[0].isdigit() else None
    limits: dict[str, Any] = {}
    if kind is not None and rest:
        limits["observer"] = end_at(rest[0], signal.Signals[rest[1]])
    elif rest:
        limits["concurrency"] = int(rest[0])

    async def carry_out() -> None:
        await main(home, url, int(calls), until_idle=end == "idle", kind=kind, **limits)

    anyio.run(carry_out)


if __name__ == "__main__":
    run(*sys.argv[1:])
