"""The emulator's 3D models, checked by the official glTF validator."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

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
from support.server.in_memory import connected, copies, fine

SECONDS = 60
pytestmark = pytest.mark.anyio

MODELS = [row for row in OPERATIONS.values() if row.name().startswith("model3d_")]
TEXTURES = ("512", "1024", "2048")
REMESHES = ("none", "triangle", "quad")
WARNING = 1
"""Severity in the validator's report: 0 is an error, 2 and 3 are hints."""


def variants(row: type[Operation], image: Path) -> list[Operation]:
    """Return requests for all textures and meshes of a model."""
    given = {"image": str(image)}
    fields = [{"texture_resolution": each} for each in TEXTURES]
    fields += [{"remesh": each} for each in REMESHES]
    return [row.model_validate(given | each) for each in fields]


async def validated(paths: Sequence[str], home: Path) -> list[dict[str, Any]]:
    """Return the validator's report on each file."""
    script = Path(__file__).with_name("validate_glb.mjs")
    validator = str(installed(GLTF_VALIDATOR))
    done = await anyio.to_thread.run_sync(
        lambda: node(script, validator, *paths, home=home, seconds=SECONDS)
    )
    assert done.returncode == 0, done.stderr
    found: list[dict[str, Any]] = json.loads(done.stdout)
    return found


def serious(reports: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return the errors and warnings in reports."""
    return [
        one for each in reports for one in each["issues"]["messages"] if one["severity"] <= WARNING
    ]


@pytest.mark.parametrize("row", MODELS, ids=lambda row: row.name())
async def test_models_are_valid_gltf(row: type[Operation], tmp_path: Path) -> None:
    """Documented: the 3D endpoints return binary glTF 2.0."""
    image = pictures.save(tmp_path / "object.png", pictures.png((256, 256), "RGBA"))

    paths = []
    async with Client(api_key=SecretStr(EMULATOR_KEY), transport=in_process()) as client:
        for operation in variants(row, image):
            generations = await client.send(operation, folder=tmp_path)
            assert isinstance(generations, list)
            paths += [str(each.path) for each in generations]

    found = await validated(paths, tmp_path)
    assert len(found) == len(TEXTURES) + len(REMESHES)
    assert serious(found) == []


async def test_exported_models_are_valid_gltf(tmp_path: Path) -> None:
    """Chosen: the readable copy and the export of a result are glTF that other programs accept."""
    pictures.save(tmp_path / "object.png", pictures.png((256, 256), "RGBA"))
    folder = tmp_path / "models"

    async with connected(tmp_path) as client:
        for number, row in enumerate(MODELS):
            given = {"image": str(tmp_path / "object.png"), "label": f"model {number}"}
            made = fine(await client.call_tool(row.name(), given))
            export = {"media": f"model {number}", "to": str(folder / f"{number}.glb")}
            fine(await client.call_tool("media_export", {**export, "preview": "none"}))
            pictures.save(folder / f"{number}-copy.glb", copies(made)[0].read_bytes())

    found = await validated(sorted(map(str, folder.iterdir())), tmp_path)
    assert len(found) == 2 * len(MODELS)
    assert serious(found) == []
