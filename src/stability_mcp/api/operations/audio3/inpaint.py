"""Audio inpaint: https://platform.stability.ai/docs/api-reference#tag/Audio-Inpaint."""

from typing import Self

from pydantic import model_validator

from stability_mcp.api.fields import AudioFormat, Seed, SoundPrompt
from stability_mcp.api.kinds import DeferredAudio
from stability_mcp.api.operation import Spec
from stability_mcp.api.operations.audio3 import (
    MAX_BODY_BYTES,
    CfgScale,
    Duration,
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
    hints = {
        "strength": "the part from mask_start to mask_end is regenerated completely",
        "mask": "set the part in seconds with mask_start and mask_end",
    }

    prompt: SoundPrompt
    audio: Sound
    model: Model = "stable-audio-3"
    duration: Duration
    seed: Seed = 0
    steps: Steps = 8
    cfg_scale: CfgScale = 1
    output_format: AudioFormat = "mp3"
    mask_start: Position = 30
    """Start of the part, in seconds."""
    mask_end: Position = 380
    """End of the part, in seconds."""

    @model_validator(mode="after")
    def _check_part(self) -> Self:
        if self.mask_end <= self.mask_start:
            raise ValueError("mask_end must be after mask_start")
        return self
