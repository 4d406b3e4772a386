"""The 3D models of the emulator, judged by the validator of those who define the format."""

import json
from pathlib import Path

import anyio
import pytest
from pydantic import SecretStr

import support.imaging.sample_files as pictures
from protocol.support_node import GLTF_VALIDATOR, installed, node
from stability_emulator import EMULATOR_KEY
from stability_emulator.transport import in_process
from stability_mcp.api.operation import Operation
from stability_mcp.api.operations import OPERATIONS
from stability_mcp.client.client import Client

SECONDS = 60
pytestmark = pytest.mark.anyio

MODELS = [row for row in OPERATIONS.values() if row.name().startswith("model3d_")]
TEXTURES = ("512", "1024", "2048")
REMESHES = ("none", "triangle", "quad")
WARNING = 1
"""Of the validator's severities: 0 is an error, 2 and 3 are advice."""


def variants(row: type[Operation], image: Path) -> list[Operation]:
    """Return requests that cover what changes the shape or the texture of a model."""
    given = {"image": str(image)}
    fields = [{"texture_resolution": each} for each in TEXTURES]
    fields += [{"remesh": each} for each in REMESHES]
    return [row.model_validate(given | each) for each in fields]


@pytest.mark.parametrize("row", MODELS, ids=lambda row: row.name())
async def test_a_model_is_valid_gltf(row: type[Operation], tmp_path: Path) -> None:
    """Documented: what the 3D endpoints return is binary glTF 2.0."""
    image = pictures.save(tmp_path / "object.png", pictures.png((256, 256), "RGBA"))

    made = []
    async with Client(api_key=SecretStr(EMULATOR_KEY), transport=in_process()) as client:
        for operation in variants(row, image):
            generations = await client.send(operation, folder=tmp_path)
            assert isinstance(generations, list)
            made += [str(each.path) for each in generations]

    script = Path(__file__).with_name("validate_glb.mjs")
    validator = str(installed(GLTF_VALIDATOR))
    told = await anyio.to_thread.run_sync(
        lambda: node(script, validator, *made, home=tmp_path, seconds=SECONDS)
    )
    assert told.returncode == 0, told.stderr
    found = json.loads(told.stdout)
    assert len(found) == len(TEXTURES) + len(REMESHES)
    wrong = [
        one for each in found for one in each["issues"]["messages"] if one["severity"] <= WARNING
    ]
    assert wrong == []
