"""A signed URL takes one file, once, for ten minutes; what isn't completed leaves nothing."""

import errno
import os
import stat
import time
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import anyio
import pytest

from stability_mcp.errors import (
    ArgumentsError,
    FileTooLargeError,
    FileUnusableError,
    NotFoundError,
    StudioError,
    TooManyUploadsError,
    UploadStateError,
)
from stability_mcp.maintenance.retention import Keep, Retention
from stability_mcp.media.upload_rows import MAX_OPEN_UPLOADS, UPLOAD_SECONDS
from stability_mcp.studio import InterruptedUploadError, Studio, open_studio
from stability_mcp.studio.signed_uploads import SignedRequest, SignedUpload, SignedUploads
from support.imaging.sample_files import png
from support.pages.local_pages import Clock
from support.server.in_memory import settings_in
from support.store.rows import rows, spool

pytestmark = pytest.mark.anyio

PICTURE = png()


@pytest.fixture
def clock() -> Clock:
    """A clock that the test sets."""
    return Clock(time.time())


@pytest.fixture
async def studio(tmp_path: Path, clock: Clock) -> AsyncIterator[Studio]:
    """A studio on the emulator."""
    async with open_studio(settings_in(tmp_path)) as opened:
        opened._parts.jobs.runner._context.clock = clock  # noqa: SLF001 -- no setting moves it
        yield opened


@pytest.fixture
def uploads(studio: Studio) -> SignedUploads:
    """Its signed uploads."""
    return studio.signed_uploads


def home(folder: Path) -> Path:
    """Return the folder of the store."""
    return settings_in(folder).home_dir


async def blocks(data: bytes, size: int = 64) -> AsyncIterator[bytes]:
    """Yield a body."""
    for start in range(0, len(data), size):
        yield data[start : start + size]


