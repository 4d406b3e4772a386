"""Renders pages in headless Chromium, if it is installed."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest
from PIL import Image

NAMES = ("chromium", "chromium-browser", "google-chrome", "chrome")
SECONDS = 60
"""Ends a browser that hangs; a page takes about one second."""


def chromium() -> str:
    """Return the path of Chromium; without it, skip the test, or fail it if REQUIRE_BROWSER=1."""
    found = next(filter(None, map(shutil.which, NAMES)), None)
    if found is None:
        reason = "Chromium isn't installed"
        if os.environ.get("REQUIRE_BROWSER") == "1":
            pytest.fail(reason, pytrace=False)
        pytest.skip(reason)
    return found


def screenshot(page: Path, folder: Path) -> Image.Image:
    """Return what the browser shows of a page.

    Args:
        page: The file.
        folder: Folder for the picture and the browser's own files.
    """
    picture = folder / "screenshot.png"
    options = ("--headless", "--no-sandbox", "--disable-gpu", f"--user-data-dir={folder}/profile")
    subprocess.run(
        [chromium(), *options, f"--screenshot={picture}", page.as_uri()],
        capture_output=True,
        check=True,
        timeout=SECONDS,
    )
    with Image.open(picture) as opened:
        return opened.convert("RGB")
