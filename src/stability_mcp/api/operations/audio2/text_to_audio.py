"""Text to audio: https://platform.stability.ai/docs/api-reference#tag/Text-to-Audio."""

from typing import Self

from pydantic import Field, model_validator

from stability_mcp.api.fields import AudioFormat, Seed, SoundPrompt
from stability_mcp.api.operation import Spec
from stability_mcp.api.operations.audio2 import (
    CREDITS,
    MAX_BODY_BYTES,
    CfgScale,
    Duration,
    Model,
    ModelChoice,
    Steps,
    check_steps,
    default_cfg_scale,
    default_steps,
)


class TextToAudio(ModelChoice):
    """Make music, soundtracks, jingles or sound effects from text, up to 190 s.

    Name genre, instruments, mood, tempo ("120 BPM"); no singing or speech. Newest model,
    up to 380 s: `audio3_text_to_audio`.
    """

    title = "Stable Audio 2: text to audio"
    spec = Spec(
        path="/v2beta/audio/stable-audio-2/text-to-audio", credits=CREDITS, max_body=MAX_BODY_BYTES
    )
    hints = {"audio": "text to audio takes no sound; audio2_audio_to_audio does"}
    rest_defaults = {"duration": 190}

    prompt: SoundPrompt
    duration: Duration
    seed: Seed = 0
    model: Model = "stable-audio-2"
    steps: Steps = Field(default_factory=default_steps)
    cfg_scale: CfgScale = Field(default_factory=default_cfg_scale)
    output_format: AudioFormat = "mp3"

    @model_validator(mode="after")
    def _check_steps(self) -> Self:
        check_steps(self.model, self.steps)
        return self
