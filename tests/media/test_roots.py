"""Roots: only regular files below them are read; nothing else is even looked at."""

import os
import re
import socket
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

import support.imaging.sample_files as make
from stability_mcp.errors import (
    FileForbiddenError,
    FileMissingError,
    FileUnusableError,
    InputFileError,
)
from stability_mcp.media.roots import MAX_BYTES, Roots

SECRET = b"the secret"
posix = pytest.mark.skipif(os.name == "nt", reason="needs POSIX links and pipes")


PNG = make.png()


def _aged(path: Path, data: bytes, hours: float) -> None:
    """Write a file that was changed some hours ago."""
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(data)
    at = time.time() - hours * 3_600
    os.utime(path, (at, at))


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """An allowed folder, next to a secret that isn't allowed."""
    folder = tmp_path / "root"
    folder.mkdir()
    (tmp_path / "secret").mkdir()
    (tmp_path / "secret" / "a.png").write_bytes(SECRET)
    (folder / "a.png").write_bytes(b"fine")
    return folder


def content(roots: Roots, text: str) -> bytes:
    """Read the file that a path names."""
    opened = roots.open_file(text)
    with os.fdopen(opened.descriptor, "rb") as file:
        return file.read()


def test_a_file_is_read_by_its_absolute_path_or_one_relative_to_a_root(root: Path) -> None:
    """Chosen: paths are absolute, or relative to any root."""
    (root / "sub").mkdir()
    (root / "sub" / "b.png").write_bytes(b"b")
    roots = Roots([root])

    assert content(roots, str(root / "a.png")) == b"fine"
    assert content(roots, "sub/b.png") == b"b"
    assert content(roots, f"{root}/sub/../a.png") == b"fine"
    assert content(roots, "b.png") == b"b"


def test_a_relative_path_may_start_with_the_name_of_a_root(root: Path) -> None:
    """Chosen: people write `Downloads/cat.png`; a real subfolder of that name comes first."""
    (root / "sub").mkdir()
    (root / "sub" / "b.png").write_bytes(b"b")
    roots = Roots([root.parent / "other", root])

    assert content(roots, f"{root.name}/a.png") == b"fine"
    assert content(roots, f"{root.name.upper()}/sub/b.png") == b"b"
    with pytest.raises(FileMissingError) as missing:
        roots.open_file(f"{root.name}/aa.png")
    assert missing.value.hint == 'Did you mean "a.png"?'
    with pytest.raises(FileForbiddenError):
        roots.open_file(f"{root.name}/../../x.png")
    (root / root.name).mkdir()
    (root / root.name / "a.png").write_bytes(b"inner")
    assert content(roots, f"{root.name}/a.png") == b"inner"


def test_a_tilde_is_the_home_folder(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Chosen: as in a shell."""
    monkeypatch.setenv("HOME", str(root.parent))
    monkeypatch.setenv("USERPROFILE", str(root.parent))

    assert content(Roots([root]), "~/root/a.png") == b"fine"


@pytest.mark.parametrize(
    "text",
    [
        "{root}/../secret/a.png",
        "../secret/a.png",
        "{root}x/a.png",
        "/etc/passwd",
        "{root}/../secret/no-such.png",
        "~root/../../etc/passwd",
        "sub/../../secret/a.png",
    ],
)
def test_a_path_outside_the_roots_is_rejected_whether_it_exists_or_not(
    root: Path, text: str
) -> None:
    """Chosen: the answer doesn't reveal which files exist outside."""
    (root.parent / "rootx").mkdir()
    (root.parent / "rootx" / "a.png").write_bytes(SECRET)

    with pytest.raises(FileForbiddenError, match="is outside the allowed folders"):
        content(Roots([root]), text.format(root=root))


@posix
def test_a_link_is_followed_only_if_its_target_is_inside_the_roots(root: Path) -> None:
    """Chosen: the real path of the file decides."""
    (root / "out.png").symlink_to(root.parent / "secret" / "a.png")
    (root / "folder").symlink_to(root.parent / "secret")
    (root / "in.png").symlink_to(root / "a.png")
    roots = Roots([root])

    for text in ("out.png", str(root / "out.png"), f"{root}/folder/a.png", "folder/a.png"):
        with pytest.raises(InputFileError) as error:
            content(roots, text)
        assert str(root.parent / "secret") not in str(error.value)
    assert content(roots, str(root / "in.png")) == b"fine"


@posix
def test_a_root_may_itself_be_a_link(root: Path) -> None:
    """Chosen: /tmp is a link on macOS; both its name and its real path are allowed."""
    named = root.parent / "named"
    named.symlink_to(root)

    assert content(Roots([named]), str(named / "a.png")) == b"fine"
    assert content(Roots([named]), str(root / "a.png")) == b"fine"


@posix
def test_a_pipe_a_device_and_a_socket_are_rejected_at_once(root: Path) -> None:
    """Chosen: opening a pipe without a writer would block a thread forever."""
    os.mkfifo(root / "pipe.png")
    (root / "null.png").symlink_to("/dev/null")
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(root / "sock.png"))
        roots = Roots([root, Path("/dev")])

        for name, kind in (("pipe.png", "a pipe"), ("sock.png", "a socket")):
            with pytest.raises(FileForbiddenError, match=kind):
                content(roots, str(root / name))
    with pytest.raises(FileForbiddenError, match="a device"):
        content(roots, "/dev/zero")
    with pytest.raises(FileForbiddenError, match="link to a file outside the allowed folders"):
        content(Roots([root]), str(root / "null.png"))


