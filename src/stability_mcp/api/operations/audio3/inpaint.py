"""Audio inpaint: https://platform.stability.ai/docs/api-reference#tag/Audio-Inpaint."""

from typing import Self

from pydantic import model_validator

from stability_mcp.api.fields import AudioFormat, Seed, SoundPrompt, check_part
from stability_mcp.api.kinds import DeferredAudio
from stability_mcp.api.operation import Spec, Wire
from stability_mcp.api.operations.audio3 import (
    GRADES,
    MAX_BODY_BYTES,
    CfgScale,
    DurationOfAudio,
    Model,
    Position,
    Sound,
    Steps,
)


class Inpaint(DeferredAudio):
    """Redo part of a long sound, or continue it, with the newest model, up to 380 s.

    Cheaper, open to every account: `audio2_inpaint`.
    """

    title = "Stable Audio 3: inpaint"
    spec = Spec(path="/v2beta/audio/stable-audio/inpaint", credits=26, max_body=MAX_BODY_BYTES)
    grades = GRADES
    hints = {
        "strength": "the part from mask_start to mask_end is regenerated completely",
        "mask": "set the part in seconds with mask_start and mask_end",
    }
    # The API's default part starts at 30 s, which is after the end of a short sound.
    wire = Wire(defaults={"mask_start": 30, "mask_end": 380})

    prompt: SoundPrompt
    audio: Sound
    model: Model = "stable-audio-3"
    duration: DurationOfAudio = None
    seed: Seed = 0
    steps: Steps = 8
    cfg_scale: CfgScale = 1
    output_format: AudioFormat = "mp3"
    mask_start: Position
    """In seconds."""
    mask_end: Position
    """In seconds."""

    @model_validator(mode="after")
    def _check_part(self) -> Self:
        check_part(self.mask_start, self.mask_end, duration=self.duration)
        return self
