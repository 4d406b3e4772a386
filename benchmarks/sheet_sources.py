"""Inputs for the emulator's sheet: pictures, masks, a sketch, an audio file."""

import wave
from array import array
from pathlib import Path

from benchmarks.photograph import photograph
from PIL import Image, ImageDraw

SIZE = (1024, 768)
V1_SIZE = (1152, 896)


def prepare(folder: Path, scene: Path) -> None:
    """Write all input files."""
    photo = photograph(*SIZE)
    picture = Image.open(scene).convert("RGB").resize(SIZE, Image.Resampling.LANCZOS)
    marks = {"photo": (395, 335, 740, 725), "scene": (140, 330, 580, 740)}
    for name, whole in (("photo", photo), ("scene", picture)):
        whole.save(folder / f"{name}.png")
        whole.resize((256, 192), Image.Resampling.BOX).save(folder / f"{name}-small.png")
        mask = Image.new("L", SIZE, 0)
        ImageDraw.Draw(mask).ellipse(marks[name], fill=255)
        mask.save(folder / f"{name}-mask.png")
        whole.resize(V1_SIZE, Image.Resampling.LANCZOS).save(folder / f"{name}-v1.png")
        mask.resize(V1_SIZE).save(folder / f"{name}-v1-mask.png")
    photo.crop((390, 330, 740, 710)).save(folder / "fruit.png")
    picture.crop((60, 260, 660, 768)).save(folder / "animal.png")
    sketch(folder / "sketch.png")
    with wave.open(str(folder / "pulses.wav"), "wb") as file:
        file.setparams((1, 2, 8_000, 0, "NONE", "not compressed"))
        for beat in range(24):
            loud = 9_000 if beat % 4 == 0 else 5_000
            tone = array(
                "h",
                (
                    round(loud * max(0, 1 - i / 2_400)) * (1 if i // 10 % 2 else -1)
                    for i in range(4_000)
                ),
            )
            file.writeframes(tone.tobytes())


def sketch(path: Path) -> None:
    """Draw a house, the ground and the sun with a thick pen."""
    paper = Image.new("RGB", SIZE, "white")
    draw = ImageDraw.Draw(paper)
    pen = {"fill": "black", "width": 9}
    draw.line([(290, 400), (512, 190), (734, 400), (290, 400)], **pen, joint="curve")  # type: ignore[arg-type]  # mixed value types
    for box in (
        (340, 400, 684, 660),
        (470, 490, 560, 660),
        (380, 445, 440, 505),
        (590, 445, 650, 505),
    ):
        draw.rectangle(box, outline="black", width=9)
    draw.ellipse((770, 80, 890, 200), outline="black", width=9)
    draw.line((0, 660, SIZE[0], 660), **pen)  # type: ignore[arg-type]  # mixed value types
    paper.save(path)
