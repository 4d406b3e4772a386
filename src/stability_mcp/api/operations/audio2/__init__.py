"""Sound by Stable Audio 2 and 2.5, returned in the response."""

from dataclasses import dataclass
from typing import Annotated, Any, Literal

from pydantic import Field

from stability_mcp.api.fields import FILE_HELP, AudioLimits, File, Reference
from stability_mcp.api.kinds import AudioOperation
from stability_mcp.api.operation import Grade

MAX_BODY_BYTES = 50_000_000
"""Maximum bytes of a request; documented as 50 MB."""

Model = Annotated[
    Literal["stable-audio-2.5", "stable-audio-2"],
    Field(description="Credits: 17 + 0.06 per step; stable-audio-2.5: 20."),
]
Duration = Annotated[float, Field(ge=1, le=190, description="Result length in seconds.")]
DurationOfAudio = (
    Annotated[float, Field(ge=1, le=190, description="Result length in seconds.")] | None
)
"""Length of an edited sound in seconds; None: filled in once the length of `audio` is known."""
Position = Annotated[float, Field(ge=0, le=190)]
Sound = Annotated[
    Reference,
    File(limits=AudioLimits(min_seconds=6, max_seconds=190)),
    Field(description=f"{FILE_HELP}; MP3 or WAV, 6 to 190 s."),
]
Steps = Annotated[
    int,
    Field(
        ge=4, le=100, description="stable-audio-2: 30 to 100, default 50; 2.5: 4 to 8, default 8."
    ),
]
CfgScale = Annotated[
    float,
    Field(ge=1, le=25, description="How closely to follow the prompt. Default: 7; model 2.5: 1."),
]


@dataclass(frozen=True, kw_only=True)
class Pace:
    """Range of `steps` of a model, and its defaults."""

    min_steps: int
    max_steps: int
    steps: int
    cfg_scale: float


PACES = {
    "stable-audio-2": Pace(min_steps=30, max_steps=100, steps=50, cfg_scale=7),
    "stable-audio-2.5": Pace(min_steps=4, max_steps=8, steps=8, cfg_scale=1),
}


def default_steps(given: dict[str, Any]) -> int:
    """Return the model's default."""
    return PACES[given["model"]].steps


def default_cfg_scale(given: dict[str, Any]) -> float:
    """Return the model's default."""
    return PACES[given["model"]].cfg_scale


def check_steps(model: str, steps: int) -> None:
    """Check that the model accepts this number of steps.

    Raises:
        ValueError: it is outside the model's range.
    """
    pace = PACES[model]
    if not pace.min_steps <= steps <= pace.max_steps:
        raise ValueError(f"with {model}, steps must be from {pace.min_steps} to {pace.max_steps}")


def price_of(model: str, steps: int) -> int:
    """Return the price in millicredits: 17 credits plus 0.06 per step, or 20 with model 2.5."""
    return 17_000 + 60 * steps if model == "stable-audio-2" else 20_000


CREDITS = (
    price_of("stable-audio-2", PACES["stable-audio-2"].min_steps) / 1000,
    price_of("stable-audio-2", PACES["stable-audio-2"].max_steps) / 1000,
)
"""Lowest and highest price of a call with a choice of model."""


TUNING = ("steps", "cfg_scale")
"""Arguments whose range and default depend on the model."""


class ModelChoice(AudioOperation):
    """Base of the operations with a choice of model."""

    grades = (
        Grade(1, {"model": "stable-audio-2", "steps": PACES["stable-audio-2"].min_steps}, TUNING),
        Grade(2, {"model": "stable-audio-2"}, TUNING),
        Grade(3, {"model": "stable-audio-2.5"}, TUNING),
    )
    """Ranks (*Documented*): 2.5 is the newer model, and more steps give finer results."""

    model: Model
    steps: Steps

    def price(self) -> int:
        """Return the price of the model with these steps."""
        return price_of(self.model, self.steps)
