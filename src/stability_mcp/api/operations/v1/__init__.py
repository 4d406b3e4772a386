"""Version 1 of the API with SDXL 1.0, its only remaining engine.

No row has the API's field `extras`: it is an object of experiments without a documented shape, so
there is nothing to validate or to describe.
"""

from typing import Annotated, Literal

from pydantic import ConfigDict, Field

from stability_mcp.api.described import Described
from stability_mcp.api.fields import (
    FILE_HELP,
    MAX_V1_SEED,
    File,
    ImageLimits,
    Reference,
    Size,
    StylePreset,
)
from stability_mcp.api.kinds import V1Images

SDXL = "stable-diffusion-xl-1024-v1-0"
SDXL_SIZES = (
    Size(1024, 1024),
    Size(1152, 896),
    Size(896, 1152),
    Size(1216, 832),
    Size(832, 1216),
    Size(1344, 768),
    Size(768, 1344),
    Size(1536, 640),
    Size(640, 1536),
)
"""Sizes that the engine accepts, as its error message lists them; the documentation lacks
832x1216."""

CREDITS_PER_SAMPLE = 0.9
STEPS_INCLUDED = 30
CREDITS = (CREDITS_PER_SAMPLE, CREDITS_PER_SAMPLE * 50 / STEPS_INCLUDED * 10)
"""Lowest and highest price of a call: one sample with up to 30 steps, ten samples with 50."""

InitImage = Annotated[
    Reference,
    File(limits=ImageLimits(sizes=SDXL_SIZES)),
    Field(description=f"{FILE_HELP}, in one of the SDXL sizes."),
]
MaskImage = Annotated[
    Reference,
    File(limits=ImageLimits(sizes=SDXL_SIZES), mask_for="init_image"),
    Field(description="Black and white picture of the same size; see mask_source."),
]


class TextPrompt(Described):
    """One part of the prompt."""

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)

    text: Annotated[str, Field(min_length=1, max_length=2_000)]
    """What to show, in English."""
    weight: Annotated[float, Field(ge=-10, le=10)] = 1
    """How much it counts; negative = avoid."""


class SDXLImages(V1Images):
    """Base of the three operations of version 1."""

    engine_id: Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9.-]*$", max_length=100)] = SDXL
    """Engine id; SDXL 1.0 is the only one left."""
    text_prompts: Annotated[list[TextPrompt], Field(min_length=1)]
    """Parts of the prompt, each with a weight."""
    cfg_scale: Annotated[float, Field(ge=0, le=35)] = 7
    """How closely to follow the prompt."""
    clip_guidance_preset: Literal[
        "FAST_BLUE", "FAST_GREEN", "NONE", "SIMPLE", "SLOW", "SLOWER", "SLOWEST"
    ] = "NONE"
    """CLIP guidance."""
    sampler: (
        Literal[
            "DDIM",
            "DDPM",
            "K_DPMPP_2M",
            "K_DPMPP_2S_ANCESTRAL",
            "K_DPM_2",
            "K_DPM_2_ANCESTRAL",
            "K_EULER",
            "K_EULER_ANCESTRAL",
            "K_HEUN",
            "K_LMS",
        ]
        | None
    ) = None
    """Default: chosen by the API."""
    samples: Annotated[int, Field(ge=1, le=10)] = 1
    """How many pictures; each is charged."""
    seed: Annotated[int, Field(ge=0, le=MAX_V1_SEED)] = 0
    """0 = random."""
    steps: Annotated[int, Field(ge=10, le=50)] = STEPS_INCLUDED
    """More than 30 cost more."""
    style_preset: StylePreset | None = None

    def price(self) -> int:
        """Return the price of all samples; it grows in proportion to steps above 30."""
        per_sample = round(CREDITS_PER_SAMPLE * 1000)
        in_proportion = -(-per_sample * self.steps // STEPS_INCLUDED)
        return max(per_sample, in_proportion) * self.samples
