"""Writes GLB files with one textured mesh and the emulator's mark."""

import io
import json
import struct
from array import array
from dataclasses import dataclass
from typing import Any

from stability_emulator.pictures.codec import MARK

MEDIA_TYPE = "model/gltf-binary"
FLOAT, UNSIGNED_INT = 5_126, 5_125
ARRAY_BUFFER, ELEMENT_ARRAY_BUFFER = 34_962, 34_963
JSON_CHUNK, BINARY_CHUNK = 0x4E4F534A, 0x004E4942


@dataclass(frozen=True, kw_only=True)
class Mesh:
    """The vertex data of a model."""

    positions: "array[float]"
    normals: "array[float]"
    uv: "array[float]"
    """Texture coordinates of each point, 0 to 1."""
    corners: "array[int]"
    """Indices of three points for each triangle."""


def write(mesh: Mesh, texture: bytes) -> bytes:
    """Return a GLB file: a JSON chunk and the binary chunk it refers to."""
    arrays = (mesh.positions, mesh.uv, mesh.corners, mesh.normals)
    parts = [*(each.tobytes() for each in arrays), texture]
    targets = (ARRAY_BUFFER, ARRAY_BUFFER, ELEMENT_ARRAY_BUFFER, ARRAY_BUFFER, None)
    binary, views = io.BytesIO(), []
    for part, target in zip(parts, targets, strict=True):
        view: dict[str, int] = {
            "buffer": 0,
            "byteOffset": binary.tell(),
            "byteLength": len(part),
        }
        views.append(view | ({"target": target} if target else {}))
        binary.write(part.ljust(-(-len(part) // 4) * 4, b"\0"))
    scene = _scene(mesh) | {
        "bufferViews": views,
        "buffers": [{"byteLength": binary.tell()}],
    }
    described = json.dumps(scene, separators=(",", ":")).encode()
    described = described.ljust(-(-len(described) // 4) * 4, b" ")
    numbers = binary.getvalue()
    length = 12 + 8 + len(described) + 8 + len(numbers)
    return b"".join(
        (
            struct.pack("<4sII", b"glTF", 2, length),
            struct.pack("<II", len(described), JSON_CHUNK),
            described,
            struct.pack("<II", len(numbers), BINARY_CHUNK),
            numbers,
        )
    )


def _scene(mesh: Mesh) -> dict[str, Any]:
    positions, points = mesh.positions, len(mesh.uv) // 2
    return {
        "asset": {"version": "2.0", "generator": "stability-mcp emulator", "extras": {MARK: True}},
        "scene": 0,
        "scenes": [{"nodes": [0]}],
        "nodes": [{"mesh": 0, "name": "object"}],
        "meshes": [
            {
                "primitives": [
                    {
                        "attributes": {"POSITION": 0, "TEXCOORD_0": 1, "NORMAL": 3},
                        "indices": 2,
                        "material": 0,
                    }
                ]
            }
        ],
        "materials": [
            {
                "pbrMetallicRoughness": {
                    "baseColorTexture": {"index": 0},
                    "metallicFactor": 0,
                    "roughnessFactor": 0.9,
                },
                "doubleSided": True,
            }
        ],
        "textures": [{"source": 0, "sampler": 0}],
        "samplers": [{"magFilter": 9_729, "minFilter": 9_987, "wrapS": 33_071, "wrapT": 33_071}],
        "images": [{"bufferView": 4, "mimeType": "image/jpeg"}],
        "accessors": [
            {
                "bufferView": 0,
                "componentType": FLOAT,
                "count": points,
                "type": "VEC3",
                "min": [min(positions[axis::3]) for axis in range(3)],
                "max": [max(positions[axis::3]) for axis in range(3)],
            },
            {"bufferView": 1, "componentType": FLOAT, "count": points, "type": "VEC2"},
            {
                "bufferView": 2,
                "componentType": UNSIGNED_INT,
                "count": len(mesh.corners),
                "type": "SCALAR",
            },
            {"bufferView": 3, "componentType": FLOAT, "count": points, "type": "VEC3"},
        ],
    }
