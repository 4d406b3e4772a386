"""The `view:` line of answers, and where it is left out."""

import re
import socket
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import httpx2
import pytest

import support.imaging.sample_files as make
from stability_mcp.server.face import Face
from stability_mcp.studio import Studio
from support.pages.local_pages import FACE, link_in
from support.server.in_memory import Era, both_eras, connected, facts, fine, text

pytestmark = pytest.mark.anyio

PROMPT = {"prompt": "a lighthouse", "label": "tower"}


@both_eras
async def test_an_answer_links_to_a_page_with_the_result(era: Era, tmp_path: Path) -> None:
    """Documented (docs/files-and-folders.md): one line; the same item keeps its link."""
    async with connected(tmp_path, era, face=FACE, view="on") as client:
        made = fine(await client.call_tool("generate_core", PROMPT))
        shown = text(fine(await client.call_tool("media_show", {"media": "tower"})))
        link = link_in(text(made), "v")
        async with httpx2.AsyncClient(trust_env=False) as http:
            page = await http.get(link)
            found = (await http.get(f"{link}/facts")).json()
            file = await http.get(f"{link}/file")

    assert f"\nview: {link} (while this server runs)" in text(made)
    assert f"\nview: {link} (while this server runs)" in shown
    assert page.status_code == 200
    assert (found["label"], found["prompt"]) == ("tower", "a lighthouse")
    assert len(file.content) == facts(made)["media"][0]["bytes"]


async def test_each_of_several_results_has_a_link(tmp_path: Path) -> None:
    """Chosen: a page shows one item; the note stands once."""
    async with connected(tmp_path, face=FACE, view="on") as client:
        answer = text(fine(await client.call_tool("generate_core", {**PROMPT, "count": 3})))

    lines = re.findall(r"^view (tower-\d): (http://\S+)( .*)?$", answer, re.MULTILINE)
    assert [name for name, _, _ in lines] == ["tower-1", "tower-2", "tower-3"]
    assert len({link for _, link, _ in lines}) == 3
    assert [note for _, _, note in lines] == [" (while this server runs)", "", ""]


async def test_an_answer_without_media_has_no_link(tmp_path: Path) -> None:
    """Chosen: a job that still runs has nothing to look at."""
    async with connected(tmp_path, face=FACE, view="on", wait=0) as client:
        answer = text(await client.call_tool("generate_core", PROMPT))

    assert "view" not in answer


@pytest.mark.parametrize(
    ("face", "chosen"),
    [
        (FACE, {}),
        (FACE, {"view": "off"}),
        (Face(), {"view": "on"}),
        (Face(open_pages=FACE.open_pages, over_http=True), {"hosts": ("gateway",)}),
    ],
    ids=["an SSH session", "off", "a command", "HTTP with other hosts"],
)
async def test_no_link_where_it_could_not_be_opened(
    tmp_path: Path, face: Face, chosen: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Chosen: a dead link is worse than none."""
    if "hosts" in chosen:
        monkeypatch.delenv("SSH_CONNECTION")
    async with connected(tmp_path, face=face, **chosen) as client:
        answer = text(fine(await client.call_tool("generate_core", PROMPT)))

    assert "http://" not in answer


async def test_over_http_on_this_machine_there_are_links(tmp_path: Path) -> None:
    """Chosen: clients of a loopback address are on this machine."""
    face = Face(open_pages=FACE.open_pages, over_http=True)
    async with connected(tmp_path, face=face, view="on") as client:
        answer = text(fine(await client.call_tool("generate_core", PROMPT)))

    assert "view: http://127.0.0.1:" in answer


async def test_a_machine_without_a_free_port_still_answers(tmp_path: Path) -> None:
    """Chosen: a sandbox may forbid listening; the paid result matters."""

    def fail(_: Callable[[], Awaitable[Studio]]) -> None:
        raise OSError(1, "Operation not permitted")

    async with connected(tmp_path, face=Face(open_pages=fail), view="on") as client:  # type: ignore[arg-type]  # it never returns
        made = text(fine(await client.call_tool("generate_core", PROMPT)))
        upload = text(await client.call_tool("media_import", {"source": "upload"}))

    assert "view:" not in made
    assert "No port for a local page can be opened (Operation not permitted)." in upload


async def test_the_listener_is_closed_with_the_server(tmp_path: Path) -> None:
    """Chosen: links end with the server, also while a browser keeps its connection."""
    picture = tmp_path / "fox.png"
    picture.write_bytes(make.png())
    async with httpx2.AsyncClient(trust_env=False) as http:
        async with connected(tmp_path, face=FACE, view="on") as client:
            answer = text(fine(await client.call_tool("media_import", {"file": str(picture)})))
            assert (await http.get(link_in(answer, "v"))).status_code == 200
        port = int(link_in(answer, "v").split(":")[2].partition("/")[0])
        with socket.socket() as probe:
            assert probe.connect_ex(("127.0.0.1", port)) != 0
