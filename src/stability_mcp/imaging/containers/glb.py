"""GLB, the binary form of glTF 2.0 (Khronos), by its header.

Length: a container format has a file, and only the header of this one is read.
"""

import struct
from typing import BinaryIO

from stability_mcp.imaging.containers.piece import cut_short, damaged, read_at
from stability_mcp.imaging.facts import Facts

_HEADER = 20


def facts(file: BinaryIO, size: int) -> Facts:
    """Return where the model ends.

    Raises:
        FileUnusableError: The file is shorter than its header says, or has no JSON part.
    """
    header = read_at(file, 0, _HEADER)
    if len(header) < _HEADER:
        raise cut_short("GLB model", "not even its header is whole")
    _, _, length, first, kind = struct.unpack("<4sIII4s", header)
    if length > size:
        raise cut_short("GLB model", f"{length - size:,} of {length:,} bytes are missing")
    if kind != b"JSON" or first + _HEADER > length:
        raise damaged("GLB model", "it does not begin with its JSON part")
    return Facts(media_type="model/gltf-binary", bytes=size, end=length)
