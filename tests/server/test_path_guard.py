"""Paths that lead out of the allowed folders, as a client passes them: nothing outside is read.

A secret picture with an unusual size and a mark in its bytes lies outside. Whatever is asked for,
neither shows up in an answer, the store or the output folder.
"""

import os
import socket
import stat
import threading
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from mcp import Client
from mcp.types import CallToolResult

import support.imaging.sample_files as make
from stability_mcp.errors import FileForbiddenError, FileUnusableError, InputFileError
from stability_mcp.media.import_copy import copy_into_spool
from stability_mcp.media.references import Named, check_path, parse
from stability_mcp.media.roots import MAX_BYTES, Roots
from support.server.in_memory import connected, fine, refused, text

pytestmark = pytest.mark.anyio
posix = pytest.mark.skipif(os.name == "nt", reason="needs POSIX links, pipes and devices")
root_user = pytest.mark.skipif(
    not hasattr(os, "geteuid") or os.geteuid() != 0, reason="only root makes devices"
)

MARK = "the-mark-of-the-secret"
SIZE = (77, 33)
SECRET = make.png(SIZE, text={"Comment": MARK})
SECONDS = 600
TRIES = 1_000
"""Attempts at a race; a thread swaps the file all the while."""
GROWN = 10_000_000_000


@dataclass(frozen=True)
class Place:
    """An allowed folder next to a folder with a secret."""

    folder: Path

    @property
    def allowed(self) -> Path:
        """The only folder that may be read."""
        return self.folder / "allowed"

    @property
    def secret(self) -> Path:
        """The picture outside."""
        return self.folder / "secret" / "s.png"

    def settings(self) -> dict[str, Any]:
        """Return the settings of a server that may read the allowed folder."""
        return {
            "roots": (self.allowed,),
            "home": self.folder / "home",
            "output_dir": self.folder / "out",
        }

    def check(self, *results: CallToolResult) -> None:
        """Check that nothing of the secret is in answers, the store and the output folder."""
        self.check_answers(*results)
        self.check_disk()

    def check_answers(self, *results: CallToolResult) -> None:
        """Check that nothing of the secret is in answers."""
        for result in results:
            shown = result.model_dump_json()
            assert MARK not in shown
            assert f"{SIZE[0]}x{SIZE[1]}" not in shown

    def check_disk(self) -> None:
        """Check that nothing of the secret is in the store and the output folder."""
        written = [self.folder / "home", self.folder / "out"]
        for path in (path for each in written for path in each.rglob("*") if path.is_file()):
            assert MARK.encode() not in path.read_bytes(), path


def _furnish(folder: Path) -> Place:
    place = Place(folder)
    (place.allowed / "sub").mkdir(parents=True)
    place.secret.parent.mkdir()
    place.secret.write_bytes(SECRET)
    make.save(place.allowed / "fine.png", make.png())
    return place


@pytest.fixture(scope="module")
def anyio_backend() -> str:
    """Run the module in one event loop, because its tests share a connection."""
    return "asyncio"


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Place:
    """Return the folders of all tests of the module."""
    return _furnish(tmp_path_factory.mktemp("place"))


@pytest.fixture(scope="module")
async def client(
    anyio_backend: str,  # noqa: ARG001 -- the event loop starts first
    place: Place,
) -> AsyncIterator[Client]:
    """Connect to one server for the module."""
    async with connected(place.folder, seconds=SECONDS, **place.settings()) as client:
        yield client


async def _ask(client: Client, reference: str) -> CallToolResult:
    return await client.call_tool("media_import", {"file": reference})


