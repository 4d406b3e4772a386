"""Text to audio: https://platform.stability.ai/docs/api-reference#tag/Text-to-Audio."""

from stability_mcp.api.fields import AudioFormat, Seed, SoundPrompt
from stability_mcp.api.kinds import DeferredAudio
from stability_mcp.api.operation import Spec
from stability_mcp.api.operations.audio3 import (
    GRADES,
    MAX_BODY_BYTES,
    CfgScale,
    Duration,
    Model,
    Steps,
)


class TextToAudio(DeferredAudio):
    """Make long or best-sounding music, soundtracks and sound effects from text, up to 380 s.

    Name genre, instruments, mood, tempo ("120 BPM"); no singing or speech. Cheaper, open
    to every account: `audio2_text_to_audio`.
    """

    title = "Stable Audio 3: text to audio"
    spec = Spec(
        path="/v2beta/audio/stable-audio/text-to-audio", credits=26, max_body=MAX_BODY_BYTES
    )
    grades = GRADES
    hints = {"audio": "text to audio takes no sound; audio3_audio_to_audio does"}

    prompt: SoundPrompt
    model: Model = "stable-audio-3"
    duration: Duration
    seed: Seed = 0
    steps: Steps = 8
    cfg_scale: CfgScale = 1
    output_format: AudioFormat = "mp3"
