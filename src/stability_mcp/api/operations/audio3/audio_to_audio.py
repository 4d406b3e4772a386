"""Audio to audio: https://platform.stability.ai/docs/api-reference#tag/Audio-to-Audio."""

from stability_mcp.api.fields import AudioFormat, Seed, Share, SoundPrompt
from stability_mcp.api.kinds import DeferredAudio
from stability_mcp.api.operation import Spec, Wire
from stability_mcp.api.operations.audio3 import (
    GRADES,
    MAX_BODY_BYTES,
    CfgScale,
    DurationOfAudio,
    Model,
    Sound,
    Steps,
)


class AudioToAudio(DeferredAudio):
    """Turn a sound into another with the newest model: a demo into a production.

    To redo a part: `audio3_inpaint`. Cheaper, open to every account: `audio2_audio_to_audio`.
    """

    title = "Stable Audio 3: audio to audio"
    spec = Spec(
        path="/v2beta/audio/stable-audio/audio-to-audio", credits=26, max_body=MAX_BODY_BYTES
    )
    grades = GRADES
    wire = Wire(defaults={"strength": 1})  # which ignores the sound that was sent

    prompt: SoundPrompt
    audio: Sound
    model: Model = "stable-audio-3"
    duration: DurationOfAudio = None
    seed: Seed = 0
    steps: Steps = 8
    cfg_scale: CfgScale = 1
    output_format: AudioFormat = "mp3"
    strength: Share = 0.5
    """0.3 is close, 0.6 looser, 1 ignores audio."""
