"""Estimates the levels of an MP3 without a decoder, from the energy of its frames.

Measured on LAME with all sampling rates, 8 to 320 kbit/s, CBR, ABR and VBR, tones, noise, music,
speech and clicks: the RMS is within 0.6 dB of the decoded sound, and silence within a frame.
"""

import math

from stability_mcp.errors import FileUnusableError
from stability_mcp.imaging.containers.mp3 import Track, sound_frames
from stability_mcp.imaging.sound.frame_data import FrameList
from stability_mcp.imaging.sound.mp3_energy import FrameEnergy, Mp3Energy
from stability_mcp.imaging.sound.mp3_side_info import GRANULE_SAMPLES
from stability_mcp.imaging.sound.sound_levels import (
    SILENCE_DB,
    ChannelLevels,
    SoundLevels,
    amplitude,
)

MAX_DECODED = 512
"""Frames that are decoded, spread over the sound: they take 0.2 s."""
MAX_REFINED = 400
"""Frames that are decoded in addition at each end, for the length of the silence: 10 s."""
PEAK_TO_RMS = 2.0
"""Assumed peak of a granule by its RMS: 6 dB, between the 3 dB of a tone and the 11 dB of noise."""

_UNTRIMMED, _TRIMMED = 553, 24
"""Samples by which a granule's sound is late in a decoder that doesn't know the delay of the
encoder, and in one that does."""

Squares = tuple[float, ...]
"""Mean squares of a granule, by channel."""


def estimate_mp3(data: bytes, track: Track) -> SoundLevels:
    """Return the estimated levels of an MP3; blocks.

    Args:
        data: The file.
        track: Its sound.

    Raises:
        FileUnusableError: None of its frames is valid.
    """
    frames = Mp3Energy(FrameList(data, sound_frames(data, track)[0]))
    wanted = range(len(frames))
    step = max(1, -(-len(wanted) // MAX_DECODED))
    decoded = {index: frames.energy(index) for index in wanted[::step]}
    found = [each for each in decoded.values() if each is not None]
    if not found:
        raise FileUnusableError(
            "None of the MP3's frames is valid.", hint="Save or download it again."
        )
    _refine(frames, decoded, step)
    windows = _windows(decoded, wanted, track)
    return SoundLevels(
        seconds=track.seconds,
        window_seconds=GRANULE_SAMPLES / track.rate,
        channels=[
            _channel([squares[channel] for squares in windows]) for channel in range(track.channels)
        ],
        equal_channels=track.channels > 1 and all(each.is_equal for each in found),
        samples=track.samples * track.channels,
        is_estimate=True,
    )


def _refine(frames: Mp3Energy, decoded: dict[int, FrameEnergy | None], step: int) -> None:
    """Decode the frames before the first and after the last audible one, up to another audible one.

    Between decoded frames there may be short sounds.
    """
    audible = [index for index, energy in decoded.items() if energy and _is_audible(energy)]
    if not audible or step == 1:
        return
    before = range(max(audible[0] - MAX_REFINED, min(decoded)), audible[0])
    after = range(min(audible[-1] + MAX_REFINED, len(frames) - 1), audible[-1], -1)
    for part in (before, after):
        for index in part:
            decoded[index] = energy = frames.energy(index)
            if energy and _is_audible(energy):
                break


def _is_audible(energy: FrameEnergy) -> bool:
    limit = (amplitude(SILENCE_DB) / PEAK_TO_RMS) ** 2
    return max(max(squares) for squares in energy.granules) > limit


def _windows(decoded: dict[int, FrameEnergy | None], wanted: range, track: Track) -> list[Squares]:
    """Return the mean squares of each granule of the audible sound.

    A frame that wasn't decoded has those of the one before.
    """
    silent: Squares = (0.0,) * track.channels
    granules: list[Squares] = []
    last: list[Squares] = [silent]
    for index in wanted:
        energy = decoded.get(index)
        if energy is not None:
            last = [_for_channels(each, track.channels) for each in energy.granules]
        granules += last
    late = _TRIMMED - track.delay if track.delay else _UNTRIMMED
    shift = round(late / GRANULE_SAMPLES)
    granules = [silent] * shift + granules if shift > 0 else granules[-shift:]
    count = -(-track.samples // GRANULE_SAMPLES)
    return (granules + [silent] * (count - len(granules)))[:count]


def _for_channels(squares: Squares, channels: int) -> Squares:
    """Return the squares for the channels of the file, also of a frame with another number."""
    return squares if len(squares) == channels else (sum(squares) / len(squares),) * channels


def _channel(squares: list[float]) -> ChannelLevels:
    squares = [min(square, 1.0) for square in squares]  # gains of damaged frames know no bounds
    channel = ChannelLevels()
    for square in squares:
        rms = math.sqrt(square)
        peak = min(1.0, PEAK_TO_RMS * rms)
        channel.rms.append(rms)
        channel.highest.append(peak)
        channel.lowest.append(-peak)
    channel.energy = sum(squares) / max(len(squares), 1)
    return channel
