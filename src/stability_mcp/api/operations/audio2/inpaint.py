"""Audio inpaint: https://platform.stability.ai/docs/api-reference#tag/Audio-Inpaint."""

from typing import Annotated, Self

from pydantic import Field, model_validator

from stability_mcp.api.fields import AudioFormat, Seed, SoundPrompt, check_part
from stability_mcp.api.kinds import AudioOperation
from stability_mcp.api.operation import Spec, Wire
from stability_mcp.api.operations.audio2 import MAX_BODY_BYTES, DurationOfAudio, Position, Sound


class Inpaint(AudioOperation):
    """Redo part of a sound or continue it: replace a bridge, add an ending.

    Newest model, up to 380 s: `audio3_inpaint`.
    """

    title = "Stable Audio 2: inpaint"
    spec = Spec(path="/v2beta/audio/stable-audio-2/inpaint", credits=20, max_body=MAX_BODY_BYTES)
    hints = {
        "model": "inpaint always uses stable-audio-2.5",
        "cfg_scale": "inpaint has no guidance scale",
        "strength": "the part from mask_start to mask_end is regenerated completely",
        "mask": "set the part in seconds with mask_start and mask_end",
    }
    # The API's default part starts at 30 s, which is after the end of a short sound.
    wire = Wire(defaults={"mask_start": 30, "mask_end": 190})

    prompt: SoundPrompt
    audio: Sound
    duration: DurationOfAudio = None
    seed: Seed = 0
    steps: Annotated[int, Field(ge=4, le=8)] = 8
    """More steps give finer results."""
    output_format: AudioFormat = "mp3"
    mask_start: Position
    """In seconds."""
    mask_end: Position
    """In seconds."""

    @model_validator(mode="after")
    def _check_part(self) -> Self:
        check_part(self.mask_start, self.mask_end, duration=self.duration)
        return self
