"""Workspace folders: which of the folders that a client names are used."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from stability_mcp.errors import FileForbiddenError, FileMissingError
from stability_mcp.media.roots import Roots
from stability_mcp.media.workspace import (
    MAX_EXAMINED,
    MAX_FOLDERS,
    MAX_URI_CHARACTERS,
    AllowedFiles,
    NamedFolders,
    Workspace,
    WorkspaceSource,
    check_folders,
    check_workspace,
    path_in,
)
from support.home import use_home

posix = pytest.mark.skipif(os.name == "nt", reason="needs POSIX links and pipes")


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A home folder with a project in it."""
    folder = tmp_path / "users" / "me"
    folder.parent.mkdir()
    use_home(folder, monkeypatch)
    (folder / "proj").mkdir()
    return folder


def checked(*uris: str) -> Workspace:
    """Check folders that a client named."""
    return check_folders(NamedFolders(uris=uris))


@pytest.mark.parametrize(
    ("uri", "path"),
    [
        ("file:///home/me/proj", "/home/me/proj"),
        ("file:///home/me/proj/", "/home/me/proj/"),
        ("FILE:///home/me/proj", "/home/me/proj"),
        ("file:/home/me/proj", "/home/me/proj"),
        ("file://localhost/home/me/proj", "/home/me/proj"),
        ("file:///home/me/caf%C3%A9%20%231", "/home/me/café #1"),
    ],
)
def test_a_file_uri_names_a_folder(uri: str, path: str) -> None:
    """Chosen: the same forms that a file argument accepts."""
    assert path_in(uri, windows=False) == path


@pytest.mark.parametrize(
    "uri",
    ["file:///c%3A/Users/me/proj", "file:///C:/Users/me/proj", "file:///C|/Users/me/proj"],
)
def test_a_windows_folder_is_named_in_the_forms_of_editors(uri: str) -> None:
    """Documented (RFC 8089, appendix E): the drive is the first part of the path."""
    assert path_in(uri, windows=True).casefold() == "c:/users/me/proj"


@pytest.mark.parametrize(
    ("uri", "reason", "windows"),
    [
        ("", "not a file: URI", False),
        ("/home/me/proj", "not a file: URI", False),
        ("https://example.com/proj", "not a file: URI", False),
        ("vscode-remote://ssh-remote+host/home/me", "not a file: URI", False),
        ("untitled:file:///home/me", "not a file: URI", False),
        ("file:", "not an absolute path", False),
        ("file:proj", "not an absolute path", False),
        ("file://~/proj", "not an absolute path", False),
        ("file:///C:proj", "a device", True),
        ("file:///home/me/proj", "not an absolute path", True),
        ("file://nas/share", "on another computer", False),
        ("file:////nas/share", "on another computer", False),
        ("file:///%2Fnas/share", "on another computer", False),
        ("file:///%5C%5Cnas%5Cshare", "not an absolute path|on another computer", True),
        ("file://nas/share", "on another computer", True),
        ("file:////nas/share", "on another computer", True),
        ("file:////%3F/C:/Users", "on another computer", True),
        ("file:////./C:/Users", "on another computer", True),
        ("file:///C:/CON", "a device", True),
        ("file:///C:/a:stream", "a device", True),
        ("file:///home/me/%00", "a device", False),
        ("file:///C:/Users/me/proj", "a path of another operating system", False),
        ("file:///home/\ud83e", "not valid text", False),
        ("file:///" + "a" * MAX_URI_CHARACTERS, "longer than 12,288 characters", False),
    ],
)
def test_what_does_not_name_a_local_folder_is_refused(
    uri: str, reason: str, *, windows: bool
) -> None:
    """Chosen: without accessing it, as on Windows that sends the password hash to the computer."""
    with pytest.raises(ValueError, match=reason):
        path_in(uri, windows=windows)


@posix
def test_folders_that_hold_more_than_a_project_are_refused_one_at_a_time(home: Path) -> None:
    """Chosen: `/`, the home folder, and what is above it or above a standard folder."""
    (home / "synced" / "Pictures").mkdir(parents=True)
    config = home / ".config"
    config.mkdir()
    (config / "user-dirs.dirs").write_text('XDG_PICTURES_DIR="$HOME/synced/Pictures"\n')
    (home / "proj" / "top").symlink_to("/")
    (home / "proj" / "mine").symlink_to(home)
    (home / "proj" / "a.png").write_bytes(b"x")
    os.mkfifo(home / "pipe")
    reasons = {
        "file:///": "the top of a drive",
        "file:///..": "the top of a drive",
        "file:///mnt/c": "the top of a drive",
        f"file://{home}/proj/top": "the top of a drive",
        f"file://{home}": "the home folder",
        f"file://{home}/proj/..": "the home folder",
        f"file://{home}/proj/mine": "the home folder",
        f"file://{home.parent}": "contains the home folder",
        f"file://{home}/synced": "contains the folder Pictures",
        "file:///proc": "a system folder",
        "file:///proc/self/cwd": "a system folder",
        "file:///sys/class": "a system folder",
        "file:///dev": "a system folder",
        "file:///dev/null": "a system folder",
        f"file://{home}/none": "no such folder",
        f"file://{home}/proj/a.png/x": "no such folder",
        f"file://{home}/proj/a.png": "a file, not a folder",
        f"file://{home}/pipe": "a pipe, not a folder",
        f"file://{home}/{'a' * 300}": "cannot be opened: File name too long",
    }
    fine = [f"file://{home}/proj", f"file://{home}/synced/Pictures"]

    found = checked(fine[0], *reasons, fine[1])

    assert found.folders == (home / "proj", home / "synced" / "Pictures")
    assert found.first == home / "proj"
    for (uri, reason), text in zip(reasons.items(), found.refused, strict=True):
        assert text.endswith(f"({reason})"), text
        assert uri[:100] in text


