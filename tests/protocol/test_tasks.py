"""Tasks over a real connection: they outlive the server process that started them."""

import json
import signal
import sqlite3
import sys
from contextlib import closing
from pathlib import Path

import pytest
from mcp import Client
from mcp.types import CallToolResult

from protocol.support_node import INSPECTOR, installed, node
from protocol.support_serving import serving
from stability_emulator.storage import FILE_NAME
from support.imaging.sample_files import png, save
from support.server.in_memory import facts, fine, text, until
from support.server.tasks import (
    TasksExtension,
    start_task,
    task_request,
    task_result,
    wait_for_task,
)
from support.store.rows import rows

pytestmark = pytest.mark.anyio

SERVER = "protocol.paced_server"
SECONDS = 60
NEVER = "3600"
"""Seconds until a generation is ready, for a server that is killed before then."""


@pytest.mark.skipif(sys.platform == "win32", reason="SIGKILL")
async def test_a_task_outlives_a_server_that_is_killed(tmp_path: Path) -> None:
    """Chosen: call, job and generation are rows, so the process holds no state."""
    photo = save(tmp_path / "photo.png", png((512, 512)))
    wanted = {"subject_image": str(photo), "background_prompt": "a meadow", "label": "meadow"}
    settings = {"STABILITY_WAIT": "0", "STABILITY_ROOTS": str(tmp_path)}

    with serving([SERVER, NEVER], tmp_path, signal.SIGKILL, **settings) as url:
        async with Client(url, extensions=[TasksExtension()]) as client:
            name = "edit_replace_background_and_relight"
            task = await start_task(client, name, wanted)
            await until(lambda: _states(tmp_path) == [("submitted",)])
            running = await task_request(client, "tasks/get", task.task_id)
    _finish_generations(tmp_path)
    with serving([SERVER, "0"], tmp_path, signal.SIGTERM, **settings) as url:
        async with Client(url, extensions=[TasksExtension()]) as client:
            last = await wait_for_task(client, task.task_id)

    assert running.status == "working"
    answer = fine(task_result(last))
    assert [item["label"] for item in facts(answer)["media"]] == ["meadow"]
    assert f"{name}: 1 picture, 8 credits" in text(answer)


def test_the_inspector_follows_a_task_to_its_result(tmp_path: Path) -> None:
    """Chosen: an independent client understands our tasks."""
    with serving([SERVER, "1"], tmp_path, signal.SIGTERM, STABILITY_WAIT="0") as url:
        done = node(
            installed(INSPECTOR),
            *("--cli", url, "--transport", "http", "--protocol-era", "modern"),
            *("--method", "tools/call", "--tool-name", "generate_core", "--format", "json"),
            *("--tool-args-json", json.dumps({"prompt": "a fox", "label": "fox"})),
            home=tmp_path,
            seconds=SECONDS,
        )

    assert (done.returncode, done.stderr) == (0, "")
    answer = CallToolResult.model_validate(json.loads(done.stdout)["result"])
    assert [item["label"] for item in facts(fine(answer))["media"]] == ["fox"]


def _home(folder: Path) -> Path:
    """Return the folder of the server's store."""
    return folder / "served" / "emulator"


def _states(folder: Path) -> list[tuple[str]]:
    """Return the states of all jobs; `submitted`: the API's generation id is stored."""
    return rows(_home(folder), "SELECT state FROM jobs")


def _finish_generations(folder: Path) -> None:
    """Let the emulated API finish its generations now; no server may be running."""
    [file] = (folder / "served").rglob(FILE_NAME)
    with closing(sqlite3.connect(file)) as connection, connection:
        changed = connection.execute("UPDATE generations SET seconds = 0").rowcount
    assert changed == 1