_DOTS = [
    "{allowed}/../secret/s.png",
    "../secret/s.png",
    "sub/../../secret/s.png",
    "{allowed}/./sub/.././../secret/./s.png",
    "{allowed}//..//secret///s.png",
    "{allowed}/fine.png/../../secret/s.png",
    "{allowed}/none/../../secret/s.png",
    "{allowed}/..;/secret/s.png",
    "..%2Fsecret%2Fs.png",
    "%2e%2e/secret/s.png",
    "%252e%252e/secret/s.png",
    "{allowed}/%2e%2e/secret/s.png",
    "..\\secret\\s.png",
    "{allowed}\\..\\secret\\s.png",
    "{allowed}/..\\secret/s.png",
    "file://{allowed}/../secret/s.png",
    "file://{allowed}/%2e%2e/secret/s.png",
    "file://{allowed}/..%2fsecret%2fs.png",
    "file://{allowed}/%252e%252e/secret/s.png",
    "file:{secret}",
    "file:/{secret}",
    "file://{secret}",
    "file:////{secret}",
    "file://localhost{secret}",
    "file://127.0.0.1{secret}",
    "FiLe://{secret}",
    "file://~/../..{secret}",
    "file://{secret}?raw",
    "file://{secret}#page",
]
_UNICODE = [
    "．．/secret/s.png",  # noqa: RUF001 -- fullwidth dots
    "{allowed}/．．/secret/s.png",  # noqa: RUF001
    "‥/secret/s.png",  # two dot leader
    "{allowed}/。。/secret/s.png",
    "..∕secret∕s.png",  # noqa: RUF001 -- division slash
    "..⁄secret⁄s.png",  # noqa: RUF001 -- fraction slash
    "..／secret／s.png",  # noqa: RUF001 -- fullwidth solidus
    "..＼secret＼s.png",  # noqa: RUF001
    "{allowed}/.\u200b./secret/s.png",
    "\u200b../secret/s.png",
    "\u202e../secret/s.png",
    "\ufeff{secret}",
    "{secret}\u200b",
    "{allowed}/..\u0301/secret/s.png",
    "file://{allowed}/%c0%ae%c0%ae/secret/s.png",  # overlong dots
    "file://{allowed}/..%c0%afsecret%c0%afs.png",  # overlong slash
    "file://{allowed}/%e0%80%ae%e0%80%ae/secret/s.png",
    "file://{allowed}/%uff0e%uff0e/secret/s.png",
    "{allowed}/\ud83e\udd8a/../../secret/s.png",
]
_WRAPPED = [
    "@{secret}",
    "<{secret}>",
    '"{secret}"',
    "“{secret}”",
    "![s]({secret})",
    "[s](<file://{secret}>)",
    "@<@{secret}>",
    " {secret} ",
    "{secret}/",
    "{secret}/.",
]
_EXPANDED = [
    "~/../secret/s.png",
    "~root/.bashrc",
    "~no-such-user/s.png",
    "$HOME/../secret/s.png",
    "${{SECRET}}",
    "$(cat {secret})",
    "`cat {secret}`",
    "%USERPROFILE%\\s.png",
    "{secret_folder}/*",
    "{secret_folder}/*.png",
    "{secret_folder}/?.png",
    "{secret_folder}",
    "{secret_folder}/",
    "{upper}",
    "{allowed}x/s.png",
]
_SYSTEM = [
    "/proc/self/environ",
    "/proc/self/root{secret}",
    "/proc/self/cwd/s.png",
    "/proc/self/fd/0",
    "/proc/self/fd/{open}",
    "/proc/{pid}/root{secret}",
    "/proc/thread-self/root{secret}",
    "/dev/fd/{open}",
    "/dev/stdin",
    "/dev/zero",
    "/dev/random",
    "/dev/tty",
    "/dev/mem",
    "/etc/passwd",
    "file:///etc/passwd",
]
_FOREIGN = [
    "C:\\Windows\\win.ini",
    "C:/Windows/win.ini",
    "c:secret.png",
    "\\\\server\\share\\s.png",
    "//server/share/s.png",
    "\\\\?\\C:\\s.png",
    "\\\\.\\pipe\\s",
    "//?/C:/s.png",
    "/\\server\\share\\s.png",
    "file://server/share/s.png",
    "file://///server/share/s.png",
    "smb://server/share/s.png",
    "ftp://server/s.png",
    "gopher://server/s.png",
    "jar:file://{secret}!/s.png",
    "view-source:file://{secret}",
    "php://filter/resource={secret}",
]
_BROKEN = [
    "{secret}\0.png",
    "{secret}\0",
    "{allowed}/fine.png\0/../../secret/s.png",
    "file://{secret}%00.png",
    "{allowed}/" + "x" * 300 + ".png",
    "{allowed}/" + "x/" * 3_000 + "s.png",
    "../" * 3_000 + "etc/passwd",
    "{allowed}/" + "../" * 60 + "{secret}",
]


SPELLINGS = {
    "dots": _DOTS,
    "Unicode": _UNICODE,
    "wrapped": _WRAPPED,
    "expanded": _EXPANDED,
    "of the system": _SYSTEM,
    "of other systems": _FOREIGN,
    "broken": _BROKEN,
}


@posix
@pytest.mark.parametrize("kind", SPELLINGS)
async def test_no_spelling_of_a_path_leads_outside(
    kind: str, client: Client, place: Place, subtests: pytest.Subtests
) -> None:
    """Chosen: a path is resolved once, by the system; no other decoding comes after the check."""
    with place.secret.open("rb") as secret:
        for written in SPELLINGS[kind]:
            reference = written.format(
                allowed=place.allowed,
                secret=place.secret,
                secret_folder=place.secret.parent,
                upper=str(place.secret).upper(),
                open=secret.fileno(),
                pid=os.getpid(),
            )
            with subtests.test(ascii(written)[:60]):
                result = await _ask(client, reference)
                assert "Nothing was charged." in refused(result)
                place.check_answers(result)
    place.check_disk()


