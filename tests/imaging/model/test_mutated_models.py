"""Mutated models: drawing, measuring or converting one never crashes or hangs.

`SOAK_MUTATIONS` sets the number of files; `make soak` tries 10,000.
"""

import json
import os
import random
import struct
import time
from pathlib import Path
from typing import Any

import pytest

from stability_mcp.errors import FileUnusableError
from stability_mcp.imaging.model.model_check import check_model
from stability_mcp.imaging.model.model_sheet import model_thumbnail
from stability_mcp.imaging.model.wavefront import export_obj
from support.imaging.models import cube, pack

COUNT = int(os.environ.get("SOAK_MUTATIONS", "200"))
MAX_SECONDS = 10
"""Chosen: no file takes longer, even on a slow machine; 20 ms are usual."""

SAMPLES = {
    "textured": cube(),
    "coloured": cube(textured=False, colours=True),
    "cut out": cube(material={"alphaMode": "MASK", "doubleSided": True}),
    "turned": cube(node={"rotation": [0.5, 0.5, 0.5, 0.5], "scale": [1, -2, 3]}),
}
NUMBERS = [0, 1, 2, 3, 4, 5, 7, 24, 36, 255, 65_535, 2**31, 2**63, -1, 0.5, -1e30, 1e38, 1e308]
OTHERS: list[Any] = [None, True, "", "MASK", "VEC4", "data:,", [], [0], [1, 2, 3], {}, {"index": 0}]


def _places(value: Any, found: list[tuple[Any, Any]]) -> list[tuple[Any, Any]]:  # noqa: ANN401 -- JSON
    """Return every value in a document as its container and its key."""
    pairs = value.items() if isinstance(value, dict) else enumerate(value)
    for key, each in pairs:
        found.append((value, key))
        if isinstance(each, dict | list):
            _places(each, found)
    return found


def mutated(seed: int) -> bytes:
    """Return a model with changed values, numbers or bytes; the seed decides."""
    chance = random.Random(seed)  # noqa: S311 -- reproducible, not secret
    made = SAMPLES[chance.choice(sorted(SAMPLES))]
    document = json.loads(json.dumps(made.document))
    binary = bytearray(made.binary)
    document["buffers"] = [{"byteLength": len(binary)}]
    for _ in range(chance.randint(1, 3)):
        holder, key = chance.choice(_places(document, []))
        match chance.choice(["number", "other", "delete", "bytes", "float"]):
            case "number":
                holder[key] = chance.choice(NUMBERS)
            case "other":
                holder[key] = chance.choice(OTHERS)
            case "delete":
                del holder[key]
            case "bytes":
                at = chance.randrange(len(binary))
                binary[at : at + 4] = chance.randbytes(min(4, len(binary) - at))
            case "float":
                number = chance.choice([float("nan"), float("inf"), 3e38, -3e38, 1e-40])
                struct.pack_into("<f", binary, chance.randrange(len(binary) // 4) * 4, number)
    data = bytearray(pack(document, bytes(binary)))
    if chance.random() < 0.1:
        data[chance.randrange(len(data))] ^= 1 << chance.randrange(8)
    return bytes(data)


def attempt(source: Path, target: Path) -> FileUnusableError | None:
    """Measure, convert and draw a model; return why it is refused."""
    try:
        found = check_model(source)
        exported = export_obj(source, target, "model")
        assert exported.triangles == found.triangles > 0
        model_thumbnail(source, 32)
    except FileUnusableError as error:
        return error
    return None


@pytest.mark.parametrize("part", range(4))
def test_a_mutated_model_is_refused_with_a_reason_or_used(tmp_path: Path, part: int) -> None:
    """Chosen: whatever passes is finite and drawn; every refusal says what to do."""
    source, target = tmp_path / "model.glb", tmp_path / "model.obj"
    used = 0
    for seed in range(part, COUNT, 4):
        source.write_bytes(mutated(seed))
        started = time.monotonic()
        error = attempt(source, target)
        if error is None:
            used += 1
            assert "nan" not in target.read_text(), seed
        else:
            assert (error.message[-1], bool(error.hint)) == (".", True), seed
        assert time.monotonic() - started < MAX_SECONDS, seed
    assert used > COUNT // 40
