"""Helpers for tests with third-party clients: an account with credits, and pictures."""

import json
import os
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any
from urllib.request import Request, urlopen

import pytest
from PIL import Image, ImageDraw

from stability_mcp.store.locks import FileLock

SIDE = 1024
"""Pixels: a size that every operation accepts, including v1."""


def run_once(
    folders: pytest.TempPathFactory, name: str, run: Callable[[Path], str]
) -> Mapping[str, Mapping[str, Any]]:
    """Run a client once for all test workers, and return the JSON that it prints."""
    base = folders.getbasetemp()
    folder = (base.parent if "PYTEST_XDIST_WORKER" in os.environ else base) / name
    folder.mkdir(exist_ok=True)
    output = folder / "output.json"
    with FileLock(folder / "lock").held():
        if not output.exists():
            printed = run(folder)
            output.write_text(printed, encoding="utf-8")
    found: Mapping[str, Mapping[str, Any]] = json.loads(output.read_text(encoding="utf-8"))
    return found


def credit(url: str, key: str, credits_: int = 10_000) -> None:
    """Set the balance of an emulator account; the default is enough for every call."""
    request = Request(  # noqa: S310 -- loopback
        f"{url}/_emulator/credits",
        data=json.dumps({"key": key, "credits": credits_}).encode(),
        headers={"content-type": "application/json"},
    )
    with urlopen(request, timeout=30) as answer:  # noqa: S310 -- loopback
        answer.read()


def picture_and_mask(folder: Path) -> tuple[Path, Path]:
    """Draw a picture with a red disc, and a mask that marks it."""
    picture, mask = folder / "picture.png", folder / "mask.png"
    disc = (300, 300, 700, 700)
    drawn = Image.new("RGB", (SIDE, SIDE), (120, 160, 220))
    ImageDraw.Draw(drawn).ellipse(disc, fill=(200, 40, 30))
    drawn.save(picture)
    marked = Image.new("L", (SIDE, SIDE), 0)
    ImageDraw.Draw(marked).ellipse(disc, fill=255)
    marked.save(mask)
    return picture, mask
