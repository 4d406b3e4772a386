"""Parses the header of a GLB file, the binary form of glTF 2.0 (Khronos).

Length: each container format has its own module, and only the header of a GLB is read.
"""

import struct
from typing import BinaryIO

from stability_mcp.imaging.containers.piece import MODEL_EDITOR, cut_short, damaged, read_at
from stability_mcp.imaging.facts import Facts

_HEADER = 20


def facts(file: BinaryIO, size: int) -> Facts:
    """Return the facts in the header.

    Raises:
        FileUnusableError: The file is shorter than its header claims, or has no JSON chunk.
    """
    header = read_at(file, 0, _HEADER)
    if len(header) < _HEADER:
        raise cut_short("GLB model", "its header is incomplete")
    _, _, length, first, kind = struct.unpack("<4sIII4s", header)
    if length > size:
        raise cut_short("GLB model", f"{length - size:,} of {length:,} bytes are missing")
    if kind != b"JSON" or first + _HEADER > length:
        raise damaged("GLB model", "it doesn't start with its JSON chunk", editor=MODEL_EDITOR)
    return Facts(media_type="model/gltf-binary", bytes=size, end=length)
