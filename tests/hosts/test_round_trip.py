"""For any valid configuration: uninstall after install gives the same bytes."""

import copy
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st

from stability_mcp.errors import ConfigurationError
from stability_mcp.hosts.config_file import ConfigFile
from stability_mcp.hosts.documents import editor_of, removed
from stability_mcp.hosts.entry import NAME, additions, removals
from stability_mcp.hosts.known import HOSTS, Format, Host
from support.hosts.layouts import contents
from support.hosts.machine import CONNECTION, Machine

OF_FORMAT: dict[Format, list[str]] = {
    "json": ["claude-code", "vscode", "zed"],
    "toml": ["codex"],
    "yaml": ["librechat"],
}
CASES = st.one_of(
    *(st.tuples(st.sampled_from(ids), contents(kind)) for kind, ids in OF_FORMAT.items())
)


@contextmanager
def a_machine() -> Iterator[Machine]:
    """Return a new machine; hypothesis makes many in one test."""
    with tempfile.TemporaryDirectory() as folder:
        yield Machine(Path(folder))


def parsed(host: Host, content: bytes) -> Any:  # noqa: ANN401 -- any document
    """Return the data of a file's content; a test may change it."""
    return copy.deepcopy(editor_of(host.format).read(ConfigFile(Path(), content).text))


def can_be_added(host: Host, before: Any) -> bool:  # noqa: ANN401 -- any document
    """Return whether the places of the entry are free, or of the right type."""
    if host.format != "json":
        return True
    servers = before.get(host.servers[0], {})
    return isinstance(servers, dict) and (
        not host.inputs or isinstance(before.get("inputs", []), list)
    )


def with_entry(host: Host, tree: Any) -> Any:  # noqa: ANN401 -- any document
    """Return what a document must contain after `install`; it is changed."""
    editor = editor_of(host.format)
    for part in additions(host, CONNECTION):
        key = editor.name(part.path[0])
        if part.name is None:
            tree.setdefault(key, []).append(editor.plain(part.value))
        else:
            if isinstance(tree.get(key), tuple):  # null in YAML
                del tree[key]
            tree.setdefault(key, {})[editor.name(part.name)] = editor.plain(part.value)
    return tree


@given(CASES)
@example(("vscode", b'{"servers":{"a":1},"inputs":[{"id":"b"},]}'))
@example(("zed", b'{ // c\n"context_servers":{}}'))
def test_uninstall_after_install_gives_the_same_bytes(case: tuple[str, bytes]) -> None:
    """Chosen: and the file between has the entry and everything else."""
    host, before = HOSTS[case[0]], case[1]
    with a_machine() as machine:
        path = machine.config / "settings"
        path.write_bytes(before)
        try:
            data = parsed(host, before)
        except ValueError:
            assume(False)  # noqa: FBT003 -- two blocks of one name
        if not can_be_added(host, data):
            with pytest.raises(ConfigurationError, match="was not changed"):
                machine.install(host, path)
            assert path.read_bytes() == before
            return

        try:
            machine.install(host, path)
        except ConfigurationError as refused:
            assert host.format == "yaml", refused  # noqa: PT017 -- a text that the end would extend
            assert path.read_bytes() == before
            return
        between = path.read_bytes()
        assert parsed(host, between) == with_entry(host, data)
        assert (b"\r\n" in between) == (b"\r\n" in before)
        machine.install(host, path)
        assert path.read_bytes() == between
        machine.uninstall(host, path)

        assert path.read_bytes() == before
        assert machine.leftovers == []


@given(CASES)
def test_without_a_record_uninstall_removes_the_entry_and_nothing_else(
    case: tuple[str, bytes],
) -> None:
    """Chosen: the host rewrote the file since, or the data folder is another one."""
    host, before = HOSTS[case[0]], case[1]
    with a_machine() as machine:
        path = machine.config / "settings"
        path.write_bytes(before)
        try:
            machine.install(host, path)
        except (ConfigurationError, ValueError):
            return
        file = ConfigFile(path, path.read_bytes())

        text = removed(host.format, file.text, removals(host))

        after = parsed(host, file.encoded(text))
        data = parsed(host, before)
        assert without_empty(after) == without_empty(data)


def without_empty(tree: Any) -> Any:  # noqa: ANN401 -- any document
    """Return a document without its empty objects and lists, and nulls of YAML, at the top."""
    return {
        name: value
        for name, value in tree.items()
        if value not in ({}, []) and not (isinstance(value, tuple) and value[0].endswith(":null"))
    }


@pytest.mark.parametrize("host", HOSTS.values(), ids=list(HOSTS))
def test_a_file_and_folders_that_install_created_are_removed(host: Host) -> None:
    """Chosen: unless the folder has another file by then."""
    with a_machine() as machine:
        path = machine.config / "new" / "folder" / "settings"

        machine.install(host, path)
        assert NAME in path.read_text("utf-8")
        machine.uninstall(host, path)
        assert list(machine.config.iterdir()) == []

        machine.install(host, path)
        (path.parent / "other").touch()
        machine.uninstall(host, path)
        assert list(path.parent.iterdir()) == [path.parent / "other"]


@pytest.mark.parametrize("host", [each for each in HOSTS.values() if each.format == "json"])
def test_what_the_host_changed_since_stays(host: Host) -> None:
    """Chosen: the copy is restored only if the file is exactly what `install` wrote."""
    with a_machine() as machine:
        path = machine.config / "settings"
        path.write_bytes(b'{\n  "theme": "dark"\n}\n')
        machine.install(host, path)
        path.write_bytes(path.read_bytes().replace(b'"dark"', b'"light"'))

        machine.uninstall(host, path)

        assert parsed(host, path.read_bytes())["theme"] == "light"
        assert NAME.encode() not in path.read_bytes()