def _link(name: str, target: Callable[[Place], Path | str]) -> tuple[str, Callable[[Place], None]]:
    """Return the name of a link, and a function that makes it."""
    return name, lambda place: (place.allowed / name).symlink_to(target(place))


def _chain(place: Place) -> None:
    for number in range(5):
        (place.allowed / f"chain{number}.png").symlink_to(f"chain{number + 1}.png")
    (place.allowed / "chain5.png").symlink_to(place.secret)


LINKS: dict[str, Callable[[Place], None]] = dict(
    [
        _link("absolute.png", lambda place: place.secret),
        _link("relative.png", lambda _: "../secret/s.png"),
        _link("winding.png", lambda _: "sub/../../secret/s.png"),
        _link("environ.png", lambda _: "/proc/self/environ"),
        _link("zero.png", lambda _: "/dev/zero"),
        _link("loop.png", lambda _: "loop.png"),
        _link("dangling.png", lambda _: "/none/s.png"),
        _link("through_proc.png", lambda place: f"/proc/self/root{place.secret}"),
        ("chain0.png", _chain),
    ]
)


@posix
@pytest.mark.parametrize("name", LINKS)
async def test_a_link_to_a_file_outside_is_refused(name: str, client: Client, place: Place) -> None:
    """Documented (files and folders): links that lead outside are refused."""
    LINKS[name](place)

    results = [await _ask(client, name), await _ask(client, str(place.allowed / name))]

    for result in results:
        assert "Nothing was charged." in refused(result)
    place.check(*results)


@posix
async def test_a_link_to_a_folder_outside_is_refused(client: Client, place: Place) -> None:
    """Chosen: neither its files nor their names are shown."""
    (place.allowed / "linked").symlink_to(place.secret.parent)
    (place.secret.parent / "diary-of-the-user.png").write_bytes(SECRET)

    results = [
        await _ask(client, reference)
        for reference in (
            "linked/s.png",
            "linked",
            "linked/*",
            "linked/diary-of-the-usr.png",
            f"{place.allowed}/linked/s.png",
            f"{place.allowed}/linked/../secret/s.png",
            "s.png",
        )
    ]

    for result in results:
        assert "diary-of-the-user.png" not in refused(result)
    place.check(*results)


@posix
async def test_a_hard_link_is_read_like_any_other_file(tmp_path: Path) -> None:
    """Documented (files and folders): nothing tells it apart from the file it was made from."""
    place = _furnish(tmp_path)
    os.link(place.secret, place.allowed / "hard.png")
    async with connected(tmp_path, **place.settings()) as client:
        result = fine(await _ask(client, "hard.png"))

    assert f"{SIZE[0]}x{SIZE[1]} PNG" in text(result)


@posix
async def test_special_files_are_refused_without_waiting(client: Client, place: Place) -> None:
    """Chosen: opening a pipe would block a thread, and a device may act when it is opened."""
    os.mkfifo(place.allowed / "pipe.png")
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(place.allowed / "socket.png"))
        for name, kind in (("pipe.png", "a pipe"), ("socket.png", "a socket")):
            assert f'"{name}" is {kind}, not a file.' in refused(await _ask(client, name))


@posix
@root_user
async def test_devices_inside_an_allowed_folder_are_refused(client: Client, place: Place) -> None:
    """Chosen: the same as outside."""
    devices = (("zero-1-5.png", stat.S_IFCHR, (1, 5)), ("disk.png", stat.S_IFBLK, (7, 0)))
    for name, kind, number in devices:
        try:
            os.mknod(place.allowed / name, kind | 0o600, os.makedev(*number))
        except PermissionError:
            pytest.skip("the container may not make devices")
        assert f'"{name}" is a device, not a file.' in refused(await _ask(client, name))


async def test_a_sparse_file_is_refused_by_its_size(client: Client, place: Place) -> None:
    """Chosen: 10 GB aren't read to find out."""
    with (place.allowed / "sparse.png").open("wb") as file:
        file.truncate(GROWN)

    reported = refused(await _ask(client, "sparse.png"))

    assert f"has {GROWN:,} bytes; the maximum is {MAX_BYTES:,}" in reported


