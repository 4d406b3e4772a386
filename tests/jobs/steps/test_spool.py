"""The spool: space is reserved before sending, and unsent requests leave nothing behind."""

import errno
import os
import shutil
from pathlib import Path
from types import SimpleNamespace

import anyio
import pytest

from stability_mcp.client.models import Answer
from stability_mcp.client.trace import Trace
from stability_mcp.errors import StorageError, UnwrittenError
from stability_mcp.jobs.steps.spool import Spool
from stability_mcp.store.database import Database
from stability_mcp.store.tenancy import Upstream
from support.jobs.jobs import (
    UNREACHABLE,
    AccountJobs,
    Behaviour,
    Wire,
    core,
    deferred,
    fails,
    picture,
    put,
    run_one,
    succeeds,
)
from support.store.direct import write_now
from support.store.disk import (
    MIN_FREE,
    RESERVE,
    ROOM,
    SECONDS,
    SMALL_ROOM,
    running_jobs_on_small_disk,
    until_progress,
)
from support.store.rows import execute, rows, spool

pytestmark = pytest.mark.anyio

FULL = OSError(errno.ENOSPC, "No space left on device")
READ_ONLY = OSError(errno.EROFS, "Read-only file system")


async def _submit(jobs: AccountJobs) -> str:
    return (await jobs.submit(core(), tool="test")).job_ids[0]


async def _until_done(jobs: AccountJobs, job: str) -> None:
    [view] = await jobs.wait([job], SECONDS)
    assert (view.state, view.charged) == ("done", "yes"), (view.progress, view.error)


async def test_a_request_is_sent_only_when_there_is_space_for_its_response(tmp_path: Path) -> None:
    """*Chosen*: a file of the largest response size, truncated to what arrived."""
    seen: list[tuple[str, int]] = []

    async def behave(trace: Trace, body: Path) -> Answer:
        await trace.before_send()
        seen.append((body.name, (await anyio.Path(body).stat()).st_size))
        return await succeeds()(_Quiet(trace), body)

    async with running_jobs_on_small_disk(tmp_path, Wire([behave])) as jobs:
        view = await run_one(jobs)

    assert seen == [(f"{view.id}.1.1.part", ROOM)]
    assert (view.state, spool(tmp_path)) == ("done", [])


class _Quiet:
    """A trace that has already seen `before_send`."""

    def __init__(self, trace: Trace) -> None:
        self.sent, self.answered = trace.sent, trace.answered

    async def before_send(self) -> None:
        """Do nothing again."""


@pytest.mark.parametrize(
    "behaviour",
    [fails(UNREACHABLE, begun=False), fails(UNREACHABLE, sent=False), fails(ZeroDivisionError())],
)
async def test_a_request_without_a_response_frees_its_space(
    tmp_path: Path, behaviour: Behaviour
) -> None:
    """*Chosen*: whatever the outcome of a request, the spool is empty at rest."""
    async with running_jobs_on_small_disk(tmp_path, Wire([behaviour]), max_retries=0) as jobs:
        view = await run_one(jobs)

    assert view.finished
    assert spool(tmp_path) == []


async def test_the_end_of_a_body_is_written_when_the_disk_has_space_again(
    tmp_path: Path,
) -> None:
    """*Chosen*: the state is `storing`, because the headers are recorded."""
    rest = [FULL, FULL]

    async def behave(trace: Trace, body: Path) -> Answer:
        await succeeds(picture()[:50])(trace, body)

        def finish() -> None:
            if rest:
                raise rest.pop()
            with body.open("ab") as file:
                file.write(picture()[50:])

        raise UnwrittenError("It could not be written.", finish=finish)

    async with running_jobs_on_small_disk(tmp_path, Wire([behave])) as jobs:
        job = await _submit(jobs)
        view = await until_progress(jobs, job, "stored as soon as there is disk space")
        assert view.state == "storing"
        await _until_done(jobs, job)

    [(size,)] = rows(tmp_path, "SELECT bytes FROM blobs")
    assert (size, spool(tmp_path)) == (len(picture()), [])


@pytest.mark.parametrize("error", [FULL, READ_ONLY])
async def test_nothing_is_sent_while_the_spool_cannot_be_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, error: OSError
) -> None:
    """*Chosen*: the response could not be stored; the request is sent once it could be."""

    def refuse(descriptor: int, start: int, size: int) -> None:
        del descriptor, start, size
        if refusing:
            raise error

    monkeypatch.setattr(os, "posix_fallocate", refuse, raising=False)
    refusing = [True]
    wire = Wire([succeeds()])
    async with running_jobs_on_small_disk(tmp_path, wire) as jobs:
        job = await _submit(jobs)
        view = await until_progress(jobs, job, "queued", "sent as soon as", str(error.strerror))
        assert (view.state, wire.posts, spool(tmp_path)) == ("queued", [], [])
        refusing.clear()
        await _until_done(jobs, job)

    assert (len(wire.posts), spool(tmp_path)) == (1, [])


async def test_space_reserved_by_a_dead_process_is_freed(tmp_path: Path) -> None:
    """*Chosen*: killed between reserving space and `send.begin`; only queued jobs keep theirs."""
    database = Database(tmp_path)
    [job] = write_now(database, lambda c: put(c).job_ids, name="test.write")
    write_now(
        database,
        lambda c: execute(c, "UPDATE jobs SET process = NULL, lease_version = 3"),
        name="test.write",
    )
    await database.close()
    folder = tmp_path / "spool"
    for lease_version in (1, 2, 3):
        (folder / f"{job}.1.{lease_version}.part").write_bytes(b"room")
    (folder / "import-0123456789abcdef.part").write_bytes(b"another file")

    another = Upstream(id="another", base_url="https://api.test")
    async with running_jobs_on_small_disk(tmp_path, Wire([succeeds()]), upstream=another):
        assert set(spool(tmp_path)) == {f"{job}.1.3.part", "import-0123456789abcdef.part"}

    assert rows(tmp_path, "SELECT state FROM jobs") == [("queued",)]


@pytest.mark.parametrize("preallocates", ["", "preallocates"])
def test_the_free_space_limits_how_many_requests_are_in_flight(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, preallocates: str
) -> None:
    """*Chosen*: space promised to other requests counts as used, also without preallocation."""
    used: list[int] = []
    total = MIN_FREE + 3 * ROOM + 1 + (RESERVE if preallocates else 0)

    def allocate(file: int, _start: int, size: int) -> None:
        if not preallocates:
            raise OSError(errno.EOPNOTSUPP, "not here")
        os.ftruncate(file, size)
        used.append(size)

    def usage(_: Path) -> SimpleNamespace:
        return SimpleNamespace(total=total, free=total - sum(used))

    monkeypatch.setattr(shutil, "disk_usage", usage)
    monkeypatch.setattr(os, "posix_fallocate", allocate, raising=False)
    found, kind = Spool(tmp_path, SMALL_ROOM), type(core())

    for number in range(3):
        found.reserve_room(tmp_path / str(number), kind)
    with pytest.raises(StorageError, match="a request must leave at least 2 MB"):
        found.reserve_room(tmp_path / "3", kind)
    assert found.is_in_use()
    found.reserve_room(tmp_path / "4", type(deferred()))
    for number in range(5):
        found.release_room(tmp_path / str(number))
    used.clear()

    found.reserve_room(tmp_path / "3", kind)
