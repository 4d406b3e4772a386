"""The prompt for music: from an idea or a hummed tune to a finished piece."""

from typing import Annotated, Any

from pydantic import Field

from stability_mcp.server.guide import for_enabled
from stability_mcp.server.prompts.amounts import read_seconds
from stability_mcp.server.prompts.printed_plans import load_prices, plan_section
from stability_mcp.server.prompts.prompt_definition import (
    MAX_ARGUMENT_CHARACTERS,
    Completes,
    PromptArguments,
    PromptContext,
    prompt,
)
from stability_mcp.text import quoted

DEFAULT_SECONDS = 30
MIN_SECONDS = 6
"""Shorter sounds are effects, not music; audio-to-audio takes no less."""
MAX_SECONDS = 190
"""Of Stable Audio 2 and 2.5, which every account can use."""
FADE_SECONDS = 2
LOUDNESS = "-14"
"""In dBFS RMS: about as loud as music on streaming platforms."""


class SongArguments(PromptArguments):
    """Make an instrumental piece of music from an idea, or from a tune that you hummed."""

    idea: Annotated[str, Field(description="Genre, instruments, mood, and what it is for.")]
    length: Annotated[str, Field(description="Such as 30 s or 1:30; 30 s by default.")] = ""
    tune: Annotated[
        str,
        Field(description="Hummed or played tune: label, URI or path. Empty: none."),
        Completes("media"),
    ] = ""


@prompt(title="Make a song", needs=("audio2_text_to_audio", "audio2_audio_to_audio", "audio_edit"))
async def make_a_song(given: SongArguments, context: PromptContext) -> str:
    """Return the plan of a piece of music: variants, a pick, an ending, an even loudness."""
    await load_prices()
    asked = read_seconds(given.length) if given.length else DEFAULT_SECONDS
    seconds = min(max(asked or DEFAULT_SECONDS, MIN_SECONDS), MAX_SECONDS)
    inputs: dict[str, Any] = {"idea": {"default": given.idea} if given.idea else {"type": "text"}}
    arguments: dict[str, Any] = {
        "prompt": "{idea}, 110 BPM, clear ending",
        "model": "stable-audio-2.5",
        "output_format": "wav",
        "label": "music take",
        "duration": int(seconds) if float(seconds).is_integer() else seconds,
    }
    if given.tune:
        inputs["tune"] = {"type": "audio", "default": given.tune}
        arguments |= {"audio": "$tune", "strength": 0.6}
    plan = {
        "title": "Music",
        "inputs": inputs,
        "steps": [
            {
                "id": "take",
                "tool": "audio2_audio_to_audio" if given.tune else "audio2_text_to_audio",
                "arguments": arguments,
                "count": 2,
                "review": True,
            },
            {
                "id": "master",
                "tool": "audio_edit",
                "arguments": {
                    "sounds": ["$take"],
                    "loudness": LOUDNESS,
                    "fade_out": FADE_SECONDS,
                    "label": "music",
                },
            },
        ],
    }
    rules = for_enabled(
        """\
- These models can't sing or speak. If the user asks for lyrics or a voice, say so before you plan.
- Write the prompt in English: genre, instruments, mood, tempo in BPM, how it ends. Set the tempo.
- Two takes cost twice; ask whether one is enough. You can't hear them: give the user the paths or \
`view:` links, and let them pick.
- The model counts up to 190 s. Longer: `audio3_text_to_audio`, up to 380 s, not open to every \
account; or loop an exact bar with `audio_edit` (repeat_to). Another part: `audio2_inpaint`.
- The takes are WAV, because levels and fades of an MP3 need the extra [formats]; `media_export` \
copies sounds as they are.""",
        context.enabled,
    )
    idea = quoted(given.idea or "not given: ask for it", limit=MAX_ARGUMENT_CHARACTERS)
    return (
        f"Make a piece of music: {idea}. {_length_text(given.length, asked, seconds)}\n\n"
        f"{rules}\n\n{plan_section(plan, context)}"
    )


def _length_text(given: str, asked: float | None, seconds: float) -> str:
    if asked is None:
        return f"The length {quoted(given)} isn't understood: ask; the plan has {seconds:g} s."
    if asked != seconds:
        return f"Length: {asked:g} s was asked; the plan has {seconds:g} s, its models' limit."
    return f"Length: {seconds:g} s."