@posix
def test_a_home_folder_that_is_a_link_is_refused_by_both_its_paths(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Chosen: macOS and some distributions link home folders."""
    link = home.parent.parent / "link"
    link.symlink_to(home)
    for name in (home, link):
        monkeypatch.setenv("HOME", str(name))
        for uri in (f"file://{home}", f"file://{link}"):
            assert checked(uri).folders == (), (name, uri)


@pytest.mark.processes
@pytest.mark.skipif(shutil.which("unshare") is None, reason="needs Linux namespaces")
def test_a_mount_of_a_folder_above_the_home_folder_is_refused(home: Path) -> None:
    """Chosen: it is the same folder under a path that looks harmless, as a firmlink on macOS."""
    mount = home / "proj" / "mount"
    mount.mkdir()
    program = (
        "import sys; from stability_mcp.media.workspace import NamedFolders, check_folders\n"
        "print(check_folders(NamedFolders(uris=(sys.argv[1],))).refused)"
    )
    shell = f'mount --bind "{home.parent}" "{mount}" && exec "$0" -c "$1" "$2"'
    done = subprocess.run(
        ["unshare", "-rm", "sh", "-c", shell, sys.executable, program, mount.as_uri()],
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        pytest.skip(f"no mounts here: {done.stderr[-100:]}")

    assert "contains the home folder" in done.stdout


def test_a_long_list_is_bounded_and_the_answer_says_so(home: Path) -> None:
    """Chosen: 20 folders of the first 100 are used."""
    for number in range(MAX_FOLDERS + 5):
        (home / f"p{number}").mkdir()
    roots = [{"uri": (home / f"p{number}").as_uri()} for number in range(1_000)]

    found = check_folders(NamedFolders.of_answer({"roots": roots}))

    assert len(found.folders) == MAX_FOLDERS
    assert found.refused == (f"{MAX_EXAMINED - MAX_FOLDERS} more (the maximum is 20)",)
    assert found.notes[0] == (
        "The client named 1,000 workspace folders; only the first 100 are checked."
    )


@pytest.mark.parametrize("answer", [{}, {"roots": None}, {"roots": "file:///x"}, {"roots": {}}])
def test_an_answer_without_a_list_names_no_folders(answer: dict[str, object]) -> None:
    """Chosen: the text says that the client's list is the problem."""
    found = check_folders(NamedFolders.of_answer(answer))

    assert found.folders == ()
    assert found.notes == ["The client's list of workspace folders is invalid."]


def test_invalid_entries_are_refused_and_the_others_used(home: Path) -> None:
    """Chosen: one at a time."""
    entries = [None, 5, "file:///x", {}, {"uri": 7}, {"uri": (home / "proj").as_uri()}]

    found = check_folders(NamedFolders.of_answer({"roots": entries}))

    assert found.folders == (home / "proj",)
    assert found.refused == ('"" (not a file: URI)',) * 5


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    uri=st.one_of(
        st.text(),
        st.text().map("file:".__add__),
        st.lists(
            st.sampled_from(["/", "..", "%2e", "%00", "%5C", "C:", "proc", "~", "tmp", "\ud83e"])
        ).map(lambda parts: "file://" + "".join(parts)),
    )
)
def test_no_uri_opens_more_than_a_project(home: Path, uri: str) -> None:
    """Chosen: any text is refused, or names an existing folder below the top of the disk."""
    [*folders] = checked(uri).folders

    for folder in folders:
        assert folder.is_dir()
        assert folder.is_absolute()
        assert not home.is_relative_to(folder)
        assert not folder.resolve().is_relative_to("/proc")


def source_of(*uris: str) -> WorkspaceSource:
    """Return what asks a client that names these folders."""

    async def ask() -> Workspace:
        return await check_workspace(NamedFolders(uris=uris))

    return ask


@pytest.mark.anyio
@posix
async def test_a_folder_replaced_by_a_link_is_refused_at_the_next_use(home: Path) -> None:
    """Chosen: the check is repeated, as the client named a folder and not what it becomes."""
    (home / "secret.png").write_bytes(b"secret")
    project = home / "proj"
    (project / "a.png").write_bytes(b"fine")
    files = AllowedFiles(Roots([])).for_client(source_of(project.as_uri()))

    await files.use("a.png", lambda opened: os.close(opened.descriptor))
    (project / "a.png").unlink()
    project.rmdir()
    project.symlink_to(home)

    for text in ("secret.png", str(project / "secret.png"), str(home / "secret.png")):
        with pytest.raises((FileMissingError, FileForbiddenError), match="the home folder"):
            await files.use(text, lambda opened: os.close(opened.descriptor))
