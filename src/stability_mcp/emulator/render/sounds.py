"""Sound in the asked format and of the asked length, and what was sent as sound."""

from collections.abc import Callable, Mapping, Sequence
from typing import IO

from stability_mcp.emulator.render import mp3, wav
from stability_mcp.emulator.render.melody import Cell, phrase
from stability_mcp.emulator.render.pictures import UnreadableError

WRITERS: Mapping[str, Callable[[Sequence[Cell], float], Sequence[bytes]]] = {
    "mp3": mp3.write,
    "wav": wav.write,
}
MEDIA_TYPES = {"mp3": "audio/mpeg", "wav": "audio/wav"}


def header(file: IO[bytes]) -> tuple[str, float]:
    """Return format (`mp3`) and seconds of a sound.

    Raises:
        UnreadableError: it is neither WAV nor MP3.
    """
    for form, measure in (("wav", wav.seconds_of), ("mp3", mp3.seconds_of)):
        seconds = measure(file)
        if seconds is not None:
            return form, seconds
    raise UnreadableError


def play(
    prompt: str, seed: int, *, seconds: float, form: str, source: str = ""
) -> tuple[str, Sequence[bytes]]:
    """Return the media type and the pieces of a sound of exactly so many seconds."""
    return MEDIA_TYPES[form], WRITERS[form](phrase(prompt, seed, source), seconds)
