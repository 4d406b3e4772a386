"""Lists of the media files in a folder, within bounds and only inside the roots."""

import itertools
import os
from contextlib import suppress
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

import support.imaging.sample_files as make
from stability_mcp.errors import (
    ArgumentsError,
    FileForbiddenError,
    FileMissingError,
    FileUnusableError,
)
from stability_mcp.media.files import MAX_DEPTH
from stability_mcp.media.folders import FolderPage, FolderQuery, read_folder
from stability_mcp.media.newest_files import scan
from stability_mcp.media.roots import Roots
from stability_mcp.periods import Period
from support.home import use_home

EVERYTHING = FolderQuery()
PNG = make.png()
NOON = datetime(2026, 11, 25, 12, tzinfo=UTC).timestamp()
posix = pytest.mark.skipif(os.name == "nt", reason="needs POSIX links and pipes")


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """An allowed folder."""
    folder = tmp_path / "root"
    folder.mkdir()
    return folder


def put(path: Path, data: bytes = PNG, *, hours_ago: float = 0) -> Path:
    """Write a file that was changed some hours before noon."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)
    at = NOON - hours_ago * 3_600
    os.utime(path, (at, at))
    return path


def read(root: Path, text: str, wanted: FolderQuery = EVERYTHING) -> FolderPage:
    """Return a page of a folder."""
    return read_folder(Roots([root]), text, wanted)


def names(page: FolderPage) -> list[str]:
    """Return the names of the files on a page."""
    return [each.path.name for each in page.files]


def test_the_newest_come_first_and_types_come_from_the_bytes(root: Path) -> None:
    """Chosen: a file whose name lies is listed with what it is."""
    put(root / "old.png", hours_ago=5)
    put(root / "sub" / "sound.mp3", make.mp3(), hours_ago=1)
    put(root / "liar.png", make.jpeg(), hours_ago=2)
    put(root / "page.jpg", b"<html>", hours_ago=3)
    put(root / "export", PNG, hours_ago=4)
    put(root / "README", b"text", hours_ago=0)
    put(root / "empty.png", b"", hours_ago=0)
    put(root / ".hidden.png")
    put(root / ".cache" / "hidden.png")
    put(root.joinpath(*"x" * (MAX_DEPTH + 1), "deep.png"))

    page = read(root, str(root))

    assert [(each.path.name, each.kind, each.wrong_name) for each in page.files] == [
        ("sound.mp3", "audio", None),
        ("liar.png", "image", ".png"),
        ("page.jpg", None, ".jpg"),
        ("export", "image", None),
        ("old.png", "image", None),
    ]
    assert page.files[1].media_type == "image/jpeg"
    assert page.next_cursor is None
    assert page.stopped == ""


def test_pages_continue_after_the_last_file_even_if_times_are_equal(root: Path) -> None:
    """Chosen: files that appear or vanish between two pages don't shift the next one."""
    for number in range(9):
        put(root / f"{number} a.png")
    seen, cursor = [], None
    while True:
        page = read(root, "root", FolderQuery(limit=4, cursor=cursor))
        seen += names(page)
        cursor = page.next_cursor
        if cursor is None:
            break
        (root / names(page)[-1]).unlink()
        put(root / f"new {len(seen)}.png", hours_ago=-1)

    assert seen == [f"{number} a.png" for number in range(9)]


def test_kind_words_and_period_filter_the_files(root: Path) -> None:
    """Chosen: as for stored media; the time is that of the last change."""
    put(root / "Fox one.png", hours_ago=1)
    put(root / "fox two.mp3", make.mp3(), hours_ago=2)
    put(root / "hare.png", hours_ago=30)

    assert names(read(root, "root", FolderQuery(query="ONE fox"))) == ["Fox one.png"]
    assert names(read(root, "root", FolderQuery(kind="audio"))) == ["fox two.mp3"]
    old = FolderQuery(period=Period(until=NOON - 86_400))
    assert names(read(root, "root", old)) == ["hare.png"]


