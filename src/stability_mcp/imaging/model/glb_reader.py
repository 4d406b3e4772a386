"""Opens a GLB file: checks its chunks and JSON, and reads accessors within strict bounds."""

import math
import struct
import sys
from array import array
from pathlib import Path
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError

from stability_mcp.errors import FileUnusableError
from stability_mcp.imaging.containers.piece import MODEL_EDITOR, cut_short, damaged
from stability_mcp.imaging.model.gltf_schema import Accessor, BufferView, Document
from stability_mcp.text import listed, quoted

MAX_FILE_BYTES = 100_000_000
"""Largest file that is read: models of the API have up to 20 MB, and it is kept in memory."""
MAX_JSON_BYTES = 4_000_000
"""Largest JSON chunk. A model of one mesh has 2 KB, a scene with thousands of nodes 1 MB; parsing
blocks other threads for about 10 ms a megabyte."""
BLOCK = 1 << 16
"""Numbers that one call of a C function handles, so that it doesn't block other threads."""
EXPORT_PLAIN = "In a 3D program such as Blender, export it as GLB without mesh compression."
_HEADER, _CHUNK = 12, 8
_COMPRESSED = {
    "KHR_draco_mesh_compression": "Draco",
    "EXT_meshopt_compression": "meshopt",
    "KHR_meshopt_compression": "meshopt",
}
"""Extensions that compress geometry, and what people call them."""
_UNDERSTOOD = {
    "EXT_texture_avif",
    "EXT_texture_webp",
    "KHR_lights_punctual",
    "KHR_mesh_quantization",
    "KHR_texture_basisu",
    "KHR_texture_transform",
    "KHR_xmp_json_ld",
}
"""Required extensions with which the geometry is still read; the same holds for all materials."""
_CODES = {5120: "b", 5121: "B", 5122: "h", 5123: "H", 5125: "I", 5126: "f"}
_LARGEST = {5120: 127, 5121: 255, 5122: 32_767, 5123: 65_535}
"""The number that means 1.0 in a normalized accessor, by component type."""
_WIDTHS = {"SCALAR": 1, "VEC2": 2, "VEC3": 3, "VEC4": 4}

T = TypeVar("T")


def flawed(how: str) -> FileUnusableError:
    """Return the error for a model that violates glTF 2.0."""
    return damaged("GLB model", how, editor=MODEL_EDITOR)


def member(every: list[T], index: int, what: str) -> T:
    """Return an object of a document.

    Raises:
        FileUnusableError: there is none with this index.
    """
    if index >= len(every):
        raise flawed(f"it refers to {what} {index:,}, but has {len(every):,}")
    return every[index]


class GlbFile:
    """A GLB file in memory; every read is checked against its bounds.

    Args:
        data: The whole file.

    Raises:
        FileUnusableError: it isn't GLB, is damaged, or needs a feature that isn't supported.
    """

    def __init__(self, data: bytes) -> None:
        described, self._binary = _chunks(memoryview(data))
        self.document = _document(bytes(described))
        self._refuse_unsupported()

    def _refuse_unsupported(self) -> None:
        required = self.document.extensions_required
        for name in required:
            if name in _COMPRESSED:
                raise _compressed(_COMPRESSED[name])
        if unknown := [each for each in required if not _is_understood(each)]:
            raise FileUnusableError(
                f"This GLB model needs glTF extensions that aren't supported: "
                f"{listed((quoted(each) for each in unknown), most=3)}.",
                hint=EXPORT_PLAIN,
            )

    def numbers(self, index: int, what: str, *, types: tuple[str, ...]) -> "array[Any]":
        """Return the numbers of an accessor, flat; normalized integers as 0.0 to 1.0.

        Args:
            index: The accessor.
            what: What it holds, for errors.
            types: The types it may have.

        Raises:
            FileUnusableError: it reaches beyond the file, has another type, isn't finite, or is
                compressed or sparse.
        """
        accessor = member(self.document.accessors, index, "accessor")
        if accessor.type not in types:
            raise flawed(f"its {what} are {accessor.type}, not {' or '.join(types)}")
        found: array[Any] = array(_CODES[accessor.component_type])
        found.frombytes(self._packed(accessor, found.itemsize * _WIDTHS[accessor.type], what))
        if sys.byteorder == "big":  # pragma: no cover -- glTF is little-endian
            found.byteswap()
        if accessor.component_type not in _LARGEST:
            check_finite(found, what)
        elif accessor.normalized:
            scale = 1 / _LARGEST[accessor.component_type]
            found = array("f", (max(-1.0, each * scale) for each in found))
        return found

    def _packed(self, accessor: Accessor, width: int, what: str) -> bytes | memoryview:
        """Return the bytes of an accessor without gaps."""
        if accessor.sparse is not None:
            raise FileUnusableError(
                "This GLB model has sparse accessors, which aren't supported.",
                hint="In a 3D program such as Blender, apply all shape keys and export it again.",
            )
        if accessor.buffer_view is None:
            raise flawed(f"its {what} have no data")
        view = member(self.document.buffer_views, accessor.buffer_view, "buffer view")
        data, stride = self._bytes_of(view), view.byte_stride or width
        end = accessor.byte_offset + stride * (accessor.count - 1) + width
        if end > len(data) or stride < width:
            raise flawed(f"its {what} reach beyond their buffer view")
        if stride == width:
            return data[accessor.byte_offset : end]
        return b"".join(
            data[start : start + width] for start in range(accessor.byte_offset, end, stride)
        )

    def _bytes_of(self, view: BufferView) -> memoryview:
        if any(each in _COMPRESSED for each in view.extensions):
            raise _compressed("meshopt")
        buffer = member(self.document.buffers, view.buffer, "buffer")
        if buffer.uri is not None or view.buffer:
            raise FileUnusableError(
                "This GLB model keeps its geometry in another file.",
                hint="In a 3D program such as Blender, export it as one GLB file.",
            )
        end = view.byte_offset + view.byte_length
        if end > min(len(self._binary), buffer.byte_length):
            raise flawed("a buffer view reaches beyond its binary chunk")
        return self._binary[view.byte_offset : end]

    def image(self, index: int) -> memoryview | None:
        """Return an encoded picture; None: it isn't in the file.

        Raises:
            FileUnusableError: it reaches beyond the file.
        """
        found = member(self.document.images, index, "image")
        if found.buffer_view is None:
            return None
        view = member(self.document.buffer_views, found.buffer_view, "buffer view")
        return self._bytes_of(view)


