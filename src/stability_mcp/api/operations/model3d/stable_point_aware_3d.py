"""Stable Point Aware 3D: https://platform.stability.ai/docs/api-reference#tag/3D."""

from typing import Annotated, Literal

from pydantic import Field

from stability_mcp.api.fields import ImageUpTo4MP, Remesh, Seed, TextureResolution
from stability_mcp.api.kinds import ModelOperation
from stability_mcp.api.operation import Grade, Spec, Wire
from stability_mcp.api.operations.model3d import FAMILY


class StablePointAware3D(ModelOperation):
    """Make a textured 3D model (GLB) from a picture of one object, with a convincing back side.

    A plain background works best. Faster: `model3d_stable_fast_3d`.
    """

    title = "Stable Point Aware 3D"
    spec = Spec(path="/v2beta/3d/stable-point-aware-3d", credits=4)
    family, grades = FAMILY, (Grade(2, resets=("foreground_ratio",)),)
    hints = {
        "prompt": "3D models are made from a picture; make one with generate_core first",
        "vertex_count": "use target_type vertex and target_count",
        "output_format": "the result is always GLB",
    }
    depends_on = {"target_count": ("target_type",)}
    wire = Wire(idle=frozenset({"target_count"}))

    image: ImageUpTo4MP
    texture_resolution: TextureResolution = "1024"
    foreground_ratio: Annotated[float, Field(ge=1, le=2)] = 1.3
    """Margin around the object; 1 = none."""
    remesh: Remesh = "none"
    target_type: Literal["none", "vertex", "face"] = "none"
    """What target_count counts."""
    target_count: Annotated[int, Field(ge=100, le=20_000)] = 1_000
    """Only with target_type vertex or face."""
    guidance_scale: Annotated[float, Field(ge=1, le=10)] = 3
    """How closely to follow the picture."""
    seed: Seed = 0
