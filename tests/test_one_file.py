"""A new endpoint, tool or setting needs one file or one line; the rest is derived from it."""

import json
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from mcp import Client

from stability_mcp.api.operations import OPERATIONS
from support.checkout import Checkout
from support.imaging import sample_files
from support.server.host import INTERPRETER, connected, text

pytestmark = [pytest.mark.processes, pytest.mark.long(15)]

ENDPOINT = '''
"""Brighten."""

from stability_mcp.api.fields import ImageFormat, ImageUpTo4MP, Share
from stability_mcp.api.kinds import ImageOperation
from stability_mcp.api.operation import Spec, Wire


class Brighten(ImageOperation):
    """Make a picture brighter: dark rooms, evenings, old photos.

    Another light: `edit_replace_background_and_relight`.
    """

    spec = Spec(path="/v2beta/stable-image/edit/brighten", credits=1.5, seconds=3)
    title = "Brighten a picture"
    next_tools = ("upscale_creative",)
    hints = {"brightness": "it is called amount"}
    wire = Wire(left_out={"curve": {"type": "string"}})

    image: ImageUpTo4MP
    amount: Share = 0.5
    """How much."""
    output_format: ImageFormat = "png"
'''

TOOL = '''
"""Tools about words."""

from stability_mcp.server.call_context import CallContext
from stability_mcp.server.definition import READS
from stability_mcp.server.tool import Arguments, Data, tool


class WordCount(Arguments):
    """Count the words of a text, to see how long a prompt is."""

    text: str
    """The words."""


class Words(Data):
    """How many words there are."""

    words: int
    wait: float | None = None
    """A setting."""


@tool(title="Count words", effects=READS)
async def word_count(studio: object, arguments: WordCount, context: CallContext) -> Words:
    """Count them."""
    return Words(words=len(arguments.text.split()), wait=context.settings.wait)
'''

DOCUMENT = """
import json
from stability_emulator import openapi
from stability_mcp.api.operations import OPERATIONS
print(json.dumps(openapi.document(OPERATIONS, {}, "http://127.0.0.1")))
"""

SETTING = "    beat: Annotated[int, Field(ge=1, le=9)] = 3\n"
BEFORE = '    log_level: Literal["DEBUG"'


@pytest.fixture
def checkout(tmp_path: Path) -> Checkout:
    """A copy of the project, with a picture next to it."""
    sample_files.save(tmp_path / "hero.png", sample_files.png())
    return Checkout(tmp_path)


@asynccontextmanager
async def _server(checkout: Checkout) -> AsyncIterator[Client]:
    """Connect to a server that runs the copy."""
    path = checkout.environment["PYTHONPATH"]
    async with connected(checkout.folder, "auto", program=INTERPRETER, PYTHONPATH=path) as client:
        yield client


async def _listed(client: Client, name: str) -> dict[str, Any]:
    tools = {tool.name: tool for tool in (await client.list_tools()).tools}
    return tools[name].model_dump(by_alias=True, exclude_none=True)


@pytest.mark.anyio
async def test_a_new_endpoint_is_one_file(checkout: Checkout) -> None:
    """*Chosen*: its tool, price, label, suggestions, guide entries and emulation come from its row.

    Any other place that had to name it would be forgotten.
    """
    checkout.add("api/operations/edit/brighten.py", ENDPOINT)
    checkout.derive()

    async with _server(checkout) as client:
        tool = await _listed(client, "edit_brighten")
        given = {"image": "hero.png", "amount": "0.7"}
        cost = await client.call_tool(
            "cost_estimate", {"tool": "edit_brighten", "arguments": given}
        )
        made = text(await client.call_tool("edit_brighten", given))
        wrong = await client.call_tool("edit_brighten", {"image": "hero.png", "brightness": 1})
        choose = text(await client.call_tool("guide", {"topic": "choose"}))
        costs = text(await client.call_tool("guide", {"topic": "costs"}))

    assert checkout.changed() == {
        "src/stability_mcp/api/operations/edit/brighten.py",
        "tool_schemas/edit_brighten.json",
        "README.md",
        "docs/tools.md",
        "src/stability_mcp/service/operation_methods.pyi",
    }
    assert tool == json.loads((checkout.root / "tool_schemas/edit_brighten.json").read_text())
    assert tool["title"] == "Brighten a picture"
    assert "1.5 credits, about 3 s." in tool["description"]
    assert tool["inputSchema"]["properties"]["amount"]["maximum"] == 1
    assert (cost.structured_content or {})["total"] == 1.5
    assert "edit_brighten: 1 picture, 1.5 credits on the emulator" in made
    assert "\nhero v2  media://" in made
    assert "\nnext: upscale_creative can use this result" in made
    assert 'There is no argument "brightness": it is called amount.' in str(wrong.content)
    assert "- `edit_brighten`: Make a picture brighter: dark rooms, evenings, old photos." in choose
    assert "- `edit_brighten`: 1.5 credits, about 3 s." in costs
    assert "`edit_brighten`" in (checkout.root / "README.md").read_text(encoding="utf-8")
    table = (checkout.root / "docs/tools.md").read_text(encoding="utf-8")
    assert "\n| `edit_brighten` | Make a picture brighter: " in table
    assert "old photos. | 1.5 | 3 s |" in table


