"""Workspace folders (`roots/list`) as clients name them, over stdio, in process and over HTTP."""

import json
import subprocess
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import Any

import anyio
import httpx2
import pytest
from mcp import Client, StdioServerParameters
from mcp.client.streamable_http import streamable_http_client
from mcp.types import RootsListChangedNotification

import support.imaging.sample_files as make
from stability_mcp.server.app import build_server
from stability_mcp.server.client_roots import ANSWER_SECONDS, KEEP_SECONDS, ClientRoots
from support.home import use_home
from support.programs import forked
from support.server.editor import Editor
from support.server.host import text
from support.server.in_memory import data, environment_in, fine, refused, settings_in

pytestmark = pytest.mark.anyio


def save(path: Path, content: bytes) -> None:
    """Write a file, with its folder."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A project that isn't in a root, with two pictures; the working directory is empty."""
    use_home(tmp_path / "me", monkeypatch)
    (tmp_path / "work").mkdir()
    monkeypatch.chdir(tmp_path / "work")
    folder = tmp_path / "me" / "proj"
    save(folder / "images" / "fox.png", make.png((300, 200)))
    save(folder / "owl.png", make.png((120, 80)))
    return folder


@asynccontextmanager
async def editing(folder: Path, editor: Editor, **chosen: Any) -> AsyncIterator[Client]:  # noqa: ANN401 -- settings
    """Connect an editor of the handshake era to a new server."""
    settings = settings_in(folder / "server", {"roots": (), "roots_only": False, **chosen})
    with anyio.fail_after(60):
        async with Client(
            build_server(settings), mode="legacy", list_roots_callback=editor
        ) as client:
            yield client


async def has_changed(client: Client) -> None:
    """Announce that the client's list of folders has changed."""
    await client.session.send_notification(RootsListChangedNotification())


@pytest.mark.processes
async def test_an_editor_names_its_folder_and_pictures_in_it_are_used(
    project: Path, tmp_path: Path
) -> None:
    """Documented (docs/files-and-folders.md): by path, relative path and file name."""
    editor = Editor(project)
    command, *words = forked("stability_mcp")
    server = StdioServerParameters(
        command=command,
        args=words,
        env=environment_in(tmp_path),
        cwd=tmp_path / "work",
    )
    with anyio.fail_after(60):
        async with Client(server, mode="legacy", list_roots_callback=editor) as client:
            await client.list_tools()
            await client.call_tool("guide", {"topic": "files"})
            await client.call_tool("generate_core", {"prompt": "a fox", "label": "made"})
            await client.call_tool("media_show", {"media": ["made"]})
            asked_before = editor.asked
            edited = await client.call_tool(
                "edit_remove_background", {"image": str(project / "images" / "fox.png")}
            )
            found = [
                text(fine(await client.call_tool("media_import", {"file": each})))
                for each in ("images/fox.png", "fox.png", "fox", "owl.png", "@owl.png")
            ]
            status = data(await client.call_tool("server_status", {}))

    assert asked_before == 0
    assert editor.asked == 1
    assert "300x200" in text(fine(edited))
    assert ["300x200" in each for each in found] == [True] * 3 + [False] * 2
    assert status["workspace"] == [str(project)]


async def test_a_relative_path_is_tried_in_the_first_folder_first(
    project: Path, tmp_path: Path
) -> None:
    """Chosen: as everywhere else in an editor, even if a standard folder has such a file."""
    second = tmp_path / "me" / "second"
    save(second / "images" / "fox.png", make.png((64, 64)))
    save(second / "owl.png", make.png((64, 64)))
    save(tmp_path / "me" / "Downloads" / "images" / "fox.png", make.png((64, 96)))
    save(tmp_path / "me" / "Downloads" / "owl.png", make.png((64, 96)))

    async with editing(tmp_path, Editor(project, second)) as client:
        fox = await client.call_tool("media_import", {"file": "images/fox.png"})
        owl = await client.call_tool("media_import", {"file": "owl.png"})

    assert "300x200" in text(fine(fox))
    assert f'; read from "{project}/images/fox.png"' in text(fox)
    assert "120x80" in text(fine(owl))
    assert f'; read from "{project}/owl.png"' in text(owl)


