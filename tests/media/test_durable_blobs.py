"""A blob that a row names survives a power failure, whoever brought it there."""

from pathlib import Path

import pytest

from stability_mcp.media import records
from stability_mcp.media.records import blob_path, file_info, keep_blob
from support.jobs.jobs import picture


def test_a_blob_that_is_there_already_is_made_durable_too(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """*Chosen*: it may have been moved there by a process that was killed at that moment."""
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
