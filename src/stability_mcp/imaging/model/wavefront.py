"""Converts a 3D model to Wavefront OBJ: geometry, a material library, and texture files.

Coordinates are those of the scene, Y up. OBJ counts texture coordinates from the lower left corner,
glTF from the upper left one. The colours of vertices follow their positions in sRGB, as in MeshLab
and Blender. File and material names are ASCII without spaces: many readers split lines at spaces.
"""

import io
import math
import re
import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TextIO

from stability_mcp.errors import FileUnusableError
from stability_mcp.imaging.model.glb_reader import MAX_FILE_BYTES, open_glb
from stability_mcp.imaging.model.model_data import Finish, Model, Part, TextureFile
from stability_mcp.imaging.model.model_geometry import read_model
from stability_mcp.imaging.model.texture_levels import encoded
from stability_mcp.imaging.picture import open_picture
from stability_mcp.imaging.sniff import extension

MAX_NAME = 40
"""Characters of a name in the files."""
_KEPT = frozenset({"image/jpeg", "image/png"})
"""Types of textures that every reader of OBJ opens; others become PNG."""


@dataclass(frozen=True, kw_only=True)
class ObjExport:
    """What belongs to an OBJ file."""

    name: str
    """Name of the OBJ file."""
    triangles: int
    further: Mapping[str, bytes]
    """The material library and the textures, by file name."""
    notes: Sequence[str]
    """What isn't in them, as phrases."""


def export_obj(source: Path, target: Path, stem: str) -> ObjExport:
    """Write a GLB as OBJ, and return the files that belong to it; blocks.

    Args:
        source: The GLB file.
        target: Where to write the OBJ.
        stem: Name of the files, without ending; any text.

    Raises:
        FileUnusableError: the model can't be read; see `read_model`.
        OSError: the file can't be written.
    """
    model = read_model(open_glb(source))
    stem = _safe(stem, "model")
    textures, notes = _textures(model, stem)
    materials = [f"{_safe(each.name, 'material')}_{n}" for n, each in enumerate(model.finishes, 1)]
    used = {part.finish for part in model.parts}
    library = "\n".join(
        line
        for number, finish in enumerate(model.finishes)
        if number in used
        for line in _material(materials[number], finish, textures)
    )
    with target.open("w", encoding="ascii", newline="\n") as out:
        out.write(f"# {model.triangles} triangles, exported by stability-mcp\nmtllib {stem}.mtl\n")
        _write_parts(model, materials, out)
    pictures = {name: data for name, data in textures.values() if data}
    return ObjExport(
        name=f"{stem}.obj",
        triangles=model.triangles,
        further={f"{stem}.mtl": f"{library}\n".encode(), **pictures},
        notes=[*notes, *(f"without its {each}" for each in model.ignored)],
    )


def _write_parts(model: Model, materials: Sequence[str], out: TextIO) -> None:
    points = directions = places = 1
    for number, part in enumerate(model.parts, 1):
        out.write(f"o {_safe(part.name, 'part')}_{number}\nusemtl {materials[part.finish]}\n")
        out.writelines(_points(part))
        if part.uv is not None:
            out.writelines(f"vt {u:.7g} {1 - v:.7g}\n" for u, v in zip(*part.uv, strict=True))
        if part.normals is not None:
            out.writelines(_normals(part))
        out.writelines(_faces(part, points, places, directions))
        count = len(part.points[0])
        points += count
        places += count if part.uv is not None else 0
        directions += count if part.normals is not None else 0


def _points(part: Part) -> Iterator[str]:
    if part.colours is None:
        return (f"v {x:.7g} {y:.7g} {z:.7g}\n" for x, y, z in zip(*part.points, strict=True))
    shades = ([encoded(each) for each in channel] for channel in part.colours)
    both = zip(*part.points, *shades, strict=True)
    return (f"v {x:.7g} {y:.7g} {z:.7g} {r:.4g} {g:.4g} {b:.4g}\n" for x, y, z, r, g, b in both)


def _normals(part: Part) -> Iterator[str]:
    for x, y, z in zip(*(part.normals or ()), strict=False):
        length = math.sqrt(x * x + y * y + z * z)
        is_usable = 0 < length < math.inf
        i, j, k = (x / length, y / length, z / length) if is_usable else (0.0, 0.0, 0.0)
        yield f"vn {i:.5g} {j:.5g} {k:.5g}\n"


def _faces(part: Part, points: int, places: int, directions: int) -> Iterator[str]:
    """Yield the triangles; vertices count from 1 over the whole file."""
    corners = part.corners
    to_place, to_direction = places - points, directions - points

    def corner(at: int) -> str:
        at += points
        if part.uv is None and part.normals is None:
            return f"{at}"
        place = f"{at + to_place}" if part.uv is not None else ""
        return f"{at}/{place}/{at + to_direction}" if part.normals is not None else f"{at}/{place}"

    for a, b, c in zip(corners[0::3], corners[1::3], corners[2::3], strict=True):
        yield f"f {corner(a)} {corner(b)} {corner(c)}\n"


def _material(name: str, finish: Finish, textures: Mapping[int, tuple[str, bytes]]) -> list[str]:
    red, green, blue, alpha = finish.colour
    lines = [f"newmtl {name}", f"Kd {red:.4g} {green:.4g} {blue:.4g}", "Ks 0 0 0", "illum 1"]
    transparent = finish.blended or finish.cutoff is not None
    lines += [f"d {alpha:.4g}"] if transparent else []
    file, data = (
        textures.get(finish.texture, ("", b"")) if finish.texture is not None else ("", b"")
    )
    if data:
        lines += [f"map_Kd {file}", *([f"map_d {file}"] if transparent else [])]
    return [*lines, ""]


def _textures(model: Model, stem: str) -> tuple[dict[int, tuple[str, bytes]], list[str]]:
    """Return name and bytes of each base colour texture by its index, and what isn't there."""
    used = {model.finishes[part.finish].texture for part in model.parts} - {None}
    found, notes, total = dict[int, tuple[str, bytes]](), dict[str, None](), 0
    for index in sorted(each for each in used if each is not None):
        try:
            ending, data = _texture(model.textures[index])
        except FileUnusableError as error:
            notes[f"without a texture ({error.message.rstrip('.')})"] = None
            continue
        total += len(data)
        if total > MAX_FILE_BYTES:
            notes["without all textures (they have too many bytes)"] = None
            break
        number = f"_{len(found) + 1}" if len(used) > 1 else ""
        found[index] = (f"{stem}_texture{number}.{ending}", data)
    return found, list(notes)


def _texture(texture: TextureFile) -> tuple[str, bytes]:
    """Return a texture in a format that every reader of OBJ opens, and its file ending."""
    facts, data = texture.facts(), texture.data or b""
    if facts.media_type in _KEPT:
        return extension(facts.media_type), bytes(data)
    picture = open_picture(io.BytesIO(data), facts)
    buffer = io.BytesIO()
    picture.save(buffer, "PNG")
    return "png", buffer.getvalue()


def _safe(name: str, usual: str) -> str:
    """Return a name of ASCII letters, digits, hyphens and underscores."""
    plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode()
    return re.sub(r"[^A-Za-z0-9-]+", "_", plain)[:MAX_NAME].strip("_-") or usual
