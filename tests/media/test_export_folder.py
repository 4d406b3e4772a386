"""Exported files: only inside the roots, all or none, and no file is overwritten by default."""

import os
import subprocess
import sys
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from stability_mcp.errors import ArgumentsError, FileForbiddenError, StorageError, StudioError
from stability_mcp.media import export_folder
from stability_mcp.media.export_folder import ExportFiles
from stability_mcp.media.export_roots import ExportRoots
from support.store.disk import MIB, small_disk

posix = pytest.mark.skipif(sys.platform == "win32", reason="links need rights on Windows")


@pytest.fixture
def roots(tmp_path: Path) -> ExportRoots:
    """Two roots, with the data folder in the first, and a folder outside."""
    for name in ("first", "second", "outside", "first/home/blobs"):
        (tmp_path / name).mkdir(parents=True)
    folders = (tmp_path / "first", tmp_path / "second")
    return ExportRoots(folders=folders, first=folders[0], store=tmp_path / "first" / "home")


def files_in(folder: Path) -> list[str]:
    """Return every file below a folder, hidden ones too."""
    found = (each for each in folder.rglob("*") if not each.is_dir())
    return sorted(each.relative_to(folder).as_posix() for each in found)


def export(
    roots: ExportRoots, to: str, files: Mapping[str, bytes], *, overwrite: bool = False
) -> list[Path]:
    """Export files into a folder and return their paths."""
    with ExportFiles(place=roots.locate(to), overwrite=overwrite) as out:
        for name, data in files.items():
            out.add(name, data)
        return [each.path for each in out.finish()]


def test_a_relative_path_is_below_the_first_root(roots: ExportRoots, tmp_path: Path) -> None:
    """Chosen: "to" means the folder that the user works in; missing folders are made."""
    paths = export(roots, "site/img", {"a.png": b"1", "b.png": b"2"})

    assert paths == [tmp_path / "first/site/img/a.png", tmp_path / "first/site/img/b.png"]
    assert [path.read_bytes() for path in paths] == [b"1", b"2"]


