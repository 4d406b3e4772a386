"""Finding a file by its name, within bounds."""

import os
from itertools import count
from pathlib import Path

import pytest

from stability_mcp.media.files import MAX_DEPTH, find


def put(folder: Path, *names: str) -> None:
    """Create empty files."""
    for name in names:
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()


def test_a_file_is_found_up_to_four_folders_deep(tmp_path: Path) -> None:
    """Chosen: four levels cover dated picture folders."""
    deep, too_deep = "x/" * MAX_DEPTH, "x/" * (MAX_DEPTH + 1)
    put(tmp_path, f"{deep}a.png", f"{too_deep}b.png")

    assert find([tmp_path], "a.png").hits == [tmp_path / deep / "a.png"]
    assert find([tmp_path], "b.png").hits == []


def test_hidden_folders_caches_and_libraries_are_skipped(tmp_path: Path) -> None:
    """Chosen: they hold thousands of files that users never name."""
    put(tmp_path, ".git/a.png", "node_modules/a.png", "My.photoslibrary/a.png")

    assert find([tmp_path], "a.png").hits == []


def test_an_exact_match_takes_precedence_over_one_that_differs_in_case(tmp_path: Path) -> None:
    """Chosen: a name that matches exactly is most likely the one meant."""
    put(tmp_path, "x/Logo.png", "y/logo.png")

    assert find([tmp_path], "logo.png").hits == [tmp_path / "y" / "logo.png"]
    assert len(find([tmp_path], "LOGO.png").hits) == 2


def test_a_long_search_stops_and_reports_why(tmp_path: Path) -> None:
    """Chosen: a home folder on a slow disk must not delay a call."""
    put(tmp_path, *(f"f{n}" for n in range(50)))
    ticks = count()

    assert "after 20 files" in find([tmp_path], "a.png", entries=20).stopped
    assert "after 5 s" in find([tmp_path], "a.png", seconds=5, clock=lambda: next(ticks)).stopped
    assert find([tmp_path], "a.png").stopped == ""


def test_empty_folders_count_towards_the_search_limit(tmp_path: Path) -> None:
    """Chosen: a tree of empty folders is as slow as one with files."""
    for number in range(30):
        (tmp_path / f"d{number}").mkdir()

    assert "after 20 files" in find([tmp_path], "a.png", entries=20).stopped


@pytest.mark.skipif(os.name == "nt", reason="needs POSIX links")
def test_a_link_back_to_the_folder_is_not_followed(tmp_path: Path) -> None:
    """Chosen: links to folders are not followed."""
    put(tmp_path, "a.png")
    (tmp_path / "round").symlink_to(tmp_path)

    assert find([tmp_path], "a.png").hits == [tmp_path / "a.png"]


def test_a_missing_root_is_skipped(tmp_path: Path) -> None:
    """Chosen: not every user has a Music folder."""
    assert find([tmp_path / "Music"], "a.png").hits == []