async def test_a_relative_path_does_not_leave_the_folder(project: Path, tmp_path: Path) -> None:
    """Chosen: the error is the same whether the file outside exists or not."""
    save(tmp_path / "me" / "secret.png", make.png())
    (project / "link.png").symlink_to(tmp_path / "me" / "secret.png")

    async with editing(tmp_path, Editor(project)) as client:
        errors = [
            refused(await client.call_tool("media_import", {"file": each}))
            for each in ("../secret.png", "../none.png", "images/../../secret.png", "..")
        ]
        link = refused(await client.call_tool("media_import", {"file": "link.png"}))

    assert "outside the allowed folders" in errors[0]
    assert errors[1] == errors[0].replace("secret", "none")
    assert "outside the allowed folders" in errors[2]
    assert "link to a file outside" in link


async def test_errors_name_the_refused_folders_and_status_names_all(
    project: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """Chosen: the user sees why a file in the editor isn't found."""
    home = tmp_path / "me"
    editor = Editor("file:///", home, "file://nas/share", home / "none", project / "owl.png")
    async with editing(tmp_path, editor) as client:
        outside = refused(await client.call_tool("media_import", {"file": "/srv/a.png"}))
        missing = refused(await client.call_tool("media_import", {"file": "sub/a.png"}))
        unknown = refused(await client.call_tool("media_show", {"media": "hero"}))
        status = data(await client.call_tool("server_status", {}))

    for error in (outside, missing, unknown):
        assert (
            f'Workspace folders not used: "file:///" (the top of a drive), "{home.as_uri()}" (the '
            'home folder), "file://nas/share" (on another computer, or a device), … (2 more).'
        ) in error
    assert "workspace" not in status
    assert len(status["warnings"]) == 5
    logged = [each.message for each in caplog.records if "Workspace folder" in each.message]
    assert logged == status["warnings"]


async def test_a_change_is_noticed_and_the_old_folder_no_longer_read(
    project: Path, tmp_path: Path
) -> None:
    """Documented (MCP): `notifications/roots/list_changed`."""
    other = tmp_path / "me" / "other"
    save(other / "hare.png", make.png((48, 96)))
    editor = Editor(project)
    async with editing(tmp_path, editor) as client:
        path = {"file": str(other / "hare.png")}
        refused(await client.call_tool("media_import", path))
        editor.uris = [other.as_uri()]
        refused(await client.call_tool("media_import", path))
        assert editor.asked == 1
        await has_changed(client)

        fine(await client.call_tool("media_import", path))
        refused(await client.call_tool("media_import", {"file": str(project / "owl.png")}))

    assert editor.asked == 2


async def test_a_client_that_never_answers_delays_one_call(project: Path, tmp_path: Path) -> None:
    """Chosen: 3 s, then it counts as having no folders for a while."""
    editor = Editor(project)
    editor.silent = True
    async with editing(tmp_path, editor) as client:
        errors = [
            refused(await client.call_tool("media_import", {"file": "owl.png"})) for _ in range(3)
        ]

    assert errors == [errors[0]] * 3
    assert (
        f"The client did not name its workspace folders within {ANSWER_SECONDS:g} s." in errors[0]
    )
    assert editor.asked == 1


async def test_a_client_that_answers_with_an_error_has_no_folders(
    project: Path, tmp_path: Path
) -> None:
    """Chosen: files in the allowed folders work, and a changed list is asked for again."""
    save(tmp_path / "me" / "Downloads" / "hare.png", make.png())
    editor = Editor(project)
    editor.error = True
    async with editing(tmp_path, editor) as client:
        fine(await client.call_tool("media_import", {"file": "hare.png"}))
        error = refused(await client.call_tool("media_import", {"file": "owl.png"}))
        editor.error = False
        await has_changed(client)
        fine(await client.call_tool("media_import", {"file": "owl.png"}))

    assert "The client could not name its workspace folders." in error
    assert editor.asked == 2


async def test_the_operator_can_rule_out_workspace_folders(project: Path, tmp_path: Path) -> None:
    """Documented (docs/files-and-folders.md): `STABILITY_ROOTS_ONLY`; the client isn't asked."""
    editor = Editor(project)
    async with editing(tmp_path, editor, roots=(tmp_path / "only",), roots_only=True) as client:
        refused(await client.call_tool("media_import", {"file": str(project / "owl.png")}))
        status = data(await client.call_tool("server_status", {}))

    assert editor.asked == 0
    assert "workspace" not in status


async def test_clients_of_the_newer_protocol_are_not_asked(project: Path, tmp_path: Path) -> None:
    """Documented (MCP 2026-07-28): roots are deprecated, and a server can't ask."""
    editor = Editor(project)
    settings = settings_in(tmp_path / "server", {"roots": (), "roots_only": False})
    with anyio.fail_after(60):
        async with Client(build_server(settings), list_roots_callback=editor) as client:
            error = refused(
                await client.call_tool("media_import", {"file": str(project / "owl.png")})
            )

    assert "outside the allowed folders" in error
    assert "orkspace" not in error
    assert editor.asked == 0


async def test_calls_at_the_same_time_share_one_question(project: Path, tmp_path: Path) -> None:
    """Chosen: a batch of edits asks once."""
    editor = Editor(project)
    async with editing(tmp_path, editor) as client, anyio.create_task_group() as group:
        for _ in range(5):
            group.start_soon(client.call_tool, "media_import", {"file": "owl.png"})

    assert editor.asked == 1


@contextmanager
def _serving(folder: Path, *options: str, **variables: str) -> Iterator[tuple[str, str]]:
    """Run the server on HTTP; yield its address and token."""
    command = forked("stability_mcp", "serve", "--http", "--port", "0", *options)
    environment = {**environment_in(folder), **variables}
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True, env=environment) as process:
        assert process.stderr is not None
        try:
            address, token = (process.stderr.readline().split()[-1] for _ in range(2))
            yield address, token
        finally:
            process.kill()


