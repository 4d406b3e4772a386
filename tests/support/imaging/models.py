"""Makes GLB models for tests: cubes with every feature that is read, and hostile documents."""

import io
import json
import struct
from collections.abc import Mapping, Sequence
from typing import Any

from PIL import Image

BYTE, SHORT, INT, FLOAT = 5121, 5123, 5125, 5126
_FORMS = {BYTE: "B", SHORT: "H", INT: "I", FLOAT: "f"}
_WIDTHS = {"SCALAR": 1, "VEC2": 2, "VEC3": 3, "VEC4": 4}
_SIDES = (
    ((0, 0, 1), (1, 0, 0), (0, 1, 0)),
    ((0, 0, -1), (-1, 0, 0), (0, 1, 0)),
    ((1, 0, 0), (0, 0, -1), (0, 1, 0)),
    ((-1, 0, 0), (0, 0, 1), (0, 1, 0)),
    ((0, 1, 0), (1, 0, 0), (0, 0, -1)),
    ((0, -1, 0), (1, 0, 0), (0, 0, 1)),
)
"""Front, back, right, left, top and bottom: normal, right and up."""
COLOURS = ("#d03030", "#30a040", "#3050d0", "#e0c020", "#f0f0f0", "#303030")
"""The colours of the sides in the texture of `cube`, in that order."""


def pack(document: Mapping[str, Any] | bytes, binary: bytes = b"") -> bytes:
    """Return a GLB with a JSON chunk and a binary chunk."""
    text = document if isinstance(document, bytes) else json.dumps(document).encode()
    text += b" " * (-len(text) % 4)
    binary += b"\0" * (-len(binary) % 4)
    chunks = struct.pack("<I4s", len(text), b"JSON") + text
    chunks += struct.pack("<I4s", len(binary), b"BIN\0") + binary if binary else b""
    return struct.pack("<4sII", b"glTF", 2, 12 + len(chunks)) + chunks


class Builder:
    """Collects accessors and images in one buffer."""

    def __init__(self) -> None:
        self.binary = bytearray()
        self.document: dict[str, Any] = {
            "asset": {"version": "2.0"},
            "scene": 0,
            "scenes": [{"nodes": [0]}],
            "nodes": [{"mesh": 0}],
            "meshes": [],
            "accessors": [],
            "bufferViews": [],
        }

    def view(self, data: bytes, **more: Any) -> int:  # noqa: ANN401 -- JSON
        """Add a buffer view and return its index."""
        self.binary += b"\0" * (-len(self.binary) % 4)
        views = self.document["bufferViews"]
        views.append({"buffer": 0, "byteOffset": len(self.binary), "byteLength": len(data), **more})
        self.binary += data
        return len(views) - 1

    def accessor(
        self,
        kind: str,
        component: int,
        values: Sequence[float],
        **more: Any,  # noqa: ANN401 -- JSON
    ) -> int:
        """Add an accessor of flat numbers and return its index."""
        width = _WIDTHS[kind]
        data = struct.pack(f"<{len(values)}{_FORMS[component]}", *values)
        found = {
            "bufferView": self.view(data),
            "componentType": component,
            "type": kind,
            "count": len(values) // width,
            **more,
        }
        if kind == "VEC3" and component == FLOAT:
            found["min"] = [min(values[axis::3]) for axis in range(3)]
            found["max"] = [max(values[axis::3]) for axis in range(3)]
        self.document["accessors"].append(found)
        return len(self.document["accessors"]) - 1

    def glb(self) -> bytes:
        """Return the file."""
        if self.binary:
            self.document["buffers"] = [{"byteLength": len(self.binary)}]
        return pack(self.document, bytes(self.binary))


def texture(size: int = 96) -> bytes:
    """Return a PNG with the six `COLOURS` in two rows of three."""
    picture = Image.new("RGB", (size, size))
    for number, colour in enumerate(COLOURS):
        left, top = number % 3 * size // 3, number // 3 * size // 2
        picture.paste(colour, (left, top, left + size // 3, top + size // 2))
    buffer = io.BytesIO()
    picture.save(buffer, "PNG")
    return buffer.getvalue()


def cube(  # noqa: PLR0913 -- features of a model
    *,
    textured: bool = True,
    normals: bool = True,
    colours: bool = False,
    shared: bool = False,
    inside_out: bool = False,
    node: Mapping[str, Any] | None = None,
    material: Mapping[str, Any] | None = None,
) -> Builder:
    """Return a cube with sides of length 1 around the origin, whose sides have six colours.

    Args:
        textured: Whether it has texture coordinates and a texture.
        normals: Whether it has normals.
        colours: Whether its vertices have colours.
        shared: Whether its sides share vertices: 8 instead of 24, without normals and texture.
        inside_out: Whether its triangles run the other way.
        node: What its node says in addition.
        material: What its material says in addition.
    """
    made = Builder()
    points, directions, places, tints, corners = [], [], [], [], []
    for number, (normal, right, up) in enumerate(_SIDES):
        for across, along in ((0, 0), (1, 0), (1, 1), (0, 1)):
            points += [
                n / 2 + (across - 0.5) * r + (along - 0.5) * u
                for n, r, u in zip(normal, right, up, strict=True)
            ]
            directions += normal
            inset = 0.05, 0.9
            places += [
                (number % 3 + inset[0] + across * inset[1]) / 3,
                (number // 3 + inset[0] + (1 - along) * inset[1]) / 2,
            ]
            tints += [number in {0, 3, 4}, number in {1, 3, 4}, number in {2, 4}, 1.0]
        first = 4 * number
        corners += [first, first + 1, first + 2, first, first + 2, first + 3]
    if shared:
        whole = [tuple(points[at : at + 3]) for at in range(0, len(points), 3)]
        unique = sorted(set(whole))
        corners = [unique.index(whole[at]) for at in corners]
        points = [each for point in unique for each in point]
    if inside_out:
        corners = corners[::-1]
    attributes = {"POSITION": made.accessor("VEC3", FLOAT, points)}
    if normals and not shared:
        attributes["NORMAL"] = made.accessor("VEC3", FLOAT, directions)
    if textured and not shared:
        attributes["TEXCOORD_0"] = made.accessor("VEC2", FLOAT, places)
    if colours and not shared:
        attributes["COLOR_0"] = made.accessor("VEC4", FLOAT, tints)
    primitive: dict[str, Any] = {
        "attributes": attributes,
        "indices": made.accessor("SCALAR", SHORT, corners),
        "material": 0,
    }
    surface: dict[str, Any] = {"metallicFactor": 0, "roughnessFactor": 1}
    document = made.document
    document["meshes"] = [{"name": "cube", "primitives": [primitive]}]
    document["materials"] = [{"name": "painted", **(material or {})}]
    if textured and not shared:
        view = made.view(texture())
        document["images"] = [{"bufferView": view, "mimeType": "image/png"}]
        document["textures"] = [{"source": 0}]
        surface["baseColorTexture"] = {"index": 0}
    document["materials"][0].setdefault("pbrMetallicRoughness", {}).update(surface)
    document["nodes"] = [{"mesh": 0, **(node or {})}]
    return made
