"""Stable Fast 3D: https://platform.stability.ai/docs/api-reference#tag/3D."""

from typing import Annotated

from pydantic import Field

from stability_mcp.api.fields import ImageUpTo4MP, Remesh, TextureResolution
from stability_mcp.api.kinds import ModelOperation
from stability_mcp.api.operation import Grade, Spec
from stability_mcp.api.operations.model3d import FAMILY


class StableFast3D(ModelOperation):
    """Make a textured 3D model (GLB) from a picture of one object, fast: games, AR, product views.

    A plain background works best. Cheaper, better back side:
    `model3d_stable_point_aware_3d`.
    """

    title = "Stable Fast 3D"
    spec = Spec(path="/v2beta/3d/stable-fast-3d", credits=10)
    family, grades = FAMILY, (Grade(1, resets=("foreground_ratio",)),)
    hints = {
        "prompt": "3D models are made from a picture; make one with generate_core first",
        "seed": "the same picture always gives the same model",
        "output_format": "the result is always GLB",
    }

    image: ImageUpTo4MP
    texture_resolution: TextureResolution = "1024"
    foreground_ratio: Annotated[float, Field(ge=0.1, le=1)] = 0.85
    """Share of the frame the object fills."""
    remesh: Remesh = "none"
    vertex_count: Annotated[int, Field(ge=-1, le=20_000)] = -1
    """Maximum vertices; -1 = no limit."""