def test_a_large_folder_is_read_for_a_bounded_time(root: Path) -> None:
    """Chosen: it says that it stopped; the next page continues there."""
    for number in range(6):
        put(root / f"{number}.png", hours_ago=number)

    assert "Only 3 files" in scan(root, entries=3).stopped
    ticks = itertools.count(step=0.4)
    assert "newer ones may be missing" in scan(root, clock=lambda: next(ticks)).stopped

    seen, cursor = [], None
    for _ in range(6):
        slow = partial(next, itertools.chain([0.0] * 9, itertools.count(0, 0.6)))
        page = read_folder(
            Roots([root]),
            "root",
            FolderQuery(cursor=cursor),
            clock=slow,
        )
        seen += names(page)
        cursor = page.next_cursor
        if cursor is None:
            break
        assert "the next page continues" in page.stopped
    assert seen == [f"{number}.png" for number in range(6)]


@posix
def test_links_out_pipes_and_unreadable_files_are_passed_over(root: Path) -> None:
    """Chosen: nothing outside is read, and no device is opened."""
    secret = put(root.parent / "secret" / "a.png")
    (root / "out.png").symlink_to(secret)
    (root / "folder").symlink_to(secret.parent)
    (root / "folder.png").symlink_to(secret.parent)
    (root / "loop.png").symlink_to(root / "loop.png")
    (root / "null.png").symlink_to("/dev/null")
    os.mkfifo(root / "pipe.png")
    inside = put(root / "b.png")
    (root / "inside.png").symlink_to(inside)

    assert sorted(names(read(root, str(root)))) == ["b.png", "inside.png"]
    with pytest.raises(FileForbiddenError, match="link to a file outside"):
        read(root, str(root / "folder"))
    for outside in (str(root.parent / "secret"), "../secret", f"{root}/../secret", "~root", "/dev"):
        with pytest.raises((FileForbiddenError, FileMissingError)):
            read(root, outside)


def test_a_folder_is_found_by_its_name_and_must_be_one(root: Path) -> None:
    """Chosen: in any case; of several, the caller picks one."""
    put(root / "Trip" / "a.png")
    put(root / "x" / "Scans" / "a.png")
    put(root / "y" / "Scans" / "a.png")

    assert names(read(root, "trip")) == ["a.png"]
    assert names(read(root, "x/Scans")) == ["a.png"]
    assert len(names(read(root, "ROOT"))) == 3
    with pytest.raises(FileMissingError, match='2 folders are named "scans"'):
        read(root, "scans")
    with pytest.raises(FileMissingError, match=r'There is no folder "Trp".*Did you mean "Trip"'):
        read(root, "Trp")
    with pytest.raises(FileMissingError, match=r"There is no folder.*Allowed folders: "):
        read(root, str(root / "none"))
    with pytest.raises(FileUnusableError, match="is a file, not a folder"):
        read(root, str(root / "Trip" / "a.png"))


def test_standard_names_mean_the_users_folders(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Chosen: the same names in every language of the system."""
    use_home(tmp_path, monkeypatch)
    put(tmp_path / "Bilder" / "a.png")
    put(tmp_path / "out" / "2026-11-25" / "b.png")
    monkeypatch.setenv("XDG_PICTURES_DIR", str(tmp_path / "Bilder"))
    roots = Roots([tmp_path / "Bilder", tmp_path / "out"])

    for name in ("Pictures", "pictures", " PICTURES/"):
        page = read_folder(roots, name, EVERYTHING)
        assert names(page) == ["a.png"]
    output = read_folder(roots, "output", EVERYTHING, tmp_path / "out")
    assert names(output) == ["b.png"]
    no_result = read_folder(roots, "output", EVERYTHING, tmp_path / "out" / "emulated")
    assert (names(no_result), no_result.folder) == ([], tmp_path / "out" / "emulated")
    assert "doesn't exist yet" in no_result.stopped
    with pytest.raises(FileMissingError, match='There is no folder "Music"'):
        read_folder(roots, "Music", EVERYTHING)


@given(st.text() | st.from_regex(r"\Af-?\d{1,25}\.[A-Za-z0-9_-]{0,30}\Z"))
def test_no_cursor_makes_it_fail(cursor: str) -> None:
    """Chosen: every input is hostile."""
    here = Path(__file__).parent
    with suppress(ArgumentsError):
        read(here, str(here), FolderQuery(cursor=cursor))
