"""The part of the glTF 2.0 JSON that geometry and colours need, as strict models.

Names and value ranges are those of the specification (Khronos, glTF 2.0, chapter 5); everything
else in a document is ignored. A number that isn't finite is refused.
"""

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field
from pydantic.alias_generators import to_camel

Index = Annotated[int, Field(ge=0, le=1 << 31)]
Length = Annotated[int, Field(ge=0, le=1 << 40)]
Vector3 = tuple[float, float, float]
Vector4 = tuple[float, float, float, float]
Matrix = Annotated[tuple[float, ...], Field(min_length=16, max_length=16)]
"""Sixteen numbers, column by column."""
Mode = Literal[0, 1, 2, 3, 4, 5, 6]
TRIANGLES, TRIANGLE_STRIP, TRIANGLE_FAN = 4, 5, 6
IDENTITY = tuple(1.0 if each % 5 == 0 else 0.0 for each in range(16))


class _Object(BaseModel):
    model_config = ConfigDict(
        alias_generator=to_camel, allow_inf_nan=False, frozen=True, extra="ignore"
    )

    extensions: dict[str, Any] = {}
    """Extensions by name."""


class Buffer(_Object):
    """Bytes: the binary chunk if it has no `uri`."""

    byte_length: Length
    uri: str | None = None


class BufferView(_Object):
    """A range of a buffer."""

    buffer: Index
    byte_offset: Length = 0
    byte_length: Length
    byte_stride: Annotated[int, Field(ge=4, le=252)] | None = None


class Accessor(_Object):
    """Typed numbers in a buffer view."""

    buffer_view: Index | None = None
    byte_offset: Length = 0
    component_type: Literal[5120, 5121, 5122, 5123, 5125, 5126]
    normalized: bool = False
    count: Annotated[int, Field(ge=1, le=1 << 31)]
    type: Literal["SCALAR", "VEC2", "VEC3", "VEC4", "MAT2", "MAT3", "MAT4"]
    sparse: Any = None


class Primitive(_Object):
    """Triangles, lines or points with one material."""

    attributes: dict[str, Index]
    indices: Index | None = None
    material: Index | None = None
    mode: Mode = 4


class Mesh(_Object):
    """What a node shows."""

    name: str = ""
    primitives: list[Primitive] = []


class Node(_Object):
    """A place in the scene, relative to its parent."""

    mesh: Index | None = None
    skin: Index | None = None
    children: list[Index] = []
    matrix: Matrix | None = None
    translation: Vector3 = (0, 0, 0)
    rotation: Vector4 = (0, 0, 0, 1)
    scale: Vector3 = (1, 1, 1)


class Scene(_Object):
    """The root nodes of what is shown."""

    nodes: list[Index] = []


class TextureReference(_Object):
    """Which texture a material uses, with which texture coordinates."""

    index: Index
    tex_coord: Annotated[int, Field(ge=0, le=15)] = 0


class Surface(_Object):
    """The metallic-roughness colours of a material."""

    base_color_factor: Vector4 = (1, 1, 1, 1)
    base_color_texture: TextureReference | None = None


class Material(_Object):
    """How a primitive looks."""

    name: str = ""
    pbr_metallic_roughness: Surface = Surface()
    alpha_mode: str = "OPAQUE"
    alpha_cutoff: float = 0.5
    double_sided: bool = False


class Sampler(_Object):
    """How a texture continues outside its picture."""

    wrap_s: int = 10_497
    wrap_t: int = 10_497


class Texture(_Object):
    """A picture and its sampler."""

    source: Index | None = None
    sampler: Index | None = None


class Image(_Object):
    """An encoded picture, in a buffer view or behind a URI."""

    name: str = ""
    uri: str | None = None
    buffer_view: Index | None = None


class Asset(_Object):
    """What the file says about itself."""

    version: str = "2.0"
    generator: str = ""


class Document(_Object):
    """The JSON chunk."""

    asset: Asset
    extensions_required: list[str] = []
    scene: Index | None = None
    scenes: list[Scene] = []
    nodes: list[Node] = []
    meshes: list[Mesh] = []
    accessors: list[Accessor] = []
    buffer_views: list[BufferView] = []
    buffers: list[Buffer] = []
    materials: list[Material] = []
    textures: list[Texture] = []
    samplers: list[Sampler] = []
    images: list[Image] = []
