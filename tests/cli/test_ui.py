"""`stability-mcp ui`: prints a link that works once, and tries the port of its last run first."""

import re
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx2
import pytest

from support.programs import forked
from support.server.in_memory import environment_in

LINK = re.compile(r"(http://127\.0\.0\.1:(\d+))/ui/#code=([\w-]+)")
SECONDS = 20
MAX_WAIT = 60
"""For the first answer, as the page is loaded with it, on a busy machine."""

OPENING = """
import sys
import stability_mcp.cli.web_page
stability_mcp.cli.web_page.remote_place = lambda *_: ""  # this machine may be a container
from stability_mcp.__main__ import main
sys.argv = ["stability-mcp", "ui"]
main()
"""
"""The command, on a machine with a browser."""


class Run:
    """A running command.

    Args:
        process: The process.
    """

    def __init__(self, process: "subprocess.Popen[str]") -> None:
        assert process.stdout is not None
        found = LINK.search(process.stdout.readline())
        assert found
        self.link, self.origin, self.port, self.code = found[0], found[1], int(found[2]), found[3]

    def open(self) -> httpx2.Response:
        """Exchange the code of the link, as the page does."""
        headers = {"origin": self.origin, "sec-fetch-site": "same-origin"}
        json = {"code": self.code}
        url = f"{self.origin}/api/ui/session"
        return httpx2.post(url, json=json, headers=headers, timeout=MAX_WAIT)


@contextmanager
def running(folder: Path, *options: str) -> Iterator[Run]:
    """Run the command until the block ends."""
    with started(folder, forked("stability_mcp", "ui", "--no-open", *options)) as run:
        yield run


@contextmanager
def started(folder: Path, command: list[str], **environment: str) -> Iterator[Run]:
    """Run a command until the block ends."""
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, text=True, env=environment_in(folder, **environment)
    ) as process:
        try:
            yield Run(process)
            process.terminate()
            assert process.wait(SECONDS) in {0, -15}
        finally:
            process.kill()


@pytest.mark.processes
def test_the_printed_link_opens_the_page_once(tmp_path: Path) -> None:
    """Documented: a new code per start."""
    with running(tmp_path) as run:
        assert run.open().json()["token"]
        assert run.open().status_code == 410


@pytest.mark.processes
def test_a_second_run_gets_the_port_of_the_last_one_if_it_is_free(tmp_path: Path) -> None:
    """Documented: drafts that a browser keeps survive; two of them share the store."""
    with running(tmp_path) as first, running(tmp_path) as meanwhile:
        assert meanwhile.port != first.port
        old = first.code
        assert {first.open().status_code, meanwhile.open().status_code} == {200}
    with running(tmp_path) as again:
        assert again.port == first.port
        again.code, new = old, again.code
        assert again.open().status_code == 401
        again.code = new
        assert again.open().status_code == 200


@pytest.mark.processes
def test_a_chosen_port_that_is_in_use_is_an_error(tmp_path: Path) -> None:
    """Chosen: a port that the user names is never replaced."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        done = subprocess.run(
            forked("stability_mcp", "ui", "--no-open", "--port", port),
            capture_output=True,
            text=True,
            env=environment_in(tmp_path),
            check=False,
        )

    assert done.returncode == 3
    assert f"Cannot listen on port {port}" in done.stderr


@pytest.mark.processes
@pytest.mark.parametrize("kept", ["", "x", "99999999", "22", "-1"])
def test_a_damaged_file_of_the_port_is_ignored(tmp_path: Path, kept: str) -> None:
    """Chosen: it is only a wish."""
    folder = tmp_path / "home" / "emulator"
    folder.mkdir(parents=True)
    (folder / "ui-port").write_text(kept)

    with running(tmp_path) as run:
        assert run.port >= 1_024
        assert (folder / "ui-port").read_text() == str(run.port)


@pytest.mark.processes
def test_the_browser_opens_with_the_link(tmp_path: Path) -> None:
    """Documented: prints and opens the link."""
    opened = tmp_path / "opened"
    browser = tmp_path / "browser"
    browser.write_text(f'#!/bin/sh\necho "$1" > {opened}.part\nmv {opened}.part {opened}\n')
    browser.chmod(0o755)

    with started(tmp_path, [sys.executable, "-c", OPENING], BROWSER=f"{browser} %s") as run:
        while not opened.exists():
            assert httpx2.get(f"{run.origin}/ui", timeout=MAX_WAIT).status_code == 308

    assert opened.read_text().strip() == run.link
