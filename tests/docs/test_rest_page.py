"""Every program on the page about REST runs, in Python, JavaScript and curl, and makes its file."""

import re
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import httpx2
import pytest

from protocol.support_node import NODE
from stability_mcp.rest.error_answers import STATUSES
from stability_mcp.settings import Settings
from support.docs.pages import Page, code_words
from support.imaging.sample_files import png
from support.notify.receivers import Listener, listening
from support.rest.rest_server import TOKEN, rest_server

PAGE = Page("docs/rest.md")
ORIGIN = "http://127.0.0.1:8788"
HOOK = "http://127.0.0.1:9000/hook"
LANGUAGES = ("sh", "python", "js")
TASKS = (
    "Text to image",
    "Inpainting",
    "Text to audio",
    "3D",
    "A long upscale: polling",
    "A long upscale: events",
    "A long upscale: webhook",
    "A batch",
    "A workflow",
)
BEGINNINGS = {".png": b"\x89PNG", ".mp3": (b"ID3", b"\xff"), ".glb": b"glTF"}

pytestmark = pytest.mark.processes


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[httpx2.Client, Listener]]:
    """Serve for the module, with a receiver of webhooks."""
    with ExitStack() as stack:
        listener = stack.enter_context(listening())
        folder = tmp_path_factory.mktemp("rest-page")
        yield stack.enter_context(rest_server(folder)), listener


@pytest.fixture(autouse=True)
def _small_pictures(small_pictures: None) -> None:
    """Draw thumbnails: no test here looks at pictures."""


def programs(task: str) -> dict[str, str]:
    """Return the program of a task in each language."""
    section = PAGE.section(f"## {task}")
    return {
        language: body
        for language, body in re.findall(
            r"^```(\w+)\n(.*?)^```$", section, re.DOTALL | re.MULTILINE
        )
        if language in LANGUAGES
    }


def command(language: str, program: str, folder: Path) -> list[str]:
    """Return what runs a program; skips the test where the tool is missing."""
    if language == "python":
        return [sys.executable, "-c", program]
    if language == "sh":
        if shutil.which("curl") is None:
            pytest.skip("curl is not installed")
        return ["sh", "-ec", program]
    file = folder / "program.mjs"
    file.write_text(program, encoding="utf-8")
    return [str(NODE), str(file)]


@pytest.mark.parametrize("task", TASKS)
@pytest.mark.parametrize("language", LANGUAGES)
def test_the_program_of_a_task_runs(
    language: str, task: str, server: tuple[httpx2.Client, Listener], tmp_path: Path
) -> None:
    """Documented: three languages for each task."""
    client, listener = server
    (tmp_path / "photo.png").write_bytes(png((64, 64)))
    (tmp_path / "mask.png").write_bytes(png((64, 64), "L"))
    program = programs(task)[language]
    url = client.base_url
    program = program.replace(ORIGIN, f"http://{url.host}:{url.port}")
    program = program.replace(HOOK, listener.url).replace("TOKEN", TOKEN)
    received = len(listener.received)

    done = subprocess.run(
        command(language, program, tmp_path),
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )

    assert done.returncode == 0, done.stdout + done.stderr
    for name in re.findall(r"[a-z]+\.(?:png|mp3|glb)", program):
        assert (tmp_path / name).read_bytes().startswith(BEGINNINGS[Path(name).suffix]), name
    if "webhook" in task:
        _wait_for_hook(client, listener, received)


def _wait_for_hook(client: httpx2.Client, listener: Listener, received: int) -> None:
    """Wait for the message of the job that was just started; then remove its webhook."""
    job: dict[str, Any] = client.get("/jobs", params={"limit": 1}).json()["jobs"][0]
    client.get(f"/results/{job['id']}", headers={"prefer": "wait=30"}).raise_for_status()
    [hook] = client.get("/webhooks").json()["webhooks"]
    headers = {"authorization": f"Bearer {TOKEN}"}
    with httpx2.Client(base_url=client.base_url, headers=headers, timeout=30) as admin:
        end = time.monotonic() + 30
        while not any(each["data"]["job"] == job["id"] for each in listener.received[received:]):
            assert time.monotonic() < end, f"no message about {job['id']}"
            time.sleep(0.02)  # the receiver is a thread without an event to wait for
        admin.delete(f"/webhooks/{hook['id']}").raise_for_status()


def test_the_page_names_every_error_and_setting() -> None:
    """Chosen: a program that gets an error looks here."""
    prose = re.sub(r"^```\w+\n.*?^```$", "", PAGE.text, flags=re.DOTALL | re.MULTILINE)
    named = set(code_words(prose))

    assert {name for _, _, name in STATUSES} - {"refused", "configuration"} <= named
    for name in ("rest_wait", "client_rate", "client_lockout", "cors_origins"):
        assert name in Settings.model_fields
        assert f"STABILITY_{name.upper()}" in named