@asynccontextmanager
async def _http_client(address: str, token: str, editor: Editor) -> AsyncIterator[Client]:
    headers = {"Authorization": f"Bearer {token}"}
    async with (
        httpx2.AsyncClient(headers=headers, timeout=60) as http,
        Client(
            streamable_http_client(address, http_client=http),
            mode="legacy",
            list_roots_callback=editor,
        ) as client,
    ):
        yield client


@pytest.mark.processes
async def test_over_http_a_workspace_is_only_read_for_its_client(
    project: Path, tmp_path: Path
) -> None:
    """Chosen: neither for another client nor after its own has left."""
    other = tmp_path / "me" / "other"
    save(other / "hare.png", make.png((48, 96)))
    owl, hare = {"file": str(project / "owl.png")}, {"file": str(other / "hare.png")}
    with _serving(tmp_path) as (address, token), anyio.fail_after(60):
        async with _http_client(address, token, Editor(other)) as second:
            async with _http_client(address, token, Editor(project)) as first:
                fine(await first.call_tool("media_import", owl))
                fine(await second.call_tool("media_import", hare))
                errors = [
                    refused(await second.call_tool("media_import", owl)),
                    refused(await first.call_tool("media_import", hare)),
                ]
                for name in ("images/fox.png", "fox.png", "fox"):
                    refused(await second.call_tool("media_import", {"file": name}))
                fine(await first.call_tool("media_import", {"file": "fox"}))
            errors.append(refused(await second.call_tool("media_import", owl)))
            async with _http_client(address, token, Editor()) as third:
                errors.append(refused(await third.call_tool("media_import", owl)))

    allowed = [each.partition("Allowed folders: ")[2] for each in errors]
    assert [str(project) in each for each in allowed] == [False, True, False, False]
    assert [str(other) in each for each in allowed] == [True, False, True, False]


HOSTILE: Sequence[object] = [
    "https://example.com/proj",
    "file://nas/share",
    "file:///proc/self/root",
    "file:relative",
    "\x1b[31mred",
    7,
    None,
    {"path": "/etc"},
]


_START = {
    "protocolVersion": "2025-06-18",
    "capabilities": {"roots": {}},
    "clientInfo": {"name": "test", "version": "1"},
}


