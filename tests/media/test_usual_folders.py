"""The folders that are allowed by default."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from stability_mcp.errors import FileForbiddenError, FileMissingError
from stability_mcp.media.roots import Roots
from stability_mcp.settings import Settings
from support.home import use_home


def test_the_standard_folders_are_roots_but_never_the_home_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Chosen: a server started in the home folder must not allow all of it."""
    with at_home(tmp_path, monkeypatch):
        started_at_home = Roots.of(Settings(roots=(tmp_path / "more",))).folders
        (tmp_path / "work").mkdir()
        monkeypatch.chdir(tmp_path / "work")
        started_at_work = Roots.of(Settings()).folders
        monkeypatch.chdir("/")
        started_at_top = Roots.of(Settings()).folders

    for folders in (started_at_home, started_at_work, started_at_top):
        assert tmp_path not in folders
        assert Path("/") not in folders
        assert tmp_path / "Downloads" in folders
    assert tmp_path / "more" in started_at_home
    assert tmp_path / "work" in started_at_work


def test_only_the_configured_folders_are_roots_with_roots_only(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Chosen: STABILITY_ROOTS_ONLY=1 allows nothing else."""
    with at_home(tmp_path, monkeypatch):
        roots = Roots.of(Settings(roots=(Path("~/more"),), roots_only=True))

        assert roots.folders == (tmp_path / "more",)
        none = Roots.of(Settings(roots_only=True))
    with pytest.raises(FileForbiddenError, match="No folders are allowed"):
        none.open_file("/etc/passwd")
    with pytest.raises(FileMissingError):
        none.open_file("a.png")


@contextmanager
def at_home(home: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Use a temporary home folder."""
    use_home(home, monkeypatch)
    monkeypatch.chdir(home)
    yield
    monkeypatch.undo()
