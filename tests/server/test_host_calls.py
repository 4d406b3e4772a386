"""Calls and settings as hosts and forms fill them in: blank, null, placeholders, JSON in JSON."""

import json
from collections.abc import AsyncIterator, Mapping
from pathlib import Path
from typing import Any

import anyio
import pytest
from mcp import Client

from stability_mcp.api.operations import OPERATIONS
from stability_mcp.server.app import build_server
from stability_mcp.server.tools import all_tools
from stability_mcp.setting_values import variable
from stability_mcp.settings import Settings, read_settings
from support.api.operations import fewest
from support.server.in_memory import (
    connected,
    data,
    environment_in,
    facts,
    fine,
    pictures,
    text,
)

pytestmark = pytest.mark.anyio

BLANK = ("", " ", "null", None)
FREE = [name for name, tool in all_tools().items() if tool.arguments.model_fields]
REQUIRED: Mapping[str, Mapping[str, object]] = {
    "cost_estimate": {"tool": "generate_core"},
    "media_import": {"file": "x.png"},
    "media_label": {"media": "x"},
    "media_show": {"media": ["x"]},
    "job_adopt": {"generation": "x", "operation": "upscale_creative"},
    "job_cancel": {"jobs": ["x"]},
    "job_rerun": {"job": "x"},
}
"""Arguments that the other tools need; most name something that doesn't exist."""


@pytest.fixture(scope="module")
def anyio_backend() -> str:
    """Run the module in one event loop, because its tests share a connection."""
    return "asyncio"


@pytest.fixture(scope="module")
async def client(
    anyio_backend: str,  # noqa: ARG001 -- the event loop starts first
    tmp_path_factory: pytest.TempPathFactory,
) -> AsyncIterator[Client]:
    """Connect to one server with all tools."""
    folder = tmp_path_factory.mktemp("host")
    async with connected(folder, seconds=600, toolsets=("all",), wait=0) as client:
        yield client


# Arguments ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("blank", BLANK)
@pytest.mark.parametrize("name", [name for name, row in OPERATIONS.items() if row.is_paid()])
async def test_blank_optional_arguments_of_an_operation_are_not_given(
    name: str, blank: str | None, client: Client
) -> None:
    """Chosen: a form sends every field; the call and its price stay the same."""
    base = fewest(name)
    optional = [each for each in OPERATIONS[name].model_fields if each not in base]
    texts = {"prompt", "negative_prompt"} if blank == "null" else set()  # "null" is a word there
    filled = dict.fromkeys([each for each in optional if each not in texts], blank)
    extra = {"label": blank, "preview": blank, "confirm_spend": blank}

    plain, full = [
        data(await client.call_tool("cost_estimate", {"tool": name, "arguments": arguments}))
        for arguments in (base, base | filled | extra)
    ]

    assert full == plain


@pytest.mark.parametrize("blank", BLANK)
@pytest.mark.parametrize("name", FREE)
async def test_blank_optional_arguments_of_a_tool_are_not_given(
    name: str, blank: str | None, client: Client
) -> None:
    """Chosen: the same for the tools that make nothing."""
    base = REQUIRED.get(name, {})
    fields = all_tools()[name].arguments.model_fields
    optional = [each for each, info in fields.items() if not info.is_required()]
    filled = {each: blank for each in optional if each not in base}

    plain = await client.call_tool(name, dict(base))
    full = await client.call_tool(name, {**base, **filled})

    assert full.is_error == plain.is_error
    assert text(full) == text(plain)


@pytest.mark.parametrize(
    "prompts",
    [
        [{"text": "a fox", "weight": 1}],
        '[{"text": "a fox", "weight": 1}]',
        ['{"text": "a fox", "weight": "1"}'],
        json.dumps(json.dumps([json.dumps({"text": "a fox", "weight": 1})])),
    ],
)
async def test_json_in_strings_is_read_at_any_depth(prompts: object, client: Client) -> None:
    """Chosen: frameworks encode arguments again at every border."""
    arguments: dict[str, Any] = {"text_prompts": prompts, "seed": "7"}
    call = {"tool": "v1_text_to_image", "arguments": arguments}
    whole = {"tool": "v1_text_to_image", "arguments": json.dumps(arguments)}
    listed = {"calls": json.dumps([{**whole, "arguments": json.dumps(json.dumps(arguments))}])}

    answers = [
        data(await client.call_tool("cost_estimate", each)) for each in (call, whole, listed)
    ]

    assert len({each["total"] for each in answers}) == 1


async def test_preview_none_returns_no_picture_for_this_call(tmp_path: Path) -> None:
    """Chosen: an agent that doesn't look at the result saves its context."""
    async with connected(tmp_path) as client:
        without = await client.call_tool("generate_core", {"prompt": "a fox", "preview": "none"})
        with_one = await client.call_tool("generate_core", {"prompt": "a cat", "preview": ""})

    assert pictures(fine(without)) == []
    assert facts(without)["media"][0]["uri"] in text(without)
    assert len(pictures(fine(with_one))) == 1


# Settings -----------------------------------------------------------------------------------------


async def _status_and_picture() -> tuple[dict[str, Any], str]:
    """Return the status and the first line of a paid answer, with the environment's settings."""
    with anyio.fail_after(60):
        async with Client(build_server(read_settings())) as client:
            status = data(await client.call_tool("server_status", {}))
            drawn = fine(await client.call_tool("generate_core", {"prompt": "a fox"}))
            return status, text(drawn).splitlines()[0]


@pytest.mark.parametrize("value", ["", "  ", "${user_config.x}", "${input:x}", "null"])
async def test_the_server_works_with_every_setting_left_blank(
    value: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Documented (mcpb#250): Claude Desktop passes the literal for fields that are left blank."""
    names = [variable(field) for field in Settings.model_fields]
    if value == "null":
        names.remove(variable("cors_origins"))  # an origin that is refused
    for name in names:
        monkeypatch.setenv(name, value)

    status, first = await _status_and_picture()

    assert status["emulated"]
    warnings = " ".join(status["warnings"])
    assert [name for name in names if name not in warnings] == []
    assert first.startswith("NO API KEY")


@pytest.mark.parametrize(
    "key", ["sk-your-key", "<your key>", "${STABILITY_API_KEY}", "YOUR_API_KEY", "sk-xxxx"]
)
async def test_each_paid_answer_names_a_placeholder_in_place_of_the_key(
    key: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Chosen: the user believes that a key is set."""
    for name, value in environment_in(tmp_path, STABILITY_API_KEY=key).items():
        monkeypatch.setenv(name, value)

    status, first = await _status_and_picture()

    why = f'NO API KEY (STABILITY_API_KEY contains the placeholder "{key}"): '
    assert first.startswith(f"{why}placeholder drawn by the built-in emulator. generate_core: ")
    assert status["note"].startswith(f"{why}the built-in emulator")
