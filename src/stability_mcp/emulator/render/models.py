"""A GLB relief of a picture: a grid of points that stand out by brightness, with it as texture.

The picture's brightest parts stand out furthest; the surface is one piece, seen from the front.
"""

import io
import json
import math
import struct
from array import array
from dataclasses import dataclass
from typing import Any

from PIL import Image, ImageFilter, ImageOps

from stability_mcp.emulator.render.pictures import MARK, encode

MEDIA_TYPE = "model/gltf-binary"
DEFAULT_SIDE = 64
LEAST_SIDE = 2
DEPTH = 0.35
"""How far the brightest part stands out; the relief is 1 high or wide."""

FLOAT, UNSIGNED_INT = 5_126, 5_125
ARRAY_BUFFER, ELEMENT_ARRAY_BUFFER = 34_962, 34_963
JSON_CHUNK, BINARY_CHUNK = 0x4E4F534A, 0x004E4942


@dataclass(frozen=True, kw_only=True)
class Shape:
    """How a model is asked for."""

    texture: int
    """Side of the square texture, in pixels."""
    frame: float = 1.0
    """How much larger the frame is than the object; 1: none."""
    tilt: float = 0.0
    """How much further one side stands out than the other; what a seed changes."""
    vertices: int | None = None
    """Most vertices; None: as many as look good."""
    faces: int | None = None
    """Most triangles, likewise."""


def relief(picture: Image.Image, shape: Shape) -> bytes:
    """Return a GLB file; a transparent part of the picture lies flat."""
    side = DEFAULT_SIDE
    if shape.vertices is not None:
        side = min(side * 2, math.isqrt(shape.vertices))
    if shape.faces is not None:
        side = min(side * 2, math.isqrt(shape.faces // 2) + 1)
    side = max(LEAST_SIDE, side)
    heights = [
        value + shape.tilt * (index % side / side - 0.5)
        for index, value in enumerate(_heights(picture, side))
    ]
    positions = _positions(heights, side, picture.width / picture.height, shape.frame)
    places = array(
        "f", (part for y in range(side) for x in range(side) for part in _place(x, y, side))
    )
    square = picture.convert("RGB").resize((shape.texture,) * 2, Image.Resampling.BICUBIC)
    return _file(positions, places, _triangles(side), encode(square, "jpeg"))


def _heights(picture: Image.Image, side: int) -> list[float]:
    """Return how far each point stands out, row by row, 0 to 1."""
    small = picture.convert("RGBA").resize((side, side), Image.Resampling.BOX)
    light = ImageOps.autocontrast(small.convert("L")).filter(ImageFilter.GaussianBlur(side / 40))
    pairs = zip(light.tobytes(), small.getchannel("A").tobytes(), strict=True)
    return [value * alpha / 65_025 for value, alpha in pairs]


def _place(x: int, y: int, side: int) -> tuple[float, float]:
    return x / (side - 1), y / (side - 1)


def _positions(heights: list[float], side: int, aspect: float, frame: float) -> "array[float]":
    width, height = (1.0, 1 / aspect) if aspect >= 1 else (aspect, 1.0)
    points = array("f")
    for index, value in enumerate(heights):
        across, down = _place(index % side, index // side, side)
        points.extend(((across - 0.5) * width / frame, (0.5 - down) * height / frame))
        points.append(value * DEPTH / frame)
    return points


def _triangles(side: int) -> "array[int]":
    corners = array("I")
    for y in range(side - 1):
        for x in range(side - 1):
            here = y * side + x
            below = here + side
            corners.extend((here, below, here + 1, here + 1, below, below + 1))
    return corners


def _file(
    positions: "array[float]", places: "array[float]", triangles: "array[int]", texture: bytes
) -> bytes:
    """Return the two chunks of a GLB: the description and the numbers it points to."""
    parts = [positions.tobytes(), places.tobytes(), triangles.tobytes(), texture]
    binary, views = io.BytesIO(), []
    for part, target in zip(
        parts, (ARRAY_BUFFER, ARRAY_BUFFER, ELEMENT_ARRAY_BUFFER, None), strict=True
    ):
        view: dict[str, int] = {
            "buffer": 0,
            "byteOffset": binary.tell(),
            "byteLength": len(part),
        }
        views.append(view | ({"target": target} if target else {}))
        binary.write(part.ljust(-(-len(part) // 4) * 4, b"\0"))
    scene = _scene(positions, len(places) // 2, len(triangles)) | {
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


def _scene(positions: "array[float]", points: int, corners: int) -> dict[str, Any]:
    return {
        "asset": {"version": "2.0", "generator": "stability-mcp emulator", "extras": {MARK: True}},
        "scene": 0,
        "scenes": [{"nodes": [0]}],
        "nodes": [{"mesh": 0, "name": "relief"}],
        "meshes": [
            {
                "primitives": [
                    {"attributes": {"POSITION": 0, "TEXCOORD_0": 1}, "indices": 2, "material": 0}
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
        "images": [{"bufferView": 3, "mimeType": "image/jpeg"}],
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
                "count": corners,
                "type": "SCALAR",
            },
        ],
    }
