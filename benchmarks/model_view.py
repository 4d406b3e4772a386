"""Renders a GLB model, triangle by triangle from back to front."""

import io
import json
import math
import struct

from PIL import Image, ImageDraw

TURN, TILT = -0.6, 0.3
"""Radians by which the model is turned sideways and tilted forward."""
BACKGROUND = (44, 46, 52)


def model_view(content: bytes, side: int) -> Image.Image:
    """Render the only mesh of a GLB file as a square picture."""
    size = struct.unpack_from("<I", content, 12)[0]
    document = json.loads(content[20 : 20 + size])
    numbers = content[28 + size :]

    def view(index: int) -> bytes:
        part = document["bufferViews"][index]
        return numbers[part["byteOffset"] : part["byteOffset"] + part["byteLength"]]

    positions = memoryview(view(0)).cast("f").tolist()
    places = memoryview(view(1)).cast("f").tolist()
    corners = memoryview(view(2)).cast("I").tolist()
    texture = Image.open(io.BytesIO(view(document["images"][0]["bufferView"]))).convert("RGB")
    texture = texture.resize((256, 256), Image.Resampling.BOX)
    pixels = texture.load()
    points = [_turned(*positions[i : i + 3]) for i in range(0, len(positions), 3)]
    large = side * 2
    picture = Image.new("RGB", (large, large), BACKGROUND)
    draw = ImageDraw.Draw(picture)
    faces = [corners[i : i + 3] for i in range(0, len(corners), 3)]
    faces.sort(key=lambda face: sum(points[corner][2] for corner in face))
    for face in faces:
        one, two, three = (points[corner] for corner in face)
        normal = _normal(one, two, three)
        if normal[2] <= 0:
            continue
        across = sum(places[2 * corner] for corner in face) / 3
        down = sum(places[2 * corner + 1] for corner in face) / 3
        tone = pixels[min(255, int(across * 256)), min(255, int(down * 256))]  # type: ignore[index]  # RGB
        light = 0.45 + 0.65 * max(0.0, normal[0] * -0.35 + normal[1] * 0.5 + normal[2] * 0.75)
        draw.polygon(
            [
                (large / 2 + x * large * 0.8, large / 2 - y * large * 0.8)
                for x, y, _ in (one, two, three)
            ],
            fill=tuple(min(255, round(part * light)) for part in tone),  # type: ignore[union-attr]  # RGB
        )
    return picture.resize((side, side), Image.Resampling.BOX)


def _turned(x: float, y: float, z: float) -> tuple[float, float, float]:
    x, z = x * math.cos(TURN) + z * math.sin(TURN), z * math.cos(TURN) - x * math.sin(TURN)
    y, z = y * math.cos(TILT) - z * math.sin(TILT), z * math.cos(TILT) + y * math.sin(TILT)
    return x, y, z


def _normal(
    one: tuple[float, float, float],
    two: tuple[float, float, float],
    three: tuple[float, float, float],
) -> tuple[float, float, float]:
    ax, ay, az = (b - a for a, b in zip(one, two, strict=True))
    bx, by, bz = (b - a for a, b in zip(one, three, strict=True))
    x, y, z = ay * bz - az * by, az * bx - ax * bz, ax * by - ay * bx
    length = math.sqrt(x * x + y * y + z * z) or 1.0
    return x / length, y / length, z / length
