"""When the server listens for browsers, and how it protects its connections."""

import contextlib
import logging
import os
import signal
import subprocess
import sys
from pathlib import Path

import anyio
import httpx2
import pytest

import support.imaging.sample_files as make
from stability_mcp.pages.limits import Limits
from support.pages.local_pages import link_in, pages_open
from support.pages.process_facts import listening_ports, process_of, threads
from support.server.host import ERAS, INTERPRETER, Era, connected, text

pytestmark = pytest.mark.anyio

linux = pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
both_eras = pytest.mark.parametrize("era", ERAS)


@linux
@both_eras
@pytest.mark.processes
async def test_an_idle_server_listens_nowhere(era: Era, tmp_path: Path) -> None:
    """Chosen: nothing opens before the first link, and an unused link costs one socket."""
    picture = tmp_path / "fox.png"
    picture.write_bytes(make.png())
    async with connected(tmp_path, era, program=INTERPRETER, STABILITY_VIEW="on") as client:
        await client.list_tools()
        server = process_of(tmp_path / "home")
        idle = listening_ports(server)
        await client.call_tool("media_list", {})
        await client.call_tool("media_list", {})
        before = threads(server)
        listed = listening_ports(server)
        upload = text(await client.call_tool("media_import", {"source": "upload"}))
        with_link = listening_ports(server)
        after = threads(server)
        async with httpx2.AsyncClient(trust_env=False) as http:
            page = await http.get(link_in(upload))

    assert idle == listed == set()
    assert with_link == {int(link_in(upload).split(":")[2].partition("/")[0])}
    assert after == before
    assert page.status_code == 200


@pytest.mark.processes
def test_a_listener_loads_no_web_server() -> None:
    """Chosen: a link that no one opens must not slow down the answer that carries it."""
    program = (
        "import sys\n"
        "from stability_mcp.cli.page_opening import open_pages\n"
        "open_pages(None)\n"
        "print(sorted({'uvicorn', 'starlette', 'h11', 'stability_mcp.studio'} & set(sys.modules)))"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )

    assert done.stdout.strip() == "[]"


@linux
@pytest.mark.processes
async def test_no_token_is_logged_and_a_signal_ends_the_server(tmp_path: Path) -> None:
    """Chosen: logs are copied into bug reports; a browser's connection doesn't delay the end."""
    log = tmp_path / "log"
    program = f"import sys; sys.stderr = open({str(log)!r}, 'w', buffering=1)\n"
    program += "from stability_mcp.__main__ import main; main([])"
    async with connected(
        tmp_path,
        "auto",
        program=(sys.executable, "-c", program),
        STABILITY_VIEW="on",
        STABILITY_LOG_LEVEL="DEBUG",
    ) as client:
        upload = link_in(text(await client.call_tool("media_import", {"source": "upload"})))
        async with httpx2.AsyncClient(trust_env=False) as http:
            await http.get(upload)
            await http.get(f"{upload}/nothing")
            await http.post(f"{upload}/files?name=a.png", content=make.png())
            await http.post(f"{upload}/files?name=a.png", content=b"<html>")
            await http.get(upload, headers={"host": "evil.test"})
            server = process_of(tmp_path / "home")
            os.kill(server, signal.SIGTERM)
            with anyio.fail_after(20):
                while Path(f"/proc/{server}/fd").is_dir() and _runs(server):  # noqa: ASYNC110, ASYNC240 -- another process
                    await anyio.sleep(0.05)

    written = await anyio.Path(log).read_text(encoding="utf-8")
    assert "studio opened in" in written
    assert upload.rpartition("/")[2] not in written


def _runs(process: int) -> bool:
    try:
        state = Path(f"/proc/{process}/stat").read_text(encoding="ascii").rpartition(")")[2]
    except OSError:
        return False
    return not state.strip().startswith("Z")


async def test_no_logger_gets_a_token_at_any_level(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """Chosen: the libraries' own loggers included, whatever level they are set to."""
    for name in ("", "uvicorn", "uvicorn.access", "uvicorn.error", "asyncio"):
        caplog.set_level(logging.DEBUG, name)
    async with pages_open(tmp_path) as pages:
        upload, link = pages.upload()
        for path in (link, f"{link}/nothing", f"{link}/state"):
            await pages.http.get(path)
        await pages.send(link, "liar.png", b"<html>")

    sent = [each for each in caplog.records if not each.name.startswith(("httpx2", "httpcore2"))]
    assert sent != []
    assert [each for each in sent if upload.token in each.getMessage()] == []


async def test_a_slow_head_is_given_up(tmp_path: Path) -> None:
    """Chosen: a connection that never finishes its request must not stay (slow loris)."""
    async with pages_open(tmp_path, Limits(header=0.3)) as pages:
        _, link = pages.upload()
        silent = await anyio.connect_tcp("127.0.0.1", pages.port)
        slow = await anyio.connect_tcp("127.0.0.1", pages.port)
        head = f"GET {link} HTTP/1.1\r\nHost: 127.0.0.1:{pages.port}\r\n"
        await slow.send(head.encode())
        again = await anyio.connect_tcp("127.0.0.1", pages.port)
        await again.send(f"{head}\r\n".encode())
        answer = await again.receive()
        await again.send(b"GET /u/")

        for stream in (silent, slow, again):
            with anyio.fail_after(10):
                await _until_closed(stream)
            await stream.aclose()

    assert answer.startswith(b"HTTP/1.1 200")


async def test_a_body_that_never_ends_is_given_up_after_the_answer(tmp_path: Path) -> None:
    """Chosen: a client that sends it needs no token, and would keep the connection for good."""
    async with pages_open(tmp_path, Limits(header=0.3, discard=0.1)) as pages:
        for path in ("/u/none/files", "/u/none/finish", "/v/none"):
            stream = await anyio.connect_tcp("127.0.0.1", pages.port)
            head = f"POST {path} HTTP/1.1\r\nHost: 127.0.0.1:{pages.port}\r\n"
            await stream.send(f"{head}Content-Length: {10**15}\r\n\r\n".encode())
            answer = await stream.receive()
            with anyio.fail_after(10):
                await _send_until_closed(stream)
            await stream.aclose()

            assert answer.startswith(b"HTTP/1.1 4")


async def _send_until_closed(stream: anyio.abc.SocketStream) -> None:
    with contextlib.suppress(anyio.BrokenResourceError):
        while True:
            await stream.send(b"x")


async def _until_closed(stream: anyio.abc.SocketStream) -> None:
    try:
        while await stream.receive():
            pass
    except (anyio.EndOfStream, anyio.BrokenResourceError):
        return


async def test_the_number_of_connections_is_limited(tmp_path: Path) -> None:
    """Chosen: a local program can't take all file descriptors of the server."""
    async with pages_open(tmp_path, Limits(connections=3)) as pages:
        _, link = pages.upload()
        assert (await pages.http.get(link)).status_code == 200
        kept = [await anyio.connect_tcp("127.0.0.1", pages.port) for _ in range(2)]
        extra = await anyio.connect_tcp("127.0.0.1", pages.port)
        with anyio.fail_after(10):
            await _until_closed(extra)
        assert (await pages.http.get(link)).status_code == 200
        for stream in (*kept, extra):
            await stream.aclose()
