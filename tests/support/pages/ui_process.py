"""`stability-mcp ui` as a process, on the emulator, with an open page."""

import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx2

from support.pages.filled_page import open_client
from support.server.in_memory import environment_in

LINK = re.compile(r"(http://127\.0\.0\.1:\d+)/ui/#code=([\w-]+)")


@contextmanager
def ui_process(folder: Path) -> Iterator[tuple[httpx2.Client, str]]:
    """Run it until the block ends; yield a client that may call tools, and the page's token.

    Args:
        folder: All folders of the server are below it.
    """
    words = [sys.executable, "-m", "stability_mcp", "ui", "--no-open"]
    environment = environment_in(folder)
    environment.pop("STABILITY_API_KEY", None)
    with subprocess.Popen(words, stdout=subprocess.PIPE, text=True, env=environment) as process:
        try:
            assert process.stdout is not None
            found = LINK.search(process.stdout.readline())
            assert found, "stability-mcp ui printed no link"
            origin, code = found.groups()
            headers = {"origin": origin, "sec-fetch-site": "same-origin"}
            answer = httpx2.post(f"{origin}/api/ui/session", json={"code": code}, headers=headers)
            token = answer.json()["token"]
            with open_client(origin, token) as http:
                yield http, token
        finally:
            process.terminate()
