"""Sound by Stable Audio 3, deferred."""

from typing import Annotated, Literal

from pydantic import Field

from stability_mcp.api.fields import FILE_HELP, AudioLimits, File, Reference
from stability_mcp.api.operation import Grade

MAX_BODY_BYTES = 100_000_000
"""Maximum bytes of a request; documented as 100 MB."""

GRADES = (Grade(4, resets=("steps", "cfg_scale")),)
"""Rank (*Documented*): the newest model; `audio2` has the others."""

Model = Literal["stable-audio-3"]
Duration = Annotated[float, Field(ge=1, le=380, description="Result length in seconds.")]
DurationOfAudio = (
    Annotated[float, Field(ge=1, le=380, description="Result length in seconds.")] | None
)
"""Length of an edited sound in seconds; None: filled in once the length of `audio` is known."""
Position = Annotated[float, Field(ge=0, le=380)]
Sound = Annotated[
    Reference,
    File(limits=AudioLimits(min_seconds=6, max_seconds=380)),
    Field(description=f"{FILE_HELP}; MP3 or WAV, 6 to 380 s."),
]
Steps = Annotated[int, Field(ge=4, le=8, description="More steps give finer results.")]
CfgScale = Annotated[float, Field(ge=1, le=25, description="How closely to follow the prompt.")]
