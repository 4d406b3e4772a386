"""A configuration is replaced completely or not at all, whatever happens in between."""

import os
import stat
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import pytest

from stability_mcp.errors import ConfigurationError
from stability_mcp.hosts.entry import NAME
from stability_mcp.hosts.known import HOSTS, Host
from support.checkout import ROOT
from support.hosts.machine import Machine

BOMB = b"a0: &a0 [x]\n" + b"".join(
    f"a{n + 1}: &a{n + 1} [{', '.join([f'*a{n}'] * 9)}]\n".encode() for n in range(9)
)
"""Aliases of aliases: a billion values in ten lines."""

CURSOR, CODEX, LIBRECHAT = HOSTS["cursor"], HOSTS["codex"], HOSTS["librechat"]
BEFORE = b'{\n  "mcpServers": {"other": {"command": "x"}}\n}\n'


posix = pytest.mark.skipif(os.name == "nt", reason="links, devices and permissions of Unix")


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    """Return a machine with an empty folder for configurations."""
    return Machine(tmp_path)


@pytest.fixture
def path(machine: Machine) -> Path:
    """Return a configuration with another server."""
    path = machine.config / "mcp.json"
    path.write_bytes(BEFORE)
    return path


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (b'{"a": 1', "line 1: a comma or } is expected"),
        (b'{"a": 1}\n{"b": 2}', "line 2: nothing more is expected"),
        (b'{"a": {"b": 1,\n"b": 2}}', 'line 2: the name "b" occurs twice'),
        (b'{"mcpServers": {}, "mcpServers": {}}', 'line 1: the name "mcpServers" occurs twice'),
        (b"{'a': 1}", "line 1: a name in double quotes is expected"),
        (b"[]", "line 1: an object is expected"),
        (b'{"a": tru}', "line 1: a value is expected"),
        (b'{"a": 01}', "line 1: a value is expected"),
        (b'{"a": "\\x"}', "line 1: the text has an invalid escape"),
        (b"/* {}", "line 1: a value is expected"),
        (b'{"mcpServers": []}', "mcpServers isn't an object"),
        (b'{"mcpServers": null}', "mcpServers isn't an object"),
        (b"[" * 100_000, "it is nested too deeply"),
        ('{"a": "é"}'.encode("latin-1"), "it isn't encoded as UTF-8"),
        ('{"a": "é"}'.encode("utf-16"), "it isn't encoded as UTF-8"),
        ('{"a": "é"}'.encode("utf-32"), "it isn't encoded as UTF-8"),
        ('{"a": 1}'.encode("utf-16-le"), "line 1"),
    ],
)
def test_what_cannot_be_parsed_is_refused_and_unchanged(
    machine: Machine, path: Path, content: bytes, why: str
) -> None:
    """Chosen: one sentence that says where; the same for both commands."""
    path.write_bytes(content)

    with pytest.raises(ConfigurationError) as refused:
        machine.install(CURSOR, path)

    assert 'mcp.json" was not changed: it' in refused.value.message
    assert why in refused.value.message
    assert path.read_bytes() == content
    assert machine.leftovers == []


@pytest.mark.parametrize(
    ("host", "content", "why"),
    [
        (CODEX, b"a = 1\na = 2\n", "Cannot overwrite a value (at line 2"),
        (CODEX, b"mcp_servers = { a = { command = 'x' } }\n", "a form that can't be edited"),
        (CODEX, b"mcp_servers = 1\n", "mcp_servers isn't an object"),
        (LIBRECHAT, b"a: 1\na: 2\n", 'line 2: the name "a" occurs twice'),
        (LIBRECHAT, b"a: 1\n---\nb: 1\n", "line 2: but found another document"),
        (LIBRECHAT, b"a: [\n", "line 2: "),
        (LIBRECHAT, b"- a\n", "line 1: a mapping is expected"),
        (LIBRECHAT, b"x: &x {a: 1}\nmcpServers: *x\n", "a form that can't be edited"),
        (LIBRECHAT, b"mcpServers: 5\n", "mcpServers isn't an object"),
        (LIBRECHAT, b"a: |\n  text", "a form that can't be edited"),
        (LIBRECHAT, BOMB, "it has too many values"),
    ],
)
def test_other_formats_are_refused_and_unchanged(
    machine: Machine, path: Path, host: Host, content: bytes, why: str
) -> None:
    """Chosen: what a text edit can't express is left to the user."""
    path.write_bytes(content)

    with pytest.raises(ConfigurationError) as refused:
        machine.install(host, path)

    assert why in refused.value.message
    assert path.read_bytes() == content