def open_glb(path: Path) -> GlbFile:
    """Return a GLB file; blocks.

    Raises:
        FileUnusableError: it is too large, damaged, or needs a feature that isn't supported.
        OSError: it can't be read.
    """
    size = path.stat().st_size
    if size > MAX_FILE_BYTES:
        raise FileUnusableError(
            f"This GLB model is too large to read: {size:,} bytes; the maximum is "
            f"{MAX_FILE_BYTES:,}.",
            hint="Reduce its triangles and textures in a 3D program such as Blender.",
        )
    return GlbFile(path.read_bytes())


def check_compression(found: BaseModel) -> None:
    """Raise FileUnusableError if the geometry of a primitive is compressed."""
    for name in getattr(found, "extensions", {}):
        if name in _COMPRESSED:
            raise _compressed(_COMPRESSED[name])


def _compressed(how: str) -> FileUnusableError:
    return FileUnusableError(
        f"The geometry of this GLB model is compressed with {how}, which isn't supported.",
        hint=EXPORT_PLAIN,
    )


def _is_understood(extension: str) -> bool:
    return extension in _UNDERSTOOD or extension.startswith("KHR_materials_")


def _chunks(data: memoryview) -> tuple[memoryview, memoryview]:
    """Return the JSON chunk and the binary chunk, which may be empty."""
    if len(data) < _HEADER + _CHUNK:
        raise cut_short("GLB model", "its header is incomplete")
    magic, version, length = struct.unpack_from("<4sII", data)
    if magic != b"glTF" or version != 2:  # noqa: PLR2004 -- the only version with this layout
        raise FileUnusableError(
            "This GLB model isn't glTF 2.0.", hint="Export it as glTF 2.0 from a 3D program."
        )
    if length > len(data):
        raise cut_short("GLB model", f"{length - len(data):,} of {length:,} bytes are missing")
    described, end = _chunk(data[:length], _HEADER, b"JSON")
    if described is None:
        raise flawed("it doesn't start with its JSON chunk")
    if len(described) > MAX_JSON_BYTES:
        raise FileUnusableError(
            f"The JSON of this GLB model has {len(described):,} bytes; the maximum is "
            f"{MAX_JSON_BYTES:,}.",
            hint="Join its meshes and remove animations in a 3D program such as Blender.",
        )
    binary, _ = _chunk(data[:length], end, b"BIN\x00")
    return described, binary if binary is not None else data[:0]


def _chunk(data: memoryview, start: int, kind: bytes) -> tuple[memoryview | None, int]:
    if start + _CHUNK > len(data):
        return None, start
    length, found = struct.unpack_from("<I4s", data, start)
    begin = start + _CHUNK
    if found != kind or begin + length > len(data):
        return None, start
    return data[begin : begin + length], begin + length


def _document(described: bytes) -> Document:
    try:
        return Document.model_validate_json(described)
    except ValidationError as error:
        first = error.errors(include_url=False, include_context=False, include_input=False)[0]
        where = ".".join(str(each) for each in first["loc"])[:80]
        at = f" at {quoted(where)}" if where else ""
        raise flawed(f"its JSON isn't valid glTF{at} ({first['msg'][:100].lower()})") from None


def check_finite(numbers: "array[Any]", what: str) -> None:
    """Raise FileUnusableError if a number is infinite or NaN."""
    for start in range(0, len(numbers), BLOCK):
        # The sum isn't finite if any of the numbers isn't, and is the fastest test.
        if not math.isfinite(sum(numbers[start : start + BLOCK])):
            raise flawed(f"its {what} contain numbers that aren't finite")
