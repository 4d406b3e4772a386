"""Finding a file by its bare name, within bounds."""

import os
from itertools import count
from pathlib import Path

import pytest

from stability_mcp.media.files import MAX_DEPTH, find


def put(folder: Path, *names: str) -> None:
    """Make empty files."""
    for name in names:
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()


def test_a_file_is_found_in_any_folder_that_is_not_too_deep(tmp_path: Path) -> None:
    """Chosen: four folders deep, which covers the dated folders of pictures."""
    deep, too_deep = "x/" * MAX_DEPTH, "x/" * (MAX_DEPTH + 1)
    put(tmp_path, f"{deep}a.png", f"{too_deep}b.png")

    assert find([tmp_path], "a.png").hits == [tmp_path / deep / "a.png"]
    assert find([tmp_path], "b.png").hits == []


def test_hidden_and_tedious_folders_are_passed_over(tmp_path: Path) -> None:
    """Chosen: caches and libraries hold thousands of files that nobody means."""
    put(tmp_path, ".git/a.png", "node_modules/a.png", "My.photoslibrary/a.png")

    assert find([tmp_path], "a.png").hits == []


def test_the_same_capitals_win_over_others(tmp_path: Path) -> None:
    """Chosen: an exact name is meant, if there is one."""
    put(tmp_path, "x/Logo.png", "y/logo.png")

    assert find([tmp_path], "logo.png").hits == [tmp_path / "y" / "logo.png"]
    assert len(find([tmp_path], "LOGO.png").hits) == 2


def test_a_long_search_ends_and_says_why(tmp_path: Path) -> None:
    """Chosen: a home folder on a slow disk must not hold up a call."""
    put(tmp_path, *(f"f{n}" for n in range(50)))
    ticks = count()

    assert "first 20" in find([tmp_path], "a.png", entries=20).cut
    assert "after 5 s" in find([tmp_path], "a.png", seconds=5, clock=lambda: next(ticks)).cut
    assert find([tmp_path], "a.png").cut == ""


def test_empty_folders_count_as_well(tmp_path: Path) -> None:
    """Chosen: a tree of folders without a file is as slow as one with."""
    for number in range(30):
        (tmp_path / f"d{number}").mkdir()

    assert "first 20" in find([tmp_path], "a.png", entries=20).cut


@pytest.mark.skipif(os.name == "nt", reason="links of POSIX")
def test_a_folder_that_leads_back_to_itself_is_not_entered(tmp_path: Path) -> None:
    """Chosen: links to folders are not followed."""
    put(tmp_path, "a.png")
    (tmp_path / "round").symlink_to(tmp_path)

    assert find([tmp_path], "a.png").hits == [tmp_path / "a.png"]


def test_a_root_that_is_not_there_is_no_error(tmp_path: Path) -> None:
    """Chosen: not everybody has a Music folder."""
    assert find([tmp_path / "Music"], "a.png").hits == []