def test_a_file_that_grows_while_it_is_read_ends_at_the_limit(tmp_path: Path) -> None:
    """Chosen: the size was checked when it was opened; the copy counts again."""
    (tmp_path / "spool").mkdir()
    path = make.save(tmp_path / "log.wav", make.wav(0.1))
    opened = Roots([tmp_path]).open_file(str(path))
    os.truncate(path, GROWN)

    with os.fdopen(opened.descriptor, "rb") as file, pytest.raises(FileUnusableError) as error:
        copy_into_spool(tmp_path, file)

    assert f"larger than the maximum of {MAX_BYTES:,} bytes" in str(error.value)
    assert list((tmp_path / "spool").iterdir()) == []


@posix
async def test_an_allowed_folder_may_be_a_link_and_the_working_directory_deleted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Chosen: both are ordinary on macOS and in containers; the guard is the same."""
    place = _furnish(tmp_path)
    (tmp_path / "named").symlink_to(place.allowed)
    (tmp_path / "gone").mkdir()
    monkeypatch.chdir(tmp_path / "gone")
    (tmp_path / "gone").rmdir()
    settings = place.settings() | {"roots": (tmp_path / "named",), "roots_only": False}
    async with connected(tmp_path, **settings) as client:
        fine(await _ask(client, f"{tmp_path}/named/fine.png"))
        fine(await _ask(client, "fine.png"))
        results = [
            await _ask(client, reference)
            for reference in (f"{tmp_path}/named/../secret/s.png", "../secret/s.png", "s.png")
        ]

    for result in results:
        refused(result)
    place.check(*results)


@contextmanager
def _swapping(*steps: Callable[[], object]) -> Iterator[None]:
    """Repeat steps in a thread during the block."""
    stop = threading.Event()

    def swap() -> None:
        while not stop.is_set():
            for step in steps:
                step()

    thread = threading.Thread(target=swap)
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join()


@posix
@pytest.mark.parametrize("other", ["link", "pipe"])
def test_swapping_a_file_at_any_moment_gives_no_access(tmp_path: Path, other: str) -> None:
    """Chosen: what was opened is checked again, and opening never waits."""
    place = _furnish(tmp_path)
    folder, path = place.allowed, place.allowed / "a.png"
    real, swapped = folder / "real", folder / "swapped"
    make.save(path, b"fine")
    if other == "link":
        swapped.symlink_to(place.secret)
    else:
        os.mkfifo(swapped)
    seen: set[bytes] = set()
    errors = 0
    with _swapping(
        lambda: (path.rename(real), swapped.rename(path)),
        lambda: (path.rename(swapped), real.rename(path)),
    ):
        tries = 0
        while tries < TRIES or not (errors and seen):
            tries += 1
            try:
                opened = Roots([folder]).open_file(str(path))
            except InputFileError:
                errors += 1
                continue
            with os.fdopen(opened.descriptor, "rb") as file:
                seen.add(file.read())

    assert seen == {b"fine"}


@pytest.mark.parametrize(
    "path",
    [
        *("C:\\a\\NUL", "C:\\a\\nul.txt", "C:\\a\\CON.png", "C:/aux/a.png", "PRN", "lpt1.png"),
        *("C:\\a\\COM1", "C:\\a\\com9.log.png", "C:\\a\\COM\u00b9", "C:\\a\\lpt\u00b3.png"),
        *("CONIN$", "C:\\a\\conout$", "C:\\a\\NUL .png", "C:\\a\\nul .", "..\\nul\\a.png"),
        *("C:\\a.png:stream", "C:\\a.png::$DATA", "a.png:stream", "C:\\a:b\\c.png"),
        *("\\\\?\\C:\\a.png", "\\\\.\\C:", "\\\\.\\PhysicalDrive0", "\\\\.\\pipe\\a", "//./nul"),
        *(
            "\\\\server\\share\\a.png",
            "//server/share/a.png",
            "/\\server\\a.png",
            "\\/server/a.png",
        ),
        *("\\\\?\\UNC\\server\\share\\a.png", "\\??\\UNC\\server\\share\\a.png", "/??/C:/a.png"),
        *("file://server/share/a.png", "file:////server/share/a.png", "file:///%5C%5Cserver/a.png"),
        *("\\\\127.0.0.1\\c$\\a.png", "\\\\server@SSL\\DavWWWRoot\\a.png", "C:\\a\0.png"),
    ],
)
def test_windows_devices_streams_and_network_paths_are_not_even_checked(path: str) -> None:
    """Documented (Microsoft, Naming Files): asking whether a network file exists sends a hash."""

    def check() -> None:
        found = parse(path, windows=True)
        # A bare word is looked up as a label first, and then checked as a file name.
        check_path(found.name if isinstance(found, Named) else path, windows=True)

    with pytest.raises(FileForbiddenError):
        check()