async def breaking(data: bytes) -> AsyncIterator[bytes]:
    """Yield half a body, then break off."""
    yield data[: len(data) // 2]
    raise InterruptedUploadError("The client stopped sending the file.")


def put(upload: SignedUpload, data: bytes = PICTURE) -> SignedRequest:
    """Return a request to the URL of an upload."""
    return SignedRequest(
        id=upload.id,
        expires_at=upload.expires_at,
        signature=upload.signature,
        blocks=blocks(data),
        declared=len(data),
    )


async def test_a_file_is_announced_sent_and_stored(
    uploads: SignedUploads, tmp_path: Path, clock: Clock
) -> None:
    """*Documented*: rest.md 7; completing it again gives the same item."""
    upload = await uploads.create("C:\\fotos\\fox.png", len(PICTURE))
    assert upload.expires_at == int(clock()) + UPLOAD_SECONDS

    await uploads.receive(put(upload))
    [received] = [each for each in spool(home(tmp_path)) if upload.id in each]
    mode = (home(tmp_path) / "spool" / received).stat().st_mode
    item, note = await uploads.complete(upload.id)
    again, _ = await uploads.complete(upload.id)

    assert stat.S_IMODE(mode) == 0o600
    assert (item.label, item.width, note) == ("fox", 96, '"fox.png" = "fox", imported now')
    assert again.id == item.id
    assert upload.id not in "".join(spool(home(tmp_path)))


async def test_completing_at_the_same_time_gives_one_item(uploads: SignedUploads) -> None:
    """*Chosen*: a client that timed out tries again while the first request still works."""
    upload = await uploads.create("a.png", len(PICTURE))
    await uploads.receive(put(upload))
    found: list[str] = []

    async def complete() -> None:
        found.append((await uploads.complete(upload.id))[0].id)

    async with anyio.create_task_group() as group:
        for _ in range(4):
            group.start_soon(complete)

    assert len(found) == 4
    assert len(set(found)) == 1


async def test_a_file_system_without_links_takes_uploads_too(
    uploads: SignedUploads, monkeypatch: pytest.MonkeyPatch
) -> None:
    """*Chosen*: exFAT and some network drives have none."""

    def refuse(*_: object) -> None:
        raise OSError(errno.EPERM, "Operation not permitted")

    upload = await uploads.create("a.png", len(PICTURE))
    await uploads.receive(put(upload))
    monkeypatch.setattr(os, "link", refuse)
    item, _ = await uploads.complete(upload.id)

    assert item.width == 96


async def test_an_upload_gets_the_label_that_was_asked_for(uploads: SignedUploads) -> None:
    """*Chosen*: as for other imports; an invalid one is refused before anything happens."""
    upload = await uploads.create("a.png", len(PICTURE))
    await uploads.receive(put(upload))

    with pytest.raises(ArgumentsError):
        await uploads.complete(upload.id, " \u202e ")
    item, _ = await uploads.complete(upload.id, "hero")

    assert item.label == "hero"


@pytest.mark.parametrize("part", ["id", "expires_at", "signature"])
async def test_a_changed_url_is_unknown(uploads: SignedUploads, part: str) -> None:
    """*Documented*: rest.md 12; the signature binds the upload and its time."""
    upload = await uploads.create("a.png", len(PICTURE))
    other = await uploads.create("a.png", len(PICTURE))
    changed: dict[str, object] = {
        "id": other.id,
        "expires_at": upload.expires_at + 1,
        "signature": f"{upload.signature[:-1]}é",
    }

    with pytest.raises(NotFoundError):
        await uploads.receive(replace(put(upload), **{part: changed[part]}))  # type: ignore[arg-type]

    await uploads.receive(put(upload))


async def test_an_expired_url_takes_nothing(uploads: SignedUploads, clock: Clock) -> None:
    """*Documented*: rest.md 7; a file that arrived in time may be completed for as long again."""
    late, upload = [await uploads.create("a.png", len(PICTURE)) for _ in range(2)]
    clock.now += UPLOAD_SECONDS - 1
    await uploads.receive(put(upload))
    clock.now += 2

    with pytest.raises(NotFoundError, match="its time is over"):
        await uploads.receive(put(late))
    await uploads.complete(upload.id)


async def test_a_url_takes_one_file(uploads: SignedUploads) -> None:
    """*Documented*: rest.md 7; also of two requests at the same time."""
    upload = await uploads.create("a.png", len(PICTURE))
    ended: list[StudioError | None] = []

    async def send() -> None:
        try:
            await uploads.receive(put(upload))
        except UploadStateError as error:
            ended.append(error)
        else:
            ended.append(None)

    async with anyio.create_task_group() as group:
        for _ in range(4):
            group.start_soon(send)
    await send()
    await uploads.complete(upload.id)
    await send()

    assert ended.count(None) == 1
    assert len(ended) == 6
    assert "was sent already" in str(ended[-1])


@pytest.mark.parametrize(
    ("data", "kind"),
    [(PICTURE + b"x", FileTooLargeError), (PICTURE[:-1], FileUnusableError)],
)
async def test_a_file_of_another_size_may_be_sent_again(
    uploads: SignedUploads, tmp_path: Path, data: bytes, kind: type[StudioError]
) -> None:
    """*Chosen*: nothing of it stays; the limit holds while it streams, whatever was declared."""
    upload = await uploads.create("a.png", len(PICTURE))

    with pytest.raises(kind, match=r'"a\.png"'):
        await uploads.receive(replace(put(upload, data), declared=0))
    assert upload.id not in "".join(spool(home(tmp_path)))
    with pytest.raises(UploadStateError, match="No file was sent"):
        await uploads.complete(upload.id)

    await uploads.receive(put(upload))
    await uploads.complete(upload.id)


async def test_a_request_that_breaks_off_may_be_sent_again(
    uploads: SignedUploads, tmp_path: Path
) -> None:
    """*Chosen*: once means one whole file."""
    upload = await uploads.create("a.png", len(PICTURE))

    with pytest.raises(InterruptedUploadError):
        await uploads.receive(replace(put(upload), blocks=breaking(PICTURE)))
    assert upload.id not in "".join(spool(home(tmp_path)))

    await uploads.receive(put(upload))
    await uploads.complete(upload.id)


async def test_a_file_that_is_not_media_ends_its_upload(
    uploads: SignedUploads, tmp_path: Path
) -> None:
    """*Chosen*: the same checks as for every other import."""
    page = b"<html>" * 20
    upload = await uploads.create("a.png", len(page))
    await uploads.receive(put(upload, page))

    with pytest.raises(FileUnusableError):
        await uploads.complete(upload.id)
    with pytest.raises(NotFoundError):
        await uploads.complete(upload.id)

    assert upload.id not in "".join(spool(home(tmp_path)))
    assert rows(home(tmp_path), "SELECT count(*) FROM uploads") == [(0,)]


@pytest.mark.parametrize(("size", "kind"), [(0, ArgumentsError), (100_000_001, FileTooLargeError)])
async def test_an_impossible_size_is_refused(
    uploads: SignedUploads, size: int, kind: type[StudioError]
) -> None:
    """*Documented*: rest.md 4: 100 MB a file."""
    with pytest.raises(kind):
        await uploads.create("a.png", size)


async def test_open_uploads_take_a_gigabyte_at_most(uploads: SignedUploads, clock: Clock) -> None:
    """*Documented*: rest.md 7; an upload that is completed or expired makes room."""
    upload = await uploads.create("a.png", len(PICTURE))
    clock.now += 60
    for _ in range(9):
        await uploads.create("big.png", 100_000_000)
    with pytest.raises(TooManyUploadsError, match="10 uploads of 900,0") as refused:
        await uploads.create("big.png", 100_000_000)
    await uploads.receive(put(upload))
    await uploads.complete(upload.id)
    await uploads.create("big.png", 100_000_000)

    assert UPLOAD_SECONDS - 62 < refused.value.retry_after <= UPLOAD_SECONDS - 60


async def test_a_thousand_half_sent_uploads_leave_nothing(
    studio: Studio, uploads: SignedUploads, tmp_path: Path, clock: Clock
) -> None:
    """*Documented*: rest.md 12; 100 at a time, every tenth left by a process that was killed."""
    for _ in range(10):
        made = [await uploads.create("a.png", 1_000) for _ in range(MAX_OPEN_UPLOADS)]
        with pytest.raises(TooManyUploadsError):
            await uploads.create("a.png", 1_000)
        for each in made[::10]:
            await uploads._begin(each.id)  # noqa: SLF001 -- as it is when its process is killed
            (home(tmp_path) / "spool" / f"upload-{each.id}.part").write_bytes(b"half")
        for each in made[1::10]:
            with pytest.raises(InterruptedUploadError):
                await uploads.receive(replace(put(each), declared=0, blocks=breaking(b"half")))
        clock.now += UPLOAD_SECONDS + 1
    left = spool(home(tmp_path))
    await Retention(studio._parts.runtime.database, Keep(), clock=clock).sweep()  # noqa: SLF001 -- no setting moves its clock

    assert len([each for each in left if each.startswith("upload-")]) == 10
    assert not [each for each in spool(home(tmp_path)) if each.startswith("upload-")]
    assert rows(home(tmp_path), "SELECT count(*) FROM uploads") == [(0,)]


async def test_another_process_of_the_store_accepts_the_url(
    uploads: SignedUploads, tmp_path: Path, clock: Clock
) -> None:
    """*Documented*: rest.md 11; another store doesn't."""
    upload = await uploads.create("a.png", len(PICTURE))

    async with open_studio(settings_in(tmp_path / "other")) as other:
        other._parts.jobs.runner._context.clock = clock  # noqa: SLF001 -- no setting moves it
        with pytest.raises(NotFoundError):
            await other.signed_uploads.receive(put(upload))
    async with open_studio(settings_in(tmp_path)) as second:
        second._parts.jobs.runner._context.clock = clock  # noqa: SLF001 -- no setting moves it
        await second.signed_uploads.receive(put(upload))
        item, _ = await second.signed_uploads.complete(upload.id)

    assert item.width == 96