def test_a_full_path_and_a_home_path_work(
    roots: ExportRoots, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Chosen: people paste paths."""
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("USERPROFILE", str(tmp_path))

    assert export(roots, str(tmp_path / "second"), {"a.png": b"1"}) == [tmp_path / "second/a.png"]
    assert export(roots, "~/second/b", {"a.png": b"1"}) == [tmp_path / "second/b/a.png"]


def _link(path: Path, target: Path) -> None:
    path.symlink_to(target, target_is_directory=True)


OUTSIDE: Mapping[str, tuple[Callable[[Path], str], str]] = {
    "a full path": (lambda base: str(base / "outside"), "outside the allowed folders"),
    "..": (lambda _: "../outside", "outside the allowed folders"),
    ".. in the middle": (lambda _: "a/../../outside", "outside the allowed folders"),
    "the folder above": (str, "outside the allowed folders"),
    "a similar name": (lambda base: str(base / "first2"), "outside the allowed folders"),
    "the root of the disk": (lambda base: base.anchor, "outside the allowed folders"),
    "a network path": (lambda _: "//server/share", "network or device path"),
    "a line break": (lambda _: "a\nb", "isn't a path"),
    "a NUL": (lambda _: "a\0b", "isn't a path"),
    "no end": (lambda _: "x/" * 3_000, "isn't a path"),
    "the data folder": (lambda _: "home", "data folder of this server"),
    "in the data folder": (lambda _: "home/blobs/x", "data folder of this server"),
}


@pytest.mark.parametrize("name", OUTSIDE)
def test_a_path_outside_is_refused_and_not_touched(
    name: str, roots: ExportRoots, tmp_path: Path
) -> None:
    """Chosen: as strict as reading."""
    make, expected = OUTSIDE[name]

    with pytest.raises((FileForbiddenError, ArgumentsError), match=expected):
        roots.locate(make(tmp_path))
    assert files_in(tmp_path) == []


@posix
def test_a_link_out_of_the_roots_is_refused(roots: ExportRoots, tmp_path: Path) -> None:
    """Chosen: also one in the middle of the path, and one that leads to nothing yet."""
    _link(tmp_path / "first/out", tmp_path / "outside")
    _link(tmp_path / "first/later", tmp_path / "outside/later")

    for to in ("out", "out/deeper", "later", "later/deeper"):
        with pytest.raises(FileForbiddenError, match="is a link to a folder outside"):
            roots.locate(to)
    assert files_in(tmp_path / "outside") == []


@posix
def test_a_link_inside_the_roots_is_followed(roots: ExportRoots, tmp_path: Path) -> None:
    """Chosen: as for reading."""
    _link(tmp_path / "first/in", tmp_path / "second")

    assert export(roots, "in/x", {"a.png": b"1"}) == [tmp_path / "first/in/x/a.png"]
    assert files_in(tmp_path / "second") == ["x/a.png"]


@posix
def test_a_folder_swapped_for_a_link_after_the_check_isnt_followed(
    roots: ExportRoots, tmp_path: Path
) -> None:
    """Chosen: another program can't redirect the files at the right moment."""
    (tmp_path / "first/site").mkdir()
    place = roots.locate("site")
    (tmp_path / "first/site").rmdir()
    _link(tmp_path / "first/site", tmp_path / "outside")

    with (
        pytest.raises(FileForbiddenError, match="is a link or a file, not a folder"),
        ExportFiles(place=place) as out,
    ):
        out.add("a.png", b"1")
    assert files_in(tmp_path / "outside") == []


def test_a_file_in_place_of_a_folder_is_an_error(roots: ExportRoots, tmp_path: Path) -> None:
    """Chosen: it is kept."""
    (tmp_path / "first/site").write_bytes(b"mine")

    with pytest.raises(FileForbiddenError, match="not a folder; no file was changed"):
        export(roots, "site", {"a.png": b"1"})
    assert (tmp_path / "first/site").read_bytes() == b"mine"


def test_an_existing_file_is_kept_and_the_new_one_gets_a_number(
    roots: ExportRoots, tmp_path: Path
) -> None:
    """Chosen: overwriting has to be asked for."""
    for number in range(3):
        export(roots, ".", {"a.png": bytes([number])})

    kept = {path.name: path.read_bytes() for path in (tmp_path / "first").glob("*.png")}
    assert kept == {"a.png": b"\0", "a (2).png": b"\1", "a (3).png": b"\2"}


def test_an_existing_file_is_replaced_if_asked(roots: ExportRoots, tmp_path: Path) -> None:
    """Chosen: at once, so that no reader sees half of it."""
    (tmp_path / "first/a.png").write_bytes(b"old")
    with ExportFiles(place=roots.locate("."), overwrite=True) as out:
        out.add("a.png", b"new")
        out.add("b.png", b"other")
        assert (tmp_path / "first/a.png").read_bytes() == b"old"
        written = out.finish()

    assert [each.replaced for each in written] == [True, False]
    assert files_in(tmp_path / "first") == ["a.png", "b.png"]
    assert (tmp_path / "first/a.png").read_bytes() == b"new"


@posix
def test_replacing_a_link_leaves_its_target(roots: ExportRoots, tmp_path: Path) -> None:
    """Chosen: overwrite can't reach a file outside through a link."""
    (tmp_path / "outside/secret").write_bytes(b"mine")
    (tmp_path / "first/a.png").symlink_to(tmp_path / "outside/secret")

    export(roots, ".", {"a.png": b"new"}, overwrite=True)

    assert (tmp_path / "outside/secret").read_bytes() == b"mine"
    assert not (tmp_path / "first/a.png").is_symlink()


def test_a_set_gets_a_free_folder_as_a_whole(roots: ExportRoots, tmp_path: Path) -> None:
    """Chosen: `favicon (2).ico` would break the page."""
    for _ in range(2):
        with ExportFiles(place=roots.locate(".")) as out:
            out.add("favicon.ico", b"1", group="icons")
            out.add("icon-192.png", b"2", group="icons")
            out.finish()

    assert files_in(tmp_path / "first") == [
        "icons (2)/favicon.ico",
        "icons (2)/icon-192.png",
        "icons/favicon.ico",
        "icons/icon-192.png",
    ]


def test_a_set_has_its_name_only_when_it_is_complete(roots: ExportRoots, tmp_path: Path) -> None:
    """Chosen: a process that is killed leaves a hidden folder, never a half-written set."""
    first = tmp_path / "first"
    with ExportFiles(place=roots.locate("."), unfinished=".run-1.part") as out:
        out.add("a.png", b"1", group="set")
        before = files_in(first)
        paths = [each.path for each in out.finish()]

    assert [each.partition("/")[0] for each in before] == [".run-1.part"]
    assert paths == [first / "set/a.png"]
    assert out.created == [first / "set"]
    assert files_in(first) == ["set/a.png"]


def test_what_a_killed_process_left_is_removed(roots: ExportRoots, tmp_path: Path) -> None:
    """Chosen: it has the name of the run, so no other one's files are touched."""
    first = tmp_path / "first"
    (first / ".run-1.part").mkdir()
    (first / ".run-1.part/old.png").write_bytes(b"half")
    (first / ".run-2.part").mkdir()
    with ExportFiles(place=roots.locate("."), unfinished=".run-1.part") as out:
        out.add("a.png", b"1", group="set")
        out.finish()

    assert files_in(first) == ["set/a.png"]
    assert (first / ".run-2.part").is_dir()
    assert not (first / ".run-1.part").exists()


_KILLED = """
import os, sys, time
from pathlib import Path
from stability_mcp.media.export_folder import ExportFiles
from stability_mcp.media.export_roots import Place

def hang(*_, **__):
    print("hanging", flush=True)
    time.sleep(60)

setattr(os, sys.argv[2], hang)
root = Path(sys.argv[1])
with ExportFiles(place=Place(root=root, parts=(), shown=root), unfinished=".run-1.part") as out:
    out.add("a.png", b"1", group="set")
    out.add("b.png", b"2", group="set")
    out.finish()
"""


@posix
@pytest.mark.parametrize("moment", ["fsync", "rename"])
def test_a_process_killed_at_any_step_leaves_no_half_written_set(
    roots: ExportRoots, tmp_path: Path, moment: str
) -> None:
    """Chosen: while it writes the first file, and just before the set gets its name."""
    root = tmp_path / "first"
    with subprocess.Popen(
        [sys.executable, "-c", _KILLED, str(root), moment], stdout=subprocess.PIPE
    ) as child:
        assert child.stdout is not None
        assert child.stdout.readline() == b"hanging\n"
        child.kill()
    left = {path.partition("/")[0] for path in files_in(root)}
    with ExportFiles(place=roots.locate("."), unfinished=".run-1.part") as out:
        out.add("a.png", b"1", group="set")
        out.finish()

    assert left == {".run-1.part"}
    assert files_in(root) == ["set/a.png"]


@posix
def test_a_link_in_place_of_an_unfinished_set_is_not_followed(
    roots: ExportRoots, tmp_path: Path
) -> None:
    """Chosen: neither to remove what is behind it, nor to write there."""
    (tmp_path / "outside/mine.png").write_bytes(b"mine")
    _link(tmp_path / "first/.run-1.part", tmp_path / "outside")
    with ExportFiles(place=roots.locate("."), unfinished=".run-1.part") as out:
        out.add("a.png", b"1", group="set")
        out.finish()

    assert files_in(tmp_path / "outside") == ["mine.png"]
    assert (tmp_path / "first/set/a.png").read_bytes() == b"1"


@pytest.mark.parametrize("is_folder", [True, False])
def test_an_empty_folder_or_a_file_of_its_name_is_kept(
    roots: ExportRoots, tmp_path: Path, *, is_folder: bool
) -> None:
    """Chosen: a new set is a folder of its own."""
    taken = tmp_path / "first/set"
    taken.mkdir() if is_folder else taken.write_bytes(b"mine")
    with ExportFiles(place=roots.locate(".")) as out:
        out.add("a.png", b"1", group="set")
        (written,) = out.finish()

    assert written.path == tmp_path / "first/set (2)/a.png"
    assert list(taken.iterdir()) == [] if is_folder else taken.read_bytes() == b"mine"


def test_nothing_is_left_if_an_export_is_given_up(roots: ExportRoots, tmp_path: Path) -> None:
    """Chosen: neither temporary files nor new folders; folders that existed stay."""
    (tmp_path / "first/old").mkdir()
    with ExportFiles(place=roots.locate("old/new/deep")) as out:
        out.add("a.png", b"1")
        out.add("b.png", b"2", group="set")

    assert files_in(tmp_path / "first") == []
    assert (tmp_path / "first/old").is_dir()
    assert not (tmp_path / "first/old/new").exists()


def test_a_full_disk_leaves_nothing(tmp_path: Path) -> None:
    """Chosen: no half-written file, and the first ones of a set are gone too."""
    with small_disk(tmp_path / "disk", 4 * MIB) as disk:
        root = disk.home.parent
        roots = ExportRoots(folders=(root,), first=root, store=tmp_path / "home")
        with pytest.raises(StorageError, match="No space left on device; no file was changed"):
            export(roots, "site", {"a.png": bytes(MIB), "b.png": bytes(8 * MIB)})
        assert files_in(root) == []
        assert not (root / "site").exists()


def test_a_failure_while_naming_takes_the_others_back(
    roots: ExportRoots, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Chosen: all files or none."""
    move = export_folder._move_to_new  # noqa: SLF001 -- the last step fails here

    def fail(folder: object, temporary: str, name: str) -> None:
        if name == "b.png":
            raise OSError(5, "Input/output error")
        move(folder, temporary, name)  # type: ignore[arg-type]  # a private class

    monkeypatch.setattr(export_folder, "_move_to_new", fail)
    with pytest.raises(StorageError, match="Input/output error; no file was changed"):
        export(roots, ".", {"a.png": b"1", "b.png": b"2"})
    assert files_in(tmp_path / "first") == []


@posix
def test_a_disk_without_hard_links_gets_the_files_too(
    roots: ExportRoots, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Chosen: exFAT sticks and some network drives have none; nothing is overwritten there."""

    def refuse(*_: object, **__: object) -> None:
        raise PermissionError(1, "Operation not permitted")

    monkeypatch.setattr(os, "link", refuse)
    (tmp_path / "first/a.png").write_bytes(b"old")
    export(roots, ".", {"a.png": b"new"})

    assert (tmp_path / "first/a.png").read_bytes() == b"old"
    assert (tmp_path / "first/a (2).png").read_bytes() == b"new"
    assert files_in(tmp_path / "first") == ["a (2).png", "a.png"]


def test_a_root_that_doesnt_exist_yet_is_made(tmp_path: Path) -> None:
    """Chosen: the output folder appears with the first result."""
    root = tmp_path / "Pictures" / "Stability"
    roots = ExportRoots(folders=(root,), first=root, store=tmp_path / "home")
    with ExportFiles(place=roots.locate("x")) as out:
        out.add("a.png", b"1")
        out.finish()

    assert out.created == [tmp_path / "Pictures", root, root / "x"]
    assert files_in(tmp_path) == ["Pictures/Stability/x/a.png"]


def test_without_any_root_the_error_says_what_to_set(tmp_path: Path) -> None:
    """Chosen: STABILITY_ROOTS_ONLY without roots."""
    roots = ExportRoots(folders=(), first=None, store=tmp_path)

    with pytest.raises(StudioError, match="STABILITY_ROOTS"):
        roots.locate("x")
