"""Audio to audio: https://platform.stability.ai/docs/api-reference#tag/Audio-to-Audio."""

from typing import Self

from pydantic import Field, model_validator

from stability_mcp.api.fields import AudioFormat, Seed, Share, SoundPrompt
from stability_mcp.api.operation import Spec, Wire
from stability_mcp.api.operations.audio2 import (
    CREDITS,
    MAX_BODY_BYTES,
    CfgScale,
    DurationOfAudio,
    Model,
    ModelChoice,
    Sound,
    Steps,
    check_steps,
    default_cfg_scale,
    default_steps,
)

MIN_STRENGTH = 0.01


class AudioToAudio(ModelChoice):
    """Turn a sound into another that keeps its melody or rhythm: humming into strings.

    To redo a part: `audio2_inpaint`. Newest model: `audio3_audio_to_audio`.
    """

    title = "Stable Audio 2: audio to audio"
    spec = Spec(
        path="/v2beta/audio/stable-audio-2/audio-to-audio", credits=CREDITS, max_body=MAX_BODY_BYTES
    )
    wire = Wire(defaults={"strength": 1})  # which ignores the sound that was sent

    prompt: SoundPrompt
    audio: Sound
    duration: DurationOfAudio = None
    seed: Seed = 0
    model: Model = "stable-audio-2"
    steps: Steps = Field(default_factory=default_steps)
    cfg_scale: CfgScale = Field(default_factory=default_cfg_scale)
    output_format: AudioFormat = "mp3"
    strength: Share = 0.5
    """0.3 is close, 0.6 looser, 1 ignores audio."""

    @model_validator(mode="after")
    def _check_model_limits(self) -> Self:
        check_steps(self.model, self.steps)
        if self.model == "stable-audio-2.5" and self.strength < MIN_STRENGTH:
            raise ValueError(f"with stable-audio-2.5, strength must be at least {MIN_STRENGTH}")
        return self
