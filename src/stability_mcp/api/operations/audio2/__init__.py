"""Sound by Stable Audio 2 and 2.5, answered at once."""

from dataclasses import dataclass
from typing import Annotated, Any, Literal

from pydantic import Field

from stability_mcp.api.fields import FILE_HELP, AudioLimits, File, Reference

MAX_BODY_BYTES = 50_000_000
"""Most bytes of a request; the API says 50 MB."""

Model = Annotated[Literal["stable-audio-2.5", "stable-audio-2"], Field(description="Model.")]
Duration = Annotated[float, Field(ge=1, le=190, description="Seconds.")]
Position = Annotated[float, Field(ge=0, le=190)]
Sound = Annotated[
    Reference,
    File(limits=AudioLimits(min_seconds=6, max_seconds=190)),
    Field(description=f"{FILE_HELP}; MP3 or WAV, 6 to 190 s."),
]
Steps = Annotated[
    int,
    Field(ge=4, le=100, description="stable-audio-2: 30 to 100, default 50; 2.5: 4 to 8."),
]
CfgScale = Annotated[float, Field(ge=1, le=25, description="Closeness to the prompt.")]


@dataclass(frozen=True, kw_only=True)
class Pace:
    """What a model takes as `steps`, and what it does unless told."""

    min_steps: int
    max_steps: int
    steps: int
    cfg_scale: float


PACES = {
    "stable-audio-2": Pace(min_steps=30, max_steps=100, steps=50, cfg_scale=7),
    "stable-audio-2.5": Pace(min_steps=4, max_steps=8, steps=8, cfg_scale=1),
}


def default_steps(given: dict[str, Any]) -> int:
    """Return the default of the model."""
    return PACES[given["model"]].steps


def default_cfg_scale(given: dict[str, Any]) -> float:
    """Return the default of the model."""
    return PACES[given["model"]].cfg_scale


def check_steps(model: str, steps: int) -> None:
    """Refuse steps that the model does not take.

    Raises:
        ValueError: they are outside of the model's range.
    """
    pace = PACES[model]
    if not pace.min_steps <= steps <= pace.max_steps:
        raise ValueError(f"with {model} steps must be {pace.min_steps} to {pace.max_steps}")


def price_of(model: str, steps: int) -> int:
    """Return the price in millicredits: 17 credits and 0.06 a step, or 20 with the newer model."""
    return 17_000 + 60 * steps if model == "stable-audio-2" else 20_000


CREDITS = (
    price_of("stable-audio-2", PACES["stable-audio-2"].min_steps) / 1000,
    price_of("stable-audio-2", PACES["stable-audio-2"].max_steps) / 1000,
)
"""Lowest and highest price of a call that may choose the model."""
