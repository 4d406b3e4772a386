"""Every operation as a tool, with only the required and with all arguments."""

import base64
import re
from collections.abc import AsyncIterator, Callable, Mapping
from pathlib import Path
from typing import Any

import pytest
from mcp import Client
from PIL import Image

from stability_mcp.api.operation import Operation
from stability_mcp.api.operations import OPERATIONS
from stability_mcp.imaging.sniff import media_type
from support.api.operations import FILES, everything, fewest
from support.imaging import sample_files
from support.server.in_memory import ERAS, Era, connected, data, facts, fine, links, pictures, text

pytestmark = pytest.mark.anyio

PAID = [name for name, row in OPERATIONS.items() if row.is_paid()]
FREE = [name for name, row in OPERATIONS.items() if not row.is_paid()]
SECONDS = 600
SMALL, SDXL = (256, 192), (1_024, 1_024)
SQUARE = {"image": "square", "mask": "square-mask"}
Arguments = Callable[[str, Mapping[str, str]], dict[str, Any]]
MAGIC = {"image": "image/", "audio": "audio/", "model": "model/gltf-binary"}


@pytest.fixture(scope="module")
def anyio_backend() -> str:
    """Run the module in one event loop, because its tests share a connection."""
    return "asyncio"


@pytest.fixture(scope="module", params=ERAS)
async def client(
    request: pytest.FixtureRequest,
    anyio_backend: str,  # noqa: ARG001 -- the event loop starts first
    tmp_path_factory: pytest.TempPathFactory,
) -> AsyncIterator[Client]:
    """Connect in one era and import pictures, masks and a sound under labels."""
    era: Era = request.param
    folder = tmp_path_factory.mktemp(era)
    files = {
        "picture": ("picture.png", sample_files.png(SMALL, "RGBA")),
        "mask": ("mask.png", sample_files.mask(SMALL)),
        "square": ("square.png", sample_files.png(SDXL, "RGBA")),
        "square-mask": ("square-mask.png", sample_files.mask(SDXL)),
        "sound": ("sound.wav", sample_files.wav(7)),
    }
    async with connected(folder, era, seconds=SECONDS, toolsets=("all",)) as client:
        for label, (name, content) in files.items():
            path = sample_files.save(folder / name, content)
            fine(await client.call_tool("media_import", {"file": str(path), "label": label}))
        yield client


@pytest.mark.parametrize("given_arguments", [fewest, everything])
@pytest.mark.parametrize("name", PAID)
async def test_a_paid_tool_returns_real_media_in_a_format_that_every_host_accepts(
    client: Client, name: str, given_arguments: Arguments
) -> None:
    """Chosen: the format of results. Documented: the kind of media of each operation."""
    row = OPERATIONS[name]
    given = given_arguments(name, SQUARE if row.toolset() == "v1" else FILES)

    result = fine(await client.call_tool(name, given))

    shown = facts(result)
    assert shown["media"]
    for item in shown["media"]:
        assert item["uri"] in text(result)
        assert item["path"] in text(result)
        _check_file(item, row)
    assert re.match("NO API KEY: placeholder (drawn|made) by the built-in emulator", text(result))
    assert result.structured_content is None
    assert sum(len(each.data) for each in pictures(result)) < 100_000
    assert all(len(base64.b64decode(each.data)) <= 65_536 for each in pictures(result))
    assert {str(link.uri) for link in links(result)} == {item["uri"] for item in shown["media"]}
    for field in row.file_fields():
        if field in given:
            assert f'{field}: "{given[field]}"' in text(result)
    cost = (result.meta or {})["cost"]
    low, high = row.price_range()
    assert low <= round(cost["credits"] * 1000) <= high


def _check_file(item: Mapping[str, Any], row: type[Operation]) -> None:
    path = Path(item["path"])
    with path.open("rb") as file:
        assert (media_type(file.read(64)) or "").startswith(MAGIC[row.media or ""])
    if row.media == "image":
        with Image.open(path) as opened:
            assert opened.size == (item["width"], item["height"])


@pytest.mark.parametrize("name", FREE)
async def test_a_query_returns_data(client: Client, name: str) -> None:
    """Chosen: as structured content, and as the same JSON in text."""
    assert data(await client.call_tool(name, {}))
