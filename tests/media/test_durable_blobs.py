"""A blob named by a row survives a power failure, whichever process stored it."""

from pathlib import Path

import pytest

from stability_mcp.media import records
from stability_mcp.media.records import (
    Blobs,
    FileInfo,
    NewMedia,
    Provenance,
    blob_path,
    file_info,
    insert_media,
    keep_blob,
    place_blob,
)
from stability_mcp.store.database import Database
from support.jobs.jobs import picture

pytestmark = pytest.mark.anyio


def test_an_existing_blob_is_made_durable_too(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """*Chosen*: the process that moved it there may have been killed right afterwards."""
    (tmp_path / "blobs").mkdir()
    files = [tmp_path / "first", tmp_path / "second"]
    for file in files:
        file.write_bytes(picture())
    info = file_info(files[0])
    synced: list[Path] = []
    monkeypatch.setattr(records, "sync_folder", synced.append)

    kept = [keep_blob(tmp_path, file, info) for file in files]

    target = blob_path(tmp_path, info.sha256)
    assert kept == [target] * 2
    assert synced == [target.parent.parent, target.parent, target.parent]
    assert not any(file.exists() for file in files)


def _new(file: Path, info: FileInfo, *, placed: bool) -> NewMedia:
    provenance = Provenance(origin="imported")
    return NewMedia(
        owner="local", name=None, file=file, info=info, provenance=provenance, placed=placed
    )


async def test_a_placed_blob_is_not_moved_in_the_transaction(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """*Chosen*: an fsync of the folder in the transaction would delay every other commit."""
    database = Database(tmp_path)
    file = tmp_path / "spool" / "body"
    file.write_bytes(picture())
    info, blobs = file_info(file), Blobs(home=tmp_path)
    assert place_blob(blobs, file, info)
    synced: list[Path] = []
    monkeypatch.setattr(records, "sync_folder", synced.append)

    item = await database.write(
        lambda c: insert_media(c, blobs, _new(file, info, placed=True), now=1.0), name="test.write"
    )
    await database.close()

    assert item.path.read_bytes() == file.read_bytes() == picture()
    assert synced == []


async def test_a_placed_blob_that_was_removed_is_moved_again(tmp_path: Path) -> None:
    """*Chosen*: retention may have removed an old blob with the same bytes meanwhile."""
    database = Database(tmp_path)
    file = tmp_path / "spool" / "body"
    file.write_bytes(picture())
    info, blobs = file_info(file), Blobs(home=tmp_path)
    assert place_blob(blobs, file, info)
    blob_path(tmp_path, info.sha256).unlink()

    item = await database.write(
        lambda c: insert_media(c, blobs, _new(file, info, placed=True), now=1.0), name="test.write"
    )
    await database.close()

    assert item.path.read_bytes() == picture()


def test_a_damaged_blob_does_not_count_as_placed(tmp_path: Path) -> None:
    """*Chosen*: the transaction replaces it."""
    file = tmp_path / "body"
    file.write_bytes(picture())
    info = file_info(file)
    target = blob_path(tmp_path, info.sha256)
    target.parent.mkdir(parents=True)
    target.write_bytes(b"cut")

    assert not place_blob(Blobs(home=tmp_path), file, info)