def test_a_different_entry_of_that_name_is_not_overwritten(machine: Machine, path: Path) -> None:
    """Chosen: the user may have put a key into it."""
    path.write_bytes(b'{"mcpServers": {"stability": {"command": "mine"}}}')

    with pytest.raises(ConfigurationError, match='a different entry "stability"') as refused:
        machine.install(CURSOR, path)

    assert refused.value.hint == "Run stability-mcp uninstall cursor first to replace it."
    assert path.read_bytes() == b'{"mcpServers": {"stability": {"command": "mine"}}}'


@posix
def test_what_is_not_a_file_is_refused(machine: Machine, tmp_path: Path) -> None:
    """Chosen: a folder, a device, links to nothing and to themselves."""
    folder, device, dangling, loop = (machine.config / each for each in "abcd")
    folder.mkdir()
    os.mkfifo(device)
    dangling.symlink_to(tmp_path / "nothing")
    loop.symlink_to(loop)
    reasons = {
        folder: "it is a folder",
        device: "it isn't a regular file",
        dangling: "it is a link to a file that doesn't exist",
        loop: "it is a link to itself",
        machine.config / "file" / "below": "a part of the path is a file",
    }
    (machine.config / "file").touch()

    for path, why in reasons.items():
        with pytest.raises(ConfigurationError, match=why):
            machine.install(CURSOR, path)
        with pytest.raises(ConfigurationError, match=why):
            machine.uninstall(CURSOR, path)
    assert dangling.is_symlink()
    assert not (tmp_path / "nothing").exists()


def test_a_read_only_file_stays_as_it_is(machine: Machine, path: Path) -> None:
    """Chosen: replacing it would be possible, but its owner marked it."""
    path.chmod(0o444)

    with pytest.raises(ConfigurationError, match="it is read-only"):
        machine.install(CURSOR, path)

    assert path.read_bytes() == BEFORE


@posix
def test_a_link_stays_a_link_and_permissions_stay(machine: Machine, tmp_path: Path) -> None:
    """Chosen: people keep such files in a repository and link to them."""
    real = tmp_path / "dotfiles.json"
    real.write_bytes(BEFORE)
    real.chmod(0o640)
    path = machine.config / "mcp.json"
    path.symlink_to(real)

    machine.install(CURSOR, path)

    assert path.is_symlink()
    assert NAME in real.read_text("utf-8")
    assert stat.S_IMODE(real.stat().st_mode) == 0o640
    machine.uninstall(CURSOR, path)
    assert path.is_symlink()
    assert real.read_bytes() == BEFORE


def test_a_missing_host_is_named_and_nothing_is_created(machine: Machine) -> None:
    """Chosen: `--create` creates the folder."""
    path = machine.config / "missing" / "mcp.json"

    with pytest.raises(ConfigurationError, match="Cursor was not found: there is no folder"):
        machine.install(CURSOR, path, create=False)

    assert list(machine.config.iterdir()) == []


@pytest.mark.parametrize("call", ["replace", "fsync", "link"])
def test_a_failing_disk_changes_nothing(
    machine: Machine, path: Path, monkeypatch: pytest.MonkeyPatch, call: str
) -> None:
    """Chosen: an error of any step leaves the file and its folder as they were."""
    path = path if call != "link" else machine.config / "new" / "mcp.json"

    def fail(*_: object, **__: object) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patched:
        patched.setattr(os, call, fail)
        if call == "link":
            patched.setattr(os, "replace", fail)
        with pytest.raises(ConfigurationError, match="the disk is full"):
            machine.install(CURSOR, path)

    assert machine.leftovers == []
    assert [each.name for each in machine.config.iterdir()] == ["mcp.json"]
    assert (machine.config / "mcp.json").read_bytes() == BEFORE


