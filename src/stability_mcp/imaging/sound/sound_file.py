"""A sound that is edited: its samples, computed or as stored, and the frames of an MP3."""

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from stability_mcp.imaging.containers.wav import FLOAT, wav_samples
from stability_mcp.imaging.facts import Facts
from stability_mcp.imaging.formats import WayOut
from stability_mcp.imaging.sniff import extension
from stability_mcp.imaging.sound.edit_steps import SoundEditError
from stability_mcp.imaging.sound.mp3_edit import Mp3Sound, read_mp3
from stability_mcp.imaging.sound.sound_reader import SoundReader, open_sound
from stability_mcp.imaging.sound.wav_copy import RawWav
from stability_mcp.text import quoted

_MP3, _WAV, _M4A = "audio/mpeg", "audio/wav", "audio/mp4"
_INSTALL = 'Install the extra, pip install "stability-mcp[formats]", and restart the server'
_EXTRA = (
    f"{_INSTALL}; without it MP3s of one form can only be trimmed, joined and repeated, but WAVs "
    "(output_format of the audio tools) take every edit."
)


@dataclass(frozen=True)
class SoundFile:
    """A sound that is edited."""

    name: str
    path: Path
    facts: Facts

    @property
    def is_mp3(self) -> bool:
        """Return whether it is an MP3."""
        return self.facts.media_type == _MP3

    @property
    def form_name(self) -> str:
        """Return its format: `MP3`."""
        return extension(self.facts.media_type).upper()

    @cached_property
    def frames(self) -> Mp3Sound:
        """Return its frames; for an MP3."""
        return read_mp3(self.path)

    @cached_property
    def raw(self) -> RawWav | None:
        """Return its samples as they are stored; None if it isn't a WAV, or is compressed."""
        if self.facts.media_type != _WAV:
            return None
        with self.path.open("rb") as file:
            samples = wav_samples(file, self.facts.bytes)
        return None if samples is None else RawWav(self.path, samples)

    @cached_property
    def reader(self) -> SoundReader | None:
        """Return its samples; None if they can't be decoded: libsndfile doesn't read M4A."""
        is_m4a = self.facts.media_type == _M4A
        return None if is_m4a else open_sound(self.path, self.facts)

    @property
    def seconds(self) -> float:
        """Return its length, exactly if it is known."""
        if self.is_mp3:
            return self.frames.samples / self.frames.rate
        return self.reader.seconds if self.reader else self.facts.seconds or 0.0

    def samples(self, purpose: str, *, instead: str | None = None) -> SoundReader:
        """Return its samples.

        Args:
            purpose: The argument that needs them, for an error.
            instead: What to pass if an MP3 can't be decoded; None: nothing else does it.

        Raises:
            SoundEditError: they can't be decoded.
        """
        if self.reader is not None:
            return self.reader
        if self.is_mp3:
            raise SoundEditError(
                f"{purpose} needs the samples of {quoted(self.name)}, an MP3, and the extra "
                "[formats], which decodes it, isn't installed",
                hint=f"{_INSTALL}, or {instead}." if instead else _EXTRA,
            )
        raise SoundEditError(
            f"{quoted(self.name)} is {self.form_name}, which can't be decoded here",
            hint=(WayOut.SOUND if self.facts.media_type == _M4A else WayOut.SOUND_OR_EXTRA).value,
        )

    @property
    def width(self) -> int:
        """Return the bytes per sample of what is computed from it.

        Decoded sound has 16 bits, and so do A-law, µ-law and 8 bits; float samples have 24.
        """
        if self.raw is None or self.reader is None:
            return 2
        return 3 if self.raw.samples.tag == FLOAT else self.reader.width