def _send(process: "subprocess.Popen[str]", *messages: dict[str, Any]) -> None:
    assert process.stdin is not None
    for message in messages:
        process.stdin.write(json.dumps({"jsonrpc": "2.0", **message}) + "\n")
    process.stdin.flush()


def _received(process: "subprocess.Popen[str]") -> Iterator[dict[str, Any]]:
    assert process.stdout is not None
    for line in process.stdout:
        yield json.loads(line)


@pytest.mark.processes
def test_a_hostile_list_costs_nothing_but_its_own_entries(project: Path, tmp_path: Path) -> None:
    """Chosen: the SDK's client can't send such entries, so this one writes the lines itself."""
    entries = [each if isinstance(each, dict) else {"uri": each} for each in HOSTILE]
    entries += [{"uri": f"file:///none/{number}", "name": "x"} for number in range(50)]
    entries.append({"uri": project.as_uri()})
    entries += [{"uri": "file:///" + "a" * 20_000}] * 1_000
    messages: list[dict[str, Any]] = [
        {"id": 1, "method": "initialize", "params": _START},
        {"method": "notifications/initialized"},
        {"id": 2, "method": "tools/call", "params": {"name": "server_status", "arguments": {}}},
    ]
    with subprocess.Popen(
        forked("stability_mcp"),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        env=environment_in(tmp_path),
    ) as process:
        try:
            _send(process, *messages)
            for message in _received(process):
                if message.get("method") == "roots/list":
                    _send(process, {"id": message["id"], "result": {"roots": entries}})
                elif message.get("id") == 2:
                    break
        finally:
            process.kill()

    status = message["result"]["structuredContent"]
    assert status["workspace"] == [str(project)]
    assert status["warnings"][0].startswith("The client named 1,059 workspace folders; only the")
    assert (
        'Workspace folder not used: "file:relative" (not an absolute path).' in status["warnings"]
    )
    assert "\x1b" not in json.dumps(status, ensure_ascii=False)
    assert len(json.dumps(status)) < 40_000


class _Session:
    """A session whose client counts the questions and names one folder."""

    def __init__(self, folder: Path) -> None:
        self._request_outbound = self
        self._folder = folder
        self.asked = 0

    async def send_raw_request(self, *_: object) -> dict[str, object]:
        """Answer `roots/list`."""
        self.asked += 1
        return {"roots": [{"uri": self._folder.as_uri()}]}


@pytest.mark.parametrize("announces", [True, False])
async def test_a_client_that_announces_no_changes_is_asked_again_after_a_minute(
    project: Path, *, announces: bool
) -> None:
    """Chosen: otherwise its answer would hold until it disconnects."""
    clock = [0.0]
    session = _Session(project)
    roots = ClientRoots(announces=announces, clock=lambda: clock[0])
    for seconds in (0.0, KEEP_SECONDS - 1, KEEP_SECONDS + 1, KEEP_SECONDS * 1.5):
        clock[0] = seconds
        found = await roots.workspace(session)  # type: ignore[arg-type]  # all that it needs
        assert found.first == project

    assert session.asked == (1 if announces else 2)


@pytest.mark.processes
@pytest.mark.parametrize(
    ("options", "variables", "reason"),
    [
        (["--no-auth"], {}, "takes calls without a token"),
        ([], {"STABILITY_HOSTS": "mcp.example"}, "other machines (STABILITY_HOSTS)"),
    ],
)
async def test_over_http_only_the_user_s_own_client_has_a_workspace_and_a_clipboard(
    project: Path, tmp_path: Path, options: list[str], variables: dict[str, str], reason: str
) -> None:
    """Chosen: anyone else could name folders that the operator didn't allow."""
    editor = Editor(project)
    owl = {"file": str(project / "owl.png")}
    with (
        _serving(tmp_path, *options, **variables) as (address, token),
        anyio.fail_after(60),
    ):
        async with _http_client(address, token, editor) as client:
            error = refused(await client.call_tool("media_import", owl))
            status = data(await client.call_tool("server_status", {}))
            clipboard = refused(await client.call_tool("media_import", {"source": "clipboard"}))

    assert "outside the allowed folders" in error
    assert reason in error
    assert "The clipboard isn't read" in clipboard
    assert any(reason in each for each in status["warnings"])
    assert editor.asked == 0
