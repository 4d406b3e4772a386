"""Mutated sounds are measured and drawn, or refused; nothing else."""

import random
from pathlib import Path

from stability_mcp.errors import FileUnusableError
from stability_mcp.imaging.containers.mp3 import scan
from stability_mcp.imaging.probe import probe
from stability_mcp.imaging.sound.mp3_levels import estimate_mp3
from stability_mcp.imaging.sound.sound_preview import sound_preview
from support.imaging.sounds import at_level, clicks, encoded, music

RATE = 24_000
COUNT = 150
"""Sounds per kind: 4 s in all."""
SOURCES = {
    "WAV": encoded(at_level(clicks(0.3, RATE), -20), RATE, subtype="PCM_24"),
    "float WAV": encoded(at_level(music(0.2, RATE), -20), RATE, subtype="FLOAT"),
    "MP3": encoded(at_level(clicks(0.6, RATE), -20), RATE, "MP3"),
    "joint MP3": encoded(
        at_level(music(0.6, 44_100), -20).reshape(-1, 1).repeat(2, 1), 44_100, "MP3"
    ),
}


def mutated(data: bytes, chance: random.Random) -> bytes:
    """Return a file with changed, removed or inserted bytes."""
    changed = bytearray(data)
    for _ in range(chance.randint(1, 12)):
        at = chance.randrange(len(changed))
        match chance.randrange(3):
            case 0:
                changed[at] = chance.randrange(256)
            case 1:
                del changed[at : at + chance.choice([1, 7, 200])]
            case _:
                changed[at:at] = chance.randbytes(chance.choice([1, 4, 100]))
        changed = changed or bytearray(1)
    return bytes(changed)


def test_mutated_files_are_drawn_or_refused(tmp_path: Path) -> None:
    """Whatever can be opened has a waveform or an error with a way out."""
    path, drawn = tmp_path / "sound", 0
    for name, data in SOURCES.items():
        for seed in range(COUNT // 5):
            path.write_bytes(mutated(data, random.Random(f"{name} {seed}")))  # noqa: S311
            try:
                drawn += sound_preview(path).width == 768
            except FileUnusableError as error:
                assert error.hint, (name, seed)
    assert drawn > COUNT // 5


def test_mutated_frames_have_levels() -> None:
    """Damaged side information, codes and gains give levels from silence to full scale."""
    estimated = 0
    for name in ("MP3", "joint MP3"):
        data = SOURCES[name]
        for seed in range(COUNT):
            chance = random.Random(f"{name} {seed}")  # noqa: S311 -- reproducible, not secret
            changed = bytearray(data)
            for _ in range(40):  # values only: the frames stay where they are
                at = chance.randrange(len(changed))
                changed[at] = chance.randrange(256)
            track = scan(bytes(changed))
            if track is None:
                continue
            try:
                levels = estimate_mp3(bytes(changed), track)
            except FileUnusableError:
                continue
            estimated += 1
            assert -120 <= levels.rms_db <= 0, (name, seed)
            assert 0 <= levels.silence_at_start <= levels.seconds, (name, seed)
    assert estimated > COUNT