@posix
def test_swapping_a_folder_for_a_link_never_gives_access_to_files_outside(root: Path) -> None:
    """Chosen: the location of the open file is checked, so the moment of a swap doesn't matter."""
    folder, aside, link = root / "sub", root / "aside", root / "link"
    folder.mkdir()
    (folder / "a.png").write_bytes(b"fine")
    link.symlink_to(root.parent / "secret")
    stop = threading.Event()

    def swap() -> None:
        while not stop.is_set():
            folder.rename(aside)
            link.rename(folder)
            folder.rename(link)
            aside.rename(folder)

    swapper = threading.Thread(target=swap)
    swapper.start()
    seen: set[bytes] = set()
    refused = tries = 0
    try:
        while tries < 3_000 or (tries < 100_000 and not refused):
            tries += 1
            try:
                seen.add(content(Roots([root]), str(folder / "a.png")))
            except InputFileError:
                refused += 1
    finally:
        stop.set()
        swapper.join()

    assert seen == {b"fine"}
    assert refused


def test_the_error_for_a_missing_file_only_suggests_names_inside_the_roots(root: Path) -> None:
    """Chosen: names from outside are never suggested."""
    (root / "lighthouse.png").write_bytes(b"x")
    roots = Roots([root])

    for text in ("lighthose.png", str(root / "lighthose.png")):
        with pytest.raises(FileMissingError, match=r'Did you mean "lighthouse\.png"'):
            content(roots, text)
    with pytest.raises(FileMissingError, match="There is no file"):
        content(roots, str(root / "a.png" / "b.png"))


def test_the_error_for_a_folder_names_its_newest_media(root: Path) -> None:
    """Chosen: the newest 20 by their bytes, as paths to pass, so that the caller can pass one."""
    for number in range(30):
        _aged(root / "sub" / f"{number:02}.png", PNG, number)
    _aged(root / "liar.png", b"<html>", 0)
    _aged(root / ".hidden.png", PNG, 0)
    _aged(root / "notes.txt", PNG, 0)

    with pytest.raises(FileUnusableError, match="is a folder") as refused:
        content(Roots([root]), str(root))
    named = re.findall(r'"([^"]+)"', refused.value.hint)
    assert named == [str(root / "sub" / f"{number:02}.png") for number in range(20)]
    assert refused.value.hint.endswith(", … (10 more).")
    assert content(Roots([root]), named[0]) == PNG


def test_the_error_for_a_wildcard_names_the_newest_files_it_matches(root: Path) -> None:
    """Chosen: one call takes one file; nothing outside the roots is listed."""
    _aged(root / "x1.png", PNG, 2)
    _aged(root / "x2.PNG", PNG, 1)
    _aged(root / "c.wav", PNG, 0)
    _aged(root / "sub" / "x3.png", PNG, 0)

    with pytest.raises(FileMissingError, match="is a wildcard") as refused:
        content(Roots([root]), str(root / "X*.png"))
    named = re.findall(r'"([^"]+)"', refused.value.hint)
    assert named == [str(root / "x2.PNG"), str(root / "x1.png")]
    with pytest.raises(InputFileError) as outside:
        content(Roots([root / "x"]), str(root / "*.png"))
    assert "x1.png" not in str(outside.value)


