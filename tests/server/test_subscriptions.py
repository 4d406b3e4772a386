"""Jobs as resources: listed, read, and told of when they change, in both eras."""

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
    """Chosen: the newest ones, beside the pages that are always there."""
    async with connected(tmp_path, era) as client:
        before = await client.list_resources()
        made = fine(await client.call_tool("generate_core", FOX))
        job = facts(made)["media"][0]["job"]
        after = await client.list_resources()
        [read] = (await client.read_resource(f"job://{job}")).contents

    new = {str(each.uri) for each in after.resources} - {str(each.uri) for each in before.resources}
    assert new == {f"job://{job}"}
    assert isinstance(read, TextResourceContents)
    assert json.loads(read.text)["charged"] == "yes"


@pytest.mark.filterwarnings("ignore:resources/:mcp.shared.exceptions.MCPDeprecationWarning")
async def test_older_clients_are_told_of_jobs_that_come_and_end(tmp_path: Path) -> None:
    """Documented (2025-11-25): a client that subscribes is told; the server says that it can."""
    told: list[str] = []
    ended = anyio.Event()

    async def hear(message: Any) -> None:  # noqa: ANN401 -- whatever the server sends
        if isinstance(message, ResourceListChangedNotification):
            told.append("list")
        if isinstance(message, ResourceUpdatedNotification):
            told.append(str(message.params.uri))
            ended.set()

    gate = Gate()
    server = build_server(settings_in(tmp_path, {"wait": 0}), open_studio=partial(paced, gate=gate))
    with anyio.fail_after(60):
        async with Client(server, mode="legacy", message_handler=hear) as client:
            able = client.server_capabilities.resources
            await client.list_resources()
            made = fine(await client.call_tool("generate_core", FOX))
            [job] = [each["id"] for each in facts(made)["jobs"]]
            await client.subscribe_resource(f"job://{job}")
            await until(lambda: "list" in told)  # the job was seen, and is looked at again
            gate.open()
            await ended.wait()
            await client.unsubscribe_resource(f"job://{job}")

    assert able is not None
    assert (able.subscribe, able.list_changed) == (True, True)
    assert "list" in told
    assert f"job://{job}" in told


async def test_newer_clients_listen(tmp_path: Path) -> None:
    """Documented (2026-07-28): a client opens a stream and says what it wants to hear."""
    gate = Gate()
    async with connected(tmp_path, "auto", gate=gate, wait=0) as client:
        able = client.server_capabilities.resources
        made = fine(await client.call_tool("generate_core", FOX))
        [job] = [each["id"] for each in facts(made)["jobs"]]
        heard = set[str]()

        async def call_until_heard() -> None:
            """Make jobs until one is told of: then the first was seen, too."""
            number = 0
            while not heard:
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
            group.start_soon(call_until_heard)
            async for event in events:
                heard.add(str(getattr(event, "uri", "list")))
                if len(heard) == 2:
                    break

    assert able is not None
    assert (able.subscribe, able.list_changed) == (True, True)
    assert heard == {"list", f"job://{job}"}
