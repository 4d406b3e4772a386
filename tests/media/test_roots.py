"""Roots: only regular files below them are read, and nothing else is even looked at."""

import os
import socket
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from stability_mcp.errors import (
    FileForbiddenError,
    FileMissingError,
    FileUnusableError,
    InputFileError,
)
from stability_mcp.media.roots import MAX_BYTES, Roots

SECRET = b"the secret"
posix = pytest.mark.skipif(os.name == "nt", reason="links and pipes of POSIX")


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A folder that may be read, beside a secret that may not."""
    folder = tmp_path / "root"
    folder.mkdir()
    (tmp_path / "secret").mkdir()
    (tmp_path / "secret" / "a.png").write_bytes(SECRET)
    (folder / "a.png").write_bytes(b"fine")
    return folder


def content(roots: Roots, text: str) -> bytes:
    """Read what a path means."""
    opened = roots.open_file(text)
    with os.fdopen(opened.descriptor, "rb") as file:
        return file.read()


def test_a_file_is_read_by_its_whole_path_and_by_one_below_a_root(root: Path) -> None:
    """Chosen: paths are absolute, or below any of the roots."""
    (root / "sub").mkdir()
    (root / "sub" / "b.png").write_bytes(b"b")
    roots = Roots([root])

    assert content(roots, str(root / "a.png")) == b"fine"
    assert content(roots, "sub/b.png") == b"b"
    assert content(roots, f"{root}/sub/../a.png") == b"fine"
    assert content(roots, "b.png") == b"b"


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
        "~nobody/../../etc/passwd",
        "sub/../../secret/a.png",
    ],
)
def test_what_lies_outside_is_refused_whether_it_exists_or_not(root: Path, text: str) -> None:
    """Chosen: the answer does not tell which files exist outside."""
    (root.parent / "rootx").mkdir()
    (root.parent / "rootx" / "a.png").write_bytes(SECRET)

    with pytest.raises(FileForbiddenError, match="outside of the folders"):
        content(Roots([root]), text.format(root=root))


@posix
def test_a_link_that_leads_out_is_refused_and_one_that_stays_is_followed(root: Path) -> None:
    """Chosen: it is where the file really lies that counts."""
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
    """Chosen: /tmp is one on macOS; what the user named and what it is are both fine."""
    named = root.parent / "named"
    named.symlink_to(root)

    assert content(Roots([named]), str(named / "a.png")) == b"fine"
    assert content(Roots([named]), str(root / "a.png")) == b"fine"


@posix
def test_a_pipe_a_device_and_a_socket_are_refused_at_once(root: Path) -> None:
    """Chosen: opening a pipe without a writer would hang a thread for ever."""
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
    with pytest.raises(FileForbiddenError, match="leads out"):
        content(Roots([root]), str(root / "null.png"))


@posix
def test_a_folder_that_is_swapped_for_a_link_never_gives_the_secret(root: Path) -> None:
    """Chosen: what was opened is asked where it lies, so the moment does not matter."""
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


def test_a_missing_file_is_answered_with_a_similar_one_from_inside(root: Path) -> None:
    """Chosen: did you mean, and never a name from outside."""
    (root / "lighthouse.png").write_bytes(b"x")
    roots = Roots([root])

    for text in ("lighthose.png", str(root / "lighthose.png")):
        with pytest.raises(FileMissingError, match=r'Did you mean "lighthouse\.png"'):
            content(roots, text)
    with pytest.raises(FileMissingError, match="There is no file"):
        content(roots, str(root / "a.png" / "b.png"))


def test_several_files_of_one_name_are_listed(root: Path) -> None:
    """Chosen: none of them is guessed."""
    for name in ("x", "y"):
        (root / name).mkdir()
        (root / name / "b.png").write_bytes(b"b")

    with pytest.raises(FileMissingError, match="2 files") as error:
        content(Roots([root, root / "x"]), "b.png")
    assert str(root / "x" / "b.png") in str(error.value)


@posix
def test_a_name_is_found_however_its_letters_are_put_together(root: Path) -> None:
    """Chosen: macOS takes accents apart and puts a narrow space before PM."""
    (root / "Scho\u0308n 10.30.00\u202fPM.png").write_bytes(b"x")
    roots = Roots([root])

    assert content(roots, "Sch\u00f6n 10.30.00 PM.png") == b"x"
    assert content(roots, str(root / "Sch\u00f6n 10.30.00 PM.png")) == b"x"
    assert content(roots, "SCH\u00d6N 10.30.00 pm.PNG") == b"x"


@posix
def test_a_name_that_is_no_unicode_does_no_harm(root: Path) -> None:
    """Chosen: it can be read by a pattern of a file: URL, and errors stay printable."""
    (root / os.fsdecode(b"\xff.png")).write_bytes(b"x")
    roots = Roots([root])

    assert content(roots, os.fsdecode(b"\xff.png")) == b"x"
    for text in (os.fsdecode(b"\xfe.png"), "z.png", str(root / os.fsdecode(b"\xfe.png"))):
        with pytest.raises(FileMissingError) as error:
            content(roots, text)
        str(error.value).encode()


@pytest.mark.parametrize(
    ("name", "size", "why"),
    [("empty.png", 0, "is empty"), ("huge.png", MAX_BYTES + 1, "are the most")],
)
def test_an_empty_file_and_a_huge_one_are_refused(
    root: Path, name: str, size: int, why: str
) -> None:
    """Chosen: 100 MB is more than the API takes of anything."""
    with (root / name).open("wb") as file:
        file.truncate(size)

    with pytest.raises(FileUnusableError, match=why):
        content(Roots([root]), name)


def test_a_folder_is_no_file(root: Path) -> None:
    """Chosen: the answer asks for a file in it."""
    with pytest.raises(FileUnusableError, match="is a folder"):
        content(Roots([root]), str(root))


@posix
def test_a_path_that_is_far_too_long_is_one_clear_error(root: Path) -> None:
    """Chosen: the system's own limits are errors of the caller."""
    for text in (str(root / ("x" * 300)), str(root / "/".join(["x" * 200] * 30))):
        with pytest.raises(InputFileError):
            content(Roots([root]), text)


@pytest.mark.processes
@pytest.mark.skipif(sys.platform != "linux" or os.getuid() != 0, reason="needs root to drop it")
def test_a_file_without_permission_is_said_so(root: Path) -> None:
    """Chosen: the hint for a refusal is another than for a missing file."""
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