@posix
@pytest.mark.parametrize(
    ("given", "stored"),
    [
        ("Capture d'\u00e9cran.png", "Capture d\u2019\u00e9cran.png"),
        ("a - b.png", "a \u2013 b.png"),
        ("a b.png", "a\u00a0b.png"),
        ("ab.png", "a\u200bb.png"),
        ('"a".png', "\u201ca\u201d.png"),
    ],
)
def test_a_name_is_found_with_plain_quotes_hyphens_and_spaces(
    given: str, stored: str, root: Path
) -> None:
    """Chosen: models write plain characters where macOS and chats have typographic ones."""
    (root / stored).write_bytes(b"x")

    assert content(Roots([root]), given) == b"x"
    assert content(Roots([root]), str(root / given)) == b"x"


def test_several_files_with_one_name_are_listed(root: Path) -> None:
    """Chosen: the server doesn't guess which one is meant."""
    for name in ("x", "y"):
        (root / name).mkdir()
        (root / name / "b.png").write_bytes(b"b")

    with pytest.raises(FileMissingError, match="2 files are named") as error:
        content(Roots([root, root / "x"]), "b.png")
    assert str(root / "x" / "b.png") in str(error.value)


@posix
def test_a_name_is_found_in_any_unicode_form(root: Path) -> None:
    """Chosen: macOS decomposes accents and puts a narrow space before PM."""
    (root / "Scho\u0308n 10.30.00\u202fPM.png").write_bytes(b"x")
    roots = Roots([root])

    assert content(roots, "Sch\u00f6n 10.30.00 PM.png") == b"x"
    assert content(roots, str(root / "Sch\u00f6n 10.30.00 PM.png")) == b"x"
    assert content(roots, "SCH\u00d6N 10.30.00 pm.PNG") == b"x"


@posix
def test_a_file_whose_name_is_not_unicode_can_be_read(root: Path) -> None:
    """Chosen: an escaped file: URL can name it, and errors stay printable."""
    (root / os.fsdecode(b"\xff.png")).write_bytes(b"x")
    roots = Roots([root])

    assert content(roots, os.fsdecode(b"\xff.png")) == b"x"
    for text in (os.fsdecode(b"\xfe.png"), "z.png", str(root / os.fsdecode(b"\xfe.png"))):
        with pytest.raises(FileMissingError) as error:
            content(roots, text)
        str(error.value).encode()


@pytest.mark.parametrize(
    ("name", "size", "why"),
    [("empty.png", 0, "is empty"), ("huge.png", MAX_BYTES + 1, "the maximum is 100,000,000")],
)
def test_an_empty_file_and_a_huge_one_are_rejected(
    root: Path, name: str, size: int, why: str
) -> None:
    """Chosen: the API accepts no file above 100 MB."""
    with (root / name).open("wb") as file:
        file.truncate(size)

    with pytest.raises(FileUnusableError, match=why):
        content(Roots([root]), name)


def test_a_folder_is_rejected(root: Path) -> None:
    """Chosen: the hint asks for a file in it."""
    with pytest.raises(FileUnusableError, match="is a folder"):
        content(Roots([root]), str(root))


@posix
def test_a_path_longer_than_the_system_allows_gives_one_clear_error(root: Path) -> None:
    """Chosen: exceeding the system's limits is the caller's error."""
    for text in (str(root / ("x" * 300)), str(root / "/".join(["x" * 200] * 30))):
        with pytest.raises(InputFileError):
            content(Roots([root]), text)


@pytest.mark.processes
@pytest.mark.skipif(sys.platform != "linux" or os.getuid() != 0, reason="needs root to drop it")
def test_a_file_without_read_permission_has_its_own_error(root: Path) -> None:
    """Chosen: the hint differs from the one for a missing file."""
    (root / "a.png").chmod(0)
    for folder in (root, *root.parents):
        with_access = folder.stat().st_mode | 0o755
        if folder.stat().st_uid == os.getuid() and str(folder).startswith("/tmp/"):  # noqa: S108 -- pytest's own
            folder.chmod(with_access)
    program = (
        "import os, sys\n"
        "from stability_mcp.media.roots import Roots\n"
        "from pathlib import Path\n"
        "os.setuid(65534)\n"
        "Roots([Path(sys.argv[1])]).open_file(sys.argv[1] + '/a.png')\n"
    )
    ended = subprocess.run(
        [sys.executable, "-c", program, str(root)], check=False, capture_output=True, text=True
    )

    assert "FileForbiddenError" in ended.stderr
    assert "permission denied" in ended.stderr
