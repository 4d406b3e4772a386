"""`python -m benchmarks.emulator_sheet`: every operation of the emulator on one sheet.

Each one is sent by the client to the emulator in this process, as a host's call would be: the
picture operations once on a picture that looks like a photograph and once on a scene that the
emulator made. Writes `docs/emulator-sheet.webp`, or what is given as the first argument.
"""

import asyncio
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

from benchmarks.sheet_calls import PHOTO_WORDS, SCENE_WORDS, Cell, made_anew, on_pictures
from benchmarks.sheet_sources import prepared
from benchmarks.sheet_views import CELL, wave_form
from PIL import Image, ImageDraw, ImageFont
from pydantic import SecretStr

from stability_emulator import EMULATOR_KEY
from stability_emulator.transport import in_process
from stability_mcp.api.operation import Operation
from stability_mcp.api.operations import OPERATIONS
from stability_mcp.client.client import Client
from stability_mcp.client.models import Deferred

SHEET = Path(__file__).parents[1] / "docs" / "emulator-sheet.webp"
COLUMNS, CAPTION = 8, 34
MAX_BYTES = 300_000
BACK, FRONT, FAINT = (24, 25, 28), (236, 236, 230), (150, 152, 150)
POLL_SECONDS = 0.05


async def made(client: Client, cell: Cell, folder: Path) -> Path:
    """Make the call and return the file that came back."""
    row = OPERATIONS[cell.operation]
    given = {"seed": 7} if "seed" in row.model_fields else {}
    operation: Operation = row.model_validate(given | dict(cell.values))
    result = await client.send(operation, folder=folder)
    while isinstance(result, Deferred):
        await asyncio.sleep(POLL_SECONDS)
        result = await client.poll(result, folder=folder) or result
    if not isinstance(result, list):
        raise TypeError(f"{cell.operation} makes no media")
    return result[0].path


async def sheet() -> Image.Image:
    """Make every call and return the sheet."""
    with TemporaryDirectory(prefix="emulator-sheet-") as name:
        folder = Path(name)
        async with Client(api_key=SecretStr(EMULATOR_KEY), transport=in_process()) as client:
            words = "a red fox in a green meadow"
            first = Cell(
                "generate_ultra", words, {"prompt": words, "aspect_ratio": "5:4", "seed": 3}
            )
            prepared(folder, await made(client, first, folder))
            done: list[tuple[Image.Image, str, str]] = []
            for source, told in (("photo", PHOTO_WORDS), ("scene", SCENE_WORDS)):
                before = Image.open(folder / f"{source}.png").convert("RGB")
                masked = before.copy()
                mask = Image.open(folder / f"{source}-mask.png")
                masked.paste((255, 255, 255), (0, 0), mask.point(lambda value: value * 2 // 3))
                caption = ("a photograph, drawn" if source == "photo" else words, "and the mask")
                done += [(before, "what is sent", caption[0]), (masked, "what is sent", caption[1])]
                for cell in on_pictures(folder, source, told):
                    done.append((await shown(client, cell, folder), cell.operation, cell.words))
            pulses = wave_form(folder / "pulses.wav")
            for cell in made_anew(folder):
                done.append((await shown(client, cell, folder), cell.operation, cell.words))
            done.append((pulses, "what is sent", "pulses, 120 a minute"))
    return joined(done)


async def shown(client: Client, cell: Cell, folder: Path) -> Image.Image:
    """Make the call and return what is to be seen of its result."""
    path = await made(client, cell, folder)
    return cell.shown(path) if cell.shown else Image.open(path).convert("RGB")


def joined(done: list[tuple[Image.Image, str, str]]) -> Image.Image:
    """Return the cells side by side with their captions."""
    rows = -(-len(done) // COLUMNS)
    wide, high = CELL[0] + 8, CELL[1] + CAPTION
    whole = Image.new("RGB", (COLUMNS * wide + 8, rows * high + 8), BACK)
    draw = ImageDraw.Draw(whole)
    bold, plain = ImageFont.load_default(12.5), ImageFont.load_default(11)
    for index, (picture, title, words) in enumerate(done):
        x, y = 8 + index % COLUMNS * wide, 8 + index // COLUMNS * high
        small = picture.copy()
        small.thumbnail(CELL, Image.Resampling.LANCZOS)
        whole.paste(small, (x + (CELL[0] - small.width) // 2, y + (CELL[1] - small.height) // 2))
        draw.text((x, y + CELL[1] + 1), title, fill=FRONT, font=bold)
        draw.text((x, y + CELL[1] + 15), words[:44], fill=FAINT, font=plain)
    return whole


def main() -> None:
    """Write the sheet, as good as fits into `MAX_BYTES`."""
    path = Path(sys.argv[1]) if len(sys.argv) > 1 else SHEET
    whole = asyncio.run(sheet())
    path.parent.mkdir(exist_ok=True)
    for quality in range(82, 20, -6):
        whole.save(path, quality=quality, method=6)
        if path.stat().st_size <= MAX_BYTES:
            break
    print(f"{path}: {whole.width}x{whole.height}, {path.stat().st_size:,} bytes")


if __name__ == "__main__":
    main()