def test_a_new_endpoint_is_available_on_the_command_line_and_the_emulator(
    checkout: Checkout,
) -> None:
    """*Chosen*: its command, route, description, and its comparison with the API's description."""
    checkout.add("api/operations/edit/brighten.py", ENDPOINT)
    checkout.derive()

    listed = checkout.run("tools")
    called = checkout.run("call", "edit_brighten", "--image", "hero.png", "--label", "bright")
    document = json.loads(checkout.python("-c", DOCUMENT).stdout)
    described = document["paths"]["/v2beta/stable-image/edit/brighten"]["post"]
    [body] = described["requestBody"]["content"].values()
    parameters = body["schema"]["properties"]
    assert list(parameters) == ["image", "amount", "output_format", "curve"]
    del parameters["amount"]
    changed = checkout.folder / "changed.json"
    changed.write_text(json.dumps(document), encoding="utf-8")
    drift = checkout.run("doctor", "--drift", str(changed))

    assert "edit_brighten " in listed.stdout
    assert called.returncode == 0, called.stderr
    assert "1.5 credits on the emulator" in called.stdout
    assert [path.name for path in checkout.out.rglob("bright.*")] == ["bright.png"]
    assert described["operationId"] == "edit_brighten"
    assert f"{len(OPERATIONS) + 1} operations compared" in drift.stdout
    differences = [line.strip() for line in drift.stdout.splitlines() if "brighten" in line]
    assert differences == ['edit_brighten removed parameter: "amount"']


@pytest.mark.anyio
async def test_a_new_tool_is_one_file(checkout: Checkout) -> None:
    """*Chosen*: a tool is discovered in its folder, and its schema is built from its function."""
    checkout.add("server/tools/words.py", TOOL)
    checkout.derive()

    async with _server(checkout) as client:
        tool = await _listed(client, "word_count")
        counted = await client.call_tool("word_count", {"text": "a red fox"})
        wrong = await client.call_tool("word_count", {"txt": "a red fox"})

    assert checkout.changed() == {
        "src/stability_mcp/server/tools/words.py",
        "tool_schemas/word_count.json",
        "README.md",
        "docs/tools.md",
    }
    assert tool["title"] == "Count words"
    assert tool["description"] == "Count the words of a text, to see how long a prompt is."
    assert tool["inputSchema"]["required"] == ["text"]
    assert tool["outputSchema"]["properties"]["words"] == {"type": "integer"}
    assert (counted.structured_content or {})["words"] == 3
    assert wrong.is_error
    assert 'Did you mean "text"?' in str(wrong.content)


def test_a_new_setting_is_one_line_where_it_is_defined(checkout: Checkout) -> None:
    """*Chosen*: a field gets a variable, a flag and a doctor line; the page must have a row."""
    settings = checkout.root / "src/stability_mcp/settings.py"
    source = settings.read_text(encoding="utf-8")
    assert source.count(BEFORE) == 1
    settings.write_text(source.replace(BEFORE, SETTING + BEFORE), encoding="utf-8")
    checkout.add("server/tools/words.py", TOOL.replace("settings.wait", "settings.beat"))
    checkout.derive()
    words = ("call", "word_count", "--text", "a fox")

    default, variable, flag, wrong, doctor = checkout.run_all(
        (words, {}),
        (words, {"STABILITY_BEAT": "7"}),
        ((*words, "--beat", "5"), {"STABILITY_BEAT": "7"}),
        (words, {"STABILITY_BEAT": "99"}),
        (("doctor", "--beat", "5"), {}),
    )
    page = checkout.python(
        "-m", "pytest", "-q", "-p", "no:cacheprovider", "tests/docs/test_reference.py", "-k", "row"
    )

    values = [json.loads(each.stdout)["wait"] for each in (default, variable, flag)]
    assert values == [3, 7, 5]
    assert wrong.returncode == 3
    assert wrong.stderr == (
        'stability-mcp: STABILITY_BEAT is "99"; it must be a whole number from 1 to 9.\n'
    )
    assert re.search(r"^ +STABILITY_BEAT +5  \(flag\)$", doctor.stdout, re.MULTILINE)
    assert page.returncode == 1
    assert "STABILITY_BEAT" in page.stdout
