"""Record the sounds that the emulator's MP3s are put together from; run by hand.

Every frame is taken out of the bit reservoir, so that it can stand anywhere:

    python tests/stability_emulator/record_notes.py
"""

import io
from array import array
from pathlib import Path

import soundfile
from stability_emulator.sound.mp3_frames import SIDE_BYTES, separate_frames

from stability_emulator.sound import instruments, mp3
from stability_emulator.sound.melody import CHANNELS, RATE, REST, SLOT_FRAMES

BANK = Path(mp3.__file__).with_name(mp3.BANK)
COMPRESSION = 0.9
"""56 kbit/s: small enough that each frame's data fits into a frame of 128 kbit/s."""


def recorded() -> bytes:
    """Return one slot of frames for each sound and one frame for the rest."""
    silence = instruments.samples_of(REST)
    samples = b"".join((*map(instruments.samples_of, range(REST)), silence, silence))
    levels = array("f", (value / 32_768 for value in array("h", samples)))
    sound = memoryview(levels).cast("B").cast("f", (len(levels) // CHANNELS, CHANNELS))
    out = io.BytesIO()
    soundfile.write(
        out,
        sound,
        RATE,
        format="MP3",
        subtype="MPEG_LAYER_III",
        bitrate_mode="CONSTANT",
        compression_level=COMPRESSION,
    )
    # One frame more, because the last frames of a slot still ring in the first one of the rest.
    frames, _ = separate_frames(out, (REST + 1) * SLOT_FRAMES)
    loud, quiet = frames[: REST * SLOT_FRAMES + 1], frames[-1]
    return b"".join(
        mp3.RECORDED.pack(
            frame.header[1],
            frame.header[3],
            len(frame.data),
            frame.side.to_bytes(SIDE_BYTES, "big"),
        )
        + frame.data
        for frame in (*loud, quiet)
    )


if __name__ == "__main__":
    BANK.write_bytes(recorded())