def test_without_a_place_for_the_backup_nothing_is_changed(
    machine: Machine, path: Path, tmp_path: Path
) -> None:
    """Chosen: a change that can't be undone isn't made."""
    (tmp_path / "data").write_text("a file instead of the data folder")

    with pytest.raises(ConfigurationError, match="no backup can be kept in") as refused:
        machine.install(CURSOR, path)

    assert "STABILITY_HOME" in refused.value.hint
    assert path.read_bytes() == BEFORE


def test_a_write_of_the_host_in_the_same_moment_is_kept(
    machine: Machine, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Chosen: the change is made again on what the host wrote."""
    _host_writes(path, monkeypatch, times=2)

    machine.install(CURSOR, path)

    assert NAME in path.read_text("utf-8")
    assert '"write 2"' in path.read_text("utf-8")
    machine.uninstall(CURSOR, path)
    assert path.read_bytes() == _written(2)


def test_a_host_that_never_stops_writing_is_named(
    machine: Machine, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Chosen: it must be closed; its last write stays."""
    _host_writes(path, monkeypatch, times=1_000)

    with pytest.raises(ConfigurationError, match="Cursor keeps writing its configuration"):
        machine.install(CURSOR, path)

    assert NAME not in path.read_text("utf-8")
    assert machine.leftovers == []


def test_a_file_that_the_host_creates_in_the_same_moment_is_kept(
    machine: Machine, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Chosen: a new file never replaces one that was written since."""
    path = machine.config / "mcp.json"
    _host_writes(path, monkeypatch, times=1)

    machine.install(CURSOR, path)

    assert NAME in path.read_text("utf-8")
    assert '"write 1"' in path.read_text("utf-8")


def _written(number: int) -> bytes:
    return b'{\n  "theme": "write %d"\n}\n' % number


def _host_writes(path: Path, monkeypatch: pytest.MonkeyPatch, *, times: int) -> None:
    """Let the host write its file `times` times, each while a new file is being prepared."""
    numbers = iter(range(1, times + 1))
    real = tempfile.mkstemp

    def mkstemp(*, dir: Path, prefix: str, suffix: str) -> tuple[int, str]:  # noqa: A002 -- as there
        if number := next(numbers, None):
            path.write_bytes(_written(number))
        return real(dir=dir, prefix=prefix, suffix=suffix)

    monkeypatch.setattr(tempfile, "mkstemp", mkstemp)


@pytest.mark.processes
@pytest.mark.skipif(os.name == "nt", reason="SIGKILL")
def test_killed_at_any_time_the_file_is_one_of_the_two(machine: Machine, path: Path) -> None:
    """Chosen: never a part of one, and never lost."""
    other = BEFORE.replace(b'"x"', b'"' + b"x" * 200_000 + b'"')
    program = (
        "import sys; from pathlib import Path\n"
        "from stability_mcp.hosts.config_file import read_file, replace\n"
        "path, contents = Path(sys.argv[1]), [Path(each).read_bytes() for each in sys.argv[2:]]\n"
        "print('ready', flush=True)\n"
        "while True:\n"
        "    for each in contents: replace(read_file(path), each)\n"
    )
    sources = (machine.config.parent / "one", machine.config.parent / "other")
    for source, content in zip(sources, (BEFORE, other), strict=True):
        source.write_bytes(content)

    for attempt in range(8):
        with subprocess.Popen(
            [sys.executable, "-c", program, path, *sources],
            stdout=subprocess.PIPE,
            env={**os.environ, "PYTHONPATH": str(ROOT / "src")},
        ) as process:
            assert process.stdout is not None
            process.stdout.readline()
            time.sleep(0.003 * attempt)  # a different moment each time
            process.kill()
        assert path.read_bytes() in {BEFORE, other}

    path.write_bytes(BEFORE)
    for each in machine.leftovers:
        os.utime(each, (0, 0))
    machine.install(CURSOR, path)
    assert NAME in path.read_text("utf-8")
    assert machine.leftovers == []
