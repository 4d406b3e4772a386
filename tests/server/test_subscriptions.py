"""Jobs as resources: listed, read, and notified on change, in both eras."""

import json
from functools import partial
from pathlib import Path
from typing import Any

import anyio
import pytest
from mcp import Client
from mcp.types import (
    ResourceListChangedNotification,
    ResourceUpdatedNotification,
    TextResourceContents,
)

from stability_mcp.server.app import build_server
from support.server.in_memory import (
    Gate,
    both_eras,
    connected,
    facts,
    fine,
    paced,
    settings_in,
    until,
)

pytestmark = pytest.mark.anyio

FOX = {"prompt": "a fox", "label": "fox"}


@both_eras
async def test_jobs_are_listed_and_read(era: Any, tmp_path: Path) -> None:  # noqa: ANN401 -- the mode of a client
    """Chosen: the newest jobs, in addition to the static pages."""
    async with connected(tmp_path, era) as client:
        before = await client.list_resources()
        made = fine(await client.call_tool("generate_core", FOX))
        job = facts(made)["media"][0]["job"]
        after = await client.list_resources()
        [read] = (await client.read_resource(f"job://{job}")).contents

    new = {str(each.uri) for each in after.resources} - {str(each.uri) for each in before.resources}
    assert new == {f"job://{job}"}
    assert isinstance(read, TextResourceContents)
    assert json.loads(read.text)["charged"] == "charged"


@pytest.mark.filterwarnings("ignore:resources/:mcp.shared.exceptions.MCPDeprecationWarning")
async def test_legacy_clients_are_notified_of_new_and_finished_jobs(tmp_path: Path) -> None:
    """Documented (2025-11-25): subscribers are notified; the server declares the capability."""
    notified: list[str] = []
    ended = anyio.Event()

    async def record(message: Any) -> None:  # noqa: ANN401 -- any notification
        if isinstance(message, ResourceListChangedNotification):
            notified.append("list")
        if isinstance(message, ResourceUpdatedNotification):
            notified.append(str(message.params.uri))
            ended.set()

    gate = Gate()
    server = build_server(settings_in(tmp_path, {"wait": 0}), open_studio=partial(paced, gate=gate))
    with anyio.fail_after(60):
        async with Client(server, mode="legacy", message_handler=record) as client:
            capability = client.server_capabilities.resources
            await client.list_resources()
            made = fine(await client.call_tool("generate_core", FOX))
            [job] = [each["id"] for each in facts(made)["jobs"]]
            await client.subscribe_resource(f"job://{job}")
            await until(
                lambda: "list" in notified
            )  # the server has seen the job and polls it again
            gate.open()
            await ended.wait()
            await client.unsubscribe_resource(f"job://{job}")

    assert capability is not None
    assert (capability.subscribe, capability.list_changed) == (True, True)
    assert "list" in notified
    assert f"job://{job}" in notified


async def test_modern_clients_listen_on_a_stream(tmp_path: Path) -> None:
    """Documented (2026-07-28): a client opens a stream for selected notifications."""
    gate = Gate()
    async with connected(tmp_path, "auto", gate=gate, wait=0) as client:
        capability = client.server_capabilities.resources
        made = fine(await client.call_tool("generate_core", FOX))
        [job] = [each["id"] for each in facts(made)["jobs"]]
        received = set[str]()

        async def call_until_notified() -> None:
            """Start jobs until notified: then the server has seen the first job, too."""
            number = 0
            while not received:
                fine(await client.call_tool("generate_core", {"prompt": f"hen {number}"}))
                number += 1
                await anyio.sleep(0.1)
            gate.open()

        async with (
            client.listen(
                resources_list_changed=True, resource_subscriptions=[f"job://{job}"]
            ) as events,
            anyio.create_task_group() as group,
        ):
            group.start_soon(call_until_notified)
            async for event in events:
                received.add(str(getattr(event, "uri", "list")))
                if len(received) == 2:
                    break

    assert capability is not None
    assert (capability.subscribe, capability.list_changed) == (True, True)
    assert received == {"list", f"job://{job}"}
