"""Tasks over a real connection: they outlive the server process that started them."""

import json
import signal
import sys
from pathlib import Path

import anyio
import pytest
from mcp import Client
from mcp.types import CallToolResult

from protocol.support_node import INSPECTOR, installed, node
from protocol.support_serving import serving
from support.imaging.sample_files import png, save
from support.server.in_memory import facts, fine, text
from support.server.tasks import TakesTasks, answer_of, ask, begun, ended

pytestmark = pytest.mark.anyio

SERVER = ("-m", "protocol.paced_server")
SECONDS = 60


@pytest.mark.skipif(sys.platform == "win32", reason="SIGKILL")
async def test_a_task_outlives_a_server_that_is_killed(tmp_path: Path) -> None:
    """Chosen: call, job and generation are rows, so the process holds no state."""
    photo = save(tmp_path / "photo.png", png((512, 512)))
    wanted = {"subject_image": str(photo), "background_prompt": "a meadow", "label": "meadow"}
    settings = {"STABILITY_WAIT": "0", "STABILITY_ROOTS": str(tmp_path)}

    with serving([*SERVER, "3"], tmp_path, signal.SIGKILL, **settings) as url:
        async with Client(url, extensions=[TakesTasks()]) as client:
            name = "edit_replace_background_and_relight"
            task = await begun(client, name, wanted)
            await _started(client, task.task_id)
    with serving([*SERVER, "0"], tmp_path, signal.SIGTERM, **settings) as url:
        async with Client(url, extensions=[TakesTasks()]) as client:
            last = await ended(client, task.task_id)

    answer = fine(answer_of(last))
    assert [item["label"] for item in facts(answer)["media"]] == ["meadow"]
    assert f"{name}: 1 picture, 8 credits" in text(answer)


def test_the_inspector_follows_a_task_to_its_result(tmp_path: Path) -> None:
    """Chosen: an independent client understands our tasks."""
    with serving([*SERVER, "1"], tmp_path, signal.SIGTERM, STABILITY_WAIT="0") as url:
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


async def _started(client: Client, task_id: str) -> None:
    """Wait until the API has accepted the job: from then on it is never sent again."""
    with anyio.fail_after(30):
        while True:
            found = await ask(client, "tasks/get", task_id)
            assert found.status == "working"
            if "; generating" in (found.status_message or ""):
                return
            await anyio.lowlevel.checkpoint()
